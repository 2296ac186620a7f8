"""Writes the files of a report: records, pages and PDFs in each language."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from opsnb.publishing.reports.brief import brief_page
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from opsnb.publishing.reports.reader import as_text
from opsnb.publishing.reports.run_record import Run, file_name, write_atomic


def publish(
    notebook: NotebookNode, run: Run, folder: Path, *, pdf: bool = True
) -> dict[str, dict[str, Any]]:
    """Write a run's reports into a folder: report.html, .pdf, .json, brief.html, .pdf, and those
    of each further language, such as report.zh.html.

    All pages and records are written even where a PDF cannot be made: a failure there loses
    nothing.

    Returns
    -------
    dict
        The content of report.json by language code.

    Raises
    ------
    PublishError
        The notebook's outputs contradict each other or break the schema, a PDF cannot be
        made, or the folder cannot be written to.
    """
    reports = collect(notebook, run)
    primary = run.languages[0]
    with ThreadPoolExecutor(len(reports), "pdf") as pool:
        prints = []
        for code, report in reports.items():
            page, _ = render(notebook, Request(run, report, brief=True, pdf=pdf))
            write_atomic(folder / file_name(code, primary, "json"), as_text(report))
            write_atomic(folder / file_name(code, primary, "html"), page)
            brief = brief_page(report, run.language(code))
            write_atomic(folder / file_name(code, primary, "html", "brief"), brief)
            for stem in ("report", "brief"):
                (folder / file_name(code, primary, "pdf", stem)).unlink(missing_ok=True)
            if pdf:  # the engine lets other threads work
                prints.append(pool.submit(print_out, notebook, run, report, folder))
    for each in prints:
        each.result()
    return reports


def print_out(notebook: NotebookNode, run: Run, report: dict[str, Any], folder: Path) -> None:
    """Write the PDFs of a report in one language."""
    from opsnb.publishing.reports.pdf import make_brief, make_pdf

    code, primary = report["language"], run.languages[0]
    page, parts = render(notebook, Request(run, report, printing=True))
    write_atomic(folder / file_name(code, primary, "pdf"), make_pdf(page, parts, run))
    write_atomic(folder / file_name(code, primary, "pdf", "brief"), make_brief(report, run))
