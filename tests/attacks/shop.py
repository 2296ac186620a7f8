"""A small healthy shop, and the ways in which its tables are spoilt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

Tables = dict[str, pd.DataFrame]
Spoil = Callable[[Tables], None]

EXPERIMENT = """
name = "Trial"
start = 2026-10-01
end = 2026-10-14
control = "control"
split = {control = 0.5, treatment = 0.5}
segments = ["channel"]
covariate_days = 14
[primary]
metric = "orders_per_user"
mde = 0.1
[[guardrails]]
metric = "refund_rate"
margin = 0.1
[[secondary]]
metric = "order_conversion"
"""

CAMPAIGN = """
name = "Sale"
start = 2026-10-10
end = 2026-10-16
metric = "gmv_net"
budget = {media = 1000, reward = 200}
predicted = {value = 500, low = 0, high = 2000}
funnel = ["visit", "cart", "order"]
"""

TARGETS = """
[gmv_net]
target = 60000
[conversion_rate]
target = 0.2
"""

PLANS = {
    "experiments/trial.toml": EXPERIMENT,
    "campaigns/sale.toml": CAMPAIGN,
    "targets/2026-10.toml": TARGETS,
}


def shop(users: int = 240, seed: int = 3) -> Tables:
    """Four months of a shop in which nothing is wrong."""
    draw = np.random.default_rng(seed)
    days = pd.date_range("2026-07-01", "2026-10-31", freq="D")
    who = [f"u{n}" for n in range(users)]
    channel = draw.choice(["search", "referral"], users)

    def at(count: int) -> pd.Series:
        return pd.Series(draw.choice(days, count)) + pd.to_timedelta(
            draw.integers(8 * 3600, 20 * 3600, count), "s"
        )

    visits, orders = users * 12, users * 3
    amount = draw.gamma(3, 40, orders).round(2)
    refunded = draw.random(orders) < 0.05
    bought = at(orders)
    return {
        "users": pd.DataFrame(
            {"user_id": who, "registered_at": at(users), "channel": channel, "region": "east"}
        ),
        "events": pd.DataFrame(
            {
                "user_id": draw.choice(who, visits),
                "event_at": at(visits),
                "event": draw.choice(["visit", "cart", "order"], visits, p=[0.6, 0.25, 0.15]),
                "channel": draw.choice(["search", "referral"], visits),
            }
        ),
        "orders": pd.DataFrame(
            {
                "order_id": [f"o{n}" for n in range(orders)],
                "user_id": draw.choice(who, orders),
                "ordered_at": bought,
                "amount": amount,
                "cost": (amount * 0.6).round(2),
                "status": np.where(refunded, "refunded", "paid"),
                "refunded_at": (bought + pd.Timedelta(days=3)).where(refunded),
                "campaign_id": np.where(draw.random(orders) < 0.1, "sale", None),
            }
        ),
        "spend": pd.DataFrame(
            {
                "campaign_id": "sale",
                "date": pd.Timestamp("2026-10-11"),
                "channel": ["search", "referral"],
                "kind": ["media", "reward"],
                "amount": [900.0, 150.0],
                "impressions": [9000, 800],
                "clicks": [400, 60],
            }
        ),
        "assignments": pd.DataFrame(
            {
                "experiment_id": "trial",
                "user_id": who,
                "variant": np.tile(["control", "treatment"], users // 2),
                "assigned_at": pd.Timestamp("2026-10-01 08:00"),
                "channel": channel,
            }
        ),
        "surveys": pd.DataFrame(
            {
                "responded_at": at(200),
                "kind": np.tile(["nps", "csat"], 100),
                "score": draw.integers(1, 6, 200),
                "comment": "parcel came late, box was broken",
            }
        ),
        "tickets": pd.DataFrame(
            {
                "ticket_id": [f"t{n}" for n in range(120)],
                "opened_at": at(120),
                "category": draw.choice(["delivery", "payment"], 120),
            }
        ).assign(resolved_at=lambda t: t["opened_at"] + pd.Timedelta(hours=20)),
        "tasks": pd.DataFrame(
            {
                "task_id": ["1", "2"],
                "due_on": pd.Timestamp("2026-10-09"),
                "done_on": [pd.NaT, pd.Timestamp("2026-10-20")],
            }
        ),
    }


def every(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    def spoil(tables: Tables) -> None:
        for name in tables:
            tables[name] = change(tables[name])

    return spoil


def column(table: str, name: str, value: object) -> Spoil:
    """A column that is set to one value, or made from the old one."""

    def spoil(tables: Tables) -> None:
        frame = tables[table]
        new = value(frame[name]) if callable(value) else value
        tables[table] = frame.assign(**{name: new})

    return spoil


def rows(table: str, keep: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    def spoil(tables: Tables) -> None:
        tables[table] = keep(tables[table])

    return spoil


def moved(by: pd.DateOffset) -> Spoil:
    """All times of all tables lie elsewhere."""

    def shift(frame: pd.DataFrame) -> pd.DataFrame:
        times = [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])]
        return frame.assign(**{c: frame[c].astype("datetime64[us]") + by for c in times})

    return every(shift)


SPOILT: dict[str, Spoil] = {
    "nothing": lambda tables: None,
    "every table empty": every(lambda frame: frame.iloc[:0]),
    "one row each": every(lambda frame: frame.iloc[:1]),
    "the same row twice": every(lambda frame: pd.concat([frame, frame.iloc[:1]])),
    "no orders": rows("orders", lambda frame: frame.iloc[:0]),
    "no events": rows("events", lambda frame: frame.iloc[:0]),
    "no users": rows("users", lambda frame: frame.iloc[:0]),
    "nobody assigned": rows("assignments", lambda frame: frame.iloc[:0]),
    "one user assigned": rows("assignments", lambda frame: frame.iloc[:1]),
    "all amounts equal": column("orders", "amount", 50.0),
    "all amounts zero": column("orders", "amount", 0.0),
    "all amounts negative": column("orders", "amount", lambda c: -c),
    "amounts missing": column("orders", "amount", None),
    "one amount infinite": column("orders", "amount", lambda c: c.where(c.index > 0, np.inf)),
    "amounts not numbers": column("orders", "amount", lambda c: c.where(c.index % 2 == 0)),
    "huge amounts": column("orders", "amount", lambda c: c * 1e300),
    "all refunded": column("orders", "status", "refunded"),
    "unknown status": column("orders", "status", "lost in the post"),
    "strangers buy": column("orders", "user_id", "nobody-knows"),
    "one buyer": column("orders", "user_id", "u1"),
    "orders all at once": column("orders", "ordered_at", pd.Timestamp("2026-10-12 10:00")),
    "one event name": column("events", "event", "visit"),
    "channels missing": column("events", "channel", None),
    "user channels missing": column("users", "channel", None),
    "one variant": column("assignments", "variant", "treatment"),
    "no control": column("assignments", "variant", lambda c: c.replace("control", "old")),
    "variant missing": column("assignments", "variant", None),
    "everybody in both arms": rows(
        "assignments",
        lambda frame: pd.concat([frame, frame.assign(variant=frame["variant"].iloc[::-1].values)]),
    ),
    "assigned after the end": column("assignments", "assigned_at", pd.Timestamp("2026-10-30")),
    "another experiment": column("assignments", "experiment_id", "other"),
    "spend zero": column("spend", "amount", 0.0),
    "spend negative": column("spend", "amount", -10.0),
    "spend missing": rows("spend", lambda frame: frame.iloc[:0]),
    "scores beyond the scale": column("surveys", "score", 99),
    "comments missing": column("surveys", "comment", None),
    "resolved before opened": column("tickets", "resolved_at", pd.Timestamp("2020-01-01")),
    "in the sixties": moved(pd.DateOffset(years=-61)),
    "in the next century": moved(pd.DateOffset(years=105)),
    "times missing": column("events", "event_at", pd.NaT),
}  # fmt: skip
