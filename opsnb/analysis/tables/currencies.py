"""Several currencies in one column of amounts: their sum is no amount of money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis.expr.types as ir
from babel.numbers import list_currencies

from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import TypedTable
from opsnb.base.messages import Text

NAMES = (
    "currency", "currency_code", "currencycode", "curr", "ccy", "order_currency",
    "payment_currency", "iso_currency", "币种", "货币", "币别", "货币代码", "币种代码",
)  # fmt: skip
"""Names, in any case, of columns that say in which currency an amount is."""

_ALSO = {"RMB": "CNY", "CNH": "CNY", "人民币": "CNY"}
"""What a currency is written as beside its code of ISO 4217."""

AMOUNT = "amount"
"""The column whose sums say nothing where there are several."""

_SHOWN = 5


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """What the gate's one query counts of them; nothing of tables without amounts of money."""
    column = column_of(table)
    if column is None or table.converted is not None:
        return {}
    code = _code(rows, column)
    return {"currencies": code.nunique(where=kept), "currency": code.min(where=kept)}


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """More than one currency blocks; one that is not the workspace's is warned of."""
    column = column_of(table)
    if column is None or table.converted is not None or not found["currencies"]:
        return
    counts = {found["currency"]: found["rows"] - found["out"]}
    if found["currencies"] > 1:
        counts = _counts(table, column)
    known: dict[str, int] = {}
    for code, count in counts.items():
        if (code := _ALSO.get(code, code)) in list_currencies():
            known[code] = known.get(code, 0) + count
    own = table.currency
    others = sum(known.values()) - known.get(own, max(known.values(), default=0))
    ranked = sorted(known.items(), key=lambda one: (-one[1], one[0]))
    if len(known) > 1:
        listed = [
            Text.of("data.rule.of_currency", code=code, count=n) for code, n in ranked[:_SHOWN]
        ]
        args = {"n": len(known), "listed": listed, "column": column}
        yield Issue("currencies", "block", others, Text("data.rule.currencies", args), AMOUNT)
    elif known and own not in known:
        code, count = ranked[0]
        args = {"code": code, "own": own, "column": column}
        yield Issue("currency", "warn", count, Text("data.rule.currency", args), column)


def column_of(table: TypedTable) -> str | None:
    """The column that says the currency of a table's amounts: the contract's, else a usual name."""
    names = [column.name for column in table.contract.columns]
    if not {AMOUNT, "currency"} <= set(names):
        return None
    found = [name for name in table.texts if name.strip().lower() in NAMES]
    return min(found, key=lambda name: NAMES.index(name.strip().lower()), default=None)


def _code(rows: ir.Table, column: str) -> ir.StringValue:
    return rows[column].strip().upper().nullif("")


def code_of(rows: ir.Table, column: str) -> ir.StringValue:
    """The currency by its code of ISO 4217, as far as it is known under another name."""
    code = _code(rows, column)
    return code.substitute(_ALSO)


def _counts(table: TypedTable, column: str) -> dict[str, int]:
    """Rows by what stands in the column."""
    rows = table.sound.select(code=_code(table.sound, column))
    counted = rows.group_by("code").agg(n=rows.count())
    answer = table.source.backend.to_pyarrow(counted).to_pylist()
    return {row["code"]: int(row["n"]) for row in answer if row["code"] is not None}
