"""Large text files: read and typed in one pass, where a sample tells the types and all values fit.

The sample's types come from `column_types`, which knows the rules. Each value is then taken only
where it is written as its type itself writes it (whole numbers, days and times come back as they
were; fractions have a plain form), so that the types are those that all values would give. At the
first value that is not, the pass ends, and the table is read the careful way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import duckdb

from opsnb.analysis.sources.column_types import TOGETHER, Reading, give_types, is_text, value_of
from opsnb.analysis.sources.embedded import named, quoted
from opsnb.base.errors import SourceError

SAMPLE = 2000
"""Rows of each file that tell the types; smaller files are not worth a pass of their own."""

_ZONED = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[-+]\d{2}(:\d{2})?)"
_TIME = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"


def _same(v: str, c: str) -> str:
    return f"{c}::VARCHAR IS NOT DISTINCT FROM {v}"


def _form(v: str, c: str, form: str) -> str:
    return f"{v} IS NULL OR ({c} IS NOT NULL AND regexp_full_match({v}, {quoted(form)}))"


def _fraction(v: str, c: str) -> str:
    """By the order of its signs, which costs less than its form: no leading zero, no 1_000."""
    ranges = ((".", "00"), ("-1", "-:"), ("-0.", "-0/"))
    begins = " OR ".join(f"({v} >= '{low}' AND {v} < '{high}')" for low, high in ranges)
    most = f"{v} >= '1' AND {v} < ':' AND {c} < 1e15 AND NOT contains({v}, '_')"
    other = f"{v} IS NULL OR (({begins}) AND abs({c}) < 1e15 AND NOT contains({v}, '_'))"
    return f"CASE WHEN {most} THEN true ELSE {other} END"


def _moment(v: str, c: str) -> str:
    return f"CASE WHEN {_same(v, c)} THEN true ELSE {_form(v, c, _TIME)} END"


_PLAIN: dict[str, Callable[[str, str], str]] = {
    "VARCHAR": lambda v, c: "true",
    "BIGINT": lambda v, c: f"{_same(v, c)} AND strlen(coalesce({v}, '')) <= 15",
    "DOUBLE": _fraction,
    "BOOLEAN": lambda v, c: _form(v, c, "true|TRUE|True|false|FALSE|False"),
    "DATE": _same,
    "TIMESTAMP": _moment,
    "TIMESTAMP WITH TIME ZONE": lambda v, c: _form(v, c, _ZONED),
}
"""SQL that holds where a text `v` is plainly of a type, and `c` its value."""


def copy_typed(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    scans: Sequence[str],
    names: Sequence[Sequence[str]],
    reading: Reading,
) -> list[int] | None:
    """Makes the table `target` of files in one pass; None where it has to be made the careful way.

    Parameters
    ----------
    scans : sequence of str
        SQL that reads a file as text.
    names : sequence of sequence of str
        The columns of each.

    Returns
    -------
    list of int or None
        The rows of each file.
    """
    if max(map(len, names)) > TOGETHER:
        return None
    try:
        types = _sampled(connection, scans, reading)
        if types is None:
            return None
        columns = ", ".join(f"{named(name)} {kind}" for name, kind in types.items())
        connection.execute(f"CREATE TABLE {target} ({columns})")
        rows = [
            _copied(connection, target, scan, {name: types[name] for name in own}, reading)
            for scan, own in zip(scans, names, strict=True)
        ]
        (bad,) = connection.execute("SELECT count(*) FROM reject_errors").fetchall()[0]
        if not bad:
            return rows
    except (duckdb.Error, SourceError):  # the careful way says what it is, if anything is
        pass
    connection.execute(f"DROP TABLE IF EXISTS {target}")
    _forget(connection)
    return None


def _copied(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    scan: str,
    types: dict[str, str],
    reading: Reading,
) -> int:
    statement = f"INSERT INTO {target} BY NAME {_typed(scan, types, reading)}"
    return int(connection.execute(statement).fetchall()[0][0])


def _typed(rows: str, types: dict[str, str], reading: Reading) -> str:
    """A query of rows of text as values; an error where a text is not plainly of its type.

    Values are made once, in the inner query, and looked at in the outer one.
    """
    values, chosen = [], []
    for number, (name, kind) in enumerate(types.items()):
        text, value = f"v{number}", f"c{number}"
        values.append(f"{value_of(name) if is_text(name, reading) else named(name)} AS {text}")
        if kind == "VARCHAR":
            chosen.append(f"{text} AS {named(name)}")
            continue
        values.append(f"TRY_CAST({named(name)} AS {kind}) AS {value}")
        holds = _PLAIN[kind](text, value)
        chosen.append(f"CASE WHEN {holds} THEN {value} ELSE error('form') END AS {named(name)}")
    return f"SELECT {', '.join(chosen)} FROM (SELECT {', '.join(values)} FROM {rows})"


def _sampled(
    connection: duckdb.DuckDBPyConnection, scans: Sequence[str], reading: Reading
) -> dict[str, str] | None:
    """The types of the columns by the first rows of each file; None where the files are short.

    None, too, where this pass would make other values of them than the careful way.
    """
    union = " UNION ALL BY NAME ".join(f"(SELECT * FROM {scan} LIMIT {SAMPLE})" for scan in scans)
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE few AS {union}")
        (rows,) = connection.execute("SELECT count(*) FROM few").fetchall()[0]
        if rows < SAMPLE:
            return None
        connection.execute("CREATE OR REPLACE TEMP VIEW raw AS FROM few")
        give_types(connection, "main.few_typed", reading)
        described = connection.execute("DESCRIBE main.few_typed").fetchall()
        types = {name: kind for name, kind, *_ in described}
        if not set(types.values()) <= _PLAIN.keys():
            return None
        both = f"({_typed('few', types, reading)}) EXCEPT ALL (FROM main.few_typed)"
        (other,) = connection.execute(f"SELECT count(*) FROM ({both})").fetchall()[0]
        return None if other else types
    finally:
        connection.execute(
            "DROP VIEW IF EXISTS temp.raw; DROP TABLE IF EXISTS temp.few; "
            "DROP TABLE IF EXISTS main.few_typed"
        )
        _forget(connection)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Empties DuckDB's own tables of lines that were no rows; they are made with the first scan."""
    with contextlib.suppress(duckdb.CatalogException):
        connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
