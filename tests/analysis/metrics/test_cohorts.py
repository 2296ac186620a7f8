"""Monthly cohorts against pandas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from opsnb.analysis.metrics.cohorts import monthly_cohorts
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace

LAST = dt.date(2026, 10, 31)


def draw() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Users over two years, events after registration and a few before or after the last day."""
    rng = np.random.default_rng(3)
    start, days = pd.Timestamp("2025-06-01"), 540
    users = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(300)],
            "registered_at": start + pd.to_timedelta(rng.integers(0, days * 24, 300), unit="h"),
        }
    )
    events = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in rng.integers(0, 320, 3000)],
            "event_at": start + pd.to_timedelta(rng.integers(0, days * 24, 3000), unit="h"),
            "event": "visit",
        }
    )
    events.loc[:20, "user_id"] = None
    return users, events


USERS, EVENTS = draw()


def oracle(
    born: pd.Series, active: pd.DataFrame, months: int
) -> dict[dt.date, tuple[int, list[int]]]:
    """Month of arrival to its size and the users active at each age; `born` by user_id."""
    last = pd.Period(LAST, "M")
    born = born[born.dt.date <= LAST].dt.to_period("M")
    active = active[active["at"].dt.date <= LAST]
    seen = {(u, p) for u, p in zip(active.user_id, active["at"].dt.to_period("M"), strict=True)}
    out = {}
    for month in sorted(born.unique()):
        if month <= last - months:
            continue
        members = born.index[born == month]
        ages = range((last - month).n + 1)
        counts = [sum((user, month + age) in seen for user in members) for age in ages]
        out[month.start_time.date()] = (len(members), counts)
    return out


def test_by_month_of_registration(workspace: Callable[..., Workspace]) -> None:
    rows = Rows(workspace({"users": USERS, "events": EVENTS}, as_of="2026-12-01"))
    found = monthly_cohorts(rows, LAST, months=9)
    born = USERS.set_index("user_id").registered_at
    expected = oracle(born, EVENTS.rename(columns={"event_at": "at"}), 9)
    assert {c.month: (c.size, list(c.active)) for c in found} == expected
    assert len(found) == 9 and found[-1].month == dt.date(2026, 10, 1)
    assert [len(c.active) for c in found] == list(range(9, 0, -1))  # later ages are not zero


def test_by_first_order_where_users_and_events_are_not_mapped(
    workspace: Callable[..., Workspace],
) -> None:
    orders = EVENTS.rename(columns={"event_at": "ordered_at"}).drop(columns="event")
    orders = orders.assign(order_id=[f"o{i}" for i in range(len(orders))], amount=1.0)
    rows = Rows(workspace({"orders": orders}, as_of="2026-12-01"))
    found = monthly_cohorts(rows, LAST, months=30)
    known = orders[orders.user_id.notna() & (orders.ordered_at.dt.date <= LAST)]
    born = known.groupby("user_id").ordered_at.min()
    expected = oracle(born, orders.rename(columns={"ordered_at": "at"}), 30)
    assert {c.month: (c.size, list(c.active)) for c in found} == expected
    assert all(c.active[0] == c.size for c in found)
