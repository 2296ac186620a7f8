"""What is on record of `series`: in which step rows come, from when to when, and what lacks.

A row of `series` is a measurement. A day (week, month, ...) without one is unknown, never zero,
and so is one whose value is empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from opsnb.analysis.metrics.on_record import SERIES
from opsnb.analysis.metrics.rows import RowDefinition, Rows
from opsnb.base.periods import Every, Period, Steps, coarsest

if TYPE_CHECKING:
    from opsnb.base.periods import Calendar

_LEAST_DISTANCE: tuple[tuple[Every, int], ...] = (
    ("year", 270),
    ("quarter", 60),
    ("month", 20),
    ("week", 5),
)
"""Days between neighbouring rows, the median, from which on they come by that step."""

LONE_ROWS, SILENCE = 2, 14
"""So few rows before so many empty steps are strays: they do not begin the record."""

SPACED = 5
"""A single row before so many empty steps is one too."""

LATE: Mapping[Every, int] = {"day": 28, "week": 8, "month": 3, "quarter": 2, "year": 1}
"""Steps up to which a part that is silent at an end of the record is late, not over."""

SPARSE = 0.5
"""A part with values in fewer of its steps comes now and then: its silence tells nothing."""

USUAL_WEEKDAY = 0.1
"""Rows on a weekday, of those on the commonest one, from which on they are expected there."""


@dataclass(frozen=True)
class SeriesRecord:
    """Which steps of a metric (or a region of it) have a value.

    Attributes
    ----------
    steps : Steps
        In which its rows come.
    held : frozenset of int
        Numbers of the steps that have a value of every part that the metric adds up.
    weekdays : frozenset of int
        Weekdays on which rows come (Monday is 0); all of them where they do not come by the day.
    offset : int
        Days from a step's first day to its row's date, the median.
    aside : tuple of date
        Strays long before the rest, which do not begin the record.
    """

    steps: Steps
    held: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset(range(7))
    offset: int = 0
    aside: tuple[dt.date, ...] = ()

    @property
    def every(self) -> Every:
        return self.steps.every

    @property
    def first(self) -> dt.date | None:
        """First day of the first step on record."""
        return self.steps.start(min(self.held)) if self.held else None

    @property
    def last(self) -> dt.date | None:
        """Last day of the last step on record."""
        return self.steps.end(max(self.held)) if self.held else None

    def expects(self, number: int) -> bool:
        """Whether a step may hold a row at all: a series of working days has none on Sundays."""
        return self.every != "day" or dt.date.fromordinal(number).weekday() in self.weekdays

    def expected(self, first: dt.date, last: dt.date) -> list[int]:
        """Steps wholly within some days that should hold a row, on record or not."""
        return [n for n in self.steps.within(first, last) if self.expects(n)]

    def missing(self, first: dt.date, last: dt.date) -> list[Period]:
        """Those of the expected steps without a value."""
        lacking = [n for n in self.expected(first, last) if n not in self.held]
        return [self.steps.period(n) for n in lacking]

    def has(self, day: dt.date) -> bool:
        """Whether the step that holds a day is on record."""
        return self.steps.number(day) in self.held

    def coverage(self, period: Period) -> tuple[int, int]:
        """Steps on record, and all that should be, whose row is dated in a period."""
        first, last = period.start, period.end
        shift = dt.timedelta(days=self.offset)
        near = range(self.steps.number(first), self.steps.number(last) + 1)
        dates = {n: min(self.steps.start(n) + shift, self.steps.end(n)) for n in near}
        dated = [n for n, day in dates.items() if self.expects(n) and first <= day <= last]
        return sum(n in self.held for n in dated), len(dated)


class SeriesRecords:
    """The records of a workspace's `series`, each worked out when it is first asked for.

    Parameters
    ----------
    unrecorded : collection of date
        Days of the table that are known not to be on record, whatever rows there are.
    first, last : date, optional
        Edges of the record, where the team states them.
    """

    def __init__(
        self,
        rows: Rows,
        unrecorded: Collection[dt.date] = (),
        first: dt.date | None = None,
        last: dt.date | None = None,
    ) -> None:
        self._rows = rows
        self._unrecorded = frozenset(unrecorded)
        self._edges = first or dt.date.min, last or dt.date.max
        self._known: dict[tuple[str, str, str | None], list[_Part]] = {}

    @property
    def calendar(self) -> Calendar:
        return self._rows.workspace.calendar

    def of(self, metric: RowDefinition, every: Every | None = None) -> SeriesRecord:
        """The record of a metric over all its units.

        Parameters
        ----------
        every : str, optional
            The step to read it in; the one in which its rows come where it is not given.
        """
        return _record(self._parts(metric, None), self.calendar, every or _declared(metric))

    def by(
        self, metric: RowDefinition, column: str, every: Every | None = None
    ) -> dict[str, SeriesRecord]:
        """The records of a metric's groups (its regions, where `column` is `unit`)."""
        parts = self._parts(metric, column)
        every = every or _declared(metric) or _record(parts, self.calendar, None).every
        groups: dict[str, list[_Part]] = {}
        for part in parts:
            groups.setdefault(part.group, []).append(part)
        return {name: _record(own, self.calendar, every) for name, own in groups.items()}

    def _parts(self, metric: RowDefinition, by: str | None) -> list[_Part]:
        """What the metric is made of: the rows of each name and unit (and group)."""
        key = (metric.id, metric.where, by)
        if key not in self._known:
            self._known[key] = list(self._read(metric, by))
        return self._known[key]

    def _read(self, metric: RowDefinition, by: str | None) -> Iterator[_Part]:
        keys = list(dict.fromkeys(["metric", "unit", *([by] if by else [])]))
        rows = self._rows.of(metric, keep=(*keys, "value"))
        counted = rows.group_by([*keys, "_day"]).agg(_rows=rows.count(), _n=rows["value"].count())
        for _, own in counted.execute().groupby(keys, dropna=False):
            days = [stamp.date() for stamp in pd.to_datetime(own["_day"])]
            full = (own["_n"] == own["_rows"]).to_numpy()
            known = {day for day, ok in zip(days, full, strict=True) if ok} - self._unrecorded
            known = {day for day in known if self._edges[0] <= day <= self._edges[1]}
            group = str(own[by].iloc[0]) if by else ""
            yield _Part.of(group, known, set(days) - known)


