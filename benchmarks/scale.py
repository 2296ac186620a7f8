"""How opsnb does at size, beside hand-written DuckDB SQL in the same run.

    python -m benchmarks.scale [--share 0.01] [--repeats 3] [--memory 8GB] [--only "SLA" ...]

`--share 1` is the full size: 5M users, 100M events, 10M orders. Each side of each workload runs
in a process of its own; both give the same numbers, or the benchmark fails. The sides take turns,
so that whatever else the machine does slows both; a ratio is the median over the pairs. Seconds
are the best of the repeats, memory is the peak of the process. Exits with 1 when the median over
the workloads exceeds 1.15 in both elapsed and processor time.
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
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace

LIMIT = 1.15
TINY = 1e-4


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
        tiny = wanted.folder / "tiny"  # what a first use costs is no part of the comparison
        build(tiny, TINY, wanted.memory)
        _measured(tiny, *wanted.side, wanted.memory)
        print(json.dumps(_measured(root, *wanted.side, wanted.memory)))
        return 0
    rows = Rows(Workspace.load(root))
    sizes = {name: rows.table(name).typed.count().execute() for name in rows.workspace.tables}
    print(f"share {wanted.share:g}, memory_limit {wanted.memory}, "
          + ", ".join(f"{name} {n:,}" for name, n in sizes.items()))  # fmt: skip
    print(f"{'':<26}{'ours s':>8}{'hand s':>8}{'ratio':>7}{'cpu':>7}{'ours GB':>9}{'hand GB':>9}")
    ratios = []
    for work in wanted.only:
        pairs = []
        for _ in range(wanted.repeats):
            ours, hand = (_apart(wanted, side, work) for side in ("ours", "hand"))
            _agree(work, ours["numbers"], hand["numbers"])
            pairs.append((ours, hand))
        wall, cpu = (_ratio(pairs, what) for what in ("wall", "cpu"))
        ratios.append((wall, cpu))
        best = [min(pair[side]["wall"] for pair in pairs) for side in (0, 1)]
        peak = [max(pair[side]["peak"] for pair in pairs) for side in (0, 1)]
        print(f"{work:<26}{best[0]:>8.2f}{best[1]:>8.2f}{wall:>7.2f}{cpu:>7.2f}"
              f"{peak[0]:>9.2f}{peak[1]:>9.2f}", flush=True)  # fmt: skip
    wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"median ratio {wall:.2f} elapsed, {cpu:.2f} processor (at most {LIMIT})")
    return int(min(wall, cpu) > LIMIT)


def _ratio(pairs: list[tuple[dict[str, Any], dict[str, Any]]], what: str) -> float:
    return statistics.median(ours[what] / hand[what] for ours, hand in pairs)


def _apart(wanted: argparse.Namespace, side: str, work: str) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.scale", "--share", str(wanted.share),
        "--memory", wanted.memory, "--folder", str(wanted.folder), "--side", side, work,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side} {work}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _measured(root: Path, side: str, work: str, memory: str) -> dict[str, Any]:
    """Wall and CPU seconds, peak memory in GB, and the numbers found."""
    call = _ours(root, work) if side == "ours" else _by_hand(root, work, memory)
    began, spent = time.perf_counter(), time.process_time()
    numbers = call()
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
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
