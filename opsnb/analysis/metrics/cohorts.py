"""Retention by month of arrival: users who came back in each later month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis

from opsnb.analysis.metrics.rows import Rows


@dataclass(frozen=True)
class CohortCounts:
    """Users who arrived in a month, and how many were active `age` months later.

    `active[age]` counts from age 0; ages that lie after the last complete month are absent.
    """

    month: dt.date
    size: int
    active: tuple[int, ...]


def monthly_cohorts(rows: Rows, last: dt.date, months: int = 12) -> list[CohortCounts]:
    """Cohorts by month, the oldest first, up to the month that ends on `last`.

    Users arrive when they register; where users are not mapped, with their first order.
    They are active with an event; where events are not mapped, with an order.

    Parameters
    ----------
    last : date
        Last day of the last complete month.
    months : int
        How many cohorts at most.
    """
    table = "events" if rows.has("events") else "orders"
    activity = rows.expr(table) if table == "events" else rows.sold
    day = activity[rows.day(table)].cast("date")
    seen = (
        activity.filter(activity.user_id.notnull() & (day <= last))
        .select("user_id", _month=_month_number(day))
        .distinct()
    )
    born = _arrivals(rows, last)
    until = last.year * 12 + last.month
    born = born.filter(born._born > until - months)
    joined = born.inner_join(seen, "user_id")
    aged = joined.mutate(_age=joined._month - joined._born).filter(lambda t: t._age >= 0)
    # A user has one row a month on both sides, unless users are listed twice.
    once = not rows.has("users") or rows.table("users").unique
    users = aged.count() if once else aged.user_id.nunique()
    frame = aged.group_by(["_born", "_age"]).agg(n=users).execute()
    sizes = born.group_by("_born").agg(n=born.count()).execute()
    counts = {
        (int(row["_born"]), int(row["_age"])): int(row["n"]) for row in frame.to_dict("records")
    }
    out = []
    for row in sorted(sizes.to_dict("records"), key=lambda row: row["_born"]):
        born_month, size = int(row["_born"]), int(row["n"])
        ages = range(until - born_month + 1)
        first = dt.date((born_month - 1) // 12, (born_month - 1) % 12 + 1, 1)
        out.append(CohortCounts(first, size, tuple(counts.get((born_month, a), 0) for a in ages)))
    return out


def _month_number(day: ibis.expr.types.DateValue) -> ibis.expr.types.IntegerValue:
    """Months as one running number, which every engine computes alike."""
    return day.year().cast("int64") * 12 + day.month().cast("int64")


def _arrivals(rows: Rows, last: dt.date) -> ibis.Table:
    if rows.has("users"):
        users = rows.table("users").expr
        arrived = users.filter(users.registered_date <= last)
        return arrived.select("user_id", _born=_month_number(arrived.registered_date))
    orders = rows.sold
    known = orders.filter(orders.user_id.notnull() & (orders.order_date <= last))
    first = known.group_by("user_id").agg(_first=known.order_date.min())
    return first.select("user_id", _born=_month_number(first._first))
