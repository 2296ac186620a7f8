"""Text files as tables. Nothing is lost in silence: lines that are no rows are counted.

Every value is read as text first. What reaches a text column of the contract stays text. Another
column becomes a number, date, time or flag only if all its values are one, so that codes such as
007 and very long numbers stay text, and a stray value never costs its row.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb

from opsnb.analysis.sources.bad_lines import (
    QUARANTINE,
    BadLine,
    bad_lines,
    lines_in,
    rejected,
    set_aside,
)  # fmt: skip
from opsnb.analysis.sources.base import Rejected, Remark, first_line
from opsnb.analysis.sources.column_types import OtherForm, Reading, give_types
from opsnb.analysis.sources.embedded import Engine, named, quoted
from opsnb.analysis.sources.header_names import Header, read_header
from opsnb.analysis.sources.plain_text import OtherText, one_line_end, plain_text
from opsnb.analysis.sources.quick_types import copy_typed
from opsnb.base.errors import SourceError
from opsnb.base.messages import Text
from opsnb.base.workspace import TextConfig


class Loaded(NamedTuple):
    """What came of a table's files: rows of each, lines that are none, what is to be known."""

    rows: dict[Path, int]
    rejected: Rejected
    remarks: list[Remark]


class Part(NamedTuple):
    """One of a table's files, as UTF-8, and SQL that reads it as text."""

    path: Path
    file: Path
    header: Header
    scan: str


def load(
    engine: Engine, source: str, name: str, config: TextConfig, paths: list[Path], where: str
) -> Loaded:
    """Reads the files of a table, and gives its columns their types.

    Lines that are no rows go to reports/quarantine/SOURCE.TABLE.csv, each with its file, its
    number and the reason.

    Raises
    ------
    SourceError
        A file cannot be read, or a column can be read in two ways.
    """
    connection, target = engine.connection, f"{named(source)}.{named(name)}"
    roles = engine.uses.of(source, name)
    nulls = roles.nulls if roles.nulls is not None else config.null_words
    reading = Reading(f"{where}, {name}", config.decimal, config.dates, roles, nulls)
    place = engine.root / QUARANTINE / f"{source}.{name}.csv"
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        parts, remarks = _parts(paths, config, Path(folder), where, name)
        paths = [part.path for part in parts]
        remarks += _numbered(parts)
        scans = [part.scan for part in parts]
        rows = copy_typed(connection, target, scans, [p.header.names for p in parts], reading)
        if rows is not None:
            set_aside([], place)
            counted = dict(zip(paths, rows, strict=True))
            return Loaded(counted, Rejected(0), remarks)
        counted, lines, bad = {}, 0, list[BadLine]()
        for number, part in enumerate(parts):
            part, rows_here = _raw(connection, part, number, config, Path(folder), where)
            counted[part.path] = rows_here
            if found := bad_lines(connection, part.file, part.path.name):
                bad += found
                lines += lines_in(part.file) - config.skip - config.header
            else:
                lines += rows_here
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM raw{number}" for number in range(len(paths)))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {union}")
    lost = rejected(connection, lines, bad)
    set_aside(bad, place)
    try:
        given = give_types(connection, target, reading)
    finally:
        tables = "".join(f"DROP TABLE raw{number};" for number in range(len(paths)))
        connection.execute(f"DROP VIEW raw; {tables}")
    if given.words:
        engine.nulls.setdefault(source, {})[name] = given.words
    return Loaded(counted, lost, [*remarks, *_other_forms(given.forms)])


def _other_forms(forms: Mapping[str, OtherForm]) -> Iterator[Remark]:
    """What was written as people write it, and read all the same."""
    for column, form in forms.items():
        if form.rows:
            args = {"column": column, "words": form.values, "type": Text(f"data.type.{form.type}")}
            sample = tuple({column: value} for value in form.values)
            yield Remark("other_form", "note", form.rows, args, sample)


def _parts(
    paths: list[Path], config: TextConfig, folder: Path, where: str, table: str
) -> tuple[list[Part], list[Remark]]:
    """The files that can be read, and what is to be known of those in another encoding.

    One of several that is so is left out; where it has their columns, the table lacks its rows.
    """
    parts, odd = [], []
    for path in paths:
        try:
            parts.append(_part(path, config, folder, where, table))
        except OtherText as error:
            odd.append((path, error))
    if not parts:
        raise odd[0][1]
    if not odd:
        return parts, []
    sample = tuple({"file": path.name, "why": f"{e.what}. Fix: {e.hint}"} for path, e in odd)
    args = {"files": [path.name for path, _ in odd][:5], "encoding": config.encoding}
    known = {name.lower() for part in parts for name in part.header.names}
    lacking = False
    for path, other in odd:
        if other.fits is not None:
            as_it_is = config.model_copy(update={"encoding": other.fits})
            names = _part(path, as_it_is, folder, where, table).header.names
            lacking = lacking or any(name.lower() in known for name in names)
    level: Literal["block", "warn"] = "block" if lacking else "warn"
    return parts, [Remark("files_other_text", level, len(odd), args, sample)]


def _part(path: Path, config: TextConfig, folder: Path, where: str, table: str) -> Part:
    file = plain_text(path, config.encoding, folder, where, table)
    header = read_header(file, config, path.name, where)
    return Part(path, file, header, _scan(file, header, config))


def _scan(file: Path, header: Header, config: TextConfig) -> str:
    """SQL that reads a file as text; lines that are no rows go to DuckDB's `reject_errors`."""
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header.names)
    return (
        f"read_csv({quoted(file)}, columns = {{{columns}}}, auto_detect = false, "
        f"header = {str(config.header).lower()}, skip = {config.skip}, "
        f"delim = {quoted(header.separator)}, quote = '\"', escape = '\"', "
        "store_rejects = true, rejects_limit = 0)"
    )


def _raw(
    connection: duckdb.DuckDBPyConnection,
    part: Part,
    number: int,
    config: TextConfig,
    folder: Path,
    where: str,
) -> tuple[Part, int]:
    """Reads a file as text into the temporary table `rawNUMBER`; gives its rows."""
    create = f"CREATE OR REPLACE TEMP TABLE raw{number} AS SELECT * FROM "
    try:
        try:
            connection.execute(create + part.scan)
        except duckdb.Error:  # strict reading takes one kind of line end only
            connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
            file = one_line_end(part.file, folder)
            part = part._replace(file=file, scan=_scan(file, part.header, config))
            connection.execute(create + part.scan)
    except duckdb.Error as error:
        raise SourceError(
            f"cannot read {part.path.name} ({first_line(error)})",
            where=where,
            hint="save it as a plain CSV with a line of names",
        ) from error
    (rows,) = connection.execute(f"SELECT count(*) FROM raw{number}").fetchall()[0]
    return part, int(rows)


def _numbered(parts: list[Part]) -> list[Remark]:
    """Columns that share their name with another, and were numbered."""
    new = {name: old for part in parts for name, old in part.header.renamed.items()}
    if not new:
        return []
    shown = [f"{old} -> {name}" for name, old in new.items()]
    sample = tuple({"column": name, "name": old} for name, old in new.items())
    return [Remark("columns_numbered", "note", len(new), {"columns": shown[:5]}, sample[:5])]
