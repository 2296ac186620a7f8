"""The files of one report: its notebook executed, and what came of it drawn."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opsnb
from opsnb.base import core_share, traits
from opsnb.base.periods import kind_of
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import PlannedRun

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from opsnb.publishing.execution.kernel_group import Kernels
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import Execute, Execution, Failure
    from opsnb.publishing.execution.redaction import Scrubber
    from opsnb.publishing.reports import Run
    from opsnb.publishing.reports.formats import Format
    from opsnb.publishing.reports.write import Published
    from opsnb.publishing.runs.freshness import CurrentState

QUERIES = "queries.sql"
"""File within a report that keeps the SQL that ran, without secrets."""

OnCell = Callable[[int, int, str], None]
"""Called before each cell: its position from 0, the number of cells, its section's title."""


@dataclass(frozen=True)
class RunOptions:
    """What is the same for all reports of a cycle.

    Attributes
    ----------
    formats : sequence of str, optional
        Output formats by name, beside the page; default those of opsnb.toml.
    limits : Limits, optional
        Budgets of a run.
    kernels : Kernels, optional
        Lets another thread stop the runs.
    current : CurrentState, optional
        Knows how things are now. With it, a report that would come out the same is not made
        again; without it, every report is.
    execute : callable, optional
        Executes in another place; see `opsnb.publishing.execution.remote`.
    shared : str, optional
        Folder for results that several reports of a cycle need; see
        `opsnb.analysis.sources.shared_results`.
    wanted : tuple of str, optional
        What kernels should find imported beside the usual:
        `opsnb.publishing.kernels.preload.wanted_by` the playbooks.
    """

    formats: Sequence[str] | None = None
    limits: Limits | None = None
    kernels: Kernels | None = None
    current: CurrentState | None = None
    execute: Execute | None = None
    shared: str | None = None
    wanted: tuple[str, ...] | None = None


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def execute(
    planned: PlannedRun,
    workspace: Workspace,
    languages: tuple[str, ...],
    log_path: Path,
    options: RunOptions,
    on_cell: OnCell | None,
) -> Execution:
    """The executed notebook and the log, both free of local paths and secrets."""
    from opsnb.publishing.execution import kernel_group, papermill_engine, redaction
    from opsnb.publishing.execution.limits import Limits

    playbook = planned.playbook
    notebook = playbook.notebook()
    log_path.with_name(QUERIES).unlink(missing_ok=True)
    inside = playbook.path.is_relative_to(workspace.root)
    scrubber = _scrubber(planned, workspace)
    with (
        log_path.open("w", encoding="utf-8", errors="replace") as file,
        contextlib.closing(redaction.ScrubbedLog(file, scrubber)) as log,
    ):
        log.write(f"{planned}, cycle {planned.cycle}, opsnb {opsnb.__version__}, {now()}\n")
        for name, value in planned.parameters.items():
            log.write(f"{name} = {value!r}\n")
        execution = (options.execute or papermill_engine.execute)(
            notebook,
            planned.parameters,
            environment={
                "OPSNB_WORKSPACE": str(workspace.root),
                traits.VARIABLE: playbook.traits.as_json(),
                "OPSNB_LANGUAGES": ",".join(languages),
                "OPSNB_QUERIES": str(log_path.with_name(QUERIES)),
                **({core_share.FOLDER: options.shared} if options.shared else {}),
            },
            folder=playbook.path.parent if inside else workspace.root,
            log=log,
            limits=options.limits or Limits(),
            kernels=options.kernels or kernel_group.Kernels(),
            on_cell=_told(on_cell, playbook),
        )
    scrubber.notebook(execution.notebook)
    if (queries := log_path.with_name(QUERIES)).is_file():
        queries.write_text(scrubber.text(queries.read_text(encoding="utf-8")), encoding="utf-8")
    if execution.failure is not None:
        message = scrubber.text(execution.failure.message)
        execution.failure = replace(execution.failure, message=message)
    return execution


def _scrubber(planned: PlannedRun, workspace: Workspace) -> Scrubber:
    from opsnb.publishing.execution.redaction import Scrubber

    folder = planned.playbook.path.parent
    return Scrubber(workspace.root, folders={folder: ""}, secrets=workspace.secrets)


def _told(on_cell: OnCell | None, playbook: Playbook) -> Any:
    """Names the section of a cell; the inserted parameters' cell shifts positions by one."""
    if on_cell is None:
        return None
    titles = {cell.get("id"): playbook.sections[i] for i, cell in enumerate(playbook.cells)}
    return lambda index, count, cell: on_cell(
        index, count, titles.get(cell.get("id"), playbook.title)
    )


def record_of(
    planned: PlannedRun,
    workspace: Workspace,
    languages: tuple[str, ...],
    failure: Failure | None,
    started: dt.datetime,
    ended: dt.datetime,
) -> Run:
    from opsnb.publishing.execution.provenance import provenance
    from opsnb.publishing.reports import Run, RunError

    playbook = planned.playbook
    kind = kind_of(planned.cycle)
    spoken = {code: workspace.speak(code, cycle=kind) for code in languages}
    subject_plan = {**workspace.experiments, **workspace.campaigns}.get(planned.subject or "")
    return Run(
        playbook=playbook.key,
        texts=playbook.traits.texts,
        title={code: playbook.title_in(language) for code, language in spoken.items()},
        subject=planned.subject,
        subject_label=subject_plan.name if subject_plan is not None else planned.subject,
        cycle=planned.cycle,
        slug=planned.slug,
        languages=languages,
        currency=workspace.currency,
        workspace_name=workspace.name,
        root=workspace.root,
        parameters=_scrubber(planned, workspace).value(planned.parameters),
        provenance=provenance(playbook, workspace.root, workspace.plugins.versions),
        started=started,
        ended=ended,
        error=RunError(failure.cell_id, failure.name, failure.message) if failure else None,
        message_folders=tuple(workspace.message_folders),
        accessible=workspace.accessible,
    )


def publish_to(
    notebook: NotebookNode, record: Run, folder: Path, formats: Sequence[Format]
) -> Published:
    """The report's files, its notebook among them."""
    import nbformat

    from opsnb.publishing.reports import publish

    nbformat.write(notebook, folder / "notebook.ipynb")
    return publish(notebook, record, folder, formats)


def warnings_of(published: Published) -> list[str]:
    """What a person should know of formats that could not be made."""
    return [f"there is no {each.label}: {error}" for each, error in published.failed.items()]
