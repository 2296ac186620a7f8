"""Why a KPI changed: its drivers, and the mix of groups against the rates within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.display import Absent, Column, Note, Part, Table, charts
from opsnb.errors import MethodError, MetricError
from opsnb.findings import Fact
from opsnb.messages import Text
from opsnb.methods.decomposition import GroupPart, MixRate, mix_and_rate, product_parts

if TYPE_CHECKING:
    from opsnb.analyses.month import Month

DIMENSIONS = ("channel", "device", "region")
MAX_GROUPS = 60
CLEAR_MIX = 0.25
"""Share of the change that the mix has to carry for its dimension to be the one to show."""

_PARTS = ("weight_before", "weight_after", "rate_before", "rate_after", "mix", "rate")


@dataclass(frozen=True)
class Split:
    """A change split by one dimension."""

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


def split(month: Month, metric: str, dimension: str) -> Split | None:
    """The change against the period before by one dimension; None where it cannot be split."""
    ops = month.ops
    try:
        before, after = (
            {
                m.group: (m.numerator or 0.0, m.denominator or 0.0)
                for m in ops.meter.measure(metric, [period], by=dimension)
                if m.group
            }
            for period in (month.period.previous(), month.period)
        )
        if len(after) < 2 or len(after) > MAX_GROUPS:
            return None
        return Split(dimension, mix_and_rate(before, after))
    except (MetricError, MethodError):  # the table has no such column, or a period no rows
        return None


def why(month: Month, metric: str, by: str | Sequence[str] = "") -> list[Part]:
    """A rate's change as mix and rate, by the dimension that tells most."""
    ops = month.ops
    lacking = ops.meter.absent(metric)
    if lacking:
        return [Absent(Text.of("month.absent", table=lacking))]
    if month.partial:
        return [Absent(Text("month.why.partial"))]
    asked = [by] if isinstance(by, str) and by else list(by) or DIMENSIONS
    splits = [found for name in asked if (found := split(month, metric, name)) is not None]
    if not splits:
        return [Absent(Text.of("month.why.no_dimension", metric=ops.label(metric)))]
    best = max(splits, key=lambda found: found.weight)
    parts, facts = best.parts, _facts(month, metric, best)
    material = abs(parts.change) >= ops.catalogue[metric].materiality * abs(parts.before)
    larger = "mix" if abs(parts.mix) > abs(parts.rate) else "rate"
    claim = Text.of(
        f"month.why.claim_{larger}" if material else "month.why.claim_small",
        metric=ops.label(metric), dimension=month.word("dimension", best.dimension), **facts,
    )  # fmt: skip
    if material:
        ops.finding(claim, *facts.values(), grade="E", tone="warn", section="why")
    shown: list[Part] = [_bridge(month, parts, claim), _groups(month, best)]
    if len(splits) > 1:
        shown.append(_compared(month, metric, splits))
    return shown


def _facts(month: Month, metric: str, found: Split) -> dict[str, Fact]:
    same: dict[str, Any] = {"metric": metric, "segment": found.dimension}
    parts = found.parts
    return {
        "mix": month.ops.fact("change.mix", parts.mix, "points", **same),
        "rate": month.ops.fact("change.rate", parts.rate, "points", **same),
        "total": month.ops.fact("change.total", parts.change, "points", **same),
    }


def _bridge(month: Month, parts: MixRate, claim: Text) -> Part:
    steps = [
        charts.Step(month.period.previous().text, parts.before, is_total=True),
        charts.Step(Text("month.why.mix_step"), parts.mix),
        charts.Step(Text("month.why.rate_step"), parts.rate),
        charts.Step(month.period.text, parts.after, is_total=True),
    ]
    return charts.bridge(
        steps, claim=claim, alt=Text("month.why.alt"), source=month.source, format="percent"
    )


