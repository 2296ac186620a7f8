"""One run of a playbook: bind, execute, publish, and put the report in place.

Executing, rendering and putting in place are separate: a failing cell still makes a report
(of status `failed`), a PDF that cannot be made does not cost the page, and whatever goes
wrong the report of an earlier run stays.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from opsnb.base.errors import LedgerError, PublishError
from opsnb.base.json_text import read_json
from opsnb.base.workspace import Workspace
from opsnb.publishing.kernels.preload import wanted_by
from opsnb.publishing.reports.formats import Format, chosen_formats
from opsnb.publishing.reports.row_changes import said
from opsnb.publishing.reports.run_record import file_name
from opsnb.publishing.runs import make
from opsnb.publishing.runs.make import QUERIES, OnCell, RunOptions
from opsnb.publishing.runs.plan import PlannedRun, chosen_languages
from opsnb.publishing.runs.proposals import making_of, record, standing

if TYPE_CHECKING:
    from opsnb.base.seam import Status
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import Execution
    from opsnb.publishing.reports import RunError
    from opsnb.publishing.reports.write import Published
    from opsnb.publishing.runs.freshness import Made

__all__ = ["Result", "RunOptions", "rerun", "run"]

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
    formats : tuple of Format
        What it was asked for in, the page first.
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
    formats: tuple[Format, ...] = ()

    @property
    def status(self) -> Status:
        """ready, provisional, skipped, invalid or failed."""
        status: Status = self.reports[self.languages[0]]["status"]
        return status

    @property
    def reason(self) -> str | None:
        return self.reports[self.languages[0]].get("reason")

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    def files(self, *formats: str) -> list[Path]:
        """The report's files in some formats (by name; default all it was asked for) that are
        there, primary language first; `json` is its record."""
        known = {each.name: (each.stems[0], each.extension) for each in self.formats}
        kinds = [known.get(name, ("report", name)) for name in formats or known]
        names = [
            file_name(code, self.languages[0], extension, stem)
            for code in self.languages
            for stem, extension in kinds
        ]
        return [self.folder / name for name in names if (self.folder / name).is_file()]


def run(
    planned: PlannedRun,
    workspace: Workspace,
    *,
    languages: Iterable[str] | None = None,
    options: RunOptions | None = None,
    on_cell: OnCell | None = None,
    on_wait: Callable[[], None] | None = None,
    **fields: Any,
) -> Result:
    """Runs a playbook and puts its report into `reports/CYCLE/SLUG/`.

    Parameters
    ----------
    languages : iterable of str, optional
        Codes, the primary one first; default the workspace's.
    options : RunOptions, optional
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
    from opsnb.publishing.reports.store import report_lock

    options = options or RunOptions(**fields)
    codes = chosen_languages(workspace, languages)
    formats = chosen_formats(workspace, options.formats)
    job = _Job(planned, workspace, codes, options, formats)
    clock = time.monotonic()
    changed, known, stale = job.changes()
    if not changed and known is not None and not stale:
        result = job.unchanged()
    else:
        with report_lock(workspace.reports, planned.cycle, planned.slug, on_wait):
            changed, known, stale = job.changes()  # made meanwhile?
            if changed or known is None:
                result = job.execute(on_cell)
            elif stale:
                result = job.draw_again(known)
            else:
                result = job.unchanged()
    notes = [*planned.playbook.warnings, *result.warnings]
    seconds = time.monotonic() - clock
    return replace(result, seconds=seconds, warnings=notes, changed=tuple(changed or stale))


