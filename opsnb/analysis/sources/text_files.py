"""Text files as tables. Nothing is lost in silence: lines that are no rows are counted.

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
import os
import tempfile
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import duckdb

from opsnb.analysis.sources.base import Rejected, first_line
from opsnb.analysis.sources.column_types import Reading, give_types
from opsnb.analysis.sources.embedded import Engine, named, quoted
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

_SAMPLE = 5

_QUARANTINE = Path("reports") / "quarantine"


def load(
    engine: Engine,
    config: SourceConfig,
    name: str,
    paths: list[Path],
    where: str,
) -> Rejected:
    """Reads the files of a table, then gives its columns their types.

    Lines that are no rows go to reports/quarantine/SOURCE.TABLE.csv, each with its file, its
    number and the reason.
    """
    connection, lines, bad = engine.connection, 0, list[_BadLine]()
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
            bad += _bad_lines(connection, file, path.name)
    parts = [f"raw{number}" for number in range(len(paths))]
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts)
    connection.execute(f"CREATE TEMP VIEW raw AS {union}")
    rejected = _rejected(connection, lines, bad)
    _set_aside(bad, engine.root / _QUARANTINE / f"{config.name}.{name}.csv")
    roles = engine.uses.of(config.name, name)
    nulls = roles.nulls if roles.nulls is not None else config.null_words
    reading = Reading(f"{where}, {name}", config.decimal, config.dates, roles, nulls)
    target = f"{named(config.name)}.{named(name)}"
    if words := give_types(connection, target, reading):
        engine.nulls.setdefault(config.name, {})[name] = words
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


class _BadLine(NamedTuple):
    """A line that is no row; `line` counts the file's lines from 1, that of the names included."""

    file: str
    line: int
    reason: str
    text: str


def _bad_lines(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> list[_BadLine]:
    """What DuckDB refused of the file it read last."""
    found = connection.execute(
        "SELECT min(line_byte_position), min(error_message), any_value(csv_line) "
        "FROM reject_errors GROUP BY file_id, line ORDER BY 1"
    ).fetchall()
    connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
    bad, number, place = [], 1, 0
    with _opened(file) as content:
        for position, reason, text in found:
            number += content.read(max(int(position or 0) - 1 - place, 0)).count(b"\n")
            place = max(int(position or 0) - 1, place)
            first = next(iter(str(reason).strip().splitlines()), "")
            bad.append(_BadLine(name, number, first, str(text).strip()))
    return bad


def _set_aside(bad: list[_BadLine], place: Path) -> None:
    """Writes the quarantine file in one step; where there is nothing to hold, it goes."""
    try:
        if not bad:
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(f".{os.getpid()}")
        with new.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_BadLine._fields)
            writer.writerows([(*line[:-1], _as_text(line.text)) for line in bad])
        new.replace(place)
    except OSError:  # a workspace that cannot be written to is still read, and counted
        return


def _as_text(cell: str) -> str:
    """The cell so that a spreadsheet shows it: what begins like a formula gets an apostrophe."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _rejected(connection: duckdb.DuckDBPyConnection, lines: int, bad: list[_BadLine]) -> Rejected:
    """The bad lines of the table `raw`, whose files hold `lines` lines below the names."""
    if not bad:
        return Rejected(0)
    names = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()]
    breaks = " + ".join(
        f"coalesce(len({named(name)}) - len(replace({named(name)}, chr(10), '')), 0)"
        for name in names
    )
    kept = _row(connection, f"SELECT count(*) + sum({breaks}) FROM raw")[0]
    lost = max(lines - int(kept or 0) - len(bad), 0)
    sample = tuple(f"line {one.line}: {one.text[:200]}" for one in bad[:_SAMPLE])
    return Rejected(len(bad), lost, sample)


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of an aggregate query."""
    return connection.execute(query).fetchall()[0]


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
