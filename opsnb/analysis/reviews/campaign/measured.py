"""What was measured of a campaign: all that its verdict and its cards rest on."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsnb.analysis.findings import Check, Fact, Grade
from opsnb.analysis.findings.records import Unit
from opsnb.analysis.reviews.campaign.costs import Conversions, CostBook
from opsnb.analysis.reviews.campaign.effect_facts import EffectFacts
from opsnb.analysis.reviews.campaign.increment import Judged
from opsnb.analysis.reviews.campaign.report_status import is_invalid
from opsnb.analysis.reviews.campaign.return_figures import CreditedReturn, IncrementalReturn
from opsnb.base.messages import Said


@dataclass(frozen=True)
class Measured:
    """A campaign's evidence as values, whatever sections a report has.

    Attributes
    ----------
    name, metric : Said
        The campaign's name, and that of the metric it is judged on.
    unit : str
        Of that metric: money or count.
    grade : {"A", "B", "C", "D", "E"}
        Of the evidence for the effect; E without a counterfactual.
    costs : CostBook
    checks : tuple of Check
        Of the effect, the costs and the comparison.
    effect : EffectFacts or None
        None without a counterfactual.
    is_priced : bool
        Whether it is known what a unit of the metric is worth.
    credited, incremental : or None
        Returns; None where there is no cost, nothing credited, or no effect with a price.
    conversions : Conversions or None
        What the channels counted.
    success : float or None
        The increment that the plan wants reached.
    judged : Judged
        How much of the campaign the effect is of.
    """

    name: Said
    metric: Said
    unit: Unit
    grade: Grade
    costs: CostBook
    checks: tuple[Check, ...] = ()
    effect: EffectFacts | None = None
    is_priced: bool = False
    credited: CreditedReturn | None = None
    incremental: IncrementalReturn | None = None
    conversions: Conversions | None = None
    success: float | None = None
    judged: Judged = field(default=Judged())

    @property
    def is_invalid(self) -> bool:
        """Whether a check makes the effect unreadable."""
        return is_invalid(self.checks)

    @property
    def deciding(self) -> tuple[Fact, ...]:
        """Effect, incremental ROI and cost, as far as they are known."""
        effect = self.effect.headline if self.effect is not None else None
        roi = self.incremental.roi if self.incremental is not None else None
        return tuple(fact for fact in (effect, roi, self.costs.fact) if fact is not None)