@dataclass(frozen=True)
class _Job:
    """One report to make: what was planned, and in which languages and formats."""

    planned: PlannedRun
    workspace: Workspace
    codes: tuple[str, ...]
    options: RunOptions
    formats: tuple[Format, ...]

    @property
    def place(self) -> Path:
        """The report's folder."""
        return self.workspace.reports / self.planned.cycle / self.planned.slug

    def changes(self) -> tuple[list[str], Made | None, list[str]]:
        """What changed since the report was made last, that making, and what changed in its
        look."""
        from opsnb.publishing.runs import freshness

        current, reports = self.options.current, self.workspace.reports
        if current is None:
            return ["asked for"], None, []
        made = freshness.last_made(reports, self.planned.cycle, self.planned.slug)
        if made is None:
            return ["no report yet"], None, []
        if not made.seal or freshness.seal_of(self.place) != made.seal:
            failed = "the last run failed" if not made.seal else "the report's own files"
            return [failed], None, []
        changed, now = current.changed(made, self.planned, self.codes)
        if changed:
            return changed, made, []
        if now != made:
            self._remember_making(now)
        # a format that is there and not asked for does no harm
        look = freshness.look(self.workspace, self.formats)
        return [], now, [part for part in look if look[part] != made.look.get(part)]

    def unchanged(self) -> Result:
        """The report as it is."""
        return self._result(self._records(), made="unchanged")

    def draw_again(self, made: Made) -> Result:
        """The report drawn again, from what its cells showed."""
        import nbformat

        from opsnb.publishing.reports.store import staging

        planned, workspace = self.planned, self.workspace
        said = self._records()[self.codes[0]]["provenance"]
        stamps = (dt.datetime.fromisoformat(said[name]) for name in ("started", "ended"))
        record = replace(
            make.record_of(planned, workspace, self.codes, None, *stamps),
            provenance={k: v for k, v in said.items() if k not in ("started", "ended", "seconds")},
        )
        with staging(workspace.reports, planned.cycle, planned.slug) as (new, final):
            notebook = nbformat.read(final / "notebook.ipynb", as_version=4)
            for name in ("run.log", QUERIES):
                if (final / name).is_file():
                    shutil.copyfile(final / name, new / name)
            published = make.publish_to(notebook, record, new, self.formats)
        self._remember_making(replace(made, **self._as_published(published)))
        warnings = make.warnings_of(published)
        return self._result(published.reports, warnings=warnings, made="rendered")

    def execute(self, on_cell: OnCell | None) -> Result:
        """The report made anew."""
        from opsnb.publishing.reports.store import staging

        planned, workspace, codes = self.planned, self.workspace, self.codes
        self._warm_up()
        if self.options.current is not None:
            self.options.current.stamp_tables()
        clock = time.time()
        before = _tables_before(self.place)
        with staging(workspace.reports, planned.cycle, planned.slug) as (new, final):
            started, log = make.now(), new / "run.log"
            execution = make.execute(planned, workspace, codes, log, self.options, on_cell)
            if execution.failure is not None and execution.failure.name == _CHANGED:
                execution = make.execute(planned, workspace, codes, log, self.options, on_cell)
            ended = make.now()
            record = make.record_of(planned, workspace, codes, execution.failure, started, ended)
            record = replace(record, before=before)
            published = make.publish_to(execution.notebook, record, new, self.formats)
        reports, warnings = published.reports, make.warnings_of(published)
        if reports[codes[0]]["status"] == "failed" and (good := _last_good(final)):
            warnings.append(f"the last report that had not failed is kept in {good}/")
        if note := _write_ledger(workspace, planned, reports):
            warnings.append(note)
        self._note_making(execution, clock, published)
        moved = tuple(map(said, reports[codes[0]]["provenance"].get("moved", ())))
        return self._result(reports, error=record.error, warnings=warnings, moved=moved)

    def _result(
        self, reports: dict[str, dict[str, Any]], error: RunError | None = None, **more: Any
    ) -> Result:
        formats = self.formats
        return Result(
            self.planned, self.place, self.codes, reports, error, 0.0, formats=formats, **more
        )

    def _records(self) -> dict[str, dict[str, Any]]:
        """report.json by language, as it was published."""
        from opsnb.publishing.reports.reader import read_report

        names = {code: file_name(code, self.codes[0], "json") for code in self.codes}
        return {code: read_report(self.place / name) for code, name in names.items()}

    def _warm_up(self) -> None:
        """Has the kernels' imports begin, and beside them what a report needs at its end."""
        options = self.options
        if options.execute is None:
            from opsnb.publishing.execution.environment import kernel_environment
            from opsnb.publishing.kernels.client import warm_up

            wanted = options.wanted
            if wanted is None:
                wanted = wanted_by(self.planned.playbook.code)
            warm_up(kernel_environment({}), wanted)
        from opsnb.publishing.reports.preparation import prepare

        prepare(self.formats)

    def _note_making(self, execution: Execution, started: float, published: Published) -> None:
        """Keeps what the report was made from, and what it took."""
        from opsnb.publishing.reports.collect import payloads
        from opsnb.publishing.runs import freshness

        current = self.options.current
        if current is None:
            return
        reads = None
        for _, payload in payloads(execution.notebook):
            reads = payload.get("reads") or reads
        seconds = sum(
            cell.metadata.get("opsnb", {}).get("seconds", 0.0) for cell in execution.notebook.cells
        )
        made = freshness.Made(reads=reads, seconds=seconds, peak=execution.peak)
        if execution.failure is None and not current.moved_since(started, reads):
            made = replace(made, **self._as_published(published))
            if reads is not None:
                key = current.key(self.planned, self.codes, reads)
                made = replace(made, key=key, tables=current.tables(reads))
        self._remember_making(made)

    def _as_published(self, published: Published) -> dict[str, Any]:
        """Seal and look of what has just been published."""
        from opsnb.publishing.runs import freshness

        drawn = [each for each in self.formats if each not in published.failed]
        look = freshness.look(self.workspace, drawn)
        return {"seal": freshness.seal_of(self.place) or "", "look": look}

    def _remember_making(self, made: Made) -> None:
        from opsnb.publishing.runs import freshness

        freshness.remember_made(self.workspace.reports, self.planned.cycle, self.planned.slug, made)


