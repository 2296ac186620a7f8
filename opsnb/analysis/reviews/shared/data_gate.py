"""The data gate that opens every report: what the tables hold, and what was set aside."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Fold, Note, Part, Table
from opsnb.analysis.findings import Check
from opsnb.analysis.sources.queries import FILE_VARIABLE
from opsnb.analysis.tables import TableReport
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.shown import Shown


def data_gate(
    ops: Recorder, needs: Sequence[str], optional: Sequence[str] = (), *, folded: bool = False
) -> Shown:
    """Check the contracts of a playbook's tables and show the result.

    Parameters
    ----------
    needs : sequence of str
        Tables without which the playbook makes no sense.
    optional : sequence of str
        Tables whose absence leaves out sections; each absence is said.
    folded : bool
        Show the checks only, and the tables behind a line that opens them.
    """
    reports = ops.inspect(*needs, *optional)
    checks: list[Check] = []
    notes: list[dict[str, Any]] = []
    for report in reports:
        _record(ops, report, checks, notes)
    absent = [name for name in (*needs, *optional) if name not in ops.workspace.tables]
    if not checks:
        checks = [ops.check("data", "pass", Text("gate.clean"))]
    counted: list[Part] = [_table(reports), *([_notes(notes)] if notes else [])]
    parts: list[Part] = [counted[0], Checks(checks), *counted[1:]]
    if folded:
        parts = [Checks(checks), Fold(Text("gate.counted_rows"), counted)]
    parts += kept_queries()
    if absent:
        parts.append(Absent(Text.of("gate.absent", tables=absent)))
    return ops.show(*parts)


def kept_queries() -> list[Note]:
    """Where the SQL that ran is, in a run that keeps it."""
    return [Note(Text("gate.queries"))] if os.environ.get(FILE_VARIABLE) else []


def data_end(ops: Recorder, table: str) -> dt.date | None:
    """The last day that a table holds, not after the day the data was taken."""
    reports = ops.inspect(table)
    if not reports or reports[0].last is None:
        return None
    return min(_day(reports[0].last), ops.workspace.as_of)


def _day(moment: Any) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment


def _record(
    ops: Recorder, report: TableReport, checks: list[Check], notes: list[dict[str, Any]]
) -> None:
    """A table's facts; what it breaks as checks, what it merely counts as notes."""
    name = report.table
    ops.fact("data.rows", report.rows, "count", segment=name)
    ops.fact("data.quarantined", report.quarantined, "count", segment=name)
    if report.total_amount is not None:
        ops.fact("data.total_amount", report.total_amount, "money", segment=name)
    for issue in report.issues:
        place = ".".join(part for part in (name, issue.rule, issue.column) if part)
        fact = ops.fact("data.issue", issue.count, "count", segment=place, n=report.rows)
        if issue.level != "note":
            message = Text.of("gate.issue", table=name, message=issue.message)
            checks.append(ops.check(f"data.{place}", issue.level, message, fact))
        elif issue.rule != "old":
            notes.append({"table": name, "what": issue.message, "rows": fact.value})


def _notes(notes: list[dict[str, Any]]) -> Table:
    return Table(
        [
            Column("table", Text("gate.table")),
            Column("what", Text("gate.counted"), "said"),
            Column("rows", Text("gate.rows"), "integer"),
        ],
        notes,
    )


def _table(reports: Sequence[TableReport]) -> Table:
    rows = [
        {
            "table": report.table,
            "rows": report.rows,
            "first": _day(report.first) if report.first else None,
            "last": _day(report.last) if report.last else None,
            "aside": report.quarantined,
            "total": report.total_amount,
        }
        for report in reports
    ]
    columns = [
        Column("table", Text("gate.table")),
        Column("rows", Text("gate.rows"), "integer"),
        Column("first", Text("gate.first"), "date"),
        Column("last", Text("gate.last"), "date"),
        Column("aside", Text("gate.aside"), "integer"),
    ]
    if any(report.total_amount is not None for report in reports):
        columns.append(Column("total", Text("gate.total"), "exact_money"))
    return Table(columns, rows, note=Text("gate.note"))
