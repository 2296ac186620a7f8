"""Treatment against control: means, ratios and shares, with one test for all they show.

The difference, its p-value and the relative lift of a metric come from one and the same
test, so that they never contradict each other: Welch and Fieller for means and ratios, the
score test for shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.distributions import norm, student
from opsnb.analysis.methods.estimate import (
    Comparison,
    Estimate,
    need_fraction,
    need_successes,
    refuse,
)
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.proportions import wilson
from opsnb.analysis.methods.score import score_difference, score_ratio

NO_LIFT = "control_near_zero"


def difference(
    control: Moments, treatment: Moments, *, alpha: float = 0.05, cov: np.ndarray | None = None
) -> Comparison:
    """Welch's test of two means, with the relative lift by Fieller's theorem.

    For a ratio metric pass `ratio_moments` of each arm, for CUPED the adjusted moments and
    `Cuped.cov`, which only the lift needs: the adjusted means are not independent.

    Raises
    ------
    MethodError
        When alpha is out of range or both arms have variance 0.
    """
    need_fraction("alpha", alpha)
    v0, v1 = control.squared_error, treatment.squared_error
    if v0 + v1 == 0:
        refuse("variance of both arms", 0, "above 0 in at least one arm")
    df = welch_df(control, treatment)
    q = float(student.ppf(1 - alpha / 2, df))
    value, se = treatment.mean - control.mean, math.sqrt(v0 + v1)
    p_value = 2 * float(student.sf(abs(value) / se, df))
    n = control.n + treatment.n
    diff = Estimate(value, value - q * se, value + q * se, se, p_value, n, "welch", alpha)
    lift = fieller(control, treatment, q=q, p_value=p_value, alpha=alpha, cov=cov)
    return Comparison(
        mean(control, alpha=alpha),
        mean(treatment, alpha=alpha),
        diff,
        lift,
        None if lift else NO_LIFT,
        df,
    )


def mean(arm: Moments, *, alpha: float = 0.05) -> Estimate:
    """A mean with Student's interval."""
    need_fraction("alpha", alpha)
    se = math.sqrt(arm.squared_error)
    reach = float(student.ppf(1 - alpha / 2, arm.n - 1)) * se
    return Estimate(arm.mean, arm.mean - reach, arm.mean + reach, se, None, arm.n, "student", alpha)


def welch_df(control: Moments, treatment: Moments) -> float:
    """Welch and Satterthwaite's degrees of freedom."""
    v0, v1 = control.squared_error, treatment.squared_error
    # Scaled first: squares of tiny variances would underflow.
    a, b = v0 / (v0 + v1), v1 / (v0 + v1)
    return 1 / (a * a / (control.n - 1) + b * b / (treatment.n - 1))


def fieller(
    control: Moments,
    treatment: Moments,
    *,
    q: float,
    p_value: float | None,
    alpha: float,
    cov: np.ndarray | None = None,
) -> Estimate | None:
    """The relative lift (treatment - control) / |control|, by Fieller's theorem.

    The interval is the set of lifts that a test with critical value `q` does not reject, so
    it excludes zero exactly when the difference does. None when the control is not
    distinguishable from zero at that level: then the set is unbounded and a lift says nothing.

    `cov` of shape (2, 2) holds the covariances of the two means where they are dependent.
    """
    base, gap = control.mean, treatment.mean - control.mean
    v0, v1, c01 = mean_errors(control, treatment, cov)
    a = base * base - q * q * v0
    if a <= 1e-12 * base * base:
        return None
    # a x^2 - 2 b x + c <= 0, whose roots straddle zero exactly when the test does not reject.
    test = control.squared_error + treatment.squared_error
    b, c = gap * base + q * q * (v0 - c01), gap * gap - q * q * test
    inside = treatment.mean**2 * v0 + a * v1 + c01 * (q * q * c01 - 2 * treatment.mean * base)
    root = q * math.sqrt(max(inside, 0.0))
    far = b + math.copysign(root, b)
    low, high = sorted((far / a, c / far))
    if base < 0:
        low, high = -high, -low
    ratio = treatment.mean / base
    se = math.sqrt(max(v1 - 2 * ratio * c01 + ratio**2 * v0, 0.0)) / abs(base)
    n = control.n + treatment.n
    return Estimate(gap / abs(base), low, high, se, p_value, n, "fieller", alpha)


