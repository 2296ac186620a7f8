"""Effects within strata: one effect out of them, and whether they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
