"""Campaigns that end in each of the review's cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.analysis.reviews.campaigns import METRIC, PLAN, regions
from tests.analysis.reviews.situations.world import (
    Frames,
    Situation,
    only,
    shop,
    whole_shop,
)

SALE = """
name = {en = "Sale", zh = "促销"}
objective = "Sell"
owner = "Li Na"
start = 2026-10-01
end = 2026-10-10
post_days = 10
metric = "gmv_net"
channels = ["wechat"]
funnel = ["visit", "cart", "order"]
predicted = {value = 10000, low = 5000, high = 20000}
success = {increment = 5000}
"""

BUDGET = """
[budget]
media = 1000
reward = 400
labour = 300
"""

SPLIT = """
[holdout]
experiment = "held_out"
control = "holdout"
treated = "exposed"
share = 0.25
"""


def sale(extra: float, kinds: tuple[str, ...] = ("media", "reward", "labour")) -> Frames:
    """The shop with a campaign: what an exposed user spends more in it, and the costs booked."""
    rng = np.random.default_rng(11)
    base = whole_shop()
    users = base["users"].query("registered_at < '2026-09-30'")["user_id"].to_numpy()
    held = np.arange(len(users)) % 4 == 0
    assignments = pd.DataFrame(
        {
            "experiment_id": "held_out",
            "user_id": users,
            "variant": np.where(held, "holdout", "exposed"),
            "assigned_at": pd.Timestamp("2026-09-30 09:00"),
        }
    )
    buying = 100 + rng.normal(0, 10, len(users)) + np.where(held, 0, extra)
    bought = pd.DataFrame(
        {
            "order_id": [f"c{i}" for i in range(len(users))],
            "user_id": users,
            "ordered_at": pd.Timestamp("2026-10-03 12:00"),
            "amount": buying.round(2),
            "cost": (buying * 0.6).round(2),
            "status": "paid",
            "channel": "wechat",
            "campaign_id": np.where(held, None, "sale"),
        }
    )
    # Hardly anybody else orders in these weeks: the effect is as clear as it is planted.
    orders = base["orders"]
    inside = orders["ordered_at"].between("2026-10-01", "2026-10-11")
    after = orders["ordered_at"].between("2026-10-11", "2026-10-21")
    faint = orders["amount"].where(~after, orders["amount"] / 10)
    quiet = orders.assign(amount=faint, cost=faint * 0.6)[~inside]
    amounts = {"media": 1000.0, "reward": 400.0, "labour": 300.0}
    spend = pd.DataFrame(
        {
            "campaign_id": "sale",
            "date": pd.Timestamp("2026-10-02").date(),
            "channel": ["wechat" if kind == "media" else "app" for kind in kinds],
            "kind": list(kinds),
            "amount": [amounts[kind] for kind in kinds],
            "impressions": 90_000.0,
            "clicks": 3_000.0,
            "conversions": 300.0,
        }
    )
    return shop(
        assignments=assignments, spend=spend,
        orders=pd.concat([quiet, bought], ignore_index=True),
    )  # fmt: skip


def campaign(
    verdict: str, status: str, tables: Callable[[], Frames], plan: str, **others: Any
) -> Situation:
    parameters = {"campaign": "sale", "cycle": "2026-10"}
    return Situation(verdict, status, tables, {"campaigns/sale.toml": plan}, parameters, **others)


VALUED = "[ltv]\nvalue = 150\nhorizon_days = 365\n"
REGIONS = PLAN + 'treated_units = ["r0"]\n'

BOOKED = "orders assignments spend"

CAMPAIGNS = {
    "paid": campaign("paid", "ready", lambda: sale(50), SALE + BUDGET + SPLIT),
    "split_broken": campaign(
        "invalid", "invalid", only(BOOKED, lambda: sale(50)),
        SALE + BUDGET + SPLIT.replace("0.25", "0.5"),
    ),
    "split_broken_costs_missing": campaign(
        "invalid", "invalid", only(BOOKED, lambda: sale(50, ("media",))),
        SALE + BUDGET + SPLIT.replace("0.25", "0.5"),
    ),
    "loss": campaign("loss", "ready", only(BOOKED, lambda: sale(6)), SALE + BUDGET + SPLIT),
    "unproven": campaign(
        "unproven", "ready", only(BOOKED, lambda: sale(0)), SALE + BUDGET + SPLIT
    ),
    "harmful": campaign(
        "harmful", "ready", only(BOOKED, lambda: sale(-30)), SALE + BUDGET + SPLIT
    ),
    "costs_missing": campaign(
        "cost_open", "provisional", only(BOOKED, lambda: sale(50, ("media",))),
        SALE + BUDGET + SPLIT,
    ),
    "no_spend": campaign(
        "cost_open", "provisional", only("orders assignments", lambda: sale(50)),
        SALE + BUDGET + SPLIT,
    ),
    "no_evidence": campaign("description", "ready", lambda: sale(50), SALE + BUDGET + VALUED),
    "regions": campaign(
        "unpriced", "ready", lambda: {"series": regions(8)}, REGIONS,
        more=METRIC.replace('unit = "money"', 'unit = "count"'),
    ),
}  # fmt: skip
