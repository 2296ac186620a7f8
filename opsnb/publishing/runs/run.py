"""One run of a playbook: bind, execute, publish, and put the report in place.

Executing, rendering and putting in place are separate: a failing cell still makes a report
(of status `failed`), a PDF that cannot be made does not cost the page, and whatever goes
wrong the report of an earlier run stays.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from opsnb.base.errors import LedgerError, PublishError
from opsnb.base.workspace import Workspace
from opsnb.publishing.kernels.preload import wanted_by
from opsnb.publishing.reports.row_changes import said
from opsnb.publishing.runs import make
from opsnb.publishing.runs.make import QUERIES, How, OnCell
from opsnb.publishing.runs.plan import PlannedRun, chosen_languages
from opsnb.publishing.runs.proposals import record

if TYPE_CHECKING:
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import Execution
    from opsnb.publishing.playbooks.playbook import Playbook
    from opsnb.publishing.reports import RunError
    from opsnb.publishing.runs.freshness import Made

__all__ = ["How", "Result", "again", "run"]

_CHANGED = "ChangedDataError"
"""The data changed while a report read them: it is made anew, once."""


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
    made : str
        `executed`; `rendered` again from what its cells showed last time; `unchanged`.
    changed : tuple of str
        Why it was made: the parts that are not as they were.
    moved : tuple of str
        Tables whose rows are not those of the report's last version: how many, and which days.
    """

    planned: PlannedRun
    folder: Path
    languages: tuple[str, ...]
    reports: dict[str, dict[str, Any]]
    error: RunError | None
    seconds: float
    warnings: list[str] = field(default_factory=list)
    made: Literal["executed", "rendered", "unchanged"] = "executed"
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

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
    how: How | None = None,
    on_cell: OnCell | None = None,
    on_wait: Callable[[], None] | None = None,
    **options: Any,
) -> Result:
    """Runs a playbook and puts its report into `reports/CYCLE/SLUG/`.

    Parameters
    ----------
    languages : iterable of str, optional
        Codes, the primary one first; default the workspace's.
    how : How, optional
        Or its fields by name.
    on_cell : callable, optional
        Told of each cell before it runs.
    on_wait : callable, optional
        Called about ten times a second while another run is making the same report. Without
        it, that is an error.

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
    from opsnb.publishing.reports.store import turn

    how = how or How(**options)
    codes = chosen_languages(workspace, languages)
    clock = time.monotonic()
    changed, known, stale = _news(planned, workspace, codes, how)
    if not changed and known is not None and not stale:
        result = _kept(planned, workspace, codes)
    else:
        with turn(workspace.reports, planned.cycle, planned.slug, on_wait):
            changed, known, stale = _news(planned, workspace, codes, how)  # made meanwhile?
            if changed or known is None:
                result = _made(planned, workspace, codes, how, on_cell)
            elif stale:
                result = _drawn(planned, workspace, codes, known, how)
            else:
                result = _kept(planned, workspace, codes)
    notes = [*planned.playbook.warnings, *result.warnings]
    seconds = time.monotonic() - clock
    return replace(result, seconds=seconds, warnings=notes, changed=tuple(changed or stale))


def _news(
    planned: PlannedRun, workspace: Workspace, codes: tuple[str, ...], how: How
) -> tuple[list[str], Made | None, list[str]]:
    """What changed since the report was made last, that making, and what changed in its look."""
    from opsnb.publishing.runs import freshness

    if how.present is None:
        return ["asked for"], None, []
    made = freshness.last_made(workspace.reports, planned.cycle, planned.slug)
    if made is None:
        return ["no report yet"], None, []
    if not made.seal or freshness.seal_of(_place(planned, workspace)) != made.seal:
        return ["the last run failed" if not made.seal else "the report's own files"], None, []
    changed, now = how.present.changed(made, planned, codes)
    if changed:
        return changed, made, []
    if now != made:
        freshness.remember_made(workspace.reports, planned.cycle, planned.slug, now)
    look = freshness.look(workspace, how.pdf)
    if not how.pdf:
        look["PDF"] = made.look.get("PDF", "none")  # one that is there does no harm
    return [], now, [part for part in look if look[part] != made.look.get(part)]


def _place(planned: PlannedRun, workspace: Workspace) -> Path:
    return workspace.reports / planned.cycle / planned.slug


def _kept(planned: PlannedRun, workspace: Workspace, codes: tuple[str, ...]) -> Result:
    """The report as it is."""
    final = _place(planned, workspace)
    reports = _reports(final, codes)
    return Result(planned, final, codes, reports, None, 0.0, made="unchanged")


def _reports(place: Path, codes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """report.json by language, as it was published."""
    from opsnb.publishing.reports.reader import read_report
    from opsnb.publishing.reports.run_record import file_name

    return {code: read_report(place / file_name(code, codes[0], "json")) for code in codes}


def _drawn(
    planned: PlannedRun, workspace: Workspace, codes: tuple[str, ...], made: Made, how: How
) -> Result:
    """The report drawn again, from what its cells showed."""
    import nbformat

    from opsnb.publishing.reports.store import staging
    from opsnb.publishing.runs import freshness

    final = _place(planned, workspace)
    said = _reports(final, codes)[codes[0]]["provenance"]
    stamps = (dt.datetime.fromisoformat(said[name]) for name in ("started", "ended"))
    record = replace(
        make.record_of(planned, workspace, codes, None, *stamps),
        provenance={k: v for k, v in said.items() if k not in ("started", "ended", "seconds")},
    )
    with staging(workspace.reports, planned.cycle, planned.slug) as (new, _):
        notebook = nbformat.read(final / "notebook.ipynb", as_version=4)
        for name in ("run.log", QUERIES):
            if (final / name).is_file():
                shutil.copyfile(final / name, new / name)
        reports, warnings = make.publish_to(notebook, record, new, how.pdf)
    look = freshness.look(workspace, how.pdf)
    made = replace(made, look=look, seal=freshness.seal_of(final) or "")
    freshness.remember_made(workspace.reports, planned.cycle, planned.slug, made)
    return Result(planned, final, codes, reports, None, 0.0, warnings, made="rendered")


def _made(
    planned: PlannedRun,
    workspace: Workspace,
    codes: tuple[str, ...],
    how: How,
    on_cell: OnCell | None,
) -> Result:
    """The report made anew."""
    from opsnb.publishing.reports.store import staging

    _get_ready(how, planned.playbook)
    if how.present is not None:
        how.present.stamp_tables()
    clock = time.time()
    before = _tables_before(_place(planned, workspace))
    with staging(workspace.reports, planned.cycle, planned.slug) as (new, final):
        started = make.now()
        execution = make.execute(planned, workspace, codes, new / "run.log", how, on_cell)
        if execution.failure is not None and execution.failure.name == _CHANGED:
            execution = make.execute(planned, workspace, codes, new / "run.log", how, on_cell)
        ended = make.now()
        record = make.record_of(planned, workspace, codes, execution.failure, started, ended)
        record = replace(record, before=before)
        reports, warnings = make.publish_to(execution.notebook, record, new, how.pdf)
    if reports[codes[0]]["status"] == "failed" and (good := _last_good(final)):
        warnings.append(f"the last report that had not failed is kept in {good}/")
    if note := _remember(workspace, planned, reports):
        warnings.append(note)
    if how.present is not None:
        no_pdf = any(text.startswith(make.NO_PDF) for text in warnings)
        _note_making(planned, workspace, codes, how, execution, clock, no_pdf)
    news = tuple(map(said, reports[codes[0]]["provenance"].get("moved", ())))
    return Result(planned, final, codes, reports, record.error, 0.0, warnings, moved=news)


def _tables_before(report: Path) -> dict[str, Any]:
    """What the report's last version said of its tables; nothing where there is none."""
    try:
        return json.loads((report / "report.json").read_text(encoding="utf-8"))["tables"]
    except (OSError, ValueError, KeyError):
        return {}


