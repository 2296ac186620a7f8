"""Days outside expectation, each with the known event that explains it, or none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, Toned, charts
from opsnb.analysis.methods.anomalies import Anomalies, find_anomalies
from opsnb.analysis.methods.shifts import level_shifts
from opsnb.analysis.reviews.campaign.special_days import festivals
from opsnb.analysis.reviews.period.calendar_year import day_type
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.month import Month

HISTORY_DAYS = 180

_EXTRAORDINARY = {"holiday", "outage", "tracking", "campaign"}
"""Kinds of events whose days do not teach the model what is normal."""

FESTIVAL_WEEK = 7
"""Days before and after the end of a shopping festival on which it sets days apart."""

_LOWERING = {"outage", "tracking"}

NEAR = 3
"""Days between the start of an event and a change of level that it may explain."""

LONGEST_CAUSE = 7
"""Days up to which an event of another kind can explain a single day."""


@dataclass(frozen=True)
class Scored:
    """A metric's daily series and how its days score."""

    metric: str
    dates: list[dt.date]
    values: np.ndarray
    result: Anomalies

    def low_on(self, day: dt.date) -> bool | None:
        """Whether the day was flagged as too low; None where it was not scored."""
        if day not in self.dates:
            return None
        index = self.dates.index(day)
        return bool(self.result.flagged[index] and self.result.score[index] < 0)


def unusual_days(month: Month, metrics: Sequence[str], *, timelines: bool = True) -> list[Part]:
    """A timeline a metric and one table of flagged days."""
    scored: list[Scored] = []
    parts: list[Part] = []
    for metric in metrics:
        lacking = month.ops.meter.absent(metric)
        if lacking:
            parts.append(Absent(Text.of("month.absent", table=lacking)))
            continue
        try:
            scored.append(_score(month, metric))
        except MethodError:
            parts.append(Absent(Text.of("month.unusual.short", metric=month.ops.label(metric))))
    if not scored:
        return parts
    rows = [row for one in scored for row in _flagged(month, one, scored)]
    for row in rows:
        if row["tracking"]:
            month.ops.check("tracking_gap", "warn", Text("month.unusual.gap_check"))
    tested = sum(_inside(month, one).sum() for one in scored)
    expected = sum(one.result.false_alarms * _inside(month, one).sum() / max(one.result.tested, 1)
                   for one in scored)  # fmt: skip
    line = Text.of("month.unusual.line", days=len(rows), tested=int(tested), expected=expected)
    parts.insert(0, Paragraph(line))
    if timelines:
        parts += [_timeline(month, one) for one in scored]
        parts += [part for one in scored for part in _shifts(month, one)]
    if rows:
        parts.append(_table(rows))
    unexplained = [row for row in rows if row["unknown"]]
    if unexplained:
        facts = [row["fact"] for row in unexplained]
        month.ops.finding(
            Text.of("month.unusual.finding", n=len({row["day"] for row in unexplained}),
                    first=unexplained[0]["day"], note=unexplained[0]["reading"]),
            *facts, tone="warn", section="anomalies",
        )  # fmt: skip
    return [*parts, Note(Text("month.unusual.note"))]


def _score(month: Month, metric: str) -> Scored:
    end = min(month.period.end, month.recorded_until or month.period.end)
    start = month.period.start - dt.timedelta(days=HISTORY_DAYS)
    first = month.first_recorded(month.ops.catalogue[metric].table)
    daily = month.ops.meter.daily(metric, max(start, first) if first else start, end)
    dates = [stamp.date() for stamp in daily["day"]]
    values = daily["value"].to_numpy(dtype=float, copy=True)
    values[_closed(dates, values)] = np.nan
    known = np.array([_is_extraordinary(month, day) for day in dates])
    return Scored(metric, dates, values, find_anomalies(values, known=known))


def _closed(dates: Sequence[dt.date], values: np.ndarray) -> np.ndarray:
    """Days of a weekday on which nothing ever happens: the business rests, nothing is missing."""
    weekday = np.array([day.weekday() for day in dates])
    resting = [d for d in range(7) if (weekday == d).sum() >= 3 and not values[weekday == d].any()]
    return np.isin(weekday, resting)


def _event(month: Month, day: dt.date, *, low: bool | None = None) -> Any:
    """The event that sets a day apart; the shortest where several do.

    Outages and tracking gaps explain days that are too low only. A season of more than a
    week is the background of its days, not what sets one of them apart.
    """
    covering = [
        event
        for event in month.ops.workspace.events
        if event.start <= day <= (event.end or event.start)
        and (event.kind in _EXTRAORDINARY or event.period.days <= LONGEST_CAUSE)
        and not (low is False and event.kind in _LOWERING)
    ]
    return min(covering, key=lambda event: (event.end or event.start) - event.start, default=None)


def _shopping_season(month: Month, day: dt.date) -> str | None:
    """The shopping festival whose last week, or the slack week after it, the day belongs to.

    Its weeks of pre-sale are the background of their days, as any longer season.
    """
    first = day - dt.timedelta(days=FESTIVAL_WEEK)
    near = festivals(month.ops.workspace.country, first, day)
    return next((name for name, (_, end) in near if abs((day - end).days) <= FESTIVAL_WEEK), None)


