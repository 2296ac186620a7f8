"""Progress of long work on a terminal; quiet elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from opsnb.publishing.runs.cycle import Outcome
from opsnb.publishing.runs.cycle import Progress as CycleProgress


class Bar(Protocol):
    """Where progress is told."""

    def stage(self, name: str) -> None: ...

    def cell(self, index: int, count: int, section: str) -> None: ...

    def cycle(self, progress: CycleProgress) -> None: ...


class Quiet:
    """Says nothing."""

    def stage(self, name: str) -> None:
        pass

    def cell(self, index: int, count: int, section: str) -> None:
        pass

    def cycle(self, progress: CycleProgress) -> None:
        pass


class _Terminal:
    """One line for a run; in a cycle, one line for each report under way and the total."""

    def __init__(self, bars: Any, title: str, total: int | None) -> None:
        self._bars = bars
        self._main = bars.add_task(title, total=total, detail="starting")
        self._tasks: dict[str, Any] = {}

    def stage(self, name: str) -> None:
        self._bars.update(self._main, detail=name)

    def cell(self, index: int, count: int, section: str) -> None:
        detail = f"cell {index + 1} of {count}: {section}"
        self._bars.update(self._main, completed=index, total=count, detail=detail)

    def cycle(self, progress: CycleProgress) -> None:
        name = str(progress.entry)
        if progress.event == "start":
            self._tasks[name] = self._bars.add_task(f"  {name}", total=None, detail="starting")
        elif progress.event == "wait":
            self._bars.update(self._tasks[name], detail=f"waits for {progress.section}")
        elif progress.event == "cell":
            detail = f"cell {progress.cell + 1} of {progress.cells}: {progress.section}"
            self._bars.update(
                self._tasks[name], completed=progress.cell, total=progress.cells, detail=detail
            )
        elif progress.outcome is not None:
            self._bars.remove_task(self._tasks.pop(name))
            line = f"  {progress.outcome.status:<12}{name}{_made(progress.outcome)}"
            self._bars.console.print(line, highlight=False)
            self._bars.update(self._main, advance=1, detail="")


def _made(outcome: Outcome) -> str:
    result = outcome.result
    return f" ({result.made})" if result is not None and result.made != "executed" else ""


@contextlib.contextmanager
def progress(title: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Bar]:
    """A progress display on stderr while the block runs, where stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield Quiet()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Terminal(bars, title, total)
