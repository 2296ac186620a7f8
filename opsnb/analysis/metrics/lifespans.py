"""How long contracts run: users under contract, and who ended, by month of age."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from opsnb.analysis.metrics.by_period import grouped
from opsnb.analysis.metrics.rows import Rows


@dataclass(frozen=True)
class Lifespans:
    """Months under contract, arrays of shape (months,): the 1st, 2nd, ... month of age.

    Attributes
    ----------
    at_risk, left : ndarray
        Users who began a month of their contract while ends were recorded, and those of them
        who ended in it.
    """

    group: str
    at_risk: np.ndarray
    left: np.ndarray


@dataclass(frozen=True)
class Recorded:
    """First and last month in which ends are recorded, and months that users go back further.

    Attributes
    ----------
    months : int
        Months from the first end on record to the last month.
    missing : int
        Months from the first registration to the first end on record: leavers of that time
        are not in the table, unless nobody left.
    """

    first: dt.date
    months: int
    missing: int


def recorded(rows: Rows, last: dt.date) -> Recorded | None:
    """Since when ends are recorded, up to `last`; None where no user ended."""
    users = rows.table("users").expr
    known = users.filter(users.registered_date <= ibis.literal(last))
    row = known.agg(
        end=known.ended_date.min(where=known.ended_date <= ibis.literal(last)),
        born=known.registered_date.min(),
    ).execute().iloc[0]  # fmt: skip
    if row["end"] is None or row["end"] != row["end"]:
        return None
    end, born = (_date(row[name]) for name in ("end", "born"))
    return Recorded(end.replace(day=1), _months(end, last) + 1, max(_months(born, end), 0))


def lifespans(
    rows: Rows,
    last: dt.date,
    by: str | None = None,
    *,
    half: int | None = None,
    complete: bool = False,
) -> list[Lifespans]:
    """Users at risk and users who left, by month of age, the largest group first.

    The k-th month of age ends k months after registering. Users enter with the first month that
    began after records of ends did, and those still there stay until the last month that is over.

    Parameters
    ----------
    last : date
        Last day that the data holds.
    by : str, optional
        A column of users; an empty value is the group "(none)".
    half : 0 or 1, optional
        Only one half of the users: those of even or of odd rank by id.
    complete : bool
        Whether everybody who ever left is in the table, however late its first end is.
    """
    since = recorded(rows, last)
    if since is None:
        return []
    users = rows.table("users").expr
    users = users.filter(users.registered_date <= ibis.literal(last))
    if half is not None:
        users = users.mutate(_rank=ibis.row_number().over(order_by="user_id"))
        users = users.filter(users._rank % 2 == half)
    born, end, first = users.registered_date, users.ended_date, ibis.literal(since.first)
    gone = (end <= ibis.literal(last)).coalesce(False)
    spans = users.select(
        _group=grouped(users[by]) if by else ibis.literal(""),
        _left=gone,
        _enter=ibis.literal(0) if complete else ibis.ifelse(born >= first, 0, _begun(born, first)),
        _stay=ibis.ifelse(
            gone,
            ibis.ifelse(end <= born, 1, _begun(born, end)),
            _over(born, ibis.literal(last + dt.timedelta(days=1))),
        ),
    )
    seen = spans.filter(spans._stay > spans._enter)
    frame = seen.group_by(["_group", "_enter", "_stay", "_left"]).agg(n=seen.count()).execute()
    longest = int(frame["_stay"].max()) if len(frame) else 0
    found = []
    for name, own in frame.groupby("_group"):
        risk, left = np.zeros(longest), np.zeros(longest)
        for row in own.to_dict("records"):
            risk[int(row["_enter"]) : int(row["_stay"])] += row["n"]
            left[int(row["_stay"]) - 1] += row["n"] * bool(row["_left"])
        found.append(Lifespans(str(name), risk, left))
    return sorted(found, key=lambda one: (-one.at_risk.sum(), one.group))


def _over(start: Any, end: Any) -> Any:
    """Whole months between two days."""
    months = (end.year() - start.year()) * 12 + end.month() - start.month()
    return months.cast("int64") - (end.day() < start.day()).cast("int64")


def _begun(start: Any, end: Any) -> Any:
    """Months begun between two days, of which the second is the later."""
    return _over(start, end - ibis.interval(days=1)) + 1


def _months(start: dt.date, end: dt.date) -> int:
    """From one calendar month to another."""
    return (end.year - start.year) * 12 + end.month - start.month


def _date(moment: Any) -> dt.date:
    day: dt.date = moment.date() if hasattr(moment, "date") else moment
    return day
