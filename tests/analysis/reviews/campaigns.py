"""What the tests of campaign reviews share: small workspaces with a known effect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

START, END = dt.date(2026, 10, 1), dt.date(2026, 10, 10)

PLAN = """\
name = "Test campaign"
start = 2026-10-01
end = 2026-10-10
post_days = 10
metric = "y"
"""

METRIC = """
[metrics.y]
label = "Sales"
definition = "Sales of the test"
kind = "sum"
table = "series"
value = "value"
where = "metric = 'y'"
unit = "money"
direction = "up"
materiality = 0.01
"""


def days(first: str = "2026-05-01", last: str = "2026-10-20") -> pd.DatetimeIndex:
    return pd.date_range(first, last)


def long(
    columns: dict[str, np.ndarray], index: pd.DatetimeIndex, unit: str = "all"
) -> pd.DataFrame:
    """Series as the contract wants them: a row a day and metric."""
    return pd.concat(
        pd.DataFrame({"date": index, "unit": unit, "metric": name, "value": values})
        for name, values in columns.items()
    )


def series(
    effect: float = 0.0, control_effect: float = 0.0, first: str = "2026-05-01", seed: int = 1
) -> pd.DataFrame:
    """A series y that two controls explain, with effects a day in the campaign's window."""
    rng, index = np.random.default_rng(seed), days()
    season = 3 * np.sin(np.arange(len(index)) / 9) + rng.normal(0, 2, len(index))
    x1, x2 = 100 + season, 80 + rng.normal(0, 2, len(index)) + 0.5 * season
    inside = (index >= pd.Timestamp(START)) & (index <= pd.Timestamp(END))
    y = 200 + 2 * season + rng.normal(0, 2, len(index)) + effect * inside
    table = long({"y": y, "x1": x1 + control_effect * inside, "x2": x2}, index)
    return table[table["date"] >= first]


def regions(
    effect: float, *, treated: int = 1, others: int = 10, drift: float = 0.0, seed: int = 2
) -> pd.DataFrame:
    """Regions that move together; the first `treated` have the effect (and the drift)."""
    rng, index = np.random.default_rng(seed), days()
    common = 10 * np.sin(np.arange(len(index)) / 9) + np.cumsum(rng.normal(0, 0.5, len(index)))
    inside = index >= pd.Timestamp(START)
    rows = []
    for number in range(treated + others):
        own = number < treated
        y = 100 + 5 * number + common + rng.normal(0, 2, len(index))
        y += own * (effect * inside + drift * np.arange(len(index)))
        rows.append(long({"y": y}, index, f"r{number}"))
    return pd.concat(rows)


def open_campaign(workspace: Workspace, campaign: str = "test") -> opsnb.Campaign:
    return opsnb.Campaign(Session(workspace, "campaign_review", languages=["en", "zh"]), campaign)


def said(campaign: opsnb.Campaign, *steps: str, language: int = 0) -> str:
    """What some steps say, in English or (1) Chinese."""
    spoken = campaign.ops.languages[language]
    return "\n".join(getattr(campaign, step)().plain(spoken) for step in steps)


SALE = """\
name = "Sale"
start = 2026-10-01
end = 2026-10-07
post_days = 0
metric = "gmv_net"
"""
HELD_OUT = 'holdout = {experiment = "h", control = "held", treated = "exposed", share = 0.5}\n'


def sale(
    workspace: Callable[..., Workspace],
    *,
    plan: str = SALE + HELD_OUT,
    held: float = 100.0,
    exposed: float = 150.0,
    users: int = 400,
    booked: dict[str, float] | None = None,
    as_of: str = "2026-11-16",
) -> Workspace:
    """400 users held out and `users` exposed, who spend this much on average in the campaign."""
    rng = np.random.default_rng(1)
    people = pd.concat(
        pd.DataFrame(
            {
                "user_id": [f"{variant}{n}" for n in range(size)],
                "variant": variant,
                "amount": mean + rng.normal(0, 10, size),
            }
        )
        for variant, mean, size in (("held", held, 400), ("exposed", exposed, users))
    ).reset_index(drop=True)
    tables = {
        "assignments": people[["user_id", "variant"]].assign(
            experiment_id="h", assigned_at=pd.Timestamp("2026-10-01")
        ),
        "orders": people[["user_id", "amount"]].assign(
            order_id=[f"o{n}" for n in range(len(people))],
            ordered_at=pd.Timestamp("2026-10-01") + pd.to_timedelta(people.index % 7, "D"),
        ),
    }
    if booked:
        tables["spend"] = pd.DataFrame(
            {
                "campaign_id": "test",
                "date": dt.date(2026, 10, 2),
                "channel": "wechat",
                "kind": list(booked),
                "amount": list(booked.values()),
            }
        )
    return workspace(tables, plans={"campaigns/test.toml": plan}, as_of=as_of)
