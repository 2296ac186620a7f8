"""`opsnb list`, `show`, `doctor`: what is there, and whether the machine will do."""

from __future__ import annotations

from typing import Annotated

import typer

from opsnb.cli import results
from opsnb.cli.options import Json, near_workspace
from opsnb.cli.output import EXIT_FAILED, note, reported, say, table, warn, write_json


@reported
def list_playbooks(context: typer.Context, json: Json = False) -> None:
    """List the playbooks."""
    from opsnb.publishing.playbooks.playbook import Playbook

    playbooks = Playbook.all(near_workspace(context.obj))
    if json:
        write_json([results.playbook_json(playbook) for playbook in playbooks])
        return
    if not playbooks:
        note("No playbooks yet: put notebooks into the workspace's playbooks/ folder.")
        return
    rows = [[p.name, p.title, p.subject or p.period, ", ".join(p.needs) or "-"] for p in playbooks]
    table(["playbook", "title", "for each", "needs"], rows)


@reported
def show(
    context: typer.Context,
    playbook: Annotated[str, typer.Argument(help="A name from opsnb list, or a path to .ipynb.")],
    json: Json = False,
) -> None:
    """Show a playbook: purpose, parameters, tables.

    Example:

      opsnb show ab_readout
    """
    from opsnb.publishing.playbooks.playbook import Playbook

    workspace = near_workspace(context.obj)
    loaded = Playbook.load(playbook, workspace)
    if json:
        write_json({**results.playbook_json(loaded), "parameters": results.parameters_json(loaded)})
        return
    say(f"{loaded.title}\n{'=' * len(loaded.title)}")
    if loaded.purpose:
        say(loaded.purpose)
    say()
    rows = [
        [p.name, p.shown_type, "required" if p.required else repr(p.default), p.help]
        for p in loaded.parameters
    ]
    if rows:
        table(["parameter", "type", "default", "meaning"], rows)
    else:
        say("It has no parameters.")
    for label, names in (("Needs", loaded.needs), ("Uses where mapped", loaded.optional)):
        if names:
            say(f"\n{label}: {', '.join(results.mapped(name, workspace) for name in names)}")
    required = [f" -p {p.name}=ID" for p in loaded.parameters if p.required]
    say(f"\nRun it: opsnb run {loaded.name}{''.join(required)}")
    for text in loaded.warnings:
        warn(text)


@reported
def doctor(context: typer.Context, json: Json = False) -> None:
    """Check this machine.

    Packages, fonts, PDF engine, a kernel that starts, the workspace, the disk.
    """
    from opsnb.cli.doctor import diagnose

    points = []
    for point in diagnose(context.obj):
        points.append(point)
        if not json:
            say(f"{point.status:<5}{point.name}: {point.detail}")
            if point.fix and point.status != "OK":
                say(f"     Fix: {point.fix}")
    if json:
        write_json([point.as_dict() for point in points])
    if any(point.status == "FAIL" for point in points):
        raise typer.Exit(EXIT_FAILED)
