"""What became of the users who registered in a span of days, by the channel that brought them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis

from opsnb.analysis.metrics.rows import Rows, on_days
from opsnb.analysis.tables import Record

REPEAT_DAYS = 30
WINDOW_DAYS = 7


@dataclass(frozen=True)
class Ripe:
    """A share among users for whom enough days have passed; None where there are none such.

    Attributes
    ----------
    touched : int
        Further users for whom they have, but some of those days are not on record.
    """

    n: int
    hits: int
    touched: int = 0

    @property
    def rate(self) -> float | None:
        return self.hits / self.n if self.n else None


@dataclass(frozen=True)
class Newcomers:
    """New users of one channel.

    Attributes
    ----------
    size : int
    retained : tuple of Ripe
        Active in the seven days from each of the ages asked for.
    repeat : Ripe or None
        With orders on two days or more within 30 days; None where no orders are mapped.
    """

    channel: str
    size: int
    retained: tuple[Ripe, ...]
    repeat: Ripe | None


def newcomers(
    rows: Rows, start: dt.date, end: dt.date, last: dt.date, ages: Sequence[int] = (7, 14, 28)
) -> list[Newcomers]:
    """New users by channel, the largest first.

    Parameters
    ----------
    start, end : date
        Days of registration, both included.
    last : date
        Last day that the data holds: users for whom an age (and the days counted from it) lies
        beyond it, or touches a day that is not on record, enter neither side of that share.
    ages : sequence of int
        Days after registering from which a return counts, for seven days.
    """
    users = rows.table("users").expr
    born = users.filter(on_days(users, start, end, "registered_date"))
    channel = born.channel if "channel" in users.columns else ibis.literal("(none)")
    born = born.select(
        "user_id", _born=born.registered_date, _channel=channel.cast("string").coalesce("(none)")
    )
    sizes = born.group_by("_channel").agg(n=born.count()).execute()
    table = "events" if rows.has("events") else "orders"
    seen = rows.expr(table) if table == "events" else rows.sold
    day = rows.day(table)
    seen = seen.filter(on_days(seen, start, None, day))
    active = seen.select("user_id", _day=seen[day]).distinct()
    record = rows.record(table)
    retained = [_share(born, active, record, last, age, age + WINDOW_DAYS - 1, 1) for age in ages]
    repeat = None
    if rows.has("orders"):
        orders = rows.expr("orders")
        bought = orders.filter((orders.amount > 0) & on_days(orders, start, None, "order_date"))
        days = bought.select("user_id", _day=bought.order_date).distinct()
        repeat = _share(born, days, rows.record("orders"), last, 0, REPEAT_DAYS, 2)
    found = [
        Newcomers(
            str(row["_channel"]),
            int(row["n"]),
            tuple(share.get(str(row["_channel"]), Ripe(0, 0)) for share in retained),
            None if repeat is None else repeat.get(str(row["_channel"]), Ripe(0, 0)),
        )
        for row in sizes.to_dict("records")
    ]
    return sorted(found, key=lambda row: (-row.size, row.channel))


def _share(
    born: ibis.Table,
    days: ibis.Table,
    record: Record,
    last: dt.date,
    low: int,
    high: int,
    least: int,
) -> dict[str, Ripe]:
    """Users with at least `least` days between two ages, among those old enough whose days
    between them are on record."""
    day = dt.timedelta(days=1)
    last = min(last, record.last or last)
    old = ripe = born.filter(born._born <= ibis.literal(last - high * day))
    for gap in record.gaps:
        touched = (gap.start - high * day, gap.end - low * day)
        ripe = ripe.filter(~ripe._born.between(*map(ibis.literal, touched)))
    joined = ripe.inner_join(days, "user_id")
    since = joined._day.delta(joined._born, unit="day")
    inside = joined.filter((since >= low) & (since <= high))
    enough = inside.group_by(["user_id", "_channel"]).agg(n=inside.count())
    hits = enough.filter(enough.n >= least).group_by("_channel").agg(hits=lambda t: t.count())
    sizes = _by_channel(ripe)
    all_old = _by_channel(old) if record.gaps else sizes
    counted = {str(row["_channel"]): int(row["hits"]) for row in hits.execute().to_dict("records")}
    return {
        channel: Ripe(n := sizes.get(channel, 0), counted.get(channel, 0), all_old[channel] - n)
        for channel in all_old
    }


def _by_channel(users: ibis.Table) -> dict[str, int]:
    frame = users.group_by("_channel").agg(n=users.count()).execute()
    return {str(row["_channel"]): int(row["n"]) for row in frame.to_dict("records")}
