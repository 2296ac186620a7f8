"""Load: 200 reports in a cycle, 8 cycles at once on different workspaces, a ledger of 100,000.

    .venv/bin/python -m benchmarks.load [--reports 200] [--cycles 8] [--entries 100000]

The playbooks are small (one fact, an action, no data), so that what is measured is opsnb
itself. Commands are run as a scheduler runs them, by their own interpreter.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from opsnb.base.ledger import Ledger
from opsnb.base.workspace import Workspace
from opsnb.publishing.reports.brief import brief_page
from opsnb.publishing.reports.manifest import faults, read_manifest
from tests.faults.floor import SEAM, TOML


def workspace(root: Path, reports: int) -> Path:
    """A workspace with one playbook, and a cycle that asks for it with other parameters."""
    (root / "playbooks").mkdir(parents=True)
    (root / "plans").mkdir()
    for number in range(reports):
        cells = [
            new_markdown_cell(f"# Report {number}\n\nShows a number.", id="title"),
            new_code_cell(
                f"top = {number}  # type: int  Number",
                id="parameters",
                metadata={"tags": ["parameters"]},
            ),
            new_code_cell(SEAM, id="seam"),
        ]
        notebook = new_notebook(cells=cells, metadata={"opsnb": {}})
        nbformat.write(notebook, root / "playbooks" / f"demo_{number}.ipynb")
    asked = "".join(f'[[cycles.month]]\nplaybook = "demo_{number}"\n' for number in range(reports))
    (root / "opsnb.toml").write_text(TOML + asked, encoding="utf-8")
    return root


def start(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "opsnb", "--workspace", str(root), *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "OPSNB_WORKSPACE"}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)


def timed(name: str, *processes: subprocess.Popen[bytes], clock: float) -> None:
    codes = {process.wait() for process in processes}
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{name}: {time.perf_counter() - clock:.1f} s, exit codes {sorted(codes)}, "
        f"largest process so far {memory:.0f} MB",
        flush=True,
    )


def whole(root: Path) -> int:
    """How many reports are there as their manifests say."""
    versions = [read_manifest(path.parent) for path in root.glob("reports/*/*/manifest.json")]
    return sum(v is not None and not list(faults(v, [v])) for v in versions)


def one_cycle(place: Path, reports: int) -> None:
    root = workspace(place / "many", reports)
    for name in ("made", "again, unchanged"):
        clock = time.perf_counter()
        timed(f"a cycle of {reports} reports with PDFs, {name}",
              start(root, "cycle", "2026-10"), clock=clock)  # fmt: skip
    print(f"  {whole(root)} of {reports} are whole")
    clock = time.perf_counter()
    timed("  the catalogue written anew", start(root, "index"), clock=clock)


def many_cycles(place: Path, cycles: int, reports: int = 5) -> None:
    roots = [workspace(place / f"one{number}", reports) for number in range(cycles)]
    clock = time.perf_counter()
    timed(
        f"{cycles} cycles at once, each of {reports} reports in a workspace of its own",
        *(start(root, "cycle", "2026-10", "--jobs", "2") for root in roots),
        clock=clock,
    )
    print(f"  {sum(map(whole, roots))} of {cycles * reports} reports are whole")


def ledger(place: Path, entries: int) -> None:
    root = workspace(place / "ledger", 1)
    folder = root / "reports" / "ledger"
    folder.mkdir(parents=True)
    begin, cycles = dt.datetime(2018, 1, 1, tzinfo=dt.UTC), 100
    for number in range(cycles):
        cycle = f"{2018 + number // 12}-{number % 12 + 1:02d}"
        lines = []
        for row in range(number * entries // cycles, (number + 1) * entries // cycles):
            said = {
                "at": (begin + dt.timedelta(minutes=40 * row)).isoformat(),
                "event": "add", "id": f"a-{row:010x}", "kind": "action",
                "title": {"en": f"Call customer {row}", "zh": f"回访客户 {row}"},
                "owner": "Li Na", "due": "2026-11-20", "report": f"{cycle}/monthly",
            }  # fmt: skip
            lines.append(json.dumps(said, ensure_ascii=False))
            if row % 100:
                close = {"at": said["at"], "event": "close", "id": said["id"],
                         "status": "done", "on": "2026-11-01"}  # fmt: skip
                lines.append(json.dumps(close))
        (folder / f"{cycle}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    book = Ledger(folder)
    print(f"a ledger of {entries:,} entries")
    seconds("  opened", lambda: len(book.entries()))
    made = seconds("  an entry added", lambda: book.add("action", "2026-10", "New"))
    seconds("  closed", lambda: book.close(made.id, "action", "done", dt.date(2026, 11, 1)))
    shop = Workspace.load(root)
    november = shop.period("2026-11")
    seconds("  what a report of 2026-11 sees", lambda: len(shop.remembered(before=november)))
    for name, arguments in {
        "opsnb actions list --json": ("actions", "list", "--json"),
        "opsnb cycle: one report, its ledger line, the catalogue": ("cycle", "2026-10"),
    }.items():
        clock = time.perf_counter()
        timed(f"  {name}", start(root, *arguments), clock=clock)
    report = json.loads((root / "reports/2026-10/demo-0/report.json").read_text("utf-8"))
    language = Workspace.load(root).speak()
    seconds("  the brief drawn", lambda: len(brief_page(report, language)))
    for page in ("index.html", "actions.html"):
        print(f"  {page}: {(root / 'reports' / page).stat().st_size / 1e6:.2f} MB")


def seconds(name: str, call: Callable[[], Any]) -> Any:
    clock = time.perf_counter()
    found = call()
    shown = f" ({found:,})" if isinstance(found, int) else ""
    print(f"{name}: {time.perf_counter() - clock:.3f} s{shown}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--cycles", type=int, default=8)
    parser.add_argument("--entries", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        place = Path(name)
        if asked.entries:
            ledger(place, asked.entries)
        if asked.cycles:
            many_cycles(place, asked.cycles)
        if asked.reports:
            one_cycle(place, asked.reports)


if __name__ == "__main__":
    main()
