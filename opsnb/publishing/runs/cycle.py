"""A cycle: every report that `[[cycles.*]]` of opsnb.toml asks for, side by side.

One report that fails, or cannot even be planned, does not keep the others from being made.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import itertools
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from opsnb.base.core_share import tell_running
from opsnb.base.errors import OpsnbError, WorkspaceError
from opsnb.base.periods import Kind, Period
from opsnb.base.workspace import CycleConfig, Workspace
from opsnb.publishing.kernels.preload import wanted_by
from opsnb.publishing.playbooks.parameters import Known
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.reports.formats import chosen_formats
from opsnb.publishing.runs.cycle_marker import under_way
from opsnb.publishing.runs.index import renew_index
from opsnb.publishing.runs.plan import PlannedRun, Reach, chosen_languages, plan, settled
from opsnb.publishing.runs.run import Result, RunOptions, run

if TYPE_CHECKING:
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import Execute
    from opsnb.publishing.runs.freshness import Fingerprint


_LATEST_FIRST: tuple[Kind, ...] = ("month", "week", "quarter", "year")
"""The kind that `latest` means: the first of these that opsnb.toml asks reports for."""


@dataclass(frozen=True)
class Entry:
    """One report that a cycle asks for.

    Attributes
    ----------
    playbook : str
        Name, as opsnb.toml has it.
    cycle : str
    subject : str or None
        Campaign or experiment id, where the entry is `for_each`.
    parameters : dict
        From opsnb.toml.
    """

    playbook: str
    cycle: str
    kind: Literal["experiment", "campaign"] | None = None
    subject: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.playbook} {self.subject}" if self.subject else self.playbook


@dataclass(frozen=True)
class Progress:
    """What happens to one report: it starts, waits, comes to a cell, or ends.

    `section` is the heading that a cell stands under, or what is waited for.
    """

    entry: Entry
    event: Literal["start", "wait", "cell", "end"]
    cell: int = 0
    cells: int = 0
    section: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one report: a result, or the error that kept it from being made."""

    entry: Entry
    result: Result | None = None
    error: Exception | None = None

    @property
    def status(self) -> str:
        """The report's status; `failed` also where there is no report."""
        return self.result.status if self.result is not None else "failed"

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    @property
    def reason(self) -> str | None:
        """Why it is not ready, in a line or two."""
        if self.error is None:
            return self.result.reason if self.result is not None else None
        if isinstance(self.error, OpsnbError):
            return str(self.error)
        return f"{type(self.error).__name__}: {self.error}"


@dataclass(frozen=True)
class CycleResult:
    """The roll-up of a cycle, in the order of opsnb.toml.

    `resumed` is when an earlier making of it began that was stopped or killed.
    """

    cycle: str
    outcomes: list[Outcome]
    seconds: float
    index: Path | None = None
    warnings: list[str] = field(default_factory=list)
    resumed: dt.datetime | None = None

    @property
    def finished_before(self) -> int:
        """Number of reports that did not have to be made."""
        made = [o.result.made for o in self.outcomes if o.result is not None]
        return made.count("unchanged")

    @property
    def failed(self) -> bool:
        return any(outcome.failed for outcome in self.outcomes)

    @property
    def counts(self) -> dict[str, int]:
        """Number of reports by status."""
        found: dict[str, int] = {}
        for outcome in self.outcomes:
            found[outcome.status] = found.get(outcome.status, 0) + 1
        return found


