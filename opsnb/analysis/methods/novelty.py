"""Does an effect fade or grow with the days since users first met the change?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import Estimate, need_fraction, refuse

Pattern = Literal["steady", "fading", "growing", "reversing"]


@dataclass(frozen=True)
class Trend:
    """How the effect moves with the days since exposure.

    Attributes
    ----------
    slope : Estimate
        Change of the effect a day, with the p-value of "the effect does not change".
    early, late : Estimate
        Mean effect over the first and over the last third of the days.
    pattern : str
        `steady` where the slope is not significant (nothing was found, which does not prove
        that there is nothing); `reversing` where early and late differ from zero
        significantly, with opposite signs; else `fading` or `growing`, by which of the two
        lies farther from zero.
    """

    slope: Estimate
    early: Estimate
    late: Estimate
    pattern: Pattern


def effect_trend(
    days: Sequence[float] | np.ndarray,
    effects: Sequence[float] | np.ndarray,
    errors: Sequence[float] | np.ndarray,
    *,
    n: int = 0,
    alpha: float = 0.05,
) -> Trend:
    """Fit effects by day since exposure by generalised least squares.

    Parameters
    ----------
    days : sequence of shape (k,)
        Days since exposure, at least three different ones.
    effects : sequence of shape (k,)
        Treatment minus control on each of these days.
    errors : array of shape (k,) or (k, k)
        Standard errors, or covariances. The same users are seen on all days, so their values
        go together: with standard errors alone the slope's interval is too wide, and those
        of `early` and `late` too narrow. `stretch_lifts` gives the covariances.
    n : int
        Users it rests on, to be passed on.

    Raises
    ------
    MethodError
        With fewer than three days, unequal lengths, or errors that are no covariances.
    """
    need_fraction("alpha", alpha)
    x, y = np.asarray(days, dtype=float), np.asarray(effects, dtype=float)
    cov = _covariances(errors, len(x))
    if len(y) != len(x):
        refuse("number of effects", len(y), f"that of days, which is {len(x)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        refuse("days and effects", "partly missing", "complete")
    if len(np.unique(x)) < 3:
        refuse("number of different days", len(np.unique(x)), "at least 3")
    at = np.column_stack([np.ones(len(x)), x])
    solved = np.linalg.solve(cov, at)
    spread = np.linalg.inv(at.T @ solved)
    slope = float((spread @ (solved.T @ y))[1])
    third = math.ceil(len(x) / 3)
    order = np.argsort(x)

    def mean(which: np.ndarray) -> Estimate:
        se = math.sqrt(float(cov[np.ix_(which, which)].mean()))
        return _normal(float(y[which].mean()), se, n, alpha)

    change = _normal(slope, math.sqrt(float(spread[1, 1])), n, alpha)
    early, late = mean(order[:third]), mean(order[-third:])
    return Trend(change, early, late, _pattern(change, early, late))


def stretch_lifts(
    control: np.ndarray, control_cov: np.ndarray, treatment: np.ndarray, treatment_cov: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Relative effects (k,) by stretch of days, and their covariances (k, k) by the delta method.

    Parameters
    ----------
    control, treatment : array of shape (k,)
        The arms' values in each stretch.
    control_cov, treatment_cov : array of shape (k, k)
        Covariances of these values: the same users are seen in several stretches.

    Raises
    ------
    MethodError
        With unequal lengths, or where the control is zero in a stretch.
    """
    if len(control) != len(treatment):
        refuse("stretches of treatment", len(treatment), f"those of control, {len(control)}")
    if not control.all():
        refuse("value of control in a stretch", 0, "other than 0 for a relative effect")
    size = np.abs(control)
    towards = treatment / (control * size)
    cov = treatment_cov / np.outer(size, size) + control_cov * np.outer(towards, towards)
    return (treatment - control) / size, cov


def _covariances(errors: Sequence[float] | np.ndarray, k: int) -> np.ndarray:
    given = np.asarray(errors, dtype=float)
    if given.shape not in ((k,), (k, k)):
        refuse("errors", f"of shape {given.shape}", f"of shape {(k,)} or {(k, k)}")
    if given.ndim == 1:
        if not (np.isfinite(given).all() and (given > 0).all()):
            refuse("errors", "not all above 0", "finite and above 0")
        return np.diag(given**2)
    if not np.isfinite(given).all() or not np.allclose(given, given.T):
        refuse("covariances", "not symmetric or not finite", "finite and symmetric")
    if np.linalg.eigvalsh(given)[0] <= 1e-12 * np.trace(given):
        refuse("covariances", "singular", "of full rank", hint="leave out days without values")
    return given


def _normal(value: float, se: float, n: int, alpha: float) -> Estimate:
    reach = float(norm.ppf(1 - alpha / 2)) * se
    p_value = 2 * float(norm.sf(abs(value) / se))
    return Estimate(value, value - reach, value + reach, se, p_value, n, "trend", alpha)


def _pattern(slope: Estimate, early: Estimate, late: Estimate) -> Pattern:
    if not slope.significant:
        return "steady"
    if early.significant and late.significant and early.value * late.value < 0:
        return "reversing"
    return "growing" if abs(late.value) > abs(early.value) else "fading"