def _groups(month: Month, found: Split) -> Table:
    return Table(
        [
            Column("group", month.word("dimension", found.dimension), "said"),
            Column("weight_before", Text("month.why.weight_before"), "percent"),
            Column("weight_after", Text("month.why.weight_after"), "percent"),
            Column("rate_before", Text("month.why.rate_before"), "percent"),
            Column("rate_after", Text("month.why.rate_after"), "percent"),
            Column("mix", Text("month.why.mix"), "points"),
            Column("rate", Text("month.why.rate_part"), "points"),
        ],
        [
            {"group": group, **{name: getattr(part, name) for name in _PARTS}}
            for group, part in sorted(found.parts.groups.items(), key=_largest)[:12]
        ],
        order=Text("month.why.order"),
        note=Text("month.why.reversal" if found.parts.reversal else "month.why.note"),
    )


def _largest(item: tuple[str, GroupPart]) -> float:
    return -item[1].weight_after


def _compared(month: Month, metric: str, splits: Sequence[Split]) -> Part:
    """The parts by every dimension tried: one choice among several, and said so."""
    rows = []
    for found in splits:
        facts = _facts(month, metric, found)
        rows.append({"dimension": month.word("dimension", found.dimension), **facts})
    columns = [
        Column("dimension", Text("month.why.dimension"), "said"),
        Column("mix", Text("month.why.mix"), "points"),
        Column("rate", Text("month.why.rate_part"), "points"),
    ]
    return Table(columns, rows, note=Text("month.why.compared"))


def moved_rates(month: Month) -> list[str]:
    """KPIs with a numerator and a denominator that moved beyond their materiality."""
    if month.partial:
        return []
    moved = [
        (abs(gap) / kpi.metric.materiality, kpi.metric.id)
        for kpi in month.kpis
        if kpi.metric.kind in ("ratio", "proportion", "retention")
        and kpi.metric.table not in ("surveys", "tickets", "tasks")
        and kpi.previous is not None
        and kpi.previous.value
        and kpi.measured.value is not None
        and abs(gap := kpi.measured.value / kpi.previous.value - 1) >= kpi.metric.materiality
    ]
    return [name for _, name in sorted(moved, reverse=True)]


def drivers(month: Month, metric: str) -> list[Part]:
    """The change of a metric as the parts of the drivers whose product it is."""
    ops = month.ops
    names = ops.catalogue[metric].drivers
    lacking = next((x for name in (metric, *names) if (x := ops.meter.absent(name))), None)
    if not names or lacking:
        table = lacking or "metrics.toml: drivers"
        return [Absent(Text.of("month.absent", table=table))]
    if month.partial:
        return [Absent(Text("month.why.partial"))]
    if not month.covers(ops.catalogue[metric]):
        return [Absent(month.not_recorded(metric))]
    periods = [month.period.previous(), month.period]
    sides = [
        {name: ops.meter.value(name, period).value for name in (metric, *names)}
        for period in periods
    ]
    if any(value is None for side in sides for value in side.values()):
        return [Absent(Text.of("month.why.no_dimension", metric=ops.label(metric)))]
    before, after = ({k: float(v or 0.0) for k, v in side.items()} for side in sides)
    parts = product_parts({n: before[n] for n in names}, {n: after[n] for n in names})
    change = after[metric] - before[metric]
    unit: Any = ops.catalogue[metric].unit
    total = ops.fact("change.drivers", change, unit, metric=metric)
    facts = {
        name: ops.fact("change.driver", part, unit, metric=metric, segment=name)
        for name, part in parts.items()
    }
    rest = change - sum(parts.values())
    steps = [
        charts.Step(periods[0].text, before[metric], is_total=True),
        *(charts.Step(ops.label(name), part) for name, part in parts.items()),
    ]
    if abs(rest) > 1e-6 * max(abs(change), 1e-12 * abs(after[metric])):
        ops.fact("change.unexplained", rest, unit, metric=metric)
        steps.append(charts.Step(Text("month.why.rest"), rest))
    steps.append(charts.Step(periods[1].text, after[metric], is_total=True))
    lead = max(parts, key=lambda name: abs(parts[name]))
    claim = Text.of(
        "month.why.drivers", metric=ops.label(metric), lead=ops.label(lead), total=total,
        part=facts[lead],
    )  # fmt: skip
    chart = charts.bridge(
        steps, claim=claim, alt=Text.of("month.why.drivers_alt", n=len(names)),
        source=month.source, format="money" if unit == "money" else "number",
    )  # fmt: skip
    return [chart, Note(Text("month.why.drivers_note"))]
