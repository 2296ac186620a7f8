"""Days on which a table recorded next to nothing: an outage or lost tracking, listed or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from opsnb.analysis.findings import Check
from opsnb.analysis.metrics.rows import DAY_COLUMN, on_days
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan, Event

WEEKS_BEFORE = 8
LEAST_SHARE = 0.2
"""A day with less than this part of what its weekday usually records is a gap."""
_TRACKED = frozenset({"events", "series"})
"""Tables that a gap of tracking leaves incomplete."""
LEAST_ROWS = 20
"""Rows that a weekday usually records, below which a quiet day says nothing."""


@dataclass(frozen=True)
class Gap:
    """A table's day with far too few rows."""

    table: str
    day: dt.date
    share: float


def gap_checks(ops: Recorder, plan: CampaignPlan) -> list[Check]:
    """Whether the data reaches the campaign's end, and holds its days and those after it."""
    assert plan.start and plan.end
    last = recorded_until(ops, plan.metric)
    checks = []
    if last is not None and last < plan.end:
        reason = Text.of("campaign.fair.unfinished", last=last, end=plan.end)
        checks.append(Check("window_recorded", "warn", reason))
    found = [
        gap
        for name in ("orders", "events", "users")
        if ops.rows.has(name)
        for gap in gaps(ops, name, plan.start, post_end(ops, plan, plan.end))
    ]
    for state, some in _by_listing(ops, found):
        message = Text.of(
            f"campaign.fair.gaps_{state}",
            days=[
                Text.of("campaign.fair.gap", table=g.table, day=g.day, share=g.share) for g in some
            ],
        )
        checks.append(Check(f"gaps.{state}", "warn", message))
    checks = checks or [Check("gaps", "pass", Text("campaign.fair.no_gaps"))]
    return [*checks, *_strays(ops, plan)]


def _strays(ops: Recorder, plan: CampaignPlan) -> list[Check]:
    """Rows of the metric's series that stand alone, long before the rest."""
    record = ops.meter.record(plan.metric)
    if record is None or not record.aside:
        return []
    message = Text.of(
        "campaign.fair.aside", metric=ops.label(plan.metric), days=list(record.aside),
        first=record.first,
    )  # fmt: skip
    return [Check("series.aside", "pass", message)]


def recorded_until(ops: Recorder, metric_id: str) -> dt.date | None:
    """The last day that the data of a metric hold; None where nothing says it."""
    record = ops.meter.record(metric_id)
    if record is not None and record.last is not None:
        return min(record.last, ops.workspace.as_of)
    ends = [data_end(ops, table) for table in _tables(ops, metric_id) if ops.rows.has(table)]
    return min((end for end in ends if end is not None), default=None)


def _tables(ops: Recorder, metric_id: str) -> list[str]:
    """The tables that a metric, or the parts of a quotient, is counted in."""
    metric = ops.catalogue[metric_id]
    if metric.parts:
        return [table for name in metric.parts for table in _tables(ops, name)]
    return [metric.table] if metric.table else []


def post_end(ops: Recorder, plan: CampaignPlan, end: dt.date) -> dt.date:
    """The last day after the campaign that is both planned and on record."""
    recorded = recorded_until(ops, plan.metric) or end
    return max(end, min(end + dt.timedelta(days=plan.post_days), recorded))


def unrecorded_days(
    ops: Recorder, metric_id: str, first: dt.date, last: dt.date, *, inside: bool = False
) -> frozenset[dt.date]:
    """Days that the metric's tables do not hold, of those from first to last.

    `inside`: only those between a table's first and last row.

    Before their first row and after their last; without a row where there are many on such
    weekdays; with next to none where plans/events.toml tells why. A listed gap of tracking takes
    its days out of what is tracked (events, `series`) however many rows are left. Steps of
    `series` without a row are not here: its record tells them.
    """
    return frozenset(
        day
        for table in dict.fromkeys(_tables(ops, metric_id))
        if ops.rows.has(table)
        for day in _unrecorded(ops, table, first, last, inside)
    )


def _unrecorded(
    ops: Recorder, table: str, first: dt.date, last: dt.date, inside: bool
) -> Iterator[dt.date]:
    if table in _TRACKED:
        for event in _events(ops, {"tracking"}):
            yield from (day for day in event.period.dates if first <= day <= last)
    if table == "series" or table not in DAY_COLUMN:
        return
    counts = _rows_by_day(ops, table, first, last)
    begin, end = ops.inspect(table)[0].first, data_end(ops, table)
    usual = counts.groupby(counts.index.day_of_week).transform("median")
    for stamp, n in counts.items():
        day, expected = stamp.date(), float(usual[stamp])
        scarce = expected >= LEAST_ROWS and n < LEAST_SHARE * expected
        if begin is None or day < pd.Timestamp(begin).date() or day > (end or day):
            lacks = not inside
        else:
            lacks = scarce and (n == 0 or _is_listed(ops, day))
        if lacks:
            yield day


def gaps(ops: Recorder, table: str, first: dt.date, last: dt.date) -> list[Gap]:
    """Days from first to last with under a fifth of the rows of the same weekdays before."""
    counts = _rows_by_day(ops, table, first - dt.timedelta(weeks=WEEKS_BEFORE), last)
    before = counts[counts.index < pd.Timestamp(first)]
    usual = before.groupby(before.index.day_of_week).median()
    found = []
    for stamp, n in counts[counts.index >= pd.Timestamp(first)].items():
        expected = float(usual.get(stamp.weekday(), 0.0))
        if expected >= LEAST_ROWS and n < LEAST_SHARE * expected:
            found.append(Gap(table, stamp.date(), float(n / expected)))
    return found


def _rows_by_day(ops: Recorder, table: str, first: dt.date, last: dt.date) -> pd.Series:
    """Rows of a table on each day, 0 where there is none."""
    rows, day = ops.rows.table(table).expr, DAY_COLUMN[table]
    seen = rows.filter(on_days(rows, first, last, day)).mutate(_day=rows[day].cast("date"))
    frame = seen.group_by("_day").agg(n=seen.count()).execute()
    counts = pd.Series(frame["n"].to_numpy(), index=pd.to_datetime(frame["_day"]))
    return counts.reindex(pd.date_range(first, last), fill_value=0)


def _events(ops: Recorder, kinds: set[str]) -> list[Event]:
    return [event for event in ops.workspace.events if event.kind in kinds]


def _is_listed(ops: Recorder, day: dt.date) -> bool:
    """Whether plans/events.toml tells of an outage or a gap on a day."""
    return any(event.period.contains(day) for event in _events(ops, {"outage", "tracking"}))


def _by_listing(ops: Recorder, found: Sequence[Gap]) -> list[tuple[str, list[Gap]]]:
    """Gaps that plans/events.toml tells of, and those that nobody wrote down."""
    groups = [
        ("listed", [gap for gap in found if _is_listed(ops, gap.day)]),
        ("unlisted", [gap for gap in found if not _is_listed(ops, gap.day)]),
    ]
    return [(state, some) for state, some in groups if some]
