"""The contract: what each table must hold, so that one definition of a metric fits all teams.

docs/data.md shows the same list for people; `tests/analysis/tables/test_tables.py` compares
the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["CONTRACTS", "Column", "Contract", "Level", "Rule", "tables_of_people"]

Level = Literal["note", "warn", "block"]
"""note: worth knowing; warn: results may suffer; block: results would mislead."""

Type = Literal["text", "number", "time", "date"]
"""text: string; number: float64; time: naive local timestamp; date: local date."""


@dataclass(frozen=True)
class Column:
    """A column of a contract.

    Attributes
    ----------
    required : bool
        The table must have the column.
    empty : "out", note or warn
        What an empty value costs: the row is left out, or it is only counted. Optional
        columns may be empty without a word.
    allowed : tuple of str
        The values that playbooks know, in lower case.
    low, high : float, optional
        Range of a number, both ends inside.
    past : bool
        May not lie after the day the data was taken.
    default : str, optional
        What a missing column or an empty value stands for.
    """

    name: str
    type: Type
    required: bool = False
    empty: Literal["out", "note", "warn"] | None = None
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    past: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Rule:
    """Rows that contradict themselves; counted where the table has all the columns needed."""

    id: str
    level: Level
    needs: tuple[str, ...]
    broken: Callable[[ir.Table], ir.BooleanValue]


@dataclass(frozen=True)
class Contract:
    """What a table must hold.

    Attributes
    ----------
    key : tuple of str
        Columns (those that the table has) that together name a row; empty: none do.
    clock : str, optional
        The column that says when a row happened.
    dates : dict
        Local dates to add, by the time they come from.
    repeats : Level
        What rows of the same key that differ are worth.
    awaited : (str, tuple of str), optional
        A row with a value in the first column and none in all the others is no bad row: what
        it waits for has not come (a survey that was sent and not answered).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    clock: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    repeats: Level = "block"
    awaited: tuple[str, tuple[str, ...]] | None = None

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    @property
    def optional(self) -> list[str]:
        return [column.name for column in self.columns if not column.required]

    def awaits(self, name: str) -> bool:
        """Whether a column may be empty because an answer has not come."""
        return self.awaited is not None and name in self.awaited[1]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _needed(
    name: str,
    type: Type,
    *,
    empty: Literal["out", "note", "warn"] = "out",
    allowed: tuple[str, ...] = (),
    low: float | None = None,
    past: bool = False,
) -> Column:
    return Column(name, type, True, empty, allowed=allowed, low=low, past=past)


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


_KINDS_OF_COST = ("media", "creator", "reward", "production", "labour", "other")

USERS = Contract(
    "users",
    (
        _needed("user_id", "text"),
        _needed("registered_at", "time", past=True),
        *_texts("channel", "region", "device", "invited_by", "contract"),
        Column("ended_at", "time"),
    ),
    key=("user_id",),
    clock="registered_at",
    dates={"registered_date": "registered_at", "ended_date": "ended_at"},
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
    ),
    clock="event_at",
    dates={"event_date": "event_at"},
)

ORDERS = Contract(
    "orders",
    (
        _needed("order_id", "text"),
        _needed("user_id", "text", empty="warn"),
        _needed("ordered_at", "time", past=True),
        _needed("amount", "number"),
        Column("cost", "number"),
        Column("status", "text", allowed=("paid", "refunded", "cancelled"), default="paid"),
        Column("refunded_at", "time", past=True),
        *_texts("channel", "device", "campaign_id"),
    ),
    key=("order_id",),
    clock="ordered_at",
    dates={"order_date": "ordered_at", "refund_date": "refunded_at"},
    rules=(
        _order("refunded_at", "ordered_at"),
        Rule("negative_amount", "warn", ("amount",), lambda table: table.amount < 0),
        Rule("negative_cost", "warn", ("cost",), lambda table: table.cost < 0),
        Rule(
            "refund_without_date",
            "warn",
            ("status", "refunded_at"),
            lambda table: (table.status == "refunded") & table.refunded_at.isnull(),
        ),
        Rule(
            "date_without_refund",
            "warn",
            ("status", "refunded_at"),
            lambda table: (table.status == "paid") & table.refunded_at.notnull(),
        ),
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
    ),
    clock="date",
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
    dates={"assigned_date": "assigned_at"},
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
)

SERIES = Contract(
    "series",
    (
        _needed("date", "date", past=True),
        _needed("unit", "text"),
        _needed("metric", "text"),
        _needed("value", "number", empty="warn"),
    ),
    key=("date", "unit", "metric"),
    clock="date",
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
    clock="responded_at",
    dates={"response_date": "responded_at", "sent_date": "sent_at"},
    awaited=("sent_at", ("responded_at", "score")),
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
        *_texts("channel", "comment"),
    ),
    key=("ticket_id",),
    clock="opened_at",
    dates={"opened_date": "opened_at", "resolved_date": "resolved_at"},
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
    )
}
"""The contracts by name of table."""


def tables_of_people() -> tuple[str, ...]:
    """Names of the tables whose rows are about single people: those that name a user."""
    return tuple(
        name
        for name, contract in CONTRACTS.items()
        if any(column.name == "user_id" for column in contract.columns)
    )
