"""What one unit of a campaign's metric is worth in gross profit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from opsnb.analysis.methods.product import times
from opsnb.analysis.reviews.campaign.lifetime_model import Lifetime

if TYPE_CHECKING:
    from opsnb.analysis.methods.estimate import Estimate
    from opsnb.analysis.metrics import Metric
    from opsnb.base.messages import Text
    from opsnb.base.plans import CampaignPlan


@dataclass(frozen=True)
class Worth:
    """Gross profit of one unit of the campaign's metric, and what it rests on.

    `margin` is realised; `plan` and `model` are lifetime values of a new user within
    `horizon_days`, which nobody has earned yet. `draws` are other values that the model would
    allow; without them the worth is taken as it is.
    """

    of_one: float
    basis: Literal["margin", "plan", "model"]
    horizon_days: int = 0
    share: float | None = None
    draws: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def assumed(self) -> bool:
        return self.basis != "margin"

    def of(self, effect: Estimate) -> Estimate:
        """What an effect is worth; the interval holds both uncertainties where both are known."""
        return times(effect, self.of_one, self.draws)


def worth_of_money(metric: Metric, margin: float | None) -> Worth | None:
    """The gross margin of a metric in money; None where no margin is known, or it is no money."""
    if metric.id == "gross_profit":
        return Worth(1.0, "margin")
    if metric.unit != "money" or margin is None:
        return None
    return Worth(margin, "margin")


def worth_of_user(
    plan: CampaignPlan,
    lifetime: Lifetime | Text,
    margin: float | None,
    buyers: tuple[int, int] | None,
) -> Worth | None:
    """A new user's lifetime value: by the model where it held up, else the plan's own.

    Parameters
    ----------
    lifetime : Lifetime or Text
        The model of purchases, or why there is none.
    buyers : tuple of (int, int), optional
        Of the users registered long enough ago, those with a paid order, and all.
    """
    if isinstance(lifetime, Lifetime) and lifetime.good and margin and buyers:
        return _modelled(plan, lifetime, margin, *buyers)
    return Worth(plan.ltv.value, "plan", plan.ltv.horizon_days) if plan.ltv else None


def _modelled(
    plan: CampaignPlan, lifetime: Lifetime, margin: float, buyers: int, users: int
) -> Worth:
    """Repeats of a new user after the campaign's window."""
    horizon = plan.ltv.horizon_days if plan.ltv else 365
    window = (plan.end - plan.start).days + 1 if plan.start and plan.end else 0
    value = buyers / users * margin * lifetime.repeats_worth(window, horizon)
    draws = lifetime.worth_draws(window, horizon)
    if draws is not None:
        rng = np.random.default_rng(1)
        draws = draws * margin * rng.beta(buyers + 0.5, users - buyers + 0.5, len(draws))
    return Worth(value, "model", horizon, buyers / users, draws)
