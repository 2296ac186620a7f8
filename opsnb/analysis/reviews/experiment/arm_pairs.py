"""Treatments compared with each other: is the best of several arms better than the others?

An arm that beats the control is not thereby better than another that does. All pairs of
treatments are compared, as the plan compares each with the control, under Holm's procedure
over the pairs: whichever arms win, any false difference among them stays below alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.reviews.experiment.effects import Effect, diff_unit
from opsnb.analysis.reviews.experiment.looks import holm_levels
from opsnb.base.errors import MethodError

Compare = Callable[[str, str, float | None], Effect]
"""Compares (base, arm) at a level; None: at the plan's alpha."""


@dataclass(frozen=True)
class ArmPair:
    """An arm against another one, `base`, which has the lower estimate.

    Attributes
    ----------
    effect : Effect
        Of the arm against `base`, at the level that Holm's procedure over all pairs gives it.
    diff, lift : Fact
        `ab.between` and `ab.between_lift`, with the p-value adjusted over the pairs.
    """

    base: str
    effect: Effect
    diff: Fact
    lift: Fact

    @property
    def arms(self) -> frozenset[str]:
        return frozenset((self.base, self.effect.variant))


def arm_pairs(
    effects: Sequence[Effect],
    compare: Compare,
    level: Callable[[float], float],
    alpha: float,
) -> tuple[ArmPair, ...]:
    """All pairs of treatments; those without any spread in both arms are left out.

    Parameters
    ----------
    effects : sequence of Effect
        Each treatment against the control.
    compare : callable
        As `Compare`.
    level : callable
        From a nominal alpha to the level that decides at this look (`Look.level`).
    """
    ranked = sorted(effects, key=lambda effect: effect.benefit)
    usual: dict[tuple[str, str], Effect] = {}
    for base, arm in combinations([effect.variant for effect in ranked], 2):
        try:
            usual[base, arm] = compare(base, arm, None)
        except MethodError:  # nothing varies in either arm
            continue
    return tuple(_pairs(usual, compare, level, alpha)) if usual else ()


def _pairs(
    usual: Mapping[tuple[str, str], Effect],
    compare: Compare,
    level: Callable[[float], float],
    alpha: float,
) -> list[ArmPair]:
    p_values = [effect.usual.diff.p_value or 0.0 for effect in usual.values()]
    levels, adjusted = holm_levels(p_values, level, alpha), holm(p_values)
    made = []
    for (base, arm), own, p_value in zip(usual, levels, adjusted, strict=True):
        effect = compare(base, arm, own).with_adjusted_p(p_value)
        made.append(ArmPair(base, effect, *_facts(base, effect)))
    return made


def _facts(base: str, effect: Effect) -> tuple[Fact, Fact]:
    diff, lift = effect.diff, effect.lift
    diff_fact = Fact(
        "ab.between", diff.value, diff_unit(effect.metric), low=diff.low, high=diff.high,
        p_value=effect.p_adjusted, n=diff.n, method="holm", metric=effect.metric.id,
        variant=effect.variant, segment=f"against={base}",
    )  # fmt: skip
    lift_fact = Fact(
        "ab.between_lift", lift.value if lift else None, "relative",
        low=lift.low if lift else None, high=lift.high if lift else None,
        p_value=effect.p_adjusted, n=diff.n, method="holm", metric=effect.metric.id,
        variant=effect.variant, segment=f"against={base}",
    )  # fmt: skip
    return diff_fact, lift_fact