def _get_ready(how: How, playbook: Playbook) -> None:
    """Has the kernels' imports begin, and beside them what the first report needs at its end."""
    if how.execute is None:
        from opsnb.publishing.execution.environment import kernel_environment
        from opsnb.publishing.kernels.client import warm_up

        wanted = how.wanted if how.wanted is not None else wanted_by(playbook.code)
        warm_up(kernel_environment({}), wanted)
    from opsnb.publishing.reports.preparation import prepare

    prepare()


def _note_making(
    planned: PlannedRun,
    workspace: Workspace,
    codes: tuple[str, ...],
    how: How,
    execution: Execution,
    started: float,
    no_pdf: bool,
) -> None:
    """Keeps what the report was made from, and what it took."""
    from opsnb.publishing.reports.collect import payloads
    from opsnb.publishing.runs import freshness

    assert how.present is not None
    reads = None
    for _, payload in payloads(execution.notebook):
        reads = payload.get("reads") or reads
    seconds = sum(
        cell.metadata.get("opsnb", {}).get("seconds", 0.0) for cell in execution.notebook.cells
    )
    made = freshness.Made(reads=reads, seconds=seconds, peak=execution.peak)
    if execution.failure is None and not how.present.moved_since(started, reads):
        look = freshness.look(workspace, how.pdf and not no_pdf)
        made = replace(made, seal=freshness.seal_of(_place(planned, workspace)) or "", look=look)
        if reads is not None:
            key = how.present.key(planned, codes, reads)
            made = replace(made, key=key, tables=how.present.tables(reads))
    freshness.remember_made(workspace.reports, planned.cycle, planned.slug, made)


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
    from opsnb.publishing.reports.collect import collect

    codes = chosen_languages(workspace, languages)
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        started = make.now()
        log = Path(folder) / "run.log"
        execution = make.execute(planned, workspace, codes, log, How(limits=limits), on_cell)
    ended = make.now()
    record = make.record_of(planned, workspace, codes, execution.failure, started, ended)
    if record.error is not None:
        raise PublishError(
            f"made again, it stops ({record.error.name}: {record.error.message})",
            where=str(planned),
            hint="run it to see the whole report: opsnb run",
        )
    return collect(execution.notebook, record)


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
    from opsnb.publishing.reports.manifest import versions

    good = (version for version in versions(report) if version.status not in (None, "failed"))
    version = next(good, None)
    return version.folder.relative_to(report).as_posix() if version else None
