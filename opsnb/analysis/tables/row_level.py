"""How many rows come in a stretch of days, and whether that has collapsed: recorded still, hardly.

Days without any row are a matter of what is on record; here rows come, but a fraction of what
came before.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsnb.analysis.tables.contract import Contract
from opsnb.analysis.tables.table_report import Issue
from opsnb.base.messages import Text

FRACTION = 0.1
"""Of the usual rows, below which they have collapsed."""

USUAL = 30
"""Rows that are usual at the least, for a fall to say something."""

WINDOWS = {28: 2, 7: 3}
"""Days of a stretch at the end, and how many stretches before it must be on record."""

_MOST_BEFORE = 6


@dataclass(frozen=True)
class Collapse:
    """Rows of a stretch of days, and the median of those before it."""

    count: float
    usual: float


def collapsed(count: float, before: Sequence[float]) -> Collapse | None:
    """A stretch with rows, but fewer than a tenth of the median of the stretches before it."""
    if not before or count <= 0:
        return None
    usual = statistics.median(before)
    return Collapse(count, usual) if usual >= USUAL and count < FRACTION * usual else None


def goes_on(contract: Contract) -> bool:
    """Whether rows of a table come day after day: not waves of questions, not campaigns."""
    return contract.moment is not None and not contract.sampled


def collapse_at_end(
    contract: Contract, days: Mapping[dt.date, int], as_of: dt.date
) -> Issue | None:
    """What the gate says where the last days on record hold hardly any rows.

    `days` are rows by day; the day the data was taken is never whole.
    """
    days = {day: n for day, n in days.items() if day < as_of}
    if not days:
        return None
    end = max(days)
    for length, least in WINDOWS.items():
        stretches = [_stretch(end, length, back) for back in range(_MOST_BEFORE + 1)]
        known = [one for one in stretches if one[0] >= min(days)]
        count, *before = [rows_within(days, *one) for one in known] or [0]
        if len(before) >= least and (found := collapsed(count, before)) is not None:
            args = {
                "start": known[0][0],
                "end": end,
                "count": found.count,
                "usual": found.usual,
            }
            text = Text("data.rule.collapse", args)
            return Issue("collapse", "warn", int(found.count), text, contract.clock)
    return None


def rows_within(days: Mapping[dt.date, int], start: dt.date, end: dt.date) -> int:
    """Rows from one day to another, both included."""
    return sum(n for day, n in days.items() if start <= day <= end)


def _stretch(end: dt.date, length: int, back: int) -> tuple[dt.date, dt.date]:
    """So many days, so many stretches before the one that ends on a day: the same weekdays."""
    last = end - dt.timedelta(days=length * back)
    return last - dt.timedelta(days=length - 1), last
