"""Whether a guardrail keeps its margin, and how likely this test was to show that it does."""

from __future__ import annotations

from dataclasses import dataclass

from opsnb.analysis.findings import Fact, Tone
from opsnb.analysis.methods.guardrail import Guardrail, non_inferiority, share_non_inferiority
from opsnb.analysis.methods.paired import paired_non_inferiority, paired_power_for_margin
from opsnb.analysis.methods.power import power_for_margin
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.effects import Effect

_TONE: dict[str, Tone] = {"pass": "good", "fail": "bad", "not_proven": "warn"}


@dataclass(frozen=True)
class GuardrailResult:
    """A guardrail in one treatment against its margin.

    Attributes
    ----------
    fact : Fact
        `ab.guardrail`: pass, fail or not_proven, with the lift's interval.
    power : Fact
        `ab.guardrail_power`: the chance to show that it holds when nothing changed.
    """

    measured: MeasuredEffect
    test: Guardrail
    fact: Fact
    power: Fact

    @property
    def effect(self) -> Effect:
        return self.measured.effect

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All of its facts, in the report's order."""
        return (*self.measured.facts, self.fact, self.power)

    def is_weak(self, power: float) -> bool:
        """Whether it is open, and a test of this size was unlikely to show that it holds.

        `power` is the chance that the plan asks for.
        """
        chance = self.power.value
        return self.test.status == "not_proven" and chance is not None and chance < power

    @property
    def tone(self) -> Tone:
        return _TONE[self.test.status]


def guardrail_result(measured: MeasuredEffect, margin: float, alpha: float) -> GuardrailResult:
    """Test an effect for non-inferiority; `alpha` is the plan's, of two-sided tests.

    Raises
    ------
    MethodError
        Both arms have variance 0.
    """
    effect, lift = measured.effect, measured.effect.lift
    # One-sided at half the level that decides: a guardrail passes where the interval shown stays
    # clear of the margin, and an early look is no easier to pass.
    test = _test(effect, margin)
    fact = Fact(
        "ab.guardrail", test.status, "text", low=lift.low if lift else None,
        high=lift.high if lift else None, p_value=test.p_value, n=effect.diff.n,
        method="non_inferiority", metric=effect.metric.id, variant=effect.variant,
    )  # fmt: skip
    power = Fact(
        "ab.guardrail_power", _power(effect, margin, alpha / 2), "share",
        method="non_inferiority", metric=effect.metric.id, variant=effect.variant,
    )  # fmt: skip
    return GuardrailResult(measured, test, fact, power)


def _test(effect: Effect, margin: float) -> Guardrail:
    level, direction = effect.deciding.diff.alpha / 2, effect.metric.direction
    if effect.pairs is not None:
        return paired_non_inferiority(effect.pairs, margin=margin, direction=direction, alpha=level)
    return _without_variance(effect, margin, level) or non_inferiority(
        effect.control, effect.treatment, margin=margin, direction=direction, alpha=level,
        cov=effect.cov,
    )  # fmt: skip


def _without_variance(effect: Effect, margin: float, alpha: float) -> Guardrail | None:
    """The score test, of a share that is 0 or 1 in an arm: Welch's test ends there."""
    if effect.deciding.diff.method != "score":
        return None
    if effect.control.var > 0 and effect.treatment.var > 0:
        return None
    control, treatment = (
        (round(arm.value * arm.n), arm.n) for arm in (effect.plain.control, effect.plain.treatment)
    )
    return share_non_inferiority(
        *control, *treatment, margin=margin, direction=effect.metric.direction, alpha=alpha
    )


def _power(effect: Effect, margin: float, alpha: float) -> float | None:
    """Chance that a test of this size shows a guardrail to hold when nothing changed.

    One-sided at alpha; depends on sizes and variances only, not on the effect seen.
    """
    if effect.pairs is not None:
        return paired_power_for_margin(
            effect.pairs, margin, direction=effect.metric.direction, alpha=alpha
        )
    control, treatment = effect.control, effect.treatment
    var = (control.var + treatment.var) / 2
    if not (control.mean and var > 0 and margin < 1):
        return None
    return power_for_margin(
        control.mean, var, margin, control.n, treatment.n,
        direction=effect.metric.direction, alpha=alpha,
    )  # fmt: skip
