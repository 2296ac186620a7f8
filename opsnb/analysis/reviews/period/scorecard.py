"""The scorecard: KPIs against targets, last month and last year; noise is told from news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.reviews.period.calendar_year import base_period
from opsnb.analysis.reviews.period.event_effects import beside_events
from opsnb.analysis.reviews.shared.blocked import withheld_metrics
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.period.kpi import Kpi

ONLY_CONTRACTS = "users.ended_at"
"""A column that only contracts have: who sells without them misses nothing."""


def scorecard(evidence: PeriodEvidence) -> list[Part]:
    """The KPIs, what the data's end does to them, and the tables that others lack."""
    evidence.ops.record(*evidence.measured.facts)
    evidence.ops.record_checks(*evidence.measured.checks)
    lost = withheld_metrics(evidence.ops, evidence.withheld_kpis)
    if not evidence.kpis:
        return [*lost, Absent(Text("month.scorecard.none"))]
    parts = [*_tables(evidence), *lost, *beside_events(evidence)]
    if evidence.partial:
        parts.insert(0, Paragraph(Text("month.scorecard.partial"), "warn"))
    lacks = {evidence.ops.meter.absent(metric) for metric in evidence.kpi_ids}
    lacking = sorted(lack for lack in lacks if lack is not None and lack != ONLY_CONTRACTS)
    if lacking:
        parts.append(Absent(Text.of("month.scorecard.left_out", tables=lacking)))
    return parts


def _tables(evidence: PeriodEvidence) -> list[Part]:
    """Up to twelve KPIs, the others behind a line that opens them."""
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("value", Text("month.scorecard.value"), "said", "right"),
        Column("status", Text("ab.column.status"), "said"),
        Column("target", Text("month.scorecard.target"), "said", "right"),
        Column("change", Text("month.scorecard.change"), "said", "right"),
        Column("year", Text("month.scorecard.year"), "said", "right"),
        Column("owner", Text("display.owner"), "said"),
    ]
    first = evidence.leading
    rest = [kpi for kpi in evidence.kpis if kpi not in first]
    parts: list[Part] = [
        Table(columns, [_row(kpi) for kpi in first], note=Text("month.scorecard.note"))
    ]
    if rest:
        table = Table(columns, [_row(kpi) for kpi in rest])
        parts.append(Fold(Text.of("month.scorecard.more", n=len(rest)), [table]))
    _, lunar = base_period(evidence.period, evidence.ops.workspace.country)
    if lunar and any(kpi.year is not None and kpi.year.aligned for kpi in evidence.kpis):
        parts.append(Note(Text("month.scorecard.lunar")))
    return parts


def _row(kpi: Kpi) -> dict[str, Any]:
    value: Said = kpi.value_on_record
    if kpi.basis is None and kpi.fact.low is not None:
        value = Text.of("month.scorecard.with_interval", value=kpi.value_text, fact=kpi.fact)
    return {
        "metric": kpi.metric.label,
        "value": value,
        "target": kpi.target_text,
        "status": kpi.status_cell,
        "change": kpi.change_text,
        "year": kpi.year_text,
        "owner": kpi.owner,
    }