def _is_extraordinary(month: Month, day: dt.date) -> bool:
    return _is_public_holiday(month, day) or any(
        event.kind in _EXTRAORDINARY and event.start <= day <= (event.end or event.start)
        for event in month.ops.workspace.events
    )


def _shifts(month: Month, one: Scored) -> list[Part]:
    """Lasting changes of level that began in the period, with the event on that day."""
    known = np.array([_is_extraordinary(month, day) for day in one.dates])
    try:
        found = level_shifts(one.values, known=known)
    except MethodError:
        return []
    parts: list[Part] = []
    for shift in found:
        day = one.dates[shift.day]
        if not month.period.contains(day) or not shift.before:
            continue
        fact = month.ops.fact(
            "anomaly.shift", shift.after / shift.before - 1, "relative", metric=one.metric,
            period=day.isoformat(),
        )  # fmt: skip
        near = [e for e in month.ops.workspace.events if abs((e.start - day).days) <= NEAR]
        event = min(near, key=lambda e: abs((e.start - day).days), default=None)
        reading: Said = event.name if event is not None else Text("month.unusual.unknown")
        line = Text.of("month.unusual.shift", metric=month.ops.label(one.metric), change=fact,
                       day=day, reading=reading)  # fmt: skip
        parts.append(Paragraph(line))
    return parts


def _is_public_holiday(month: Month, day: dt.date) -> bool:
    return day_type(day, month.ops.workspace.country) == "holiday"


def _inside(month: Month, one: Scored) -> np.ndarray:
    """Scored days of the period."""
    inside = np.array([month.period.contains(day) for day in one.dates])
    return inside & np.isfinite(one.result.score)


def _flagged(month: Month, one: Scored, all_scored: Sequence[Scored]) -> list[dict[str, Any]]:
    rows = []
    for index in np.flatnonzero(_inside(month, one) & one.result.flagged):
        day, low = one.dates[index], one.result.score[index] < 0
        expected = one.result.expected[index]
        fact = month.ops.fact(
            "anomaly.day", one.values[index] / expected - 1 if expected else None, "relative",
            metric=one.metric, period=day.isoformat(),
        )  # fmt: skip
        event = _event(month, day, low=bool(low))
        holiday = event is None and _is_public_holiday(month, day)
        season = None if event or holiday else _shopping_season(month, day)
        known = event is not None or holiday or season is not None
        tracking = low and not known and _looks_like_tracking(month, one, day, all_scored)
        reading: Said
        if event is not None:
            reading = event.name
        elif holiday:
            reading = Text("month.unusual.holiday")
        elif season is not None:
            reading = Text(f"special.{season}")
        elif tracking:
            reading = Text("month.unusual.tracking")
        else:
            reading = Text("month.unusual.unknown")
        rows.append(
            {
                "day": day, "metric": month.ops.label(one.metric), "value": one.values[index],
                "gap": fact.value, "reading": reading, "fact": fact,
                "unknown": not known,
                "tracking": tracking,
                "state": Toned(None, "neutral" if known else "warn", reading),
            }
        )  # fmt: skip
    return rows


def _looks_like_tracking(
    month: Month, one: Scored, day: dt.date, all_scored: Sequence[Scored]
) -> bool:
    """Events fell while orders held: people were there, the recording was not."""
    if month.ops.catalogue[one.metric].table != "events":
        return False
    orders = [s for s in all_scored if month.ops.catalogue[s.metric].table == "orders"]
    return bool(orders) and all(other.low_on(day) is False for other in orders)


def _timeline(month: Month, one: Scored) -> Part:
    """The period and the six weeks before it."""
    since = month.period.start - dt.timedelta(days=42)
    keep = [i for i, day in enumerate(one.dates) if day >= since]
    result = one.result
    flagged = [one.dates[i] for i in keep if result.flagged[i]]
    floor = 0.0 if np.nanmin(one.values) >= 0 else -np.inf  # counts cannot fall below zero
    return charts.anomaly_timeline(
        [one.dates[i] for i in keep],
        [_number(one.values[i]) for i in keep],
        [_number(result.expected[i]) for i in keep],
        [_number(max(result.low[i], floor)) for i in keep],
        [_number(result.high[i]) for i in keep],
        flagged=flagged,
        claim=Text.of(
            "month.unusual.claim",
            metric=month.ops.label(one.metric),
            n=sum(month.period.contains(day) for day in flagged),
        ),
        alt=Text.of("month.unusual.alt", metric=month.ops.label(one.metric), days=len(keep)),
        source=Text.of("month.source", start=one.dates[keep[0]], end=one.dates[keep[-1]]),
        format="integer",
        events=[
            charts.Event(event.start, event.name, event.end)
            for event in month.ops.workspace.events
            if event.kind in _EXTRAORDINARY
        ],
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    return Table(
        [
            Column("day", Text("month.unusual.day"), "date"),
            Column("metric", Text("ab.column.metric"), "said"),
            Column("value", Text("month.scorecard.value"), "number"),
            Column("gap", Text("month.unusual.gap"), "signed_percent"),
            Column("state", Text("month.unusual.reading"), "said"),
        ],
        sorted(rows, key=lambda row: row["day"]),
        order=Text("month.unusual.order"),
    )
