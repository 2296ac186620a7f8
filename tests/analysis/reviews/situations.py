"""Small worlds that bring every playbook into its cases: sound, doubtful, and not to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from opsnb.base.workspace import Workspace
from tests.analysis.reviews.campaigns import METRIC, PLAN, regions
from tests.conftest import HEAD

Frames = dict[str, pd.DataFrame]

FIRST, LAST = pd.Timestamp("2025-09-01"), pd.Timestamp("2026-11-15")
DAYS = pd.date_range(FIRST, LAST)
CUSTOMERS = 600


@dataclass(frozen=True)
class Situation:
    """Tables, plans and parameters that a playbook is played over.

    `verdict` is what the whole playbook says, the value of its fact, and `status` the report's.
    """

    verdict: str
    status: str
    tables: Callable[[], Frames]
    plans: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    as_of: str = "2026-11-16"

    def build(self, root: Path) -> Workspace:
        """The situation's workspace, written under `root`."""
        (root / "data").mkdir()
        lines = [HEAD.format(as_of=self.as_of, kind="parquet", min_cell=0)]
        for name, table in self.tables().items():
            table.to_parquet(root / "data" / f"{name}.parquet", index=False)
            lines.append(f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n')
        (root / "opsnb.toml").write_text("".join(lines) + self.more, encoding="utf-8")
        for name, text in self.plans.items():
            path = root / "plans" / name
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
        return Workspace.load(root)


# -- a shop ----------------------------------------------------------------------------


@cache
def _shop() -> Frames:
    rng = np.random.default_rng(7)
    joined = np.sort(rng.integers(0, len(DAYS), CUSTOMERS))
    joined[:200] = 0  # some are there from the start
    ids = np.array([f"u{i}" for i in range(CUSTOMERS)])
    users = pd.DataFrame(
        {
            "user_id": ids,
            "registered_at": DAYS[joined] + pd.Timedelta(hours=8),
            "channel": rng.choice(["wechat", "douyin", "search"], CUSTOMERS),
            "region": rng.choice(["Zhejiang", "Hubei"], CUSTOMERS),
            "device": rng.choice(["ios", "android"], CUSTOMERS),
            "invited_by": np.where(np.arange(CUSTOMERS) % 9 == 0, "u3", None),
        }
    )

    def rows(each_day: int) -> tuple[pd.DatetimeIndex, np.ndarray]:
        """A day's rows, each of a user who is there by then."""
        days = np.repeat(np.arange(len(DAYS)), each_day)
        there = np.searchsorted(joined, days, side="right")
        chosen = (rng.random(len(days)) * there).astype(int)
        hours = pd.to_timedelta(rng.integers(9, 22, len(days)), unit="h")
        return DAYS[days] + hours, chosen

    at, who = rows(8)
    amount = rng.gamma(4, 25, len(at)).round(2)
    refunded = rng.random(len(at)) < 0.05
    back = at + pd.Timedelta(days=3)
    refunded &= back < LAST
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(at))],
            "user_id": ids[who],
            "ordered_at": at,
            "amount": amount,
            "cost": (amount * 0.6).round(2),
            "status": np.where(refunded, "refunded", "paid"),
            "refunded_at": pd.Series(back).where(refunded),
            "channel": users["channel"].to_numpy()[who],
            "campaign_id": pd.Series([None] * len(at), dtype="object"),
        }
    )
    at, who = rows(20)
    steps = [pd.DataFrame({"user_id": ids[who], "event_at": at, "event": "visit", "key": who})]
    for event, share in (("cart", 0.5), ("order", 0.25)):
        some = rng.random(len(at)) < share
        later = at[some] + pd.Timedelta(minutes=10)
        steps.append(
            pd.DataFrame({"user_id": ids[who[some]], "event_at": later, "event": event,
                          "key": who[some]})
        )  # fmt: skip
    events = pd.concat(steps, ignore_index=True)
    events["channel"] = users["channel"].to_numpy()[events["key"]]
    events["device"] = users["device"].to_numpy()[events["key"]]
    at, who = rows(3)
    csat = np.arange(len(at)) % 2 == 0
    surveys = pd.DataFrame(
        {
            "responded_at": at,
            "kind": np.where(csat, "csat", "nps"),
            "score": np.where(csat, rng.integers(3, 6, len(at)), rng.integers(4, 11, len(at))),
            "user_id": ids[who],
            "comment": rng.choice(["slow delivery", "kind staff", None], len(at)),
        }
    )
    at, who = rows(2)
    tickets = pd.DataFrame(
        {
            "ticket_id": [f"t{i}" for i in range(len(at))],
            "opened_at": at,
            "user_id": ids[who],
            "category": rng.choice(["delivery", "refund"], len(at)),
            "first_response_at": at + pd.Timedelta(minutes=30),
            "resolved_at": at + pd.to_timedelta(rng.integers(1, 20, len(at)), unit="h"),
            "due_at": at + pd.Timedelta(hours=16),
        }
    )
    tickets = tickets[tickets["resolved_at"] < LAST]
    due = pd.date_range(FIRST, LAST, freq="5D")
    done = pd.Series(due - pd.Timedelta(days=1)).mask(np.arange(len(due)) % 4 == 0)
    tasks = pd.DataFrame(
        {
            "task_id": [f"k{i}" for i in range(len(due))],
            "due_on": due.date,
            "done_on": done.dt.date,
            "owner": "Li Na",
            "title": "Call suppliers",
        }
    )
    return {"users": users, "orders": orders, "events": events.drop(columns="key"),
            "surveys": surveys, "tickets": tickets, "tasks": tasks}  # fmt: skip