def expand(
    workspace: Workspace, cycle: str = "latest", *, reach: Reach | None = None
) -> list[Entry]:
    """The reports that a cycle asks for, in the order of opsnb.toml.

    Parameters
    ----------
    cycle : str
        `2026-10`, `2026-W44`, `2026-Q4`, `2026`; `latest` is the last complete month, or the
        last complete period of the shortest kind where no month is configured.
    reach : callable, optional
        The last day that the data hold: `latest` does not go beyond it.

    Raises
    ------
    PeriodError
        There is no such cycle.
    WorkspaceError
        opsnb.toml asks for nothing in cycles of this kind.
    """
    kinds = [name for name in _LATEST_FIRST if name in workspace.cycles]
    kind: Kind = kinds[0] if kinds else "month"
    period = workspace.period(settled(cycle, kind, workspace, reach))
    if period.kind not in workspace.cycles:
        known = f"there are entries for: {', '.join(kinds)}" if kinds else "there are none yet"
        raise WorkspaceError(
            f"no report is asked for in a {period.kind} such as {period.key}",
            where="opsnb.toml",
            hint=f"add [[cycles.{period.kind}]] with a playbook; {known}",
        )
    return [
        entry
        for config in workspace.cycles[period.kind]
        for entry in _entries(config, period, workspace)
    ]


def _entries(config: CycleConfig, period: Period, workspace: Workspace) -> list[Entry]:
    parameters = dict(config.parameters)
    if config.for_each is None:
        return [Entry(config.playbook, period.key, parameters=parameters)]
    plans = workspace.experiments if config.for_each == "experiment" else workspace.campaigns
    return [
        Entry(config.playbook, period.key, config.for_each, subject, parameters)
        for subject, planned in plans.items()
        if planned.end is not None and period.contains(planned.end)
    ]


def run_cycle(
    workspace: Workspace,
    entries: list[Entry],
    *,
    languages: Iterable[str] | None = None,
    formats: Iterable[str] | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    known: Known | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    always: bool = False,
    fingerprint: Fingerprint | None = None,
    execute: Execute | None = None,
) -> CycleResult:
    """Makes every report of a cycle that is not as it would come out, and the index of all.

    So a cycle that was stopped goes on where it stopped. A report that another cycle is making
    at the time is waited for, and made here only where it is then not as it would come out.

    Parameters
    ----------
    entries : list of Entry
        From `expand`.
    formats : iterable of str, optional
        Output formats by name, beside the page; default those of opsnb.toml.
    jobs : int, optional
        Reports made side by side; default the number of cores. Those that took longest last
        time come first; one whose memory would not fit waits.
    on_progress : callable, optional
        Called one at a time, from the threads that make the reports.
    always : bool
        Makes the reports that are unchanged, too.
    fingerprint : callable, optional
        Asked for a table whose files have changed or whose data lie on a server; without it
        such a table counts as changed.
    execute : callable, optional
        Executes notebooks in another place; see `opsnb.publishing.execution.remote`.

    Raises
    ------
    KeyboardInterrupt
        The cycle was interrupted; no kernel is left, finished reports stay. Its text says how
        many.
    """
    from opsnb.publishing.execution.kernel_group import Kernels, scratch
    from opsnb.publishing.execution.memory_queue import Room, release_memory
    from opsnb.publishing.runs.freshness import CurrentState

    started = time.monotonic()
    codes = chosen_languages(workspace, languages)
    names = [each.name for each in chosen_formats(workspace, formats)]
    kernels, telling = Kernels(), threading.Lock()
    current = CurrentState(workspace, fingerprint, always=always)
    stack = contextlib.ExitStack()
    shared = stack.enter_context(scratch()) if execute is None and len(entries) > 1 else None
    rows = _longest_first(entries, workspace, known)
    code = [each.playbook.code for _, each, _ in rows if isinstance(each, PlannedRun)]
    wanted = wanted_by(itertools.chain(*code))
    options = RunOptions(names, limits, kernels, current, execute, shared, wanted)
    room = Room(
        stopped=lambda: kernels.stopped,
        on_change=functools.partial(tell_running, Path(shared)) if shared else lambda count: None,
    )

    def tell(progress: Progress) -> None:
        if on_progress is not None:
            with telling:
                on_progress(progress)

    def wait_for_other(entry: Entry) -> None:
        if kernels.stopped:
            raise KeyboardInterrupt
        tell(Progress(entry, "wait", section="another run of it"))

    def make(entry: Entry, planned: PlannedRun | Exception, need: int) -> Outcome:
        if kernels.stopped:
            raise KeyboardInterrupt
        tell(Progress(entry, "start"))
        try:
            if isinstance(planned, Exception):
                raise planned
            with room.taking(need, lambda: tell(Progress(entry, "wait", section="memory"))):
                result = run(
                    planned,
                    workspace,
                    languages=codes,
                    options=options,
                    on_cell=lambda i, n, section: tell(Progress(entry, "cell", i, n, section)),
                    on_wait=lambda: wait_for_other(entry),
                )
            outcome = Outcome(entry, result)
        except Exception as error:
            outcome = Outcome(entry, error=error)
        release_memory()
        tell(Progress(entry, "end", outcome=outcome))
        return outcome

    cycle = entries[0].cycle if entries else ""
    resumed = stack.enter_context(under_way(workspace.reports, cycle)) if entries else None
    with stack, ThreadPoolExecutor(jobs or os.cpu_count() or 1, "report") as pool:
        futures = {
            place: pool.submit(make, entries[place], planned, need) for place, planned, need in rows
        }
        try:
            _wait(list(futures.values()))
        except BaseException as stopped:
            kernels.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(stopped, KeyboardInterrupt):
                raise KeyboardInterrupt(_how_far(futures.values())) from None
            raise
        outcomes = [futures[place].result() for place in range(len(entries))]
        made = [o.result.made if o.result is not None else "failed" for o in outcomes]
        unchanged = bool(made) and set(made) == {"unchanged"}
        index, warnings = renew_index(workspace, codes, unchanged=unchanged)
        warnings = [*workspace.broken_plans, *warnings]
    seconds = time.monotonic() - started
    return CycleResult(cycle, outcomes, seconds, index, warnings, resumed)


