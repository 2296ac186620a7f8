"""The data gate of a workspace: what the contracts of its tables find, and what is on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from opsnb.analysis.tables.recorded import record_issues, record_of
from opsnb.analysis.tables.table import open_table
from opsnb.analysis.tables.table_report import LEVELS, TableReport
from opsnb.base.errors import OpsnbError, TableError
from opsnb.base.workspace import Workspace


def report_of(workspace: Workspace, name: str) -> TableReport:
    """What the gate says of a table, the days that it lacks included.

    Raises
    ------
    TableError, ContractError, SourceError
        It cannot be opened or read.
    """
    report = open_table(workspace, name).report
    more = tuple(record_issues(record_of(workspace, name)))
    if not more:
        return report
    issues = sorted((*report.issues, *more), key=lambda issue: -LEVELS.index(issue.level))
    return replace(report, issues=tuple(issues))


def check(workspace: Workspace, names: Iterable[str] | None = None) -> list[TableReport]:
    """The data gate: a report a table, of the mapped tables or those named.

    Raises
    ------
    TableError, SourceError
        Tables that cannot be opened or read at all; one error tells of every one.
    """
    reports: list[TableReport] = []
    failed: list[OpsnbError] = []
    for name in workspace.tables if names is None else names:
        try:
            reports.append(report_of(workspace, name))
        except OpsnbError as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    if failed:
        lines = "\n".join(f"  {error}" for error in failed)
        raise TableError(f"{len(failed)} tables cannot be checked:\n{lines}", where="opsnb.toml")
    return reports
