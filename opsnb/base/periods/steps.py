"""Steps in which values come: days, weeks, months, quarters or years, one after another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal, get_args

from opsnb.base.periods.period import Calendar, Period, containing

Every = Literal["day", "week", "month", "quarter", "year"]
EVERY: tuple[Every, ...] = get_args(Every)
"""From the finest to the coarsest."""

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Steps:
    """Steps of one kind, numbered without a break; a date lies in the step that holds it.

    >>> weeks = Steps("week")
    >>> weeks.period(weeks.number(dt.date(2026, 10, 7))).key
    '2026-W41'
    """

    every: Every
    calendar: Calendar = field(default=Calendar(), repr=False)

    def number(self, day: dt.date) -> int:
        """The step that holds a day; the next one's number is one more."""
        if self.every == "day":
            return day.toordinal()
        if self.every == "week":
            return ((day + self.calendar.week_shift).toordinal() - 1) // 7
        year, month = self.calendar.fiscal(day)
        return (12 * year + month) // _MONTHS[self.every]

    def start(self, number: int) -> dt.date:
        """First day of a step."""
        if self.every == "day":
            return dt.date.fromordinal(number)
        if self.every == "week":
            return dt.date.fromordinal(7 * number + 1) - self.calendar.week_shift
        year, month = divmod(number * _MONTHS[self.every], 12)
        return self.calendar.fiscal_start(year, month)

    def end(self, number: int) -> dt.date:
        """Last day of a step."""
        return self.start(number + 1) - dt.timedelta(days=1)

    def period(self, number: int) -> Period:
        return containing(self.every, self.start(number), self.calendar)

    def within(self, first: dt.date, last: dt.date) -> range:
        """Numbers of the steps that lie from first to last day as a whole."""
        low, high = self.number(first), self.number(last)
        low += self.start(low) < first
        high -= self.end(high) > last
        return range(low, max(high + 1, low))


def coarsest(every: list[Every]) -> Every:
    """The coarsest of some steps; days where there are none."""
    return max(every, key=EVERY.index, default="day")
