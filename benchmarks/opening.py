"""Opening files: time and memory beside DuckDB's own readers.

    .venv/bin/python -m benchmarks.opening [--rows 10000000] [--files 200]

Each reading is a process of its own, so that memory is that of this reading alone: CPU seconds,
and the highest resident memory above that of a process that has read a few rows in the same way.
A CSV file ends in a table of its own types; a folder of Parquet is counted and summed up.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from opsnb.analysis.sources import connect
from opsnb.base.workspace import SourceConfig

LIMIT = 1.3

_ROWS = """
    SELECT 'e' || i AS event_id, 'u' || (i * 7919 % 300000) AS user_id,
        strftime(TIMESTAMP '2026-01-01' + to_seconds(i * 3), '%Y-%m-%d %H:%M:%S') AS event_at,
        ['visit', 'cart', 'order'][i % 3 + 1] AS event,
        ['app', 'web', 'mini'][i * 7 % 3 + 1] AS channel,
        round(i * 37 % 100000 / 100.0, 2) AS value, i % 50 AS items,
        DATE '2026-01-01' + CAST(i // 30000 AS INT) AS day
"""


def make(place: Path, rows: int, files: int) -> None:
    """The CSV file, and the Parquet files of one table."""
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY ({_ROWS} FROM range({rows}) t(i)) TO '{place}/events.csv' (HEADER)"
        )
        (place / "lake" / "events").mkdir(parents=True)
        for number in range(files):
            connection.execute(
                f"COPY ({_ROWS} FROM range({number} * 20000, {number + 1} * 20000) t(i)) "
                f"TO '{place}/lake/events/{number:03d}.parquet'"
            )


def ours(scheme: str, place: Path) -> Any:
    url = {"csv": "csv://events.csv", "parquet": "parquet://lake"}[scheme]
    config = SourceConfig(url=url)
    config._name = "shop"
    table = connect(config, place).table("events")
    if scheme == "csv":
        return table.count().execute()
    return table.aggregate(n=table.count(), total=table["value"].sum()).execute()


def theirs(scheme: str, place: Path) -> Any:
    connection = duckdb.connect()
    if scheme == "csv":
        connection.execute(f"CREATE TABLE events AS FROM read_csv('{place}/events.csv')")
        return connection.execute("SELECT count(*) FROM events").fetchall()
    files = f"read_parquet('{place}/lake/events/*.parquet')"
    connection.execute(f"CREATE VIEW events AS FROM {files}")
    return connection.execute("SELECT count(*), sum(value) FROM events").fetchall()


READERS: dict[str, Callable[[str, Path], Any]] = {"opsnb": ours, "DuckDB": theirs}


def measured(reader: str, scheme: str, place: Path) -> tuple[float, float, float]:
    """CPU seconds, seconds by the clock and MB of one reading in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.opening", "--read", reader, scheme, str(place)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu, clock, memory = json.loads(said)
    return cpu, clock, memory


def read(reader: str, scheme: str, place: Path) -> None:
    """What `measured` starts."""
    with tempfile.TemporaryDirectory(prefix="few-") as few:
        make(Path(few), 10, 1)
        READERS[reader](scheme, Path(few))
    before, clock = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    READERS[reader](scheme, place)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = (after.ru_maxrss - before.ru_maxrss) / 1024
    print(json.dumps([cpu, time.perf_counter() - clock, memory]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--read", nargs=3, metavar=("READER", "SCHEME", "PLACE"))
    asked = parser.parse_args()
    if asked.read:
        read(asked.read[0], asked.read[1], Path(asked.read[2]))
        return
    with tempfile.TemporaryDirectory(prefix="opening-") as name:
        place = Path(name)
        make(place, asked.rows, asked.files)
        for scheme, what in (
            ("csv", f"a CSV file of {asked.rows:,} rows"),
            ("parquet", f"a folder of {asked.files} Parquet files"),
        ):
            found = {
                reader: [min(column) for column in zip(
                    *(measured(reader, scheme, place) for _ in range(asked.repeats)), strict=True
                )]
                for reader in READERS
            }  # fmt: skip
            for reader, (cpu, clock, memory) in found.items():
                print(f"{what}, {reader}: {cpu:.2f} s of CPU, {clock:.2f} s, {memory:.0f} MB")
            (cpu, _, memory), (cpu_there, _, memory_there) = found["opsnb"], found["DuckDB"]
            shown = (
                f"{memory / memory_there:.2f} of memory"
                if memory_there >= 50
                else "too little memory to compare"
            )
            print(f"  as a multiple of DuckDB's: {cpu / cpu_there:.2f} of CPU, {shown} "
                  f"(at most {LIMIT})", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
