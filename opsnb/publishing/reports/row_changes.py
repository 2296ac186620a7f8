"""Rows that came, went or changed between two runs of a report, by table and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

SHOWN = 5
"""Days that are named, the latest; of more, their number and the first."""


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is not as it was, of each table that both runs read.

    Parameters
    ----------
    before, after : mapping
        `tables` of report.json: `rows`, `fingerprint`, and `days` (the first day, then the rows
        of each day).

    Returns
    -------
    list of dict
        `table`, `before` and `now` (rows; None where they were not counted), `days` (pairs of
        ISO date and change in rows; None where they cannot be told).
    """
    return [
        {
            "table": name,
            "before": before[name].get("rows"),
            "now": table.get("rows"),
            "days": _days(before[name].get("days"), table.get("days")),
        }
        for name, table in after.items()
        if name in before and before[name].get("fingerprint") != table.get("fingerprint")
    ]


def said(move: Mapping[str, Any]) -> str:
    """A move as the command line says it."""
    if None in (move["before"], move["now"]):
        return f"{move['table']}: changed since the last run"
    text = f"{move['table']}: {move['before']:,} rows before, {move['now']:,} now"
    if move["days"] is None:
        return text
    if not move["days"]:
        return f"{text}; no day has more or fewer rows, values changed"
    named = ", ".join(f"{day} ({change:+,})" for day, change in move["days"][-SHOWN:])
    count = len(move["days"])
    return f"{text}; " + (
        f"moved on {named}" if count <= SHOWN
        else f"{count} days moved from {move['days'][0][0]} on, the last {named}"
    )  # fmt: skip


def _days(before: str | None, after: str | None) -> list[list[Any]] | None:
    if not before or not after:
        return None
    return [[day.isoformat(), n] for day, n in _changes(_by_day(before), _by_day(after))]


def _by_day(text: str) -> dict[dt.date, int]:
    first, *counts = text.split()
    start = dt.date.fromisoformat(first)
    return {start + dt.timedelta(days=n): int(count) for n, count in enumerate(counts)}


def _changes(
    before: Mapping[dt.date, int], after: Mapping[dt.date, int]
) -> Iterator[tuple[dt.date, int]]:
    for day in sorted({*before, *after}):
        change = after.get(day, 0) - before.get(day, 0)
        if change:
            yield day, change
