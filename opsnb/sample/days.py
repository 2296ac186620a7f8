"""Days as indices from START, and how keen the market is on each of them."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from opsnb.sample.draws import stream
from opsnb.sample.truth import END, START

DAYS = (END - START).days + 1
EPOCH = np.datetime64(START, "s")
DAY_SECONDS = 86_400

_WEEKDAY = np.array([0.96, 0.95, 0.96, 0.97, 1.00, 1.10, 1.08])  # Monday first

# Season: first day, last day, change of demand. Spring Festival follows the lunar calendar:
# 2025-01-29 and 2026-02-17, each with a shopping rush before it. Golden Week has none: people
# travel, and what its campaign adds is then no season.
_SEASONS: tuple[tuple[str, str, float], ...] = (
    ("2024-10-20", "2024-10-31", 0.20),
    ("2024-11-01", "2024-11-08", 0.32),
    ("2024-11-09", "2024-11-11", 1.10),
    ("2024-11-12", "2024-11-18", -0.15),
    ("2024-12-10", "2024-12-12", 0.35),
    ("2025-01-05", "2025-01-24", 0.20),
    ("2025-01-27", "2025-02-03", -0.45),
    ("2025-03-06", "2025-03-08", 0.15),
    ("2025-05-01", "2025-05-05", 0.10),
    ("2025-05-28", "2025-06-03", 0.30),
    ("2025-06-04", "2025-06-14", 0.12),
    ("2025-06-15", "2025-06-18", 0.80),
    ("2025-06-19", "2025-06-25", -0.12),
    ("2025-07-05", "2025-08-25", -0.05),
    ("2025-08-15", "2025-08-18", 0.22),
    ("2025-09-07", "2025-09-09", 0.20),
    ("2025-10-20", "2025-10-31", 0.20),
    ("2025-11-01", "2025-11-08", 0.32),
    ("2025-11-09", "2025-11-11", 1.10),
    ("2025-11-12", "2025-11-18", -0.15),
    ("2025-12-10", "2025-12-12", 0.35),
    ("2026-01-24", "2026-02-12", 0.20),
    ("2026-02-15", "2026-02-22", -0.45),
    ("2026-03-06", "2026-03-08", 0.15),
    ("2026-05-01", "2026-05-05", 0.10),
    ("2026-05-28", "2026-06-03", 0.30),
    ("2026-06-04", "2026-06-14", 0.12),
    ("2026-06-15", "2026-06-18", 0.80),
    ("2026-06-19", "2026-06-25", -0.12),
    ("2026-07-05", "2026-08-25", -0.05),
    ("2026-08-15", "2026-08-18", 0.22),
    ("2026-09-07", "2026-09-09", 0.20),
    ("2026-09-23", "2026-09-25", 0.08),
    ("2026-10-20", "2026-10-31", 0.20),
)
_PAY_DAYS = (10, 25)
_PAY_LIFT = 0.05
_MOOD_SD, _MOOD_MEMORY = 0.07, 0.75  # weather, news, rivals: a day's mood lingers


def index(day: dt.date) -> int:
    """The day's place, 0 for START; negative before it."""
    return (day - START).days


def date_of(day: int) -> dt.date:
    return START + dt.timedelta(days=int(day))


def dates() -> NDArray[np.datetime64]:
    """All days as datetime64[D], shape (DAYS,)."""
    return np.datetime64(START, "D") + np.arange(DAYS)


def months() -> NDArray[np.int64]:
    """Year and month of each day as YYYYMM, shape (DAYS,)."""
    return np.array([date_of(d).year * 100 + date_of(d).month for d in range(DAYS)])


def between(day: NDArray[np.integer], start: dt.date, end: dt.date) -> NDArray[np.bool_]:
    """Which day indices fall between two dates, both inclusive."""
    return (day >= index(start)) & (day <= index(end))


def ambient(seed: int) -> NDArray[np.float64]:
    """The market's demand on each day, around 1: weekday, season, pay days and mood."""
    level = np.zeros(DAYS + 2)
    for first, last, change in _SEASONS:
        start = index(dt.date.fromisoformat(first))
        stop = index(dt.date.fromisoformat(last))
        level[start + 1 : stop + 2] += np.log1p(change)
    smooth = 0.2 * level[:-2] + 0.6 * level[1:-1] + 0.2 * level[2:]
    weekday = _WEEKDAY[(np.arange(DAYS) + START.weekday()) % 7]
    month_day = np.array([date_of(d).day for d in range(DAYS)])
    pay = sum(_PAY_LIFT * ((month_day >= p) & (month_day < p + 3)) for p in _PAY_DAYS)
    demand: NDArray[np.float64] = np.exp(smooth + _mood(seed)) * weekday * (1 + pay)
    return demand


def _mood(seed: int) -> NDArray[np.float64]:
    """A first-order autoregression around 0, with standard deviation _MOOD_SD."""
    steps = stream(seed, "mood").normal(0, _MOOD_SD * np.sqrt(1 - _MOOD_MEMORY**2), DAYS)
    mood: NDArray[np.float64] = lfilter([1.0], [1.0, -_MOOD_MEMORY], steps)
    return mood


def start_of(day: dt.date) -> int:
    """The day's midnight, in seconds from START."""
    return index(day) * DAY_SECONDS


def end_of(day: dt.date) -> int:
    """The midnight that ends the day, in seconds from START."""
    return start_of(day) + DAY_SECONDS


def timestamps(seconds: NDArray[np.integer]) -> NDArray[np.datetime64]:
    """Seconds from START as naive local times, datetime64[us]."""
    return (EPOCH + seconds.astype("timedelta64[s]")).astype("datetime64[us]")
