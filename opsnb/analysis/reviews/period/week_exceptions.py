"""KPIs of a week outside what their own past lets expect, six weeks beside twelve months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import (
    Absent,
    Column,
    Fold,
    Interval,
    Note,
    Paragraph,
    Part,
    Spark,
    Table,
    Toned,
)
from opsnb.analysis.findings import Fact, Tone
from opsnb.analysis.reviews.period.event_effects import event_lines
from opsnb.analysis.reviews.period.week_evidence import LEVEL, MONTHS, WEEKS
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.analysis.reviews.period.week_evidence import WatchedKpi, WeekEvidence
    from opsnb.base.periods import Period


MOST_EVENTS = 2
"""KPIs that are shown beside their value without the days of an event: the page is one."""


def exceptions(evidence: WeekEvidence) -> list[Part]:
    """The exceptions, and the other KPIs in the same form behind a line."""
    ops = evidence.ops
    ops.record(*evidence.measured.facts)
    ops.record_checks(*evidence.measured.checks)
    if evidence.partial:
        return [Absent(Text("week.exceptions.partial"))]
    known = [one for one in evidence.watched if one.expected is not None]
    found = evidence.exceptions
    ops.fact("week.exceptions", len(found), "count", n=len(known))
    chance = (1 - LEVEL) * len(known)
    line = Text.of("week.exceptions.line", n=len(found), known=len(known), chance=chance)
    parts: list[Part] = [Paragraph(line)]
    if found:
        parts.append(Table(_columns(), [_exception(evidence, one) for one in found]))
    rest = [one for one in evidence.watched if one not in found]
    if rest:
        title = Text.of("week.exceptions.rest", n=len(rest))
        parts.append(Fold(title, [Table(_columns(), [_as_ever(evidence, one) for one in rest])]))
    return [*parts, *event_lines(evidence, MOST_EVENTS), Note(Text("week.exceptions.note"))]


def _columns() -> list[Column]:
    return [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("weeks", Text.of("chart.weeks", n=WEEKS)),
        Column("value", Text("month.scorecard.value"), "said", "right"),
        Column("range", Text("week.exceptions.range"), "said", "right"),
        Column("change", Text("week.change"), "said", "right"),
        Column("year", Text("month.scorecard.year"), "said", "right"),
        Column("months", Text.of("chart.months", n=MONTHS)),
        Column("reading", Text("week.exceptions.reading"), "said"),
    ]


def _course(evidence: WeekEvidence, kpi: Kpi) -> dict[str, Any]:
    """Six weeks, the week, what it is compared with, and twelve months."""
    return {
        "metric": kpi.metric.label,
        "weeks": _spark(evidence, kpi, evidence.weeks),
        "value": kpi.value_on_record,
        "change": kpi.change_text,
        "year": kpi.year_text,
        "months": _spark(evidence, kpi, evidence.months),
    }


def _spark(evidence: WeekEvidence, kpi: Kpi, periods: list[Period]) -> Spark:
    label = Text.of("week.spark", metric=kpi.metric.label, first=periods[0].start)
    return Spark(evidence.values(kpi.metric.id, periods), label)


def _exception(evidence: WeekEvidence, one: WatchedKpi) -> dict[str, Any]:
    """Its row; the exception is a finding of the first screen."""
    kpi, expected = one.kpi, one.fact
    assert expected is not None
    tone: Tone = "good" if one.is_good else "warn"
    evidence.ops.finding(
        Text.of("week.exceptions.finding", metric=kpi.metric.label, value=kpi.value_text,
                expected=expected),
        kpi.fact, expected, tone=tone, section="exceptions",
    )  # fmt: skip
    word = Text("week.exceptions.good" if one.is_good else "week.exceptions.bad")
    return {
        **_course(evidence, kpi),
        "range": _range(kpi, expected),
        "reading": Toned(None, tone, word),
    }


def _as_ever(evidence: WeekEvidence, one: WatchedKpi) -> dict[str, Any]:
    """The row of a KPI within its range, or with too short a past to have one."""
    row, expected = _course(evidence, one.kpi), one.expected
    if expected is None:
        held = evidence.holds(one.kpi.metric, evidence.period)
        reading = Text(f"week.exceptions.{'short' if held else 'missing'}")
        return {**row, "range": None, "reading": reading}
    bounds = Interval(expected.low, expected.high)
    return {**row, "range": _range(one.kpi, bounds), "reading": Text("week.exceptions.quiet")}


def _range(kpi: Kpi, bounds: Fact | Interval) -> Text:
    return Text.of(f"month.outlook.{kpi.format}", bounds=bounds)
