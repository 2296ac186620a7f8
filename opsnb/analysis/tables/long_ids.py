"""Ids of 16 digits and more in workbooks, which keep 15 of a number: the rest become zeros."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import TypedTable
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import ibis.expr.types as ir

_LEAST = 2
"""Ids; one in ten ends in a zero by itself."""


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """Ids that are long numbers, and those of them that end in a zero; of workbooks alone."""
    found: dict[str, ir.Value] = {}
    for name in _columns(table):
        long = rows[name].re_search(r"^\d{16,}$")
        found |= {
            f"long__{name}": long.sum(),
            f"cut__{name}": (long & rows[name].endswith("0")).sum(),
        }
    return found


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """A warning where every one of them ends in a zero."""
    for name in _columns(table):
        count = found[f"cut__{name}"]
        if count >= _LEAST and count == found[f"long__{name}"]:
            args = {"count": count, "column": name}
            yield Issue("rounded_ids", "warn", count, Text("data.rule.rounded_ids", args), name)


def _columns(table: TypedTable) -> list[str]:
    return [name for name in table.contract.ids if table.source.workbook and table.has(name)]
