"""How the cycle went by: a metric month by month, users step by step and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Note, charts
from opsnb.analysis.metrics.funnel import ordered_funnel
from opsnb.analysis.reviews.period.kpi_measurement import target_of
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.analysis.reviews.period.timeline import marks_by_period
from opsnb.analysis.reviews.shared.funnel_chart import funnel_chart
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.periods import Period

TREND_MONTHS = 13


def trend(evidence: PeriodEvidence, metric: str) -> list[Any]:
    """A metric over thirteen months, with its targets."""
    ops = evidence.ops
    if lacking := evidence.lacking(metric):
        return [Absent(lacking)]
    if not evidence.covers(ops.catalogue[metric]):
        return [Absent(evidence.not_recorded(metric))]
    periods = [evidence.period]
    while len(periods) < TREND_MONTHS:
        periods.insert(0, periods[0].previous())
    whole = [evidence.holds(ops.catalogue[metric], period) for period in periods[:-1]]
    known = periods[whole.index(True) if True in whole else -1 :]
    points = evidence.values(metric, known)
    points[-1] = ops.meter.value(metric, evidence.period).value
    targets = [(p.start, goal) for p in known if (goal := _target(evidence, metric, p)) is not None]
    spec = {"money": "money", "share": "percent", "count": "integer"}
    label = ops.label(metric)
    kpi = evidence.kpi(metric)
    change = kpi.change_text if kpi and not evidence.partial else Text("month.trend.no_change")
    chart = charts.trend(
        charts.Series(label, [p.start for p in known], points),
        claim=Text.of("month.trend.claim", metric=label, change=change),
        alt=Text.of("month.trend.alt", metric=label, n=len(known)),
        source=Text.of("month.trend.source", start=known[0].start, end=evidence.period.end),
        format=spec.get(ops.catalogue[metric].unit, "number"),
        target=charts.Series(Text("chart.target"), *map(list, zip(*targets, strict=True)))
        if targets
        else None,
        events=marks_by_period(evidence, known, points),
        from_zero=True,
    )
    tables = [record.table for record in ops.meter.on_record.records(ops.catalogue[metric])]
    return [chart, *(note for table in tables for note in missing_days(evidence, table))]


def _target(evidence: PeriodEvidence, metric: str, period: Period) -> float | None:
    target = evidence.ops.workspace.targets(period).get(metric)
    if target is None:
        return None
    before = evidence.ops.meter.value(metric, period.previous()) if target.growth else None
    return target_of(target, before)


def funnel(evidence: PeriodEvidence, steps: Sequence[str]) -> list[Any]:
    """Users by step, against last month where both are on record."""
    ops = evidence.ops
    if not ops.rows.has("events"):
        return [Absent(Text.of("month.absent", table="events"))]
    before = evidence.period.previous()
    if len(evidence.table_lacks("events", evidence.period)) == evidence.period.days:
        return [Absent(Text.of("month.not_recorded", metric=evidence.word("table", "events"),
                               period=evidence.period.text))]  # fmt: skip
    now = ordered_funnel(ops.rows, steps, evidence.period.start, evidence.period.end)
    reason = withheld(evidence, "events", evidence.period, before)
    then = None
    if reason is None:
        then = ordered_funnel(ops.rows, steps, before.start, before.end)
    if not now[0].users:
        return [Absent(Text("campaign.funnel.empty"))]
    if ops.groups_to_withhold("funnel.stage", *({step.step: step.users} for step in now)):
        return [Absent(ops.withheld.whole)]
    for step in now:
        ops.fact("funnel.stage", step.users, "count", segment=step.step)
    rate = ops.fact("funnel.rate", now[-1].users / now[0].users, "share", n=now[0].users)
    chart = funnel_chart(evidence, now, then, rate=rate, comparison=before.text)
    said = [Absent(reason)] if reason else missing_days(evidence, "events", before, evidence.period)
    return [chart, *said, Note(Text("campaign.funnel.note"))]
