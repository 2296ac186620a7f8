"""One run of a playbook: bind, execute, publish, and put the report in place.

Executing, rendering and putting in place are separate: a failing cell still makes a report
(of status `failed`), a PDF that cannot be made does not cost the page, and whatever goes
wrong the report of an earlier run stays.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opsnb
from opsnb.errors import LedgerError, PublishError
from opsnb.minutes import record
from opsnb.periods import kind_of
from opsnb.playbook import Playbook
from opsnb.runplan import PlannedRun, chosen_languages
from opsnb.workspace import Workspace

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from opsnb.execution.engine import Execution
    from opsnb.execution.kernel import Kernels
    from opsnb.execution.limits import Limits
    from opsnb.publish import RunError

QUERIES = "queries.sql"
"""File within a report that keeps the SQL that ran, without secrets."""

OnCell = Callable[[int, int, str], None]
"""Called before each cell: its position from 0, the number of cells, its section's title."""


@dataclass(frozen=True)
class Result:
    """What became of a run.

    Attributes
    ----------
    folder : Path
        Where the report is.
    reports : dict
        report.json by language.
    error : RunError or None
        What stopped the notebook.
    warnings : list of str
        What a person should know: no PDF, an earlier report kept aside.
    """

    planned: PlannedRun
    folder: Path
    languages: tuple[str, ...]
    reports: dict[str, dict[str, Any]]
    error: RunError | None
    seconds: float
    warnings: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """ready, provisional, skipped, invalid or failed."""
        return self.reports[self.languages[0]]["status"]

    @property
    def reason(self) -> str | None:
        return self.reports[self.languages[0]].get("reason")

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    def files(self, *endings: str) -> list[Path]:
        """The report's files with these endings, primary language first."""
        names = [f"report.{ending}" for ending in endings]
        names += [f"report.{code}.{end}" for code in self.languages[1:] for end in endings]
        return [self.folder / name for name in names if (self.folder / name).is_file()]


def run(
    planned: PlannedRun,
    workspace: Workspace,
    *,
    languages: Iterable[str] | None = None,
    pdf: bool = True,
    limits: Limits | None = None,
    kernels: Kernels | None = None,
    on_cell: OnCell | None = None,
) -> Result:
    """Runs a playbook and puts its report into `reports/CYCLE/SLUG/`.

    Parameters
    ----------
    languages : iterable of str, optional
        Codes, the primary one first; default the workspace's.
    limits : Limits, optional
        Seconds for a cell, for the run, and for a kernel to start.
    kernels : Kernels, optional
        Lets another thread stop the run.
    on_cell : callable, optional
        Told of each cell before it runs.

    Returns
    -------
    Result
        Of status `failed` when a cell failed; the report says which and why.

    Raises
    ------
    PublishError
        The report cannot be made or written; an earlier one is where it was.
    KeyboardInterrupt
        The run was stopped; its kernel is gone, an earlier report is where it was.
    """
    from opsnb.publish.store import staged

    codes = chosen_languages(workspace, languages)
    clock = time.monotonic()
    with staged(workspace.reports, planned.cycle, planned.slug) as (new, final):
        started = _now()
        execution = _execute(planned, workspace, codes, new / "run.log", limits, kernels, on_cell)
        record = _record(planned, workspace, codes, execution, started)
        reports, warnings = _publish(execution.notebook, record, new, pdf)
    if reports[codes[0]]["status"] == "failed" and (good := _last_good(final)):
        warnings.append(f"the last report that had not failed is kept in {good}/")
    if note := _remember(workspace, planned, reports):
        warnings.append(note)
    seconds = time.monotonic() - clock
    notes = [*planned.playbook.warnings, *warnings]
    return Result(planned, final, codes, reports, record.error, seconds, notes)


