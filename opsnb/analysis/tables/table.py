"""Opens the team's tables as the contract has them."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import re
import weakref
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from opsnb.analysis.sources import Source, open_source
from opsnb.analysis.tables import refund_rows
from opsnb.analysis.tables.adjusted import adjust
from opsnb.analysis.tables.asked import asks
from opsnb.analysis.tables.contracts import CONTRACTS
from opsnb.analysis.tables.day_counts import Day, count_days, count_hours
from opsnb.analysis.tables.own_tables import unknown
from opsnb.analysis.tables.table_report import TableReport
from opsnb.analysis.tables.typed_table import ALIAS, TypedTable
from opsnb.base.errors import SourceError, TableError
from opsnb.base.workspace import TableConfig, Workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

LARGE = 1_000_000
"""Rows of a table from which some of them tell what all would."""

_SOME_ROWS = 100_000

_opened: WeakKeyDictionary[Workspace, dict[str, Table]] = WeakKeyDictionary()


class Table(TypedTable):
    """A table of the workspace, what the data gate says of it, and the rows to analyse."""

    _workspace: weakref.ref[Workspace]

    @functools.cached_property
    def expr(self) -> ir.Table:
        """The rows to analyse: one row an identical row, none without a required value.

        Canonical types (text, float64, naive local timestamps, dates) and the local dates
        `<x>_date`; the team's extra columns as they are.
        """
        rows = (self._tidy or self).sound
        if self.contract.key and self.report.identical:
            rows = rows.distinct()
        if ALIAS in rows.columns:
            rows = rows.select(self.columns)
        return self.source.view(self.name, rows)

    @functools.cached_property
    def _tidy(self) -> Table | None:
        """This table, without tidying texts that the gate has found to be tidy; kept, since what
        it has put together in its engine goes with it."""
        workspace, tidy = self._workspace(), self.report.tidy
        if workspace is None or not tidy:
            return None
        return _made(workspace, self.config, self.source, tidy)

    @property
    def unique(self) -> bool:
        """Whether no two rows of `expr` share their key: to count rows is to count keys."""
        whole = bool(self.contract.key) and len(self.key) == len(self.contract.key)
        shared = {"repeated_key", refund_rows.ROWS}  # a refund's row may carry its order's id
        return whole and not any(issue.rule in shared for issue in self.report.issues)

    @functools.cached_property
    def report(self) -> TableReport:
        """What the data gate says: one query over the table, kept for the session."""
        from opsnb.analysis.tables.checks import inspect

        return inspect(self)

    def hours(self) -> list[int]:
        """Rows in each hour of the day; of a large table those of some blocks."""
        moment = self.contract.moment or ""
        return count_hours(self.part(_SOME_ROWS), moment)

    @property
    def is_large(self) -> bool:
        """Whether some of its rows are looked at in place of all, where those tell enough."""
        return self.report.rows >= LARGE and self.source.dialect == "duckdb"

    def part(self, rows: int) -> ir.Table:
        """About so many typed rows from all over a large table; all of one that is not, and of
        one whose ids stand for others'."""
        if not self.is_large or ALIAS in self.typed.columns:
            return self.expr
        return self.some(rows / self.report.rows)

    @functools.cached_property
    def days(self) -> dict[dt.date, Day]:
        """Rows by day: one query, kept for the session."""
        return count_days(self.contract, self.expr)


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
        source = open_source(workspace, config.source, asks(workspace), noted=False)
        _open_others(workspace, config)
        tables[name] = _made(workspace, config, source)
    return tables[name]


def _made(
    workspace: Workspace, config: TableConfig, source: Source, tidy: frozenset[str] = frozenset()
) -> Table:
    """The table as its workspace has it; `tidy`: columns of texts to be taken as they are."""
    nulls = workspace.sources[config.source].text_of(config.table or "").nulls
    table = Table(
        config, source, workspace.timezone, workspace.as_of, workspace.currency, nulls, tidy
    )
    table._workspace = weakref.ref(workspace)
    adjust(table, workspace, functools.partial(open_table, workspace))
    return table


def _open_others(workspace: Workspace, config: TableConfig) -> None:
    """Opens further sources whose tables a query names in full (`lake.orders`)."""
    for name in workspace.sources if config.sql else ():
        if name != config.source and re.search(rf"\b{name}\b\W*\.", config.sql or ""):
            with contextlib.suppress(SourceError):  # the query says what it lacks
                open_source(workspace, name, noted=False)


def fingerprints(workspace: Workspace) -> dict[str, str | None]:
    """Of the tables that a report has read so far; None for one that was not inspected."""
    opened = _opened.get(workspace, {})
    return {
        name: opened[name].report.fingerprint
        if name in opened and "report" in vars(opened[name])
        else None
        for name in sorted(workspace.reads.tables)
    }


def _config(workspace: Workspace, name: str) -> TableConfig:
    if name not in workspace.tables and name not in CONTRACTS:
        raise unknown(name, workspace.tables)
    if name not in workspace.tables:
        sources = ", ".join(f'"{source}"' for source in workspace.sources) or "a source"
        raise TableError(
            f"the table {name} is not mapped",
            where="opsnb.toml",
            hint=f"add [tables.{name}] with source (one of: {sources}) and table or sql",
        )
    return workspace.tables[name]
