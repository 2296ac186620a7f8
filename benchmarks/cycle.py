"""What a cycle costs beside its cells: the sample company's reports, in ratios of one run.

    python -m benchmarks.cycle [--small] [--runs 5] [--only pace ready ...] [--stress]

    pace       `opsnb cycle` beside the naive loop (papermill, jupyter nbconvert --to html and the
               same PDF step, one after another), and beside the floor (the same cells in warm
               processes, one a core, without kernels, written out by the same code). Tools that
               make one page of a notebook have a run a language: the loop has one for each page
               and PDF that the cycle makes. Beside it, both sides in one language alone.
    ready      spawn to first answer with the imports done, warm beside ordinary; memory a kernel
    unchanged  a cycle of which nothing, and then one plan, has changed
    same       report.json of warm and of ordinary kernels, byte for byte but for provenance
    matrix     60 light reports over regions and languages: time and memory in batches

Figures are medians of paired runs. `--small` takes the experiments' reports alone, and 12 of
the 60. `--stress` adds 300 kernels in a row. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from opsnb.base.workspace import Workspace
from opsnb.publishing.kernels.preload import BEFORE_IMPORT
from opsnb.publishing.runs.cycle import expand, plan_entry
from opsnb.publishing.runs.freshness import last_made

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CYCLE = "2026-10"
PLAN = "plans/experiments/search_rank.toml"
KERNELS = 300

REGION = """\
found = {m.group: m.value for m in ops.meter.measure("gmv_net", [ops.period], by="region")}
ops.fact("region.gmv_net", found[region], unit="number")
ops.show(Note(f"{region}: {found[region]:,.0f}"))"""


ONE_THREAD = """\
import __main__
__main__.__file__ = "opsnb"  # where there is none yet, DuckDB takes it for a prompt and shows bars
import duckdb
del __main__.__file__
plain = duckdb.connect
def connect(*given, config=None, **named):
    return plain(*given, config={**(config or {}), "threads": 1}, **named)
