"""The SQL that runs: compiled once, and kept in a file that the runner of a report asks for."""

from __future__ import annotations

import contextlib
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
    name = _view(backend, name, "", sql, keep)
    # Its types are those of the rows; asked, DuckDB would say timestamp(6) for timestamp.
    return ops.DatabaseTable(name=name, schema=rows.schema(), source=backend).to_expr()


def name_query(backend: Any, database: str | tuple[str, str], query: str) -> Any:
    """A view of a team's own query in a DuckDB of our own, word for word as it was written.

    It lies beside the tables of its source, so that it finds them by their bare names.

    Raises
    ------
    duckdb.Error
        It is no query that gives rows, or names what is not there.
    """
    import ibis.expr.operations as ops

    _, keep = getattr(backend, "_opsnb_keeps", (None, None))
    catalog, schema = database if isinstance(database, tuple) else ("memory", database)
    if catalog != "memory":
        schema = _mirror(backend, catalog, schema)
    name = _view(backend, "query", f'"memory"."{schema}".', f"FROM (\n{query}\n)", keep)
    found = backend._get_schema_using_query(f'SELECT * FROM "memory"."{schema}"."{name}"')
    place = ops.Namespace(catalog="memory", database=schema)
    return ops.DatabaseTable(name=name, schema=found, source=backend, namespace=place).to_expr()


def _view(backend: Any, name: str, place: str, sql: str, keep: Any) -> str:
    """Makes a view; its name, which ends with what its SQL is."""
    name = f"{name}_{sha256(sql.encode()).hexdigest()[:8]}"
    statement = f'CREATE OR REPLACE VIEW {place}"{name}" AS {sql}'
    backend.con.execute(statement)
    if keep is not None:
        keep(statement)
    return name


def _mirror(backend: Any, catalog: str, schema: str) -> str:
    """A schema of ours with a view of each table of a file, which itself is only read."""
    mirror = f"opsnb_{catalog}"
    rows = backend.con.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_catalog = ? AND table_schema = ?",
        [catalog, schema],
    ).fetchall()
    backend.con.execute(f'CREATE SCHEMA IF NOT EXISTS "memory"."{mirror}"')
    for (name,) in rows:
        bare = name.replace('"', '""')
        with contextlib.suppress(Exception):  # a view of the file that is broken itself
            backend.con.execute(
                f'CREATE VIEW IF NOT EXISTS "memory"."{mirror}"."{bare}" AS '
                f'FROM "{catalog}"."{schema}"."{bare}"'
            )
    return mirror
