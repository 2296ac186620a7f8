"""Writes the files of a report: records, pages, and the other formats in each language."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsnb.base.errors import PublishError
from opsnb.base.plugins import Plugins
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.formats import PAGE, Content, Format, find_format, own_formats
from opsnb.publishing.reports.reader import as_text
from opsnb.publishing.reports.run_record import Run, write_atomic

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Published:
    """What was written.

    Attributes
    ----------
    reports : dict
        The content of report.json by language code.
    failed : dict
        Formats that could not be made, and why.
    """

    reports: dict[str, dict[str, Any]]
    failed: dict[Format, PublishError] = field(default_factory=dict)


def publish(
    notebook: NotebookNode, run: Run, folder: Path, formats: Sequence[Format] | None = None
) -> Published:
    """Write a run's reports into a folder: report.json, report.html and brief.html, the files
    of other formats, and those of each further language, such as report.zh.html.

    A format that cannot be made costs the report nothing else.

    Parameters
    ----------
    formats : sequence of Format, optional
        Beside the page, which is always made; default all that come with opsnb.

    Raises
    ------
    PublishError
        The notebook's outputs contradict each other or break the schema, a page cannot be
        drawn, or the folder cannot be written to.
    """
    own = _own()
    others = [each for each in (own if formats is None else formats) if each.name != PAGE]
    chosen = (own[0], *others)
    reports = collect(notebook, run)
    contents = [Content(run, notebook, reports, code, chosen) for code in reports]
    failed: dict[Format, PublishError] = {}
    slow: list[tuple[Format, Future[None]]] = []
    with ThreadPoolExecutor(len(contents), "slow-format") as pool:
        for content in contents:
            _remove(content, {*own, *others}, folder)
            write_atomic(folder / content.file("json"), as_text(content.report))
            for each in chosen:
                if each.slow:  # its engine lets other threads work
                    slow.append((each, pool.submit(_write, each, content, folder)))
                elif each.name == PAGE:
                    _write(each, content, folder)
                else:
                    with _noting(each, failed):
                        _write(each, content, folder)
    for each, drawn in slow:
        with _noting(each, failed):
            drawn.result()
    if failed:  # pages must not link to what is not there
        left = tuple(each for each in chosen if each not in failed)
        for content in contents:
            _remove(content, failed, folder)
            _write(left[0], replace(content, formats=left), folder)
    return Published(reports, failed)


def _own() -> list[Format]:
    """opsnb's own formats, the page first."""
    none = Plugins()
    found = [find_format(name, none) for name in dict.fromkeys([PAGE, *own_formats()])]
    return [each for each in found if each is not None]


def _write(each: Format, content: Content, folder: Path) -> None:
    for stem in each.stems:
        write_atomic(folder / content.file(each.extension, stem), each.draw(stem, content))


def _remove(content: Content, formats: Iterable[Format], folder: Path) -> None:
    for each in formats:
        for stem in each.stems:
            (folder / content.file(each.extension, stem)).unlink(missing_ok=True)


@contextlib.contextmanager
def _noting(each: Format, failed: dict[Format, PublishError]) -> Iterator[None]:
    """Notes why a format could not be made; one that breaks must not cost the report."""
    try:
        yield
    except PublishError as error:
        failed.setdefault(each, error)
    except Exception as error:
        broken = PublishError(
            f"it broke ({type(error).__name__}: {error})",
            where=f"format {each.name}",
            hint="the page holds the same report",
        )
        failed.setdefault(each, broken)
