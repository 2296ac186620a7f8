"""RFM: scores as pandas ranks them, thresholds that stay, everybody counted once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics.rfm import (
    SEGMENTS,
    customers,
    matrix,
    migration,
    scored,
    segments,
    thresholds,
)
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace

END = dt.date(2026, 9, 30)


@pytest.fixture
def orders() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 3000
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "user_id": [f"u{i}" for i in np.minimum(rng.geometric(0.004, n), 600)],
            "ordered_at": pd.Timestamp("2025-06-01")
            + pd.to_timedelta(rng.integers(0, 516, n), "D"),
            "amount": rng.gamma(2, 40, n).round(2),
            "status": rng.choice(["paid", "refunded", "cancelled"], n, p=[0.9, 0.06, 0.04]),
        }
    )


@pytest.fixture
def rows(workspace: Callable[..., Workspace], orders: pd.DataFrame) -> Rows:
    return Rows(workspace({"orders": orders}))


def by_hand(orders: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Recency, frequency and amount by user, straight from the definition."""
    stamp = pd.Timestamp(day)
    held = orders[
        (orders["status"] != "cancelled")
        & (orders["ordered_at"] <= stamp)
        & (orders["ordered_at"] > stamp - pd.Timedelta(days=365))
    ]
    paid = held["amount"].where(held["status"] == "paid", 0.0)
    groups = held.assign(paid=paid).groupby("user_id")
    return pd.DataFrame(
        {
            "recency": -(stamp - groups["ordered_at"].max()).dt.days.astype(float),
            "frequency": groups["order_id"].nunique().astype(float),
            "monetary": groups["paid"].sum(),
        }
    )


def test_customers_and_scores_are_those_of_pandas(rows: Rows, orders: pd.DataFrame) -> None:
    expected = by_hand(orders, END)
    cuts = thresholds(rows, END)
    assert cuts is not None
    found = scored(customers(rows, END), cuts).execute().set_index("user_id").sort_index()
    for side in ("recency", "frequency", "monetary"):
        assert list(found[side]) == pytest.approx(list(expected[side].sort_index()))
        cume_dist = expected[side].rank(method="max", pct=True)
        scores = np.ceil((5 * cume_dist).round(9)).astype(int).sort_index()
        assert list(found[side[0]]) == list(scores), side


def test_segments_count_everybody_once(rows: Rows, orders: pd.DataFrame) -> None:
    cuts = thresholds(rows, END)
    assert cuts is not None
    found = segments(rows, END, cuts)
    expected = by_hand(orders, END)
    assert [s.name for s in found] == list(SEGMENTS)
    assert sum(s.users for s in found) == len(expected)
    assert sum(s.amount for s in found) == pytest.approx(expected["monetary"].sum())
    assert all(s.users for s in found)


def test_migration_with_frozen_thresholds(rows: Rows, orders: pd.DataFrame) -> None:
    day = dt.date(2026, 10, 29)
    cuts = thresholds(rows, END)
    assert cuts is not None
    moves = migration(rows, END, day, cuts)
    for name, there in zip(SEGMENTS, segments(rows, END, cuts), strict=True):
        assert sum(s.users for (start, _), s in moves.items() if start == name) == there.users
    for name, there in zip(SEGMENTS, segments(rows, day, cuts), strict=True):
        assert sum(s.users for (_, end), s in moves.items() if end == name) == there.users
    for row in matrix(moves):
        assert sum(share for share in row if share is not None) == pytest.approx(1)
    then, now = (set(by_hand(orders, d).index) for d in (END, day))
    gone = sum(s.users for (_, end), s in moves.items() if end == "none")
    assert gone == len(then - now)
    again = thresholds(rows, day)
    assert again != cuts  # quantiles taken anew would have hidden the movement


def test_nobody_bought(rows: Rows) -> None:
    assert thresholds(rows, dt.date(2024, 1, 1)) is None
