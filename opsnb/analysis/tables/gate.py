"""The data gate of a workspace: what the contracts of its tables find, and what is on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from opsnb.analysis.tables.day_share import hour_issues
from opsnb.analysis.tables.recorded import record_issues, record_of
from opsnb.analysis.tables.row_level import collapse_at_end, goes_on
from opsnb.analysis.tables.shared_ids import with_shared_ids
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
    table = open_table(workspace, name)
    report = table.report
    more = tuple(record_issues(record_of(workspace, name), table.contract))
    if (moment := table.contract.moment) is not None:
        days, zone = table.days.values(), workspace.timezone
        more += tuple(hour_issues(days, table.hours, moment, zone))
    if not more:
        return report
    issues = sorted((*report.issues, *more), key=lambda issue: -LEVELS.index(issue.level))
    return replace(report, issues=tuple(issues))


def check(
    workspace: Workspace,
    names: Iterable[str] | None = None,
    beside: Iterable[TableReport] = (),
) -> list[TableReport]:
    """The data gate: a report a table, of the mapped tables or those named.

    Parameters
    ----------
    beside : iterable of TableReport
        Of tables inspected before, whose ids those of the named ones may have to meet.

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
    return compared(workspace, reports, beside)


def compared(
    workspace: Workspace, reports: Iterable[TableReport], beside: Iterable[TableReport] = ()
) -> list[TableReport]:
    """Reports of single tables, with what takes more than a table's one scan.

    That is whether rows have collapsed, and whether ids are those of the other tables (`beside`:
    of tables inspected before).
    """
    reports, beside = list(reports), list(beside)
    tables = {one.table: open_table(workspace, one.table) for one in (*reports, *beside)}
    for n, report in enumerate(reports):
        table = tables[report.table]
        if report.rows and goes_on(table.contract):
            rows = {day: one.rows for day, one in table.days.items()}
            fall = collapse_at_end(table.contract, rows, table.as_of)
            reports[n] = report if fall is None else report.plus(fall)
    return with_shared_ids(reports, tables, beside)
