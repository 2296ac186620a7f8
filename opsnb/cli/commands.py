"""The commands. Each reads its options, calls one half or the other, and shows the result."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opsnb.cli import results
from opsnb.cli.interrupts import stoppable
from opsnb.cli.options import (
    codes_of,
    fingerprint_of_data,
    ids_in_data,
    near_workspace,
    parameters_of,
    reach_of_data,
    the_workspace,
)
from opsnb.cli.output import EXIT_FAILED, note, reported, say, shown, table, warn, write_json
from opsnb.errors import WorkspaceError

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


class Open(StrEnum):
    """Whether to open a report in the browser."""

    yes = "yes"
    no = "no"


Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout and nothing else.")]
Languages = Annotated[
    str, typer.Option("--language", "-l", help="en, zh or en,zh (the first is the primary one).")
]
NoPdf = Annotated[bool, typer.Option("--no-pdf", help="Make pages only; much quicker.")]
Accessible = Annotated[
    bool, typer.Option("--accessible", help="Tag PDFs for screen readers (PDF/UA); slower.")
]
Memory = Annotated[
    int, typer.Option("--memory", min=0, help="Megabytes for a report's kernel; 0 for no limit.")
]
CellTimeout = Annotated[
    int, typer.Option("--cell-timeout", min=0, help="Seconds for one cell; 0 for no limit.")
]
Timeout = Annotated[
    int, typer.Option("--timeout", min=0, help="Seconds for a whole report; 0 for no limit.")
]


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


@app.command()
@reported
def run(
    context: typer.Context,
    playbook: Annotated[str, typer.Argument(help="A name from opsnb list, or a path to .ipynb.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="name=value; give it once for each parameter."),
    ] = None,
    cycle: Annotated[
        str | None, typer.Option("--cycle", "-c", help="2026-10, 2026-W44, 2026-Q4 or latest.")
    ] = None,
    language: Languages = "",
    no_pdf: NoPdf = False,
    accessible: Accessible = False,
    json: Json = False,
    open: Annotated[Open, typer.Option("--open", help="Open the page when it is made.")] = Open.no,
    cell_timeout: CellTimeout = 1800,
    timeout: Timeout = 7200,
    memory: Memory = 0,
) -> None:
    """Run one playbook and write its report.

    Examples:

      opsnb run ab_readout -p experiment=checkout_one_page

      opsnb run monthly_retrospective --cycle 2026-10 --language zh,en

    Exit codes: 0 done, 1 the report says failed, 2 a mistake to mend, 130 interrupted.
    """
    from opsnb.cli.progress import progress
    from opsnb.cycle import index_reports
    from opsnb.execution.group import Kernels
    from opsnb.execution.limits import Limits
    from opsnb.playbook import Playbook
    from opsnb.run import How
    from opsnb.run import run as run_playbook
    from opsnb.runplan import chosen_languages, plan
    from opsnb.unchanged import Present

    workspace = the_workspace(context.obj)
    workspace.accessible |= accessible
    codes = chosen_languages(workspace, codes_of(language))
    loaded = Playbook.load(playbook, workspace)
    planned = plan(
        loaded,
        parameters_of(parameter or []),
        workspace,
        cycle=cycle,
        known=ids_in_data(workspace),
        reach=reach_of_data(workspace),
    )
    kernels = Kernels()
    how = How(
        pdf=not no_pdf,
        limits=Limits(cell=cell_timeout, run=timeout, memory=memory),
        kernels=kernels,
        present=Present(workspace, always=True),
    )
    with progress(str(planned), quiet=json) as bar:
        result = stoppable(
            lambda: run_playbook(planned, workspace, languages=codes, how=how, on_cell=bar.cell),
            kernels.stop,
        )
    index, warnings = index_reports(workspace, codes)
    for text in [*result.warnings, *warnings]:
        warn(text)
    if json:
        write_json(results.run_json(result, workspace, index))
    else:
        results.say_run(result, index)
    if open is Open.yes:
        typer.launch(result.files("html")[0].as_uri())
    if result.failed:
        raise typer.Exit(EXIT_FAILED)


@app.command(name="cycle")
@reported
def make_cycle(
    context: typer.Context,
    cycle: Annotated[str, typer.Argument(help="2026-10, 2026-W44, 2026-Q4 or latest.")] = "latest",
    language: Languages = "",
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Reports side by side; 0: one a core.")
    ] = 0,
    always: Annotated[
        bool, typer.Option("--always", help="Make the reports that are unchanged, too.")
    ] = False,
    on: Annotated[
        str,
        typer.Option("--on", metavar="URL", help="Run on a Dask cluster: dask://scheduler:8786."),
    ] = "",
    plan: Annotated[
        bool, typer.Option("--plan", help="Run nothing; write the runs as JSON for a scheduler.")
    ] = False,
    no_pdf: NoPdf = False,
    accessible: Accessible = False,
    json: Json = False,
    cell_timeout: CellTimeout = 1800,
    timeout: Timeout = 7200,
    memory: Memory = 0,
) -> None:
    """Make all reports of a cycle.

    Examples:

      opsnb cycle latest

      opsnb cycle 2026-10 --jobs 4 --no-pdf

      opsnb cycle latest --plan

    opsnb.toml says which, under [[cycles.month]] and the like. One that fails does not
    keep the others from being made; the exit code is then 1. A report that would come out
    the same is not made again.
    """
    from opsnb.cli.progress import progress
    from opsnb.cycle import expand, run_cycle
    from opsnb.execution.limits import Limits
    from opsnb.execution.remote import place
    from opsnb.runplan import settled

    workspace = the_workspace(context.obj)
    workspace.accessible |= accessible
    reach = reach_of_data(workspace)
    entries = expand(workspace, cycle, reach=reach)
    period = entries[0].cycle if entries else settled(cycle, "month", workspace, reach)
    if plan:
        write_json(results.plan_json(entries, workspace, period, ids_in_data(workspace)))
        return
    with progress(f"Cycle {period}", len(entries), quiet=json) as bar, place(on) as execute:
        rolled = run_cycle(
            workspace,
            entries,
            languages=codes_of(language),
            pdf=not no_pdf,
            jobs=jobs or None,
            limits=Limits(cell=cell_timeout, run=timeout, memory=memory),
            known=ids_in_data(workspace),
            on_progress=bar.cycle,
            always=always,
            fingerprint=fingerprint_of_data(workspace),
            execute=execute,
        )
    if json:
        write_json(results.cycle_json(rolled, workspace, period))
    else:
        results.say_cycle(rolled, period)
    if rolled.failed:
        raise typer.Exit(EXIT_FAILED)


@app.command(name="list")
@reported
def list_playbooks(context: typer.Context, json: Json = False) -> None:
    """List the playbooks."""
    from opsnb.playbook import Playbook

    playbooks = Playbook.all(near_workspace(context.obj))
    if json:
        write_json([results.playbook_json(playbook) for playbook in playbooks])
        return
    if not playbooks:
        note("No playbooks yet: put notebooks into the workspace's playbooks/ folder.")
        return
    rows = [[p.name, p.title, p.subject or p.period, ", ".join(p.needs) or "-"] for p in playbooks]
    table(["playbook", "title", "for each", "needs"], rows)


@app.command()
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
    from opsnb.playbook import Playbook

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


@app.command()
@reported
def check(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="Tables, or with --privacy playbooks; default all.", metavar="NAMES"),
    ] = None,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="What reports would expose of people instead.")
    ] = False,
    language: Languages = "",
    json: Json = False,
) -> None:
    """Check the mapped tables.

    Rows, dates, freshness, quarantined rows, and what breaks the contract, the worst first.

    With --privacy: columns that look personal, texts with addresses or numbers of people in
    them, groups below min_cell, small populations.

    Examples:

      opsnb check

      opsnb check orders assignments --json

      opsnb check --privacy monthly_retrospective --language zh

    The exit code is 1 when a table is blocked.
    """
    from opsnb.cli.gate import COLUMNS, check_tables
    from opsnb.cli.progress import progress

    workspace = the_workspace(context.obj)
    if privacy:
        from opsnb.cli.privacy import say_exposure

        say_exposure(workspace, tables or [], codes_of(language), json)
        return
    with progress("Checking", quiet=json) as bar:
        gate = check_tables(workspace, tables or [], bar.stage)
    if json:
        write_json(gate.as_dict())
    elif not gate.rows:
        note("No tables are mapped yet: add [tables.orders] and others to opsnb.toml.")
    else:
        table(COLUMNS, gate.rows, right=(1, 5))
        say("\n".join(["", *gate.lines] if gate.lines else []))
    if gate.blocked:
        raise typer.Exit(EXIT_FAILED)


@app.command()
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
    from opsnb.cli.begin import lay_down

    for path in lay_down(folder or Path.cwd()):
        say(shown(path))
    note("Next: map your tables in opsnb.toml, then opsnb check")


@app.command()
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
    from opsnb.cli.begin import is_sample, lay_down_sample
    from opsnb.cli.progress import progress
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


@app.command()
@reported
def index(context: typer.Context, language: Languages = "") -> None:
    """Write the index of all reports again."""
    from opsnb.cycle import index_reports
    from opsnb.runplan import chosen_languages

    workspace = the_workspace(context.obj)
    path, warnings = index_reports(workspace, chosen_languages(workspace, codes_of(language)))
    if path is None:
        raise WorkspaceError(
            warnings[0] if warnings else "there is no index to write",
            where="reports",
            hint="make a report first: opsnb cycle latest",
        )
    say(shown(path))


@app.command()
@reported
def doctor(context: typer.Context, json: Json = False) -> None:
    """Check this machine.

    Packages, fonts, PDF engine, a kernel that starts, the workspace, the disk.
    """
    from opsnb.doctor import diagnose

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
