"""A KPI over six weeks beside twelve months, this year and last, with the numbers under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Part, charts
from opsnb.analysis.reviews.period.week_evidence import MONTHS, WEEKS
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
    change: Said = kpi.change_text if kpi else Text("month.change_none")
    chart = charts.kpi_trend(
        weeks,
        months,
        claim=Text.of("week.course.claim", metric=label, change=change),
        alt=Text.of("week.course.alt", metric=label, weeks=WEEKS, months=MONTHS),
        source=Text.of("month.source", start=evidence.months[0].start, end=evidence.period.end),
        format=_FORMATS.get(ops.catalogue[metric].unit, "number"),
        boxes=_boxes(evidence, metric, kpi) if kpi else [],
    )
    return [chart]


def _span(evidence: WeekEvidence, metric: str, periods: list[Period]) -> charts.KpiSpan:
    """Values of the periods, and of the same ones a year before where any is known."""
    before = evidence.values(metric, [period.last_year() for period in periods])
    known = before if any(value is not None for value in before) else ()
    return charts.KpiSpan([p.start for p in periods], evidence.values(metric, periods), known)


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
        so_far = evidence.ops.meter.value(metric, between(whole.start, period.end))
        said = Text.of(f"common.{kpi.format}", value=so_far.value)
        boxes.append((Text(f"week.course.{kind}"), said))
    return boxes
