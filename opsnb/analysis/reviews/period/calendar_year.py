"""Last year's value on this year's calendar: weekdays, public holidays, make-up days, Spring
Festival.

A month with five Saturdays is not better than one with four, and a February that holds the
Spring Festival does not compare with one that does not. The days of the base period are
averaged by type of day and laid on the days of this period.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import holidays

from opsnb.analysis.tables.public_holidays import calendar_of
from opsnb.base.periods import Period, between

DayType = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday", "makeup"]
_WEEKDAYS: tuple[DayType, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FESTIVAL_BEFORE, FESTIVAL_AFTER = 25, 20
"""Days around the Spring Festival in which the lunar calendar rules business."""


def day_type(day: dt.date, country: str | None) -> DayType:
    """The weekday, unless it is a public holiday or a make-up working day at a weekend."""
    calendar = calendar_of(country) if country else None
    if calendar is not None:
        if day in calendar:
            return "holiday"
        if day.weekday() >= 5 and calendar.is_working_day(day):
            return "makeup"
    return _WEEKDAYS[day.weekday()]


@functools.cache
def spring_festival(year: int) -> dt.date | None:
    """The first day of the lunar year in a calendar year."""
    calendar = holidays.country_holidays("CN", years=year, language="en_US")
    named = [
        day
        for day, name in calendar.items()
        if day.year == year and "Spring Festival" in name and "observed" not in name
    ]
    return min(named, default=None)


def base_period(period: Period, country: str | None) -> tuple[Period, bool]:
    """What to compare a period with a year before, and whether the lunar calendar moved it."""
    plain = period.last_year()
    if country != "CN":
        return plain, False
    this, before = spring_festival(period.start.year), spring_festival(plain.start.year)
    if this is None or before is None:
        return plain, False
    if not (_near(period, this) or _near(plain, before)):
        return plain, False
    shift = this - before
    return between(period.start - shift, period.end - shift), True


def _near(period: Period, festival: dt.date) -> bool:
    first = festival - dt.timedelta(days=FESTIVAL_BEFORE)
    last = festival + dt.timedelta(days=FESTIVAL_AFTER)
    return period.start <= last and period.end >= first


def project(
    base: Mapping[dt.date, float], days: Iterable[dt.date], country: str | None
) -> float | None:
    """What the days would have come to at the base's mean for their type of day.

    A type of day that the base does not hold takes its weekday's mean, and that failing the
    mean of all days; None when the base is empty.
    """
    if not base:
        return None
    by_type: dict[DayType, list[float]] = defaultdict(list)
    for day, value in base.items():
        by_type[day_type(day, country)].append(value)
    means = {kind: sum(values) / len(values) for kind, values in by_type.items()}
    overall = sum(base.values()) / len(base)
    total = 0.0
    for day in days:
        kind = day_type(day, country)
        total += means.get(kind, means.get(_WEEKDAYS[day.weekday()], overall))
    return total
