"""Ticks in the reader's language."""

from __future__ import annotations

import datetime as dt

import pytest

from opsnb.analysis.display.charts._axes import date_ticks, number_ticks, tick_labels
from opsnb.analysis.display.charts._sheet import lanes, spread, wrapped
from opsnb.analysis.display.style import text_width
from opsnb.base.messages import Language

EN, ZH = Language("en"), Language("zh")


@pytest.mark.parametrize(
    ("values", "spec", "en", "zh"),
    [
        ([0, 5e5, 1e6], "money", ["¥0", "¥0.5m", "¥1.0m"], ["¥0", "¥50万", "¥100万"]),
        ([0, 5e4, 1e5], "integer", ["0", "50k", "100k"], ["0", "5万", "10万"]),
        ([0, 1e8, 2e8], "number", ["0", "100m", "200m"], ["0", "1亿", "2亿"]),
        ([0, 5000], "money", ["¥0", "¥5,000"], ["¥0", "¥5,000"]),
        ([-0.05, 0, 0.05], "signed_percent", ["−5%", "0%", "+5%"], ["−5%", "0%", "+5%"]),
        ([0, 0.025, 0.05], "percent", ["0.0%", "2.5%", "5.0%"], ["0.0%", "2.5%", "5.0%"]),
        ([-0.01, 0.01], "points", ["−1 pp", "+1 pp"], ["−1 百分点", "+1 百分点"]),
        ([0.9, 1.0], "factor", ["0.9×", "1.0×"], ["0.9×", "1.0×"]),
        ([-20, 20], "signed_money", ["−¥20", "+¥20"], ["−¥20", "+¥20"]),
    ],
)
def test_tick_labels(values: list[float], spec: str, en: list[str], zh: list[str]) -> None:
    assert tick_labels(values, EN, spec) == en
    assert tick_labels(values, ZH, spec) == zh


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 7e8), (5, 5), (0, 0), (0.299, 0.301)])
def test_ticks_enclose_the_values(low: float, high: float) -> None:
    ticks = number_ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high
    assert 2 <= len(ticks) <= 8


def test_days_weeks_months_and_years() -> None:
    start = dt.date(2026, 10, 1)
    _, week = date_ticks(start, start + dt.timedelta(days=6), EN, 6)
    assert week == ["1 Oct", "2 Oct", "3 Oct", "4 Oct", "5 Oct", "6 Oct", "7 Oct"]
    _, month = date_ticks(start, start + dt.timedelta(days=30), ZH, 4)
    assert month[:2] == ["10月1日", "10月8日"]
    _, year = date_ticks(start, dt.date(2027, 9, 1), EN, 6)
    assert year[0] == "Oct\n2026" and year[3] == "Jan\n2027" and year[4] == "Feb"
    numbers, long = date_ticks(dt.date(2020, 5, 1), dt.date(2026, 5, 1), ZH, 3)
    assert long[0] == "1月\n2021年" and len(long) <= 6
    assert numbers[0] == (dt.date(2021, 1, 1) - dt.date(1970, 1, 1)).days


def test_wrapped_breaks_words_and_chinese_and_says_what_is_cut() -> None:
    assert wrapped("New users from search", 0.8) == "New users\nfrom search"
    chinese = wrapped("来自三线及以下城市的新用户", 1.0)
    assert "".join(chinese.split("\n")) == "来自三线及以下城市的新用户"
    cut = wrapped("x" * 80, 1.0, lines=1)
    assert cut.endswith("…") and text_width(cut) <= 1.0
    # Closing punctuation never starts a line.
    assert "\n，" not in wrapped("活动结束，复盘完成，继续投放", 0.5, lines=9)


def test_lanes_keep_overlapping_names_apart() -> None:
    assert lanes([(0, 2), (1, 3), (4, 5)]) == [0, 1, 0]
    assert lanes([(4, 5), (0, 1)]) == [0, 0]


def test_spread_keeps_a_gap_within_bounds() -> None:
    placed = spread([1.0, 1.01, 0.99], 0.3, 0, 1.2)
    assert sorted(placed) == [placed[2], placed[0], placed[1]]
    assert min(b - a for a, b in zip(sorted(placed), sorted(placed)[1:], strict=False)) > 0.29
    assert max(placed) <= 1.2
