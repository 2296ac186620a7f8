"""Rows that came, went or changed between two runs of a report, by table and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = 5


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is not as it was, a sentence a table that both runs read.

    Parameters
    ----------
    before, after : mapping
        `tables` of report.json: `rows`, `fingerprint`, and `days` (the first day, then the rows
        of each day).
    """
    return [
        f"{name}: {_said(before[name], table)}"
        for name, table in after.items()
        if name in before and before[name].get("fingerprint") != table.get("fingerprint")
    ]


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    rows = [table.get("rows") for table in (before, after)]
    if None in rows:
        return "changed since the last run"
    counts = f"{rows[0]:,} rows before, {rows[1]:,} now"
    if not (before.get("days") and after.get("days")):
        return counts
    changes = list(_changes(_by_day(before["days"]), _by_day(after["days"])))
    if not changes:
        return f"{counts}; no day has more or fewer rows, values changed"
    named = ", ".join(f"{day} ({change:+,})" for day, change in changes[-_SHOWN:])
    return f"{counts}; " + (
        f"moved on {named}" if len(changes) <= _SHOWN
        else f"{len(changes)} days moved from {changes[0][0]} on, the last {named}"
    )  # fmt: skip


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
