"""One step ahead: a level that follows the series, with a season where it has been seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from opsnb.analysis.methods.distributions import student
from opsnb.analysis.methods.estimate import need_fraction, refuse

MIN_PERIODS = 8
MIN_ERRORS = 6
SMALLEST_GAIN = 0.05
"""A season is used when it lowers the past errors by at least this share."""


@dataclass(frozen=True)
class Forecast:
    """What the next period is expected to be.

    Attributes
    ----------
    value, low, high : float
        In the series' unit; the interval holds the outcome with chance `level`.
    level : float
    errors : int
        One-step errors of the past that the interval rests on.
    method : str
        `local_level`, or `seasonal_level` for the level of the change on a season before.
    """

    value: float
    low: float
    high: float
    level: float
    errors: int
    method: str


def next_period(
    y: np.ndarray, *, season: int = 12, level: float = 0.8, logarithm: bool = False
) -> Forecast:
    """The next value of a series by simple exponential smoothing of its level.

    Parameters
    ----------
    y : ndarray of shape (periods,)
        Consecutive periods, the oldest first, none missing.
    season : int
        Periods in a year. From `season` + 8 periods on, the level of the change on a year
        before competes with the plain level; the smaller past error wins.
    logarithm : bool
        Smooth logarithms: for positive series whose noise grows with their size.

    Notes
    -----
    The weight of the newest value (0.05 to 0.95) minimises the squared one-step errors; the
    first three are a start and not counted. The interval is Student's t on the root mean
    square of those errors, so it widens as the past was harder to foresee.

    Raises
    ------
    MethodError
        Fewer than 8 periods, a missing value, or a logarithm of what is not positive.
    """
    need_fraction("level", level)
    y = np.asarray(y, dtype=float)
    if y.ndim != 1 or len(y) < MIN_PERIODS:
        refuse("number of periods", int(y.size), f"at least {MIN_PERIODS}")
    if not np.isfinite(y).all():
        refuse("y", "partly missing", "complete")
    if logarithm and (y <= 0).any():
        refuse("smallest y", float(y.min()), "above 0 for logarithms")
    x = np.log(y) if logarithm else y
    expected, errors, method = *_smoothed(x), "local_level"
    if len(x) >= season + MIN_PERIODS:
        change, own = _smoothed(x[season:] - x[:-season])
        same = errors[-len(own) :]  # judged over the same periods
        if _rms(own) < (1 - SMALLEST_GAIN) * _rms(same):
            expected, errors, method = x[-season] + change, own, "seasonal_level"
    n = len(errors)
    reach = float(student.ppf((1 + level) / 2, n)) * _rms(errors) * math.sqrt(1 + 1 / n)
    bounds = expected, expected - reach, expected + reach
    value, low, high = (math.exp(b) for b in bounds) if logarithm else bounds
    return Forecast(value, low, high, level, n, method)


def _smoothed(x: np.ndarray) -> tuple[float, np.ndarray]:
    """The level after the last value, and the one-step errors from the fourth value on."""
    best = optimize.minimize_scalar(
        lambda weight: _rms(_run(x, weight)[1]), bounds=(0.05, 0.95), method="bounded"
    )
    return _run(x, float(best.x))


def _run(x: np.ndarray, weight: float) -> tuple[float, np.ndarray]:
    level, errors = float(np.mean(x[:2])), []
    for index, value in enumerate(x[2:], 2):
        if index > 2 or len(x) - 2 <= MIN_ERRORS:
            errors.append(value - level)
        level += weight * (value - level)
    return level, np.array(errors)


def _rms(errors: np.ndarray) -> float:
    return math.sqrt(float(np.mean(errors**2)))
