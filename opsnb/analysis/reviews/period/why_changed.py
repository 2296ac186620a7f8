"""Why a KPI changed, shown by group: mix and rate as a bridge, the parts of a sum as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.decomposition import GroupPart, MixRate
from opsnb.analysis.reviews.period.change_by_group import (
    DIMENSIONS,
    Shares,
    Split,
    each_day,
    is_comparable,
    moved,
    shares,
    split,
)
from opsnb.analysis.reviews.shared.breakdowns import NO_VALUE, TOGETHER, group_name
from opsnb.analysis.reviews.shared.number_formats import format_of
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

MOST_GROUPS = 12
"""Groups shown of a dimension."""

_PARTS = ("weight_before", "weight_after", "rate_before", "rate_after", "mix", "rate")


def why(
    evidence: PeriodEvidence, metric: str, by: str | Sequence[str] = "", *, tell: bool = True
) -> list[Part]:
    """A KPI's change by the dimension that tells most: mix and rate, or the parts of a sum.

    With `tell`, a change beyond its materiality becomes a finding of the first screen.
    """
    ops = evidence.ops
    if lacking := evidence.lacking(metric):
        return [Absent(lacking)]
    if evidence.partial:
        return [Absent(Text("month.why.partial"))]
    if not is_comparable(evidence, metric):
        return [Absent(Text.of("month.why.missing", metric=ops.label(metric)))]
    asked = [by] if isinstance(by, str) and by else list(by) or DIMENSIONS
    if ops.catalogue[metric].kind.is_additive:
        sums = [known for name in asked if (known := shares(evidence, metric, name)) is not None]
        return _why_sum(evidence, metric, sums, tell) if sums else [_no_dimension(evidence, metric)]
    splits = [found for name in asked if (found := split(evidence, metric, name)) is not None]
    return (
        _why_rate(evidence, metric, splits, tell) if splits else [_no_dimension(evidence, metric)]
    )


def explained(evidence: PeriodEvidence, most: int) -> list[Part]:
    """Each KPI that moved: rates that moved most in full, every other one behind its own line."""
    kpis = moved(evidence)
    rates = [kpi for kpi in kpis if kpi.metric.kind.is_rate]
    shown: list[Part] = []
    folded: list[Part] = []
    full = 0
    for kpi in [*rates, *(kpi for kpi in kpis if kpi not in rates)]:
        in_full = kpi in rates and full < most
        parts = why(evidence, kpi.metric.id, tell=in_full)
        if all(isinstance(part, Absent) for part in parts):
            continue  # its columns cannot split it; the scorecard has shown its change
        if in_full:
            shown += parts
            full += 1
        else:
            title = Text.of("month.why.fold", metric=kpi.metric.label, change=kpi.change_text)
            folded.append(Fold(title, parts, printed=False))
    return [*shown, *folded]


def _no_dimension(evidence: PeriodEvidence, metric: str) -> Part:
    return Absent(Text.of("month.why.no_dimension", metric=evidence.ops.label(metric)))


# -- rates ---------------------------------------------------------------------------------


def _why_rate(
    evidence: PeriodEvidence, metric: str, splits: Sequence[Split], tell: bool
) -> list[Part]:
    ops = evidence.ops
    best = max(splits, key=lambda found: found.weight)
    parts, facts = best.parts, _facts(evidence, metric, best)
    material = abs(parts.change) >= ops.catalogue[metric].materiality * abs(parts.before)
    case = "mix" if abs(parts.mix) > abs(parts.rate) else "rate"
    claim = Text.of(
        f"month.why.claim_{case}" if material else "month.why.claim_small",
        metric=ops.label(metric), dimension=evidence.word("dimension", best.dimension), **facts,
    )  # fmt: skip
    if material and tell:
        ops.finding(claim, *facts.values(), grade="E", tone="warn", section="why")
    shown: list[Part] = [_bridge(evidence, metric, parts, claim), _groups(evidence, metric, best)]
    for found in splits:
        if found.parts.reversal:
            shown.append(_reversal(evidence, metric, found))
    if len(splits) > 1:
        shown.append(_compared(evidence, metric, splits))
    return shown


def _facts(evidence: PeriodEvidence, metric: str, found: Split) -> dict[str, Fact]:
    same: dict[str, Any] = {"metric": metric, "segment": found.dimension}
    parts, unit = found.parts, _unit(evidence.ops.catalogue[metric])
    return {
        "mix": evidence.ops.fact("change.mix", parts.mix, unit, **same),
        "rate": evidence.ops.fact("change.rate", parts.rate, unit, **same),
        "total": evidence.ops.fact("change.total", parts.change, unit, **same),
    }


def _unit(metric: Metric) -> Any:
    return "points" if metric.unit == "share" else metric.unit


def _reversal(evidence: PeriodEvidence, metric: str, found: Split) -> Part:
    """The whole moved against every group: said as a check, so that nobody reads it wrongly."""
    fact = evidence.ops.fact(
        "change.reversal", len(found.parts.groups), "count", metric=metric, segment=found.dimension
    )
    said = Text.of(
        "month.why.simpson", metric=evidence.ops.label(metric),
        dimension=evidence.word("dimension", found.dimension), n=fact,
    )  # fmt: skip
    evidence.ops.check(f"simpson.{metric}.{found.dimension}", "warn", said, fact)
    return Paragraph(said, "warn")


def _bridge(evidence: PeriodEvidence, metric: str, parts: MixRate, claim: Text) -> Part:
    steps = [
        charts.Step(evidence.period.previous().text, parts.before, is_total=True),
        charts.Step(Text("month.why.mix_step"), parts.mix),
        charts.Step(Text("month.why.rate_step"), parts.rate),
        charts.Step(evidence.period.text, parts.after, is_total=True),
    ]
    return charts.bridge(
        steps,
        claim=claim,
        alt=Text("month.why.alt"),
        source=evidence.source,
        format=format_of(evidence.ops.catalogue[metric]),
    )


def _groups(evidence: PeriodEvidence, metric: str, found: Split) -> Table:
    number_format = format_of(evidence.ops.catalogue[metric])
    part = "points" if number_format == "percent" else f"signed_{number_format}"
    return Table(
        [
            Column("group", evidence.word("dimension", found.dimension), "said"),
            Column("weight_before", Text("month.why.weight_before"), "percent"),
            Column("weight_after", Text("month.why.weight_after"), "percent"),
            Column("rate_before", Text("month.why.rate_before"), number_format),
            Column("rate_after", Text("month.why.rate_after"), number_format),
            Column("mix", Text("month.why.mix"), part),
            Column("rate", Text("month.why.rate_part"), part),
        ],
        [
            {
                "group": _name(evidence, found, group),
                **{name: getattr(row, name) for name in _PARTS},
            }
            for group, row in sorted(found.parts.groups.items(), key=_largest)[:MOST_GROUPS]
        ],
        order=Text("month.why.order"),
        note=Text("month.why.reversal" if found.parts.reversal else "month.why.note"),
    )


def _largest(item: tuple[str, GroupPart]) -> float:
    return -item[1].weight_after


def _name(evidence: PeriodEvidence, found: Split | Shares, group: str) -> Said:
    if group == TOGETHER:
        return found.pooled.said(evidence.ops.workspace.min_cell)
    if found.dimension == "tenure" and group != NO_VALUE:
        return evidence.word("tenure", group)
    return group_name(group)


def _compared(evidence: PeriodEvidence, metric: str, splits: Sequence[Split]) -> Part:
    """The parts by every dimension tried: one choice among several, and said so."""
    rows = []
    for found in splits:
        said = {
            name: Text.of("common.signed_change", fact=fact)
            for name, fact in _facts(evidence, metric, found).items()
        }
        rows.append({"dimension": evidence.word("dimension", found.dimension), **said})
    columns = [
        Column("dimension", Text("month.why.dimension"), "said"),
        Column("mix", Text("month.why.mix"), "said", "right"),
        Column("rate", Text("month.why.rate_part"), "said", "right"),
    ]
    return Table(columns, rows, note=Text("month.why.compared"))


# -- sums ----------------------------------------------------------------------------------


def _why_sum(
    evidence: PeriodEvidence, metric: str, sums: Sequence[Shares], tell: bool
) -> list[Part]:
    """The groups of the dimension along which growth was most uneven."""
    ops = evidence.ops
    best = max(sums, key=lambda found: found.weight)
    declared, unit = ops.catalogue[metric], _unit(ops.catalogue[metric])
    total = ops.fact("change.total", best.change, unit, metric=metric, segment=best.dimension)
    facts = {
        name: ops.fact("change.group", after - before, unit, metric=metric,
                       segment=f"{best.dimension}={name}")
        for name, (before, after) in best.groups.items()
    }  # fmt: skip
    lead = max(facts, key=lambda name: abs(facts[name].value))
    claim = Text.of(
        "month.why.claim_sum", metric=ops.label(metric), total=total, part=facts[lead],
        dimension=evidence.word("dimension", best.dimension),
        group=_name(evidence, best, lead),
    )  # fmt: skip
    before = math.fsum(pair[0] for pair in best.groups.values())
    if tell and abs(best.change) >= declared.materiality * abs(before):
        ops.finding(claim, total, facts[lead], grade="E", tone="neutral", section="why")
    ranked = sorted(best.groups, key=lambda name: -abs(facts[name].value))[:MOST_GROUPS]
    rows = [
        {
            "group": _name(evidence, best, name),
            "before": best.groups[name][0],
            "after": best.groups[name][1],
            "part": Text.of("common.signed_change", fact=facts[name]),
            "growth": _growth(*best.groups[name]),
        }
        for name in ranked
    ]
    number_format = format_of(declared)
    columns = [
        Column("group", evidence.word("dimension", best.dimension), "said"),
        Column("before", Text("month.why.value_before"), number_format),
        Column("after", Text("month.why.value_after"), number_format),
        Column("part", Text("month.why.part"), "said", "right"),
        Column("growth", Text("month.why.growth"), "signed_percent"),
    ]
    table = Table(columns, rows, caption=claim, note=Text("month.why.sum_note"))
    return [table, *([Note(Text("month.why.each_day"))] if each_day(evidence, metric) else [])]


def _growth(before: float, after: float) -> float | None:
    return (after - before) / abs(before) if before else None
