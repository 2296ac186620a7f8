"""How many rows a table has a day: what tells, a run later, on which days rows came or went."""

from __future__ import annotations

import datetime as dt

from opsnb.analysis.tables import Table

_MOST = 3660
"""Days; a longer span is the work of a wrong date, and is not kept."""


def rows_per_day(table: Table) -> str | None:
    """`2026-10-01 12 0 15`: the first day, then the rows of each day; None without days.

    One query; rows without a day are not in it.
    """
    known = table.days
    if not known:
        return None
    first, last = min(known), max(known)
    if (last - first).days > _MOST:
        return None
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return " ".join([first.isoformat(), *(str(known.get(one, 0)) for one in days)])
