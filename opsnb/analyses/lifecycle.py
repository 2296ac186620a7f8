"""Where users stand: won and lost, stages by channel, RFM segments and who to win back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.errors import MetricError
from opsnb.messages import Said, Text
from opsnb.metrics.actives import Growth, growth, rolling_actives
from opsnb.metrics.rfm import SEGMENTS, Thresholds, matrix, migration, segments, thresholds

if TYPE_CHECKING:
    from opsnb.analyses.month import Month

WINDOWS = (1, 7, 30)
GROWTH_PERIODS = 6
MOST_CHANNELS = 10

STAGES = ("new_users", "activation", "retention_d7", "paying_conversion", "referral_share")
"""Acquisition, activation, retention, revenue, referral."""

WIN_BACK = (("champions", "at_risk"), ("loyal", "at_risk"), ("champions", "lapsed"),
            ("loyal", "lapsed"))  # fmt: skip
"""Moves of those who bought often and have stopped."""

HISTORY_DAYS = 180
"""Orders before the thresholds' day without which they would mean little."""


# -- active users ----------------------------------------------------------------------------


def rolling(month: Month) -> list[Part]:
    """Users active within 1, 7 and 30 days, day by day."""
    end = min(month.period.end, month.recorded_until or month.period.end)
    first = month.first_recorded("events" if month.ops.rows.has("events") else "orders")
    start = month.period.start
    if first is None or end < start or (start - first).days < max(WINDOWS) - 1:
        return [Absent(Text("month.active.young"))]
    frame = rolling_actives(month.ops.rows, start, end, WINDOWS)
    days = [stamp.date() for stamp in frame["day"]]
    names = {w: Text(f"month.active.days_{w}") for w in WINDOWS}
    last = {
        w: month.ops.fact("active.rolling", int(frame[str(w)].iloc[-1]), "count", segment=str(w))
        for w in WINDOWS
    }
    lines = [charts.Series(names[w], days, [float(n) for n in frame[str(w)]]) for w in WINDOWS]
    chart = charts.trend(
        lines,
        claim=Text.of("month.active.rolling", day=last[1], week=last[7], month=last[30], end=end),
        alt=Text.of("month.active.rolling_alt", days=len(days)),
        source=month.source,
        format="integer",
        from_zero=True,
    )
    return [chart]


def accounting(month: Month) -> list[Part]:
    """New, retained, resurrected and lost users of the last periods."""
    last = month.period if not month.partial else month.period.previous()
    first = month.first_recorded("events" if month.ops.rows.has("events") else "orders")
    periods = [last]
    while len(periods) < GROWTH_PERIODS:
        before = periods[0].previous()
        if first is not None and before.previous().start < first:
            break
        periods.insert(0, before)
    if first is None or last.previous().start < first:
        return [Absent(Text("month.active.young"))]
    found = growth(month.ops.rows, periods)
    rows = [_growth_row(p.text, one) for p, one in zip(periods, found, strict=True)]
    now = found[-1]
    for name in ("new", "retained", "resurrected", "lost"):
        month.ops.fact(f"active.{name}", getattr(now, name), "count", period=last.key)
    columns = [
        Column("period", Text("month.active.period"), "said"),
        *(
            Column(name, Text(f"month.active.{name}"), "integer")
            for name in ("active", "new", "resurrected", "retained", "lost")
        ),
        Column("quick", Text("month.active.quick"), "number"),
    ]
    parts: list[Part] = [Table(columns, rows), Note(Text("month.active.growth_note"))]
    if now.quick_ratio is not None:
        quick = month.ops.fact("active.quick_ratio", now.quick_ratio, "number", period=last.key)
        parts.insert(0, Paragraph(Text.of("month.active.quick_line", quick=quick)))
    return parts


def _growth_row(name: Text, one: Growth) -> dict[str, Any]:
    fields = ("active", "new", "resurrected", "retained", "lost")
    return {
        "period": name,
        **{field: getattr(one, field) for field in fields},
        "quick": one.quick_ratio,
    }


# -- stages by channel -------------------------------------------------------------------------


