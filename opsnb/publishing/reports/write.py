"""Writes the files of a report: records, pages, and the other formats in each language."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    others = [one for one in (own if formats is None else formats) if one.name != PAGE]
    chosen = (own[0], *others)
    reports = collect(notebook, run)
    contents = [Content(run, notebook, reports, code, chosen) for code in reports]
    failed: dict[Format, PublishError] = {}
    slow: list[tuple[Format, Future[dict[str, bytes | str]]]] = []
    with ThreadPoolExecutor(len(contents), "slow-format") as pool:
        for content in contents:
            _remove(content, {*own, *others}, folder)
            write_atomic(folder / content.file("json"), as_text(content.report))
            _write(_drawn(chosen[0], content), folder)
            # their engines let other threads work
            slow += [(one, pool.submit(_drawn, one, content)) for one in others if one.slow]
    # on a disk that is nearly full, pages come first
    for one, content in ((one, content) for content in contents for one in others if not one.slow):
        with _noting(one, failed):
            _write(_drawn(one, content), folder)
    for one, files in slow:
        with _noting(one, failed):
            _write(files.result(), folder)
    if failed:  # pages must not link to what is not there
        left = tuple(one for one in chosen if one not in failed)
        for content in contents:
            _remove(content, [chosen[0], *failed], folder)
            _write(_drawn(chosen[0], replace(content, formats=left)), folder)
    return Published(reports, failed)


def _own() -> list[Format]:
    """opsnb's own formats, the page first."""
    none = Plugins()
    found = [find_format(name, none) for name in dict.fromkeys([PAGE, *own_formats()])]
    return [each for each in found if each is not None]


def _drawn(one: Format, content: Content) -> dict[str, bytes | str]:
    """A format's files by name."""
    return {content.file(one.extension, stem): one.draw(stem, content) for stem in one.stems}


def _write(files: Mapping[str, bytes | str], folder: Path) -> None:
    for name, drawn in files.items():
        write_atomic(folder / name, drawn)


def _remove(content: Content, formats: Iterable[Format], folder: Path) -> None:
    for one in formats:
        for stem in one.stems:
            (folder / content.file(one.extension, stem)).unlink(missing_ok=True)


@contextlib.contextmanager
def _noting(one: Format, failed: dict[Format, PublishError]) -> Iterator[None]:
    """Notes why a format could not be made; one that breaks must not cost the report."""
    try:
        yield
    except PublishError as error:
        failed.setdefault(one, error)
    except (Exception, SystemExit) as error:  # a plug-in's code may end the process
        broken = PublishError(
            f"it broke ({type(error).__name__}: {error})",
            where=f"format {one.name}",
            hint="the page holds the same report",
        )
        failed.setdefault(one, broken)
