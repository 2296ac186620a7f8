"""How far the data reach: the last day they hold, and whether a period holds anything at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import ibis

from opsnb.analysis.metrics.rows import DAY_COLUMN, Rows, on_days
from opsnb.analysis.tables import tables_where
from opsnb.base.errors import OpsnbError

if TYPE_CHECKING:
    from opsnb.base.periods import Period
    from opsnb.base.workspace import Workspace

LEADING = ("orders", "events")
"""The first of these that is mapped says how far the data reach."""

ACTIVITY = tuple(dict.fromkeys((*LEADING, *tables_where(lambda one: one.day and not one.planned))))
"""Tables of what happened, not of what is planned ahead."""


def last_day(workspace: Workspace) -> dt.date | None:
    """The last day with a row in orders (else events), up to the day the data was taken.

    None where neither is mapped, has rows, or can be read; the data gate says why.
    """
    name = next((name for name in LEADING if name in workspace.tables), None)
    if name is None:
        return None
    try:
        table = Rows(workspace).table(name).expr
        day = table[DAY_COLUMN[name]].cast("date")
        found = table.filter(day <= ibis.literal(workspace.as_of)).aggregate(last=day.max())
        last = found.execute()["last"].iloc[0]
    except OpsnbError:
        return None
    if last is None or last != last:
        return None
    return last.date() if isinstance(last, dt.datetime) else last


def holds_rows(rows: Rows, period: Period, names: Iterable[str] = ACTIVITY) -> bool:
    """Whether any of these tables, where mapped, has a row in the period."""
    for name in names:
        if not rows.has(name):
            continue
        table, column = rows.table(name).expr, DAY_COLUMN[name]
        if column not in table.columns:
            continue
        inside = table.filter(on_days(table, period.start, period.end, column))
        if inside.limit(1).count().execute():
            return True
    return False
