"""Columns of text files get their types: from the contract, else from all their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import duckdb

from opsnb.analysis.sources.column_roles import Roles
from opsnb.analysis.sources.date_order import read_parted
from opsnb.analysis.sources.embedded import named, quoted
from opsnb.analysis.sources.value_forms import (
    AMOUNT,
    AMOUNT_COMMA,
    COMMA,
    FRACTION,
    NARROW,
    NUMBERS,
    PARTS,
    PLAIN,
    SHORT_YEAR,
    THOUSANDS,
    TIMES,
    WIDE,
    Form,
)  # fmt: skip
from opsnb.base.errors import SourceError

_CELLS = 100_000
"""Values that are looked at to choose which forms are worth asking the whole column for."""

TOGETHER = 100
"""Columns a query: its cost grows faster than with their number."""

_EXAMPLES = 3
_BLANKS = quoted(" \t\r\n\xa0\u3000\ufeff")


class Reading(NamedTuple):
    """How a source's texts are meant, where they do not say it themselves.

    Attributes
    ----------
    where : str
        The source, for errors.
    decimal : ".", "," or None
        None: the values have to show it.
    dates : "day first", "month first" or None
        Which of the two leads in 03/04/2026; None: the values have to show it.
    roles : Roles
        What the columns are used as; the rest gets the types that its values have.
    nulls : tuple of str
        Words for nothing: no value of a number, a time, a date or a flag.
    """

    where: str
    decimal: str | None = None
    dates: str | None = None
    roles: Roles = Roles()
    nulls: tuple[str, ...] = ()


class OtherForm(NamedTuple):
    """Values of a column that are written as people write numbers and times, not programs.

    Attributes
    ----------
    type : "number" or "time"
    rows : int
    values : list of str
        Some of them.
    """

    type: Literal["number", "time"]
    rows: int
    values: list[str]


class Given(NamedTuple):
    """How texts were read, where that is to be said.

    Attributes
    ----------
    words : dict
        Words for nothing that were taken for an empty value, by column, each with its rows.
    forms : dict
        By column of numbers or times.
    """

    words: dict[str, dict[str, int]]
    forms: dict[str, OtherForm]


def give_types(connection: duckdb.DuckDBPyConnection, target: str, reading: Reading) -> Given:
    """Moves the table `raw`, all text, to its place with columns of their own types.

    Raises
    ------
    SourceError
        Dates of a column can be read in two ways, or some one way and some the other; or so its
        numbers.
    """
    names = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()]
    columns = {name: value_of(name) for name in names}
    kept = {name for name in names if is_text(name, reading)}
    samples = _samples(connection, [name for name in names if name not in kept], reading)
    columns |= {
        name: f"translate({columns[name]}, '{WIDE}', '{NARROW}')"
        for name, values in samples.items()
        if _reckons(name, reading) and any(set(value) & set(WIDE) for value in values)
    }
    words: dict[str, dict[str, int]] = {}
    forms: dict[str, OtherForm] = {}
    found: dict[str, str] = {name: columns[name] for name in kept}
    waiting = {name: list(_likely(name, samples[name], reading)) for name in samples}
    while waiting := {name: forms for name, forms in waiting.items() if forms}:
        asked = {name: forms.pop(0) for name, forms in waiting.items()}
        for name, empty in _fitting(connection, asked, columns, reading).items():
            value = _without(columns[name], empty)
            sql = _typed(connection, name, asked[name], value, reading)
            if sql is not None:
                found[name] = sql
                words |= {name: empty} if empty else {}
                if _reckons(name, reading) and asked[name] not in PLAIN:
                    forms[name] = _other_form(connection, name, asked[name], value)
                del waiting[name]
    chosen = [f"{found[n]} AS {named(n)}" if n in found else named(n) for n in names]
    wide = len(names) > TOGETHER  # nothing here to optimise, and the cost of trying is quadratic
    connection.execute(f"PRAGMA {'disable' if wide else 'enable'}_optimizer")
    try:
        connection.execute(f"CREATE TABLE {target} AS SELECT {', '.join(chosen)} FROM raw")
    finally:
        connection.execute("PRAGMA enable_optimizer")
    return Given(words, forms)


def _other_form(
    connection: duckdb.DuckDBPyConnection, name: str, form: Form, value: str
) -> OtherForm:
    """The values of a column that have none of the plain forms."""
    plain = "|".join(f"({one.form})" for one in PLAIN)
    own = f"SELECT {value} AS v FROM raw WHERE NOT regexp_full_match({value}, {quoted(plain)})"
    rows = connection.execute(
        f"SELECT v, sum(count(*)) OVER () FROM ({own}) GROUP BY v ORDER BY count(*) DESC, v "
        f"LIMIT {_EXAMPLES}"
    ).fetchall()
    kind: Literal["number", "time"] = "number" if form in NUMBERS else "time"
    return OtherForm(kind, int(rows[0][1]) if rows else 0, [row[0] for row in rows])


def _key(name: str) -> str:
    return name.strip().lower()


def is_text(name: str, reading: Reading) -> bool:
    """Whether a column is to stay text: its values as they are written, without blanks around."""
    return _key(name) in reading.roles.text


def _reckons(name: str, reading: Reading) -> bool:
    return _key(name) in reading.roles.number | reading.roles.time


def value_of(name: str) -> str:
    """A column without blanks around its values; empty ones are NULL."""
    return f"nullif(trim({named(name)}, {_BLANKS}), '')"


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), TOGETHER):
        yield names[start : start + TOGETHER]


# -- which forms are likely -------------------------------------------------------------------


def _samples(
    connection: duckdb.DuckDBPyConnection, names: list[str], reading: Reading
) -> dict[str, set[str]]:
    """Some values of each column, without words for nothing; columns without any are left out."""
    found: dict[str, set[str]] = {}
    rows = max(_CELLS // max(len(names), 1), 20)
    for batch in _batches(names):
        shown = ", ".join(f"{value_of(name)} AS v{n}" for n, name in enumerate(batch))
        head = connection.execute(f"SELECT {shown} FROM raw LIMIT {min(rows, 2000)}").fetchall()
        for n, name in enumerate(batch):
            found[name] = {row[n] for row in head} - {None, *reading.nulls}
    for batch in _batches([name for name, values in found.items() if not values]):
        ends = ", ".join(f"min({value_of(name)}), max({value_of(name)})" for name in batch)
        row = _row(connection, f"SELECT {ends} FROM raw")
        for n, name in enumerate(batch):
            found[name] = set(row[2 * n : 2 * n + 2]) - {None}
    return {name: values for name, values in found.items() if values}


def _likely(name: str, sample: set[str], reading: Reading) -> Iterator[Form]:
    """The forms that some values of a column have, the narrowest first."""
    key = _key(name)
    forms: tuple[Form, ...] = PLAIN
    if key in reading.roles.number:
        forms = NUMBERS
    elif key in reading.roles.time:
        forms = TIMES
    shown = {value.translate(str.maketrans(WIDE, NARROW)) for value in sample}
    values = [v for v in (shown if _reckons(name, reading) else sample) if v not in reading.nulls]
    for form in forms:
        if form is FRACTION and reading.decimal == ",":
            continue  # 1.234 is a thousand and some, and no fraction
        if form is PARTS and key not in reading.roles.time:
            values = [v for v in values if not re.fullmatch(SHORT_YEAR, v)] or [""]
        if all(re.fullmatch(form.form, value, re.ASCII) for value in values):
            yield form


# -- what holds for every value -----------------------------------------------------------------


def _fitting(
    connection: duckdb.DuckDBPyConnection,
    asked: Mapping[str, Form],
    columns: Mapping[str, str],
    reading: Reading,
) -> dict[str, dict[str, int]]:
    """The columns whose values all have the form asked for, with the words for nothing in them."""
    found: dict[str, dict[str, int]] = {}
    for batch in _batches(list(asked)):
        fits = [_fits(name, asked[name], f"v{n}", reading) for n, name in enumerate(batch)]
        counts = ", ".join(f"count(v{n}), count_if({fit})" for n, fit in enumerate(fits))
        values = ", ".join(f"{columns[name]} AS v{n}" for n, name in enumerate(batch))
        row = _row(connection, f"SELECT {counts} FROM (SELECT {values} FROM raw)")
        for n, name in enumerate(batch):
            there, fitting = row[2 * n : 2 * n + 2]
            if fitting == there:
                found[name] = {}
            elif fitting and reading.nulls:
                rest = connection.execute(
                    f"SELECT v{n}, count(*) FROM (SELECT {columns[name]} AS v{n} FROM raw) "
                    f"WHERE v{n} IS NOT NULL AND NOT coalesce({fits[n]}, false) "
                    f"GROUP BY ALL LIMIT {len(reading.nulls) + 1}"
                ).fetchall()
                if all(word in reading.nulls for word, _ in rest):
                    found[name] = dict(rest)
    return found


def _fits(name: str, form: Form, value: str, reading: Reading) -> str:
    test = f"regexp_full_match({value}, {quoted(form.form)})"
    if form is PARTS:
        return test
    if _key(name) in reading.roles.faithful:
        return f"{test} AND CAST({form.sql(value)} AS VARCHAR) = {value}"
    return f"{test} AND {form.sql(value)} IS NOT NULL"


def _without(value: str, words: Mapping[str, int]) -> str:
    """A value that is NULL where it is one of the words."""
    listed = ", ".join(map(quoted, words))
    return f"CASE WHEN {value} NOT IN ({listed}) THEN {value} END" if words else value


def _typed(
    connection: duckdb.DuckDBPyConnection, name: str, form: Form, value: str, reading: Reading
) -> str | None:
    """SQL that reads a column in a form; None where its values do not show that they mean it."""
    if form is PARTS:
        faithful = _key(name) in reading.roles.faithful
        return None if faithful else read_parted(connection, name, value, reading)
    is_number = _key(name) in reading.roles.number
    if form is COMMA or form is AMOUNT_COMMA:
        if not _decimal_is(",", connection, value, reading):
            return None
    elif form is AMOUNT:
        grouped = _any(connection, f"contains({value}, ',')")
        if grouped and not _decimal_is(".", connection, value, reading):
            raise _two_ways(connection, name, value, ",", reading)
    elif form is FRACTION and is_number and reading.decimal is None:
        doubtful = quoted(rf"{THOUSANDS}|[-+]?\d{{1,3}}")
        if not _any(connection, f"NOT regexp_full_match({value}, {doubtful})"):
            raise _two_ways(connection, name, value, ".", reading)
    return form.sql(value)


def _decimal_is(
    sign: str, connection: duckdb.DuckDBPyConnection, value: str, reading: Reading
) -> bool:
    """Whether a sign is the decimal one: said so, or shown (1,234 may be 1234, 12,5 may not)."""
    if reading.decimal is not None:
        return reading.decimal == sign
    other = r"\." if sign == "," else ","
    this = "," if sign == "," else r"\."
    shown = rf"{this}(\d{{1,2}}|\d{{4,}})(\D*)$|{other}\d{{3}}{this}\d|{other}\d{{3}}{other}\d{{3}}"
    against = rf"{other}(\d{{1,2}}|\d{{4,}})(\D*)$"
    found = _row(
        connection,
        f"SELECT coalesce(bool_or(regexp_matches({value}, {quoted(shown)})), false), "
        f"coalesce(bool_or(regexp_matches({value}, {quoted(against)})), false) FROM raw",
    )
    return bool(found[0]) and not found[1]


def _two_ways(
    connection: duckdb.DuckDBPyConnection, name: str, value: str, sign: str, reading: Reading
) -> SourceError:
    examples = connection.execute(
        f"SELECT DISTINCT {value} AS v FROM raw WHERE contains(v, '{sign}') ORDER BY v "
        f"LIMIT {_EXAMPLES}"
    ).fetchall()
    listed = "; ".join(str(row[0]) for row in examples)
    return SourceError(
        f'the column "{name}" has numbers that can be read two ways ({listed})',
        where=reading.where,
        hint='add decimal = "." (1,234.5) or decimal = "," (1.234,5) to the source',
    )


def _any(connection: duckdb.DuckDBPyConnection, condition: str) -> bool:
    return bool(_row(connection, f"SELECT coalesce(bool_or({condition}), false) FROM raw")[0])


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of an aggregate query."""
    return connection.execute(query).fetchall()[0]
