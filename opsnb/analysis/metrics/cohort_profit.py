"""What users of a month have brought by an age: gross profit of their paid orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.metrics.by_period import in_periods
from opsnb.analysis.metrics.metric import KINDS, Metric
from opsnb.analysis.metrics.rows import PROFIT, Rows, number

if TYPE_CHECKING:
    from opsnb.base.periods import Period

_PROFIT = Metric(
    id="profit_of_orders", label="", kind=KINDS["sum"], table="orders", value=PROFIT,
    where="coalesce(status, 'paid') = 'paid'", unit="money",
)  # fmt: skip


@dataclass(frozen=True)
class Worth:
    """New users of a period and their gross profit a head by age.

    Attributes
    ----------
    by_age : tuple of float or None
        Per registered user, buyers and others alike, at each age asked for; None where not
        every user has reached it.
    """

    period: Period
    users: int
    by_age: tuple[float | None, ...]


def early_worth(
    rows: Rows, periods: Sequence[Period], ages: Sequence[int], last: dt.date
) -> list[Worth]:
    """Gross profit within so many days of registering, of the new users of each period.

    Parameters
    ----------
    ages : sequence of int
        Days after registering; an order on the day of registering is one of day 0.
    last : date
        Last day that the data holds.
    """
    users = rows.table("users").expr
    paid = rows.of(_PROFIT)
    arrived = users.select("user_id", _day=users.registered_date)
    born = in_periods(arrived, periods).select("user_id", "_period", _born="_day")
    spent = born.inner_join(paid.select("user_id", "_day", "_value"), "user_id")
    since = spent._day.delta(spent._born, unit="day")
    value = spent._value.cast("float64")
    sums = {f"age_{age}": value.sum(where=(since >= 0) & (since < age)) for age in ages}
    totals = _by_period(spent.group_by("_period").agg(**sums))
    sizes = _by_period(born.group_by("_period").agg(n=born.count()))
    found = []
    for period in periods:
        n = int(sizes.get(period.key, {}).get("n", 0))
        known = [n and period.end + dt.timedelta(days=age - 1) <= last for age in ages]
        own = totals.get(period.key, {})
        amounts = [number(own.get(f"age_{age}")) or 0.0 for age in ages]
        found.append(
            Worth(
                period,
                n,
                tuple(
                    amount / n if ripe else None
                    for amount, ripe in zip(amounts, known, strict=True)
                ),
            )
        )
    return found


def _by_period(frame: ibis.Table) -> dict[str, dict[str, Any]]:
    return {str(row["_period"]): row for row in frame.execute().to_dict("records")}
