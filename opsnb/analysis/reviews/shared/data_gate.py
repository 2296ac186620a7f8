"""The data gate that opens every report: what the tables hold, and what was set aside."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Column, Fold, Note, Part, Table
from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.reviews.shared.blocked import Block, Blocked, why_blocked
from opsnb.analysis.sources.queries import FILE_VARIABLE
from opsnb.analysis.tables import Issue, TableReport
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.shown import Shown


@dataclass(frozen=True)
class Counted:
    """Rows of a table that were counted and left as they are."""

    table: str
    what: Text
    fact: Fact


@dataclass(frozen=True)
class DataGate:
    """What the contracts of a playbook's tables found.

    Attributes
    ----------
    facts : tuple of Fact
        Rows, rows set aside and issues of each table.
    checks : tuple of Check
        What the tables break; a pass where they break nothing.
    counted : tuple of Counted
        What is worth knowing and no breach.
    absent : tuple of str
        Tables that the workspace does not map.
    blocked : Blocked
        Those of the checks that block, by what they keep back.
    """

    reports: tuple[TableReport, ...]
    facts: tuple[Fact, ...]
    checks: tuple[Check, ...]
    counted: tuple[Counted, ...]
    absent: tuple[str, ...]
    blocked: Blocked


def inspect_tables(ops: Recorder, needs: Sequence[str], optional: Sequence[str] = ()) -> DataGate:
    """Check the contracts of a playbook's tables; nothing is recorded of them but their versions.

    Parameters
    ----------
    needs : sequence of str
        Tables without which the playbook makes no sense.
    optional : sequence of str
        Tables whose absence leaves out sections; each absence is said.
    """
    reports = tuple(ops.inspect(*needs, *optional))
    facts: list[Fact] = []
    checks: list[Check] = []
    counted: list[Counted] = []
    blocks: list[Block] = []
    for report in reports:
        facts += _facts(report)
        for issue in report.issues:
            fact = _issue_fact(report, issue)
            facts.append(fact)
            if issue.level != "note":
                checks.append(_check(report, issue, fact))
                if issue.level == "block":
                    blocks.append(Block(ops.rows.contract(report.table), issue, checks[-1]))
            elif issue.rule != "old":
                counted.append(Counted(report.table, issue.message, fact))
    absent = tuple(name for name in (*needs, *optional) if name not in ops.workspace.tables)
    clean = Check("data", "pass", Text("gate.clean"))
    return DataGate(
        reports, tuple(facts), tuple(checks or [clean]), tuple(counted), absent,
        Blocked(tuple(blocks)),
    )  # fmt: skip


def _check(report: TableReport, issue: Issue, fact: Fact) -> Check:
    assert issue.level != "note"
    message = Text.of("gate.issue", table=report.table, message=issue.message)
    if issue.level == "block":
        message = why_blocked(report.table, issue)
    return Check(f"data.{fact.segment}", issue.level, message, (fact,))


def data_gate(
    ops: Recorder, needs: Sequence[str], optional: Sequence[str] = (), *, folded: bool = False
) -> Shown:
    """Check the contracts of a playbook's tables, record what they found and show it."""
    return ops.show(*gate_parts(ops, inspect_tables(ops, needs, optional), folded=folded))


def gate_parts(ops: Recorder, gate: DataGate, *, folded: bool = False) -> list[Part]:
    """What the tables hold and break, recorded and shown.

    Parameters
    ----------
    folded : bool
        Show the checks only, and the tables behind a line that opens them.
    """
    ops.record(*gate.facts)
    ops.record_checks(*gate.checks)
    counted: list[Part] = [_table(gate.reports), *([_notes(gate)] if gate.counted else [])]
    parts: list[Part] = [counted[0], Checks(list(gate.checks)), *counted[1:]]
    if folded:
        parts = [Checks(list(gate.checks)), Fold(Text("gate.counted_rows"), counted)]
    parts += kept_queries()
    if gate.absent:
        parts.append(Absent(Text.of("gate.absent", tables=list(gate.absent))))
    return parts


def blocks_of(ops: Recorder, metric: str) -> list[Block]:
    """What blocks a metric, by the contracts of the tables that it reads."""
    return inspect_tables(ops, tuple(ops.meter.reads(metric))).blocked.of_metrics(ops.meter, metric)


def kept_queries() -> list[Note]:
    """Where the SQL that ran is, in a run that keeps it."""
    return [Note(Text("gate.queries"))] if os.environ.get(FILE_VARIABLE) else []


def data_end(ops: Recorder, table: str) -> dt.date | None:
    """The last day that a table has on record, not after the day the data was taken."""
    if not ops.rows.has(table):
        return None
    ops.inspect(table)
    last = ops.rows.record(table).last
    return None if last is None else min(last, ops.workspace.as_of)


def _day(moment: Any) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment


def _facts(report: TableReport) -> list[Fact]:
    """How much a table holds."""
    name = report.table
    facts = [
        Fact("data.rows", report.rows, "count", segment=name),
        Fact("data.quarantined", report.quarantined, "count", segment=name),
    ]
    if report.total_amount is not None:
        facts.append(Fact("data.total_amount", report.total_amount, "money", segment=name))
    return facts


def _issue_fact(report: TableReport, issue: Issue) -> Fact:
    place = ".".join(part for part in (report.table, issue.rule, issue.column) if part)
    return Fact("data.issue", issue.count, "count", segment=place, n=report.rows)


def _notes(gate: DataGate) -> Table:
    return Table(
        [
            Column("table", Text("gate.table")),
            Column("what", Text("gate.counted"), "said"),
            Column("rows", Text("gate.rows"), "integer"),
        ],
        [{"table": one.table, "what": one.what, "rows": one.fact.value} for one in gate.counted],
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
