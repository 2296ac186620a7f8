"""Why a KPI changed, by group: the mix against the rates of a rate, the parts of a sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Paragraph, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.decomposition import GroupPart, MixRate, mix_and_rate
from opsnb.analysis.reviews.shared.breakdowns import TOGETHER, put_together
from opsnb.analysis.reviews.shared.recall import SPEC
from opsnb.base.errors import MethodError, MetricError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.metrics.by_period import Measured
    from opsnb.analysis.reviews.period.month import Month
    from opsnb.analysis.reviews.period.scorecard import Kpi

DIMENSIONS = ("channel", "device", "region", "tenure")
MAX_GROUPS = 60
MOST_GROUPS = 12
"""Groups shown of a dimension."""

CLEAR_MIX = 0.25
"""Share of the change that the mix has to carry for its dimension to be the one to show."""

EXACT = 1e-9
"""Relative error up to which groups count as adding up to the whole."""

_OWN_SECTION = ("surveys", "tickets", "tasks")
_PARTS = ("weight_before", "weight_after", "rate_before", "rate_after", "mix", "rate")


@dataclass(frozen=True)
class Split:
    """A rate's change split by one dimension."""

    dimension: str
    parts: MixRate

    @property
    def weight(self) -> float:
        """How much the dimension tells: what the mix explains, else how lopsided rates moved."""
        change = self.parts.change
        mix = self.parts.mix / change if change else 0.0
        if mix >= CLEAR_MIX:
            return 1 + mix
        moves = [part.rate for part in self.parts.groups.values()]
        largest = max(moves, key=abs, default=0.0)
        return abs(largest / change) / 2 if change else 0.0


@dataclass(frozen=True)
class Shares:
    """A sum's change by the groups of one dimension: value before and after of each."""

    dimension: str
    groups: dict[str, tuple[float, float]]

    @property
    def change(self) -> float:
        return math.fsum(after - before for before, after in self.groups.values())

    @property
    def weight(self) -> float:
        """How far the change differs from what equal growth of all groups would bring."""
        before = math.fsum(pair[0] for pair in self.groups.values())
        growth = self.change / before if before else 0.0
        return math.fsum(abs(b - a - growth * a) for a, b in self.groups.values())


def split(month: Month, metric: str, dimension: str) -> Split | None:
    """A rate's change against the period before; None where the groups do not make the whole."""
    sides = _sides(month, metric, dimension)
    if sides is None or len(sides[1]) < 2:
        return None
    pairs = [
        {name: (m.numerator or 0.0, m.denominator or 0.0) for name, m in side.items()}
        for side in sides
    ]
    try:
        return Split(dimension, mix_and_rate(*pairs))
    except MethodError:  # a period without rows
        return None


def shares(month: Month, metric: str, dimension: str) -> Shares | None:
    """A sum's change by group; None where the groups do not add up to the whole."""
    sides = _sides(month, metric, dimension)
    if sides is None:
        return None
    before, after = ({name: m.value or 0.0 for name, m in side.items()} for side in sides)
    names = list(dict.fromkeys([*before, *after]))
    if len(names) < 2:
        return None
    return Shares(dimension, {n: (before.get(n, 0.0), after.get(n, 0.0)) for n in names})


def _sides(month: Month, metric: str, dimension: str) -> list[dict[str, Measured]] | None:
    """The groups of a metric in the period before and in this one.

    None where they do not add up to the whole: distinct users of a column that changes from
    visit to visit are in several groups.
    """
    meter, periods = month.ops.meter, [month.period.previous(), month.period]
    try:
        found = meter.measure(metric, periods, by=dimension)
    except MetricError:  # the table has no such column
        return None
    sides = []
    for whole in _wholes(month, metric):
        side = {m.group: m for m in found if m.period == whole.period and m.group}
        if len(side) > MAX_GROUPS or not _adds_up(list(side.values()), whole):
            return None
        sides.append(side)
    return put_together(month.ops, metric, sides, dimension)


def _wholes(month: Month, metric: str) -> list[Measured]:
    """The metric before and now; measured once, whatever the number of dimensions tried."""
    kpi = next((kpi for kpi in month.kpis if kpi.metric.id == metric), None)
    if kpi is not None and kpi.previous is not None:
        return [kpi.previous, kpi.measured]
    return month.ops.meter.measure(metric, [month.period.previous(), month.period])


def _adds_up(groups: Sequence[Measured], whole: Measured) -> bool:
    for name in ("numerator", "denominator"):
        total = getattr(whole, name)
        found = math.fsum(getattr(m, name) or 0.0 for m in groups)
        if total is not None and abs(found - total) > EXACT * max(abs(total), 1.0):
            return False
    return True