def mean_errors(
    control: Moments, treatment: Moments, cov: np.ndarray | None
) -> tuple[float, float, float]:
    """Variances of the two means and their covariance."""
    if cov is None:
        return control.squared_error, treatment.squared_error, 0.0
    return float(cov[0, 0]), float(cov[1, 1]), float(cov[0, 1])


def two_proportions(
    successes0: int, n0: int, successes1: int, n1: int, *, alpha: float = 0.05
) -> Comparison:
    """Two shares by the score test: control (0) and treatment (1).

    The p-value is that of the pooled z-test (Pearson's chi-square); the intervals of the
    difference (Mee 1984) and of the lift (Koopman 1984) invert the same test, so they hold
    for small counts as for large ones. The arms' own intervals are Wilson's.

    Raises
    ------
    MethodError
        When an arm is empty, a count is no whole number, or successes exceed n.

    Examples
    --------
    >>> found = two_proportions(100, 1000, 130, 1000)
    >>> round(found.diff.value, 3), round(found.diff.low, 3), round(found.diff.high, 3)
    (0.03, 0.002, 0.058)
    >>> round(found.diff.p_value, 4)
    0.0355
    """
    need_fraction("alpha", alpha)
    need_successes("control", successes0, n0)
    need_successes("treatment", successes1, n1)
    n, share0, share1 = n0 + n1, successes0 / n0, successes1 / n1
    z = score_difference(successes0, n0, successes1, n1, alpha=alpha)
    p_value = 2 * float(norm.sf(abs(z.z)))
    se = math.sqrt(share0 * (1 - share0) / n0 + share1 * (1 - share1) / n1)
    diff = Estimate(share1 - share0, z.low, z.high, se, p_value, n, "score", alpha)
    lift = None
    if successes0 > 0:
        bounds = score_ratio(successes0, n0, successes1, n1, alpha=alpha)
        value = share1 / share0 - 1
        spread = (1 - share1) / n1 * share1 + (share1 / share0) ** 2 * share0 * (1 - share0) / n0
        lift = Estimate(
            value,
            bounds.low - 1,
            bounds.high - 1,
            math.sqrt(spread) / share0,
            p_value,
            n,
            "score",
            alpha,
        )
    return Comparison(
        wilson(successes0, n0, alpha=alpha),
        wilson(successes1, n1, alpha=alpha),
        diff,
        lift,
        None if lift else NO_LIFT,
        math.inf,
    )


def delta_lift(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Estimate:
    """The relative lift by the delta method: a symmetric interval with a standard error.

    What sequential and Bayesian summaries need; `fieller` is the interval to report, since
    this one may disagree with the p-value of the difference.

    Raises
    ------
    MethodError
        When the control's mean is 0.
    """
    need_fraction("alpha", alpha)
    base, other = control.mean, treatment.mean
    if base == 0:
        refuse("mean of control", 0, "other than 0 for a relative lift")
    v0, v1 = control.squared_error, treatment.squared_error
    se = math.sqrt(v1 + (other / base) ** 2 * v0) / abs(base)
    if se == 0:
        refuse("variance of both arms", 0, "above 0 in at least one arm")
    q = float(student.ppf(1 - alpha / 2, welch_df(control, treatment)))
    value = (other - base) / abs(base)
    p_value = 2 * float(student.sf(abs(value) / se, welch_df(control, treatment)))
    n = control.n + treatment.n
    return Estimate(value, value - q * se, value + q * se, se, p_value, n, "delta", alpha)


@dataclass(frozen=True)
class Detectable:
    """The smallest true effect that the test finds with the power asked for.

    Attributes
    ----------
    absolute : float
        In the unit of the metric.
    relative : float or None
        As a share of |control|; None where the control is zero, or nothing varies in either
        arm, so that the arms do not say what could be found.
    """

    absolute: float
    relative: float | None
    alpha: float
    power: float


def smallest_detectable(
    control: Moments, treatment: Moments, *, alpha: float = 0.05, power: float = 0.8
) -> Detectable:
    """The smallest effect that this design detects: (z_{1-alpha/2} + z_power) x se.

    Depends on sizes and variances only, not on the effect seen: it is no post-hoc power.
    """
    need_fraction("alpha", alpha)
    need_fraction("power", power)
    se = math.sqrt(control.squared_error + treatment.squared_error)
    absolute = float(norm.ppf(1 - alpha / 2) + norm.ppf(power)) * se
    relative = absolute / abs(control.mean) if control.mean and se else None
    return Detectable(absolute, relative, alpha, power)
