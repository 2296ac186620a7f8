"""What an outage, a holiday or a festival moved: each KPI beside its value without those days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.period.kpi_measurement import SAMPLED
from opsnb.analysis.tables import span_of
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.base.periods import Period
    from opsnb.base.plans import Event

KINDS = ("outage", "tracking", "holiday", "other")
"""Kinds of events with days of their own, the ones first that are shown first. A release lasts;
what a campaign moved its own review tells."""

MOST_OF_PERIOD = 0.5
"""Share of the recorded days that an event may take: what is left has to stand for the period."""

MOST_ROWS = 6


MOST_BEFORE = 2
"""KPIs of the period before that an outage moved, and that are said."""


@dataclass(frozen=True)
class EventEffect:
    """A KPI with and without the days of an event.

    Attributes
    ----------
    span : Period
        The period, or the one before, against which its KPIs are held.
    days : tuple of date
        Days of the event that lie in the span and are on record.
    value, without : float
        The KPI, and the KPI without those days; of what adds up, a recorded day.
    each_day : bool
        It adds up.
    """

    event: Event
    span: Period
    days: tuple[dt.date, ...]
    kpi: Kpi
    value: float
    without: float
    each_day: bool

    @property
    def moved(self) -> float:
        """The difference over what anybody would care about."""
        scale = self.kpi.metric.materiality * max(abs(self.value), 1e-12)
        return abs(self.without - self.value) / scale

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The value without the days; of what adds up, also the value that it stands beside."""
        unit: Any = self.kpi.metric.unit
        same: dict[str, Any] = {"metric": self.kpi.metric.id, "period": self.span.key}
        segment = f"{self.days[0].isoformat()}..{self.days[-1].isoformat()}"
        without = Fact("kpi.without", self.without, unit, segment=segment, **same)
        if not self.each_day:
            return (without,)
        return without, Fact("kpi.each_day", self.value, unit, **same)


def event_effects(evidence: PeriodEvidence) -> list[EventEffect]:
    """Every KPI that an event's days move by its materiality or more; outages first."""
    return _moved(evidence, evidence.period, KINDS)


def outages_before(evidence: PeriodEvidence) -> list[EventEffect]:
    """The same of outages in the period before: what the changes are measured against."""
    return [] if evidence.partial else _moved(evidence, evidence.period.previous(), KINDS[:1])


def _moved(evidence: PeriodEvidence, span: Period, kinds: Sequence[str]) -> list[EventEffect]:
    found: list[EventEffect] = []
    for event in evidence.ops.workspace.events:
        inside = [day for day in event.period.dates if span.contains(day)]
        if event.kind not in kinds or not inside:
            continue
        effects = [_effect(evidence, kpi, event, span, inside) for kpi in evidence.kpis]
        found += [one for one in effects if one is not None and one.moved >= 1]
    return sorted(found, key=lambda one: (kinds.index(one.event.kind), -one.moved))


def _effect(
    evidence: PeriodEvidence, kpi: Kpi, event: Event, span: Period, inside: Sequence[dt.date]
) -> EventEffect | None:
    """None where the KPI is no matter of single days, or too few others are on record."""
    metric, meter = kpi.metric, evidence.ops.meter
    whole = kpi.measured if span == evidence.period else kpi.previous
    if whole is None or not _is_of_days(evidence, metric):
        return None
    lacks = meter.on_record.lacks(metric, span.start, span.end)
    days = tuple(day for day in inside if day not in lacks)
    if not days or len(days) > MOST_OF_PERIOD * (span.days - len(lacks)):
        return None
    [rest] = meter.measure(metric.id, [span], without=days)
    value, without = whole.value, rest.value
    if value is None or without is None:
        return None
    each_day = metric.kind.adds_up(metric, evidence.ops.rows)
    if each_day:
        value /= whole.days or span.days
        without /= rest.days or span.days - len(days)
    return EventEffect(event, span, days, kpi, value, without, each_day)


def _is_of_days(evidence: PeriodEvidence, metric: Metric) -> bool:
    """Whether some of a period's days have a value as good as all of them.

    Not so what counts people over the period, looks back from its end, is booked on days on which
    it did not happen, or is asked of a sample.
    """
    ops = evidence.ops
    if metric.parts:
        return all(_is_of_days(evidence, ops.catalogue[name]) for name in metric.parts)
    tables = metric.kind.tables(metric, ops.rows, ops.catalogue)
    daily = metric.kind.adds_up(metric, ops.rows) or metric.kind.of_any_days
    contracts = [ops.rows.contract(name) for name in tables]
    booked = any(one.ledger or one.planned for one in contracts)
    return bool(tables) and daily and not booked and not tables & SAMPLED


# -- as a section shows it -------------------------------------------------------------------


def beside_events(evidence: PeriodEvidence, most: int = MOST_ROWS) -> list[Part]:
    """The farthest moved in a sentence, and a table; rows beyond `most` are folded."""
    effects, earlier = event_effects(evidence), _lines(evidence, outages_before(evidence))
    if not effects:
        return earlier
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
    return [*parts, *earlier, Note(Text("month.without.note"))]


def event_lines(evidence: PeriodEvidence, most: int) -> list[Part]:
    """The farthest moved as sentences alone, where there is no room for a table."""
    return _lines(evidence, [*event_effects(evidence)[:most], *outages_before(evidence)])


def _lines(evidence: PeriodEvidence, effects: Sequence[EventEffect]) -> list[Part]:
    """A sentence each, of the period before those that moved farthest."""
    before = [one for one in effects if one.span != evidence.period]
    shown = [one for one in effects if one not in before[MOST_BEFORE:]]
    evidence.ops.record_missing(*(fact for one in shown for fact in one.facts))
    return [Paragraph(sentence(one, before=one in before)) for one in shown]


def sentence(one: EventEffect, *, before: bool = False) -> Text:
    """One KPI with and without an event's days, in words."""
    key = "each_day" if one.each_day else "line"
    return Text.of(
        f"month.without.{'before_' if before else 'now_'}{key}",
        metric=one.kpi.metric.label,
        period=one.span.text,
        value=_said(one, one.value),
        without=_said(one, one.without),
        days=span_of(one.days[0], one.days[-1]),
        event=one.event.name,
    )


def _row(one: EventEffect) -> dict[str, Any]:
    label: Said = one.kpi.metric.label
    if one.each_day:
        label = Text.of("month.without.each_day", metric=label)
    return {
        "event": one.event.name,
        "days": span_of(one.days[0], one.days[-1]),
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
