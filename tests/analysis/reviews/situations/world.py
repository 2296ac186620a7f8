"""A small world that a playbook is played over, and the shop that most of them are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from opsnb.base.workspace import Workspace
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


@cache
def whole_shop() -> Frames:
    """Every table of the shop."""
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
    tables = {**whole_shop(), **changed}
    return {name: table for name, table in tables.items() if table is not None}


def until(last: str) -> Frames:
    """The shop as it was recorded up to a day."""
    clock = {"users": "registered_at", "orders": "ordered_at", "events": "event_at",
             "surveys": "responded_at", "tickets": "opened_at"}  # fmt: skip
    end = pd.Timestamp(last) + pd.Timedelta(days=1)
    known = {name: whole_shop()[name] for name in clock}
    return shop(**{name: rows[rows[clock[name]] < end] for name, rows in known.items()})


def with_orders_at_odds() -> Frames:
    """The shop with order numbers that stand for two orders each: a check that blocks."""
    orders = whole_shop()["orders"]
    twice = orders.tail(40).assign(amount=lambda table: table["amount"] + 1)
    return shop(orders=pd.concat([orders, twice], ignore_index=True))


def with_sales(first: str, last: str, times: float) -> Frames:
    """The shop with other amounts in some days."""
    orders = whole_shop()["orders"]
    inside = orders["ordered_at"].between(first, pd.Timestamp(last) + pd.Timedelta(days=1))
    amount = orders["amount"].where(~inside, orders["amount"] * times)
    return shop(orders=orders.assign(amount=amount))


def only(names: str, tables: Callable[[], Frames]) -> Callable[[], Frames]:
    """Some of the tables: what a situation does not turn on is not read again and again."""
    return lambda: {name: table for name, table in tables().items() if name in names.split()}