def stated_of(rows: Rows) -> tuple[frozenset[dt.date], dt.date | None, dt.date | None]:
    """What opsnb.toml says of `series`: days not on record, and the edges of the record."""
    config = rows.workspace.tables.get(SERIES)
    if config is None:
        return frozenset(), None, None
    gaps = frozenset(day for span in config.gaps for day in span.days)
    return gaps, config.recorded_from, config.recorded_until


def control_definition(name: str) -> RowDefinition:
    """A series of its own name over all regions, as a metric's definition."""
    quoted = name.replace("'", "''")
    where = f"metric = '{quoted}' and unit = 'all'"
    return RowDefinition(id="series", table="series", value="value", where=where)


def _declared(metric: RowDefinition) -> Every | None:
    return getattr(metric, "every", None)


@dataclass(frozen=True)
class _Part:
    """The rows of one name and unit: days with a value, and days whose value is empty."""

    group: str
    known: frozenset[dt.date]
    empty: frozenset[dt.date]
    every: Every | None
    aside: tuple[dt.date, ...] = field(default=())

    @classmethod
    def of(cls, group: str, known: Iterable[dt.date], empty: Iterable[dt.date]) -> _Part:
        days = sorted(known)
        every = step_of(days)
        strays = _strays(days, every or "day")
        return cls(group, frozenset(days[strays:]), frozenset(empty), every, tuple(days[:strays]))


