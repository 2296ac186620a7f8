"""Subscriptions as orders show them: who renewed, period after period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Contracts:
    """One entry a customer.

    Attributes
    ----------
    start : ndarray of datetime64[D], shape (customers,)
        Day of the first purchase.
    kept : ndarray of int, shape (customers,)
        Renewals made in a row, over all the data.
    period : int
        Days from one renewal to the next.
    """

    start: np.ndarray
    kept: np.ndarray
    period: int

    def due(self, until: dt.date) -> np.ndarray:
        """Renewals that can be judged by the end of a day, shape (customers,).

        A renewal counts from half a period before its day to half a period after it.
        """
        age = (np.datetime64(until, "D") - self.start).astype(int)
        return np.maximum(np.floor(age / self.period - 0.5), 0).astype(int)

    def known(self, until: dt.date) -> Contracts:
        """Those of customers who had begun by the end of a day."""
        begun = self.start <= np.datetime64(until, "D")
        return Contracts(self.start[begun], self.kept[begun], self.period)

    def table(self, until: dt.date) -> tuple[np.ndarray, np.ndarray]:
        """Who could renew and who left at the 1st, 2nd, ... renewal, each of shape (renewals,)."""
        due = self.due(until)
        steps = np.arange(1, int(due.max(initial=0)) + 1)[:, None]
        could = (due >= steps) & (self.kept >= steps - 1)
        return could.sum(axis=1), (could & (self.kept == steps - 1)).sum(axis=1)


def contracts(days: pd.DataFrame, period: int) -> Contracts:
    """Read renewals from days with a purchase.

    Parameters
    ----------
    days : pandas.DataFrame
        user_id and day, as `purchase_days` gives them.
    period : int
        Days of a contract; a purchase counts for the renewal that it lies nearest to.
    """
    first = days.groupby("user_id")["day"].transform("min")
    number = np.floor((days["day"] - first).dt.days / period + 0.5).astype(int)
    seen = pd.DataFrame({"user_id": days["user_id"], "number": number, "start": first})
    seen = seen.drop_duplicates(["user_id", "number"]).sort_values(["user_id", "number"])
    # Without a gap the n-th row of a customer is renewal n; after one it never is again.
    seen["unbroken"] = seen["number"] == seen.groupby("user_id").cumcount()
    by = seen.groupby("user_id", sort=True)
    return Contracts(
        by["start"].first().to_numpy().astype("datetime64[D]"),
        by["unbroken"].sum().to_numpy() - 1,
        period,
    )
