"""A made-up workspace with a table of its own: live sessions of a shop, from June to November."""

from __future__ import annotations

import numpy as np
import pandas as pd

from opsnb.base.workspace import Workspace
from tests.conftest import MakeWorkspace

FIRST, LAST = "2026-07-01", "2026-11-15"

REGIONS = ("Zhejiang", "Jiangsu", "Anhui", "Henan", "Hunan", "Hubei", "Fujian", "Hebei")
TREATED = "Zhejiang"

LIVE = """
label = {en = "live sessions", zh = "直播场次"}
day = "started_at"
key = ["session_id"]
[tables.live.columns]
session_id = "id"
user_id = "user"
started_at = "time"
minutes = "number"
host = {type = "text", label = {en = "Host", zh = "主播"}}
region = "text"
"""

METRICS = """
[metrics.watch_minutes]
label = {en = "Watch minutes", zh = "观看分钟数"}
kind = "sum"
table = "live"
value = "minutes"
unit = "number"
materiality = 0.01
[metrics.sessions]
label = "Sessions"
kind = "count"
table = "live"
[metrics.viewers]
label = "Viewers"
kind = "distinct"
table = "live"
[metrics.ids]
label = "Sessions by their ids"
kind = "distinct"
table = "live"
value = "session_id"
[metrics.minutes_each]
label = "Minutes a session"
kind = "ratio"
table = "live"
value = "minutes"
unit = "minutes"
[metrics.long_share]
label = "Share of long sessions"
kind = "ratio"
table = "live"
value = "case when minutes >= 30 then 1 else 0 end"
unit = "share"
[metrics.evening_minutes]
label = "Minutes in the evening"
kind = "sum"
table = "live"
value = "minutes"
where = "hour(started_at) >= 18 and started_date >= date '2026-10-10'"
unit = "number"
[metrics.minutes_p90]
label = "Minutes, P90"
kind = "quantile"
table = "live"
value = "minutes"
quantile = 0.9
unit = "minutes"
[metrics.minutes_a_viewer]
label = "Minutes a viewer"
kind = "quotient"
numerator = "watch_minutes"
denominator = "viewers"
unit = "minutes"
[metrics.minutes_per_user]
label = "Minutes a user"
kind = "mean"
table = "live"
value = "minutes"
unit = "minutes"
of = "viewers"
[metrics.watched_long]
label = "Watched long"
kind = "proportion"
table = "live"
value = "minutes >= 30"
of = "viewers"
[metrics.viewers_a_day]
label = "Viewers a day"
kind = "daily_distinct"
table = "live"
[metrics.weekly_viewers]
label = "Viewers of the last seven days"
kind = "trailing"
table = "live"
day = 7
"""


def users(n: int = 1500, seed: int = 3) -> pd.DataFrame:
    """Users that registered before the sessions begin, each in a region."""
    rng = np.random.default_rng(seed)
    since = pd.to_timedelta(rng.integers(0, 60 * 24 * 60, n), unit="m")
    return pd.DataFrame(
        {
            "user_id": [f"u{i:04d}" for i in range(n)],
            "registered_at": pd.Timestamp("2026-05-01") + since,
            "channel": rng.choice(["app", "web"], n),
            "region": rng.choice(REGIONS, n),
        }
    )


def sessions(people: pd.DataFrame, a_day: int = 90, seed: int = 4) -> pd.DataFrame:
    """About so many live sessions a day, each of a user, 30 minutes long on average."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, LAST)
    day = np.repeat(days.to_numpy(), rng.poisson(a_day, len(days)))
    who = people.iloc[rng.integers(0, len(people), len(day))]
    at = pd.to_datetime(day) + pd.to_timedelta(rng.integers(8 * 60, 23 * 60, len(day)), unit="m")
    return pd.DataFrame(
        {
            "session_id": [f"s{i:06d}" for i in range(len(day))],
            "user_id": who.user_id.to_numpy(),
            "started_at": at,
            "minutes": rng.gamma(3, 10, len(day)).round(2),
            "host": rng.choice(["mei", "lin", "tao"], len(day), p=[0.5, 0.3, 0.2]),
            "region": who.region.to_numpy(),
        }
    )


def orders(people: pd.DataFrame, a_day: int = 60, seed: int = 5) -> pd.DataFrame:
    """About so many orders a day."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, LAST)
    day = np.repeat(days.to_numpy(), rng.poisson(a_day, len(days)))
    return pd.DataFrame(
        {
            "order_id": [f"o{i:06d}" for i in range(len(day))],
            "user_id": rng.choice(people.user_id, len(day)),
            "ordered_at": pd.to_datetime(day)
            + pd.to_timedelta(rng.integers(0, 1440, len(day)), unit="m"),
            "amount": rng.gamma(2, 60, len(day)).round(2),
        }
    )


def live_shop(
    workspace: MakeWorkspace,
    live: pd.DataFrame | None = None,
    *,
    own: str = LIVE,
    metrics: str = METRICS,
    **more: object,
) -> Workspace:
    """The shop: users, orders and `[tables.live]`; further tables and plans as in `workspace`."""
    people = users()
    further = more.pop("tables", {})
    tables = {"users": people, "orders": orders(people), **further}
    tables["live"] = sessions(people) if live is None else live
    return workspace(tables, more=own + metrics, **more)
