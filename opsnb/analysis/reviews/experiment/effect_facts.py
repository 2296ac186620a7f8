"""The facts of an experiment's effects: values by arm, differences, lifts, a year's effect."""

from __future__ import annotations

from dataclasses import dataclass

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.estimate import Comparison
from opsnb.analysis.reviews.experiment.effects import Effect, diff_unit


@dataclass(frozen=True)
class MeasuredEffect:
    """An effect and the facts in which it is told.

    Attributes
    ----------
    arms : dict of str to Fact
        The metric's value in the control and in the treatment.
    diff, lift : Fact
        Those that decide; `lift.value` is None where the control is near zero.
    mde : Fact
        The smallest relative effect that arms of this size find.
    facts : tuple of Fact
        All of them, in the report's order.
    """

    effect: Effect
    arms: dict[str, Fact]
    diff: Fact
    lift: Fact
    mde: Fact
    facts: tuple[Fact, ...]

    @property
    def named(self) -> dict[str, Fact]:
        """The facts that sentences name: by arm, and "diff", "lift" and "mde"."""
        return {**self.arms, "diff": self.diff, "lift": self.lift, "mde": self.mde}


def measured_effect(
    effect: Effect, control: str, *, across_arms: str, stratified: bool
) -> MeasuredEffect:
    """The facts of an effect against the arm `control`.

    Parameters
    ----------
    across_arms : str
        The procedure that adjusted its p-value, where there are several arms.
    stratified : bool
        Whether the arms were compared within days.
    """
    metric, variant, plain = effect.metric.id, effect.variant, effect.plain
    arms = {
        arm: Fact(
            "ab.value", value.value, effect.metric.unit, metric=metric, variant=arm,
            low=value.low, high=value.high, n=value.n,
        )
        for arm, value in ((control, plain.control), (variant, plain.treatment))
    }  # fmt: skip
    method = "stratified" if stratified else None
    comparisons = [_comparison(effect, plain, "", method)]
    if effect.adjusted is not None:
        comparisons.append(_comparison(effect, effect.adjusted, ".cuped", method))
    if effect.deciding is not effect.usual:
        comparisons.append(_comparison(effect, effect.deciding, ".deciding", method))
    facts = [*arms.values(), *(fact for pair in comparisons for fact in pair)]
    if effect.p_adjusted is not None:
        facts.append(
            Fact(
                "ab.p_adjusted", effect.p_adjusted, "p_value", p_value=effect.p_adjusted,
                method=across_arms, metric=metric, variant=variant,
            )
        )  # fmt: skip
    mde = Fact(
        "ab.mde", effect.detectable.relative, "relative", n=effect.diff.n, metric=metric,
        variant=variant,
    )  # fmt: skip
    diff, lift = comparisons[-1]
    return MeasuredEffect(effect, arms, diff, lift, mde, (*facts, mde))


def _comparison(
    effect: Effect, comparison: Comparison, suffix: str, method: str | None
) -> tuple[Fact, Fact]:
    """Difference and lift of one way of comparing the arms."""
    diff, lift, metric = comparison.diff, comparison.lift, effect.metric
    return (
        Fact(
            f"ab.diff{suffix}", diff.value, diff_unit(metric), low=diff.low, high=diff.high,
            p_value=diff.p_value, n=diff.n, method=method or diff.method, metric=metric.id,
            variant=effect.variant,
        ),
        Fact(
            f"ab.lift{suffix}", lift.value if lift else None, "relative",
            low=lift.low if lift else None, high=lift.high if lift else None,
            p_value=diff.p_value, n=diff.n, method=lift.method if lift else None,
            metric=metric.id, variant=effect.variant,
        ),
    )  # fmt: skip


def yearly_impact(effect: Effect, annual_users: int) -> Fact:
    """What a year of so many users would bring, as a range, in money or in units."""
    diff = effect.diff
    return Fact(
        "ab.impact", diff.value * annual_users,
        "money" if effect.metric.unit == "money" else "count",
        low=diff.low * annual_users, high=diff.high * annual_users, metric=effect.metric.id,
        variant=effect.variant, method="annualised",
    )  # fmt: skip


def impact_kind(effect: Effect) -> str:
    """What a year's sum of a metric's effect counts: money, users of a share, or units."""
    return {"money": "money", "share": "share"}.get(effect.metric.unit, "count")