def step_of(days: Iterable[dt.date]) -> Every | None:
    """The step in which rows of these days come; None where they are too few to tell."""
    ordinals = np.array(sorted({day.toordinal() for day in days}))
    if len(ordinals) < 3:
        return None
    usual = np.quantile(np.diff(ordinals), 0.5, method="lower")
    return next((every for every, least in _LEAST_DISTANCE if usual >= least), "day")


def _strays(days: list[dt.date], every: Every) -> int:
    """How many of the first rows stand alone, long before the rest."""
    numbers = [Steps(every).number(day) for day in days]
    found, start = 0, 0
    for n in range(len(numbers) - 1):
        silence, lone = numbers[n + 1] - numbers[n] - 1, n + 1 - start
        if (lone == 1 and silence >= SPACED) or (lone <= LONE_ROWS and silence >= SILENCE):
            found = start = n + 1
        elif lone > LONE_ROWS:
            break
    return found if len(days) - found > max(LONE_ROWS, found) else 0


def _record(parts: list[_Part], calendar: Calendar, every: Every | None) -> SeriesRecord:
    """The steps that every part has a value in."""
    steps = Steps(every or coarsest([part.every for part in parts if part.every]), calendar)
    aside = tuple(sorted({day for part in parts for day in part.aside}))
    known = [part for part in parts if part.known]
    if not known:
        return SeriesRecord(steps, aside=aside)
    weekdays = _weekdays(known) if steps.every == "day" else frozenset(range(7))
    whole = [_whole_steps(part, steps, weekdays) for part in known]
    every_step = set().union(*whole)
    if not every_step:
        return SeriesRecord(steps, aside=aside)
    held = set(every_step)
    for part, own in zip(known, whole, strict=True):
        if own:
            held -= _gaps(own, every_step, LATE[steps.every])
        held -= {steps.number(day) for day in part.empty}
    dates = [day for part in known for day in part.known]
    offset = int(np.median([(day - steps.start(steps.number(day))).days for day in dates]))
    return SeriesRecord(steps, frozenset(held), weekdays, offset, aside)


def _gaps(own: set[int], every_step: set[int], late: int) -> set[int]:
    """Steps in which a part should have had a value and has none."""
    low, high, first, last = min(every_step), max(every_step), min(own), max(own)
    span = [n for n in every_step if first <= n <= last]
    if len(own) < SPARSE * len(span):
        return set()
    begin = low if first - low <= late else first
    end = high if high - last <= late else last
    return {n for n in every_step if begin <= n <= end} - own


def _whole_steps(part: _Part, steps: Steps, weekdays: Collection[int]) -> set[int]:
    """Steps that a part covers: by one row, or by all the rows of its finer step."""
    counts: dict[int, int] = {}
    for day in part.known:
        number = steps.number(day)
        counts[number] = counts.get(number, 0) + 1
    own = part.every or steps.every
    if own == steps.every or coarsest([own, steps.every]) == own:
        return set(counts)
    finer = Steps(own, steps.calendar)
    usual = _weekdays([part]) if own == "day" else range(7)

    def needed(number: int) -> int:
        inside = finer.within(steps.start(number), steps.end(number))
        if own != "day":
            return len(inside)
        return sum(dt.date.fromordinal(n).weekday() in usual for n in inside)

    return {number for number, count in counts.items() if count >= needed(number)}


def _weekdays(parts: Iterable[_Part]) -> frozenset[int]:
    """Weekdays on which rows come; all of them in the first three weeks of a record."""
    days = [day for part in parts for day in part.known]
    if (max(days) - min(days)).days < 21:
        return frozenset(range(7))
    counts = np.bincount([day.weekday() for day in days], minlength=7)
    return frozenset(int(n) for n in np.flatnonzero(counts >= USUAL_WEEKDAY * counts.max()))


def together(records: Sequence[SeriesRecord]) -> SeriesRecord:
    """What is on record of several metrics of the same step at once."""
    first, *rest = records
    held = first.held.intersection(*(record.held for record in rest))
    aside = tuple(sorted({day for record in records for day in record.aside}))
    return replace(first, held=held, aside=aside)
