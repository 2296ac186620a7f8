"""Tables cut at any day, with days or months missing: no count over unrecorded days is a figure.

What a month says of the days on record is what the uncut tables say of the same days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.session import Session

START, END = dt.date(2026, 6, 1), dt.date(2026, 11, 10)
USERS = 400
BY_DAYS = (
    "active_users", "dau", "wau", "stickiness", "conversion_rate", "gmv_net", "orders", "aov",
    "arpu", "paying_conversion", "buyers", "retention_d1", "retention_d7",
)  # fmt: skip
OWN = ("data.", "record.", "people.withheld")
"""Facts that tell of the tables themselves, which differ."""


@pytest.fixture(scope="module")
def world() -> dict[str, pd.DataFrame]:
    """Visits, carts, orders and users of five months, some forty to ninety of each a day."""
    rng = np.random.default_rng(16)
    days = pd.date_range(START, END)
    events, orders = [], []
    for number, day in enumerate(days):
        seen = rng.choice(USERS, size=rng.poisson(70 + number / 5), replace=False)
        at = day + pd.to_timedelta(rng.integers(0, 86_399, len(seen)), unit="s")
        buys = rng.random(len(seen)) < 0.5
        events += [pd.DataFrame({"user_id": seen, "event_at": at, "event": "visit"})]
        late = at[buys] + pd.Timedelta(seconds=1)
        events += [pd.DataFrame({"user_id": seen[buys], "event_at": late, "event": "order"})]
        amount = rng.gamma(2, 30, buys.sum()).round(2)
        orders += [pd.DataFrame({"user_id": seen[buys], "ordered_at": late, "amount": amount})]
    tables = {"events": pd.concat(events), "orders": pd.concat(orders)}
    tables["orders"]["order_id"] = [f"o{n}" for n in range(len(tables["orders"]))]
    tables["orders"]["status"] = rng.choice(
        ["paid", "refunded"], len(tables["orders"]), p=[0.9, 0.1]
    )
    born = pd.to_datetime(rng.choice(days[:-1], USERS)) + pd.Timedelta(hours=8)
    tables["users"] = pd.DataFrame({"user_id": range(USERS), "registered_at": np.sort(born)})
    return {
        name: table.assign(user_id="u" + table["user_id"].astype(str))
        for name, table in tables.items()
    }


@pytest.fixture
def month(workspace: Callable[..., Any]) -> Callable[..., Month]:
    def make(tables: dict[str, pd.DataFrame], cycle: str = "2026-10") -> Month:
        made = workspace(tables, as_of="2026-11-16")
        return Month(Session(made, "monthly_retrospective", cycle=cycle), kpis=BY_DAYS)

    return make


def played(month: Month) -> dict[str, Any]:
    """Every fact that its sections say, by key."""
    for section in ("scorecard", "trend", "funnel", "active", "growth", "cohorts", "levels",
                    "segments", "why", "drivers", "outlook", "anomalies", "summary"):  # fmt: skip
        getattr(month, section)()
    return {
        key: (fact.value, fact.low, fact.high)
        for key, fact in month.ops.facts.items()
        if not fact.id.startswith(OWN)
    }


def without(table: pd.DataFrame, clock: str, days: set[dt.date]) -> pd.DataFrame:
    return table[~table[clock].dt.date.isin(days)]


@pytest.mark.parametrize("seed", range(4))
def test_days_that_were_lost_count_nowhere(world, month, seed) -> None:
    rng = np.random.default_rng(seed)
    october = pd.date_range("2026-10-01", "2026-10-31").date
    lost = set(rng.choice(october[1:-1], size=rng.integers(1, 4), replace=False))
    cut = month({**world, "events": without(world["events"], "event_at", lost)})
    found = {kpi.metric.id: kpi for kpi in cut.evidence.kpis}
    truth = month(world).ops.meter
    for name, kpi in found.items():
        tables = cut.ops.catalogue[name].tables(cut.ops.rows, cut.ops.catalogue)
        [expected] = truth.measure(name, [cut.period], without=lost if "events" in tables else ())
        assert kpi.measured.value == pytest.approx(expected.value), name
        assert kpi.measured.days == (31 - len(lost) if "events" in tables else 31)
    daily = cut.ops.meter.daily("active_users", october[0], october[-1])
    assert set(daily.loc[daily["value"].isna(), "day"].dt.date) == lost


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["events", "orders"])
def test_a_table_cut_at_any_day_says_what_it_holds(world, month, name, seed) -> None:
    """Of the days up to the cut the numbers are those of the whole tables; the rest has none."""
    clock = {"events": "event_at", "orders": "ordered_at"}[name]
    end = dt.date(2026, 10, int(np.random.default_rng(seed).integers(5, 28)))
    after = {day.date() for day in pd.date_range(end + dt.timedelta(days=1), END)}
    whole = month(world)
    catalogue, rows = whole.ops.catalogue, whole.ops.rows
    read = [one for one in BY_DAYS if name in catalogue[one].tables(rows, catalogue)]
    truth = {
        one: whole.ops.meter.measure(one, [whole.period], without=after)[0].value
        for one in read
        if one != "wau"
    }
    cut = month({**world, name: without(world[name], clock, after)})  # in the same folder
    for metric, expected in truth.items():
        found = cut.ops.meter.value(metric, cut.period)
        assert found.value == pytest.approx(expected), metric
        assert found.days == end.day
        kpi = cut.evidence.kpi(metric)
        assert kpi is None or kpi.change is None, metric
        assert kpi is None or kpi.status != "missed", metric


@pytest.mark.parametrize("days_before", [20, 75, 400])
@pytest.mark.parametrize("name", ["events", "orders"])
def test_a_stray_row_changes_no_figure(world, month, name, days_before) -> None:
    """Nor does the month that nobody recorded between it and the data."""
    clock = {"events": "event_at", "orders": "ordered_at"}[name]
    stray = world[name].iloc[[0]].copy()
    stray[clock] = pd.Timestamp(START) - pd.Timedelta(days=days_before)
    if name == "orders":
        stray["order_id"] = "stray"
    assert played(month({**world, name: pd.concat([stray, world[name]])})) == played(month(world))
