"""AARRR: acquisition to referral, against last month and target, as a whole and by channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Note, Part, Table, Withheld
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.period.kpi import Kpi
from opsnb.analysis.reviews.period.kpi_measurement import change_between
from opsnb.analysis.reviews.period.missing_days import missing_days
from opsnb.analysis.reviews.shared.breakdowns import group_name, measured_by
from opsnb.base.errors import MetricError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

MOST_CHANNELS = 10
SMALL = 30
"""Users of a channel below which the change of its rates is not shown."""

STAGES = {
    "acquisition": "new_users",
    "activation": "activation",
    "retention": "retention_d7",
    "revenue": "paying_conversion",
    "referral": "referral_share",
}

Values = dict[str, dict[tuple[str, str], Measured]]
"""Metric to (group, period) to what was measured."""


def aarrr_stages(evidence: PeriodEvidence, by: str = "channel") -> list[Part]:
    """The five stages with change and target, then each channel with the change of its rates."""
    known = {s: name for s, name in STAGES.items() if evidence.lacking(name) is None}
    values = _by_group(evidence, list(known.values()), by)
    if not values:
        return [Absent(Text.of("month.stages.absent", dimension=evidence.word("dimension", by)))]
    return [
        _whole(evidence, known),
        *_channels(evidence, values, by),
        *_days(evidence, known.values()),
        Note(Text("month.stages.note")),
    ]


def _days(evidence: PeriodEvidence, names: Iterable[str]) -> list[Part]:
    """Which tables behind the stages hold the month in part."""
    meter = evidence.ops.meter
    records = [r for name in names for r in meter.on_record.records(evidence.ops.catalogue[name])]
    tables = dict.fromkeys(record.table for record in records)
    return [note for table in tables for note in missing_days(evidence, table)]


def _whole(evidence: PeriodEvidence, known: dict[str, str]) -> Table:
    """A row a stage: value, last month, target and status."""
    rows: list[dict[str, Any]] = []
    for stage, name in known.items():
        kpi = evidence.measure(name)
        if kpi is None:
            continue
        _stage_fact(evidence, kpi)
        rows.append(
            {
                "stage": Text(f"month.stages.{stage}"),
                "metric": kpi.metric.label,
                "value": kpi.value_on_record,
                "change": kpi.change_text,
                "target": kpi.target_text,
                "status": kpi.status_cell,
            }
        )
    return Table(
        [
            Column("stage", Text("month.stages.stage"), "said"),
            Column("metric", Text("ab.column.metric"), "said"),
            Column("value", Text("month.scorecard.value"), "said", "right"),
            Column("status", Text("ab.column.status"), "said"),
            Column("target", Text("month.scorecard.target"), "said", "right"),
            Column("change", Text("month.scorecard.change"), "said", "right"),
        ],
        rows,
    )


def _stage_fact(evidence: PeriodEvidence, kpi: Kpi) -> None:
    unit: Any = kpi.metric.unit
    value = kpi.measured.value
    evidence.ops.record_missing(*kpi.facts)
    evidence.ops.fact("funnel.stage_rate", value, unit, metric=kpi.metric.id, n=kpi.measured.n)


def _by_group(evidence: PeriodEvidence, names: list[str], by: str) -> Values:
    periods = [evidence.period.previous(), evidence.period]
    values: Values = {}
    for name in names:
        try:
            measured = measured_by(evidence.ops, name, periods, by)
        except MetricError:  # no such column
            continue
        values[name] = {(m.group or "", m.period): m for m in measured}
    return values


def _channels(evidence: PeriodEvidence, values: Values, by: str) -> list[Part]:
    lead = next(iter(values))
    now = evidence.period.key
    size = {g: m.value or 0 for (g, period), m in values[lead].items() if g and period == now}
    ordered = sorted(size, key=lambda group: -size[group])[:MOST_CHANNELS]
    rows = []
    for group in ordered:
        row: dict[str, Any] = {"group": group_name(group)}
        for name, found in values.items():
            row[name] = _cell(evidence, name, group, found)
        rows.append(row)
    columns = [Column("group", evidence.word("dimension", by), "said")]
    columns += [Column(name, evidence.ops.label(name), "said", "right") for name in values]
    order = Text("month.stages.order")
    return [Table(columns, rows, order=order, note=Text.of("month.stages.cells", small=SMALL))]


def _cell(
    evidence: PeriodEvidence, name: str, group: str, found: dict[tuple[str, str], Measured]
) -> Said | Withheld | None:
    """A channel's value, with its change on last month where both rest on enough users."""
    ops, metric = evidence.ops, evidence.ops.catalogue[name]
    now = found.get((group, evidence.period.key))
    if now is not None and now.withheld:
        return ops.withheld
    if now is None or now.value is None:
        return None
    unit: Any = metric.unit
    ops.fact("funnel.stage_rate", now.value, unit, metric=name, segment=group, n=now.n)
    spec = {"count": "integer", "share": "percent"}.get(unit, "number")
    value = Text.of(f"common.{spec}", value=now.value)
    period, last = evidence.period, evidence.period.previous()
    before = found.get((group, last.key))
    if evidence.partial or before is None or not before.value or min(before.n, now.n) < SMALL:
        return value
    if not (evidence.holds(metric, period) and evidence.holds(metric, last)):
        return value
    whole = (now.days, before.days) in ((None, None), (period.days, last.days))
    short = not whole and metric.kind.adds_up(metric, ops.rows)
    moved = change_between(metric, before, now, short=short)
    if moved is None or moved.relative is None:
        return value
    if abs(moved.relative) < metric.materiality:
        return Text.of("month.stages.cell", value=value, change=Text("month.stages.same"))
    points = unit == "share"
    gap = moved.gap if points else moved.relative
    key = "points" if points else "relative_each_day" if moved.per_day else "relative"
    change = Text.of(f"month.change_{key}", value=gap)
    ops.fact(
        "funnel.stage_change", gap, "points" if points else "relative",
        metric=name, segment=group, n=now.n,
    )  # fmt: skip
    return Text.of("month.stages.cell", value=value, change=change)