def why(
    month: Month, metric: str, by: str | Sequence[str] = "", *, tell: bool = True
) -> list[Part]:
    """A KPI's change by the dimension that tells most: mix and rate, or the parts of a sum.

    With `tell`, a change beyond its materiality becomes a finding of the first screen.
    """
    ops = month.ops
    lacking = ops.meter.absent(metric)
    if lacking:
        return [Absent(Text.of("month.absent", table=lacking))]
    if month.partial:
        return [Absent(Text("month.why.partial"))]
    asked = [by] if isinstance(by, str) and by else list(by) or DIMENSIONS
    if ops.catalogue[metric].kind.is_additive:
        sums = [known for name in asked if (known := shares(month, metric, name)) is not None]
        return _why_sum(month, metric, sums, tell) if sums else [_no_dimension(month, metric)]
    splits = [found for name in asked if (found := split(month, metric, name)) is not None]
    return _why_rate(month, metric, splits, tell) if splits else [_no_dimension(month, metric)]


def _no_dimension(month: Month, metric: str) -> Part:
    return Absent(Text.of("month.why.no_dimension", metric=month.ops.label(metric)))


# -- rates ---------------------------------------------------------------------------------


def _why_rate(month: Month, metric: str, splits: Sequence[Split], tell: bool) -> list[Part]:
    ops = month.ops
    best = max(splits, key=lambda found: found.weight)
    parts, facts = best.parts, _facts(month, metric, best)
    material = abs(parts.change) >= ops.catalogue[metric].materiality * abs(parts.before)
    case = "mix" if abs(parts.mix) > abs(parts.rate) else "rate"
    claim = Text.of(
        f"month.why.claim_{case}" if material else "month.why.claim_small",
        metric=ops.label(metric), dimension=month.word("dimension", best.dimension), **facts,
    )  # fmt: skip
    if material and tell:
        ops.finding(claim, *facts.values(), grade="E", tone="warn", section="why")
    shown: list[Part] = [_bridge(month, metric, parts, claim), _groups(month, metric, best)]
    for found in splits:
        if found.parts.reversal:
            shown.append(_simpson(month, metric, found))
    if len(splits) > 1:
        shown.append(_compared(month, metric, splits))
    return shown


def _facts(month: Month, metric: str, found: Split) -> dict[str, Fact]:
    same: dict[str, Any] = {"metric": metric, "segment": found.dimension}
    parts, unit = found.parts, _unit(month.ops.catalogue[metric])
    return {
        "mix": month.ops.fact("change.mix", parts.mix, unit, **same),
        "rate": month.ops.fact("change.rate", parts.rate, unit, **same),
        "total": month.ops.fact("change.total", parts.change, unit, **same),
    }


def _unit(metric: Metric) -> Any:
    return "points" if metric.unit == "share" else metric.unit


def _spec(metric: Metric) -> str:
    return SPEC.get(metric.unit, "number")


def _simpson(month: Month, metric: str, found: Split) -> Part:
    """The whole moved against every group: said as a check, so that nobody reads it wrongly."""
    fact = month.ops.fact(
        "change.reversal", len(found.parts.groups), "count", metric=metric, segment=found.dimension
    )
    said = Text.of(
        "month.why.simpson", metric=month.ops.label(metric),
        dimension=month.word("dimension", found.dimension), n=fact,
    )  # fmt: skip
    month.ops.check(f"simpson.{metric}.{found.dimension}", "warn", said, fact)
    return Paragraph(said, "warn")


def _bridge(month: Month, metric: str, parts: MixRate, claim: Text) -> Part:
    steps = [
        charts.Step(month.period.previous().text, parts.before, is_total=True),
        charts.Step(Text("month.why.mix_step"), parts.mix),
        charts.Step(Text("month.why.rate_step"), parts.rate),
        charts.Step(month.period.text, parts.after, is_total=True),
    ]
    return charts.bridge(
        steps,
        claim=claim,
        alt=Text("month.why.alt"),
        source=month.source,
        format=_spec(month.ops.catalogue[metric]),
    )


def _groups(month: Month, metric: str, found: Split) -> Table:
    spec = _spec(month.ops.catalogue[metric])
    part = "points" if spec == "percent" else f"signed_{spec}"
    return Table(
        [
            Column("group", month.word("dimension", found.dimension), "said"),
            Column("weight_before", Text("month.why.weight_before"), "percent"),
            Column("weight_after", Text("month.why.weight_after"), "percent"),
            Column("rate_before", Text("month.why.rate_before"), spec),
            Column("rate_after", Text("month.why.rate_after"), spec),
            Column("mix", Text("month.why.mix"), part),
            Column("rate", Text("month.why.rate_part"), part),
        ],
        [
            {
                "group": _name(month, found.dimension, group),
                **{name: getattr(row, name) for name in _PARTS},
            }
            for group, row in sorted(found.parts.groups.items(), key=_largest)[:MOST_GROUPS]
        ],
        order=Text("month.why.order"),
        note=Text("month.why.reversal" if found.parts.reversal else "month.why.note"),
    )