def shop(**changed: pd.DataFrame | None) -> Frames:
    """The shop's tables, some of them replaced, or left out where None."""
    tables = {**_shop(), **changed}
    return {name: table for name, table in tables.items() if table is not None}


def until(last: str) -> Frames:
    """The shop as it was recorded up to a day."""
    clock = {"users": "registered_at", "orders": "ordered_at", "events": "event_at",
             "surveys": "responded_at", "tickets": "opened_at"}  # fmt: skip
    end = pd.Timestamp(last) + pd.Timedelta(days=1)
    known = {name: _shop()[name] for name in clock}
    return shop(**{name: rows[rows[clock[name]] < end] for name, rows in known.items()})


def with_orders_at_odds() -> Frames:
    """The shop with order numbers that stand for two orders each: a check that blocks."""
    orders = _shop()["orders"]
    twice = orders.tail(40).assign(amount=lambda table: table["amount"] + 1)
    return shop(orders=pd.concat([orders, twice], ignore_index=True))


def with_sales(first: str, last: str, times: float) -> Frames:
    """The shop with other amounts in some days."""
    orders = _shop()["orders"]
    inside = orders["ordered_at"].between(first, pd.Timestamp(last) + pd.Timedelta(days=1))
    amount = orders["amount"].where(~inside, orders["amount"] * times)
    return shop(orders=orders.assign(amount=amount))


# -- experiments -----------------------------------------------------------------------

BOUGHT = """
[metrics.bought]
label = "Bought"
kind = "proportion"
table = "outcomes"
value = "bought"
unit = "share"
[metrics.complained]
label = "Complained"
kind = "proportion"
table = "outcomes"
value = "complained"
unit = "share"
direction = "down"
[metrics.spent]
label = "Spent"
kind = "mean"
table = "outcomes"
value = "spent"
unit = "money"
"""

TEST = """
name = {en = "Test", zh = "测试"}
hypothesis = "It sells more"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {SPLIT}
segments = ["device"]
annual_users = 100000
[primary]
metric = "bought"
[[guardrails]]
metric = "complained"
margin = 0.15
[[secondary]]
metric = "spent"
"""

HALVES = "{control = 0.5, treatment = 0.5}"
THIRDS = "{control = 0.3333, a = 0.3333, b = 0.3334}"


def arms(given: Mapping[str, tuple[float, float, int]]) -> Callable[[], Frames]:
    """By arm the shares who bought and complained, and the number of users."""

    def tables() -> Frames:
        parts = []
        for name, (bought, complained, users) in given.items():
            index = np.arange(users)
            parts.append(
                pd.DataFrame(
                    {
                        "user_id": [f"{name}{i}" for i in index],
                        "variant": name,
                        "assigned_at": pd.Timestamp("2026-10-05 09:00")
                        + pd.to_timedelta(index % 14, unit="D"),
                        "device": np.where(index % 2, "ios", "android"),
                        "bought": (index * 7 % users < round(bought * users)).astype(float),
                        "complained": (index % 100 < round(complained * 100)).astype(float),
                        "spent": index % 10 + 10 * bought,
                    }
                )
            )
        people = pd.concat(parts, ignore_index=True)
        exposed = ["user_id", "variant", "assigned_at", "device"]
        return {
            "assignments": people[exposed].assign(experiment_id="test"),
            "outcomes": people[["user_id", "bought", "complained", "spent"]],
        }

    return tables


