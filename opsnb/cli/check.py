"""`opsnb check`: everything that can fail later, in one run, the worst first."""

from __future__ import annotations

import functools
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsnb.base.errors import WorkspaceError
from opsnb.cli.options import Json, Languages, codes_of, the_workspace
from opsnb.cli.output import EXIT_FAILED, EXIT_MISTAKE, note, reported, say, table, write_json

if TYPE_CHECKING:
    from opsnb.base.concerns import Concern
    from opsnb.base.workspace import Workspace
    from opsnb.cli.data_gate import Gate


@reported
def check(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tables, or parts: metrics, plans, ledger, cycles, people; with --privacy "
            "playbooks. Default all.",
            metavar="NAMES",
        ),
    ] = None,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="What reports would expose of people instead.")
    ] = False,
    language: Languages = "",
    json: Json = False,
) -> None:
    """Check everything that can fail later, at once, the worst first, each with its fix.

    The tables: rows, dates, freshness, what breaks the contract and the values that do. Beside
    them the definitions of metrics, plans, targets, events and notes, the ledger, parameters of
    cycles and the tables that their playbooks need, and columns that look personal.

    With --privacy: columns that look personal, texts with addresses or numbers of people in
    them, groups below min_cell, small populations.

    Examples:

      opsnb check

      opsnb check orders assignments --json

      opsnb check plans metrics

      opsnb check --privacy monthly_retrospective --language zh

    Exit codes: 0 nothing blocks, 1 something blocks, 2 there is no workspace that can be read.
    """
    if privacy:
        from opsnb.cli.privacy import say_exposure

        say_exposure(the_workspace(context.obj), tables or [], codes_of(language), json)
        return
    workspace, wrong = _loaded(context.obj)
    gate = _gate(workspace, wrong, tables or [], quiet=json)
    if json:
        write_json(gate.as_dict())
    else:
        _show(gate, any_table=workspace is None or bool(workspace.tables))
    if workspace is None:
        raise typer.Exit(EXIT_MISTAKE)
    if gate.blocked:
        raise typer.Exit(EXIT_FAILED)


def _loaded(path: Path | None) -> tuple[Workspace | None, list[Concern]]:
    """The workspace as far as it can be read, and what is wrong with its files.

    Raises
    ------
    WorkspaceError
        There is none.
    """
    from opsnb.base.concerns import of_error
    from opsnb.base.workspace import FILE, METRICS, Workspace
    from opsnb.base.workspace.file import find

    place = find(path)
    try:
        return Workspace.load(place), []
    except WorkspaceError as error:
        wrong = error
    try:
        return Workspace.load(place, own_metrics=False), [*of_error(wrong, "metrics", file=METRICS)]
    except WorkspaceError as error:
        from opsnb.analysis.readiness.plan_files import unreadable

        return None, [*of_error(error, "workspace", file=FILE), *unreadable(place.parent)]


def _gate(
    workspace: Workspace | None, wrong: list[Concern], names: list[str], *, quiet: bool
) -> Gate:
    """What is found of the tables and parts named; of a workspace that cannot be read, that."""
    from opsnb.base.concerns import worst_first
    from opsnb.cli.data_gate import Gate, check_tables
    from opsnb.cli.progress import progress

    if workspace is None:
        return Gate([], {}, worst_first(wrong))
    parts = _parts(workspace)
    own = [name for name in names if name in parts and name not in workspace.tables]
    tables = [name for name in names if name not in own]
    with progress("Checking", quiet=quiet) as bar:
        found: list[Concern] = list(wrong) if not names else []
        gate = Gate([], {})
        if tables or not own:
            gate = check_tables(workspace, tables, bar.stage)
        for name in own if names else parts:
            bar.stage(name)
            found += parts[name]()
    return Gate(gate.reports, gate.unreadable, worst_first(found))


def _parts(workspace: Workspace) -> dict[str, Callable[[], Iterator[Concern]]]:
    """What is looked at beside the tables, by name."""
    from opsnb.analysis.readiness import SUBJECTS, Known
    from opsnb.publishing.runs.cycle_check import cycle_concerns

    known = Known(workspace)
    parts: dict[str, Callable[[], Iterator[Concern]]] = {
        name: functools.partial(of, known) for name, of in SUBJECTS.items()
    }
    return parts | {"cycles": functools.partial(cycle_concerns, workspace)}


def _show(gate: Gate, *, any_table: bool) -> None:
    from opsnb.cli.data_gate import COLUMNS

    if gate.rows:
        table(COLUMNS, gate.rows, right=(1, 5))
    elif not any_table:
        note("No tables are mapped yet: add [tables.orders] and others to opsnb.toml.")
    lines = gate.lines
    if gate.rows and lines:
        say()
    for line in lines:
        say(_wrapped(line))
    if any_table or lines:
        say(f"{chr(10) if lines else ''}{gate.summary}")


def _wrapped(line: str) -> str:
    """The line within a terminal's width; whole where something else reads it."""
    if not sys.stdout.isatty():
        return line
    indent = " " * 12
    width = max(shutil.get_terminal_size((80, 24)).columns, 40)
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False)
