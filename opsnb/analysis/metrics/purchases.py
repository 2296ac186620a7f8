"""Days on which customers bought: what models of lifetime value are fitted to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.tables import refund_rows


@dataclass(frozen=True)
class Histories:
    """One entry a customer, times in weeks.

    Attributes
    ----------
    frequency, recency, age : ndarray of shape (customers,)
        Days with a purchase after the first; time from the first to the last; time from the
        first to the end of what was looked at.
    value : ndarray of shape (customers,)
        Mean amount of the repeat days; 0 without one.
    users : ndarray of shape (customers,)
        Their ids.
    """

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    value: np.ndarray
    users: np.ndarray

    def __len__(self) -> int:
        return len(self.frequency)


def purchase_days(rows: Rows, most: int = 5000) -> pd.DataFrame:
    """Days with a paid order (rows that are refunds left out), by customer.

    Customers whose first order is on record, spread evenly where there are more than `most`:
    where users are mapped, those who registered after the first order of the table.

    Returns
    -------
    pandas.DataFrame
        user_id, day (date) and amount, in the order of customers and days.
    """
    orders = rows.sold
    paid = orders.filter(orders.user_id.notnull())
    if "status" in paid.columns:
        paid = paid.filter(paid.status.coalesce("paid") == "paid")
    if rows.has("users"):
        users = rows.table("users").expr
        born = users.filter(users.registered_date > orders.order_date.min().as_scalar())
        paid = paid.semi_join(born, "user_id")
    people = paid.select("user_id").distinct()
    count = int(people.count().execute())
    every = max(1, -(-count // most))
    if every > 1:
        numbered = people.mutate(_number=ibis.row_number().over(order_by="user_id"))
        paid = paid.semi_join(numbered.filter(numbered._number % every == 0), "user_id")
    days = paid.group_by(["user_id", "order_date"]).agg(amount=refund_rows.net(paid).sum())
    frame = days.order_by(["user_id", "order_date"]).execute()
    return frame.rename(columns={"order_date": "day"}).assign(
        day=lambda f: pd.to_datetime(f["day"])
    )


def histories(days: pd.DataFrame, until: dt.date) -> Histories:
    """What each customer with a first purchase had done by the end of a day."""
    known = days[days["day"] <= pd.Timestamp(until)]
    by = known.groupby("user_id", sort=True)
    first, last, count = by["day"].min(), by["day"].max(), by["day"].size()
    opening = known.loc[known.groupby("user_id")["day"].idxmin()].set_index("user_id")["amount"]
    frequency = (count - 1).to_numpy(dtype=float)
    repeats = (by["amount"].sum() - opening).to_numpy(dtype=float)
    value = np.divide(repeats, frequency, out=np.zeros_like(repeats), where=frequency > 0)
    return Histories(
        frequency,
        ((last - first).dt.days / 7).to_numpy(dtype=float),
        ((pd.Timestamp(until) - first).dt.days / 7).to_numpy(dtype=float),
        value,
        first.index.to_numpy(),
    )


def repurchase_days(rows: Rows) -> float | None:
    """Median days from a day with a purchase to the same customer's next one."""
    days = purchase_days(rows)
    gaps = days.groupby("user_id")["day"].diff().dt.days.dropna()
    return float(gaps.median()) if len(gaps) else None
