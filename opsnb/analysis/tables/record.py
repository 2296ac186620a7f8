"""From when to when a table is on record, and which of the days between are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from opsnb.base.messages import Said

State = Literal["whole", "partial", "gap", "known gap", "zero", "before", "after"]
"""What is known of a day. whole: its rows are all there. partial: recording began or ended in
the course of it. gap: far too few rows, or none. known gap: the team says so. zero: nothing
happened, so the team or the calendar says. before, after: outside the record."""

Cause = Literal["empty", "witness", "stated", "tracking"]
"""Why a day counts as not recorded. empty: no row where some are usual. witness: few rows while
another table held. stated: `gaps` in opsnb.toml. tracking: an event of that kind in
plans/events.toml."""

Side = Literal["before", "after"]
"""Of the record."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Gap:
    """Days in a row that are not on record.

    Attributes
    ----------
    rows, usual : int
        Rows that are there, and what these weekdays usually have; they are left out.
    cause : Cause
    name : Said, optional
        What the team calls it.
    """

    start: dt.date
    end: dt.date
    rows: int
    usual: int
    cause: Cause
    name: Said | None = None

    @property
    def days(self) -> Iterator[dt.date]:
        return (self.start + n * _DAY for n in range((self.end - self.start).days + 1))

    @property
    def share(self) -> float | None:
        """The part of the usual rows that is there."""
        return self.rows / self.usual if self.usual else None


@dataclass(frozen=True)
class Stray:
    """Rows far from all others: they move no edge of the record, and are left out."""

    start: dt.date
    end: dt.date
    rows: int
    side: Side


@dataclass(frozen=True)
class Record:
    """What is on record of a table (or of one series), day by day.

    Attributes
    ----------
    table : str
    first, last : date or None
        First and last day on record as a whole; None where nothing is.
    gaps : tuple of Gap
        Days between that are not, in order.
    began, ended : datetime or None
        First and last row of the days in the course of which recording began or ended.
    zeros : frozenset of date
        Days without rows on which nothing happened.
    strays : tuple of Stray
    rows : mapping of date to int
        Rows by day, of days that have some.
    """

    table: str
    first: dt.date | None = None
    last: dt.date | None = None
    gaps: tuple[Gap, ...] = ()
    began: dt.datetime | None = None
    ended: dt.datetime | None = None
    zeros: frozenset[dt.date] = frozenset()
    strays: tuple[Stray, ...] = ()
    rows: Mapping[dt.date, int] = field(default_factory=dict, repr=False)

    def state(self, day: dt.date) -> State:
        """What is known of a day."""
        if day in self.edges and not self._within(day):
            return "partial"
        if self.first is None or day < self.first:
            return "before"
        if self.last is None or day > self.last:
            return "after"
        gap = self.gap_on(day)
        if gap is not None:
            return "known gap" if gap.cause in ("stated", "tracking") else "gap"
        return "zero" if day in self.zeros else "whole"

    def gap_on(self, day: dt.date) -> Gap | None:
        return next((gap for gap in self.gaps if gap.start <= day <= gap.end), None)

    def gaps_in(self, start: dt.date, end: dt.date) -> list[Gap]:
        """Gaps that a span touches."""
        return [gap for gap in self.gaps if gap.start <= end and gap.end >= start]

    def lacks(self, start: dt.date, end: dt.date) -> frozenset[dt.date]:
        """Days of a span, both ends included, that are not on record as a whole."""
        days = (start + n * _DAY for n in range((end - start).days + 1))
        missing = {day for gap in self.gaps_in(start, end) for day in gap.days}
        return frozenset(day for day in days if day in missing or not self._within(day))

    def left_out(self, start: dt.date, end: dt.date) -> frozenset[dt.date]:
        """Days of a span whose rows count nowhere: those of gaps, and those outside the record
        but for the days in the course of which recording began or ended."""
        return self.lacks(start, end) - self.edges

    @property
    def aside(self) -> frozenset[dt.date]:
        """Days with rows that count nowhere."""
        if not self.rows:
            return frozenset()
        return self.left_out(min(self.rows), max(self.rows)) & self.rows.keys()

    @property
    def edges(self) -> frozenset[dt.date]:
        """Days in the course of which recording began or ended."""
        return frozenset(at.date() for at in (self.began, self.ended) if at is not None)

    def covers(self, start: dt.date, end: dt.date) -> bool:
        """Whether every day of a span is on record."""
        return self._within(start) and self._within(end) and not self.gaps_in(start, end)

    def _within(self, day: dt.date) -> bool:
        return self.first is not None and self.last is not None and self.first <= day <= self.last


def runs(days: Iterable[dt.date]) -> list[list[dt.date]]:
    """Unbroken runs of days, in order."""
    found: list[list[dt.date]] = []
    for day in sorted(days):
        if found and day - found[-1][-1] == _DAY:
            found[-1].append(day)
        else:
            found.append([day])
    return found
