"""Whether tickets were on time: by the team's own flag `on_time` where they have it, else by the
times they were due. One definition for the gate and all metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.tables.table_report import Issue, TableReport
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import datetime as dt

    import ibis.expr.types as ir

    from opsnb.analysis.tables.typed_table import TypedTable

FLAG = "on_time"
TIMES = ("due_at", "resolved_at")

_BY_TIMES = (
    "(case when due_at is not null and (resolved_at is not null"
    " or cast(due_at as date) <= cast({as_of} as date))"
    " then coalesce(resolved_at <= due_at, false) end)"
)


def by_flag(table: TypedTable, report: TableReport) -> bool:
    """Whether the team's own flag says it: a column that is filled at all."""
    return table.has(FLAG) and report.nulls.get(FLAG, 0) < report.rows


def sql(flag: bool) -> str:
    """Whether a ticket was on time; NULL while nobody can tell."""
    return FLAG if flag else _BY_TIMES


def judged(tickets: ir.Table, as_of: dt.date, flag: bool) -> ir.BooleanValue:
    """The same of a table of tickets."""
    if flag:
        return tickets[FLAG]
    if not set(TIMES) <= set(tickets.columns):
        return ibis.null("boolean")
    over = tickets.resolved_at.notnull() | (tickets.due_at.cast("date") <= ibis.literal(as_of))
    met = (tickets.resolved_at <= tickets.due_at).fill_null(False)
    return ibis.ifelse(tickets.due_at.notnull() & over, met, ibis.null("boolean"))


# -- what the gate says ------------------------------------------------------------------------


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """How many flags say other than the times; nothing where the two do not stand side by side."""
    if table.name != "tickets" or not table.has(FLAG, *TIMES):
        return {}
    met = rows.resolved_at <= rows.due_at
    return {"against_due": (kept & (rows[FLAG] != met)).sum()}


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """Which of the two is used, where both are there."""
    if "against_due" in found and found[f"there__{FLAG}"]:
        text = Text.of("data.rule.sla_by_flag", count=found["against_due"])
        yield Issue("sla_by_flag", "note", found["against_due"], text, FLAG)
