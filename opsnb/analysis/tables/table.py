"""Opens the team's tables as the contract has them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opsnb.analysis.sources import open_source
from opsnb.analysis.tables import refund_rows
from opsnb.analysis.tables.contracts import CONTRACTS
from opsnb.analysis.tables.table_report import TableReport
from opsnb.analysis.tables.typed_table import TypedTable
from opsnb.base.errors import OpsnbError, TableError, did_you_mean
from opsnb.base.workspace import TableConfig, Workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

_opened: WeakKeyDictionary[Workspace, dict[str, Table]] = WeakKeyDictionary()


class Table(TypedTable):
    """A table of the workspace, what the data gate says of it, and the rows to analyse."""

    @functools.cached_property
    def expr(self) -> ir.Table:
        """The rows to analyse: one row an identical row, none without a required value.

        Canonical types (text, float64, naive local timestamps, dates) and the local dates
        `<x>_date`; the team's extra columns as they are.
        """
        rows = self.sound
        if self.contract.key and self.report.identical:
            rows = rows.distinct()
        return self.source.view(self.name, rows)

    @property
    def unique(self) -> bool:
        """Whether no two rows of `expr` share their key: to count rows is to count keys."""
        whole = bool(self.contract.key) and len(self.key) == len(self.contract.key)
        shared = {"repeated_key", refund_rows.ROWS}  # a refund's row may carry its order's id
        return whole and not any(issue.rule in shared for issue in self.report.issues)

    @functools.cached_property
    def days(self) -> dict[dt.date, int]:
        """Rows by the day that the contract places them in; empty where there are no days."""
        name = self.contract.day
        if name is None or name not in self.columns:
            return {}
        rows = self.expr if self.contract.key and self.report.identical else self.sound
        counts = rows.group_by(_day=rows[name].cast("date")).agg(n=rows.count())
        answer = self.source.backend.to_pyarrow(counts).to_pylist()
        return {_date(row["_day"]): int(row["n"]) for row in answer if row["_day"] is not None}

    @functools.cached_property
    def report(self) -> TableReport:
        """What the data gate says: one query over the table, kept for the session."""
        from opsnb.analysis.tables.checks import inspect

        return inspect(self)


def open_table(workspace: Workspace, name: str) -> Table:
    """A table of the workspace by its name in the contract; opened once.

    Raises
    ------
    TableError
        The contract has no such table, or opsnb.toml does not map it.
    ContractError
        Required columns are missing; all of them at once.
    SourceError
        Its source cannot be opened.
    """
    workspace.reads.tables.add(name)
    tables = _opened.setdefault(workspace, {})
    if name not in tables:
        config = _config(workspace, name)
        source = open_source(workspace, config.source, noted=False)
        tables[name] = Table(
            config, source, workspace.timezone, workspace.as_of, workspace.currency
        )
    return tables[name]


def fingerprints(workspace: Workspace) -> dict[str, str | None]:
    """Of the tables that a report has read so far; None for one that was not inspected."""
    opened = _opened.get(workspace, {})
    return {
        name: opened[name].report.fingerprint
        if name in opened and "report" in vars(opened[name])
        else None
        for name in sorted(workspace.reads.tables)
    }


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
            reports.append(open_table(workspace, name).report)
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
    from opsnb.analysis.tables.row_level import collapse_at_end, goes_on
    from opsnb.analysis.tables.shared_ids import with_shared_ids

    reports, beside = list(reports), list(beside)
    tables = {one.table: open_table(workspace, one.table) for one in (*reports, *beside)}
    for n, report in enumerate(reports):
        table = tables[report.table]
        if report.rows and goes_on(table.contract):
            fall = collapse_at_end(table.contract, table.days, table.as_of)
            reports[n] = report if fall is None else report.plus(fall)
    return with_shared_ids(reports, tables, beside)


def _date(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def _config(workspace: Workspace, name: str) -> TableConfig:
    if name not in CONTRACTS:
        hint = did_you_mean(name, CONTRACTS, kind="tables")
        raise TableError(f'the contract has no table "{name}"', where="tables", hint=hint)
    if name not in workspace.tables:
        sources = ", ".join(f'"{source}"' for source in workspace.sources) or "a source"
        raise TableError(
            f"the table {name} is not mapped",
            where="opsnb.toml",
            hint=f"add [tables.{name}] with source (one of: {sources}) and table or sql",
        )
    return workspace.tables[name]
