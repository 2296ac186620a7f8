"""RFM segments: recency, frequency and amount of the last year, by thresholds that stay fixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from opsnb.analysis.metrics.assignments import cached
from opsnb.analysis.metrics.rows import Rows, on_days
from opsnb.analysis.tables import refund_rows

YEAR = 365
SCORES = 5

SEGMENTS = ("champions", "loyal", "recent", "at_risk", "lapsed")
"""From the most active: bought lately and often; often; lately; often but long ago; long ago."""

_SIDES = ("recency", "frequency", "monetary")


@dataclass(frozen=True)
class Thresholds:
    """For each side the four values that a score of 2, 3, 4 and 5 lies above.

    Recency counts as days since the last order with a minus, so that higher is better. `window`
    is the number of days that was looked at, and that every use of them looks at.
    """

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]
    day: dt.date
    window: int = YEAR


@dataclass(frozen=True)
class Segment:
    """A segment at the end of a period: users, and what they spent in the window before."""

    name: str
    users: int
    amount: float


def customers(rows: Rows, day: dt.date, window: int = YEAR) -> ibis.Table:
    """Who bought within a window of days up to a day: user_id, recency (minus), frequency,
    monetary."""
    opened, orders = rows.table("orders"), rows.sold
    if "status" in orders.columns:
        orders = orders.filter(orders.status.coalesce("paid") != "cancelled")
    first = day - dt.timedelta(days=window - 1)
    held = orders.filter(orders.user_id.notnull() & on_days(orders, first, day, "order_date"))
    value = refund_rows.net(held).cast("float64")
    if "status" in held.columns:
        value = ibis.ifelse(held.status.coalesce("paid") == "paid", value, 0.0)
    placed = ibis._.count() if opened.unique else ibis._.order_id.nunique()
    totals = (
        held.mutate(_value=value)
        .group_by("user_id")
        .agg(
            _last=ibis._.order_date.max(),
            frequency=placed.cast("float64"),
            monetary=ibis._._value.sum(),
        )
    )
    ago = ibis.literal(day).delta(totals._last, unit="day").cast("float64")
    return totals.select("user_id", "frequency", "monetary", recency=-ago)


def thresholds(rows: Rows, day: dt.date, window: int = YEAR) -> Thresholds | None:
    """What five equal scores meant on a day: `ceil(5 * cume_dist())`, so that ties share one.

    The cumulative share is taken from the count of each value: ClickHouse has no `cume_dist`.
    None where nobody had bought within the window.
    """
    base = cached(customers(rows, day, window))
    found: dict[str, tuple[float, ...]] = {}
    for side in _SIDES:
        sizes = base.group_by(_value=base[side]).agg(_n=base.count())
        upto = ibis.window(order_by="_value", preceding=None, following=0)
        ranked = sizes.mutate(_upto=sizes._n.sum().over(upto), _all=sizes._n.sum().over())
        # The rounded-up share in whole numbers, so that no engine's division decides.
        score = ((SCORES * ranked._upto + ranked._all - 1) / ranked._all).floor().cast("int64")
        frame = ranked.group_by(_score=score).agg(_top=ranked._value.max()).execute()
        if frame.empty:
            return None
        top: Mapping[int, float] = dict(zip(frame["_score"], frame["_top"], strict=True))
        cuts, highest = [], float("-inf")
        for score in range(1, SCORES):
            highest = max(highest, float(top.get(score, highest)))
            cuts.append(highest)
        found[side] = tuple(cuts)
    return Thresholds(day=day, window=window, **found)


def scored(base: ibis.Table, cuts: Thresholds) -> ibis.Table:
    """Customers with their scores r, f, m (1 to 5) and their segment."""
    scores = {
        side[0]: 1 + sum(((base[side] > cut).cast("int64") for cut in getattr(cuts, side)),
                         start=ibis.literal(0))
        for side in _SIDES
    }  # fmt: skip
    out = base.mutate(**scores)
    often, lately = out.f >= 4, out.r >= 3
    segment = ibis.cases(
        (often & (out.r >= 4), "champions"),
        (often & lately, "loyal"),
        (lately, "recent"),
        (often, "at_risk"),
        else_="lapsed",
    )
    return out.mutate(segment=segment)


def segments(rows: Rows, day: dt.date, cuts: Thresholds) -> list[Segment]:
    """Users and amounts by segment on a day, in the order of `SEGMENTS`."""
    table = scored(customers(rows, day, cuts.window), cuts)
    frame = table.group_by("segment").agg(n=table.count(), amount=table.monetary.sum()).execute()
    by_name = {row["segment"]: row for row in frame.to_dict("records")}
    return [
        Segment(name, int(row["n"]), float(row["amount"]))
        if (row := by_name.get(name))
        else Segment(name, 0, 0.0)
        for name in SEGMENTS
    ]


def migration(
    rows: Rows, before: dt.date, day: dt.date, cuts: Thresholds
) -> dict[tuple[str, str], Segment]:
    """Users by (segment before, segment now), the same thresholds on both days.

    "none" stands for who had not bought within the window before; `amount` is what the users had
    spent in the window up to `before`, or up to `day` where they are new.
    """
    now = scored(customers(rows, day, cuts.window), cuts).select("user_id", "segment", "monetary")
    then = scored(customers(rows, before, cuts.window), cuts).select(
        "user_id", "segment", "monetary"
    )
    joined = now.outer_join(then, "user_id")
    named = joined.select(
        _from=joined.segment_right.coalesce("none"),
        _to=joined.segment.coalesce("none"),
        _amount=joined.monetary_right.coalesce(joined.monetary),
    )
    frame = named.group_by(["_from", "_to"]).agg(n=named.count(), amount=named._amount.sum())
    return {
        (row["_from"], row["_to"]): Segment(row["_to"], int(row["n"]), float(row["amount"]))
        for row in frame.execute().to_dict("records")
    }


def movers(
    rows: Rows,
    before: dt.date,
    day: dt.date,
    cuts: Thresholds,
    pairs: Sequence[tuple[str, str]],
) -> pd.DataFrame:
    """The users of some moves, the highest amount first.

    Returns
    -------
    pandas.DataFrame
        user_id, before and now (segments), last_order (date), orders and amount of the window
        up to `before`.
    """
    now = scored(customers(rows, day, cuts.window), cuts).select(
        "user_id", now="segment", recency="recency"
    )
    then = scored(customers(rows, before, cuts.window), cuts).select(
        "user_id", before="segment", orders="frequency", amount="monetary"
    )
    joined = now.inner_join(then, "user_id")
    wanted = [(joined.before == start) & (joined.now == end) for start, end in pairs]
    frame = joined.filter(ibis.or_(*wanted)).execute()
    ago = pd.to_timedelta(-frame["recency"], "D")
    frame["last_order"] = (pd.Timestamp(day) - ago).dt.date
    columns = ["user_id", "before", "now", "last_order", "orders", "amount"]
    ordered = frame.sort_values(["amount", "user_id"], ascending=[False, True])
    return ordered[columns].reset_index(drop=True)


def matrix(
    moves: Mapping[tuple[str, str], Segment], names: Sequence[str] = SEGMENTS
) -> list[list[float | None]]:
    """Shares of each segment before that are in each segment now, "none" as the last column."""
    out: list[list[float | None]] = []
    for start in names:
        row: list[Any] = [moves.get((start, end)) for end in (*names, "none")]
        total = sum(cell.users for cell in row if cell)
        out.append([(cell.users / total if cell else 0.0) if total else None for cell in row])
    return out
