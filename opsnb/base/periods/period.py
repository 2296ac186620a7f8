"""Runs of whole local days: their names, neighbours, and what they compare with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from opsnb.base.errors import PeriodError, did_you_mean
from opsnb.base.messages import Language, Text

Kind = Literal["day", "week", "month", "quarter", "year", "range"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_DAY = dt.timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Calendar:
    """How a team cuts its year: the first month of its fiscal year, the first day of its week."""

    fiscal_month_start: int = 1
    week_start: Literal["monday", "sunday"] = "monday"

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_month_start <= 12:
            raise PeriodError(
                f"no month {self.fiscal_month_start}",
                where="fiscal_month_start",
                hint="a number from 1 (January) to 12",
            )
        if self.week_start not in ("monday", "sunday"):
            raise PeriodError(
                f'a week cannot start on "{self.week_start}"',
                where="week_start",
                hint="monday or sunday",
            )

    @property
    def week_shift(self) -> dt.timedelta:
        """From the first day of a week to the Monday that names it."""
        return _DAY if self.week_start == "sunday" else dt.timedelta()

    def fiscal(self, day: dt.date) -> tuple[int, int]:
        """Fiscal year of a day, and its month in it (0 to 11)."""
        months = day.year * 12 + day.month - 1 - (self.fiscal_month_start - 1)
        year, month = divmod(months, 12)
        return year + (self.fiscal_month_start > 1), month

    def fiscal_start(self, year: int, month: int) -> dt.date:
        """First day of a month (from 0) of a fiscal year."""
        first = (year - (self.fiscal_month_start > 1)) * 12 + self.fiscal_month_start - 1 + month
        return _month_start(first)


@dataclass(frozen=True)
class Period:
    """A run of whole local days.

    Attributes
    ----------
    kind : str
        day, week, month, quarter, year or range.
    start, end : date
        First and last day, both inside.
    calendar : Calendar
        What names quarters, years and weeks.
    """

    kind: Kind
    start: dt.date
    end: dt.date
    calendar: Calendar = field(default=Calendar(), repr=False)

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise PeriodError(
                f"{self.end} is before {self.start}", where="period", hint="swap the two dates"
            )

    # -- names -----------------------------------------------------------------------

    @property
    def key(self) -> str:
        """The name that `parse` reads back."""
        if self.kind == "day":
            return self.start.isoformat()
        if self.kind == "range":
            return f"{self.start}..{self.end}"
        if self.kind == "month":
            return f"{self.start:%Y-%m}"
        if self.kind == "week":
            year, week = self._iso
            return f"{year:04d}-W{week:02d}"
        year, month = self.calendar.fiscal(self.start)
        return f"{year:04d}" if self.kind == "year" else f"{year:04d}-Q{month // 3 + 1}"

    @property
    def text(self) -> Text:
        """The period's name as a text, for use inside other texts."""
        days = {"start": self.start, "end": self.end}
        if self.kind in ("day", "month", "range"):
            return Text(f"data.period.{self.kind}", days)
        if self.kind == "week":
            iso_year, week = self._iso
            return Text("data.period.week", {**days, "year": str(iso_year), "week": str(week)})
        fiscal = "fiscal_" if self.calendar.fiscal_month_start > 1 else ""
        year, month = self.calendar.fiscal(self.start)
        named = {**days, "year": str(year), "quarter": str(month // 3 + 1)}
        return Text(f"data.period.{fiscal}{self.kind}", named)

    def say(self, language: Language) -> str:
        """The period's name in a language: "October 2026", "2026年10月"."""
        return language.say(self.text)

    @property
    def label(self) -> str:
        """The period's name in English."""
        return self.say(Language("en"))

    def __str__(self) -> str:
        return self.key

    # -- days ------------------------------------------------------------------------

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days + 1

    @property
    def dates(self) -> Iterator[dt.date]:
        """Each day in turn."""
        return (self.start + n * _DAY for n in range(self.days))

    @property
    def weekdays(self) -> tuple[int, ...]:
        """How often each weekday occurs, Monday first."""
        counts = [0] * 7
        for day in self.dates:
            counts[day.weekday()] += 1
        return tuple(counts)

    def contains(self, day: dt.date) -> bool:
        """Whether a day (or the day of a time) lies inside."""
        day = day.date() if isinstance(day, dt.datetime) else day
        return self.start <= day <= self.end

    def bounds(self, zone: str | ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
        """First instant, and the first instant after, in UTC.

        Local days of 23 or 25 hours come out right; where a day has no midnight
        (the clocks go forward at 0:00), it begins at the change.
        """
        zone = ZoneInfo(zone) if isinstance(zone, str) else zone
        first, after = (
            dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
            for day in (self.start, self.end + _DAY)
        )
        return first, after

    # -- neighbours ------------------------------------------------------------------

    def next(self) -> Period:
        """The period that begins the day after this one; a range keeps its length."""
        if self.kind in _MONTHS:
            return containing(self.kind, self.end + _DAY, self.calendar)
        return self._shifted(self.days)

    def previous(self) -> Period:
        """The period that ends the day before this one; a range keeps its length."""
        if self.kind in _MONTHS:
            return containing(self.kind, self.start - _DAY, self.calendar)
        return self._shifted(-self.days)

    def last_year(self) -> Period:
        """The same period a year earlier.

        Month, quarter and year keep their name. A week keeps its ISO number; week 53 is
        compared with week 52 where the year before has no week 53 (`last_year_note` says
        so). Days and ranges move by 364 days, so that weekdays agree.
        """
        if self.kind in _MONTHS:
            return containing(self.kind, _year_before(self.start), self.calendar)
        if self.kind == "week":
            year, week = self._iso
            return week_of(year - 1, min(week, weeks_in(year - 1)), self.calendar)
        return self._shifted(-364)

    def last_year_note(self) -> Text | None:
        """What a comparison with last year has to say beside its number, if anything."""
        before = self.last_year()
        if self.kind == "week" and before._iso[1] != self._iso[1]:
            year, week = before._iso
            return Text.of("data.period.no_week_53", year=str(year), week=str(week))
        if self.kind == "month" and before.days != self.days:
            return Text.of("data.period.leap", before=before.text, days=before.days, now=self.days)
        return None

    def same_weekdays_before(self) -> Period:
        """The nearest earlier range of the same length whose weekdays agree day by day.

        It ends before this period starts: the fair base for a campaign of a few days.
        """
        weeks = -(-self.days // 7)
        return self._shifted(-7 * weeks, kind="range")

    def last_year_same_weekdays(self) -> Period:
        """The range 364 days (52 weeks) earlier: weekdays agree day by day."""
        return self._shifted(-364, kind="range")

    def _shifted(self, days: int, kind: Kind | None = None) -> Period:
        step = dt.timedelta(days=days)
        try:
            start, end = self.start + step, self.end + step
        except OverflowError as error:
            raise PeriodError(f"no period {days} days from {self.key}") from error
        return Period(kind or self.kind, start, end, self.calendar)

    @property
    def _iso(self) -> tuple[int, int]:
        iso = (self.start + self.calendar.week_shift).isocalendar()
        return iso.year, iso.week


def containing(kind: Kind, day: dt.date, calendar: Calendar | None = None) -> Period:
    """The day, week, month, quarter or year that a day lies in.

    >>> containing("quarter", dt.date(2026, 10, 5)).key
    '2026-Q4'
    """
    calendar = calendar or Calendar()
    if isinstance(day, dt.datetime):
        day = day.date()
    if kind == "day":
        return Period("day", day, day, calendar)
    if kind == "week":
        iso = (day + calendar.week_shift).isocalendar()
        return week_of(iso.year, iso.week, calendar)
    if kind not in _MONTHS:
        raise PeriodError(
            f'no calendar period of kind "{kind}"',
            hint=did_you_mean(kind, ["day", "week", *_MONTHS], kind="kinds"),
        )
    year, month = calendar.fiscal(day)
    size = _MONTHS[kind]
    start = calendar.fiscal_start(year, month - month % size)
    return Period(kind, start, _add_months(start, size) - _DAY, calendar)


def latest(
    kind: Kind,
    as_of: dt.date,
    calendar: Calendar | None = None,
    *,
    reached: dt.date | None = None,
) -> Period:
    """The last complete period: the last one that was over before the day `as_of`.

    Data taken on a day does not hold the whole of it, so that day never counts as complete.
    Where the data end (`reached`) before that period begins, it is the last one that they hold
    in whole.
    """
    period = containing(kind, as_of, calendar).previous()
    if reached is None or reached >= period.start:
        return period
    return containing(kind, reached + _DAY, calendar).previous()


def between(start: dt.date, end: dt.date, calendar: Calendar | None = None) -> Period:
    """A range of days, both ends inside: the window of a campaign or an experiment."""
    return Period("range", start, end, calendar or Calendar())


def week_of(year: int, week: int, calendar: Calendar) -> Period:
    """The ISO week of a year; ValueError where the year has none of that number."""
    start = dt.date.fromisocalendar(year, week, 1) - calendar.week_shift
    return Period("week", start, start + 6 * _DAY, calendar)


def weeks_in(year: int) -> int:
    """ISO weeks of a year: 28 December always lies in the last one."""
    return dt.date(year, 12, 28).isocalendar().week


def _year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1)  # only first days of months come here


def _month_start(months: int) -> dt.date:
    year, month = divmod(months, 12)
    return dt.date(year, month + 1, 1)


def _add_months(first: dt.date, months: int) -> dt.date:
    return _month_start(first.year * 12 + first.month - 1 + months)
