"""Several treatments against one control, with one level for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np
from scipy import optimize, special

from opsnb.analysis.methods.compare import NO_LIFT, difference, fieller, welch_df
from opsnb.analysis.methods.distributions import chi2, norm, student
from opsnb.analysis.methods.estimate import Comparison, Estimate, need_fraction, refuse
from opsnb.analysis.methods.moments import Moments

NODES = 48
"""Points of each quadrature: over the control's error, and over the error of the variance."""

MANY = 400
"""Points over the control's error where nearly all of the noise is the control's."""

K = TypeVar("K")

LARGE = 100_000
"""Degrees of freedom from which the variance counts as known."""


def dunnett(
    control: Moments,
    treatments: Mapping[str, Moments],
    *,
    alpha: float = 0.05,
    equal_variances: bool = False,
) -> dict[str, Comparison]:
    """Dunnett's test: simultaneous intervals and adjusted p-values of each arm against control.

    Sharper than Holm with intervals, since it knows that the arms share their control.

    Parameters
    ----------
    control, treatments : Moments, mapping of arm to Moments
        Means, `ratio_moments` or CUPED-adjusted arms.
    equal_variances : bool
        True pools the variance over all arms, as Dunnett (1955) did. By default each
        comparison has Welch's standard error and degrees of freedom, and the correlation
        that follows from the arms' own variances (Hasler and Hothorn 2008).

    Returns
    -------
    dict of arm to Comparison
        `diff` and `lift` hold for all arms together at level 1 - alpha; `p_value` is
        adjusted. Both come from one test, as in `difference`; with one arm they equal it.

    Raises
    ------
    MethodError
        When there is no treatment, alpha is out of range, or arms have no variance.
    """
    need_fraction("alpha", alpha)
    if not treatments:
        refuse("number of treatments", 0, "at least 1")
    arms = dict(treatments)
    base = control
    if equal_variances:
        base, arms, pooled_df = _pooled(control, arms)
    loadings = np.array([_loading(name, base, arm) for name, arm in arms.items()])
    found = {}
    for name, arm in arms.items():
        df = pooled_df if equal_variances else welch_df(base, arm)
        found[name] = _compare(base, arm, loadings, df, alpha)
    return found


@dataclass(frozen=True)
class ArmLevel:
    """How one of several arms is tested.

    `level` is the two-sided level of its ordinary interval, `p_value` its adjusted p-value:
    the interval at that level excludes zero exactly when the p-value is below alpha.
    """

    level: float
    p_value: float


def arm_levels(
    arms: Mapping[K, tuple[Moments, Moments]],
    comparisons: Mapping[K, Comparison],
    *,
    alpha: float = 0.05,
) -> dict[K, ArmLevel]:
    """Dunnett's test as levels of the arms' own tests, whatever these are.

    Parameters
    ----------
    arms : mapping of arm to (control, treatment)
        Moments that the comparisons rest on; the control may be adjusted for each arm.
    comparisons : mapping of arm to Comparison
        With p-values of Welch's test or, for shares, of the score test.

    Raises
    ------
    MethodError
        As `dunnett`.
    """
    need_fraction("alpha", alpha)
    loadings = np.array([_loading(str(name), *_spread(*pair)) for name, pair in arms.items()])
    found = {}
    for name, comparison in comparisons.items():
        df, p_value = comparison.df, comparison.diff.p_value
        tail = _tail(loadings, df)
        level = 2 * float(student.sf(_critical(tail, len(loadings), df, alpha), df))
        bound = float(student.isf((p_value or 0.0) / 2, df))
        found[name] = ArmLevel(level, max(tail(bound), p_value or 0.0))
    return found


def largest_level(loadings: np.ndarray, alpha: float) -> float:
    """The level of one arm's normal test that holds alpha over all arms.

    `loadings` are the correlations of the arms' statistics with the error of the control.
    """
    bound = _critical(_tail(loadings, math.inf), len(loadings), math.inf, alpha)
    return 2 * float(norm.sf(bound))


