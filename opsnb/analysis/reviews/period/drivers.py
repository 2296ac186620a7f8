"""Why a KPI changed: its metric tree, every driver with its part of the change."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.tree import UNEXPLAINED, Node, TreePart, tree_parts
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.analysis.reviews.shared.number_formats import format_of
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

NEGLIGIBLE = 1e-6
"""Share of the change below which an unexplained rest is rounding."""


def drivers(evidence: PeriodEvidence, metric: str) -> list[Part]:
    """A metric's change as the parts of its drivers, and of theirs."""
    ops = evidence.ops
    if lacking := _lacking(evidence, metric):
        return [Absent(lacking)]
    if evidence.partial:
        return [Absent(Text("month.why.partial"))]
    if not evidence.covers(ops.catalogue[metric]):
        return [Absent(evidence.not_recorded(metric))]
    if not _is_on_record(evidence, metric):
        return [Absent(Text.of("month.why.missing", metric=ops.label(metric)))]
    root = tree(evidence, metric)
    if root is None or not root.drivers:
        return [Absent(Text.of("month.why.no_dimension", metric=ops.label(metric)))]
    try:
        parts = [part for part in tree_parts(root) if _matters(part, root)]
    except MethodError:  # a divisor of 0
        return [Absent(Text.of("month.why.no_dimension", metric=ops.label(metric)))]
    unit: Any = ops.catalogue[metric].unit
    total = ops.fact("change.drivers", root.change, unit, metric=metric)
    facts = {part.path: _fact(evidence, metric, part) for part in parts}
    shown: list[Part] = [_bridge(evidence, metric, root, parts, facts, total)]
    if any(part.depth for part in parts):
        shown.append(_table(evidence, parts, facts))
    product = ops.catalogue[metric].combine == "product"
    note = Note(Text(f"month.why.drivers_{'product' if product else 'sum'}"))
    return [*shown, *_same_days(evidence, metric), note]


def _all_below(evidence: PeriodEvidence, metric: str) -> list[Metric]:
    """The metric and what can be measured of its drivers, and of theirs."""
    declared = evidence.ops.catalogue[metric]
    names = [name for name, _ in declared.branches if evidence.ops.meter.absent(name) is None]
    return [declared, *(one for name in names for one in _all_below(evidence, name))]


def _is_on_record(evidence: PeriodEvidence, metric: str) -> bool:
    """Whether every number of the tree is on record in both periods."""
    periods = (evidence.period.previous(), evidence.period)
    return all(
        evidence.holds(one, span) for one in _all_below(evidence, metric) for span in periods
    )


def _left_out(evidence: PeriodEvidence, metric: str) -> frozenset[dt.date]:
    """Days that some number of the tree lacks, and the same days of the other period.

    All numbers are taken over the others: else parts would not add up to their whole.
    """
    span, before, meter = evidence.period, evidence.period.previous(), evidence.ops.meter
    missing = {
        day - one.start
        for one in (before, span)
        for below in _all_below(evidence, metric)
        for day in meter.on_record.lacks(below, one.start, one.end)
    }
    return frozenset(one.start + day for one in (before, span) for day in missing)


def _same_days(evidence: PeriodEvidence, metric: str) -> list[Part]:
    """Which days the tree is of, where it is not of all."""
    without = _left_out(evidence, metric)
    if not without:
        return []
    spans = said_days(without)
    return [Note(Text.of("month.why.same_days", metric=evidence.ops.label(metric), spans=spans))]


def moved_trees(evidence: PeriodEvidence, but: str) -> list[Part]:
    """The trees of the other KPIs that have one and moved beyond their materiality, folded."""
    if evidence.partial:
        return []
    parts: list[Part] = []
    for kpi in evidence.kpis:
        moved = kpi.change is not None and kpi.change.relative is not None
        if kpi.metric.id == but or not kpi.metric.drivers or not moved:
            continue
        assert kpi.change is not None and kpi.change.relative is not None
        if abs(kpi.change.relative) >= kpi.metric.materiality:
            title = Text.of("month.why.tree", metric=kpi.metric.label, change=kpi.change_text)
            parts.append(Fold(title, drivers(evidence, kpi.metric.id), printed=False))
    return parts


