"""How many rows a table has a day: what tells when it was recorded, and where rows moved since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.analysis.tables.contracts import Contract

_MOST = 3660
"""Days; a longer span is the work of a wrong date, and is not kept."""


@dataclass(frozen=True)
class Day:
    """The rows of one day.

    Attributes
    ----------
    rows : int
    shown : int
        Those among them that show that recording went on (`Contract.shows`).
    first, last : time or None
        When the first and the last of those came; None for tables without times.
    """

    rows: int
    shown: int
    first: dt.time | None = None
    last: dt.time | None = None


def count_days(contract: Contract, rows: ir.Table) -> dict[dt.date, Day]:
    """The days that have rows, in order; one query, and none without a day column."""
    name = contract.day
    if name is None or name not in rows.columns:
        return {}
    shows = contract.shows(rows) if contract.shows is not None else None
    asked: dict[str, Any] = {"rows": rows.count()}
    if shows is not None:
        asked["shown"] = rows.count(where=shows)
    moment = contract.moment
    if moment in rows.columns:
        asked |= {"first": rows[moment].min(where=shows), "last": rows[moment].max(where=shows)}
    counted = rows.group_by(_day=rows[name].cast("date")).agg(**asked)
    answer = rows.get_backend().to_pyarrow(counted).to_pylist()
    known = {_date(row["_day"]): row for row in answer if row["_day"] is not None}
    return {
        day: Day(
            row["rows"],
            row.get("shown", row["rows"]),
            _time(row.get("first")),
            _time(row.get("last")),
        )
        for day, row in sorted(known.items())
    }


def count_hours(rows: ir.Table, moment: str) -> list[int]:
    """How many rows there are in each of the 24 hours of the day; one query."""
    counted = rows.group_by(hour=rows[moment].hour()).agg(n=rows.count())
    answer = rows.get_backend().to_pyarrow(counted).to_pylist()
    found = {row["hour"]: row["n"] for row in answer}
    return [found.get(hour, 0) for hour in range(24)]


def written(days: Mapping[dt.date, Day]) -> str | None:
    """`2026-10-01 12 0 15`: the first day, then the rows of each day; None without days."""
    if not days:
        return None
    first, last = min(days), max(days)
    if (last - first).days > _MOST:
        return None
    each = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return " ".join([first.isoformat(), *(str(days[d].rows if d in days else 0) for d in each)])


def _date(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def _time(moment: dt.datetime | None) -> dt.time | None:
    return None if moment is None else moment.time()
