"""Units seen in both arms (stories with two headlines, stores with both tills): within each.

Differences are taken within units, weighted as Mantel and Haenszel weigh strata, and judged over
units, so that neither what units differ in nor how alike their rows are enters the interval.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from opsnb.analysis.methods.compare import NO_LIFT, Detectable
from opsnb.analysis.methods.distributions import norm, student
from opsnb.analysis.methods.estimate import Comparison, Estimate, need_fraction, refuse
from opsnb.analysis.methods.guardrail import Guardrail, GuardrailStatus
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments

MIN_PAIRS = 6
"""Pairs below which nothing is compared: five that all agree have a sign test's p of .0625."""

_TREATED = np.array([0.0, 1.0, 0.0])
_BASE = np.array([1.0, 0.0, 0.0])
_WEIGHT = np.array([0.0, 0.0, 1.0])
_GAP = _TREATED - _BASE


def pair_joint(
    control: tuple[np.ndarray, np.ndarray], treatment: tuple[np.ndarray, np.ndarray]
) -> Joint:
    """(control, treatment, weight) by unit, from (sum, size) by unit of both arms.

    With sizes a and b the weight is ab / (a + b), and an arm's entry is its mean in the unit
    times the weight: the terms of Mantel and Haenszel's estimators (Greenland and Robins 1985).
    Units without a size in either arm leave all.

    Parameters
    ----------
    control, treatment : tuple of two arrays of shape (units,)

    Raises
    ------
    MethodError
        When fewer than two units have both.
    """
    (x0, y0), (x1, y1) = (tuple(np.asarray(a, dtype=float) for a in arm)
                          for arm in (control, treatment))  # fmt: skip
    both = (y0 > 0) & (y1 > 0)
    x0, y0, x1, y1 = x0[both], y0[both], x1[both], y1[both]
    total = y0 + y1
    return Joint.from_values(x0 * y1 / total, x1 * y0 / total, y0 * y1 / total)


def paired_difference(pairs: Joint, *, alpha: float = 0.05) -> Comparison:
    """Treatment against control within units.

    The difference is sum(T - C) / sum(W) over units, the lift sum(T - C) / sum(C): the mean of
    paired differences where all sizes are alike, else Mantel and Haenszel's pooled difference
    and ratio. Their intervals invert one t-test over units (Fieller 1954), so that they exclude
    zero exactly when p < alpha; the variance is that between units, whatever lies within them.

    Parameters
    ----------
    pairs : Joint
        (control C, treatment T, weight W) by unit, as `pair_joint`.

    Raises
    ------
    MethodError
        When there are fewer than `MIN_PAIRS` units, all differ by the same, or their weights are
        so uneven that no interval is bounded.
    """
    need_fraction("alpha", alpha)
    if pairs.n < MIN_PAIRS:
        refuse("number of units in both arms", pairs.n, f"at least {MIN_PAIRS}")
    gap_se = _error(pairs, _GAP)
    if gap_se == 0:
        refuse("variance of the differences within units", 0, "above 0")
    df = float(pairs.n - 1)
    q = float(student.ppf(1 - alpha / 2, df))
    p_value = 2 * float(student.sf(abs(float(_GAP @ pairs.means)) / gap_se, df))
    diff = _quotient(pairs, _WEIGHT, q, p_value, alpha)
    if diff is None:
        refuse("spread of the units' sizes", "too wide", "such that no unit outweighs the others")
    lift = _quotient(pairs, _BASE, q, p_value, alpha)
    control, treatment = paired_moments(pairs)
    return Comparison(
        _level(control, q, alpha), _level(treatment, q, alpha), diff, lift,
        None if lift else NO_LIFT, df,
    )  # fmt: skip


def paired_moments(pairs: Joint) -> tuple[Moments, Moments]:
    """Each arm's weighted mean, as moments over units; the two are not independent."""
    sides = ([0, 2], [1, 2])
    control, treatment = (
        ratio_moments(Joint(pairs.n, pairs.means[at], pairs.cov[np.ix_(at, at)])) for at in sides
    )
    return control, treatment


def paired_detectable(
    comparison: Comparison, *, alpha: float = 0.05, power: float = 0.8
) -> Detectable:
    """The smallest effect that so many pairs detect: (z_{1-alpha/2} + z_power) x se."""
    reach = float(norm.ppf(1 - alpha / 2) + norm.ppf(power)) * comparison.diff.se
    base = abs(comparison.control.value)
    return Detectable(reach, reach / base if base else None, alpha, power)


