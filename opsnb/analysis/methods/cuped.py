"""CUPED: variance reduction with what was known of each user before the experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import Estimate, refuse
from opsnb.analysis.methods.moments import Joint, Moments

MIN_USERS = 100
"""Users of both arms together below which the slope is too uncertain to use."""

MIN_CORRELATION = 0.05
"""Correlation below which the adjustment saves less than 0.25 % of the variance."""

IMBALANCE = 0.001
"""p-value of the covariate's difference below which the arms were unequal beforehand."""


@dataclass(frozen=True)
class CovariateWindow:
    """When the covariate was measured, and when the first user met the change.

    Attributes
    ----------
    start, end : date
        First and last day that went into the covariate.
    exposed_from : date
        Day of the first exposure (of the first assignment, where exposure is not logged).
        Where each user has a window of their own, state days relative to exposure as dates
        around any one day: what counts is that `end` lies before `exposed_from`.
    """

    start: date
    end: date
    exposed_from: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            refuse("end of the covariate's window", self.end, f"at or after {self.start}")

    @property
    def before_exposure(self) -> bool:
        """Whether the treatment cannot have moved the covariate."""
        return self.end < self.exposed_from


@dataclass(frozen=True)
class Cuped:
    """The adjusted arms, or the plain ones and why they were left alone.

    Attributes
    ----------
    control, treatment : Moments
        What to compare: adjusted when `applied`, as given otherwise.
    theta : float
        Slope of the value on the covariate, common to both arms.
    correlation : float
        Of value and covariate, within arms.
    reduction : float
        Share of the variance of the difference that is saved; 0 when not applied.
    applied : bool
    reason : str or None
        `post_treatment_covariate`, `too_few_users`, `constant_covariate`,
        `weak_correlation` or `covariate_imbalance` when not applied.
    balance : Estimate or None
        The covariate's difference between the arms before the change, by a normal test;
        None where it is constant or not from before the change.
    cov : array of shape (2, 2) or None
        Covariances of the adjusted means of control and treatment, where applied. Both hold the
        covariate's common centre: for their difference it cancels out, and `var / n` of the arms
        is enough; a lift divides by the control's, and needs all of them.
    """

    control: Moments
    treatment: Moments
    theta: float
    correlation: float
    reduction: float
    applied: bool
    reason: str | None
    balance: Estimate | None = None
    cov: np.ndarray | None = None


def cuped(
    control: Joint,
    treatment: Joint,
    *,
    window: CovariateWindow | None = None,
    min_users: int = MIN_USERS,
) -> Cuped:
    """Adjust a mean for a covariate measured before exposure (Deng et al. 2013).

    Parameters
    ----------
    control, treatment : Joint
        Of (value, covariate), or for a ratio metric of (numerator, denominator, numerator
        before, denominator before), which is linearised by the delta method first.
    window : CovariateWindow, optional
        When the covariate was measured. One that reaches into the experiment is refused: it
        would take part of the effect away. Without it the caller vouches for the covariate.
    min_users : int
        Fewest users of both arms together.

    Notes
    -----
    theta = cov(value, covariate) / var(covariate), pooled within arms; each arm's mean
    becomes mean - theta x (covariate's mean in the arm - in both arms). Expected values
    stay, the variance falls by the factor 1 - correlation^2.
    """
    pair0, pair1 = _pair("control", control), _pair("treatment", treatment)
    plain0, plain1 = pair0.moments(), pair1.moments()
    if window is not None and not window.before_exposure:
        return Cuped(plain0, plain1, 0.0, 0.0, 0.0, False, "post_treatment_covariate")
    within = (pair0.n - 1) * pair0.cov + (pair1.n - 1) * pair1.cov
    spread = within[1, 1]
    # A covariate whose variance is rounding noise of its level counts as constant.
    level = max(abs(pair0.means[1]), abs(pair1.means[1]))
    if spread <= 1e-12 * level**2 * (pair0.n + pair1.n) or within[0, 0] == 0:
        return Cuped(plain0, plain1, 0.0, 0.0, 0.0, False, "constant_covariate")
    theta = float(within[0, 1] / spread)
    correlation = float(within[0, 1] / math.sqrt(within[0, 0] * spread))
    balance = _balance(pair0.moments(1), pair1.moments(1))

    def refused(reason: str) -> Cuped:
        return Cuped(plain0, plain1, theta, correlation, 0.0, False, reason, balance)

    if pair0.n + pair1.n < min_users:
        return refused("too_few_users")
    if abs(correlation) < MIN_CORRELATION:
        return refused("weak_correlation")
    if balance.p_value is not None and balance.p_value < IMBALANCE:
        return refused("covariate_imbalance")
    centre = (pair0.n * pair0.means[1] + pair1.n * pair1.means[1]) / (pair0.n + pair1.n)
    adjusted0, adjusted1 = (
        pair.combine(
            np.array([1.0, -theta]), float(pair.means[0] - theta * (pair.means[1] - centre))
        )
        for pair in (pair0, pair1)
    )
    before = plain0.squared_error + plain1.squared_error
    after = adjusted0.squared_error + adjusted1.squared_error
    saved = 1 - after / before
    cov = _mean_covariances(pair0, pair1, theta)
    return Cuped(adjusted0, adjusted1, theta, correlation, saved, True, None, balance, cov)


def _mean_covariances(control: Joint, treatment: Joint, theta: float) -> np.ndarray:
    """Covariances of mean - theta x (the arm's covariate - that of both arms), by arm.

    The centre is the arms' covariate weighted by users, so each adjusted mean is linear in the
    means of both arms.
    """
    share = treatment.n / (control.n + treatment.n)
    of_control = np.array([[1.0, -theta * share], [0.0, theta * (1 - share)]])
    of_treatment = np.array([[0.0, theta * share], [1.0, -theta * (1 - share)]])
    found: np.ndarray = (
        of_control @ control.cov @ of_control.T / control.n
        + of_treatment @ treatment.cov @ of_treatment.T / treatment.n
    )
    return found


def _pair(name: str, arm: Joint) -> Joint:
    """The arm as (value, covariate); ratios are linearised."""
    if len(arm.means) == 2:
        return arm
    if len(arm.means) != 4:
        refuse(name, f"a joint of {len(arm.means)} values", "of 2 (mean) or 4 (ratio) values")
    value, slope = arm.ratio(f"{name}'s denominator")
    covariate, slope_before = arm.ratio(f"{name}'s denominator before exposure", at=2)
    slopes = np.vstack([slope, slope_before])
    return Joint(arm.n, np.array([value, covariate]), slopes @ arm.cov @ slopes.T)


def _balance(control: Moments, treatment: Moments) -> Estimate:
    value = treatment.mean - control.mean
    se = math.sqrt(control.squared_error + treatment.squared_error)
    reach = float(norm.ppf(0.975)) * se
    p_value = 2 * float(norm.sf(abs(value) / se))
    n = control.n + treatment.n
    return Estimate(value, value - reach, value + reach, se, p_value, n, "z", 0.05)