def again(
    planned: PlannedRun,
    workspace: Workspace,
    *,
    languages: Iterable[str] | None = None,
    limits: Limits | None = None,
    on_cell: OnCell | None = None,
) -> dict[str, dict[str, Any]]:
    """report.json by language of a run that is neither published nor remembered.

    Raises
    ------
    PublishError
        The notebook stopped, so that its facts are not those of a report.
    """
    from opsnb.publish.collect import collect

    codes = chosen_languages(workspace, languages)
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        started = _now()
        log = Path(folder) / "run.log"
        execution = _execute(planned, workspace, codes, log, limits, None, on_cell)
    record = _record(planned, workspace, codes, execution, started)
    if record.error is not None:
        raise PublishError(
            f"made again, it stops ({record.error.name}: {record.error.message})",
            where=str(planned),
            hint="run it to see the whole report: opsnb run",
        )
    return collect(execution.notebook, record)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _execute(
    planned: PlannedRun,
    workspace: Workspace,
    languages: tuple[str, ...],
    log_path: Path,
    limits: Limits | None,
    kernels: Kernels | None,
    on_cell: OnCell | None,
) -> Execution:
    """The executed notebook and the log, both free of local paths and secrets."""
    from opsnb.execution import engine, kernel, scrub

    playbook = planned.playbook
    notebook = playbook.notebook()
    inside = playbook.path.is_relative_to(workspace.root)
    scrubber = scrub.Scrubber(
        workspace.root, folders={playbook.path.parent: ""}, secrets=workspace.secrets
    )
    with (
        log_path.open("w", encoding="utf-8", errors="replace") as file,
        contextlib.closing(scrub.ScrubbedLog(file, scrubber)) as log,
    ):
        log.write(f"{planned}, cycle {planned.cycle}, opsnb {opsnb.__version__}, {_now()}\n")
        for name, value in planned.parameters.items():
            log.write(f"{name} = {value!r}\n")
        execution = engine.execute(
            notebook,
            planned.parameters,
            environment=kernel.kernel_environment(
                {
                    "OPSNB_WORKSPACE": str(workspace.root),
                    "OPSNB_LANGUAGES": ",".join(languages),
                    "OPSNB_QUERIES": str(log_path.with_name(QUERIES)),
                }
            ),
            folder=playbook.path.parent if inside else workspace.root,
            log=log,
            limits=limits or engine.Limits(),
            kernels=kernels or kernel.Kernels(),
            on_cell=_told(on_cell, playbook),
        )
    scrubber.notebook(execution.notebook)
    if (queries := log_path.with_name(QUERIES)).is_file():
        queries.write_text(scrubber.text(queries.read_text(encoding="utf-8")), encoding="utf-8")
    if execution.failure is not None:
        message = scrubber.text(execution.failure.message)
        execution.failure = replace(execution.failure, message=message)
    return execution


def _told(on_cell: OnCell | None, playbook: Playbook) -> Any:
    """Names the section of a cell; the inserted parameters' cell shifts positions by one."""
    if on_cell is None:
        return None
    titles = {cell.get("id"): playbook.sections[i] for i, cell in enumerate(playbook.cells)}
    return lambda index, count, cell: on_cell(
        index, count, titles.get(cell.get("id"), playbook.title)
    )


def _record(
    planned: PlannedRun,
    workspace: Workspace,
    languages: tuple[str, ...],
    execution: Execution,
    started: dt.datetime,
) -> Any:
    from opsnb.execution.provenance import provenance
    from opsnb.publish import Run, RunError

    playbook, failure = planned.playbook, execution.failure
    kind = kind_of(planned.cycle)
    spoken = {code: workspace.speak(code, cycle=kind) for code in languages}
    subject_plan = {**workspace.experiments, **workspace.campaigns}.get(planned.subject or "")
    return Run(
        playbook=playbook.key,
        title={code: playbook.title_in(language) for code, language in spoken.items()},
        subject=planned.subject,
        subject_label=subject_plan.name if subject_plan is not None else planned.subject,
        cycle=planned.cycle,
        slug=planned.slug,
        languages=languages,
        currency=workspace.currency,
        workspace_name=workspace.name,
        root=workspace.root,
        parameters=planned.parameters,
        provenance=provenance(playbook, workspace.root),
        started=started,
        ended=_now(),
        error=RunError(failure.cell_id, failure.name, failure.message) if failure else None,
        messages_folder=workspace.messages_folder,
        accessible=workspace.accessible,
    )


def _publish(
    notebook: NotebookNode, record: Any, folder: Path, pdf: bool
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The report's files; where the PDF cannot be made, those without it and a warning."""
    import nbformat

    from opsnb.publish import publish

    nbformat.write(notebook, folder / "notebook.ipynb")
    if not pdf:
        return publish(notebook, record, folder, pdf=False), []
    try:
        return publish(notebook, record, folder, pdf=True), []
    except PublishError as error:
        for file in folder.glob("report*"):
            file.unlink()
        reports = publish(notebook, record, folder, pdf=False)
        return reports, [f"there is no PDF: {error}"]


def _remember(
    workspace: Workspace, planned: PlannedRun, reports: dict[str, dict[str, Any]]
) -> str | None:
    """Adds the report to the ledger; the report stands where that fails, and a warning says so."""
    try:
        record(workspace.ledger, reports, f"{planned.cycle}/{planned.slug}")
    except LedgerError as error:
        return f"the ledger was not written: {error}"
    return None


def _last_good(report: Path) -> str | None:
    """Where the newest version of a report lies that had not failed."""
    from opsnb.publish.manifest import versions

    good = (version for version in versions(report) if version.status not in (None, "failed"))
    version = next(good, None)
    return version.folder.relative_to(report).as_posix() if version else None
