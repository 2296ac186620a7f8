"""What an outage, a holiday or a festival moved: each KPI beside its value without those days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.period.kpi_measurement import SAMPLED
from opsnb.analysis.reviews.period.missing_days import span_text
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.base.plans import Event

KINDS = ("outage", "tracking", "holiday", "other")
"""Kinds of events with days of their own, the ones first that are shown first. A release lasts;
what a campaign moved its own review tells."""

MOST_ROWS = 6


@dataclass(frozen=True)
class EventEffect:
    """A KPI with and without the days of an event.

    Attributes
    ----------
    days : tuple of date
        Days of the event that lie in the period and are on record.
    value, without : float
        The KPI, and the KPI without those days; of what adds up, a recorded day.
    """

    event: Event
    days: tuple[dt.date, ...]
    kpi: Kpi
    value: float
    without: float

    @property
    def each_day(self) -> bool:
        return _adds_up(self.kpi.metric)

    @property
    def moved(self) -> float:
        """The difference over what anybody would care about."""
        scale = self.kpi.metric.materiality * max(abs(self.value), 1e-12)
        return abs(self.without - self.value) / scale

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The value without the days; of what adds up, also the value that it stands beside."""
        metric: Any = self.kpi.metric
        segment = f"{self.days[0].isoformat()}..{self.days[-1].isoformat()}"
        without = Fact("kpi.without", self.without, metric.unit, metric=metric.id, segment=segment)
        if not self.each_day:
            return (without,)
        return without, Fact("kpi.each_day", self.value, metric.unit, metric=metric.id)


def event_effects(evidence: PeriodEvidence) -> list[EventEffect]:
    """Every KPI that an event's days move by its materiality or more; outages first."""
    found: list[EventEffect] = []
    for event in evidence.ops.workspace.events:
        if event.kind not in KINDS:
            continue
        inside = [day for day in event.period.dates if evidence.period.contains(day)]
        effects = [_effect(evidence, kpi, event, inside) for kpi in evidence.kpis if inside]
        found += [one for one in effects if one is not None and one.moved >= 1]
    return sorted(found, key=lambda one: (KINDS.index(one.event.kind), -one.moved))


def _effect(
    evidence: PeriodEvidence, kpi: Kpi, event: Event, inside: Sequence[dt.date]
) -> EventEffect | None:
    """None where the KPI is no matter of single days, or no other day is on record."""
    metric, meter, period = kpi.metric, evidence.ops.meter, evidence.period
    if not _is_of_days(evidence, metric):
        return None
    lacks = meter.on_record.lacks(metric, period.start, period.end)
    days = tuple(day for day in inside if day not in lacks)
    if not days or len(days) + len(lacks) >= period.days:
        return None
    [rest] = meter.measure(metric.id, [period], without=days)
    value, without = kpi.measured.value, rest.value
    if value is None or without is None:
        return None
    if _adds_up(metric):
        value, without = (
            value / (kpi.measured.days or period.days),
            without / (rest.days or period.days - len(days)),
        )
    return EventEffect(event, days, kpi, value, without)


def _adds_up(metric: Metric) -> bool:
    return metric.kind.adds_up(metric)


def _is_of_days(evidence: PeriodEvidence, metric: Metric) -> bool:
    """Whether some of a period's days have a value as good as all of them.

    Not so what counts people over the period, looks back from its end, is booked on days on which
    it did not happen, or is asked of a sample.
    """
    ops = evidence.ops
    if metric.parts:
        return all(_is_of_days(evidence, ops.catalogue[name]) for name in metric.parts)
    tables = metric.kind.tables(metric, ops.rows, ops.catalogue)
    daily = _adds_up(metric) or metric.kind.of_any_days
    booked = any(CONTRACTS[name].ledger or CONTRACTS[name].planned for name in tables)
    return bool(tables) and daily and not booked and not tables & SAMPLED


# -- as a section shows it -------------------------------------------------------------------


def beside_events(evidence: PeriodEvidence, most: int = MOST_ROWS) -> list[Part]:
    """The farthest moved in a sentence, and a table; rows beyond `most` are folded."""
    effects = event_effects(evidence)
    if not effects:
        return []
    for one in effects:
        evidence.ops.record_missing(*one.facts)
    columns = [
        Column("event", Text("month.without.event"), "said"),
        Column("days", Text("month.without.days"), "said"),
        Column("metric", Text("ab.column.metric"), "said"),
        Column("value", Text("month.scorecard.value"), "said", "right"),
        Column("without", Text("month.without.without"), "said", "right"),
        Column("change", Text("month.without.change"), "said", "right"),
    ]
    rows = [_row(one) for one in effects]
    caption = Text("month.without.caption")
    parts: list[Part] = [Paragraph(sentence(effects[0]))]
    parts.append(Table(columns, rows[:most], caption=caption))
    if rows[most:]:
        title = Text.of("month.without.more", n=len(rows) - most)
        parts.append(Fold(title, [Table(columns, rows[most:])], printed=False))
    return [*parts, Note(Text("month.without.note"))]


def event_lines(evidence: PeriodEvidence, most: int) -> list[Part]:
    """The farthest moved as sentences alone, where there is no room for a table."""
    shown = event_effects(evidence)[:most]
    evidence.ops.record_missing(*(fact for one in shown for fact in one.facts))
    return [Paragraph(sentence(one)) for one in shown]


def sentence(one: EventEffect) -> Text:
    """One KPI with and without an event's days, in words."""
    return Text.of(
        "month.without.line_each_day" if one.each_day else "month.without.line",
        metric=one.kpi.metric.label,
        value=_said(one, one.value),
        without=_said(one, one.without),
        days=span_text(one.days[0], one.days[-1]),
        event=one.event.name,
    )


def _row(one: EventEffect) -> dict[str, Any]:
    label: Said = one.kpi.metric.label
    if one.each_day:
        label = Text.of("month.without.each_day", metric=label)
    return {
        "event": one.event.name,
        "days": span_text(one.days[0], one.days[-1]),
        "metric": label,
        "value": _said(one, one.value),
        "without": _said(one, one.without),
        "change": _change(one),
    }


def _said(one: EventEffect, value: float) -> Text:
    return Text.of(f"common.{one.kpi.format}", value=value)


def _change(one: EventEffect) -> Text:
    """What leaving the days out does to the value."""
    gap = one.without - one.value
    if one.kpi.metric.unit == "share":
        return Text.of("month.change_points", value=gap)
    return Text.of("month.change_relative", value=gap / abs(one.value) if one.value else None)
