"""Activity levels and their moves against brute force."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.metrics.levels import AFTER, BEFORE, Cuts, cuts, moves
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

START = pd.Timestamp("2026-08-01")
SEPTEMBER, OCTOBER = parse("2026-09"), parse("2026-10")

Pairs = list[tuple[int, int]]


def events(pairs: Pairs) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": [f"u{u}" for u, _ in pairs],
            "event_at": [START + pd.Timedelta(days=d, hours=u) for u, d in pairs],
            "event": "visit",
        }
    )


RECORDED = ("2026-08-01", "2026-10-31")
"""Of a handful of rows nobody could tell."""


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 91)), min_size=1, max_size=80),
    st.integers(1, 4), st.integers(0, 4),
)  # fmt: skip
def test_moves_are_what_they_are_defined_as(
    workspace: Callable[..., Workspace], pairs: Pairs, medium: int, more: int
) -> None:
    frame = events(pairs)
    limits = Cuts(medium, medium + more, dt.date(2026, 8, 31))
    found = moves(Rows(workspace({"events": frame}, recorded=RECORDED)), OCTOBER, limits)
    days = frame.assign(day=frame["event_at"].dt.date).drop_duplicates(["user_id", "day"])
    expected: Counter[tuple[str, str]] = Counter()
    for _, own in days.groupby("user_id"):
        now = sum(OCTOBER.contains(day) for day in own["day"])
        then = sum(SEPTEMBER.contains(day) for day in own["day"])
        if not now and not then:
            continue
        ever = (own["day"] < OCTOBER.start).any()
        start = limits.level(then) if then else "returning" if ever else "new"
        expected[start, limits.level(now) if now else "none"] += 1
    assert found == expected
    assert all(start in BEFORE and end in AFTER for start, end in found)


def test_thresholds_split_into_thirds(workspace: Callable[..., Workspace]) -> None:
    """Thirty users, active on 1 to 30 days of September; what happens later changes nothing."""
    pairs = [(u, 31 + d) for u in range(30) for d in range(u + 1)]
    rows = Rows(workspace({"events": events([*pairs, *[(0, 61 + d) for d in range(20)]])}))
    found = cuts(rows, SEPTEMBER)
    assert found == Cuts(10, 20, dt.date(2026, 9, 30))
    levels = Counter(found.level(days) for days in np.arange(1, 31))
    assert levels == {"light": 10, "medium": 10, "heavy": 10}
    assert cuts(rows, parse("2026-07")) is None


def test_ties_share_a_level(workspace: Callable[..., Workspace]) -> None:
    """Most come on one day: one level less, and nobody is split from the likes of them."""
    pairs = [(u, 31) for u in range(20)] + [(u, 32) for u in range(4)]
    found = cuts(Rows(workspace({"events": events(pairs)})), SEPTEMBER)
    assert found is not None and found.medium == found.heavy == 1
    assert {found.level(days) for days in (1, 2)} == {"light", "heavy"}
