"""Hours in which a table's rows lie: quiet by day and busy by night, they are of another zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence

from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.table_report import Issue
from opsnb.base.messages import Text

_QUIET = 6
"""Hours that people sleep."""

_MOST_IN_QUIET = 0.12
"""Share of rows in the quietest hours of people who sleep; 0.25 where hours make no difference."""

_LEAST_AWAKE = 0.15
"""Share of rows from which six hours are not quiet."""

_ASLEEP = range(9)
"""Where quiet hours may begin: people sleep from midnight, bars and games are quiet until the noon.

So what was put west to east (UTC in America) is not told from a late business; UTC in place of
UTC+5 to UTC+12 is.
"""

_LEAST_ROWS = 500
_LEAST_DAYS = 7


def hour_issues(
    days: Collection[Day], hours: Callable[[], Sequence[int]], column: str, zone: str
) -> Iterator[Issue]:
    """A warning where the hours of a table's rows are those of another zone, or all the same.

    Parameters
    ----------
    hours : callable
        Rows, or some of them, in each of the 24 hours of the day; asked for where it can matter.
    """
    rows = sum(day.rows for day in days)
    clocks = {clock for day in days for clock in (day.first, day.last) if clock is not None}
    if len(clocks) == 1 and len(days) >= _LEAST_DAYS and rows >= 2 * len(days):
        (clock,) = clocks
        args = {"column": column, "clock": f"{clock:%H:%M}", "zone": zone}
        if clock == dt.time():
            yield Issue("no_clock", "note", rows, Text("data.rule.no_clock", args), column)
        else:
            yield Issue("one_clock", "warn", rows, Text("data.rule.one_clock", args), column)
        return
    if rows < _LEAST_ROWS or len(days) < _LEAST_DAYS or not clocks:
        return
    held = hours()
    seen = sum(held)
    quiet = [sum(held[(start + n) % 24] for n in range(_QUIET)) for start in range(24)]
    start = min(range(24), key=quiet.__getitem__)
    night = sum(held[:6]) / seen
    awake = min(quiet[at] for at in _ASLEEP) / seen
    if quiet[start] / seen < _MOST_IN_QUIET and awake > _LEAST_AWAKE:
        shown: dict[str, object] = {
            "column": column,
            "night": night,
            "from": f"{start:02}:00",
            "to": f"{(start + _QUIET) % 24:02}:00",
            "quiet": quiet[start] / seen,
            "zone": zone,
        }
        yield Issue("hours_of_another_zone", "warn", rows, Text("data.rule.hours", shown), column)
