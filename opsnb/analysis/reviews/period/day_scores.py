"""Days of a period outside expectation, and the known event that explains each, or none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.anomalies import Anomalies, find_anomalies
from opsnb.analysis.methods.shifts import level_shifts
from opsnb.analysis.reviews.campaign.special_days import festivals
from opsnb.analysis.reviews.period.calendar_year import day_type
from opsnb.analysis.reviews.period.missing_days import cause_text
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.plans import Event

HISTORY_DAYS = 180

EXTRAORDINARY = {"holiday", "outage", "tracking", "campaign"}
"""Kinds of events whose days do not teach the model what is normal."""

FESTIVAL_WEEK = 7
"""Days before and after the end of a shopping festival on which it sets days apart."""

_LOWERING = {"outage", "tracking"}

NEAR = 3
"""Days between the start of an event and a change of level that it may explain."""

LONGEST_CAUSE = 7
"""Days up to which an event of another kind can explain a single day."""


@dataclass(frozen=True)
class ScoredDays:
    """A metric's daily series and how its days score; `inside` marks those of the period."""

    metric: str
    dates: list[dt.date]
    values: np.ndarray
    result: Anomalies
    inside: np.ndarray


@dataclass(frozen=True)
class UnusualDay:
    """A day outside expectation.

    Attributes
    ----------
    fact : Fact
        How far it is off, relative to what was expected.
    reading : Text or label
        What explains it.
    known : bool
        An event, a holiday or a season explains it.
    """

    day: dt.date
    metric: str
    value: float
    fact: Fact
    reading: Said
    known: bool


@dataclass(frozen=True)
class UnrecordedDays:
    """Days in a row of the period that a table does not hold: nothing can be said of them.

    Attributes
    ----------
    fact : Fact
        How many they are, of the period's days.
    reading : Text
        Why they count as not recorded.
    """

    table: str
    start: dt.date
    end: dt.date
    fact: Fact
    reading: Text


@dataclass(frozen=True)
class Shift:
    """A lasting change of level that began on a day, and the event near it, if any."""

    day: dt.date
    fact: Fact
    event: Any


def score_days(evidence: PeriodEvidence, metric: str) -> ScoredDays:
    """A metric's days up to the end of the period against what its own past lets expect.

    Days that are not on record have no value: they are neither scored nor learned from.

    Raises
    ------
    MethodError
        The history is too short.
    """
    end = min(evidence.period.end, evidence.recorded_until or evidence.period.end)
    start = evidence.period.start - dt.timedelta(days=HISTORY_DAYS)
    first = evidence.first_recorded(evidence.ops.catalogue[metric].table)
    daily = evidence.ops.meter.daily(metric, max(start, first) if first else start, end)
    dates = [stamp.date() for stamp in daily["day"]]
    values = daily["value"].to_numpy(dtype=float, copy=True)
    values[_closed(dates, values)] = np.nan
    known = np.array([_is_extraordinary(evidence, day) for day in dates])
    result = find_anomalies(values, known=known)
    inside = np.array([evidence.period.contains(day) for day in dates]) & np.isfinite(result.score)
    return ScoredDays(metric, dates, values, result, inside)


def unusual_days_of(evidence: PeriodEvidence, one: ScoredDays) -> Iterator[UnusualDay]:
    """The flagged days of a metric."""
    for index in np.flatnonzero(one.inside & one.result.flagged):
        day, low = one.dates[index], bool(one.result.score[index] < 0)
        expected = one.result.expected[index]
        fact = Fact(
            "anomaly.day", one.values[index] / expected - 1 if expected else None, "relative",
            metric=one.metric, period=day.isoformat(),
        )  # fmt: skip
        cause = _cause(evidence, day, low=low)
        reading = cause if cause is not None else Text("month.unusual.unknown")
        yield UnusualDay(day, one.metric, one.values[index], fact, reading, cause is not None)


