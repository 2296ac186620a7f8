"""Folders of CSV. Nothing is lost in silence: lines that are no rows are counted.

Every value is read as text first. A column then becomes a number, date, time or flag only
if all its values are one, so that codes such as 007 and very long numbers stay text, and a
stray value never costs its row.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import tempfile
from pathlib import Path
from typing import IO, Any, cast

import duckdb

from opsnb.errors import SourceError
from opsnb.sources.base import Rejected, Source, first_line
from opsnb.sources.engine import Engine, data_files, free_name, named, quoted
from opsnb.workspace import SourceConfig

_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_SAMPLE = 5
_TYPED_FIRST = 2000

_TIME = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_TYPES = {  # the first type that all values of a column satisfy
    "BIGINT": r"[-+]?(0|[1-9]\d{0,17})",
    "DOUBLE": r"[-+]?(0|[1-9]\d{0,14})?(\.\d*)?([eE][-+]?\d+)?",
    "BOOLEAN": r"true|false|TRUE|FALSE|True|False",
    "DATE": r"\d{4}[-/]\d{1,2}[-/]\d{1,2}",
    "TIMESTAMPTZ": _TIME + r" ?(Z|[-+]\d{2}(:?\d{2})?)",
    "TIMESTAMP": r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?",
}


def open_csv(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A folder of CSV files: one table a file; a subfolder's files make one table.

    The first line holds the names; the separator is the one it uses (comma, semicolon, tab
    or bar); quotes are double. Files that are not in UTF-8 need `encoding`.
    """
    where = f"sources.{config.name}"
    free_name(config.name, where)
    tables = data_files(url, engine.root, _ENDINGS, where)
    engine.limit_memory(config.memory_limit)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    rejected = {}
    for name, paths in tables.items():
        found = _load(engine.connection, config, name, paths, where)
        if found.rows or found.lost:
            rejected[name] = found
    return Source(config.name, engine.backend, ("memory", config.name), rejected)


def _load(
    connection: duckdb.DuckDBPyConnection,
    config: SourceConfig,
    name: str,
    paths: list[Path],
    where: str,
) -> Rejected:
    """Reads the files of a table, then gives its columns their types."""
    lines = 0
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        for number, path in enumerate(paths):
            file = _in_utf8(path, config.encoding, Path(folder), where)
            try:
                try:
                    _read(connection, file, f"raw{number}", where)
                except duckdb.Error:  # strict reading takes one kind of line end only
                    _read(connection, _one_line_end(file, Path(folder)), f"raw{number}", where)
            except duckdb.Error as error:
                raise SourceError(
                    f"cannot read {path.name} ({first_line(error)})",
                    where=where,
                    hint="save it as a plain CSV with a line of names",
                ) from error
            lines += _lines(file) - 1
    parts = [f"raw{number}" for number in range(len(paths))]
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts)
    connection.execute(f"CREATE TEMP VIEW raw AS {union}")
    rejected = _rejected(connection, lines)
    _type(connection, f"{named(config.name)}.{named(name)}")
    connection.execute("DROP VIEW raw;" + "".join(f"DROP TABLE {part};" for part in parts))
    return rejected


def _read(connection: duckdb.DuckDBPyConnection, file: Path, part: str, where: str) -> None:
    """Reads a file as text into the temporary table `part`."""
    delimiter, names = _header(file, where)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    connection.execute(
        f"CREATE TEMP TABLE {part} AS SELECT * FROM read_csv({quoted(file)}, "
        f"columns = {{{columns}}}, auto_detect = false, header = true, "
        f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', "
        "store_rejects = true, rejects_limit = 0)"
    )


def _rejected(connection: duckdb.DuckDBPyConnection, lines: int) -> Rejected:
    """What DuckDB refused of the table `raw`, whose files hold `lines` lines below the names."""
    bad = _row(connection, "SELECT count(DISTINCT (file_id, line)) FROM reject_errors")[0]
    if not bad:
        return Rejected(0)
    sample = connection.execute(
        "SELECT min(line), left(any_value(csv_line), 200) FROM reject_errors "
        f"GROUP BY file_id, line ORDER BY file_id, line LIMIT {_SAMPLE}"
    ).fetchall()
    connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
    names = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()]
    breaks = " + ".join(
        f"coalesce(len({named(name)}) - len(replace({named(name)}, chr(10), '')), 0)"
        for name in names
    )
    kept = _row(connection, f"SELECT count(*) + sum({breaks}) FROM raw")[0]
    lost = max(lines - int(kept or 0) - bad, 0)
    return Rejected(bad, lost, tuple(f"row {line}: {text.strip()}" for line, text in sample))


