"""What the checks of the data gate ask the engine: one row of counts."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir

from opsnb.analysis.sources.base import first_line
from opsnb.analysis.tables.typed_table import MARK, TypedTable, as_told
from opsnb.base.errors import SourceError, TableError

HASH = f"{MARK}hash"
"""A number of the whole row."""


def one_row(table: TypedTable, query: ir.Table) -> dict[str, Any]:
    """The aggregate's only row; counts of no rows are 0."""
    try:
        row = table.source.backend.to_pyarrow(query).to_pylist()[0]
    except SourceError:
        raise
    except Exception as error:
        raise TableError(
            f"cannot be read ({first_line(error)})",
            where=f"tables.{table.name}",
            hint="run the table's sql by itself to see the failing row",
        ) from error
    maybe = ("first", "last", "total", "print")
    return {k: v if v is not None or k.startswith(maybe) else 0 for k, v in row.items()}


def own_columns(table: TypedTable) -> list[str]:
    """The columns without the local dates that follow from a time."""
    dates = {day for day, time in table.contract.dates.items() if time in table.columns}
    return [name for name in table.columns if name not in dates]


def with_hash(table: TypedTable, rows: ir.Table) -> ir.Table:
    """Rows with a number of the whole row as a column, worked out once; of DuckDB only."""
    if table.source.dialect != "duckdb":
        return rows
    whole = ibis.struct({name: as_told(rows, name) for name in own_columns(table)})
    return rows.mutate(**{HASH: hash_of(whole)})


@ibis.udf.scalar.builtin(name="hash")
def hash_of(row) -> dtypes.uint64:  # type: ignore[no-untyped-def]  # ibis: of any type
    """DuckDB's own number; Ibis's `hash()` turns it into text and back, row by row."""
