"""`opsnb diff`: two reports side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsnb.cli.options import Json, near_workspace
from opsnb.cli.output import note, reported, shown, table, warn, write_json

if TYPE_CHECKING:
    from opsnb.base.messages import Language
    from opsnb.publishing.runs.diff import Comparison

Report = Annotated[
    str, typer.Argument(metavar="REPORT", help="A report's folder, its report.json, or CYCLE/SLUG.")
]


@reported
def diff(
    context: typer.Context,
    before: Report,
    after: Report,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page here as well.")] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="en or zh.")] = "en",
    json: Json = False,
) -> None:
    """Compare two reports.

    Fact by fact: before, after, difference, whether the intervals overlap; what is new or gone;
    and which parameters, data, code or definitions changed.

    Examples:

      opsnb diff 2026-09/monthly-retrospective 2026-10/monthly-retrospective

      opsnb diff 2026-10/demo/versions/v1 2026-10/demo --html diff.html
    """
    from opsnb.base.messages import Language
    from opsnb.publishing.reports.reader import read_report
    from opsnb.publishing.reports.run_record import write_atomic
    from opsnb.publishing.runs.diff import compare, diff_page

    workspace = near_workspace(context.obj)
    folder = workspace.reports if workspace is not None else Path()
    reports = [
        read_report(path if (path := Path(name)).exists() else folder / name)
        for name in (before, after)
    ]
    spoken = workspace.speak(language) if workspace is not None else Language(language)
    found = compare(*reports)
    if html is not None:
        write_atomic(html, diff_page(found, spoken))
    if json:
        write_json(found.as_dict())
        return
    say_comparison(found, spoken)
    if html is not None:
        print(shown(html))


def say_comparison(found: Comparison, spoken: Language) -> None:
    """The comparison as tables on stdout."""
    from opsnb.publishing.runs.diff import basis_rows, fact_rows, value_text

    if found.warned:
        warn(spoken.text("diff.warning"))
    say = spoken.text
    if found.basis:
        heads = [say("diff.what"), say("diff.before"), say("diff.after")]
        table(heads, basis_rows(found, spoken))
    if found.changed:
        names = ("fact", "before", "after", "difference", "intervals")
        table([say(f"diff.{name}") for name in names], fact_rows(found, spoken), right=(1, 2, 3))
    for kind, facts in (("new", found.new), ("gone", found.gone)):
        if facts:
            rows = [[fact["key"], value_text(fact, spoken)] for fact in facts]
            table([say(f"diff.{kind}"), ""], rows, right=(1,))
    note(say("diff.same", count=found.same) if found.changed else say("diff.none"))
