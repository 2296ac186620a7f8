"""Rows by period and group, and what a metric was in each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from opsnb.analysis.metrics.rows import number, on_days
from opsnb.base.errors import MetricError

if TYPE_CHECKING:
    from opsnb.base.periods import Period


@dataclass(frozen=True)
class Measured:
    """A metric's value in one period (and group).

    Attributes
    ----------
    value : float or None
        None where the denominator is zero or nothing was recorded.
    numerator, denominator : float or None
        What was divided; the value itself and None for sums and counts.
    n : int
        Rows or users behind the value.
    people : int or None
        Distinct users behind the rows of a group; None where that was not asked, or rows have
        no user.
    binary : bool
        The value is a share of n independent yes/no answers, so Wilson's interval applies.
    plus, minus : int or None
        Promoters and detractors, for an NPS.
    withheld : bool
        Too few people stand behind it to be shown, or it would give away such a group.
    days : int or None
        Days of the period that are on record; None where the value is no matter of days.
    until : date or None
        The last day that it looks at, where that is not the period's.
    """

    period: str
    group: str | None
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    binary: bool = False
    plus: int | None = None
    minus: int | None = None
    withheld: bool = False
    days: int | None = None
    until: dt.date | None = None
    people: int | None = None


def grouped(column: ibis.Column) -> ibis.Column:
    return column.cast("string").coalesce("(none)")


def keys_of(by: str | None) -> list[str]:
    return ["_period", "_group"] if by else ["_period"]


def in_periods(rows: ibis.Table, periods: Sequence[Period]) -> ibis.Table:
    """Rows of the periods, `_period` telling which; the periods must not overlap."""
    ordered = sorted(periods, key=lambda period: period.start)
    for before, after in pairwise(ordered):
        if after.start <= before.end:
            raise MetricError(
                f"the periods {before.key} and {after.key} overlap",
                hint="measure overlapping periods in separate calls",
            )
    *earlier, last = ordered
    inside = during(rows, ordered)  # so that a period's end says enough
    ends = [(inside._day <= ibis.literal(period.end), period.key) for period in earlier]
    which = ibis.cases(*ends, else_=last.key) if ends else ibis.literal(last.key)
    return inside.mutate(_period=which)


def during(rows: ibis.Table, periods: Sequence[Period]) -> ibis.Table:
    """Rows of the days of any of the periods."""
    spans = _spans(sorted(periods, key=lambda period: period.start))
    held = on_days(rows, spans[0][0], spans[-1][1])
    if len(spans) > 1:
        held &= reduce(or_, (on_days(rows, *span) for span in spans))
    return rows.filter(held)


def _spans(ordered: Sequence[Period]) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each unbroken row of periods."""
    spans = [(ordered[0].start, ordered[0].end)]
    for period in ordered[1:]:
        first, last = spans[-1]
        if period.start == last + dt.timedelta(days=1):
            spans[-1] = first, period.end
        else:
            spans.append((period.start, period.end))
    return spans


def by_period(
    frame: pd.DataFrame, periods: Sequence[Period], by: str | None
) -> Iterable[dict[str, Any]]:
    """The rows in the order of the periods; a period without rows still gives one (no groups)."""
    records = frame.to_dict("records")
    for period in periods:
        own = [record for record in records if record["_period"] == period.key]
        if not own and not by:
            yield {"_period": period.key}
        yield from sorted(own, key=lambda record: record.get("_group") or "")


def share_of(row: Mapping[str, Any], *, binary: bool = False) -> Measured:
    """A row of `_sum` over `_n` users as an answer; `binary`: each user did or did not."""
    total, n = number(row.get("_sum")) or 0.0, int(row.get("_n") or 0)
    value = total / n if n else None
    return Measured(row["_period"], row.get("_group"), value, total, float(n), n, binary=binary)
