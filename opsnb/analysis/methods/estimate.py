"""The records that methods return, and the checks of what they are given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from opsnb.base.errors import MethodError


@dataclass(frozen=True)
class Estimate:
    """A number with its uncertainty.

    Attributes
    ----------
    value : float
        Point estimate, in the unit of the metric (shares and lifts as fractions).
    low, high : float
        Bounds of the interval at level 1 - alpha; an infinite bound is an open side.
    se : float
        Standard error; NaN where the method has none.
    p_value : float or None
        Two-sided p-value of "no effect", where the method tests one. Where it does,
        `p_value < alpha` exactly when the interval excludes zero.
    n : int
        Observations it rests on.
    method : str
        Short stable name such as `welch`, `fieller`, `wilson`.
    alpha : float
    """

    value: float
    low: float
    high: float
    se: float
    p_value: float | None
    n: int
    method: str
    alpha: float

    @property
    def significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Comparison:
    """Treatment against control.

    Attributes
    ----------
    control, treatment : Estimate
        The value of each arm, with its own interval.
    diff : Estimate
        Treatment minus control.
    lift : Estimate or None
        (treatment - control) / |control|: positive always means a higher value.
    lift_absent : str or None
        Why there is no lift: `control_near_zero`.
    df : float
        Degrees of freedom of the test; infinite for a normal one.
    """

    control: Estimate
    treatment: Estimate
    diff: Estimate
    lift: Estimate | None
    lift_absent: str | None
    df: float


def refuse(name: str, value: object, requirement: str, *, hint: str = "") -> NoReturn:
    """Raise the `MethodError` of a parameter that cannot be used."""
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    raise MethodError(f"{name} is {shown}; it must be {requirement}", hint=hint)


def need_fraction(name: str, value: float) -> None:
    """Refuse anything outside the open interval (0, 1)."""
    if not 0 < value < 1:
        refuse(name, value, "between 0 and 1, both excluded")


def need_count(name: str, value: float, *, least: int = 0) -> None:
    """Refuse a count that is not a whole number of at least `least`."""
    if not math.isfinite(value) or value != int(value) or value < least:
        refuse(name, value, f"a whole number of at least {least}")


def need_successes(name: str, successes: float, n: float, *, least: int = 1) -> None:
    """Refuse a pair of counts that is no share."""
    need_count(f"{name}.n", n, least=least)
    need_count(f"{name}.successes", successes)
    if successes > n:
        refuse(f"{name}.successes", successes, f"at most {name}.n, which is {n}")


def need_finite(name: str, value: float) -> None:
    """Refuse NaN and infinity."""
    if not math.isfinite(value):
        refuse(name, value, "a finite number", hint="filter or fill missing values first")
