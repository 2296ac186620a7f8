"""Reads off a table's rows by day when it was recorded: its edges, its gaps, rows set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from opsnb.analysis.tables.daily_rows import (
    LEAST_ROWS,
    LEAST_SHARE,
    LIKELY_NONE,
    LONG,
    UNLIKELY,
    DailyRows,
)
from opsnb.analysis.tables.day_counts import Day
from opsnb.analysis.tables.record import Cause, Gap, Record, Side, Stray, runs
from opsnb.base.messages import Said

STRAY_SHARE = 0.05
"""Part of the usual rows below which what lies beyond a silence is no record."""

LEAST_DAYS = 7
"""Days with rows that make a record which others may lie apart from."""

MOST_TRIMMED = 2
"""Days at an edge that may be next to nothing and of no record; more of them are a slow start."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Stated:
    """What the team says of a table.

    Attributes
    ----------
    first, last : date or None
        `recorded_from` and `recorded_until`.
    gaps : mapping of date to (Cause, Said or None)
        Days that were not recorded, and what the team calls them.
    real : frozenset of date
        Days whose rows are right, however few: the shop was closed, or an outage kept people out.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    gaps: Mapping[dt.date, tuple[Cause, Said | None]] = field(default_factory=dict)
    real: frozenset[dt.date] = frozenset()


def read_record(
    table: str,
    days: Mapping[dt.date, Day],
    *,
    as_of: dt.date,
    stated: Stated = Stated(),
    witness: Mapping[dt.date, Day] | None = None,
    ledger: bool = False,
    waves: bool = False,
    resting: Collection[dt.date] = (),
) -> Record:
    """The record of a table from its rows by day.

    Parameters
    ----------
    days : mapping of date to Day
        Days that have rows; those after `as_of` are not looked at.
    witness : mapping, optional
        The days of a table that goes on where the recording of this one fails.
    ledger : bool
        A day without rows is a day of nothing, up to the day the data was taken.
    waves : bool
        Rows come when somebody was asked: a month with some of them is on record.
    resting : collection of date
        Days on which no rows are no surprise (public holidays).
    """
    seen = {day: one for day, one in days.items() if one.shown and day <= as_of}
    if not seen:
        return Record(table, stated.first, stated.last, rows=_rows(days))
    if ledger or waves:
        until = as_of - _DAY if ledger else min(_month_end(max(seen)), as_of - _DAY)
        return _of_entries(table, days, seen, until, stated)
    span = DailyRows(seen, stated.real, frozenset(resting))
    low, high = _edges(span)
    strays = _strays(days, span, low, high, as_of)
    if high - low + 1 < len(span.n):  # what was set aside says nothing of what is usual
        first, last = span.day(low), span.day(high)
        body = {day: one for day, one in seen.items() if first <= day <= last}
        span = DailyRows(body, stated.real, frozenset(resting))
        low, high = 0, len(span.n) - 1
    gaps = _found(span, low, high, witness)
    began, ended, low, high = _partial(span, seen, low, high)
    first, last = span.day(low), span.day(high)
    if began is None:
        first -= span.quiet_before(low) * _DAY
    if ended is None:
        last = max(last, min(last + span.quiet_after(high) * _DAY, as_of - _DAY))
    first, last = stated.first or first, stated.last or last
    told = _told(span, stated)
    hidden = {day for gap in told for day in gap.days}
    gaps = [gap for gap in gaps if not hidden.issuperset(gap.days)] + told
    inside = [gap for gap in gaps if gap.end >= first and gap.start <= last]
    inside, first, last = _without_edge_gaps(sorted(inside, key=lambda g: g.start), first, last)
    return Record(
        table, first, last, tuple(inside), began, ended,
        zeros=frozenset(d for d in span.zeros() if first <= d <= last and d not in hidden),
        strays=tuple(s for s in strays if s.end < first or s.start > last),
        rows=_rows(days),
    )  # fmt: skip


def _rows(days: Mapping[dt.date, Day]) -> dict[dt.date, int]:
    return {day: one.rows for day, one in days.items()}


def _of_entries(
    table: str,
    days: Mapping[dt.date, Day],
    seen: Collection[dt.date],
    until: dt.date,
    stated: Stated,
) -> Record:
    """From the month of the first entry to a day on which none is a day of nothing."""
    gaps = tuple(
        Gap(run[0], run[-1], sum(days[d].rows for d in run if d in days), 0, *told)
        for whole in runs(stated.gaps)
        for told, group in groupby(whole, key=lambda day: stated.gaps[day])
        for run in [list(group)]
    )
    first, last = min(seen).replace(day=1), max(*seen, until)
    return Record(table, stated.first or first, stated.last or last, gaps, rows=_rows(days))


def _month_end(day: dt.date) -> dt.date:
    return (day.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY


# -- edges -------------------------------------------------------------------------------------


def _edges(span: DailyRows) -> tuple[int, int]:
    """First and last day of the record: what lies beyond a silence and is next to nothing is not
    of it, nor are the few rows of the days in the course of which recording began or ended."""
    breaks = _breaks(span)
    low, high = 0, len(span.n) - 1
    for first, last in breaks:
        if _is_stray(span, low, first, last, ahead=True):
            low = last + 1
        else:
            break
    for first, last in reversed(breaks):
        if first > low and _is_stray(span, last + 1, first, high, ahead=False):
            high = first - 1
        else:
            break
    faint = span.n < STRAY_SHARE * np.where(span.usual >= LEAST_ROWS, span.usual, 0)
    faint &= span.chance < UNLIKELY
    ahead, behind = _leading(faint[low : high + 1]), _leading(faint[low : high + 1][::-1])
    return (
        low + ahead if ahead <= MOST_TRIMMED else low,
        high - behind if behind <= MOST_TRIMMED else high,
    )


def _leading(flags: np.ndarray) -> int:
    """How many of the first are true."""
    return int(np.argmin(np.append(flags, False)))


def _breaks(span: DailyRows) -> list[tuple[int, int]]:
    """Runs without any row that part what lies before from what follows."""
    runs = [list(g) for empty, g in groupby(range(len(span.n)), lambda i: span.n[i] == 0) if empty]
    lengths = sorted(len(run) for run in runs)
    habit = lengths[int(0.9 * (len(lengths) - 1))] if len(lengths) > 3 else 0
    found = []
    for run in runs:
        silent = [i for i in run if span.silent[i]]
        long = len(run) >= max(2 * LONG, 4 * habit)
        full = span.mean[run].sum() >= LEAST_ROWS and len(run) >= max(LONG, 4 * habit)
        if long or full or span.usual[silent].sum() >= LEAST_ROWS:
            found.append((run[0], run[-1]))
    return found


def _is_stray(span: DailyRows, low: int, first: int, last: int, *, ahead: bool) -> bool:
    """Whether the days beyond a break are next to nothing beside the days on its other side.

    ahead: the days from `low` before the break from `first` to `last`; else those from `low` to
    `last`, after the break that began at `first`.
    """
    if ahead:
        apart, rest, length = span.n[low:first], span.n[last + 1 :], last + 1 - low
        body, silence = rest[: 2 * LONG], last + 1 - first
    else:
        apart, rest, length = span.n[low : last + 1], span.n[:first], last + 1 - first
        body, silence = rest[-2 * LONG :], low - first
    here, there = apart[apart > 0], rest[rest > 0]
    if not len(here) or rest.sum() < LEAST_ROWS:
        return False
    few = here.sum() <= LIKELY_NONE or here.mean() < LEAST_SHARE * body[body > 0].mean()
    short = len(apart) <= silence >= LONG and len(there) >= max(len(here), LEAST_DAYS)
    return bool(few and short and apart.sum() < STRAY_SHARE * body.mean() * length)


def _strays(
    days: Mapping[dt.date, Day], span: DailyRows, low: int, high: int, as_of: dt.date
) -> list[Stray]:
    """Rows outside the record, those that do not show recording included."""
    first, last = span.day(low), span.day(high)
    before = [day for day in days if day < first]
    after = [day for day in days if last < day <= as_of]
    sides: tuple[tuple[list[dt.date], Side], ...] = ((before, "before"), (after, "after"))
    return [
        Stray(min(some), max(some), sum(days[day].rows for day in some), side)
        for some, side in sides
        if some
    ]


def _partial(
    span: DailyRows, seen: Mapping[dt.date, Day], low: int, high: int
) -> tuple[dt.datetime | None, dt.datetime | None, int, int]:
    """When recording began and ended, where that was in the course of a day; and the whole days."""
    began = ended = None
    before, after = span.day(low - 1), span.day(high + 1)
    if before in seen and (at := seen[before].first) is not None:
        began = dt.datetime.combine(before, at)
    elif _is_short(span, low) and _late(seen, span, low):
        began = dt.datetime.combine(span.day(low), seen[span.day(low)].first or dt.time())
        low = min(low + 1, high)
    if after in seen and (at := seen[after].last) is not None:
        ended = dt.datetime.combine(after, at)
    elif _is_short(span, high) and _early(seen, span, high):
        ended = dt.datetime.combine(span.day(high), seen[span.day(high)].last or dt.time())
        high = max(high - 1, low)
    return began, ended, low, high


_SHORT = 0.8
"""Part of the usual rows below which a day may be the one in which recording began or ended."""


def _is_short(span: DailyRows, index: int) -> bool:
    usual = span.usual[index]
    return bool(usual >= LEAST_ROWS and span.n[index] < _SHORT * usual)


def _late(seen: Mapping[dt.date, Day], span: DailyRows, index: int) -> bool:
    """Whether the first row came later than on any of the next days."""
    own = seen[span.day(index)].first
    others = [seen[d].first for d in (span.day(index + k) for k in range(1, 15)) if d in seen]
    times = [time for time in others if time is not None]
    return own is not None and len(times) >= 7 and own > max(times)


def _early(seen: Mapping[dt.date, Day], span: DailyRows, index: int) -> bool:
    """Whether the last row came earlier than on any of the days before."""
    own = seen[span.day(index)].last
    others = [seen[d].last for d in (span.day(index - k) for k in range(1, 15)) if d in seen]
    times = [time for time in others if time is not None]
    return own is not None and len(times) >= 7 and own < min(times)


# -- gaps --------------------------------------------------------------------------------------


def _found(
    span: DailyRows,
    low: int,
    high: int,
    witness: Mapping[dt.date, Day] | None,
) -> list[Gap]:
    """Silences within the record that the rows show to be none of the business."""
    causes: dict[dt.date, Cause] = {}
    other = DailyRows(_within(witness, span), frozenset(), frozenset()) if witness else None
    for first, last in span.silences():
        first, last = max(first, low), min(last, high)
        if first > last:
            continue
        for index in range(first, last + 1):
            cause = _cause(span, index, other)
            if cause is not None:
                causes[span.day(index)] = cause
    gaps = []
    for run in runs(causes):
        for cause, group in groupby(run, key=lambda day: causes[day]):
            days = list(group)
            chances = span.chance[[(day - span.start).days for day in days]]
            if chances.prod() < UNLIKELY:
                gaps.append(_gap(span, days, cause, None))
    return [gap for gap in gaps if gap.usual >= LEAST_ROWS]


def _within(witness: Mapping[dt.date, Day], span: DailyRows) -> dict[dt.date, Day]:
    kept = {day: one for day, one in witness.items() if one.shown}
    return kept or {span.start: Day(0, 0)}


def _cause(span: DailyRows, index: int, other: DailyRows | None) -> Cause | None:
    """Why a day of a silence was not recorded; None where it may be what happened."""
    held = _held(other, span.day(index)) if other is not None else None
    if held:
        return "witness"
    return "empty" if span.n[index] == 0 else None


def _held(other: DailyRows, day: dt.date) -> bool | None:
    """Whether the witness had about its usual rows; None where it tells nothing."""
    index = (day - other.start).days
    if not 0 <= index < len(other.n) or other.usual[index] <= 0:
        return None
    return bool(other.n[index] >= 0.5 * other.usual[index])


def _gap(span: DailyRows, run: Sequence[dt.date], cause: Cause, name: Said | None) -> Gap:
    at = [i for i in ((day - span.start).days for day in run) if 0 <= i < len(span.n)]
    return Gap(
        run[0], run[-1], int(span.n[at].sum()), round(float(span.usual[at].sum())), cause, name
    )


def _told(span: DailyRows, stated: Stated) -> list[Gap]:
    """Gaps that the team states."""
    return [
        _gap(span, list(group), *told)
        for run in runs(stated.gaps)
        for told, group in groupby(run, key=lambda day: stated.gaps[day])
    ]


def _without_edge_gaps(
    gaps: list[Gap], first: dt.date, last: dt.date
) -> tuple[list[Gap], dt.date, dt.date]:
    """A gap at an edge moves the edge."""
    while gaps and gaps[0].start <= first <= gaps[0].end:
        first = gaps.pop(0).end + _DAY
    while gaps and gaps[-1].start <= last <= gaps[-1].end:
        last = gaps.pop().start - _DAY
    return gaps, first, last
