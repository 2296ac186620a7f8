"""What the contract of orders asks of refunds: status, date and amount that fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.tables.contract import Rule

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _refunded(orders: ir.Table) -> ir.BooleanValue:
    """Orders that were refunded in full or in part, by their status or an amount."""
    said = orders.status.isin(("refunded", "partially_refunded"))
    if "refund_amount" in orders.columns:
        said |= (orders.refund_amount > 0) & (orders.status != "cancelled")
    return said


def _partial_without_amount(orders: ir.Table) -> ir.BooleanValue:
    part = orders.status == "partially_refunded"
    if "refund_amount" in orders.columns:
        part &= orders.refund_amount.isnull() | (orders.refund_amount <= 0)
    return part


REFUND_RULES = (
    Rule(
        "refund_without_date",
        "warn",
        ("status", "refunded_at"),
        lambda table: _refunded(table) & table.refunded_at.isnull(),
    ),
    Rule(
        "date_without_refund",
        "warn",
        ("status", "refunded_at"),
        lambda table: (table.status == "paid") & table.refunded_at.notnull() & ~_refunded(table),
    ),
    Rule(
        "refund_above_amount",
        "warn",
        ("refund_amount", "amount"),
        lambda table: (table.amount >= 0) & (table.refund_amount > table.amount),
    ),
    Rule(
        "refunded_in_part",
        "note",
        ("status", "refund_amount"),
        lambda table: (
            (table.status == "refunded")
            & (table.refund_amount > 0)
            & (table.refund_amount < table.amount)
        ),
    ),
    Rule(
        "partial_without_amount",
        "warn",
        ("status",),
        _partial_without_amount,
    ),
)