def paired_non_inferiority(
    pairs: Joint, *, margin: float, direction: Literal["up", "down"] = "up", alpha: float = 0.05
) -> Guardrail:
    """Whether the treatment is at most `margin` (a share of |control|) worse, within units.

    One-sided at alpha, as `guardrail.non_inferiority` is of independent arms.

    Raises
    ------
    MethodError
        As `paired_difference`, and when the margin is negative.
    """
    if not (math.isfinite(margin) and margin >= 0):
        refuse("margin", margin, "a finite number of at least 0")
    found, df = paired_difference(pairs, alpha=2 * alpha), pairs.n - 1
    sign = 1 if direction == "up" else -1
    base, gap = found.control.value, sign * float(_GAP @ pairs.means)
    contrast = sign * _GAP + margin * math.copysign(1, base) * _BASE
    error = _error(pairs, contrast)
    distance = float(contrast @ pairs.means) / error if error else math.inf
    p_value, p_worse = (
        float(student.sf(distance, df)), float(student.cdf(gap / _error(pairs, _GAP), df))
    )  # fmt: skip
    status: GuardrailStatus = "not_proven" if p_worse >= alpha else "fail"
    if p_value < alpha:
        status = "pass"
    change = sign * found.diff.value
    lowest = [sign * (e.low if sign > 0 else e.high) if e else None
              for e in (found.diff, found.lift)]  # fmt: skip
    assert lowest[0] is not None
    return Guardrail(
        status, change, change / abs(base) if base else None, -margin * abs(base), lowest[0],
        lowest[1], p_value, p_worse, float(student.cdf(distance, df)) < alpha, margin, alpha,
    )  # fmt: skip


def paired_power_for_margin(
    pairs: Joint,
    margin: float,
    *,
    direction: Literal["up", "down"] = "up",
    alpha: float = 0.05,
) -> float:
    """Chance to show non-inferiority when nothing changed; one-sided at alpha."""
    sign = 1 if direction == "up" else -1
    weight = margin * math.copysign(1, float(pairs.means[0]))
    error = _error(pairs, sign * _GAP + weight * _BASE)
    if error == 0:
        return 1.0
    return float(norm.cdf(margin * abs(float(pairs.means[0])) / error - norm.ppf(1 - alpha)))


def allocation_p_value(n: int, mean: float, var: float) -> float | None:
    """Whether rows were dealt out within units as planned: p-value of a t-test over units.

    Parameters
    ----------
    n, mean, var
        Units, and moments of (treatment's rows x control's share - the reverse); None where the
        units do not vary, so that there is nothing to test.
    """
    if n < 2 or var <= 0:
        return None
    return 2 * float(student.sf(abs(mean) / math.sqrt(var / n), n - 1))


def _error(pairs: Joint, weights: np.ndarray) -> float:
    """Standard error of a linear combination of the means."""
    return math.sqrt(max(float(weights @ pairs.cov @ weights), 0.0) / pairs.n)


def _quotient(
    pairs: Joint, below: np.ndarray, q: float, p_value: float, alpha: float
) -> Estimate | None:
    """mean(T - C) / |mean(below)| with Fieller's interval; None where that is unbounded."""
    bottom, gap = float(below @ pairs.means), float(_GAP @ pairs.means)
    v0, v1, c = (float(a @ pairs.cov @ b) / pairs.n
                 for a, b in ((below, below), (_GAP, _GAP), (below, _GAP)))  # fmt: skip
    a = bottom * bottom - q * q * v0
    if a <= 1e-12 * bottom * bottom:
        return None
    # a r^2 - 2 b r + d <= 0: the ratios r at which |gap - r bottom| <= q se.
    b, d = gap * bottom - q * q * c, gap * gap - q * q * v1
    root = math.sqrt(max(b * b - a * d, 0.0))
    far = b + math.copysign(root, b)
    low, high = sorted((far / a, d / far if far else 0.0))
    ratio = gap / bottom
    if bottom < 0:
        low, high = -high, -low
    se = math.sqrt(max(v1 - 2 * ratio * c + ratio * ratio * v0, 0.0)) / abs(bottom)
    return Estimate(gap / abs(bottom), low, high, se, p_value, pairs.n, "paired", alpha)


def _level(arm: Moments, q: float, alpha: float) -> Estimate:
    reach = q * math.sqrt(arm.squared_error)
    return Estimate(
        arm.mean, arm.mean - reach, arm.mean + reach, math.sqrt(arm.squared_error), None, arm.n,
        "paired", alpha,
    )  # fmt: skip