def _largest(item: tuple[str, GroupPart]) -> float:
    return -item[1].weight_after


def _name(month: Month, dimension: str, group: str) -> Said:
    if group == TOGETHER:
        return Text.of("month.why.together", minimum=month.ops.workspace.min_cell)
    return month.word("tenure", group) if dimension == "tenure" else group


def _compared(month: Month, metric: str, splits: Sequence[Split]) -> Part:
    """The parts by every dimension tried: one choice among several, and said so."""
    rows = []
    for found in splits:
        said = {
            name: Text.of("common.signed_change", fact=fact)
            for name, fact in _facts(month, metric, found).items()
        }
        rows.append({"dimension": month.word("dimension", found.dimension), **said})
    columns = [
        Column("dimension", Text("month.why.dimension"), "said"),
        Column("mix", Text("month.why.mix"), "said", "right"),
        Column("rate", Text("month.why.rate_part"), "said", "right"),
    ]
    return Table(columns, rows, note=Text("month.why.compared"))


# -- sums ----------------------------------------------------------------------------------


def _why_sum(month: Month, metric: str, sums: Sequence[Shares], tell: bool) -> list[Part]:
    """The groups of the dimension along which growth was most uneven."""
    ops = month.ops
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
        dimension=month.word("dimension", best.dimension),
        group=_name(month, best.dimension, lead),
    )  # fmt: skip
    before = math.fsum(pair[0] for pair in best.groups.values())
    if tell and abs(best.change) >= declared.materiality * abs(before):
        ops.finding(claim, total, facts[lead], grade="E", tone="neutral", section="why")
    ranked = sorted(best.groups, key=lambda name: -abs(facts[name].value))[:MOST_GROUPS]
    rows = [
        {
            "group": _name(month, best.dimension, name),
            "before": best.groups[name][0],
            "after": best.groups[name][1],
            "part": Text.of("common.signed_change", fact=facts[name]),
            "growth": _growth(*best.groups[name]),
        }
        for name in ranked
    ]
    spec = _spec(declared)
    columns = [
        Column("group", month.word("dimension", best.dimension), "said"),
        Column("before", Text("month.why.value_before"), spec),
        Column("after", Text("month.why.value_after"), spec),
        Column("part", Text("month.why.part"), "said", "right"),
        Column("growth", Text("month.why.growth"), "signed_percent"),
    ]
    return [Table(columns, rows, caption=claim, note=Text("month.why.sum_note"))]


def _growth(before: float, after: float) -> float | None:
    return (after - before) / abs(before) if before else None


# -- which KPIs to explain -------------------------------------------------------------------


def moved(month: Month) -> list[Kpi]:
    """KPIs that moved beyond their materiality and can be split, the farthest first."""
    if month.partial:
        return []
    found = [
        (abs(kpi.change.relative) / kpi.metric.materiality, kpi)
        for kpi in month.kpis
        if (kpi.metric.kind.is_rate or kpi.metric.kind.is_additive)
        and kpi.metric.table not in _OWN_SECTION
        and kpi.change is not None
        and kpi.change.relative is not None
        and abs(kpi.change.relative) >= kpi.metric.materiality
    ]
    return [kpi for _, kpi in sorted(found, key=lambda pair: -pair[0])]


def explained(month: Month, most: int) -> list[Part]:
    """Each KPI that moved: rates that moved most in full, every other one behind its own line."""
    kpis = moved(month)
    rates = [kpi for kpi in kpis if kpi.metric.kind.is_rate]
    shown: list[Part] = []
    folded: list[Part] = []
    full = 0
    for kpi in [*rates, *(kpi for kpi in kpis if kpi not in rates)]:
        in_full = kpi in rates and full < most
        parts = why(month, kpi.metric.id, tell=in_full)
        if all(isinstance(part, Absent) for part in parts):
            continue  # its columns cannot split it; the scorecard has shown its change
        if in_full:
            shown += parts
            full += 1
        else:
            title = Text.of("month.why.fold", metric=kpi.metric.label, change=kpi.change_text)
            folded.append(Fold(title, parts, printed=False))
    return [*shown, *folded]
