"""How far the data reach: the last day they hold, and whether a period holds anything at all."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.metrics.rows import Rows, on_days
from opsnb.analysis.tables import contracts_of, tables_where
from opsnb.base.errors import OpsnbError

if TYPE_CHECKING:
    from opsnb.base.periods import Period
    from opsnb.base.workspace import Workspace

LEADING = ("orders", "events")
"""The first of these that is mapped says how far the data reach."""


def flows(workspace: Workspace) -> tuple[str, ...]:
    """Tables in which a day without rows may not have been recorded."""
    known = contracts_of(workspace)
    return tables_where(lambda one: one.day and not one.planned and not one.ledger, known)


def activity_tables(workspace: Workspace) -> tuple[str, ...]:
    """Tables of what happened, not of what is planned ahead, the leading ones first."""
    dated = tables_where(lambda one: one.day and not one.planned, contracts_of(workspace))
    return tuple(dict.fromkeys((*LEADING, *dated)))


def reached(rows: Rows) -> dt.date | None:
    """The last day on record: of orders, else of events, else of whatever goes on longest.

    None where no table of what happened is mapped or has rows.
    """
    for name in LEADING:
        if rows.has(name):
            return rows.record(name).last
    lasts = [rows.record(name).last for name in flows(rows.workspace) if rows.has(name)]
    return max((day for day in lasts if day is not None), default=None)


def ended_on(rows: Rows) -> dt.date | None:
    """The day in the course of which recording ended; None where it ended with a whole day."""
    name = next((name for name in LEADING if rows.has(name)), None)
    ended = rows.record(name).ended if name is not None else None
    return None if ended is None else ended.date()


def last_day(workspace: Workspace) -> dt.date | None:
    """The last day on record, up to the day the data was taken.

    None where nothing is, or no table can be read; the data gate says why.
    """
    try:
        last = reached(Rows(workspace))
    except OpsnbError:
        return None
    return None if last is None else min(last, workspace.as_of)


def holds_rows(rows: Rows, period: Period) -> bool:
    """Whether any table of what happened has a row in the period."""
    for name in activity_tables(rows.workspace):
        if not rows.has(name):
            continue
        table, column = rows.table(name).expr, rows.day(name)
        if column not in table.columns:
            continue
        inside = table.filter(on_days(table, period.start, period.end, column))
        if inside.limit(1).count().execute():
            return True
    return False
