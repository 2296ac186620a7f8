"""A KPI over six weeks beside twelve months, this year and last, with the numbers under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Part, charts
from opsnb.analysis.reviews.period.timeline import marks
from opsnb.analysis.reviews.period.week_evidence import MONTHS, WEEKS
from opsnb.analysis.tables import span_of
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Kind, Period, between, containing

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.analysis.reviews.period.week_evidence import WeekEvidence

_FORMATS = {"money": "money", "share": "percent", "count": "integer"}
_TO_DATE: tuple[Kind, ...] = ("month", "quarter", "year")


def course(evidence: WeekEvidence, metric: str) -> list[Part]:
    """The chart of a metric, and its boxes where it is one of the week's KPIs."""
    ops = evidence.ops
    if lacking := evidence.lacking(metric):
        return [Absent(lacking)]
    weeks, months = (
        _span(evidence, metric, evidence.weeks),
        _span(evidence, metric, evidence.months),
    )
    if all(value is None for value in (*weeks.values, *months.values)):
        return [Absent(evidence.not_recorded(metric))]
    label, kpi = ops.label(metric), evidence.kpi(metric)
    if not evidence.covers(ops.catalogue[metric]):
        return [Absent(evidence.not_recorded(metric))]
    change: Said = kpi.change_text if kpi else Text("month.change_none")
    weeks, months = (_span(evidence, metric, of) for of in (evidence.weeks, evidence.months))
    if not (weeks.is_known or months.is_known):
        return [Absent(Text.of("week.course.missing", metric=label))]
    events = _events(evidence, metric, (weeks, months))
    names = [_numbered(number, event) for number, event in enumerate(events, 1)]
    key = "week.course.source" if names else "month.source"
    start = min(span.dates[0] for span in (weeks, months) if span.is_known)
    chart = charts.kpi_trend(
        weeks,
        months,
        claim=Text.of("week.course.claim", metric=label, change=change),
        alt=Text.of("week.course.alt", metric=label, weeks=WEEKS, months=MONTHS),
        source=Text.of(key, start=start, end=evidence.period.end, events=names),
        format=_FORMATS.get(ops.catalogue[metric].unit, "number"),
        boxes=_boxes(evidence, metric, kpi) if kpi else [],
        events=events,
    )
    return [chart]


def _span(evidence: WeekEvidence, metric: str, periods: list[Period]) -> charts.KpiSpan:
    """Values of the periods, and of the same ones a year before where any is known."""
    values = evidence.values(metric, periods)
    before = evidence.values(metric, [period.last_year() for period in periods])
    known = before if any(value is not None for value in before) else ()
    return charts.KpiSpan([p.start for p in periods], values, known, end=periods[-1].end)


def _events(
    evidence: WeekEvidence, metric: str, spans: Sequence[charts.KpiSpan]
) -> list[charts.Event]:
    """What happened from the first value on, and days that are not on record."""
    known = [
        date
        for span in spans
        for date, value in zip(span.dates, span.values, strict=True)
        if value is not None
    ]
    declared = evidence.ops.catalogue[metric]
    end = min(evidence.period.end, evidence.recorded_until or evidence.period.end)
    found = marks(evidence, declared, min(known), end)
    return [event for event in found if any(span.place(event) for span in spans)]


def _numbered(number: int, event: charts.Event) -> Text:
    days = span_of(event.start, event.end or event.start)
    return Text.of("week.course.event", n=number, name=event.label, days=days)


def _boxes(evidence: WeekEvidence, metric: str, kpi: Kpi) -> list[tuple[Said, Said]]:
    """Last week, week on week, year on year; month, quarter and year to date."""
    period = evidence.period
    boxes: list[tuple[Said, Said]] = [
        (Text("week.course.week"), kpi.value_text),
        (Text("week.course.wow"), kpi.change_text),
        (Text("week.course.yoy"), kpi.year_text),
    ]
    for kind in _TO_DATE:
        whole = containing(kind, period.end, period.calendar)
        so_far = between(whole.start, period.end)
        held = evidence.holds(kpi.metric, so_far)
        value = evidence.ops.meter.value(metric, so_far).value if held else None
        said = Text.of(f"common.{kpi.format}", value=value)
        boxes.append((Text(f"week.course.{kind}"), said))
    return boxes