def unrecorded_days(evidence: PeriodEvidence, metrics: Iterable[str]) -> list[UnrecordedDays]:
    """Gaps of the period in the tables of some metrics, each once, in order."""
    span = evidence.period
    found: dict[tuple[dt.date, str], UnrecordedDays] = {}
    for metric in metrics:
        for table, gap in evidence.gaps(evidence.ops.catalogue[metric]):
            start, end = max(gap.start, span.start), min(gap.end, span.end)
            fact = Fact(
                "record.missing", (end - start).days + 1, "count", segment=table,
                period=start.isoformat(), n=span.days,
            )  # fmt: skip
            reading = cause_text(evidence, table, gap)
            found.setdefault((start, table), UnrecordedDays(table, start, end, fact, reading))
    return [found[key] for key in sorted(found)]


def _cause(evidence: PeriodEvidence, day: dt.date, *, low: bool) -> Said | None:
    """What is known to set a day apart: an event, a public holiday, a shopping season."""
    event = _event(evidence, day, low=low)
    if event is not None:
        return event.name
    if _is_public_holiday(evidence, day):
        return Text("month.unusual.holiday")
    season = _shopping_season(evidence, day)
    return Text(f"special.{season}") if season is not None else None


def shifts(evidence: PeriodEvidence, one: ScoredDays) -> Iterator[Shift]:
    """Lasting changes of level that began in the period, with the event on that day."""
    known = np.array([_is_extraordinary(evidence, day) for day in one.dates])
    try:
        found = level_shifts(one.values, known=known)
    except MethodError:
        return
    for shift in found:
        day = one.dates[shift.day]
        if not evidence.period.contains(day) or not shift.before:
            continue
        fact = Fact(
            "anomaly.shift", shift.after / shift.before - 1, "relative", metric=one.metric,
            period=day.isoformat(),
        )  # fmt: skip
        near = [e for e in evidence.ops.workspace.events if abs((e.start - day).days) <= NEAR]
        yield Shift(day, fact, min(near, key=lambda e: abs((e.start - day).days), default=None))


# -- what sets a day apart ---------------------------------------------------------------------


def _event(evidence: PeriodEvidence, day: dt.date, *, low: bool | None = None) -> Event | None:
    """The event that sets a day apart; the shortest where several do.

    Outages and tracking gaps explain days that are too low only. A season of more than a
    week is the background of its days, not what sets one of them apart.
    """
    covering = [
        event
        for event in evidence.ops.workspace.events
        if event.start <= day <= (event.end or event.start)
        and (event.kind in EXTRAORDINARY or event.period.days <= LONGEST_CAUSE)
        and not (low is False and event.kind in _LOWERING)
    ]
    return min(covering, key=lambda event: (event.end or event.start) - event.start, default=None)


def _shopping_season(evidence: PeriodEvidence, day: dt.date) -> str | None:
    """The shopping festival whose last week, or the slack week after it, the day belongs to.

    Its weeks of pre-sale are the background of their days, as any longer season.
    """
    first = day - dt.timedelta(days=FESTIVAL_WEEK)
    near = festivals(evidence.ops.workspace.country, first, day)
    return next((name for name, (_, end) in near if abs((day - end).days) <= FESTIVAL_WEEK), None)


def _is_extraordinary(evidence: PeriodEvidence, day: dt.date) -> bool:
    return _is_public_holiday(evidence, day) or any(
        event.kind in EXTRAORDINARY and event.start <= day <= (event.end or event.start)
        for event in evidence.ops.workspace.events
    )


def _is_public_holiday(evidence: PeriodEvidence, day: dt.date) -> bool:
    return day_type(day, evidence.ops.workspace.country) == "holiday"


def _closed(dates: Sequence[dt.date], values: np.ndarray) -> np.ndarray:
    """Days of a weekday on which nothing ever happens: the business rests, nothing is missing."""
    weekday = np.array([day.weekday() for day in dates])
    resting = [
        d for d in range(7) if (weekday == d).sum() >= 3 and not np.nansum(values[weekday == d])
    ]
    return np.isin(weekday, resting)