def _type(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Moves `raw` to its place, columns as the type that all their values have."""
    names = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()]
    every = [(name, kind) for name in names for kind in _TYPES]
    likely = _fitting(connection, every, f"(FROM raw LIMIT {_TYPED_FIRST})", True)
    certain = _fitting(connection, likely, "raw", False)
    kinds: dict[str, str] = {}
    for name, kind in certain:
        kinds.setdefault(name, kind)
    columns = [
        f"CAST({_value(name)} AS {kinds[name]}) AS {named(name)}" if name in kinds else named(name)
        for name in names
    ]
    connection.execute(f"CREATE TABLE {target} AS SELECT {', '.join(columns)} FROM raw")


def _fitting(
    connection: duckdb.DuckDBPyConnection, pairs: list[tuple[str, str]], rows: str, empty: bool
) -> list[tuple[str, str]]:
    """The pairs of column and type whose values are all of that type; `empty`: without any."""
    tests = [
        f"coalesce(bool_and(regexp_full_match({_value(name)}, {quoted(_TYPES[kind])})"
        f" AND try_cast({_value(name)} AS {kind}) IS NOT NULL)"
        f" FILTER ({_value(name)} IS NOT NULL), {empty})"
        for name, kind in pairs
    ]
    if not tests:
        return []
    fits = _row(connection, f"SELECT {', '.join(tests)} FROM {rows}")
    return [pair for pair, fit in zip(pairs, fits, strict=True) if fit]


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of an aggregate query."""
    return connection.execute(query).fetchall()[0]


def _value(name: str) -> str:
    """A column without blanks around its values; empty ones are NULL."""
    return f"nullif(trim({named(name)}), '')"


def _in_utf8(path: Path, encoding: str, folder: Path, where: str) -> Path:
    """The file itself where it is in UTF-8, else a copy that is."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise SourceError(
            f'unknown encoding "{encoding}"', where=where, hint="utf-8, gb18030, big5 or utf-16"
        ) from None
    if codec == "utf-8":
        with _opened(path) as file:
            head = file.read(1 << 16)
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            raise SourceError(
                f"{path.name} is not in UTF-8",
                where=where,
                hint='add encoding = "gb18030" (or what it is in) to the source',
            ) from None
        return path
    copy = folder / f"{path.name.partition('.')[0]}-{len(list(folder.iterdir()))}.csv"
    try:
        with _opened(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
            reader = codecs.getreader(codec)(file)
            while block := reader.read(1 << 20):
                out.write(block)
    except UnicodeError as error:
        raise SourceError(
            f"{path.name} is not in {encoding} ({first_line(error)})",
            where=where,
            hint="give the encoding it was saved in",
        ) from None
    return copy


def _one_line_end(path: Path, folder: Path) -> Path:
    """A copy whose lines all end in a line feed."""
    copy = folder / "line-ends.csv"
    with _opened(path) as file, copy.open("wb") as out:
        out.writelines(line.replace(b"\r\n", b"\n") for line in file)
    return copy


def _header(path: Path, where: str) -> tuple[str, list[str]]:
    """The separator that the line of names uses most, and the names without blanks around."""
    with _opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        first = text.readline()
        if not first.strip():
            raise SourceError(
                f"{path.name} has no line of names",
                where=where,
                hint="the first line names the columns",
            )
        outside = "".join(first.split('"')[::2])
        delimiter = max(",;\t|", key=outside.count)
        names = next(csv.reader(itertools.chain([first], text), delimiter=delimiter))
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        name = name.strip() or f"column_{number + 1}"
        seen[name] = seen.get(name, 0) + 1
        names[number] = name if seen[name] == 1 else f"{name}_{seen[name]}"
    return delimiter, names


def _lines(path: Path) -> int:
    """Lines that are not blank."""
    with _opened(path) as file:
        return sum(1 for line in file if line.strip())


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
