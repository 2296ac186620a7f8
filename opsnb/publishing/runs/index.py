"""The index of all reports: written where it is not as it would come out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import opsnb
from opsnb.base import resources
from opsnb.base.errors import OpsnbError, PublishError
from opsnb.base.workspace import FILE, Workspace
from opsnb.publishing.reports.run_record import write_atomic
from opsnb.publishing.runs.hashes import hash_of, hash_of_files, hash_of_messages

_STATE = "index.txt"
"""File within `reports/.work/` that keeps what the index was drawn from."""


def renew_index(
    workspace: Workspace, codes: tuple[str, ...], *, unchanged: bool
) -> tuple[Path | None, list[str]]:
    """The index, written where it is not as it would come out.

    Parameters
    ----------
    unchanged : bool
        Whether all reports that were asked for are as they were.

    Returns
    -------
    index, warnings : Path or None, list of str
    """
    if unchanged and _is_fresh(workspace, codes):
        return workspace.reports / "index.html", []
    index, warnings = index_reports(workspace, codes)
    if index is not None and not warnings:
        with contextlib.suppress(PublishError):  # it is drawn again next time
            write_atomic(workspace.reports / ".work" / _STATE, _state(workspace, codes))
    return index, warnings


def index_reports(workspace: Workspace, languages: Iterable[str]) -> tuple[Path | None, list[str]]:
    """Writes the index of all reports; what keeps it from being written is a warning.

    Returns
    -------
    index, warnings : Path or None, list of str
    """
    from opsnb.publishing.site import metric_labels, write_index  # loads fonts and templates

    try:
        workspace.reports.mkdir(parents=True, exist_ok=True)
        write_index(
            workspace.reports,
            list(languages),
            workspace.name,
            currency=workspace.currency,
            labels=metric_labels(workspace.metrics),
            as_of=workspace.as_of,
            zone=workspace.zone,
        )
    except (OpsnbError, OSError) as error:
        return None, [f"the index of reports was not written: {error}"]
    index = workspace.reports / "index.html"
    return (index if index.is_file() else None), []


def _is_fresh(workspace: Workspace, codes: Iterable[str]) -> bool:
    """Whether the index of all reports is as it would come out."""
    try:
        was = (workspace.reports / ".work" / _STATE).read_text(encoding="utf-8")
    except OSError:
        return False
    return (workspace.reports / "index.html").is_file() and was == _state(workspace, codes)


def _state(workspace: Workspace, codes: Iterable[str]) -> str:
    """Hash of what the index is drawn from: reports, ledger, templates, the day."""
    reports = workspace.reports
    files = [*reports.glob("*/*/manifest.json"), *(reports / "ledger").glob("*.jsonl")]
    site = Path(opsnb.__file__).parent / "publishing" / "site"
    return hash_of(
        [
            sorted((str(path), path.stat().st_mtime_ns) for path in files),
            hash_of_files(site, "*.py"),
            hash_of_files(resources.templates() / "site"),
            hash_of_files(workspace.root / FILE),
            workspace.as_of.isoformat(),
            hash_of_messages(tuple(codes)),
            list(codes),
        ]
    )
