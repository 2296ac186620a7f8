"""How opsnb does at size, beside hand-written DuckDB SQL in the same run.

    python -m benchmarks.scale [--share 0.01] [--repeats 3] [--memory 8GB] [--only "SLA" ...]

`--share 1` is the full size: 5M users, 100M events, 10M orders. Each side of each workload runs
in a process of its own; both give the same numbers, or the benchmark fails. Seconds are the
best of the repeats, memory is the peak of the process. Exits with 1 when the median ratio of
the times exceeds 1.15.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.scale_data import build
from benchmarks.scale_work import WORK
from opsnb.metrics.rows import Rows
from opsnb.workspace import Workspace

LIMIT = 1.15


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--share", type=float, default=0.01, help="of the full size")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", default="8GB", help="DuckDB's memory_limit, both sides")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "opsnb-scale")
    parser.add_argument("--only", nargs="+", choices=list(WORK), default=list(WORK))
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "WORK"), help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    root = wanted.folder / f"{wanted.share:g}"
    build(root, wanted.share, wanted.memory)
    if wanted.side:
        print(json.dumps(_measured(root, *wanted.side, wanted.repeats, wanted.memory)))
        return 0
    rows = Rows(Workspace.load(root))
    sizes = {name: rows.table(name).typed.count().execute() for name in rows.workspace.tables}
    print(f"share {wanted.share:g}, memory_limit {wanted.memory}, "
          + ", ".join(f"{name} {n:,}" for name, n in sizes.items()))  # fmt: skip
    print(f"{'':<26}{'ours s':>8}{'hand s':>8}{'ratio':>7}{'cpu':>7}{'ours GB':>9}{'hand GB':>9}")
    ratios = []
    for work in wanted.only:
        ours, hand = (_apart(wanted, side, work) for side in ("ours", "hand"))
        _agree(work, ours["numbers"], hand["numbers"])
        ratios.append(ours["wall"] / hand["wall"])
        print(f"{work:<26}{ours['wall']:>8.2f}{hand['wall']:>8.2f}{ratios[-1]:>7.2f}"
              f"{ours['cpu'] / hand['cpu']:>7.2f}{ours['peak']:>9.2f}{hand['peak']:>9.2f}",
              flush=True)  # fmt: skip
    median = statistics.median(ratios)
    print(f"median ratio {median:.2f} (at most {LIMIT})")
    return int(median > LIMIT)


def _apart(wanted: argparse.Namespace, side: str, work: str) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.scale", "--share", str(wanted.share), "--repeats",
        str(wanted.repeats), "--memory", wanted.memory, "--folder", str(wanted.folder),
        "--side", side, work,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side} {work}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _measured(root: Path, side: str, work: str, repeats: int, memory: str) -> dict[str, Any]:
    """Best wall and CPU seconds, peak memory in GB, and the numbers found."""
    wall, cpu = math.inf, math.inf
    numbers: list[float] = []
    for _ in range(repeats):
        call = _ours(root, work) if side == "ours" else _by_hand(root, work, memory)
        began, spent = time.perf_counter(), time.process_time()
        numbers = call()
        wall = min(wall, time.perf_counter() - began)
        cpu = min(cpu, time.process_time() - spent)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"wall": wall, "cpu": cpu, "peak": peak, "numbers": numbers}


def _ours(root: Path, work: str) -> Any:
    """A fresh workspace whose tables are open, with those checked that a report had checked."""
    workspace = Workspace.load(root)
    rows = Rows(workspace)
    if WORK[work].ours is not WORK["contract checks"].ours:
        for name in workspace.tables:
            _ = rows.table(name).expr
    return lambda: WORK[work].ours(rows)


def _by_hand(root: Path, work: str, memory: str) -> Any:
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{root / 'spill'}'")
    for file in sorted((root / "data").glob("*.parquet")):
        connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM '{file}'")
    return lambda: WORK[work].hand(connection)


def _agree(work: str, ours: list[float], hand: list[float]) -> None:
    same = len(ours) == len(hand) and all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(ours, hand, strict=True)
    )
    if not same:
        raise RuntimeError(f"{work}: ours {ours[:12]} against {hand[:12]}")


if __name__ == "__main__":
    sys.exit(main())
