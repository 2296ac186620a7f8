"""Active users day by day, and who was won, kept, brought back and lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Fold, Note, Paragraph, Part, Table, charts
from opsnb.analysis.metrics.actives import Growth, growth
from opsnb.analysis.metrics.actives import rolling_actives as count_rolling
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.analysis.reviews.period.timeline import marks
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.findings import Fact
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.periods import Period

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
    metric = ops.catalogue["active_users"]
    start, end = _recorded_days(evidence, metric)
    if end < start:
        return [Absent(evidence.why_partial)]
    if not evidence.covers(metric):
        return [Absent(evidence.not_recorded("active_users"))]
    daily = ops.meter.daily("active_users", start, end)
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
        alt=Text.of("month.active.alt", days=int(daily["value"].notna().sum())),
        source=evidence.source,
        format="integer",
        events=marks(evidence, metric, start, end),
        from_zero=True,
    )
    return [chart, *missing_days(evidence, "events")]


def _recorded_days(evidence: PeriodEvidence, metric: Metric) -> tuple[dt.date, dt.date]:
    """The period, from the first day on record on and as far as the data go."""
    end = min(evidence.period.end, evidence.recorded_until or evidence.period.end)
    first = evidence.ops.meter.on_record.first(metric)
    return max(evidence.period.start, first or evidence.period.start), end


def _dates(frame: Any) -> list[dt.date]:
    return [stamp.date() for stamp in frame["day"]]


def rolling_actives(evidence: PeriodEvidence) -> list[Part]:
    """Users active within 1, 7 and 30 days, day by day; a window that lacks a day is a hole."""
    table = evidence.activity
    metric = evidence.ops.catalogue["active_users" if table == "events" else "orders"]
    start, end = _recorded_days(evidence, metric)
    first = evidence.first_recorded(table)
    before = evidence.period.start
    if first is None or end < start or (before - first).days < max(WINDOWS) - 1:
        return [Absent(Text("month.active.young"))]
    frame = count_rolling(evidence.ops.rows, start, end, WINDOWS)
    days = _dates(frame)
    values = {w: _whole_windows(evidence, days, list(frame[str(w)]), w) for w in WINDOWS}
    last = {
        w: max((n for n, value in enumerate(values[w]) if value is not None), default=None)
        for w in WINDOWS
    }
    shown = {w: n for w, n in last.items() if n is not None}
    if not shown:
        return [Absent(evidence.not_recorded(metric.id))]
    facts = {
        w: evidence.ops.fact("active.rolling", int(values[w][n] or 0), "count", segment=str(w))
        for w, n in shown.items()
    }
    chart = charts.trend(
        [charts.Series(Text(f"month.active.days_{w}"), days, values[w]) for w in shown],
        claim=_rolling_claim(facts, {w: days[n] for w, n in shown.items()}),
        alt=Text.of("month.active.rolling_alt", days=len(days)),
        source=evidence.source,
        format="integer",
        events=marks(evidence, metric, start, end),
        from_zero=True,
    )
    return [chart, *([Note(Text("month.active.holes"))] if _has_holes(values.values()) else [])]


def _whole_windows(
    evidence: PeriodEvidence, days: Sequence[dt.date], counts: Sequence[float], window: int
) -> list[float | None]:
    """Counts of the days whose window is on record; None for the others."""
    record, reach = evidence.ops.rows.record(evidence.activity), dt.timedelta(days=window - 1)
    return [
        float(n) if record.covers(day - reach, day) else None
        for day, n in zip(days, counts, strict=True)
    ]


def _has_holes(values: Iterable[Sequence[float | None]]) -> bool:
    return any(value is None for line in values for value in line)


def _rolling_claim(facts: Mapping[int, Fact], ends: Mapping[int, dt.date]) -> Text:
    """One day for all windows, or each with the last day of its last whole one."""
    if len(set(ends.values())) == 1 and len(ends) == len(WINDOWS):
        day, week, month = (facts[window] for window in WINDOWS)
        return Text.of("month.active.rolling", day=day, week=week, month=month, end=ends[1])
    windows = [
        Text.of("month.active.window", n=facts[w], name=Text(f"month.active.days_{w}"), last=end)
        for w, end in ends.items()
    ]
    return Text.of("month.active.rolling_each", windows=windows)


def growth_accounting(evidence: PeriodEvidence) -> list[Part]:
    """New, retained, resurrected and lost users of the last periods that can be compared."""
    last = evidence.period if not evidence.partial else evidence.period.previous()
    table = evidence.activity
    first = evidence.first_recorded(table)
    if first is None or last.previous().start < first:
        return [Absent(Text("month.active.young"))]
    if (reason := withheld(evidence, table, last, last.previous())) is not None:
        return [Absent(reason)]
    periods = _comparable(evidence, last, first)
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
    days = missing_days(evidence, table, last.previous(), last)
    parts: list[Part] = [
        Table(columns, rows[-SHOWN:]),
        *days,
        Note(Text("month.active.growth_note")),
    ]
    if len(rows) > SHOWN:
        earlier = Table(columns, rows[:-SHOWN])
        parts.insert(1, Fold(Text("month.active.earlier"), [earlier], printed=False))
    if now.quick_ratio is not None and shown:
        quick = evidence.ops.fact("active.quick_ratio", now.quick_ratio, "number", period=last.key)
        parts.insert(0, Paragraph(Text.of("month.active.quick_line", quick=quick)))
    return parts


def _comparable(evidence: PeriodEvidence, last: Period, first: dt.date) -> list[Period]:
    """The last periods, the oldest first, that are on record like the ones before them."""
    periods, span = [last], last.previous()
    for _ in range(GROWTH_PERIODS - 1):
        before = span.previous()
        if before.start < first:
            break
        if evidence.table_holds(evidence.activity, span, before):
            periods.insert(0, span)
        span = before
    return periods


def _too_few(evidence: PeriodEvidence, one: Growth) -> bool:
    """Whether a flow counts too few people; the four add up to two totals that are shown."""
    counts = {name: getattr(one, name) for name in FLOWS}
    return bool(evidence.ops.groups_to_withhold("active.flows", counts))


def _growth_row(evidence: PeriodEvidence, name: Text, one: Growth) -> dict[str, Any]:
    row = {"period": name, "active": one.active}
    if _too_few(evidence, one):
        return {**row, **dict.fromkeys((*FLOWS, "quick"), evidence.ops.withheld)}
    return {**row, **{flow: getattr(one, flow) for flow in FLOWS}, "quick": one.quick_ratio}
