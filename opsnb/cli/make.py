"""`opsnb run`, `opsnb cycle`, `opsnb index`: reports are made."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from opsnb.base.errors import WorkspaceError
from opsnb.cli import results
from opsnb.cli.interrupts import stoppable
from opsnb.cli.options import (
    Formats,
    Json,
    Languages,
    NoPdf,
    codes_of,
    fingerprint_of_data,
    formats_of,
    ids_in_data,
    parameters_of,
    reach_of_data,
    the_workspace,
)
from opsnb.cli.output import EXIT_FAILED, reported, say, shown, warn, write_json

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


class Open(StrEnum):
    """Whether to open a report in the browser."""

    yes = "yes"
    no = "no"


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
    format: Formats = None,
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
    from opsnb.publishing.execution.kernel_group import Kernels
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.playbooks.playbook import Playbook
    from opsnb.publishing.reports.formats import chosen_formats
    from opsnb.publishing.runs.freshness import CurrentState
    from opsnb.publishing.runs.index import index_reports
    from opsnb.publishing.runs.plan import chosen_languages, plan
    from opsnb.publishing.runs.run import RunOptions
    from opsnb.publishing.runs.run import run as run_playbook

    workspace = the_workspace(context.obj)
    workspace.accessible |= accessible
    codes = chosen_languages(workspace, codes_of(language))
    formats = chosen_formats(workspace, formats_of(format, no_pdf))
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
    options = RunOptions(
        formats=[each.name for each in formats],
        limits=Limits(cell=cell_timeout, run=timeout, memory=memory),
        kernels=kernels,
        current=CurrentState(workspace, always=True),
    )
    with progress(str(planned), quiet=json) as bar:
        result = stoppable(
            lambda: run_playbook(
                planned, workspace, languages=codes, options=options, on_cell=bar.cell
            ),
            kernels.stop,
        )
    index, warnings = index_reports(workspace, codes)
    for text in [*workspace.broken_plans, *result.warnings, *warnings]:
        warn(text)
    if json:
        write_json(results.run_json(result, workspace, index))
    else:
        results.say_run(result, index)
    if open is Open.yes:
        typer.launch(result.files("html")[0].as_uri())
    if result.failed:
        raise typer.Exit(EXIT_FAILED)


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
    format: Formats = None,
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
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.remote import place
    from opsnb.publishing.runs.cycle import expand, run_cycle
    from opsnb.publishing.runs.plan import settled

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
            formats=formats_of(format, no_pdf),
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


@reported
def index(context: typer.Context, language: Languages = "") -> None:
    """Write the index of all reports again."""
    from opsnb.publishing.runs.index import index_reports
    from opsnb.publishing.runs.plan import chosen_languages

    workspace = the_workspace(context.obj)
    path, warnings = index_reports(workspace, chosen_languages(workspace, codes_of(language)))
    if path is None:
        raise WorkspaceError(
            warnings[0] if warnings else "there is no index to write",
            where="reports",
            hint="make a report first: opsnb cycle latest",
        )
    say(shown(path))
