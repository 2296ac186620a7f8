"""`opsnb init`, `opsnb sample`: workspaces are laid down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from opsnb.base.errors import WorkspaceError
from opsnb.cli.options import Json, the_workspace
from opsnb.cli.output import note, reported, say, shown, table, write_json


@reported
def init(
    folder: Annotated[
        Path | None, typer.Argument(help="A new or empty folder; default this one.")
    ] = None,
) -> None:
    """Lay down a new workspace.

    Example:

      opsnb init our-shop
    """
    from opsnb.cli.map import lay_out
    from opsnb.cli.workspace_files import lay_down

    place = folder or Path.cwd()
    for path in lay_down(place):
        say(shown(path))
    if sys.stdin.isatty():
        question = "Where are your data? A folder, a file or a URL; Enter: map them later"
        if source := str(typer.prompt(question, default="", show_default=False, err=True)).strip():
            lay_out(place, source, {}, asks=True)
            return
    note("Next: opsnb map FOLDER (or a file, or a URL of a database), then opsnb check")


@reported
def sample(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(help="Lay the sample company down here; default: renew its data in place."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, another history.")
    ] = None,
    json: Json = False,
) -> None:
    """Build the sample company's data, and what it remembers of earlier cycles.

    Examples:

      opsnb sample

      opsnb sample lantern-market
    """
    from opsnb.cli.progress import progress
    from opsnb.cli.workspace_files import is_sample, lay_down_sample
    from opsnb.sample import build
    from opsnb.sample.memory import remember

    if folder is not None:
        lay_down_sample(folder)
        context.obj = folder
    workspace = the_workspace(context.obj)
    if not is_sample(workspace):
        raise WorkspaceError(
            "this workspace is not the sample company's, so nothing was written",
            where=str(workspace.root),
            hint="name a new folder: opsnb sample lantern-market",
        )
    chosen = {} if seed is None else {"seed": seed}
    with progress("Building the sample company", quiet=json) as bar:
        built = build(workspace.root, progress=bar.stage, **chosen)
    if seed is None:  # another history has other figures to remember
        remember(workspace.ledger.folder)
    if json:
        write_json(built)
        return
    table(["table", "rows"], [[n, f"{count:,}"] for n, count in built["rows"].items()], right=(1,))
    say(shown(Path(built["folder"])))
    note("Next: opsnb check, then opsnb cycle latest")