def stages(month: Month, by: str = "channel") -> list[Part]:
    """Acquisition to referral by channel, with the change of new users on last month."""
    ops = month.ops
    known = [name for name in STAGES if ops.meter.absent(name) is None]
    periods = [month.period.previous(), month.period]
    values: dict[str, dict[tuple[str, str], float | None]] = {}
    for name in known:
        try:
            measured = ops.meter.measure(name, periods, by=by)
        except MetricError:  # no such column
            continue
        values[name] = {(m.group or "", m.period): m.value for m in measured}
    lead = next(iter(values), None)
    if lead is None:
        return [Absent(Text.of("month.stages.absent", dimension=month.word("dimension", by)))]
    now, before = month.period.key, periods[0].key
    groups = {group for group, period in values[lead] if group and period == now}
    ordered = sorted(groups, key=lambda g: -(values[lead].get((g, now)) or 0))[:MOST_CHANNELS]
    rows = []
    for group in ordered:
        row: dict[str, Any] = {"group": group}
        for name, found in values.items():
            value = found.get((group, now))
            if value is not None:
                unit: Any = ops.catalogue[name].unit
                ops.fact("funnel.stage_rate", value, unit, metric=name, segment=group)
            row[name] = value
        earlier, present = values[lead].get((group, before)), values[lead].get((group, now))
        row["change"] = present / earlier - 1 if present is not None and earlier else None
        rows.append(row)
    columns = [Column("group", month.word("dimension", by), "said")]
    for name in values:
        spec = {"count": "integer", "share": "percent"}.get(ops.catalogue[name].unit, "number")
        columns.append(Column(name, ops.label(name), spec))
        if name == lead and not month.partial:
            columns.append(Column("change", Text("month.scorecard.change"), "signed_percent"))
    return [Table(columns, rows, order=Text("month.stages.order")), Note(Text("month.stages.note"))]


# -- RFM --------------------------------------------------------------------------------------


def rfm(month: Month) -> list[Part]:
    """Segments now and a month before by the same thresholds, moves, and who to win back."""
    if month.partial:
        return [Absent(Text("month.rfm.partial"))]
    cuts = _thresholds(month)
    if cuts is None:
        return [Absent(Text("month.rfm.short"))]
    rows, day = month.ops.rows, month.period.end
    before = month.period.previous().end
    now = segments(rows, day, cuts)
    then = {one.name: one.users for one in segments(rows, before, cuts)}
    total = sum(one.users for one in now) or 1
    table = []
    for one in now:
        share = month.ops.fact("rfm.segment", one.users / total, "share", segment=one.name,
                               n=one.users)  # fmt: skip
        table.append(
            {
                "segment": Text(f"month.rfm.{one.name}"), "users": one.users, "share": share,
                "change": one.users / then[one.name] - 1 if then[one.name] else None,
                "amount": one.amount,
            }
        )  # fmt: skip
    columns = [
        Column("segment", Text("month.rfm.segment"), "said"),
        Column("users", Text("month.rfm.users"), "integer"),
        Column("share", Text("month.rfm.share"), "percent"),
        Column("change", Text("month.scorecard.change"), "signed_percent"),
        Column("amount", Text("month.rfm.amount"), "money"),
    ]
    moves = migration(rows, before, day, cuts)
    return [
        Table(columns, table),
        *_migration(month, matrix(moves)),
        *_win_back(month, moves),
        Note(Text.of("month.rfm.note", day=cuts.day)),
    ]


def _thresholds(month: Month) -> Thresholds | None:
    """Frozen for a year: those of the end of the year before, else of the period before."""
    first = month.first_recorded("orders")
    if first is None:
        return None
    year_end = dt.date(month.period.end.year - 1, 12, 31)
    for day in (year_end, month.period.previous().end):
        if (day - first).days >= HISTORY_DAYS:
            return thresholds(month.ops.rows, day)
    return None


def _migration(month: Month, shares: Sequence[Sequence[float | None]]) -> list[Part]:
    for start, row in zip(SEGMENTS, shares, strict=True):
        for end, share in zip((*SEGMENTS, "none"), row, strict=True):
            if share is not None:
                month.ops.fact("rfm.migration", share, "share", segment=f"{start}>{end}")
    names: list[Said] = [Text(f"month.rfm.{name}") for name in SEGMENTS]
    stayed = shares[0][0]
    if stayed is None:
        return []
    chart = charts.matrix(
        names,
        [*names, Text("month.rfm.none")],
        shares,
        claim=Text.of(
            "month.rfm.claim",
            stayed=month.ops.facts["rfm.migration///champions>champions"],
            before=month.period.previous().text,
        ),
        alt=Text.of("month.rfm.alt", n=len(SEGMENTS)),
        source=month.source,
    )
    return [chart]


def _win_back(month: Month, moves: dict[Any, Any]) -> list[Part]:
    """Frequent buyers who stopped within the month: few enough to call, and worth it."""
    found = [moves[pair] for pair in WIN_BACK if pair in moves]
    users = sum(one.users for one in found)
    if not users:
        return []
    count = month.ops.fact("rfm.win_back", users, "count")
    amount = month.ops.fact("rfm.win_back_amount", sum(one.amount for one in found), "money")
    line = Text.of("month.rfm.win_back", n=count, amount=amount)
    month.ops.finding(line, count, amount, tone="neutral", section="rfm")
    return [Paragraph(line)]