def experiment(
    verdict: str,
    status: str,
    given: Mapping[str, tuple[float, float, int]],
    *,
    split: str = HALVES,
    planned: bool = True,
    more: Mapping[str, Any] | None = None,
    **others: Any,
) -> Situation:
    plans = {"experiments/test.toml": TEST.replace("{SPLIT}", split)} if planned else {}
    parameters = {"experiment": "test", "cycle": "2026-10", **(more or {})}
    return Situation(verdict, status, arms(given), plans, parameters, BOUGHT, **others)


CONTROL = (0.5, 0.2, 2000)

EXPERIMENTS = {
    "won": experiment("ship", "ready", {"control": CONTROL, "treatment": (0.6, 0.2, 2000)}),
    "split_broken": experiment(
        "invalid", "invalid", {"control": CONTROL, "treatment": (0.6, 0.2, 1600)}
    ),
    "guardrail_failed": experiment(
        "stop", "ready", {"control": CONTROL, "treatment": (0.6, 0.4, 2000)}
    ),
    "guardrail_open": experiment(
        "hold", "ready", {"control": CONTROL, "treatment": (0.6, 0.22, 2000)}
    ),
    "early": experiment(
        "hold", "provisional", {"control": CONTROL, "treatment": (0.65, 0.2, 2000)},
        as_of="2026-10-12",
    ),
    "unregistered": experiment(
        "ship", "ready", {"control": CONTROL, "treatment": (0.6, 0.2, 2000)},
        planned=False, more={"metric": "bought", "control": "control"},
    ),
    "two_treatments": experiment(
        "ship", "ready", {"control": CONTROL, "a": (0.4, 0.2, 2000), "b": (0.6, 0.15, 2000)},
        split=THIRDS,
    ),
}  # fmt: skip


# -- campaigns -------------------------------------------------------------------------

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
    base = _shop()
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


def only(names: str, tables: Callable[[], Frames]) -> Callable[[], Frames]:
    """Some of the tables: what a situation does not turn on is not read again and again."""
    return lambda: {name: table for name, table in tables().items() if name in names.split()}


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


# -- periods ---------------------------------------------------------------------------


def targets(gmv: float, orders: float, key: str = "2026-10") -> dict[str, str]:
    text = f'[gmv_net]\ntarget = {gmv}\nowner = "Li Na"\n[orders]\ntarget = {orders}\n'
    return {f"targets/{key}.toml": text}


OCTOBER = {"cycle": "2026-10"}

BOUGHT_BY = "orders users tasks"

MONTHS = {
    "on_track": Situation("on_track", "ready", shop, targets(15_000, 200), OCTOBER),
    "partial": Situation(
        "partial", "provisional", lambda: until("2026-10-20"), targets(15_000, 200), OCTOBER
    ),
    "refunds_open": Situation(
        "on_track", "provisional", only(BOUGHT_BY, lambda: until("2026-11-03")),
        targets(15_000, 200), OCTOBER, as_of="2026-11-04",
    ),
    "blocked": Situation(
        "off_track", "ready", only(BOUGHT_BY, with_orders_at_odds), targets(90_000, 900), OCTOBER
    ),
    "empty": Situation("no_data", "skipped", lambda: until("2026-08-31"), {}, OCTOBER),
}  # fmt: skip

WEEK_43 = {"cycle": "2026-W43"}

WEEKS = {
    "quiet": Situation("quiet", "ready", only("orders users", shop), {}, WEEK_43),
    "bad": Situation(
        "bad", "ready", lambda: with_sales("2026-10-19", "2026-10-25", 0.2), {}, WEEK_43
    ),
    "partial": Situation("partial", "provisional", lambda: until("2026-10-22"), {}, WEEK_43),
    "blocked": Situation(
        "quiet", "ready", only("orders users", with_orders_at_odds), {}, WEEK_43
    ),
    "empty": Situation("no_data", "skipped", lambda: until("2026-09-30"), {}, WEEK_43),
}  # fmt: skip

# -- designs ---------------------------------------------------------------------------

SMALL = {"metric": "order_conversion", "guardrails": ["refund_rate"], "experiment": "next"}

DESIGNS = {
    "feasible": Situation("feasible", "ready", shop, {}, {**SMALL, "mde": 0.6}),
    "too_long": Situation("too_long", "ready", shop, {}, {**SMALL, "mde": 0.05}),
}

SITUATIONS: Mapping[str, Mapping[str, Situation]] = {
    "ab_readout": EXPERIMENTS,
    "campaign_review": CAMPAIGNS,
    "monthly_retrospective": MONTHS,
    "weekly_review": WEEKS,
    "experiment_design": DESIGNS,
}
"""By playbook; a new playbook brings its own."""
