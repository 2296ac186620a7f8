"""All commands, under one name; each has a module that reads its options and shows the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsnb.cli import check, definitions, diff, init, inspect, ledger, make, map, serve, verify
from opsnb.cli.output import say

__all__ = ["app"]

app = typer.Typer(
    name="opsnb",
    help="Playbooks for user-operations teams: notebooks that come out as decision-ready "
    "reports, in English and Chinese.",
    epilog="Start with: opsnb sample, then opsnb check, then opsnb cycle latest",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        import opsnb

        say(f"opsnb {opsnb.__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="Folder of opsnb.toml; default OPSNB_WORKSPACE, else the nearest one upwards.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    context.obj = workspace


app.command()(make.run)
app.command(name="cycle")(make.make_cycle)
app.command(name="list")(inspect.list_playbooks)
app.command()(inspect.show)
app.command()(check.check)
app.command()(init.init)
app.command()(init.sample)
app.command(name="import")(definitions.import_)
app.command(name="map")(map.map_tables)
app.command()(make.index)
app.command()(inspect.doctor)
app.command()(diff.diff)
app.command()(serve.serve)
app.command()(verify.verify)
app.add_typer(ledger.actions, name="actions")
app.add_typer(ledger.decisions, name="decisions")
app.add_typer(ledger.predictions, name="predictions")
