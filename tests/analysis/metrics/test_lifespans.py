"""Months under contract against brute force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
from dateutil.relativedelta import relativedelta

from opsnb.analysis.metrics.lifespans import lifespans, recorded
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace

LAST = dt.date(2026, 10, 31)


def subscribers(n: int = 400, since: str = "2025-03-01") -> pd.DataFrame:
    """Users of two contracts; ends before `since` are not recorded, nor are those users."""
    rng = np.random.default_rng(12)
    born = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.integers(0, 860, n), "D")
    ended = born + pd.to_timedelta(rng.integers(0, 700, n), "D")
    frame = pd.DataFrame(
        {
            "user_id": [f"u{i:04d}" for i in range(n)],
            "registered_at": born,
            "ended_at": ended.where(ended <= pd.Timestamp("2026-11-10")),
            "contract": rng.choice(["month", "year"], n),
        }
    )
    return frame[~(frame["ended_at"] < pd.Timestamp(since))].reset_index(drop=True)


def walk(frame: pd.DataFrame, first: dt.date) -> tuple[dict[int, int], dict[int, int]]:
    """Month by month of each user's contract, from the definition."""
    risk: dict[int, int] = {}
    left: dict[int, int] = {}
    for row in frame.to_dict("records"):
        born = row["registered_at"].date()
        end = None if pd.isna(row["ended_at"]) else row["ended_at"].date()
        if born > LAST:
            continue
        gone = end is not None and end <= LAST
        for month in range(1, 40):
            opens = born + relativedelta(months=month - 1)
            closes = born + relativedelta(months=month)
            if gone and month > 1 and opens >= end:
                break
            ends_here = gone and closes >= end
            if not ends_here and closes > LAST + dt.timedelta(days=1):
                break
            if opens >= first:
                risk[month] = risk.get(month, 0) + 1
                left[month] = left.get(month, 0) + ends_here
            if ends_here:
                break
    return risk, left


def agree(found, risk: dict[int, int], left: dict[int, int]) -> None:
    assert {i + 1: n for i, n in enumerate(found.at_risk) if n} == risk
    assert {i + 1: n for i, n in enumerate(found.left) if n} == {k: n for k, n in left.items() if n}


def test_every_month_of_every_contract(workspace: Callable[..., Workspace]) -> None:
    """Days up to the 28th, on which a month later is never in doubt."""
    frame = subscribers()
    for name in ("registered_at", "ended_at"):
        day = frame[name].dt.day.clip(upper=28) - frame[name].dt.day
        frame[name] = frame[name] + pd.to_timedelta(day, "D")
    rows = Rows(workspace({"users": frame}))
    since = recorded(rows, LAST)
    assert since is not None and since.first == dt.date(2025, 3, 1)
    assert (since.months, since.missing) == (20, 9)
    [whole] = lifespans(rows, LAST)
    agree(whole, *walk(frame, since.first))
    for one in lifespans(rows, LAST, "contract"):
        agree(one, *walk(frame[frame["contract"] == one.group], since.first))
    halves = [lifespans(rows, LAST, half=half)[0] for half in (0, 1)]
    length = len(whole.at_risk)
    total = sum(np.pad(h.at_risk, (0, length - len(h.at_risk))) for h in halves)
    assert list(total) == list(whole.at_risk)


def test_a_snapshot_shows_one_month_of_each_age(workspace: Callable[..., Workspace]) -> None:
    """Ends of one month only: each user counts in the month of its age, and no other."""
    ages = [1, 1, 3, 3, 3, 12]
    frame = pd.DataFrame(
        {
            "user_id": list("abcdef"),
            "registered_at": [pd.Timestamp("2026-11-01") - pd.DateOffset(months=a) for a in ages],
            "ended_at": pd.to_datetime(["2026-10-31", None, "2026-10-31", None, None, None]),
        }
    )
    [found] = lifespans(Rows(workspace({"users": frame})), LAST)
    assert {i + 1: n for i, n in enumerate(found.at_risk) if n} == {1: 2, 3: 3, 12: 1}
    assert {i + 1: n for i, n in enumerate(found.left) if n} == {1: 1, 3: 1}


def test_nobody_ended(workspace: Callable[..., Workspace]) -> None:
    frame = subscribers(20).assign(ended_at=pd.NaT)
    rows = Rows(workspace({"users": frame}))
    assert recorded(rows, LAST) is None and lifespans(rows, LAST) == []
