"""Rolling actives and growth accounting against brute force."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.metrics.actives import Growth, growth, rolling_actives
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

START = dt.date(2026, 8, 1)
DAYS = 75

Pairs = list[tuple[int, int]]


def events(pairs: Pairs) -> pd.DataFrame:
    """Users and days from 1 August."""
    stamps = [pd.Timestamp(START) + pd.Timedelta(days=d, hours=1 + u) for u, d in pairs]
    return pd.DataFrame(
        {"user_id": [f"u{u}" for u, _ in pairs], "event_at": stamps, "event": "visit"}
    )


def naive(frame: pd.DataFrame, day: pd.Timestamp, window: int) -> int:
    """The definition itself: distinct users of the last days."""
    dates = frame["event_at"].dt.normalize()
    inside = (dates <= day) & (dates > day - pd.Timedelta(days=window))
    return frame.loc[inside, "user_id"].nunique()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, DAYS)), min_size=1, max_size=60))
def test_rolling_actives_are_what_they_are_defined_as(
    workspace: Callable[..., Workspace], pairs: Pairs
) -> None:
    frame = events(pairs)
    start, end = START + dt.timedelta(days=20), START + dt.timedelta(days=DAYS)
    found = rolling_actives(Rows(workspace({"events": frame})), start, end)
    for row in found.to_dict("records"):
        for window in (1, 7, 30):
            assert row[str(window)] == naive(frame, row["day"], window)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 74)), min_size=1, max_size=60))
def test_growth_accounts_for_everybody(workspace: Callable[..., Workspace], pairs: Pairs) -> None:
    frame = events(pairs)
    rows = Rows(workspace({"events": frame}, recorded=("2026-08-01", "2026-10-31")))
    september, october = parse("2026-09"), parse("2026-10")
    month = frame["event_at"].dt.strftime("%Y-%m")
    for period in (september, october):
        now = set(frame.loc[month == period.key, "user_id"])
        then = set(frame.loc[month == period.previous().key, "user_id"])
        ever = set(frame.loc[month < period.key, "user_id"])
        expected = Growth(
            len(now - ever), len(now & then), len((now & ever) - then), len(then - now)
        )
        [found] = growth(rows, [period])
        assert found == expected
        assert found.active == len(now)
        assert found.active - len(then) == found.new + found.resurrected - found.lost


def test_quick_ratio() -> None:
    assert Growth(30, 100, 10, 20).quick_ratio == 2.0
    assert Growth(3, 0, 0, 0).quick_ratio is None


def test_orders_stand_in_for_events(workspace: Callable[..., Workspace]) -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "user_id": ["a", "b", None],
            "ordered_at": pd.to_datetime(["2026-08-03", "2026-08-04", "2026-08-04"]),
            "amount": 1.0,
            "status": ["paid", "cancelled", "paid"],
        }
    )
    found = rolling_actives(Rows(workspace({"orders": orders})), START, dt.date(2026, 8, 5))
    assert list(found["7"]) == [0, 0, 1, 1, 1]


def test_online_retail_months(workspace: Callable[..., Workspace]) -> None:
    """Rolling 30-day buyers at month ends, against pandas on the raw file."""
    folder = os.environ.get("OPSNB_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data"
    path = Path(folder) / "online_retail" / "online_retail.parquet"
    if not path.is_file():
        pytest.skip("the Online Retail data is not here")
    raw = pd.read_parquet(path)
    lines = raw[raw["CustomerID"].notna() & (raw["Quantity"] > 0)]
    frame = pd.DataFrame(
        {
            "user_id": lines["CustomerID"].astype(int).astype(str),
            "event_at": pd.to_datetime(lines["InvoiceDate"]),
            "event": "order",
        }
    )
    rows = Rows(workspace({"events": frame}, as_of="2011-12-10"))
    found = rolling_actives(rows, dt.date(2011, 11, 1), dt.date(2011, 11, 30)).set_index("day")
    for day in ("2011-11-01", "2011-11-15", "2011-11-30"):
        for window in (1, 7, 30):
            assert found.loc[day, str(window)] == naive(frame, pd.Timestamp(day), window)
    [november] = growth(rows, [parse("2011-11")])
    month = frame["event_at"].dt.strftime("%Y-%m")
    assert november.active == frame.loc[month == "2011-11", "user_id"].nunique()
