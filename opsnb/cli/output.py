"""What the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from opsnb.base.credentials import Secrets
from opsnb.base.errors import OpsnbError
from opsnb.base.unsafe_text import visible
from opsnb.cli import interrupts

EXIT_FAILED, EXIT_MISTAKE = 1, 2

P = ParamSpec("P")
Result = TypeVar("Result")


def reported(command: Callable[P, Result]) -> Callable[P, Result]:
    """A command whose mistakes become a message and an exit code instead of a traceback."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Result:
        with interrupts.command():
            return _guarded(lambda: command(*args, **kwargs))

    return guarded


def _guarded(command: Callable[[], Result]) -> Result:
    try:
        return command()
    except OpsnbError as error:
        say_error(error)
        raise typer.Exit(EXIT_MISTAKE) from None
    except KeyboardInterrupt as stopped:
        note(str(stopped) or interrupts.SAID)
        raise typer.Exit(interrupts.EXIT_INTERRUPTED) from None
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # what DuckDB makes of a signal
            raise
        note(interrupts.SAID)
        raise typer.Exit(interrupts.EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # `opsnb list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        say_error(_of_system(error))
        raise typer.Exit(EXIT_MISTAKE) from None


def _of_system(error: OSError) -> OpsnbError:
    """What the system refused, as a mistake that can be mended."""
    place = shown(Path(os.fsdecode(error.filename))) if error.filename else ""
    return OpsnbError(
        f"the system refused ({error.strerror or error})",
        where=place,
        hint="check its permissions, and the free space on its disk",
    )


def _fit(text: str) -> str:
    """The text without secrets, and without characters that act on a terminal."""
    return visible(Secrets().hidden(text))


def say_error(error: OpsnbError) -> None:
    """The error as a panel on a terminal, as plain lines elsewhere; on stderr."""
    if not sys.stderr.isatty():
        note(f"opsnb: {error}")
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    body = Text(_fit(f"{error.where}: {error.what}" if error.where else error.what))
    if error.hint:
        body.append("\n\nFix: ", style="bold")
        body.append(_fit(error.hint))
    title = type(error).__name__.removesuffix("Error").lower() or "error"
    Console(stderr=True).print(Panel(body, title=f"{title} error", border_style="red"))


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    print(_fit(text), file=sys.stderr)


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    print(_fit(text), flush=True)


def warn(text: str) -> None:
    note(f"warning: {text}")


def write_json(value: Any) -> None:
    """The value as the only thing on stdout."""
    print(_fit(json.dumps(value, ensure_ascii=False, indent=2, default=str)))


def shown(path: Path) -> str:
    """The path relative to the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


def table(columns: list[str], rows: list[list[str]], *, right: tuple[int, ...] = ()) -> None:
    """A table on stdout; as wide as its contents where stdout is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(columns):
        grid.add_column(_fit(name), justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(_fit(cell), style=_STYLES.get(cell, "")) for cell in row))
    width = None if sys.stdout.isatty() else 500
    Console(width=width).print(grid)


_STYLES = {
    "OK": "green", "WARN": "yellow", "FAIL": "bold red",
    "ready": "green", "provisional": "yellow", "skipped": "yellow",
    "invalid": "bold red", "failed": "bold red",
    "clean": "green", "note": "cyan", "warn": "yellow", "block": "bold red",
    "unreadable": "bold red",
}  # fmt: skip
