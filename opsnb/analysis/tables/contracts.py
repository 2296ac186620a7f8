"""The contracts: what each table must hold, so that one definition of a metric fits all teams.

All that opsnb knows of a table stands here. docs/data.md shows it (`make docs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from opsnb.analysis.tables.contract import Column, Contract, Level, Rule, Type
from opsnb.analysis.tables.refund_rules import REFUND_RULES

__all__ = ["CONTRACTS", "Column", "Contract", "Level", "Rule", "tables_where"]


def _needed(
    name: str,
    type: Type,
    *,
    empty: Literal["out", "note", "warn"] = "out",
    allowed: tuple[str, ...] = (),
    low: float | None = None,
    past: bool = False,
    note: str = "",
) -> Column:
    return Column(name, type, True, empty, allowed=allowed, low=low, past=past, note=note)


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text") for name in names)


def _numbers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "number", low=0) for name in names)


def _order(later: str, earlier: str) -> Rule:
    """`later` must not lie before `earlier`."""
    return Rule(
        f"{later}_before_{earlier}",
        "warn",
        (later, earlier),
        lambda table: table[later] < table[earlier],
    )


_IS_TEST = Column("is_test", "flag", note="true: left out")
_KINDS_OF_COST = ("media", "creator", "reward", "production", "labour", "other")

USERS = Contract(
    "users",
    (
        _needed("user_id", "text"),
        _needed("registered_at", "time", past=True),
        *_texts("channel", "region", "device", "invited_by", "contract"),
        Column("ended_at", "time"),
        _IS_TEST,
    ),
    key=("user_id",),
    clock="registered_at",
    people=("user_id", "invited_by"),
    dates={"registered_date": "registered_at", "ended_date": "ended_at"},
    refers={"invited_by": {"users.user_id": "warn"}},
    rules=(
        _order("ended_at", "registered_at"),
        Rule(
            "invited_by_self",
            "warn",
            ("invited_by", "user_id"),
            lambda table: table.invited_by == table.user_id,
        ),
    ),
)

EVENTS = Contract(
    "events",
    (
        _needed("user_id", "text", empty="note"),
        _needed("event_at", "time", past=True),
        _needed("event", "text"),
        *_texts("session_id", "channel", "device", "campaign_id"),
        Column("value", "number"),
        _IS_TEST,
    ),
    key=(),
    clock="event_at",
    people=("user_id",),
    dates={"event_date": "event_at"},
    witness="orders",
    refers={
        "user_id": {"users.user_id": "block", "orders.user_id": "block"},
        "campaign_id": {"spend.campaign_id": "warn"},
    },
    post_treatment=True,
)

ORDERS = Contract(
    "orders",
    (
        _needed("order_id", "text"),
        _needed("user_id", "text", empty="warn"),
        _needed("ordered_at", "time", past=True),
        _needed("amount", "number"),
        Column("cost", "number"),
        Column(
            "status",
            "text",
            allowed=("paid", "partially_refunded", "refunded", "cancelled"),
            default="paid",
        ),
        Column("refunded_at", "time", past=True),
        Column("refund_amount", "number", low=0, note="given back, of the amount"),
        *_texts("channel", "device", "campaign_id", "currency"),
        _IS_TEST,
    ),
    key=("order_id",),
    clock="ordered_at",
    people=("user_id",),
    dates={"order_date": "ordered_at", "refund_date": "refunded_at"},
    refers={
        "user_id": {"users.user_id": "block"},
        "campaign_id": {"spend.campaign_id": "warn"},
    },
    total="amount",
    shows=lambda table: table.status != "cancelled",
    post_treatment=True,
    rules=(
        _order("refunded_at", "ordered_at"),
        Rule("negative_amount", "warn", ("amount",), lambda table: table.amount < 0),
        Rule("negative_cost", "warn", ("cost",), lambda table: table.cost < 0),
        *REFUND_RULES,
    ),
)

SPEND = Contract(
    "spend",
    (
        _needed("campaign_id", "text"),
        _needed("date", "date", empty="note", past=True),
        _needed("channel", "text", empty="note"),
        _needed("kind", "text", allowed=_KINDS_OF_COST),
        _needed("amount", "number", low=0),
        *_numbers("impressions", "clicks", "conversions"),
        *_texts("currency"),
    ),
    key=(),
    clock="date",
    people=(),
    subjects={"campaign": "campaign_id"},
    ledger=True,
    rules=(
        Rule(
            "more_clicks_than_impressions",
            "warn",
            ("clicks", "impressions"),
            lambda table: table.clicks > table.impressions,
        ),
        Rule(
            "more_conversions_than_clicks",
            "note",
            ("conversions", "clicks"),
            lambda table: table.conversions > table.clicks,
        ),
    ),
)

ASSIGNMENTS = Contract(
    "assignments",
    (
        _needed("experiment_id", "text"),
        _needed("user_id", "text"),
        _needed("variant", "text"),
        Column("assigned_at", "time", past=True),
    ),
    key=("experiment_id", "user_id"),
    clock="assigned_at",
    people=("user_id",),
    dates={"assigned_date": "assigned_at"},
    refers={
        "user_id": {"users.user_id": "block", "orders.user_id": "warn", "events.user_id": "warn"}
    },
    subjects={"experiment": "experiment_id"},
    by_day=False,  # they say who was in which arm; no metric is measured of them
    extra="any attribute known before exposure",
    repeats="warn",  # exposure logs repeat; the readout judges users seen in two variants
)

OUTCOMES = Contract(
    "outcomes",
    (
        _needed("user_id", "text"),
        Column("experiment_id", "text"),
        Column("variant", "text"),
        Column("date", "date", past=True),
    ),
    key=("experiment_id", "user_id", "date"),
    clock="date",
    people=("user_id",),
    refers={"user_id": {"assignments.user_id": "block"}},
    subjects={"experiment": "experiment_id"},
    post_treatment=True,
    extra="any numbers",
)

SERIES = Contract(
    "series",
    (
        _needed("date", "date", past=True),
        _needed("unit", "text", note='"all" or a region'),
        _needed("metric", "text"),
        _needed("value", "number", empty="warn"),
    ),
    key=("date", "unit", "metric"),
    clock="date",
    people=(),
)

SURVEYS = Contract(
    "surveys",
    (
        _needed("responded_at", "time", past=True),
        _needed("kind", "text", allowed=("nps", "csat")),
        _needed("score", "number"),
        *_texts("user_id", "comment", "channel"),
        Column("sent_at", "time", past=True),
    ),
    key=(),
    clock="responded_at",
    people=("user_id",),
    dates={"response_date": "responded_at", "sent_date": "sent_at"},
    refers={"user_id": {"users.user_id": "warn"}},
    awaited=("sent_at", ("responded_at", "score")),
    comment="comment",
    sampled=True,
    rules=(
        _order("responded_at", "sent_at"),
        Rule(
            "nps_out_of_scale",
            "warn",
            ("kind", "score"),
            lambda table: (table.kind == "nps") & ~table.score.between(0, 10),
        ),
        Rule(
            "csat_out_of_scale",
            "warn",
            ("kind", "score"),
            lambda table: (table.kind == "csat") & ~table.score.between(1, 5),
        ),
    ),
)

TICKETS = Contract(
    "tickets",
    (
        _needed("ticket_id", "text"),
        _needed("opened_at", "time", past=True),
        *_texts("user_id", "category", "priority"),
        Column("first_response_at", "time", past=True),
        Column("resolved_at", "time", past=True),
        Column("due_at", "time"),
        Column("on_time", "flag", note="in place of due_at"),
        *_texts("channel", "comment"),
    ),
    key=("ticket_id",),
    clock="opened_at",
    people=("user_id",),
    comment="comment",
    dates={"opened_date": "opened_at", "resolved_date": "resolved_at"},
    refers={"user_id": {"users.user_id": "warn"}},
    rules=(
        _order("first_response_at", "opened_at"),
        _order("resolved_at", "opened_at"),
        _order("due_at", "opened_at"),
    ),
)

TASKS = Contract(
    "tasks",
    (
        _needed("task_id", "text"),
        _needed("due_on", "date"),
        Column("done_on", "date", past=True),
        *_texts("owner", "project", "title"),
    ),
    key=("task_id",),
    clock="due_on",
    people=(),
    planned=True,
    ledger=True,
)

RATES = Contract(
    "rates",
    (
        _needed("date", "date"),
        _needed("currency", "text"),
        _needed("rate", "number", note="the workspace's currency for one unit"),
    ),
    key=("date", "currency"),
    clock="date",
    people=(),
    rules=(Rule("rate_not_positive", "warn", ("rate",), lambda table: table.rate <= 0),),
    by_day=False,  # they convert amounts; no metric is measured of them
)

ALIASES = Contract(
    "aliases",
    (
        _needed("user_id", "text"),
        _needed("alias", "text", note="cookie, device, merged account"),
    ),
    key=("alias", "user_id"),
    clock=None,
    people=("user_id", "alias"),
    refers={"user_id": {"users.user_id": "warn"}},
    by_day=False,
)

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        USERS,
        EVENTS,
        ORDERS,
        SPEND,
        ASSIGNMENTS,
        OUTCOMES,
        SERIES,
        SURVEYS,
        TICKETS,
        TASKS,
        RATES,
        ALIASES,
    )
}
"""The contracts by name of table."""


def tables_where(
    holds: Callable[[Contract], object], among: Mapping[str, Contract] = CONTRACTS
) -> tuple[str, ...]:
    """Names of the tables of whose contract something holds: of the ten, or of those given."""
    return tuple(name for name, contract in among.items() if holds(contract))