def _compare(
    control: Moments, treatment: Moments, loadings: np.ndarray, df: float, alpha: float
) -> Comparison:
    plain = difference(control, treatment, alpha=alpha)
    value, se = plain.diff.value, plain.diff.se
    tail = _tail(loadings, df)
    p_value, q = tail(abs(value) / se), _critical(tail, len(loadings), df, alpha)
    diff = Estimate(
        value, value - q * se, value + q * se, se, p_value, plain.diff.n, "dunnett", alpha
    )
    lift = fieller(control, treatment, q=q, p_value=p_value, alpha=alpha)
    return Comparison(plain.control, plain.treatment, diff, lift, None if lift else NO_LIFT, df)


def _pooled(
    control: Moments, arms: Mapping[str, Moments]
) -> tuple[Moments, dict[str, Moments], float]:
    """The same arms with the variance within all of them."""
    everyone = [control, *arms.values()]
    df = sum(arm.n - 1 for arm in everyone)
    var = sum((arm.n - 1) * arm.var for arm in everyone) / df
    same = {name: Moments(arm.n, arm.mean, var) for name, arm in arms.items()}
    return Moments(control.n, control.mean, var), same, float(df)


def _spread(control: Moments, treatment: Moments) -> tuple[Moments, Moments]:
    """The same arms; of shares of 0 or 1 in both, which vary in neither, by their sizes alone."""
    if control.var + treatment.var > 0:
        return control, treatment
    return replace(control, var=1.0), replace(treatment, var=1.0)


def _loading(name: str, control: Moments, treatment: Moments) -> float:
    """Correlation of an arm's statistic with the error of the control."""
    both = control.squared_error + treatment.squared_error
    if both == 0:
        refuse(f"variance of control and {name}", 0, "above 0 in at least one arm")
    return math.sqrt(control.squared_error / both)


def _tail(loadings: np.ndarray, df: float) -> Callable[[float], float]:
    """Chance, by bound, that the largest |t| of all arms exceeds it when none has an effect.

    Given the control's error u and the variance's error s the arms are independent, so the
    chance is a double integral of a product.
    """
    if len(loadings) == 1:
        return lambda bound: 2 * float(student.sf(bound, df))
    nodes, weights = _legendre(NODES if loadings.max() < 0.9 else MANY)
    u = 9.0 * nodes
    weight_u = 9.0 * weights * np.exp(-u * u / 2) / math.sqrt(2 * math.pi)
    s, weight_s = _scales(df)
    rest = np.sqrt(np.maximum(1 - loadings**2, 1e-12))[:, None, None]
    shift = (loadings[:, None] * u)[:, :, None] / rest
    scale = s / rest

    def exceeding(bound: float) -> float:
        inside = special.ndtr(bound * scale - shift) - special.ndtr(-bound * scale - shift)
        return float(min(max(1 - weight_u @ np.prod(inside, axis=0) @ weight_s, 0.0), 1.0))

    return exceeding


@cache
def _legendre(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(nodes)


def _scales(df: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of sqrt(chi-square / df) and their chances, for integration."""
    if df > LARGE:
        return np.ones(1), np.ones(1)
    nodes, weights = _legendre(NODES)
    start, stop = np.sqrt(chi2.ppf([1e-14, 1 - 1e-14], df) / df)
    s = (start + stop) / 2 + (stop - start) / 2 * nodes
    return s, (stop - start) / 2 * weights * chi2.pdf(df * s * s, df) * 2 * df * s


def _critical(tail: Callable[[float], float], arms: int, df: float, alpha: float) -> float:
    low = float(student.ppf(1 - alpha / 2, df))
    if arms == 1:
        return low
    # Between the bound of one comparison and Bonferroni's.
    high = float(student.ppf(1 - alpha / (2 * arms), df)) * 1.000001
    return float(optimize.brentq(lambda bound: tail(bound) - alpha, low, high, xtol=1e-8))
