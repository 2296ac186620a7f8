"""Seconds for a report's PDF, warm, beside the same page through WeasyPrint; and sizes.

    python -m benchmarks.pages [--runs 5]

takes the reports in `reports/` (`make report` first). Each run lays both engines out one after
the other on the same page, so that a busy machine slows both; the ratio is what holds elsewhere.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import time
from pathlib import Path

import nbformat

from opsnb.base.workspace import Workspace
from opsnb.publishing.reports import Run
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from opsnb.publishing.reports.pdf import make_pdf

ROOT = Path(__file__).resolve().parents[1]


def run_of(folder: Path, workspace: Workspace, accessible: bool) -> Run:
    """The run that made a report, as far as its page shows it."""
    now = dt.datetime.now(dt.UTC)
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Run(
        playbook=record["playbook"],
        title=record["title"],
        subject=record["subject"],
        subject_label=record["subject_label"],
        cycle=record["cycle"],
        slug=folder.name,
        languages=tuple(record["languages"]),
        currency=workspace.currency,
        workspace_name=workspace.name,
        root=workspace.root,
        parameters=record["parameters"],
        provenance=record["provenance"],
        started=now,
        ended=now,
        message_folders=tuple(workspace.message_folders),
        accessible=accessible,
    )


def seconds(folder: Path, workspace: Workspace, language: str, accessible: bool) -> float:
    """Seconds from the rendered page to the finished PDF."""
    run = run_of(folder, workspace, accessible)
    notebook = nbformat.read(folder / "notebook.ipynb", 4)
    page, parts = render(notebook, Request(run, collect(notebook, run)[language], printing=True))
    started = time.perf_counter()
    make_pdf(page, parts, run)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    workspace = Workspace.load(ROOT)
    folders = sorted(path.parent for path in workspace.reports.glob("2*/*/report.json"))
    if not folders:
        raise SystemExit("no reports: make report")
    print(f"{'report':44} {'lang':4} {'HTML kB':>8} {'PDF kB':>7} {'seconds':>8} {'ratio':>6}")
    for folder in folders:
        for language in workspace.languages:
            ending = "" if language == workspace.language else f".{language}"
            sizes = [(folder / f"report{ending}.{kind}").stat().st_size for kind in ("html", "pdf")]
            seconds(folder, workspace, language, False)  # warms fonts and templates
            pairs = [
                [seconds(folder, workspace, language, accessible) for accessible in (False, True)]
                for _ in range(runs)
            ]
            ours = statistics.median(pair[0] for pair in pairs)
            ratio = statistics.median(slow / fast for fast, slow in pairs)
            print(
                f"{folder.name:44} {language:4} {sizes[0] / 1e3:8.0f} {sizes[1] / 1e3:7.0f}"
                f" {ours:8.2f} {ratio:6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