def _tables_before(report: Path) -> dict[str, Any]:
    """What the report's last version said of its tables; nothing where there is none."""
    try:
        said = read_json((report / "report.json").read_text(encoding="utf-8"))
        tables: dict[str, Any] = said["tables"]
        return tables
    except (OSError, ValueError, KeyError):
        return {}


def rerun(
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

    codes, options = chosen_languages(workspace, languages), RunOptions(limits=limits)
    with tempfile.TemporaryDirectory(prefix="opsnb-") as folder:
        started = make.now()
        log = Path(folder) / "run.log"
        execution = make.execute(planned, workspace, codes, log, options, on_cell)
    ended = make.now()
    record = make.record_of(planned, workspace, codes, execution.failure, started, ended)
    if record.error is not None:
        raise PublishError(
            f"made again, it stops ({record.error.name}: {record.error.message})",
            where=str(planned),
            hint="run it to see the whole report: opsnb run",
        )
    return collect(execution.notebook, record)


def _write_ledger(
    workspace: Workspace, planned: PlannedRun, reports: dict[str, dict[str, Any]]
) -> str | None:
    """Adds the report to the ledger; the report stands where that fails, and a warning says so.

    Another tells of predictions that the ledger holds with other numbers than the report's.
    """
    ledger, place = workspace.ledger, f"{planned.cycle}/{planned.slug}"
    try:
        record(ledger, reports, place, making_of(workspace, next(iter(reports.values()))))
        kept = standing(ledger, reports, place)
    except LedgerError as error:
        return f"the ledger was not written: {error}"
    if not kept:
        return None
    return (
        f"{len(kept)} predictions stand as they were first registered, with other numbers than "
        f"in this report ({', '.join(entry.id for entry in kept[:3])}{', ...' * (len(kept) > 3)}); "
        "to take one back: opsnb predictions withdraw ID"
    )


def _last_good(report: Path) -> str | None:
    """Where the newest version of a report lies that had not failed."""
    from opsnb.publishing.reports.manifest import versions

    good = (version for version in versions(report) if version.status not in (None, "failed"))
    version = next(good, None)
    return version.folder.relative_to(report).as_posix() if version else None
