"""`opsnb actions`, `opsnb decisions`, `opsnb predictions`: what people say to the ledger."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsnb.base.errors import LedgerError, ParameterError
from opsnb.cli.options import Json, the_workspace
from opsnb.cli.output import note, reported, say, say_error, table, write_json

if TYPE_CHECKING:
    from opsnb.base.ledger import Entry, Kind
    from opsnb.base.workspace import Workspace

HELP = {"help_option_names": ["-h", "--help"]}

actions = typer.Typer(
    help="Actions: add one, list them, close one, see what is due.",
    no_args_is_help=True,
    context_settings=HELP,
)
decisions = typer.Typer(
    help="Decisions: what reports ask for, and what was decided.",
    no_args_is_help=True,
    context_settings=HELP,
)
predictions = typer.Typer(
    help="Predictions: what reports expected, and what came out.",
    no_args_is_help=True,
    context_settings=HELP,
)


class Outcome(StrEnum):
    """How an entry ends."""

    done = "done"
    dropped = "dropped"


All = Annotated[bool, typer.Option("--all", "-a", help="Also those that are done or dropped.")]
Cycle = Annotated[
    str | None, typer.Option("--cycle", "-c", help="Only those of a cycle, such as 2026-10.")
]
Id = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]
On = Annotated[str, typer.Option("--on", help="The day, such as 2026-11-20; default today.")]
Note = Annotated[str, typer.Option("--note", help="What was decided, or why it was dropped.")]


@actions.command()
@reported
def add(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="What is to be done.")],
    owner: Annotated[str, typer.Option("--owner", "-o", help="Who does it.")] = "",
    due: Annotated[str, typer.Option("--due", "-d", help="Until when, such as 2026-11-20.")] = "",
    cycle: Annotated[
        str, typer.Option("--cycle", "-c", help="The cycle it comes from; default the latest.")
    ] = "latest",
    about: Annotated[
        str,
        typer.Option("--about", help="Campaign or experiment; its report opens with this."),
    ] = "",
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", "-e", help="What it rests on: a fact, a link.")
    ] = None,
    json: Json = False,
) -> None:
    """Add an action.

    Examples:

      opsnb actions add "Call the payment provider" --owner "Wang Lei" --due 2026-11-20

      opsnb actions add "Cap the coupon" --about golden_week --evidence campaign.cost
    """
    from opsnb.publishing.runs import ledger_entries

    workspace = the_workspace(context.obj)
    with _options():
        entry = ledger_entries.add_action(
            workspace,
            title,
            owner=owner,
            due=due,
            cycle=cycle,
            about=about,
            evidence=evidence or (),
        )
    _say(entry, workspace, json)


@actions.command(name="list")
@reported
def list_actions(
    context: typer.Context, every: All = False, cycle: Cycle = None, json: Json = False
) -> None:
    """List the actions that are open or late."""
    _list(the_workspace(context.obj), "action", every, cycle, json)


@actions.command()
@reported
def due(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=0, help="How many days ahead.")] = 7,
    json: Json = False,
) -> None:
    """List what is late, or falls due in the next days."""
    workspace = the_workspace(context.obj)
    last = workspace.as_of + dt.timedelta(days=days)
    found = [
        entry
        for entry in _entries(workspace, "action")
        if entry.due and entry.due <= last and entry.status(workspace.as_of) in ("open", "late")
    ]
    _show(sorted(found, key=_by_date), "action", workspace, json)


@actions.command(name="close")
@reported
def close_action(
    context: typer.Context,
    id: Id,
    status: Annotated[Outcome, typer.Option("--as", help="How it ended.")] = Outcome.done,
    on: On = "",
    note: Note = "",
    json: Json = False,
) -> None:
    """Say that an action is done, or dropped.

    Examples:

      opsnb actions close a-5f0c31d2e9

      opsnb actions close a-5f0c --as dropped --note "the vendor mended it"
    """
    _close(the_workspace(context.obj), "action", id, status, on, note, json)


@actions.command()
@reported
def reopen(context: typer.Context, id: Id, json: Json = False) -> None:
    """Take back that an action was closed."""
    workspace = the_workspace(context.obj)
    _say(workspace.ledger.reopen(id, "action"), workspace, json)


@decisions.command(name="list")
@reported
def list_decisions(
    context: typer.Context, every: All = False, cycle: Cycle = None, json: Json = False
) -> None:
    """List the decisions that are open or late."""
    _list(the_workspace(context.obj), "decision", every, cycle, json)


@decisions.command(name="close")
@reported
def close_decision(
    context: typer.Context,
    id: Id,
    answer: Annotated[str, typer.Option("--answer", help="What was decided.")] = "",
    status: Annotated[Outcome, typer.Option("--as", help="Whether it was made.")] = Outcome.done,
    on: On = "",
    json: Json = False,
) -> None:
    """Say what was decided.

    Example:

      opsnb decisions close d-81ab --answer "Repeat in spring, with a holdout of 10%"
    """
    _close(the_workspace(context.obj), "decision", id, status, on, answer, json)


@predictions.command(name="list")
@reported
def list_predictions(
    context: typer.Context,
    every: Annotated[
        bool,
        typer.Option("--all", "-a", help="Also those with an outcome, or taken back."),
    ] = False,
    cycle: Cycle = None,
    json: Json = False,
) -> None:
    """List the predictions that wait for their outcome, and say how the others came out."""
    _list(the_workspace(context.obj), "prediction", every, cycle, json)


@predictions.command()
@reported
def withdraw(
    context: typer.Context,
    id: Id,
    reason: Annotated[str, typer.Option("--reason", help="Why it counts no more.")] = "",
    json: Json = False,
) -> None:
    """Take a prediction back: it is kept and shown as withdrawn, and counts no more.

    Examples:

      opsnb predictions withdraw p-f06b0af991 --reason "amounts were read in cents"

      opsnb predictions list --cycle 2026-09
    """
    from opsnb.publishing.runs import ledger_entries

    workspace = the_workspace(context.obj)
    with _options():
        entry = ledger_entries.withdraw(workspace, id, reason)
    _say(entry, workspace, json)


@contextlib.contextmanager
def _options() -> Iterator[None]:
    """Names what is wrong as the command line calls it: `due` is `--due`."""
    try:
        yield
    except ParameterError as error:
        where = error.where if error.where == "title" else f"--{error.where}"
        raise ParameterError(error.what, where=where, hint=error.hint) from None


def _close(
    workspace: Workspace, kind: Kind, id: str, status: Outcome, on: str, note: str, json: bool
) -> None:
    from opsnb.publishing.runs import ledger_entries

    with _options():
        entry = ledger_entries.close(workspace, kind, id, status.value, on=on, note=note)
    _say(entry, workspace, json)


def _list(workspace: Workspace, kind: Kind, every: bool, cycle: str | None, json: bool) -> None:
    key = workspace.period(cycle, "month").key if cycle else None
    known = [entry for entry in _entries(workspace, kind) if key in (None, entry.cycle)]
    found = [e for e in known if every or e.status(workspace.as_of) in ("open", "late")]
    _show(sorted(found, key=_by_date), kind, workspace, json)
    if kind == "prediction" and not json:
        _scored(known)


def _entries(workspace: Workspace, kind: Kind) -> list[Entry]:
    """All of a kind; lines that cannot be read are said, and the others stand."""
    faults: list[LedgerError] = []
    found = workspace.ledger.entries(kind, taken_back=kind == "prediction", faults=faults)
    for fault in faults:
        say_error(fault)
    return found


def _by_date(entry: Entry) -> tuple[dt.date, dt.datetime]:
    return entry.due or dt.date.max, entry.added


def _say(entry: Entry, workspace: Workspace, json: bool) -> None:
    if json:
        write_json(_as_dict(entry, workspace))
    else:
        say(f"{entry.id}  {entry.status(workspace.as_of)}  {_words(entry.title, workspace)}")


def _show(found: list[Entry], kind: Kind, workspace: Workspace, json: bool) -> None:
    if json:
        write_json([_as_dict(entry, workspace) for entry in found])
    elif not found:
        note(f"No {kind}s here.")
    elif kind == "prediction":
        _predictions(found, workspace)
    else:
        rows = [
            [
                entry.id,
                entry.status(workspace.as_of),
                str(entry.due or "-"),
                _words(entry.owner, workspace) or "-",
                _words(entry.title, workspace)
                + (f" → {_words(entry.note, workspace)}" if entry.note else ""),
                entry.cycle,
            ]
            for entry in found
        ]
        table(["id", "status", "due", "owner", kind, "cycle"], rows)


def _predictions(found: list[Entry], workspace: Workspace) -> None:
    rows = [
        [
            entry.id,
            entry.status(workspace.as_of),
            str(entry.due or "-"),
            _words(entry.title, workspace)
            + (f" → {_words(entry.note, workspace)}" if entry.note else ""),
            *map(_number, (entry.value, entry.low, entry.high, entry.observed)),
        ]
        for entry in found
    ]
    columns = ["id", "status", "due", "prediction", "expected", "low", "high", "observed"]
    table(columns, rows, right=(4, 5, 6, 7))


def _scored(known: list[Entry]) -> None:
    """How the predictions came out, as the catalogue and the reports count them."""
    from opsnb.base.predictions import score, taken_back

    found = score(known)
    superseded, withdrawn = taken_back(known)
    if found.n:
        note(
            f"{found.hits} of {found.n} outcomes fell inside the range that was predicted "
            f"({found.above} above, {found.below} below)."
        )
    if superseded or withdrawn:
        note(f"Not counted: {len(superseded)} superseded, {len(withdrawn)} withdrawn by hand.")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _words(label: Any, workspace: Workspace) -> str:
    return workspace.speak().say(label) if label else ""


def _as_dict(entry: Entry, workspace: Workspace) -> dict[str, Any]:
    fields = (
        "id", "kind", "cycle", "title", "owner", "due", "closed", "note", "report", "playbook",
        "subject", "evidence", "metric", "value", "low", "high", "observed", "as_of", "inputs",
        "superseded_by",
    )  # fmt: skip
    row = {name: getattr(entry, name) for name in fields}
    return {**row, "status": entry.status(workspace.as_of), "history": list(entry.history)}
