"""Intervals that invert the score test of two shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize

from opsnb.analysis.methods.distributions import norm


@dataclass(frozen=True)
class Score:
    """The score statistic of "no effect", and the interval of effects it does not reject."""

    z: float
    low: float
    high: float


def score_difference(x0: int, n0: int, x1: int, n1: int, *, alpha: float) -> Score:
    """Share 1 minus share 0: the pooled z-test and its inversion (Mee 1984)."""
    q = float(norm.ppf(1 - alpha / 2))
    gap = x1 / n1 - x0 / n0

    def z(delta: float) -> float:
        share0, share1 = _shares_at_difference(x0, n0, x1, n1, delta)
        return _standardise(gap - delta, share0 * (1 - share0) / n0 + share1 * (1 - share1) / n1)

    pooled = (x0 + x1) / (n0 + n1)
    at_zero = _standardise(gap, pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    return Score(at_zero, _root(z, q, -1, gap), _root(z, -q, gap, 1))


def score_ratio(x0: int, n0: int, x1: int, n1: int, *, alpha: float) -> Score:
    """Share 1 over share 0, for x0 > 0: the same test and its inversion (Koopman 1984)."""
    q = float(norm.ppf(1 - alpha / 2))

    def z(log_ratio: float) -> float:
        return score_at_ratio(x0, n0, x1, n1, math.exp(log_ratio))

    centre = math.log(x1 / n1 / (x0 / n0)) if x1 else -_FAR
    low = math.exp(_root(z, q, -_FAR, centre)) if x1 else 0.0
    return Score(z(0.0), low, math.exp(_root(z, -q, centre, _FAR)))


def score_at_ratio(x0: int, n0: int, x1: int, n1: int, ratio: float) -> float:
    """The score statistic of "share 1 is `ratio` times share 0", for a ratio above 0."""
    share0, share1 = _shares_at_ratio(x0, n0, x1, n1, ratio)
    return _standardise(
        x1 / n1 - ratio * x0 / n0,
        share1 * (1 - share1) / n1 + ratio * ratio * share0 * (1 - share0) / n0,
    )


_FAR = 40.0
"""Logarithm beyond which no ratio of shares of counts below 10^15 lies."""


def _root(z: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where z, which falls from `low` to `high`, crosses `level`; an end if it never does."""
    pad = 1e-12 * (high - low)
    start, stop = low + pad, high - pad
    if not start < stop or z(start) <= level:
        return low if level > 0 else high
    if z(stop) >= level:
        return high
    return float(optimize.brentq(lambda at: z(at) - level, start, stop, xtol=1e-13))


def _standardise(gap: float, variance: float) -> float:
    if variance > 0:
        return gap / math.sqrt(variance)
    return 0.0 if gap == 0 else math.copysign(math.inf, gap)


def _shares_at_difference(x0: int, n0: int, x1: int, n1: int, delta: float) -> tuple[float, float]:
    """Most likely shares whose difference is delta (Farrington and Manning 1990)."""
    theta, p0, p1 = n0 / n1, x0 / n0, x1 / n1
    a = 1 + theta
    b = -(1 + theta + p1 + theta * p0 + delta * (theta + 2))
    c = delta * delta + delta * (2 * p1 + theta + 1) + p1 + theta * p0
    d = -p1 * delta * (1 + delta)
    v = b**3 / (27 * a**3) - b * c / (6 * a * a) + d / (2 * a)
    u = math.copysign(math.sqrt(max(b * b / (9 * a * a) - c / (3 * a), 0.0)), v)
    cosine = min(max(v / u**3, -1.0), 1.0) if u else 0.0
    share1 = 2 * u * math.cos((math.pi + math.acos(cosine)) / 3) - b / (3 * a)
    share1 = min(max(share1, delta, 0.0), 1 + delta, 1.0)
    return share1 - delta, share1


def _shares_at_ratio(x0: int, n0: int, x1: int, n1: int, ratio: float) -> tuple[float, float]:
    """Most likely shares whose ratio is `ratio`: a root of a quadratic."""
    a = (n0 + n1) * ratio
    b = n1 * ratio + x1 + n0 + x0 * ratio
    c = x0 + x1
    share0 = min(2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0))), 1.0, 1 / ratio)
    return share0, ratio * share0
