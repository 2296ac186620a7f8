"""The SQL that runs: compiled once, and kept in a file that the runner of a report asks for."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

FILE_VARIABLE = "OPSNB_QUERIES"
"""Names the file; the runner redacts it and puts it beside the report."""

_MADE_UP = re.compile(r"\b(ibis_[a-z_]+?)_[a-z0-9]{20,}\b")


def compile_once(backend: Any) -> Any:
    """Has a backend keep the SQL of expressions: compiling one takes longer than many a query.

    Naming a result that a cycle shares asks for its SQL, and running it asks again. It is kept as
    long as somebody holds the expression: to hold it here would keep temporary tables and frames.
    """
    plain = backend.compile
    known: WeakKeyDictionary[Any, dict[tuple[tuple[str, Any], ...], str]] = WeakKeyDictionary()

    def compile_(expr: Any, /, *, params: Any = None, **options: Any) -> str:
        if params:
            return str(plain(expr, params=params, **options))
        own = known.setdefault(expr.as_table().op(), {})
        key = tuple(sorted(options.items()))
        if key not in own:
            own[key] = str(plain(expr, **options))
        return own[key]

    backend.compile = compile_
    return backend


def keep_queries(backend: Any, engine: str) -> Any:
    """Writes each statement that the backend compiles to the file asked for, once each."""
    place = os.environ.get(FILE_VARIABLE)
    if not place or getattr(backend, "_opsnb_keeps", False):
        return backend
    compile_, known = backend.compile, set[str]()

    def keep(sql: str) -> None:
        text = _MADE_UP.sub(r"\1", sql)  # names made up for a session differ from run to run
        if text not in known:
            known.add(text)
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(f"-- {engine}, {len(known)}\n{text};\n\n")

    def compiled(*arguments: Any, **named: Any) -> str:
        sql: str = compile_(*arguments, **named)
        keep(sql)
        return sql

    create = backend._create_cached_table

    def created(name: str, table: Any) -> Any:
        compiled(table)  # what a temporary table is filled with
        return create(name, table)

    backend.compile = compiled
    backend._create_cached_table = created
    backend._opsnb_keeps = compile_, keep
    return backend


def name_rows(backend: Any, name: str, rows: Any) -> Any:
    """A view of rows in a DuckDB of our own; its name ends with what its SQL is.

    An expression over a name is compiled several times as fast as one over what the name stands
    for, and reads better. Results that a cycle shares are told apart by their SQL: two views
    under one name would be taken for each other.
    """
    import ibis.expr.operations as ops

    compile_, keep = getattr(backend, "_opsnb_keeps", (backend.compile, None))
    sql = compile_(rows)  # kept as the view's, not as a query that ran
    name = f"{name}_{sha256(sql.encode()).hexdigest()[:8]}"
    statement = f'CREATE OR REPLACE VIEW "{name}" AS {sql}'
    if keep is not None:
        keep(statement)
    backend.con.execute(statement)
    # Its types are those of the rows; asked, DuckDB would say timestamp(6) for timestamp.
    return ops.DatabaseTable(name=name, schema=rows.schema(), source=backend).to_expr()