def _lacking(evidence: PeriodEvidence, metric: str) -> Text | None:
    """What keeps the tree from being drawn: a table, or the drivers themselves."""
    branches = evidence.ops.catalogue[metric].branches
    if not branches:
        return Text.of("month.absent", table="metrics.toml: drivers")
    names = [metric, *(name for name, _ in branches)]
    return next((lack for name in names if (lack := evidence.lacking(name))), None)


def tree(
    evidence: PeriodEvidence,
    metric: str,
    *,
    inverse: bool = False,
    without: frozenset[dt.date] | None = None,
) -> Node | None:
    """A metric and its drivers in the period before and in this one, all over the same days.

    None where a value is missing; a driver whose own drivers cannot be measured is a leaf.
    """
    ops = evidence.ops
    declared: Metric = ops.catalogue[metric]
    if evidence.lacking(metric):
        return None
    if without is None:
        without = _left_out(evidence, metric)
    periods = [evidence.period.previous(), evidence.period]
    before, after = (one.value for one in ops.meter.measure(metric, periods, without=without))
    if before is None or after is None:
        return None
    below = [
        tree(evidence, name, inverse=against, without=without)
        for name, against in declared.branches
    ]
    known = tuple(node for node in below if node is not None)
    complete = known if len(known) == len(below) else ()
    return Node(metric, float(before), float(after), complete, declared.combine, inverse)


def _matters(part: TreePart, root: Node) -> bool:
    small = NEGLIGIBLE * max(abs(root.change), 1e-12 * abs(root.after))
    return part.name != UNEXPLAINED or abs(part.part) > small


def _fact(evidence: PeriodEvidence, metric: str, part: TreePart) -> Fact:
    """Parts of the root's own drivers, of deeper ones, and what is left, each under its id."""
    unit: Any = evidence.ops.catalogue[metric].unit
    if part.name == UNEXPLAINED:
        where = "/".join(part.path[:-1]) or None
        return evidence.ops.fact(
            "change.unexplained", part.part, unit, metric=metric, segment=where
        )
    id = "change.subdriver" if part.depth else "change.driver"
    return evidence.ops.fact(id, part.part, unit, metric=metric, segment="/".join(part.path))


def _label(evidence: PeriodEvidence, part: TreePart) -> Said:
    if part.name == UNEXPLAINED:
        return Text("month.why.rest")
    return evidence.ops.label(part.name)


def _bridge(
    evidence: PeriodEvidence,
    metric: str,
    root: Node,
    parts: list[TreePart],
    facts: dict[tuple[str, ...], Fact],
    total: Fact,
) -> Part:
    """From the period before to this one over the root's own drivers."""
    ops = evidence.ops
    top = [part for part in parts if part.depth == 0]
    steps = [
        charts.Step(evidence.period.previous().text, root.before, is_total=True),
        *(charts.Step(_label(evidence, part), part.part) for part in top),
        charts.Step(evidence.period.text, root.after, is_total=True),
    ]
    lead = max(top, key=lambda part: abs(part.part))
    return charts.bridge(
        steps,
        claim=Text.of(
            "month.why.drivers", metric=ops.label(metric), lead=_label(evidence, lead), total=total,
            part=facts[lead.path],
        ),
        alt=Text.of("month.why.drivers_alt", n=len(top)),
        source=evidence.source,
        format=format_of(ops.catalogue[metric]),
    )  # fmt: skip


def _table(
    evidence: PeriodEvidence, parts: list[TreePart], facts: dict[tuple[str, ...], Fact]
) -> Table:
    """Every driver with its own values; deeper ones are set in under their own."""
    rows = []
    for part in parts:
        rest = part.name == UNEXPLAINED
        spec = "number" if rest else format_of(evidence.ops.catalogue[part.name])
        own = {
            side: None if rest else Text.of(f"common.{spec}", value=getattr(part, side))
            for side in ("before", "after")
        }
        label = Text.of("month.why.level", dots="· " * part.depth, driver=_label(evidence, part))
        said = Text.of("common.signed_change", fact=facts[part.path])
        rows.append({"driver": label, **own, "part": said})
    columns = [
        Column("driver", Text("month.why.driver"), "said"),
        Column("before", Text("month.why.value_before"), "said", "right"),
        Column("after", Text("month.why.value_after"), "said", "right"),
        Column("part", Text("month.why.part"), "said", "right"),
    ]
    return Table(columns, rows, note=Text("month.why.tree_note"))
