"""What an experiment's verdict rests on, as values: tests of the data, effects, guardrails, impact.

Nothing here measures or records; `Evidence.results` fills it in, `rule` and `experiment_cards`
read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from opsnb.analysis.findings import Check, Fact, Grade
from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests
from opsnb.base.messages import Text
from opsnb.base.plans import ExperimentPlan


@dataclass(frozen=True)
class Results:
    """What the verdict and the cards of an experiment rest on.

    Attributes
    ----------
    trust : TrustTests
        Everything that must hold before a result may be read.
    effects : tuple of MeasuredEffect
        On the primary metric, one a treatment; none where a trust test blocks.
    guardrails : tuple of GuardrailResult
        Of the guardrails that can be compared, one a treatment; none where a trust test blocks.
    impacts : tuple of Fact
        A year's effect, one a treatment, where the plan says how many users a year brings.
    who : Text
        What was randomised and counted, for people.
    is_early : bool
        Whether the planned end is not yet over.
    unread : Text or None
        Why the primary metric cannot be compared; then there are no effects.
    pairs : tuple of ArmPair
        Of several treatments each two, compared with each other on the primary metric.
    at_planned_look : bool
        Whether the plan has this reading before its end, with an error rate of its own.
    """

    plan: ExperimentPlan
    trust: TrustTests
    effects: tuple[MeasuredEffect, ...]
    guardrails: tuple[GuardrailResult, ...]
    impacts: tuple[Fact, ...]
    who: Text
    is_early: bool
    unread: Text | None = None
    pairs: tuple[ArmPair, ...] = ()
    at_planned_look: bool = False

    def and_checks(self, checks: Iterable[Check]) -> Results:
        """The same where further checks must hold too: one that blocks leaves no result."""
        trust = self.trust + TrustTests(checks=tuple(checks))
        if not trust.blocking:
            return replace(self, trust=trust)
        return replace(self, trust=trust, effects=(), guardrails=(), impacts=(), pairs=())

    def is_implausible(self, variant: str) -> bool:
        """Whether an arm's effect is too large to be believed without a look at the recording."""
        return self.trust.check(f"plausible.{variant}") is not None

    def parts_of_ratio(self, variant: str | None) -> tuple[Fact, Fact] | None:
        """How the numerator and the denominator of an arm's ratio moved, where the latter did."""
        check = self.trust.check(f"denominator.{variant}")
        if check is None or check.status == "pass":
            return None
        numerator, denominator = check.evidence
        return numerator, denominator

    def hangs_on_denominator(self, effect: Effect) -> bool:
        """Whether a ratio moved with its denominator, and its numerator did not as clearly."""
        parts = self.parts_of_ratio(effect.variant)
        if parts is None or not (effect.improved or effect.worsened):
            return False
        bounds = (parts[0].low, parts[0].high)
        sign = math.copysign(1, effect.diff.value)
        return not all(bound is not None and sign * bound > 0 for bound in bounds)

    @property
    def has_several_arms(self) -> bool:
        """Whether more than one treatment is compared with the control."""
        return len(self.effects) > 1

    @property
    def grade(self) -> Grade:
        """Evidence grade: A randomised and read as registered; B not as registered; E invalid."""
        return self.trust.grade(registered=self.plan.registered and not self.is_interim)

    @property
    def is_interim(self) -> bool:
        """Whether it is read before its end though the plan has no such reading."""
        return self.is_early and not self.at_planned_look
