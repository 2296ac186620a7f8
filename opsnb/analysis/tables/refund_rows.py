"""Refunds booked as rows of a negative amount: one definition for the gate and all metrics.

A row of orders with a negative amount gives money back: it is taken off net GMV on its own day,
and is no order. Where an order stands in several lines, a negative line is such a refund where
the lines of its order come to less than nothing; within an order that sells, it is a discount or
a return that nobody can tell from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.tables.contract import Level
from opsnb.analysis.tables.table_report import Issue, TableReport
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables.typed_table import TypedTable

ROWS, LINES = "negative_amount", "refund_lines"
"""Rules: refunds that are rows of orders, and lines of orders that give money back as a whole."""

TWICE, UNTOLD = "refunds_twice", "untold_lines"
"""Rules: such rows beside orders of the status refunded; lines that are a refund or a discount."""


def marked(table: TypedTable, rows: ir.Table, report: TableReport) -> ir.Table:
    """Rows of orders with the column `is_refund`: the row gives money back, and is no order.

    A refund's row counts as paid, since its money has flowed, whatever its status; but where the
    status of orders says refunded too, a row of that status only repeats what the status says.
    """
    rules = _rules(report)
    if not rules & {ROWS, LINES}:
        return rows.mutate(is_refund=ibis.literal(False))
    amount = rows.amount
    if _by_line(table):
        amount = amount.sum().over(ibis.window(group_by="order_id"))
    rows = rows.mutate(is_refund=amount < 0)
    if TWICE in rules:
        return rows
    flowed = rows.is_refund & (rows.status == "refunded")
    return rows.mutate(status=ibis.ifelse(flowed, "paid", rows.status))


def told(table: TypedTable, report: TableReport) -> bool:
    """Whether the orders tell of refunds at all: by their status, or as rows of their own."""
    rules = _rules(report)
    if rules & {ROWS, LINES}:
        return True
    unsaid = any(
        issue.rule == "default" and issue.column == "status" and issue.count == report.rows
        for issue in report.issues
    )
    return table.has("status") and not unsaid and UNTOLD not in rules


def negative(table: TypedTable, rows: ir.Table) -> ir.BooleanValue:
    """Whether a row is a refund's, which may carry the id of its order; never by line."""
    if table.name != "orders" or _by_line(table):
        return ibis.literal(False)
    return rows.amount < 0


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """What the gate's one query counts of them; nothing of tables other than orders."""
    if table.name != "orders":
        return {}
    refunded = kept & (rows.status == "refunded") & (rows.amount > 0)
    return {"negative": (kept & (rows.amount < 0)).sum(), "refunded": refunded.sum()}


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """What the gate says beyond `negative_amount`; one query more where lines are negative."""
    negative, refunded = found.get("negative", 0), found.get("refunded", 0)
    if not negative:
        return
    if _by_line(table):
        negative, within = _negative_lines(table)
        if negative:
            yield _issue(LINES, "note", negative, found)
        elif not refunded:
            yield _issue(UNTOLD, "warn", within, found)
    if negative and refunded:
        yield _issue(TWICE, "warn", negative, found)


def _by_line(table: TypedTable) -> bool:
    return table.config.grain == "line"


def _rules(report: TableReport) -> set[str]:
    return {issue.rule for issue in report.issues}


def _negative_lines(table: TypedTable) -> tuple[int, int]:
    """Negative lines of orders that give money back as a whole, and of all others."""
    lines = table.sound
    negative = lines.amount < 0
    orders = lines.group_by("order_id").agg(total=lines.amount.sum(), negative=negative.sum())
    back = orders.total < 0
    counts = orders.agg(
        back=orders.negative.sum(where=back), within=orders.negative.sum(where=~back)
    )
    row = table.source.backend.to_pyarrow(counts).to_pylist()[0]
    return int(row["back"] or 0), int(row["within"] or 0)


def _issue(rule: str, level: Level, count: int, found: Mapping[str, Any]) -> Issue:
    args = {"count": count, "share": count / found["rows"], "refunded": found["refunded"]}
    return Issue(rule, level, count, Text(f"data.rule.{rule}", args), "amount")
