"""Small results that other queries build on: kept by their engine, or brought to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables.typed_table import TypedTable


def kept(rows: ir.Table) -> ir.Table:
    """The rows computed once and kept by the engine; as they are where it refuses to."""
    try:
        return rows.cache()
    except Exception:  # no right to make temporary tables: every engine has its own class
        return rows


def beside(table: TypedTable, owner: TypedTable, rows: ir.Table) -> ir.Table:
    """Rows of one table's engine where those of another can be joined to them."""
    if table.source.backend is owner.source.backend:
        return rows
    return ibis.memtable(owner.source.backend.to_pyarrow(rows))
