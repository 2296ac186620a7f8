"""`opsnb verify`: is a report what was published, and would it come out again?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsnb.cli.diff import say_comparison
from opsnb.cli.options import Json, ids_in_data, near_workspace, the_workspace
from opsnb.cli.output import EXIT_FAILED, note, reported, table, write_json

if TYPE_CHECKING:
    from opsnb.publishing.runs.diff import Comparison


@reported
def verify(
    context: typer.Context,
    report: Annotated[
        str, typer.Argument(metavar="REPORT", help="A report's folder, or CYCLE/SLUG.")
    ],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Make it again beside, and compare every fact.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a report's files against its manifest.

    Each kept version too: files changed, missing or added, and the chain of manifests. With
    --rerun the report is made again from the same parameters, without publishing it.

    Examples:

      opsnb verify 2026-10/monthly-retrospective

      opsnb verify 2026-10/monthly-retrospective/versions/v1 --rerun

    The exit code is 1 when a file is not as it was published, or a result came out otherwise.
    """
    from opsnb.base.messages import Language
    from opsnb.cli.progress import progress
    from opsnb.publishing.runs.verify import compare_with_rerun
    from opsnb.publishing.runs.verify import verify as verify_files

    workspace = near_workspace(context.obj)
    folder = Path(report)
    if not folder.exists() and workspace is not None:
        folder = workspace.reports / report
    checked = verify_files(folder)
    again = None
    if rerun:
        workspace = the_workspace(context.obj)
        with progress(f"Again: {report}", quiet=json) as bar:
            again = compare_with_rerun(
                folder, workspace, known=ids_in_data(workspace), on_cell=bar.cell
            )
    differs = again is not None and bool(again.changed or again.new or again.gone)
    if json:
        versions = [version.as_dict() for version in checked]
        write_json({"versions": versions, "rerun": again.as_dict() if again else None})
    else:
        rows = [
            [
                row.place,
                str(row.version.number),
                f"{row.version.published:%Y-%m-%d %H:%M} UTC",
                row.version.status or "-",
                "\n".join(f"{trouble}: {name}" for trouble, name in row.faults) or "OK",
            ]
            for row in checked
        ]
        table(["place", "version", "published", "status", "files"], rows)
        if again is not None:
            spoken = workspace.speak() if workspace is not None else Language("en")
            say_comparison(again, spoken)
            note(f"Made again: {_outcome(again)}")
    if differs or any(row.faults for row in checked):
        raise typer.Exit(EXIT_FAILED)


def _outcome(again: Comparison) -> str:
    if again.changed:
        return "results differ."
    return (
        "other results are new or gone." if again.new or again.gone else "every result is the same."
    )