duckdb.connect = connect
"""
"""Several threads give sums that differ in their last digits from run to run, in any kernel."""


@dataclass
class Bench:
    """The workspace that is measured, and which targets were missed."""

    folder: Path
    small: bool
    runs: int
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Python may have been told to keep no compiled files: nobody works like that
        self.env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.env["PYTHONPYCACHEPREFIX"] = str(self.folder / "compiled")
        self.env["PYTHONPATH"] = str(ROOT)
        self.shop = self.workspace("shop")

    def workspace(self, name: str) -> Path:
        """A copy of the sample company without reports; its data are not copied."""
        place = self.folder / name
        place.mkdir()
        for part in ("plans", "playbooks"):
            shutil.copytree(ROOT / part, place / part)
        (place / "data").symlink_to(ROOT / "data")
        text = (ROOT / "opsnb.toml").read_text(encoding="utf-8")
        if self.small:
            text = re.sub(
                r"(?m)^\[\[cycles\.month\]\]\n(?!playbook = \"ab_).*\n(for.*\n)?", "", text
            )
        (place / "opsnb.toml").write_text(text, encoding="utf-8")
        return place

    def command(self, *words: object, more: Mapping[str, str] | None = None) -> tuple[float, str]:
        """Seconds that a command took, and what it wrote."""
        env = {**self.env, **(more or {})}
        started = time.perf_counter()
        done = subprocess.run(
            [str(w) for w in words], env=env, cwd=self.folder, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr[-3000:]}")
        return time.perf_counter() - started, done.stdout

    def work(self, what: str, **asked: Any) -> dict[str, Any]:
        """What `benchmarks.cycle_work` found in a process of its own."""
        command = [sys.executable, "-m", "benchmarks.cycle_work", what, json.dumps(asked)]
        said = self.command(*command, more=BEFORE_IMPORT if what == "floor" else None)
        return json.loads(said[1].splitlines()[-1])

    def cycle(self, shop: Path, *options: str, **more: str) -> tuple[float, list[dict[str, Any]]]:
        command = [BIN / "opsnb", "--workspace", shop, "cycle", CYCLE, "--json", *options]
        seconds, said = self.command(*command, more=more)
        return seconds, json.loads(said)["reports"]

    def row(self, what: str, value: float, unit: str, low: float = 0.0, high: float = 0.0) -> None:
        """A figure, and whether it keeps its target: at least `low`, at most `high`."""
        wrong = (low and value < low) or (high and value > high)
        target = f"at least {low:g}" if low else f"at most {high:g}" if high else ""
        print(f"{what:<46}{value:>9.2f} {unit:<3} {target:<14}{'MISSED' if wrong else ''}",
              flush=True)  # fmt: skip
        if wrong:
            self.missed.append(what)

    def holds(self, what: str, wrong: object) -> None:
        print(f"{what:<46}{'no: ' + str(wrong) if wrong else 'yes':>9}", flush=True)
        if wrong:
            self.missed.append(what)


# -- pace ------------------------------------------------------------------------------------


def pace(bench: Bench) -> None:
    """`opsnb cycle` beside the naive loop and beside the floor."""
    languages = Workspace.load(bench.shop).languages
    runs = _runs(bench.shop)
    _naive(bench, runs[-1:], languages[0])  # compiles what it imports
    bench.cycle(bench.shop, "--always")  # and so that lengths are known
    runs = _runs(bench.shop)
    one = ("--language", languages[0])
    taken: dict[str, list[float]] = {
        name: [] for name in ("naive", "ours", "floor", "naive, one language", "ours, one language")
    }
    for _ in range(bench.runs):
        naive = [_naive(bench, runs, code) for code in languages]
        taken["naive"].append(sum(naive))
        taken["ours"].append(bench.cycle(bench.shop, "--always")[0])
        taken["floor"].append(_floor(bench, runs))
        taken["naive, one language"].append(naive[0])
        taken["ours, one language"].append(bench.cycle(bench.shop, "--always", *one)[0])
    bench.cycle(bench.shop, "--always")
    for name, seconds in taken.items():
        bench.row(f"{name}, {len(runs)} reports", statistics.median(seconds), "s")
    ratio = _ratio(taken["naive"], taken["ours"])
    bench.row(f"naive loop / opsnb cycle, {' and '.join(languages)}", ratio, "x", low=5.0)
    alone = _ratio(taken["naive, one language"], taken["ours, one language"])
    bench.row(f"naive loop / opsnb cycle, {languages[0]} alone", alone, "x")
    bench.row("opsnb cycle / floor", _ratio(taken["ours"], taken["floor"]), "x", high=1.2)
    found = bench.work("parts", workspace=str(bench.shop), cycle=CYCLE, jobs=os.cpu_count())
    for part, seconds in found["parts"].items():
        bench.row(f"  of which, summed over reports: {part}", seconds, "s")
    bench.row("  cells of the longest report", found["longest"], "s")


def _runs(shop: Path) -> list[list[Any]]:
    """Playbook, parameters and cycle of each report, the longest of last time first."""
    workspace = Workspace.load(shop)
    rows = []
    for entry in expand(workspace, CYCLE):
        planned = plan_entry(entry, workspace)
        made = last_made(workspace.reports, planned.cycle, planned.slug)
        row = [planned.playbook.name, planned.parameters, planned.cycle]
        rows.append((made.seconds if made else 0.0, row))
    return [row for _, row in sorted(rows, key=lambda each: -each[0])]


def _naive(bench: Bench, runs: list[list[Any]], language: str) -> float:
    """Seconds of three commands a report, one report after another, in one language."""
    started = time.perf_counter()
    seam = {"OPSNB_WORKSPACE": str(bench.shop), "OPSNB_LANGUAGES": language}
    for run in runs:
        playbooks, out = bench.shop / "playbooks", bench.folder / "naive.ipynb"
        bench.command(
            BIN / "papermill", playbooks / f"{run[0]}.ipynb", out, "--kernel", "python3",
            "--cwd", playbooks, "--no-progress-bar", "--parameters_yaml", json.dumps(run[1]),
            more=seam,
        )  # fmt: skip
        bench.command(BIN / "jupyter", "nbconvert", "--to", "html", out)
        asked = {"workspace": str(bench.shop), "notebook": str(out), "run": run}
        bench.work("pdf", language=language, **asked)
    return time.perf_counter() - started


def _floor(bench: Bench, runs: list[list[Any]]) -> float:
    with tempfile.TemporaryDirectory(dir=bench.folder) as out:
        shared = Path(out) / "shared"
        shared.mkdir(mode=0o700)
        places = {"workspace": str(bench.shop), "out": out, "shared": str(shared)}
        found = bench.work("floor", runs=runs, jobs=os.cpu_count(), **places)
        if found["failed"]:
            raise RuntimeError(f"a report of the floor failed: {found['failed']}")
        records = sorted(Path(out).glob("*/report*.json"))
        for record in records:
            made = bench.shop / "reports" / CYCLE / record.parent.name / record.name
            if not _facts(made) or _facts(record) != _facts(made):
                raise RuntimeError(f"the floor's {record.parent.name} is not the cycle's")
        if len(records) < len(runs):
            raise RuntimeError(f"the floor made {len(records)} records of {len(runs)} reports")
    return found["seconds"]


def _facts(record: Path) -> list[str]:
    return [fact["key"] for fact in json.loads(record.read_text(encoding="utf-8"))["facts"]]


def _ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


# -- kernels, and what is not made again -------------------------------------------------------


def ready(bench: Bench) -> None:
    """Kernels, warm beside ordinary."""
    found = bench.work("ready", runs=bench.runs + 1)
    # the first of each reads the files from the disk
    warm, ordinary = (found["seconds"][kind][1:] for kind in ("warm", "ordinary"))
    bench.row("zygote ready, once", found["zygote"], "s")
    bench.row("warm kernel ready", 1000 * statistics.median(warm), "ms")
    bench.row("ordinary kernel ready", 1000 * statistics.median(ordinary), "ms")
    bench.row("ordinary / warm", _ratio(ordinary, warm), "x", low=10.0)
    for kind, megabytes in found["memory"].items():
        bench.row(f"memory of one of four {kind} kernels (PSS)", megabytes, "MB")


def unchanged(bench: Bench) -> None:
    """Nothing changed: under a second. One plan changed: its report alone."""
    bench.cycle(bench.shop)
    taken, made = zip(*(bench.cycle(bench.shop) for _ in range(bench.runs)), strict=True)
    others = {r["made"] for reports in made for r in reports} - {"unchanged"}
    bench.row("unchanged cycle", statistics.median(taken), "s", high=1.0)
    bench.holds("unchanged cycle runs nothing", others)
    plan = bench.shop / PLAN
    text = plan.read_text(encoding="utf-8")
    plan.write_text(re.sub(r"(?m)^owner = .*", 'owner = "Somebody else"', text), "utf-8")
    seconds, reports = bench.cycle(bench.shop)
    ran = " ".join(r["subject"] or r["playbook"] for r in reports if r["made"] != "unchanged")
    bench.row("cycle with one changed plan", seconds, "s")
    bench.holds(
        "one changed plan: only its report runs", "" if ran == plan.stem else ran or "none runs"
    )


def same(bench: Bench) -> None:
    """report.json of warm and of ordinary kernels."""
    rig = bench.folder / "one-thread"
    rig.mkdir()
    (rig / "sitecustomize.py").write_text(ONE_THREAD, encoding="utf-8")
    shops = {"1": bench.workspace("warm"), "0": bench.workspace("ordinary")}
    for switch, shop in shops.items():
        bench.cycle(
            shop, "--no-pdf", OPSNB_WARM_KERNELS=switch, PYTHONPATH=f"{rig}{os.pathsep}{ROOT}"
        )
    texts = [
        {path.relative_to(shop): _but_provenance(path) for path in sorted(shop.glob(_REPORTS))}
        for shop in shops.values()
    ]
    wrong = [str(path) for path, text in texts[0].items() if texts[1].get(path) != text]
    bench.holds(f"{len(texts[0])} records equal to ordinary kernels'", wrong or not texts[0])


_REPORTS = "reports/2*/*/report*.json"


def _but_provenance(path: Path) -> str:
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["provenance"]
    return json.dumps(record, ensure_ascii=False)


# -- many --------------------------------------------------------------------------------------


def matrix(bench: Bench) -> None:
    """Batches of light reports over regions, in English and Chinese by turns."""
    shop, regions = bench.workspace("matrix"), _regions()
    batches, size = (4, 3) if bench.small else (6, 10)
    names = [f"region_{number}" for number in range(size)]
    for number, name in enumerate(names):
        _region_playbook(shop, name, regions[number % len(regions)])
    asked = [
        {"playbooks": names, "languages": ["en", "zh"] if turn % 2 else ["zh", "en"]}
        for turn in range(batches + 1)
    ]
    found = bench.work(
        "matrix", workspace=str(shop), cycle=CYCLE, batches=asked, jobs=os.cpu_count()
    )
    rows = found["rows"][1:]  # the first loads fonts, templates and libraries
    seconds, memory = ([row[key] for row in rows] for key in ("seconds", "memory"))
    half = len(rows) // 2
    growth = statistics.median(seconds[half:]) / statistics.median(seconds[:half])
    bench.row(f"{len(rows) * size} reports, a report", sum(seconds) / len(rows) / size, "s")
    bench.row("second half / first half, seconds", growth, "x", high=1.5)
    bench.row("this process's memory, last / first batch", memory[-1] / memory[0], "x", high=1.05)
    bench.row("this process's memory", memory[-1], "MB")


def _regions() -> list[str]:
    from opsnb.sample.truth import REGIONS

    return [str(name) for name in REGIONS]


def _region_playbook(shop: Path, name: str, region: str) -> None:
    parameters = f'cycle = "latest"  # type: cycle  Month\nregion = "{region}"  # type: str  Region'
    session = (
        "import opsnb\nfrom opsnb.analysis.display import Note\n"
        f'ops = opsnb.begin("{name}", cycle=cycle)'
    )
    notebook = new_notebook(
        metadata={
            "opsnb": {"name": name, "needs": ["orders"], "period": "month"},
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        },
        cells=[
            new_markdown_cell(f"# Region {region}\n\nNet revenue of a region.", id="title"),
            new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}),
            new_code_cell(session, id="setup", metadata={"tags": ["setup"]}),
            new_markdown_cell("## Net revenue", id="revenue"),
            new_code_cell(REGION, id="revenue_note"),
        ],
    )
    nbformat.write(notebook, shop / "playbooks" / f"{name}.ipynb")


def stress(bench: Bench) -> None:
    """Kernels in a row, eight at once, half of them interrupted or killed."""
    found = bench.work("stress", kernels=KERNELS)
    quarter = KERNELS // 4
    expected = {"done": KERNELS - 2 * quarter, "interrupted": quarter, "killed": quarter}
    bench.row(f"{KERNELS} kernels, eight at once", found["seconds"], "s")
    bench.holds("half done, a quarter interrupted, a quarter killed",
                found["ends"] if found["ends"] != expected else "")  # fmt: skip
    left = {name: count for name, count in found["left"].items() if count > 0}
    bench.holds("no process, descriptor, port or file left", left)


PARTS: dict[str, Callable[[Bench], None]] = {
    each.__name__: each for each in (ready, unchanged, same, matrix, pace)
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.cycle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--stress", action="store_true")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="opsnb-cycle-") as folder:
        bench = Bench(Path(folder), wanted.small, wanted.runs)
        for name in wanted.only:
            PARTS[name](bench)
        if wanted.stress:
            stress(bench)
    print(f"missed: {', '.join(bench.missed)}" if bench.missed else "every target is kept")
    return int(bool(bench.missed))


if __name__ == "__main__":
    raise SystemExit(main())
