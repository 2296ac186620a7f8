"""The SQL that runs: compiled once, and kept in a file that the runner of a report asks for."""

from __future__ import annotations

import functools
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

FILE_VARIABLE = "OPSNB_QUERIES"
"""Names the file; the runner redacts it and puts it beside the report."""

_MADE_UP = re.compile(r"\b(ibis_[a-z_]+?)_[a-z0-9]{20,}\b")

_COMPILED = 512
"""Expressions whose SQL is kept: more than a report has."""


def compile_once(backend: Any) -> Any:
    """Has a backend keep the SQL of expressions: compiling one takes longer than many a query.

    Naming a result that a cycle shares asks for its SQL, running it asks again, and so does the
    next cell that has the same question.
    """
    import ibis.expr.operations as ops

    plain = backend.compile

    @functools.lru_cache(maxsize=_COMPILED)
    def kept(op: Any, options: tuple[tuple[str, Any], ...]) -> str:
        return str(plain(op.to_expr(), **dict(options)))

    def compile_(expr: Any, /, *, params: Any = None, **options: Any) -> str:
        op = expr.as_table().op()
        if params or op.find(ops.InMemoryTable):  # to keep it would keep its data
            return str(plain(expr, params=params, **options))
        return kept(op, tuple(sorted(options.items())))

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
        sql = compile_(*arguments, **named)
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
