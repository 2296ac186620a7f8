"""Looks at a result: at the planned end, at a planned look, or on any day; and their levels.

Every way of reading comes down to a level at which the ordinary interval decides, so that the
p-value, the difference and the lift keep coming from one test.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.dunnett import ArmLevel, arm_levels
from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.methods.sequential import confidence_sequence, nominal_levels
from opsnb.base.plans import ExperimentPlan

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.effects import Effect

Method = Literal["fixed", "lan_demets", "confidence_sequence"]

_LEAST = 1e-10
"""A level below which nothing can be told apart in floating point."""


@dataclass(frozen=True)
class Look:
    """A look at the result: which one it is, and how the result may be read at it.

    Attributes
    ----------
    method : str
        `fixed` at the planned end of a plan with one look; `lan_demets` at a planned look;
        `confidence_sequence` where nobody planned the look: valid on any day.
    share : float
        Share of the planned run that is over (the information fraction).
    number, planned : int
        Which look this is, of how many planned.
    n, planned_n : int
        Units so far, and at the planned end.
    """

    method: Method
    share: float
    number: int
    planned: int
    n: int
    planned_n: int

    @property
    def is_sequential(self) -> bool:
        return self.method != "fixed"

    def level(self, alpha: float) -> float:
        """The level of the ordinary two-sided interval that decides."""
        if self.method == "fixed":
            return alpha
        if self.method == "confidence_sequence":
            return any_day(self.n, self.planned_n, alpha)
        return max(nominal_levels(self.shares, alpha=alpha)[-1], _LEAST)

    @cached_property
    def shares(self) -> list[float]:
        """Share of the run at each look up to this one; one in between takes the next's place."""
        return [*(look / self.planned for look in range(1, self.number)), self.share]


def look_on(plan: ExperimentPlan, as_of: dt.date, n: int, taken: int = 0) -> Look:
    """The look at a plan's result that is taken on a day.

    Parameters
    ----------
    n : int
        Units so far.
    taken : int
        How often the result has been read, this time included; 0: as planned.
    """
    share = _share(plan, as_of)
    planned_n = max(plan.users or round(n / share), 2)
    passed = math.floor(share * plan.looks + 1e-9)
    look = min(passed if math.isclose(passed, share * plan.looks) else passed + 1, plan.looks)
    method: Method = "fixed"
    if taken > plan.looks or (share < 1 and plan.looks == 1):
        method = "confidence_sequence"
    elif plan.looks > 1:
        method = "lan_demets"
    return Look(method, share, max(look, 1), plan.looks, n, planned_n)


def any_day(n: int, planned_n: int, alpha: float) -> float:
    """The level at which the ordinary interval is as wide as the confidence sequence."""
    return _level(confidence_sequence(0.0, 1.0, n, planned_n=planned_n, alpha=alpha).high)


def levels_across_arms(
    effects: Mapping[str, Effect], level: Callable[[float], float], alpha: float, procedure: str
) -> dict[str, ArmLevel]:
    """At which level each arm is tested, and its adjusted p-value.

    Parameters
    ----------
    effects : mapping of arm to Effect
        As the plan has them, at its own alpha.
    level : callable
        From a nominal alpha to the deciding level (`Look.level`).
    procedure : str
        `holm` or `dunnett`.
    """
    p_values = [effect.usual.diff.p_value or 0.0 for effect in effects.values()]
    if procedure == "dunnett" and len(effects) > 1:
        pairs = {arm: (effect.control, effect.treatment) for arm, effect in effects.items()}
        comparisons = {arm: effect.usual for arm, effect in effects.items()}
        return arm_levels(pairs, comparisons, alpha=level(alpha))
    levels, adjusted = holm_levels(p_values, level, alpha), holm(p_values)
    return {
        arm: ArmLevel(own, p_value if p_value is not None else 1.0)
        for arm, own, p_value in zip(effects, levels, adjusted, strict=True)
    }


def holm_levels(
    p_values: Sequence[float], level: Callable[[float], float], alpha: float
) -> list[float]:
    """The level at which each of several arms is tested under Holm's procedure.

    An arm's interval at its level excludes zero exactly when Holm's procedure rejects it.

    Parameters
    ----------
    level : callable
        From a nominal alpha to the deciding level (`Look.level`).
    """
    arms = len(p_values)
    levels = [0.0] * arms
    now, stopped = level(alpha / arms), False
    for rank, index in enumerate(sorted(range(arms), key=lambda i: p_values[i])):
        if not stopped:
            now = level(alpha / (arms - rank))
            stopped = p_values[index] >= now
        levels[index] = now
    return levels


def _share(plan: ExperimentPlan, as_of: dt.date) -> float:
    """Share of the planned days that were over before the data was taken."""
    if plan.start is None or plan.end is None:
        return 1.0
    days = (plan.end - plan.start).days + 1
    return min(max((as_of - plan.start).days, 1) / days, 1.0)


def _level(z: float) -> float:
    return max(2 * float(norm.sf(z)), _LEAST)
