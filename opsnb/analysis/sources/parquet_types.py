"""Parquet files of one table whose columns differ in type from file to file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import duckdb

from opsnb.analysis.sources.embedded import named, quoted

_NAIVE = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"}
_AWARE = "TIMESTAMP WITH TIME ZONE"

_Types = tuple[tuple[str, str], ...]


def rows_of(
    connection: duckdb.DuckDBPyConnection, paths: list[Path], zone: str, texts: Collection[str]
) -> str:
    """A query for the rows of all files.

    DuckDB would take naive times for UTC where another file's carry a zone, and make numbers of
    ids where one file has them as integers and another as floats. So each kind of file is read
    by itself: instants as local times of `zone`, columns of `texts` (lower case) as texts.
    """
    whole = _read(paths)
    if len(paths) == 1:
        return whole
    files: dict[_Types, list[Path]] = defaultdict(list)
    for path in paths:
        files[_types(connection, path)].append(path)
    seen: dict[str, set[str]] = defaultdict(set)
    for types in files:
        for name, type in types:
            seen[name].add(type)
    mixed = {
        name
        for name, types in seen.items()
        if len(types) > 1
        and (name.strip().lower() in texts or (_AWARE in types and types & _NAIVE))
    }
    if not mixed:
        return whole
    return " UNION ALL BY NAME ".join(
        _as_one(group, {n: t for n, t in types if n in mixed}, zone, texts)
        for types, group in files.items()
    )


def _types(connection: duckdb.DuckDBPyConnection, path: Path) -> _Types:
    rows = connection.execute(f"DESCRIBE {_read([path])}").fetchall()
    return tuple((row[0], row[1]) for row in rows)


def _read(paths: list[Path]) -> str:
    files = ", ".join(quoted(path) for path in paths)
    return f"SELECT * FROM read_parquet([{files}], union_by_name = true)"


def _as_one(paths: list[Path], types: dict[str, str], zone: str, texts: Collection[str]) -> str:
    """The rows of files of one kind, their columns in the type that they share with others."""
    replaced = ", ".join(
        f"{_turned(named(name), type, zone, name.strip().lower() in texts)} AS {named(name)}"
        for name, type in types.items()
    )
    return (
        _read(paths).replace("SELECT *", f"SELECT * REPLACE ({replaced})", 1)
        if types
        else _read(paths)
    )


def _turned(column: str, type: str, zone: str, is_text: bool) -> str:
    if not is_text:
        return f"timezone({quoted(zone)}, {column})" if type == _AWARE else f"{column}::TIMESTAMP"
    if type == "BLOB":
        return f"coalesce(TRY(decode({column})), '\\x' || lower(hex({column})))"
    if type in ("DOUBLE", "FLOAT"):  # 17850.0 is the id 17850
        whole = f"{column} = floor({column}) AND abs({column}) < 9007199254740992"
        return f"CASE WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
    return f"{column}::VARCHAR"
