"""A papermill engine that keeps a true record.

Stock papermill marks every cell completed after a killed kernel, a timeout or Ctrl-C, keeps
all that is printed in memory and in the notebook, and has no limit on a whole run. This
engine differs in these points only; parameters and outputs are papermill's and nbclient's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from opsnb.publishing.execution.environment import kernel_environment
from opsnb.publishing.execution.kernel import kernel_manager
from opsnb.publishing.execution.kernel_group import Kernels, scratch
from opsnb.publishing.execution.limits import Limits
from opsnb.publishing.execution.watchdog import Watchdog

_ENGINE = "opsnb"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_INJECTED = "injected-parameters"
_PRINTED_LIMIT = 2_000_000
"""Characters of a run's printed output that the log keeps."""


@dataclass(frozen=True)
class Failure:
    """What stopped a notebook: the cell (None before the first), and why."""

    cell_id: str | None
    name: str
    message: str


@dataclass
class Execution:
    """An executed notebook, and what became of it.

    Attributes
    ----------
    notebook : NotebookNode
        With outputs; each code cell's `metadata.opsnb` has its true status (`completed`,
        `failed`, `pending` where it never ran) and seconds.
    failure : Failure or None
    counts : dict
        Code cells by status.
    peak : int
        Most memory that the kernel held, in bytes.
    """

    notebook: NotebookNode
    failure: Failure | None = None
    counts: dict[str, int] = field(default_factory=dict)
    peak: int = 0


class Log(Protocol):
    """What a run's log has to do; a text file does it."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


OnCell = Callable[[int, int, NotebookNode], None]
"""Called before each cell with its position from 0, the number of cells, and the cell."""


class Execute(Protocol):
    """What executes a notebook: `execute`, or something that does it elsewhere."""

    def __call__(
        self,
        notebook: NotebookNode,
        parameters: Mapping[str, Any],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Log,
        limits: Limits,
        kernels: Kernels,
        on_cell: OnCell | None = None,
    ) -> Execution: ...


def execute(
    notebook: NotebookNode,
    parameters: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Log,
    limits: Limits,
    kernels: Kernels,
    on_cell: OnCell | None = None,
) -> Execution:
    """Executes a notebook in a kernel of its own, up to its first failing cell.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed; the executed one is a copy with the parameters' cell inserted.
    parameters : mapping
        Values; papermill writes them into the inserted cell as literals.
    environment : mapping
        Added to this process's environment for the kernel.
    folder : Path
        The kernel's working directory.
    log : Log
        Gets what cells print; those outputs do not stay in the notebook.
    limits : Limits
    kernels : Kernels
        Lets another thread stop the run.
    on_cell : callable, optional

    Raises
    ------
    KeyboardInterrupt
        The run was interrupted; its kernel is gone.
    """
    _quiet_papermill()
    watch = _Watch(log, limits, kernels, on_cell)
    with scratch() as folder_of_sockets:
        watch.manager = kernel_manager(Path(folder_of_sockets))
        with kernels.holding(watch.manager), watch.guarded() as watchdog:
            with contextlib.suppress(_Over):
                execute_notebook(
                    notebook,
                    None,
                    dict(parameters),
                    engine_name=_ENGINE,
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    watch=watch,
                    start={
                        # its temporary files go with the run, even where it is killed
                        "env": kernel_environment({**environment, "TMPDIR": folder_of_sockets}),
                        "cwd": str(folder),
                    },
                )
            if kernels.stopped:
                raise KeyboardInterrupt
    return watch.result(watchdog.peak)


def _quiet_papermill() -> None:
    """Papermill's log would print paths of this machine to the terminal."""
    for name in ("papermill", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if papermill_engines._engines.get(_ENGINE) is None:
        papermill_engines.register(_ENGINE, _Engine)


class _Over(Exception):
    """The watch has the executed notebook: papermill would now write it out for nobody."""


class _Watch:
    """What one execution knows: its notebook, its limits, its failure."""

    def __init__(self, log: Log, limits: Limits, kernels: Kernels, on_cell: OnCell | None) -> None:
        self.log, self.limits, self.kernels, self.on_cell = log, limits, kernels, on_cell
        self.manager: Any = None
        self.notebook: NotebookNode | None = None
        self.failure: Failure | None = None
        self.watchdog: Watchdog | None = None
        self._printed = 0
        self._shown: tuple[int, int] = (-1, 0)

    def guarded(self) -> Watchdog:
        manager = self.manager
        self.watchdog = Watchdog(self.limits, lambda: manager.process, manager.kill)
        return self.watchdog

    def cell_starts(self, index: int, cell: NotebookNode) -> None:
        if self.kernels.stopped:
            raise KeyboardInterrupt
        if self.on_cell is not None and self.notebook is not None:
            self.on_cell(index, len(self.notebook.cells), cell)
        if cell.cell_type == "code":
            self.log.write(f"--- cell {cell.get('id', index)}\n")
            if self.watchdog is not None:
                self.watchdog.look()

    def printed(self, name: str, text: str) -> None:
        room = _PRINTED_LIMIT - self._printed
        if room <= 0:
            return
        self._printed += len(text)
        self.log.write(text if len(text) <= room else text[:room])
        if self._printed >= _PRINTED_LIMIT:
            self.log.write(f"\n[the rest is left out: over {_PRINTED_LIMIT:,} characters]\n")
        self.log.flush()

    def failed(self, cell: NotebookNode | None, name: str, message: str) -> None:
        if self.watchdog is not None and self.watchdog.verdict is not None:
            name, message = self.watchdog.verdict
        self.failure = Failure(cell.get("id") if cell is not None else None, name, message)
        self.log.write(f"{name}: {message}\n")

    def fits(self, index: int, data: Any) -> bool:
        """Whether a cell may show this too."""
        cell, shown = self._shown
        shown = (shown if cell == index else 0) + _size(data)
        self._shown = (index, shown)
        if not self.limits.output or shown <= self.limits.output * 2**20:
            return True
        self.log.write(f"[an output is left out: over {self.limits.output} MB in one cell]\n")
        return False

    def result(self, peak: int) -> Execution:
        assert self.notebook is not None
        counts: dict[str, int] = {}
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                status = cell.metadata.get("opsnb", {}).get("status", "pending")
                counts[status] = counts.get(status, 0) + 1
        return Execution(self.notebook, self.failure, counts, peak)


def _size(data: Any) -> int:
    """Characters of what an output holds, roughly."""
    if isinstance(data, str):
        return len(data)
    if isinstance(data, Mapping):
        return sum(map(_size, data.values()))
    return sum(map(_size, data)) if isinstance(data, list) else 8


class _Engine(Engine):
    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, *, watch: _Watch, start: dict[str, Any], **_: Any
    ) -> NotebookNode:
        # papermill records its input here, which is the whole notebook
        nb.metadata.papermill.pop("input_path", None)
        nb.metadata.papermill.pop("output_path", None)
        for cell in nb.cells:
            if _INJECTED in cell.metadata.get("tags", []):
                cell.id = _INJECTED  # papermill gives it another one each time
        watch.notebook = nb
        record = _Record(nb, progress_bar=False)
        record.notebook_start()
        try:
            client = _Client(
                record,
                km=watch.manager,
                watch=watch,
                kernel_name=kernel_name,
                timeout=watch.limits.cell or None,
                startup_timeout=watch.limits.start,
                shutdown_kernel="immediate",
            )
            client.execute(**start)
        finally:
            record.notebook_complete()
        raise _Over


