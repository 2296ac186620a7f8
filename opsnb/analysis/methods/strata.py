"""Effects within strata: one effect out of them, and whether they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from opsnb.analysis.methods.distributions import chi2, student
from opsnb.analysis.methods.estimate import Estimate, need_finite, need_fraction, refuse
from opsnb.analysis.methods.moments import Moments


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q: do the effects of segments differ by more than chance?

    `i2` is the share of their spread that chance does not explain; `pooled` the effect
    weighted by precision.
    """

    q: float
    df: int
    p_value: float
    i2: float
    pooled: float


def stratified_difference(
    strata: Mapping[str, tuple[Moments, Moments]], *, alpha: float = 0.05
) -> Estimate:
    """Treatment minus control, compared within strata (days, say) only.

    Strata are weighted by their users, so a split that changed on the way cannot reverse the
    result (Simpson's paradox; Crook et al. 2009).

    Parameters
    ----------
    strata : mapping of stratum to (control, treatment)

    Raises
    ------
    MethodError
        When there is no stratum, or no variance in any.
    """
    need_fraction("alpha", alpha)
    if not strata:
        refuse("number of strata", 0, "at least 1")
    total = sum(control.n + treatment.n for control, treatment in strata.values())
    value = variance = spread = 0.0
    for control, treatment in strata.values():
        weight = (control.n + treatment.n) / total
        value += weight * (treatment.mean - control.mean)
        for arm in (control, treatment):
            part = weight**2 * arm.squared_error
            variance += part
            spread += part**2 / (arm.n - 1)
    if variance == 0:
        refuse("variance of all strata", 0, "above 0 in at least one")
    df = variance**2 / spread if spread > 0 else math.inf
    se = math.sqrt(variance)
    reach = float(student.ppf(1 - alpha / 2, df)) * se
    p_value = 2 * float(student.sf(abs(value) / se, df))
    return Estimate(value, value - reach, value + reach, se, p_value, total, "stratified", alpha)


def lift_heterogeneity(
    controls: Sequence[float] | np.ndarray,
    treatments: Sequence[float] | np.ndarray,
    covs: np.ndarray,
) -> Heterogeneity:
    """Cochran's Q of relative effects (treatment - control) / |control| of disjoint segments.

    Each segment is asked whether treatment - control = lift x |control|, with the variance that
    this difference has, as Fieller's interval asks it of one; the lift common to all is the one
    that fits best (York 1966: a line through the origin with errors in both variables). So no
    segment is divided by a control that is uncertain, and nothing leans on the estimated lifts.

    Parameters
    ----------
    controls, treatments : sequence of shape (k,)
        The arms' values in each segment.
    covs : array of shape (k, 2, 2)
        Covariances of (control, treatment) in each segment.

    Raises
    ------
    MethodError
        With fewer than two segments, unequal lengths, a control of 0 or no variance in one.
    """
    base, other = np.asarray(controls, dtype=float), np.asarray(treatments, dtype=float)
    cov = np.asarray(covs, dtype=float)
    k = len(base)
    if len(other) != k or cov.shape != (k, 2, 2):
        refuse("treatments and covs", f"of {len(other)} and {len(cov)} segments", f"of {k}")
    if k < 2:
        refuse("number of segments", k, "at least 2")
    if not base.all():
        refuse("value of control in a segment", 0, "other than 0 for a relative effect")
    sign, gap = np.sign(base), other - base
    of_gap = cov[:, 1, 1] + cov[:, 0, 0] - 2 * cov[:, 0, 1]
    between = sign * (cov[:, 0, 1] - cov[:, 0, 0])
    if not (of_gap > 0).all():
        refuse("variance of both arms in a segment", 0, "above 0 in at least one arm")

    def squares(lift: float) -> np.ndarray:
        spread = of_gap - 2 * lift * between + lift**2 * cov[:, 0, 0]
        found: np.ndarray = (gap - lift * np.abs(base)) ** 2 / np.maximum(spread, 1e-300)
        return found

    lifts = gap / np.abs(base)
    low, high = float(lifts.min()), float(lifts.max())
    # The sum can have several valleys: the best of a grid brackets the deepest.
    grid = np.linspace(low, high, 201)
    best = int(np.argmin([squares(x).sum() for x in grid]))
    ends = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 200)]))
    pooled = ends[0]
    if high > low:
        pooled = float(minimize_scalar(lambda x: squares(x).sum(), bounds=ends, method="bounded").x)
    q, df = float(squares(pooled).sum()), k - 1
    i2 = max(0.0, 1 - df / q) if q > 0 else 0.0
    return Heterogeneity(q, df, float(chi2.sf(q, df)), i2, pooled)


def heterogeneity(effects: Sequence[float], errors: Sequence[float]) -> Heterogeneity:
    """Cochran's Q of effects with their standard errors, from disjoint segments.

    Raises
    ------
    MethodError
        With fewer than two effects, unequal lengths, or a standard error not above 0.
    """
    if len(effects) != len(errors):
        refuse("number of errors", len(errors), f"that of effects, which is {len(effects)}")
    if len(effects) < 2:
        refuse("number of effects", len(effects), "at least 2")
    for index, (effect, error) in enumerate(zip(effects, errors, strict=True)):
        need_finite(f"effects[{index}]", effect)
        if not (math.isfinite(error) and error > 0):
            refuse(f"errors[{index}]", error, "a finite number above 0")
    values, weights = np.asarray(effects, dtype=float), 1 / np.asarray(errors, dtype=float) ** 2
    pooled = float(weights @ values / weights.sum())
    q = float(weights @ (values - pooled) ** 2)
    df = len(values) - 1
    i2 = max(0.0, 1 - df / q) if q > 0 else 0.0
    return Heterogeneity(q, df, float(chi2.sf(q, df)), i2, pooled)