def _how_far(futures: Collection[Future[Outcome]]) -> str:
    """What an interrupted cycle has done."""
    ended = [f for f in futures if f.done() and not f.cancelled() and f.exception() is None]
    made = sum(not future.result().failed for future in ended)
    return (
        f"Interrupted: nothing is left running; {made} of {len(futures)} reports are finished, "
        "and the same command makes the others."
    )


def _longest_first(
    entries: list[Entry], workspace: Workspace, known: Known | None
) -> list[tuple[int, PlannedRun | Exception, int]]:
    """Each entry's place, its run or why it cannot be, and the bytes it needed last time.

    The longest of last time come first, after those of which nothing is known: started last,
    a long one would end alone. Of the unknown, those with most code cells come first.
    """
    from opsnb.publishing.runs.freshness import like_made

    rows: list[tuple[float, int, int, PlannedRun | Exception, int]] = []
    for place, entry in enumerate(entries):
        try:
            planned = plan_entry(entry, workspace, known)
        except Exception as error:
            rows.append((0.0, 0, place, error, 0))
            continue
        made = like_made(workspace.reports, planned.cycle, planned.slug)
        cells = sum(cell["cell_type"] == "code" for cell in planned.playbook.cells)
        seconds, peak = (made.seconds, made.peak) if made else (float("inf"), 0)
        rows.append((seconds, cells, place, planned, peak))
    rows.sort(key=lambda row: (-row[0], -row[1], row[2]))
    return [row[2:] for row in rows]


def plan_entry(entry: Entry, workspace: Workspace, known: Known | None = None) -> PlannedRun:
    """The run that an entry asks for.

    Raises
    ------
    OpsnbError
        There is no such playbook, or its parameters are wrong.
    """
    playbook = Playbook.load(entry.playbook, workspace)
    params = dict(entry.parameters)
    if entry.kind is not None:
        parameter = playbook.parameter_of_type(entry.kind)
        if parameter is None:
            raise WorkspaceError(
                f'for_each = "{entry.kind}", but playbook "{playbook.name}" has no parameter '
                "of that type",
                where="opsnb.toml",
                hint="remove for_each, or choose another playbook",
            )
        params[parameter.name] = entry.subject
    return plan(playbook, params, workspace, cycle=entry.cycle, known=known)


def _wait(futures: list[Future[Outcome]]) -> None:
    """Waits in short steps, so that Ctrl-C is heard on every platform."""
    pending = set(futures)
    while pending:
        _, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
