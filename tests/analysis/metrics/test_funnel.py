"""Ordered funnels against a naive walk through each user's events, and a published count."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics.funnel import ordered_funnel
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.errors import MetricError, TableError
from opsnb.base.workspace import Workspace

STEPS = ("visit", "cart", "order")
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)


def naive(events: pd.DataFrame, steps: tuple[str, ...] = STEPS) -> list[int]:
    """For each user the earliest moment of each step at or after that of the step before."""
    counts = [0] * len(steps)
    for _, own in events.groupby("user_id"):
        moment = pd.Timestamp.min
        for number, step in enumerate(steps):
            later = own[(own.event == step) & (own.event_at >= moment)]
            if later.empty:
                break
            moment = later.event_at.min()
            counts[number] += 1
    return counts


def count(
    workspace: Callable[..., Workspace], events: pd.DataFrame, steps: tuple[str, ...] = STEPS
) -> list[int]:
    found = ordered_funnel(Rows(workspace({"events": events})), steps, FIRST, LAST)
    assert [step.step for step in found] == list(steps)
    return [step.users for step in found]


@pytest.mark.parametrize("seed", range(6))
def test_against_a_naive_walk(workspace: Callable[..., Workspace], seed: int) -> None:
    """Few users, events and minutes, so that ties, repeats and wrong orders are common."""
    rng = np.random.default_rng(seed)
    n = 500
    events = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in rng.integers(0, 120, n)],
            "event_at": pd.Timestamp("2026-10-05")
            + pd.to_timedelta(rng.integers(0, 8, n), unit="min"),
            "event": rng.choice([*STEPS, "share"], n),
        }
    )
    assert count(workspace, events) == naive(events)
    four = ("share", "visit", "cart", "order")
    assert count(workspace, events, four) == naive(events, four)


def test_window_and_unknown_users(workspace: Callable[..., Workspace]) -> None:
    events = pd.DataFrame(
        [
            ("a", "2026-09-30 23:59", "visit"),  # before the window
            ("a", "2026-10-01 00:00", "cart"),
            ("b", "2026-10-01 00:00", "visit"),
            ("b", "2026-10-31 23:59", "cart"),
            ("b", "2026-11-01 00:00", "order"),  # after it
            (None, "2026-10-05 00:00", "visit"),
        ],
        columns=["user_id", "event_at", "event"],
    ).astype({"event_at": "datetime64[us]"})
    assert count(workspace, events) == [1, 1, 0]


def test_nobody(workspace: Callable[..., Workspace]) -> None:
    events = pd.DataFrame(
        {"user_id": ["a"], "event_at": [pd.Timestamp("2026-10-01")], "event": ["share"]}
    )
    assert count(workspace, events) == [0, 0, 0]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (("visit",), r"a funnel of 1 step.*name two or more events"),
        (("visit", "cart", "visit"), r'the step "visit" stands twice in the funnel'),
    ],
)
def test_bad_steps(workspace: Callable[..., Workspace], steps: tuple[str, ...], said: str) -> None:
    events = pd.DataFrame(
        {"user_id": ["a"], "event_at": [pd.Timestamp("2026-10-01")], "event": ["visit"]}
    )
    with pytest.raises(MetricError, match=said):
        count(workspace, events, steps)


def test_events_not_mapped(workspace: Callable[..., Workspace]) -> None:
    with pytest.raises(TableError, match="the table events is not mapped"):
        ordered_funnel(Rows(workspace()), STEPS, FIRST, LAST)


def test_published_shop(workspace: Callable[..., Workspace]) -> None:
    """Retentioneering's ecom data set, a session as a user: 3,605 -> 1,022 -> 512 -> 173."""
    here = Path(__file__).resolve().parents[3]
    shared = Path(os.environ.get("OPSNB_SHARED_DATA", here.parent / "shared" / "data"))
    file = shared / "retentioneering_ecom" / "ecom.csv.gz"
    if not file.is_file():
        pytest.skip("the shared data set retentioneering_ecom is not here")
    data = pd.read_csv(file, parse_dates=["timestamp"])
    assert data.session_id.nunique() == 3605
    events = pd.DataFrame(
        {"user_id": data.session_id, "event_at": data.timestamp, "event": data.event}
    )
    rows = Rows(workspace({"events": events}))
    steps = ("cart", "shipping_details", "purchase")
    found = ordered_funnel(rows, steps, dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert [step.users for step in found] == [1022, 512, 173]


def clickhouse(events: list[int]) -> pd.DataFrame:
    """Rows of ClickHouse's own test of windowFunnel: event 1000 + n at second n; here at day n."""
    return pd.DataFrame(
        {
            "user_id": "u",
            "event_at": [pd.Timestamp("2026-10-01") + pd.Timedelta(days=e - 1000) for e in events],
            "event": [str(e) for e in events],
        }
    )


@pytest.mark.parametrize(
    ("days", "steps", "level"),
    [
        (10_000, (1000, 1001), 2),
        (10_000, (1000, 1001, 1002), 3),
        (10_000, (1000, 1001, 1002, 1008), 4),
        (2, (1003, 1004, 1005, 1006, 1007), 3),
        (3, (1003, 1004, 1005, 1006, 1007), 4),
        (4, (1003, 1004, 1005, 1006, 1007), 5),
        (10_000, (1001, 1008), 2),
        (10_000, (1008, 1001), 1),
    ],
)
def test_window_funnel_of_clickhouse(
    workspace: Callable[..., Workspace], days: int, steps: tuple[int, ...], level: int
) -> None:
    """The results that ClickHouse's test 00632_aggregation_window_funnel asserts."""
    rows = Rows(workspace({"events": clickhouse(list(range(1000, 1009)))}))
    names = [str(step) for step in steps]
    found = ordered_funnel(rows, names, FIRST, LAST, within_days=days)
    assert sum(step.users for step in found) == level
