"""A table's rows on each day beside what is usual on it: the same weekdays nearby."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.low_tail import low_tail

LEAST_SHARE = 0.2
"""A day with less than this part of what its weekday usually has is not whole."""

LEAST_ROWS = 20
"""Rows that silent days together would usually have, below which their silence says nothing."""

RARE = 1 / 3
"""Largest share of silent days among those of a weekday at which silence is no habit."""

NEIGHBOURS = 6
"""Days of the same weekday, before and after, that say what is usual."""

LEAST_BESIDE = 3
"""Fewer of them say nothing."""

MOST_LONG = 2
"""Long silences that are no habit."""

LONG = 14
"""Days without a row from which a silence is no neighbour of the days beside it."""

UNLIKELY = 1e-4
"""Chance of so few rows, by how low the table's other days go, above which they are no gap."""

LIKELY_NONE = 3.0
"""Rows that may well not have come by chance: `exp(-3)` is 5 %."""

SURPRISE = 0.05
"""Chance below which days without a row are a surprise."""

_FARTHEST = 400

_DAY = dt.timedelta(days=1)


class DailyRows:
    """Rows on each day from the first to the last, and what is usual on it.

    Attributes
    ----------
    n : array of int, shape (days,)
    usual : array of float, shape (days,)
        Median of its weekday nearby; 0 where silence is a habit.
    mean : array of float, shape (days,)
        Mean of its weekday nearby, silent days counted; of all days where it has no other.
    silent : array of bool, shape (days,)
        Far fewer rows than usual.
    chance : array of float, shape (days,)
        Of as few rows, by how low the other days go.
    """

    def __init__(
        self,
        seen: Mapping[dt.date, Day],
        real: frozenset[dt.date],
        resting: frozenset[dt.date],
    ) -> None:
        self.start = min(seen)
        length = (max(seen) - self.start).days + 1
        self.n = np.zeros(length)
        for day, one in seen.items():
            self.n[(day - self.start).days] = one.shown
        self.usual, self.mean = _usual(self.n)
        self.real = np.array([self.day(i) in real for i in range(length)])
        rests = np.array([self.day(i) in resting for i in range(length)])
        self.silent = (self.n < LEAST_SHARE * self.usual) & ~self.real & ~(rests & (self.n == 0))
        told = ~self.real & ~rests
        self.chance = low_tail(self.n[told], self.usual[told]).chance(self.n, self.usual)

    def day(self, index: int | np.integer[Any]) -> dt.date:
        return self.start + int(index) * _DAY

    def zeros(self) -> list[dt.date]:
        """Days without a row on which none was to be expected, or that the team calls real."""
        return [self.day(i) for i in np.flatnonzero((self.n == 0) & ~self.silent)]

    def silences(self) -> list[tuple[int, int]]:
        """Runs (first, last) of silent days that are no chance, idle days between them included."""
        idle = (self.n == 0) & ~self.real
        quiet = self.silent | idle
        found = []
        for is_quiet, group in groupby(range(len(self.n)), key=lambda i: bool(quiet[i])):
            run = list(group)
            dumb = [i for i in run if self.silent[i]]
            if is_quiet and dumb and self.usual[dumb].sum() >= LEAST_ROWS:
                found.append((dumb[0], dumb[-1]))
        return found

    def quiet_runs(self) -> list[int]:
        """Lengths of the runs of days without a row that are no gap, the longest first."""
        runs = groupby((self.n == 0) & ~(self.silent & (self.chance < UNLIKELY)))
        return sorted((len(list(group)) for empty, group in runs if empty), reverse=True)

    def quiet_before(self, low: int) -> int:
        """Days before a first day on which no row is no surprise."""
        return self._quiet(self.start.weekday() + low, -1)

    def quiet_after(self, high: int) -> int:
        """Days after a last day on which no row is no surprise."""
        return self._quiet(self.start.weekday() + high, 1)

    def _quiet(self, weekday: int, step: int) -> int:
        """Days beyond an edge on which no row is no surprise: by chance, or by habit."""
        chances = self._chances_of_none()
        beyond = [chances[(weekday + step * k) % 7] for k in range(1, _FARTHEST)]
        by_chance = int((np.cumprod(beyond) >= SURPRISE).sum())
        runs = self.quiet_runs()
        by_habit = runs[2] if len(runs) > 2 else 0
        return max(by_chance, by_habit)

    def _chances_of_none(self) -> np.ndarray:
        """Of a day without rows, by weekday (Monday first): as often as there were some, drawn
        towards all days where there are few of a weekday, and no more than rows by chance allow."""
        short = ~_in_long_silence(self.n)
        weekday = (self.start.weekday() + np.arange(len(self.n))) % 7
        empty = self.n == 0
        overall = (empty[short].sum() + 1) / (short.sum() + 2)
        found = np.zeros(7)
        for day in range(7):
            own = short & (weekday == day)
            often = (empty[own].sum() + 2 * overall) / (own.sum() + 2)
            mean = self.n[own].mean() if own.any() else self.n[short].mean()
            found[day] = min(often, np.exp(-mean))
        return found


def _usual(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and mean of the same weekdays nearby, a day itself and long silences left out.

    The median is that of the side with fewer rows: before a launch, or after a fall, days are not
    held against what came later, or before.
    """
    short = ~_in_long_silence(n)
    usual, mean = np.zeros(len(n)), np.full(len(n), n[short].mean())
    rows, told = n.tolist(), short.tolist()
    for offset in range(min(7, len(n))):
        own = range(offset, len(n), 7)
        known = [rows[day] for day in own if told[day]]
        at = 0  # days of this weekday before the one that is looked at
        for index in own:
            after = at + told[index]
            sides = known[max(0, at - NEIGHBOURS) : at], known[after : after + NEIGHBOURS]
            at = after
            beside = sides[0] + sides[1]
            if not beside:
                continue
            mean[index] = sum(beside) / len(beside)
            if len(beside) < LEAST_BESIDE:
                continue
            level = _level(rows, told, index, *sides)
            if sum(one < LEAST_SHARE * level for one in beside) <= RARE * len(beside):
                usual[index] = level
    return usual, mean


def _level(
    rows: Sequence[float],
    told: Sequence[bool],
    index: int,
    before: Sequence[float],
    after: Sequence[float],
) -> float:
    """Median of the days with rows, of the lower side; 0 where too little came before."""
    if len(before) < LEAST_BESIDE:
        recent = range(max(0, index - 21), index)
        before = [rows[day] for day in recent if told[day]]
        if len(before) < 7:
            return 0.0
    sides = [[one for one in side if one > 0] for side in (before, after)]
    return min((statistics.median(some) for some in sides if some), default=0.0)


def _in_long_silence(n: np.ndarray) -> np.ndarray:
    """Days of long silences, unless those are a habit: rows that come in batches."""
    runs = [list(g) for empty, g in groupby(range(len(n)), key=lambda i: bool(n[i] == 0)) if empty]
    long = [run for run in runs if len(run) >= LONG]
    out = np.zeros(len(n), dtype=bool)
    if len(long) <= MOST_LONG:
        out[[day for run in long for day in run]] = True
    return out
