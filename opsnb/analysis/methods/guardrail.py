"""Guardrails: is a metric at most so much worse than in the control arm?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from opsnb.analysis.methods.compare import fieller, mean_errors, two_proportions, welch_df
from opsnb.analysis.methods.distributions import norm, student
from opsnb.analysis.methods.estimate import need_fraction, refuse
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.score import score_at_ratio

GuardrailStatus = Literal["pass", "fail", "not_proven"]


@dataclass(frozen=True)
class Guardrail:
    """A test of non-inferiority. Changes count as improvements: below zero is worse.

    Attributes
    ----------
    status : str
        `pass`: non-inferiority is shown. `fail`: not shown, and significantly worse than
        the control. `not_proven`: neither.
    change : float
        Improvement, in the metric's unit; negative when worse.
    limit : float
        The worst change that is acceptable: -margin x |control|, at most 0.
    low : float
        One-sided lower bound of the change at level 1 - alpha; `low_relative` the same as a
        share of |control|, which is above -margin exactly when `status` is `pass`.
    p_value : float
        One-sided, of "worse than the margin allows".
    p_worse : float
        One-sided, of "not worse than the control".
    beyond : bool
        Whether it is shown to be worse than the margin allows.
    """

    status: GuardrailStatus
    change: float
    change_relative: float | None
    limit: float
    low: float
    low_relative: float | None
    p_value: float
    p_worse: float
    beyond: bool
    margin: float
    alpha: float


def non_inferiority(
    control: Moments,
    treatment: Moments,
    *,
    margin: float,
    direction: Literal["up", "down"] = "up",
    alpha: float = 0.05,
    relative: bool = True,
    cov: np.ndarray | None = None,
) -> Guardrail:
    """Test that the treatment is not worse than the control by more than a margin.

    Parameters
    ----------
    margin : float
        Acceptable worsening, at least 0: a share of |control| (0.05: five percent), or in
        the metric's unit when `relative` is false.
    direction : str
        `up` when more is better, `down` when less is.
    alpha : float
        One-sided level of each test.
    cov : array of shape (2, 2), optional
        Covariances of the two means where they are dependent: `Cuped.cov`.

    Notes
    -----
    With a relative margin the hypothesis "treatment - control = -margin x control" is linear
    in both means and tested as such (Welch), so the noise of the control counts too; the
    bound on the relative change inverts this test, as in Fieller's theorem.

    Raises
    ------
    MethodError
        When the margin is negative or not finite, the direction unknown, or both arms have
        variance 0.
    """
    _check(margin, direction, alpha)
    v0, v1 = control.squared_error, treatment.squared_error
    if v0 + v1 == 0:
        refuse("variance of both arms", 0, "above 0 in at least one arm")
    df = welch_df(control, treatment)
    q = float(student.ppf(1 - alpha, df))
    sign = 1 if direction == "up" else -1
    change = sign * (treatment.mean - control.mean)
    limit = -margin * abs(control.mean) if relative else -margin
    # Weight of the control in the contrast: 1 - margin where more is better and control > 0.
    weight = 1 - sign * math.copysign(margin, control.mean) if relative else 1.0
    w0, w1, w01 = mean_errors(control, treatment, cov)
    distance = (change - limit) / math.sqrt(w1 - 2 * weight * w01 + weight * weight * w0)
    p_value = float(student.sf(distance, df))
    se = math.sqrt(v0 + v1)
    p_worse = float(student.cdf(change / se, df))
    passed = p_value < alpha
    status: GuardrailStatus = "pass" if passed else "fail" if p_worse < alpha else "not_proven"
    base = abs(control.mean)
    return Guardrail(
        status,
        change,
        change / base if base else None,
        limit,
        change - q * se,
        _relative_bound(control, treatment, sign, q, cov),
        p_value,
        p_worse,
        float(student.cdf(distance, df)) < alpha,
        margin,
        alpha,
    )


def share_non_inferiority(
    successes0: int,
    n0: int,
    successes1: int,
    n1: int,
    *,
    margin: float,
    direction: Literal["up", "down"] = "up",
    alpha: float = 0.05,
) -> Guardrail:
    """The same for two shares by the score test, which holds where an arm's share is 0 or 1.

    The hypothesis is on the ratio of the shares, 1 - margin or (direction `down`) 1 + margin
    (Koopman 1984; Farrington and Manning 1990), so that it agrees with the interval of the lift
    of `two_proportions` at 2 alpha. Nothing of a relative margin can be shown where the control's
    share is 0.

    Raises
    ------
    MethodError
        As `non_inferiority`, or when the counts are no shares.

    Examples
    --------
    >>> share_non_inferiority(200, 200, 200, 200, margin=0.05).status
    'pass'
    """
    _check(margin, direction, alpha)
    both = two_proportions(successes0, n0, successes1, n1, alpha=2 * alpha)
    sign = 1 if direction == "up" else -1
    counts = (successes0, n0, successes1, n1)
    p_worse = float(norm.cdf(sign * _score(counts, 1.0)))
    limit, p_value, beyond, low = 0.0, 1.0, False, None
    if both.lift is not None:
        limit = -margin * both.control.value
        distance = sign * _score(counts, 1 - sign * margin) if sign * margin < 1 else math.inf
        p_value, beyond = float(norm.sf(distance)), float(norm.cdf(distance)) < alpha
        low = both.lift.low if sign > 0 else -both.lift.high
    passed = p_value < alpha
    return Guardrail(
        "pass" if passed else "fail" if p_worse < alpha else "not_proven",
        sign * both.diff.value,
        None if both.lift is None else sign * both.lift.value,
        limit,
        both.diff.low if sign > 0 else -both.diff.high,
        low,
        p_value,
        p_worse,
        beyond,
        margin,
        alpha,
    )


def _score(counts: tuple[int, int, int, int], ratio: float) -> float:
    """The score statistic; 0 where both arms have nobody, or both everybody, at a ratio of 1."""
    return 0.0 if counts[0] == counts[2] == 0 else score_at_ratio(*counts, ratio)


def _check(margin: float, direction: str, alpha: float) -> None:
    need_fraction("alpha", alpha)
    if not (math.isfinite(margin) and margin >= 0):
        refuse("margin", margin, "a finite number of at least 0")
    if direction not in ("up", "down"):
        refuse("direction", f'"{direction}"', '"up" or "down"')


def _relative_bound(
    control: Moments, treatment: Moments, sign: int, q: float, cov: np.ndarray | None
) -> float | None:
    """Fieller's lower bound of the relative improvement; None with a control near zero."""
    lift = fieller(control, treatment, q=q, p_value=None, alpha=0.05, cov=cov)
    if lift is None:
        return None
    return lift.low if sign > 0 else -lift.high
