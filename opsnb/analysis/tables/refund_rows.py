"""Refunds in all the ways they are booked: one definition for the gate and all metrics.

A refund stands in one of three ways: as the status `refunded` of its order, as `refund_amount`
beside the order's amount, in part or in full, or as a row of a negative amount. The first two are
taken off on the day of the order; a row is taken off on its own day, and is no order. Where an
order stands in several lines, a negative line is such a refund where the lines of its order come
to less than nothing; within an order that sells, it is a discount or a return that nobody can
tell from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.tables.contract import Level
from opsnb.analysis.tables.gate_queries import one_row
from opsnb.analysis.tables.samples import sample
from opsnb.analysis.tables.table_report import Issue, TableReport
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables.typed_table import TypedTable

ROWS, LINES = "negative_amount", "refund_lines"
"""Rules: refunds that are rows of orders, and lines of orders that give money back as a whole."""

TWICE, UNTOLD = "refunds_twice", "untold_lines"
"""Rules: such rows beside orders that say refunded; lines that are a refund or a discount."""

AMOUNT = "refund_amount"
"""The column of what is given back of an order, in part or in full."""

_ROUNDING = 1e-9

WITHOUT_AMOUNT = "partial_without_amount"
"""Rule: orders that are refunded in part, nobody knows how much."""


def marked(table: TypedTable, rows: ir.Table, report: TableReport) -> ir.Table:
    """Rows of orders, each refund booked in the same way.

    Returns
    -------
    ir.Table
        `is_refund`: the row gives money back, and is no order. `refund_amount`: what is given
        back of an order's row, from 0 to its amount. `status`: refunded where all of it is, paid
        where a part is.

    Notes
    -----
    A refund's row counts as paid, since its money has flowed, whatever its status; but where the
    status of orders says refunded too, a row of that status only repeats what the status says.
    """
    rules = _rules(report)
    if not rules & {ROWS, LINES}:
        return _with_amounts(table, rows.mutate(is_refund=ibis.literal(False)), rules)
    amount = _of_order(rows.amount) if _by_line(table) else rows.amount
    rows = _with_amounts(table, rows.mutate(is_refund=amount < 0), rules)
    if TWICE in rules:
        return rows
    flowed = rows.is_refund & (rows.status == "refunded")
    return rows.mutate(status=ibis.ifelse(flowed, "paid", rows.status))


def _with_amounts(table: TypedTable, rows: ir.Table, rules: set[str]) -> ir.Table:
    """What is given back of each order, by its status or its `refund_amount`.

    An amount says more than the status `refunded`, which without one means all of it. More than
    the order brought is not taken off; lines are held against the whole of their order.
    """
    worth, given = rows.amount, ibis.literal(0.0)
    if table.has(AMOUNT):
        given = rows[AMOUNT].fill_null(0.0)
    if table.has(AMOUNT) and _by_line(table):
        worth, given = _of_order(worth), _of_order(given)
    sold = ~rows.is_refund & (worth > 0)
    full = sold & (rows.status == "refunded") & (given <= 0)
    if not table.has(AMOUNT):
        rows = rows.mutate(refund_amount=ibis.ifelse(full, rows.amount, 0.0))
        if WITHOUT_AMOUNT not in rules:  # that is, no order is refunded in part
            return rows
        part = rows.status == "partially_refunded"
        return rows.mutate(status=ibis.ifelse(part, "paid", rows.status))
    full |= sold & (given >= worth)
    part = rows.status.isin(("refunded", "partially_refunded")) & ~full
    known = rows.status.isin(("paid", "refunded", "partially_refunded"))
    own = ibis.greatest(rows[AMOUNT].fill_null(0.0), 0.0)
    return rows.mutate(
        refund_amount=ibis.cases((full, rows.amount), (sold, own), else_=0.0),
        status=ibis.cases((full & known, "refunded"), (part, "paid"), else_=rows.status),
    )


def _of_order(value: ir.NumericValue) -> ir.NumericValue:
    """The sum over the lines of an order."""
    return value.sum().over(ibis.window(group_by="order_id"))


def net(orders: ir.Table) -> ir.FloatingValue:
    """What marked orders that count as paid bring after refunds."""
    return orders.amount - orders.refund_amount


def kept_share(orders: ir.Table) -> ir.FloatingValue:
    """The part of marked orders that was not given back, which their cost counts by."""
    return 1 - (orders.refund_amount / orders.amount.nullif(0)).fill_null(0.0)


def told(table: TypedTable, report: TableReport) -> bool:
    """Whether the orders tell of refunds at all: by their status, or as rows of their own."""
    rules = _rules(report)
    if rules & {ROWS, LINES}:
        return True
    if table.has(AMOUNT) and report.nulls.get(AMOUNT, 0) < report.rows:
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
    said = rows.status == "refunded"
    if table.has(AMOUNT):
        said |= (rows[AMOUNT] > 0) & (rows.status != "cancelled")
    refunded = kept & said & (rows.amount > 0)
    return {"negative": (kept & (rows.amount < 0)).sum(), "refunded": refunded.sum()}


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """What the gate says beyond `negative_amount`; one query more where lines are negative, or
    stand beside amounts given back."""
    if table.name == "orders" and _by_line(table) and table.has(AMOUNT):
        yield from _more_than_orders(table, found)
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


def _more_than_orders(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """Orders in lines of which more is given back than they brought: an amount on each line?"""
    lines = table.sound
    orders = lines.group_by("order_id").agg(worth=lines.amount.sum(), back=lines[AMOUNT].sum())
    over = orders.filter((orders.worth > 0) & (orders.back > orders.worth * (1 + _ROUNDING)))
    if count := one_row(table, over.aggregate(n=over.count()))["n"]:
        text = Text.of("data.rule.refund_above_order", count=count)
        rows, _ = sample(table, over, ["order_id", "worth", "back"])
        yield Issue("refund_above_order", "warn", count, text, AMOUNT, rows)


def _issue(rule: str, level: Level, count: int, found: Mapping[str, Any]) -> Issue:
    args = {"count": count, "share": count / found["rows"], "refunded": found["refunded"]}
    return Issue(rule, level, count, Text(f"data.rule.{rule}", args), "amount")
