"""Tickets: how many, how soon answered and resolved, how many on time; counted by ticket."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis

from opsnb.analysis.metrics.rows import Rows, number
from opsnb.analysis.tables import sla
from opsnb.base.errors import MetricError

_NEVER = 1e12
"""Seconds that stand for "not yet": an open ticket is slower than every closed one."""

HOUR = 3600.0


@dataclass(frozen=True)
class TicketTimes:
    """Tickets opened in a span of days, of one group or all.

    Attributes
    ----------
    response, response_p90, resolution, resolution_p90 : float or None
        Median and 90th percentile in hours; None where so many tickets are still open that it
        is not known yet, or the column is not mapped.
    on_time, judged : int
        Tickets on time, by their flag or their due time, of those that can be judged.
    """

    group: str | None
    opened: int
    response: float | None
    response_p90: float | None
    resolution: float | None
    resolution_p90: float | None
    on_time: int
    judged: int


def ticket_times(
    rows: Rows, start: dt.date, end: dt.date, by: str | None = None
) -> list[TicketTimes]:
    """Volume and times of the tickets opened from `start` to `end`, the largest group first.

    Raises
    ------
    MetricError
        The tickets have no column `by`.
    """
    tickets = rows.expr("tickets")
    if by is not None and by not in tickets.columns:
        raise MetricError(
            f'cannot break tickets down by "{by}"',
            where="table tickets",
            hint=f"columns: {', '.join(tickets.columns)}",
        )
    inside = tickets.filter(tickets.opened_date.between(ibis.literal(start), ibis.literal(end)))
    timed = inside.mutate(
        _group=inside[by].cast("string").coalesce("(none)") if by else ibis.literal(""),
        _response=_seconds(inside, "first_response_at"),
        _resolution=_seconds(inside, "resolved_at"),
        _judged=sla.judged(inside, rows.workspace.as_of, rows.judged_by_flag),
    )
    totals: dict[str, Any] = {"n": timed.count()}
    for name in ("_response", "_resolution"):
        totals[name] = timed[name].quantile(0.5)
        totals[f"{name}_p90"] = timed[name].quantile(0.9)
    totals |= {"on_time": timed._judged.cast("int64").sum(), "judged": timed._judged.count()}
    frame = timed.group_by("_group").agg(**totals).execute()
    found = [_times(row, by) for row in frame.to_dict("records")]
    return sorted(found, key=lambda one: (-one.opened, one.group or ""))


def _seconds(tickets: ibis.Table, column: str) -> Any:
    if column not in tickets.columns:
        return ibis.null().cast("float64")
    waited = tickets[column].epoch_seconds() - tickets.opened_at.epoch_seconds()
    return waited.cast("float64").coalesce(_NEVER)


def _times(row: dict[str, Any], by: str | None) -> TicketTimes:
    return TicketTimes(
        row["_group"] if by else None,
        int(row["n"]),
        _hours(row["_response"]),
        _hours(row["_response_p90"]),
        _hours(row["_resolution"]),
        _hours(row["_resolution_p90"]),
        int(number(row["on_time"]) or 0),
        int(row["judged"]),
    )


def _hours(seconds: Any) -> float | None:
    value = number(seconds)
    return None if value is None or value > _NEVER / 1000 else value / HOUR
