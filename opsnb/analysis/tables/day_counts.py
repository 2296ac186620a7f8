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
    hours : tuple of int
        Rows in each of its 24 hours; empty for tables without times.
    """

    rows: int
    shown: int
    first: dt.time | None = None
    last: dt.time | None = None
    hours: tuple[int, ...] = ()


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
    keys: dict[str, Any] = {"_day": rows[name].cast("date")}
    if moment in rows.columns:
        keys["_hour"] = rows[moment].hour()
    answer = rows.get_backend().to_pyarrow(rows.group_by(**keys).agg(**asked))
    return _by_day(answer.to_pydict())


def _by_day(columns: Mapping[str, list[Any]]) -> dict[dt.date, Day]:
    """Rows by day and hour, put together by day."""
    found: dict[dt.date, list[int]] = {}
    for n, day in enumerate(columns["_day"]):
        if day is not None:
            found.setdefault(_date(day), []).append(n)

    def gathered(places: list[int]) -> Day:
        def of(name: str) -> list[Any]:
            return [v for n in places if (v := columns[name][n]) is not None]

        rows = of("rows")
        shown = of("shown") if "shown" in columns else rows
        if "_hour" not in columns:
            return Day(sum(rows), sum(shown))
        by_hour = dict(zip((columns["_hour"][n] for n in places), rows, strict=True))
        hours = tuple(by_hour.get(hour, 0) for hour in range(24))
        first, last = of("first"), of("last")
        return Day(
            sum(rows),
            sum(shown),
            min(first).time() if first else None,
            max(last).time() if last else None,
            hours,
        )

    return {day: gathered(places) for day, places in sorted(found.items())}


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
