"""What options mean: the workspace, parameters, languages."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsnb.base.errors import ParameterError
from opsnb.base.traits import SUBJECTS

if TYPE_CHECKING:
    from opsnb.base.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout and nothing else.")]
Languages = Annotated[
    str, typer.Option("--language", "-l", help="en, zh or en,zh (the first is the primary one).")
]

Formats = Annotated[
    list[str] | None,
    typer.Option("--format", "-f", help="html, pdf, or a plug-in's; default those of opsnb.toml."),
]
NoPdf = Annotated[
    bool, typer.Option("--no-pdf", help="Make pages only; much quicker. Short for --format html.")
]


def the_workspace(path: Path | None) -> Workspace:
    """The workspace that `--workspace`, the environment or the folder names."""
    from opsnb.base.workspace import Workspace

    return Workspace.load(path)


def near_workspace(path: Path | None) -> Workspace | None:
    """The workspace; None where none is named and none is near."""
    from opsnb.base.workspace import FILE

    here = Path.cwd()
    near = any((folder / FILE).is_file() for folder in (here, *here.parents))
    named = path is not None or os.environ.get("OPSNB_WORKSPACE")
    return the_workspace(path) if named or near else None


def codes_of(language: str) -> list[str]:
    """`en,zh` as a list."""
    return [code.strip() for code in language.split(",") if code.strip()]


def formats_of(given: list[str] | None, no_pdf: bool) -> list[str] | None:
    """The formats that options name; None for those of opsnb.toml.

    Raises
    ------
    ParameterError
        Both options are given, or no format is named.
    """
    if not given:
        return [] if no_pdf else None
    if no_pdf:
        raise ParameterError(
            "--format and --no-pdf are both given", where="--no-pdf", hint="leave one of them out"
        )
    names = [name for text in given for name in codes_of(text)]
    if not names:
        raise ParameterError(
            "no format is named",
            where="--format",
            hint="write --format html for pages alone, or leave it out for those of opsnb.toml",
        )
    return names


def parameters_of(pairs: list[str]) -> dict[str, str]:
    """`name=value` pairs as a dict; what is said twice or not at all is an error."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ParameterError(
                f'"{pair}" is not name=value',
                where="-p",
                hint="write -p experiment=checkout_one_page, without spaces around =",
            )
        if name in given:
            raise ParameterError(f'"{name}" is given twice', where="-p", hint="give it once")
        given[name] = value
    return given


def ids_in_data(workspace: Workspace) -> dict[str, Callable[[], Iterator[str]]]:
    """By subject type, a callable that reads the data's ids; the analysis half is loaded then."""

    def ids(kind: str) -> Iterator[str]:
        from opsnb.cli.data_gate import ids_in_data

        yield from ids_in_data(workspace, kind)

    return {kind: functools.partial(ids, kind) for kind in SUBJECTS}


def fingerprint_of_data(workspace: Workspace) -> Callable[[str], str | None]:
    """A callable that asks the data for a table's fingerprint, as they are now."""

    def fingerprint(table: str) -> str | None:
        from opsnb.analysis.tables import open_table

        return open_table(workspace, table).report.fingerprint

    return fingerprint


def reach_of_data(workspace: Workspace) -> Callable[[], dt.date | None]:
    """A callable that asks the data for their last day; the analysis half is loaded then."""

    @functools.cache
    def reach() -> dt.date | None:
        from opsnb.publishing.runs.freshness import remembered_day

        def ask() -> dt.date | None:
            from opsnb.analysis.metrics.data_range import last_day

            return last_day(workspace)

        return remembered_day(workspace, ask)

    return reach
