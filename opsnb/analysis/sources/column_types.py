"""Columns of text files get the type that all their values have; what is ambiguous is an error."""

from __future__ import annotations

from typing import Any, NamedTuple

import duckdb

from opsnb.analysis.sources.embedded import named, quoted
from opsnb.base.errors import SourceError

_TYPED_FIRST = 2000
_EXAMPLES = 3

_CLOCK = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_PARTED = r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
"""A date that begins with its day, or with its month."""


class _Kind(NamedTuple):
    """A type: the form of all its values, and SQL that turns the value `v` into it."""

    name: str
    form: str
    sql: str


_COMMA = _Kind(
    "decimal comma",
    r"[-+]?(0|[1-9]\d{0,14}|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?",
    "TRY_CAST(replace(replace(v, '.', ''), ',', '.') AS DOUBLE)",
)
_KINDS = (  # a column has the first whose form all its values have
    _Kind("BIGINT", r"[-+]?(0|[1-9]\d{0,17})", "TRY_CAST(v AS BIGINT)"),
    _Kind(
        "DOUBLE",
        r"[-+]?(0|[1-9]\d{0,14})?(\.\d*)?([eE][-+]?\d+)?",
        "TRY_CAST(v AS DOUBLE)",
    ),
    _COMMA,
    _Kind("BOOLEAN", r"true|false|TRUE|FALSE|True|False", "TRY_CAST(v AS BOOLEAN)"),
    _Kind("DATE", _DAY, "TRY_CAST(v AS DATE)"),
    _Kind(
        "TIMESTAMPTZ",
        _DAY + _CLOCK + r" ?(Z|[-+]\d{2}(:?\d{2})?)",
        "TRY_CAST(v AS TIMESTAMPTZ)",
    ),
    _Kind("TIMESTAMP", f"{_DAY}({_CLOCK})?", "TRY_CAST(v AS TIMESTAMP)"),
    _Kind("parted", f"({_PARTED}|{_DAY})({_CLOCK})?", ""),
)


class Reading(NamedTuple):
    """How a source's texts are meant, where they do not say it themselves.

    Attributes
    ----------
    where : str
        The source, for errors.
    decimal : "." or ","
    dates : "day first", "month first" or None
        Which of the two leads in 03/04/2026; None: the values have to show it.
    """

    where: str
    decimal: str = "."
    dates: str | None = None


def give_types(connection: duckdb.DuckDBPyConnection, target: str, reading: Reading) -> None:
    """Moves the table `raw`, all text, to its place with columns of their own types.

    Raises
    ------
    SourceError
        Dates of a column can be read in two ways, or some one way and some the other.
    """
    names = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()]
    every = [(name, kind) for name in names for kind in _kinds(reading)]
    likely = _fitting(connection, every, f"(FROM raw LIMIT {_TYPED_FIRST})", True)
    certain = _fitting(connection, likely, "raw", False)
    found: dict[str, str] = {}
    for name, kind in certain:
        if name in found or (kind is _COMMA and not _plain_comma(connection, name, reading)):
            continue
        sql = kind.sql or _dated(connection, name, reading)
        found[name] = sql.replace("(v ", f"({value(name)} ").replace("(v,", f"({value(name)},")
    columns = [
        f"{found[name]} AS {named(name)}" if name in found else named(name) for name in names
    ]
    connection.execute(f"CREATE TABLE {target} AS SELECT {', '.join(columns)} FROM raw")


def value(name: str) -> str:
    """A column without blanks around its values; empty ones are NULL."""
    return f"nullif(trim({named(name)}), '')"


def _kinds(reading: Reading) -> list[_Kind]:
    """With decimal commas, 1.234 is a thousand and some, and no fraction."""
    kinds = list(_KINDS)
    return [kind for kind in kinds if kind.name != "DOUBLE"] if reading.decimal == "," else kinds


def _fitting(
    connection: duckdb.DuckDBPyConnection, pairs: list[tuple[str, _Kind]], rows: str, empty: bool
) -> list[tuple[str, _Kind]]:
    """The pairs of column and kind whose values all have that form; `empty`: without any."""
    tests = []
    for name, kind in pairs:
        cast = kind.sql.replace("(v ", f"({value(name)} ").replace("(v,", f"({value(name)},")
        fits = f" AND {cast} IS NOT NULL" if cast else ""
        tests.append(
            f"coalesce(bool_and(regexp_full_match({value(name)}, {quoted(kind.form)}){fits})"
            f" FILTER ({value(name)} IS NOT NULL), {empty})"
        )
    if not tests:
        return []
    found = _row(connection, f"SELECT {', '.join(tests)} FROM {rows}")
    return [pair for pair, fit in zip(pairs, found, strict=True) if fit]


def _plain_comma(connection: duckdb.DuckDBPyConnection, name: str, reading: Reading) -> bool:
    """Whether commas are decimal: said so, or shown by a value such as 12,5 (1,234 may be 1234)."""
    if reading.decimal == ",":
        return True
    shown = f"bool_or(regexp_matches({value(name)}, ',(\\d{{1,2}}|\\d{{4,}})$'))"
    return bool(_row(connection, f"SELECT coalesce({shown}, false) FROM raw")[0])


def _dated(connection: duckdb.DuckDBPyConnection, name: str, reading: Reading) -> str:
    """SQL that reads dates with the day or the month in front, as the values show which."""
    lead, next_ = (
        f"TRY_CAST(regexp_extract({value(name)}, '^(\\d{{1,2}})[-/.](\\d{{1,2}})[-/.]\\d{{4}}', "
        f"{part}) AS INT)"
        for part in (1, 2)
    )
    day, month = (
        connection.execute(
            f"SELECT DISTINCT {value(name)} FROM raw WHERE {which} > 12 LIMIT {_EXAMPLES}"
        ).fetchall()
        for which in (lead, next_)
    )
    if day and month:
        shown = ", ".join(row[0] for row in (day[0], month[0]))
        raise SourceError(
            f'the column "{name}" has dates with the day first and dates with the month first '
            f"({shown})",
            where=reading.where,
            hint="write them all as 2026-10-31",
        )
    order = reading.dates or ("day first" if day else "month first" if month else None)
    against = month if order == "day first" else day
    if order is None or against:
        examples = (
            against
            or connection.execute(
                f"SELECT DISTINCT {value(name)} FROM raw WHERE {lead} IS NOT NULL LIMIT {_EXAMPLES}"
            ).fetchall()
        )
        what = f"that are not {order}" if order else "that can be read two ways"
        raise SourceError(
            f'the column "{name}" has dates {what} ({", ".join(row[0] for row in examples)})',
            where=reading.where,
            hint='add dates = "day first" or "month first" to the source, or write 2026-10-31',
        )
    swap = r"\3-\2-\1" if order == "day first" else r"\3-\1-\2"
    iso = (
        f"regexp_replace({value(name)}, '^(\\d{{1,2}})[-/.](\\d{{1,2}})[-/.](\\d{{4}})', '{swap}')"
    )
    timed = _row(
        connection, f"SELECT coalesce(bool_or(contains({value(name)}, ':')), false) FROM raw"
    )[0]
    return f"CAST({iso} AS {'TIMESTAMP' if timed else 'DATE'})"


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of an aggregate query."""
    return connection.execute(query).fetchall()[0]
