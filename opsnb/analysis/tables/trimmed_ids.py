"""Blanks around ids, which are taken away: said, since nobody asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis.expr.types as ir

from opsnb.analysis.tables.gate_queries import one_row
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import MENDED, TypedTable
from opsnb.base.messages import Text


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """How many texts of each column were mended."""
    return {name: rows[name].sum() for name in rows.columns if name.startswith(MENDED)}


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """A note of each column of ids; one query, where texts were mended at all."""
    ids = [name for name in table.contract.ids if found.get(f"{MENDED}{name}")]
    if not ids:
        return
    rows = table.typed
    held = {name: rows[name].count(where=rows[f"{MENDED}{name}"]) for name in ids}
    trimmed = one_row(table, rows.aggregate(**held))
    for name, count in trimmed.items():
        if count:
            args = {"count": count, "share": count / found["rows"], "column": name}
            yield Issue("trimmed_ids", "note", count, Text("data.rule.trimmed_ids", args), name)
