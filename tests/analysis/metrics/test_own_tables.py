"""Metrics of a table of the team's own, against pandas by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.data_range import last_day
from opsnb.analysis.metrics.rows import Rows
from opsnb.base import periods
from tests.analysis.own_tables import live_shop, sessions, users
from tests.conftest import MakeWorkspace

OCTOBER, SEPTEMBER = periods.parse("2026-10"), periods.parse("2026-09")


@pytest.fixture(scope="module")
def live() -> pd.DataFrame:
    return sessions(users())


@pytest.fixture
def shop(workspace: MakeWorkspace, live: pd.DataFrame) -> Meter:
    made = live_shop(workspace, live)
    return Meter(Rows(made), load_catalogue(made.metrics))


def per_day(live: pd.DataFrame) -> float:
    return live.groupby(live.started_at.dt.date).user_id.nunique().mean()


def last_week(live: pd.DataFrame) -> int:
    return live[live.started_at >= "2026-10-25"].user_id.nunique()


def evening(live: pd.DataFrame) -> float:
    late = (live.started_at.dt.hour >= 18) & (live.started_at >= "2026-10-10")
    return live[late].minutes.sum()


def long_viewers(live: pd.DataFrame) -> float:
    return live[live.minutes >= 30].user_id.nunique() / live.user_id.nunique()


BY_HAND: dict[str, Callable[[pd.DataFrame], float]] = {
    "watch_minutes": lambda t: t.minutes.sum(),
    "sessions": len,
    "viewers": lambda t: t.user_id.nunique(),
    "ids": len,
    "minutes_each": lambda t: t.minutes.mean(),
    "long_share": lambda t: (t.minutes >= 30).mean(),
    "evening_minutes": evening,
    "minutes_p90": lambda t: np.quantile(t.minutes, 0.9),
    "minutes_a_viewer": lambda t: t.minutes.sum() / t.user_id.nunique(),
    "minutes_per_user": lambda t: t.minutes.sum() / t.user_id.nunique(),
    "watched_long": long_viewers,
    "viewers_a_day": per_day,
    "weekly_viewers": last_week,
}


@pytest.mark.parametrize("metric", BY_HAND)
def test_each_kind_over_a_month(shop: Meter, live: pd.DataFrame, metric: str) -> None:
    october = live[live.started_at.dt.strftime("%Y-%m") == "2026-10"]
    assert shop.absent(metric) is None
    assert shop.value(metric, OCTOBER).value == pytest.approx(BY_HAND[metric](october))


def test_a_month_by_its_columns_and_by_those_of_users(shop: Meter, live: pd.DataFrame) -> None:
    october = live[live.started_at.dt.strftime("%Y-%m") == "2026-10"]
    with_channel = october.merge(users()[["user_id", "channel"]], on="user_id")
    for by, rows in (("host", october), ("region", october), ("channel", with_channel)):
        found = {one.group: one.value for one in shop.measure("watch_minutes", [OCTOBER], by)}
        assert found == pytest.approx(rows.groupby(by).minutes.sum().to_dict())


def test_day_by_day(shop: Meter, live: pd.DataFrame) -> None:
    daily = shop.daily("watch_minutes", OCTOBER.start, OCTOBER.end)
    by_hand = live.groupby(live.started_at.dt.normalize()).minutes.sum()
    assert daily.value.to_list() == pytest.approx(by_hand.reindex(daily.day).to_list())


def test_days_off_the_record_count_nowhere(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    """Two days without a session among some ninety a day are no days of silence."""
    lost = live.started_at.dt.date.isin([dt.date(2026, 10, 7), dt.date(2026, 10, 8)])
    made = live_shop(workspace, live[~lost])
    shop = Meter(Rows(made), load_catalogue(made.metrics))
    assert [(g.start.day, g.end.day, g.cause) for g in shop.rows.record("live").gaps] == [
        (7, 8, "empty")
    ]
    found = shop.value("viewers_a_day", OCTOBER)
    kept = live[~lost & (live.started_at.dt.strftime("%Y-%m") == "2026-10")]
    assert found.days == 29 and found.value == pytest.approx(per_day(kept))
    assert shop.daily("watch_minutes", OCTOBER.start, OCTOBER.end).value.isna().sum() == 2


def test_distinct_keys_add_up_over_days(shop: Meter) -> None:
    """Each row has a key of its own; a viewer may come on two days."""
    adds_up = {
        name: shop.catalogue[name].kind.adds_up(shop.catalogue[name], shop.rows)
        for name in ("ids", "viewers", "watch_minutes", "minutes_p90")
    }
    assert adds_up == {"ids": True, "viewers": False, "watch_minutes": True, "minutes_p90": False}


def test_how_far_the_data_reach_without_orders_and_events(workspace: MakeWorkspace) -> None:
    frame = pd.DataFrame({"date": pd.date_range("2026-08-01", "2026-10-17"), "calls": 3})
    own = 'day = "date"\ncolumns = {date = "date", calls = "number"}\n'
    made = workspace({"calls": frame}, more=own)
    assert last_day(made) == dt.date(2026, 10, 17)


def test_names_that_sql_must_quote(workspace: MakeWorkspace) -> None:
    """A reserved word, Chinese and a blank, as table and columns."""
    frame = pd.DataFrame(
        {
            "order": pd.date_range("2026-09-01", "2026-10-31"),
            "时长": 2.0,
            "watch minutes": 3.0,
            "主播": "梅",
        }
    )
    own = """
day = "order"
[tables.select.columns]
order = "time"
"时长" = "number"
"watch minutes" = "number"
"主播" = "text"
[metrics.both]
label = "Both"
kind = "sum"
table = "select"
value = '"时长" + "watch minutes"'
unit = "number"
"""
    made = workspace({"select": frame}, more=own)
    shop = Meter(Rows(made), load_catalogue(made.metrics))
    assert shop.value("both", OCTOBER).value == 31 * 5
    assert shop.value("both", SEPTEMBER).value == 30 * 5
    assert {one.group: one.value for one in shop.measure("both", [OCTOBER], "主播")} == {"梅": 155}
    assert {"时长", "watch minutes"} <= shop.reads("both")["select"]
