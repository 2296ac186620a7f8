"""Active users day by day, and who was won, kept, brought back and lost."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table, charts
from opsnb.analysis.metrics.actives import Growth, growth
from opsnb.analysis.metrics.actives import rolling_actives as count_rolling
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

WINDOWS = (1, 7, 30)
GROWTH_PERIODS = 6
FLOWS = ("new", "resurrected", "retained", "lost")
SHOWN = 3
"""Newest periods that are not folded."""


def daily_actives(evidence: PeriodEvidence) -> list[Part]:
    """Daily active users, and the month's DAU, MAU and stickiness."""
    ops = evidence.ops
    if not ops.rows.has("events"):
        return [Absent(Text.of("month.absent", table="events"))]
    end = min(evidence.period.end, evidence.recorded_until or evidence.period.end)
    if end < evidence.period.start:
        return [Absent(evidence.why_partial)]
    daily = ops.meter.daily("active_users", evidence.period.start, end)
    mau = ops.meter.value("active_users", evidence.period)
    dau = ops.meter.value("dau", evidence.period)
    sticky = ops.meter.value("stickiness", evidence.period)
    facts = {
        "mau": ops.fact("active.mau", mau.value, "count"),
        "dau": ops.fact("active.dau", dau.value, "count"),
        "stickiness": ops.fact("active.stickiness", sticky.value, "share"),
    }
    chart = charts.trend(
        charts.Series(Text("month.active.series"), _dates(daily), list(daily["value"])),
        claim=Text.of("month.active.claim", **facts),
        alt=Text.of("month.active.alt", days=len(daily)),
        source=evidence.source,
        format="integer",
        events=_events(evidence),
        from_zero=True,
    )
    return [chart]


def _events(evidence: PeriodEvidence) -> list[charts.Event]:
    return [
        charts.Event(event.start, event.name, event.end)
        for event in evidence.ops.workspace.events
        if event.start <= evidence.period.end
        and (event.end or event.start) >= evidence.period.start
    ]


def _dates(frame: Any) -> list[dt.date]:
    return [stamp.date() for stamp in frame["day"]]


def rolling_actives(evidence: PeriodEvidence) -> list[Part]:
    """Users active within 1, 7 and 30 days, day by day."""
    end = min(evidence.period.end, evidence.recorded_until or evidence.period.end)
    first = evidence.first_recorded("events" if evidence.ops.rows.has("events") else "orders")
    start = evidence.period.start
    if first is None or end < start or (start - first).days < max(WINDOWS) - 1:
        return [Absent(Text("month.active.young"))]
    frame = count_rolling(evidence.ops.rows, start, end, WINDOWS)
    days = _dates(frame)
    names = {w: Text(f"month.active.days_{w}") for w in WINDOWS}
    last = {
        w: evidence.ops.fact("active.rolling", int(frame[str(w)].iloc[-1]), "count", segment=str(w))
        for w in WINDOWS
    }
    lines = [charts.Series(names[w], days, [float(n) for n in frame[str(w)]]) for w in WINDOWS]
    chart = charts.trend(
        lines,
        claim=Text.of("month.active.rolling", day=last[1], week=last[7], month=last[30], end=end),
        alt=Text.of("month.active.rolling_alt", days=len(days)),
        source=evidence.source,
        format="integer",
        from_zero=True,
    )
    return [chart]


def growth_accounting(evidence: PeriodEvidence) -> list[Part]:
    """New, retained, resurrected and lost users of the last periods."""
    last = evidence.period if not evidence.partial else evidence.period.previous()
    first = evidence.first_recorded("events" if evidence.ops.rows.has("events") else "orders")
    periods = [last]
    while len(periods) < GROWTH_PERIODS:
        before = periods[0].previous()
        if first is not None and before.previous().start < first:
            break
        periods.insert(0, before)
    if first is None or last.previous().start < first:
        return [Absent(Text("month.active.young"))]
    found = growth(evidence.ops.rows, periods)
    rows = [_growth_row(evidence, p.text, one) for p, one in zip(periods, found, strict=True)]
    now = found[-1]
    shown = not _too_few(evidence, now)
    for name in FLOWS if shown else ():
        evidence.ops.fact(f"active.{name}", getattr(now, name), "count", period=last.key)
    columns = [
        Column("period", Text("month.active.period"), "said"),
        *(
            Column(name, Text(f"month.active.{name}"), "integer")
            for name in ("active", "new", "resurrected", "retained", "lost")
        ),
        Column("quick", Text("month.active.quick"), "number"),
    ]
    parts: list[Part] = [Table(columns, rows[-SHOWN:]), Note(Text("month.active.growth_note"))]
    if len(rows) > SHOWN:
        earlier = Table(columns, rows[:-SHOWN])
        parts.insert(1, Fold(Text("month.active.earlier"), [earlier], printed=False))
    if now.quick_ratio is not None and shown:
        quick = evidence.ops.fact("active.quick_ratio", now.quick_ratio, "number", period=last.key)
        parts.insert(0, Paragraph(Text.of("month.active.quick_line", quick=quick)))
    return parts


def _too_few(evidence: PeriodEvidence, one: Growth) -> bool:
    """Whether a flow counts too few people; the four add up to two totals that are shown."""
    counts = {name: getattr(one, name) for name in FLOWS}
    return bool(evidence.ops.groups_to_withhold("active.flows", counts))


def _growth_row(evidence: PeriodEvidence, name: Text, one: Growth) -> dict[str, Any]:
    row = {"period": name, "active": one.active}
    if _too_few(evidence, one):
        return {**row, **dict.fromkeys((*FLOWS, "quick"), evidence.ops.withheld)}
    return {**row, **{flow: getattr(one, flow) for flow in FLOWS}, "quick": one.quick_ratio}
