"""RFM segments, their moves since last month, and who to win back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.metrics.rfm import (
    SEGMENTS,
    YEAR,
    Segment,
    Thresholds,
    matrix,
    migration,
    movers,
    segments,
    thresholds,
)
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.base.messages import Said, Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.periods import Period

WIN_BACK = (("champions", "at_risk"), ("loyal", "at_risk"), ("champions", "lapsed"),
            ("loyal", "lapsed"))  # fmt: skip
"""Moves of those who bought often and have stopped."""

ENDS = (*SEGMENTS, "none")

HISTORY_DAYS = 180
"""Days of orders up to the thresholds' day without which they would mean little."""


def rfm(evidence: PeriodEvidence) -> list[Part]:
    """Segments now and a month before by the same thresholds, moves, and who to win back."""
    if evidence.partial:
        return [Absent(Text("month.rfm.partial"))]
    cuts = _thresholds(evidence)
    if cuts is None:
        return [Absent(Text("month.rfm.short"))]
    rows, day = evidence.ops.rows, evidence.period.end
    before = evidence.period.previous().end
    windows = [_window(last, cuts.window) for last in (before, day)]
    if (reason := withheld(evidence, "orders", *windows)) is not None:
        return [Absent(reason)]
    now = segments(rows, day, cuts)
    then = {one.name: one.users for one in segments(rows, before, cuts)}
    total = sum(one.users for one in now) or 1
    hidden = evidence.ops.groups_to_withhold(
        "rfm.segment", {one.name: one.users for one in now}, then
    )
    table: list[dict[str, Any]] = []
    for one in now:
        if one.name in hidden:
            cells = dict.fromkeys(("users", "share", "change", "amount"), evidence.ops.withheld)
            table.append({"segment": Text(f"month.rfm.{one.name}"), **cells})
            continue
        share = evidence.ops.fact("rfm.segment", one.users / total, "share", segment=one.name,
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
        Column("amount", Text.of("month.rfm.amount", days=cuts.window), "money"),
    ]
    moves = migration(rows, before, day, cuts)
    counts = {pair: one.users for pair, one in moves.items()}
    few = evidence.ops.groups_to_withhold("rfm.migration", counts, crossed=True)
    return [
        Table(columns, table),
        *_migration(evidence, matrix(moves), few, cuts.window),
        *_win_back(evidence, moves, few, cuts.window),
        *missing_days(evidence, "orders", windows[-1]),
        Note(Text.of("month.rfm.note", day=cuts.day, days=cuts.window)),
    ]


def _window(last: dt.date, days: int) -> Period:
    return between(last - dt.timedelta(days=days - 1), last)


def _thresholds(evidence: PeriodEvidence) -> Thresholds | None:
    """Frozen for a year: those of the end of the year before, else of the period before.

    Where less than a year is on record by then, of as many days as are: so many are looked at on
    either day, for a window that still fills would move everybody.
    """
    first = evidence.first_recorded("orders")
    if first is None:
        return None
    year_end = dt.date(evidence.period.end.year - 1, 12, 31)
    for day in (year_end, evidence.period.previous().end):
        if (day - first).days >= HISTORY_DAYS:
            window = min((day - first).days + 1, YEAR)
            return thresholds(evidence.ops.rows, day, window)
    return None


def _migration(
    evidence: PeriodEvidence,
    shares: Sequence[Sequence[float | None]],
    few: Collection[Hashable],
    window: int,
) -> list[Part]:
    shown = [
        [None if (start, end) in few else share for end, share in zip(ENDS, row, strict=True)]
        for start, row in zip(SEGMENTS, shares, strict=True)
    ]
    facts = {
        (start, end): evidence.ops.fact("rfm.migration", share, "share", segment=f"{start}>{end}")
        for start, row in zip(SEGMENTS, shown, strict=True)
        for end, share in zip(ENDS, row, strict=True)
        if share is not None
    }
    names: list[Said] = [Text(f"month.rfm.{name}") for name in SEGMENTS]
    stayed = facts.get((SEGMENTS[0], SEGMENTS[0]))
    if stayed is None:
        return [Absent(evidence.ops.withheld.whole)] if few else []
    chart = charts.matrix(
        names,
        [*names, Text.of("month.rfm.none", days=window)],
        shown,
        claim=Text.of(
            "month.rfm.claim",
            stayed=stayed,
            before=evidence.period.previous().text,
        ),
        alt=Text.of("month.rfm.alt", n=len(SEGMENTS)),
        source=evidence.source,
    )
    return [chart, *([Note(evidence.ops.withheld.cells(len(few)))] if few else [])]


def _win_back(
    evidence: PeriodEvidence,
    moves: Mapping[tuple[str, str], Segment],
    few: Collection[Hashable],
    window: int,
) -> list[Part]:
    """Frequent buyers who stopped within the month, by move: few enough to call, and worth it.

    Moves of too few are in no total either: it would tell them.
    """
    found = {pair: moves[pair] for pair in WIN_BACK if pair in moves and pair not in few}
    users = sum(one.users for one in found.values())
    if not users:
        return []
    count = evidence.ops.fact("rfm.win_back", users, "count")
    total = sum(one.amount for one in found.values())
    amount = evidence.ops.fact("rfm.win_back_amount", total, "money")
    line = Text.of("month.rfm.win_back", n=count, amount=amount)
    evidence.ops.finding(line, count, amount, tone="neutral", section="rfm")
    rows: list[dict[str, Any]] = [
        {
            "before": Text(f"month.rfm.{start}"),
            "now": Text(f"month.rfm.{end}"),
            "users": one.users,
            "each": one.amount / one.users,
            "amount": one.amount,
        }
        for (start, end), one in found.items()
    ]
    for start, end in (pair for pair in WIN_BACK if pair in few):
        cells = dict.fromkeys(("users", "each", "amount"), evidence.ops.withheld)
        rows.append(
            {"before": Text(f"month.rfm.{start}"), "now": Text(f"month.rfm.{end}"), **cells}
        )
    columns = [
        Column("before", Text("month.rfm.before"), "said"),
        Column("now", Text("month.rfm.now"), "said"),
        Column("users", Text("month.rfm.users"), "integer"),
        Column("each", Text("month.rfm.each"), "money"),
        Column("amount", Text.of("month.rfm.amount", days=window), "money"),
    ]
    return [Paragraph(line), Table(columns, rows, note=Text("month.rfm.win_back_note"))]


def win_back_users(evidence: PeriodEvidence) -> pd.DataFrame:
    """The users behind the win-back table, the highest amount first: for a list to act on.

    Returns
    -------
    pandas.DataFrame
        user_id, before, now (segments), last_order (date), orders and amount of the window before.
        Empty where the month has no segments.
    """
    cuts = None if evidence.partial else _thresholds(evidence)
    if cuts is None:
        return pd.DataFrame(columns=["user_id", "before", "now", "last_order", "orders", "amount"])
    return movers(
        evidence.ops.rows, evidence.period.previous().end, evidence.period.end, cuts, WIN_BACK
    )
