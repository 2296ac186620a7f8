"""Days that stand out from a series with a wandering level and a weekly pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import refuse

THRESHOLD = 3.5
"""Robust standard deviations beyond which a day is an anomaly (Iglewicz and Hoaglin 1993)."""

MIN_DAYS = 42
"""Days with data from which the level and the weekly pattern can be fitted."""

MIN_FALLBACK = 21
"""Days with data from which the median of weekdays can be used."""

SAME_WEEKDAYS = 8
"""How many earlier days of the same weekday the fallback looks at."""

BRIDGE = 3
"""Anomalies in a row after which the level follows: it was a shift, not a spike."""


@dataclass(frozen=True, eq=False)
class Anomalies:
    """How far every day lies from what the days before it led to expect.

    Attributes
    ----------
    expected, low, high : ndarray of shape (days,)
        One-day-ahead forecast and the bounds beyond which a day is an anomaly; NaN at the
        start, where nothing is expected yet.
    score : ndarray of shape (days,)
        Residual in robust standard deviations; NaN where y or the forecast is missing.
    flagged : ndarray of bool, shape (days,)
        Anomalies, on days of known events too.
    tested : int
        Days with a score.
    false_alarms : float
        Anomalies to expect among them if all was normal.
    method : str
        `local_level` or `weekday_median`.
    """

    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    score: np.ndarray
    flagged: np.ndarray
    tested: int
    false_alarms: float
    method: str


def find_anomalies(
    y: np.ndarray,
    *,
    known: np.ndarray | None = None,
    threshold: float = THRESHOLD,
    min_days: int = MIN_DAYS,
) -> Anomalies:
    """Score every day of a daily series.

    Parameters
    ----------
    y : ndarray of shape (days,)
        Consecutive days; NaN where missing.
    known : ndarray of bool, shape (days,), optional
        Days of known events. They are scored, but neither fitted nor learned from.
    threshold : float
        Robust standard deviations that make an anomaly.
    min_days : int
        Fewer usable days than this and each day is compared with the median of the last eight
        days of the same weekday instead.

    Notes
    -----
    Local level with fixed weekday effects: the ratio of level to noise variance by maximum
    likelihood, the effects by generalised least squares, residuals one day ahead, their scale
    by the median absolute deviation. An anomaly does not move the level unless it lasts more
    than three days.

    Raises
    ------
    MethodError
        When fewer than 21 days have data, the series does not vary, or shapes differ.
    """
    y = np.asarray(y, dtype=float)
    if y.ndim != 1:
        refuse("y", f"of shape {y.shape}", "one-dimensional")
    events = np.zeros(len(y), dtype=bool) if known is None else np.asarray(known, dtype=bool)
    if events.shape != y.shape:
        refuse("known", f"of shape {events.shape}", f"of shape {y.shape}, as y is")
    if not threshold > 0:
        refuse("threshold", threshold, "above 0")
    usable = np.isfinite(y) & ~events
    if usable.sum() < MIN_FALLBACK:
        refuse("days with data and no known event", int(usable.sum()), f"at least {MIN_FALLBACK}")
    if np.ptp(y[usable]) == 0:
        refuse("y", "constant", "a series that varies")
    if usable.sum() >= max(min_days, 21):
        expected, spread = _local_level(y, usable, threshold)
        method = "local_level"
    else:
        expected, spread = _weekday_median(y, usable), np.ones(len(y))
        method = "weekday_median"
    return _score(y, expected, spread, usable, threshold, method)


def _score(
    y: np.ndarray,
    expected: np.ndarray,
    spread: np.ndarray,
    usable: np.ndarray,
    threshold: float,
    method: str,
) -> Anomalies:
    residual = (y - expected) / spread
    scale = _mad(residual[usable & np.isfinite(residual)])
    if not scale > 1e-9 * float(np.std(y[usable])):
        refuse(
            "the residual of most days",
            0,
            "above 0",
            hint="leave out a series that moves so rarely",
        )
    score = residual / scale
    reach = threshold * scale * spread
    tested = int(np.isfinite(score).sum())
    with np.errstate(invalid="ignore"):
        flagged = np.abs(score) > threshold
    false_alarms = tested * 2 * float(norm.sf(threshold))
    return Anomalies(
        expected, expected - reach, expected + reach, score, flagged, tested, false_alarms, method
    )


def _mad(residual: np.ndarray) -> float:
    """Median absolute residual as a standard deviation; the residuals are centred on zero."""
    return 1.4826 * float(np.median(np.abs(residual))) if len(residual) else 0.0


def _weekday_median(y: np.ndarray, usable: np.ndarray) -> np.ndarray:
    expected = np.full(len(y), np.nan)
    for t in range(len(y)):
        earlier = np.arange(t - 7, -1, -7)
        values = y[earlier][usable[earlier]][:SAME_WEEKDAYS]
        if len(values) >= 2:
            expected[t] = np.median(values)
    return expected


def _local_level(
    y: np.ndarray, usable: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """One-day-ahead forecasts and their relative standard deviations."""
    weekday = np.arange(len(y))[:, None] % 7
    week = (weekday == np.arange(6)).astype(float) - (weekday == 6)
    table = np.column_stack([np.where(usable, y, 0.0), week])
    learn = usable
    for _ in range(2):
        ratio = optimize.minimize_scalar(
            lambda log_ratio, rows=learn: _fit(table, rows, np.exp(log_ratio))[0],
            bounds=(-12.0, 4.0),
            method="bounded",
            options={"xatol": 0.1},
        ).x
        _, effects = _fit(table, learn, np.exp(ratio))
        expected, spread, spikes = _forecast(y - week @ effects, usable, np.exp(ratio), threshold)
        learn = usable & ~spikes
    return expected + week @ effects, spread


def _fit(table: np.ndarray, learn: np.ndarray, ratio: float) -> tuple[float, np.ndarray]:
    """Minus twice the log likelihood at a variance ratio, and the weekday effects.

    The Kalman filter is linear: run over y and the weekday columns side by side, it turns
    generalised into ordinary least squares of the innovations.
    """
    level, variance = table[learn][0], 1.0
    innovations, variances = [], []
    started = False
    for row, used in zip(table, learn, strict=True):
        variance += ratio
        if not used:
            continue
        if not started:
            started, variance = True, 1.0
            continue
        total = variance + 1
        gap = row - level
        innovations.append(gap / np.sqrt(total))
        variances.append(total)
        level = level + variance / total * gap
        variance = variance / total
    white = np.array(innovations)
    effects, *_ = np.linalg.lstsq(white[:, 1:], white[:, 0], rcond=None)
    gap = white[:, 0] - white[:, 1:] @ effects
    noise = max(gap @ gap / len(gap), np.finfo(float).tiny)
    return len(gap) * np.log(noise) + np.log(variances).sum(), effects


def _forecast(
    y: np.ndarray, usable: np.ndarray, ratio: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts of the deseasonalised series by a filter that spikes do not move."""
    expected, spread = np.full(len(y), np.nan), np.full(len(y), np.nan)
    spikes = np.zeros(len(y), dtype=bool)
    scale = _mad(np.diff(y[usable])) / np.sqrt(2 + ratio)
    first = int(np.flatnonzero(usable)[0])
    level, variance, row = float(np.median(y[usable][:7])), 1.0, 0
    for t in range(first + 1, len(y)):
        variance += ratio
        total = variance + 1
        expected[t], spread[t] = level, np.sqrt(total)
        if not usable[t]:
            continue
        gap = y[t] - level
        row = row + 1 if abs(gap) > threshold * scale * spread[t] else 0
        if 0 < row <= BRIDGE:
            spikes[t] = True
            continue
        level += variance / total * gap
        variance = variance / total
    return expected, spread, spikes
