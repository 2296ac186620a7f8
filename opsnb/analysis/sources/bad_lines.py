"""Lines of text files that are no rows: counted, shown, and set aside with file and reason."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from opsnb.analysis.sources.base import Rejected
from opsnb.analysis.sources.embedded import named

_SAMPLE = 5

QUARANTINE = Path("reports") / "quarantine"


class BadLine(NamedTuple):
    """A line that is no row; `line` counts the file's lines from 1, that of the names included."""

    file: str
    line: int
    reason: str
    text: str


def bad_lines(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> list[BadLine]:
    """What DuckDB refused of the file it read last."""
    found = connection.execute(
        "SELECT min(line_byte_position), min(error_message), any_value(csv_line) "
        "FROM reject_errors GROUP BY file_id, line ORDER BY 1"
    ).fetchall()
    connection.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
    bad, number, place = [], 1, 0
    with file.open("rb") as content:
        for position, reason, text in found:
            number += content.read(max(int(position or 0) - 1 - place, 0)).count(b"\n")
            place = max(int(position or 0) - 1, place)
            first = next(iter(str(reason).strip().splitlines()), "")
            bad.append(BadLine(name, number, first, str(text).strip()))
    return bad


def set_aside(bad: list[BadLine], place: Path) -> None:
    """Writes the quarantine file in one step; where there is nothing to hold, it goes."""
    try:
        if not bad:
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(f".{os.getpid()}")
        with new.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(BadLine._fields)
            writer.writerows([(*line[:-1], _as_text(line.text)) for line in bad])
        new.replace(place)
    except OSError:  # a workspace that cannot be written to is still read, and counted
        return


def _as_text(cell: str) -> str:
    """The cell so that a spreadsheet shows it: what begins like a formula gets an apostrophe."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def rejected(connection: duckdb.DuckDBPyConnection, lines: int, bad: list[BadLine]) -> Rejected:
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


def lines_in(file: Path) -> int:
    """Lines that are not blank."""
    with file.open("rb") as content:
        return sum(1 for line in content if line.strip())