class _Record(NotebookExecutionManager):
    """papermill's record of a run, with cells that never ran left `pending`."""

    def notebook_complete(self, **kwargs: Any) -> None:
        self.end_time = self.now()
        timing = self.nb.metadata.papermill
        timing["end_time"] = self.end_time.isoformat()
        timing["duration"] = (self.end_time - self.start_time).total_seconds()


class _Client(PapermillNotebookClient):
    def __init__(self, record: _Record, *, watch: _Watch, **kwargs: Any) -> None:
        super().__init__(record, **kwargs)
        self.watch = watch
        self.owns_km = True  # so that it is cleaned up with the client's channels

    def execute(self, **start: Any) -> NotebookNode:
        self.reset_execution_trackers()
        started = False
        try:
            with self.setup_kernel(**start):
                started = True
                self.papermill_execute_cells()
                self.set_widgets_metadata()
        except (RuntimeError, OSError) as error:
            if started and isinstance(error, OSError):
                raise  # the log cannot be written, say
            if self.watch.failure is None:
                self.watch.failed(None, "KernelStart", f"the kernel did not start ({error})")
        executed: NotebookNode = self.nb
        return executed

    def papermill_execute_cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            self.watch.cell_starts(index, cell)
            self.nb_man.cell_start(cell, index)
            started = time.monotonic()
            ended_well = self._run(cell, index)
            if cell.cell_type == "code":
                status = "completed" if self.watch.failure is None else "failed"
                seconds = round(time.monotonic() - started, 3)
                cell.metadata["opsnb"] = {"status": status, "seconds": seconds}
            if not ended_well:
                break

    def _run(self, cell: NotebookNode, index: int) -> bool:
        """Executes one cell; False where the notebook ends with it."""
        try:
            self.execute_cell(cell, index)
            self.nb_man.cell_complete(cell, cell_index=index)
            return True
        except CellExecutionError as error:
            if error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
                cell.outputs = [out for out in cell.outputs if out.output_type != "error"]
                self.nb_man.cell_complete(cell, cell_index=index)
                return False  # the playbook ended itself
            self.watch.log.write(_ANSI.sub("", error.traceback) + "\n")
            self.watch.failed(cell, error.ename, error.evalue)
        except CellTimeoutError:
            self.watch.failed(
                cell,
                "CellTimeout",
                f"the cell took longer than {self.watch.limits.cell} s and was stopped",
            )
        except (DeadKernelError, asyncio.CancelledError):
            self.watch.failed(
                cell, "KernelDied", "the kernel died in this cell; often it is out of memory"
            )
        self.nb_man.cell_exception(cell, cell_index=index)
        return False

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: Any, cell_index: int) -> Any:
        """What is printed goes to the log; everything else stays with the cell."""
        if msg["msg_type"] == "stream":
            self.watch.printed(msg["content"]["name"], msg["content"]["text"])
            return None
        shown = msg["content"].get("data")
        if shown is not None and not self.watch.fits(cell_index, shown):
            note = f"[output left out: over {self.watch.limits.output} MB in one cell]"
            msg = {**msg, "content": {**msg["content"], "data": {"text/plain": note}}}
        return super().output(outs, msg, display_id, cell_index)
