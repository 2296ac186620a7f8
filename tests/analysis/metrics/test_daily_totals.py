"""Daily totals by arm against a plain oracle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics import DailyCounts, load_catalogue
from opsnb.analysis.metrics.daily_totals import impossible
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.reviews.experiment.effects import arm_moments
from opsnb.base.errors import MetricError, TableError
from opsnb.base.workspace import Workspace

FIRST = dt.date(2026, 10, 1)
METRICS = """
[metrics.clicks]
label = "Clicks"
kind = "sum"
table = "series"
where = "metric = 'clicks'"
value = "value"
unit = "count"
[metrics.buys]
label = "Buys"
kind = "sum"
table = "series"
where = "metric = 'buys'"
value = "value"
unit = "count"
[metrics.rate]
label = "Rate"
kind = "quotient"
numerator = "buys"
denominator = "clicks"
unit = "share"
[metrics.days]
label = "Days"
kind = "count"
table = "series"
unit = "count"
"""
CLICKS = {"a": [100, 120, 90, 110, 80], "b": [95, 130, 100, 105, 85]}
BUYS = {"a": [10, 11, 9, 12, None], "b": [12, 15, 9, 110, 7]}


def rows(days: int = 5) -> list[dict[str, object]]:
    return [
        {"date": FIRST + dt.timedelta(days=i), "unit": arm, "metric": name, "value": float(value)}
        for name, table in (("clicks", CLICKS), ("buys", BUYS))
        for arm, values in table.items()
        for i, value in enumerate(values[:days])
        if value is not None
    ]


def counts(
    workspace: Callable[..., Workspace], *, days: int = 5, independent: bool = True
) -> DailyCounts:
    made = workspace({"series": pd.DataFrame(rows(days))}, more=METRICS)
    return DailyCounts(
        Rows(made), load_catalogue(made.metrics), ["rate"], ["a", "b"],
        population="clicks", independent=independent,
    )  # fmt: skip


def test_a_day_without_a_value_leaves_both_arms(workspace: Callable[..., Workspace]) -> None:
    made = counts(workspace)
    assert made.left_out("rate") == [FIRST + dt.timedelta(days=4)]
    arms = {arm.variant: arm for arm in made.moments("rate")}
    assert arms["a"].n == 420 and arms["b"].n == 430
    assert arms["a"].mean["x"] == pytest.approx(42 / 420)
    share = 42 / 420
    assert arms["a"].cov["x", "x"] == pytest.approx(share * (1 - share) * 420 / 419)


def test_users_by_arm_are_those_of_the_population(workspace: Callable[..., Workspace]) -> None:
    made = counts(workspace)
    assert made.assigned.counts == {"a": 500, "b": 515}
    assert (made.assigned.first, made.assigned.last) == (FIRST, FIRST + dt.timedelta(days=4))
    assert made.sizes("assigned_date")["2026-10-02"] == {"a": 120, "b": 130}


def test_the_day_as_the_unit_is_a_ratio_over_days(workspace: Callable[..., Workspace]) -> None:
    made = counts(workspace, independent=False)
    arm = made.moments("rate")[0]
    x, y = np.array(BUYS["a"][:4], dtype=float), np.array(CLICKS["a"][:4], dtype=float)
    ratio = x.sum() / y.sum()
    found = arm_moments(arm)
    assert (found.n, found.mean) == (4, pytest.approx(ratio))
    assert found.var == pytest.approx(np.var((x - ratio * y) / y.mean(), ddof=1))


def test_days_one_by_one_add_up(workspace: Callable[..., Workspace]) -> None:
    by_day = [
        arm for arm in counts(workspace).moments("rate", "assigned_date") if arm.variant == "b"
    ]
    assert [arm.group for arm in by_day] == [f"2026-10-0{i}" for i in range(1, 5)]
    assert sum(arm.n * arm.mean["x"] for arm in by_day) == pytest.approx(146)


def test_impossible_funnels_are_counted_by_arm(workspace: Callable[..., Workspace]) -> None:
    assert impossible(counts(workspace), ["clicks", "buys"]) == {"a": 0, "b": 1}


def test_what_daily_totals_cannot_give(workspace: Callable[..., Workspace]) -> None:
    made = counts(workspace, days=2)
    with pytest.raises(TableError, match=r"rate has 2 days with values in all arms.*a, b"):
        made.moments("rate")
    with pytest.raises(
        MetricError, match=r"cannot be read from daily totals.*\[days\]|\[days\].*ca"
    ):
        made.totals("days")
