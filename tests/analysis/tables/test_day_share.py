"""Hours of another zone are told; late businesses and flat hours are not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.day_share import hour_issues

_WEB = [25, 14, 9, 6, 5, 7, 14, 26, 42, 58, 68, 66, 60, 60, 64, 65, 63, 58, 55, 60, 70, 76, 66, 44]
_OFFICE = [0.3] * 9 + [10.0] * 9 + [0.3] * 6
_BAR = [10.0] * 3 + [0.1] * 14 + [10.0] * 7
_FLAT = [1.0] * 24


def found(shape: list[float], shift: int, seed: int = 1) -> list[str]:
    draws = np.random.default_rng(seed)
    share = np.roll(np.array(shape) / sum(shape), shift)
    days = []
    for _ in range(30):
        hours = tuple(int(n) for n in draws.multinomial(100, share))
        days.append(Day(100, 100, dt.time(0, 5), dt.time(23, 1), hours))
    return [issue.rule for issue in hour_issues(days, "ordered_at", "Asia/Shanghai")]


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
    hours = tuple(50 if n == hour else 0 for n in range(24))
    days = [Day(50, 50, dt.time(hour), dt.time(hour), hours)] * 10
    assert [issue.rule for issue in hour_issues(days, "ordered_at", "UTC")] == [rule]
