"""Hours of another zone are told; late businesses and flat hours are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.tables import open_table, table
from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.day_share import hour_issues
from opsnb.base.workspace import Workspace

_WEB = [25, 14, 9, 6, 5, 7, 14, 26, 42, 58, 68, 66, 60, 60, 64, 65, 63, 58, 55, 60, 70, 76, 66, 44]
_OFFICE = [0.3] * 9 + [10.0] * 9 + [0.3] * 6
_BAR = [10.0] * 3 + [0.1] * 14 + [10.0] * 7
_FLAT = [1.0] * 24


def found(shape: list[float], shift: int, seed: int = 1) -> list[str]:
    draws = np.random.default_rng(seed)
    share = np.roll(np.array(shape) / sum(shape), shift)
    hours = [int(n) for n in draws.multinomial(3000, share)]
    days = [Day(100, 100, dt.time(0, 5), dt.time(23, 1))] * 30
    return [i.rule for i in hour_issues(days, lambda: hours, "ordered_at", "Asia/Shanghai")]


@pytest.mark.parametrize(
    ("shape", "shift"), [(_WEB, -5), (_WEB, -8), (_WEB, -10), (_OFFICE, -5), (_OFFICE, -8)]
)
def test_utc_taken_for_local_times(shape: list[float], shift: int) -> None:
    assert found(shape, shift) == ["hours_of_another_zone"]


@pytest.mark.parametrize("shape", [_WEB, _OFFICE, _BAR, _FLAT])
@pytest.mark.parametrize("seed", range(20))
def test_right_hours_are_not_doubted(shape: list[float], seed: int) -> None:
    assert found(shape, 0, seed) == []


@pytest.mark.parametrize(("hour", "rule"), [(0, "no_clock"), (8, "one_clock")])
def test_days_taken_for_moments(hour: int, rule: str) -> None:
    days = [Day(50, 50, dt.time(hour), dt.time(hour))] * 10
    hours = [500 if n == hour else 0 for n in range(24)]
    assert [i.rule for i in hour_issues(days, lambda: hours, "ordered_at", "UTC")] == [rule]


def test_hours_of_a_large_table_are_those_of_some_blocks(
    workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "LARGE", 1000)
    stamps = pd.date_range("2026-10-01", periods=480_000, freq="1s")
    frame = pd.DataFrame({"event_at": stamps, "event": "visit", "user_id": "u"})
    hours = open_table(workspace({"events": frame}), "events").hours()
    assert 0 < sum(hours) < 480_000 and len(hours) == 24
