"""Days on which a table recorded next to nothing: an outage or lost tracking, listed or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from opsnb.analysis.findings import Check
from opsnb.analysis.metrics.rows import DAY_COLUMN, on_days
from opsnb.analysis.metrics.series_record import control_definition
from opsnb.analysis.reviews.campaign.wording import spans
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

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
    checks += _series_gaps(ops, plan)
    checks = checks or [Check("gaps", "pass", Text("campaign.fair.no_gaps"))]
    return [*checks, *_strays(ops, plan)]


def _series_gaps(ops: Recorder, plan: CampaignPlan) -> list[Check]:
    """Steps of the campaign and after it that the metric's series or a control's lacks."""
    assert plan.start and plan.end
    controls = plan.controls if ops.rows.has("series") else []
    records = {name: ops.meter.records.of(control_definition(name)) for name in controls}
    own = ops.meter.record(plan.metric)
    named = [(ops.label(plan.metric), own), *records.items()] if own else list(records.items())
    last = post_end(ops, plan, plan.end)
    found = [(what, record.missing(plan.start, last)) for what, record in named]
    lacks = [
        Text.of("campaign.effect.lacks", what=what, days=spans(missing))
        for what, missing in found
        if missing
    ]
    message = Text.of("campaign.fair.gaps_series", lacking=lacks)
    return [Check("gaps.series", "warn", message)] if lacks else []


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
    ends = [data_end(ops, table) for table in _mapped_tables(ops, metric_id)]
    return min((end for end in ends if end is not None), default=None)


def _mapped_tables(ops: Recorder, metric_id: str) -> list[str]:
    return [name for name in dict.fromkeys(_tables(ops, metric_id)) if ops.rows.has(name)]


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

    Before their first row and after their last (unless `inside`); without a row where there are
    many on such weekdays; with next to none where plans/events.toml lists a gap of tracking. A
    listed gap takes its days out of what is tracked (events, `series`) however many rows are
    left. In an outage nothing happened, which is on record. Steps of `series` without a row are
    not here: its record tells them.
    """
    return frozenset(
        day
        for table in _mapped_tables(ops, metric_id)
        for day in _unrecorded(ops, table, first, last, inside)
    )


def outage_days(ops: Recorder, metric_id: str, first: dt.date, last: dt.date) -> frozenset[dt.date]:
    """Days with next to no rows that plans/events.toml calls an outage: no campaign's doing."""
    return frozenset(
        day
        for table in _mapped_tables(ops, metric_id)
        for day, _ in _scarce(ops, table, first, last)
        if _is_listed(ops, day, "outage")
    )


def _unrecorded(
    ops: Recorder, table: str, first: dt.date, last: dt.date, inside: bool
) -> Iterator[dt.date]:
    if table in _TRACKED:
        for event in ops.workspace.events:
            if event.kind == "tracking":
                yield from (day for day in event.period.dates if first <= day <= last)
    if table == "series" or table not in DAY_COLUMN:
        return
    begin, end = ops.inspect(table)[0].first, data_end(ops, table)
    begins, ends = pd.Timestamp(begin or dt.date.max).date(), end or dt.date.min
    if not inside:
        yield from (day for day in between(first, last).dates if not begins <= day <= ends)
    for day, n in _scarce(ops, table, first, last):
        lost = n == 0 and not _is_listed(ops, day, "outage")
        if begins <= day <= ends and (lost or _is_listed(ops, day, "tracking")):
            yield day


def _scarce(
    ops: Recorder, table: str, first: dt.date, last: dt.date
) -> Iterator[tuple[dt.date, int]]:
    """Days with under a fifth of the rows of their weekday in these days, and how many."""
    if table == "series" or table not in DAY_COLUMN:
        return
    counts = _rows_by_day(ops, table, first, last)
    usual = counts.groupby(counts.index.day_of_week).transform("median")
    few = (usual >= LEAST_ROWS) & (counts < LEAST_SHARE * usual)
    yield from ((stamp.date(), int(n)) for stamp, n in counts[few].items())


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


def _is_listed(ops: Recorder, day: dt.date, *kinds: str) -> bool:
    """Whether plans/events.toml tells of an event of these kinds on a day."""
    return any(event.kind in kinds and event.period.contains(day) for event in ops.workspace.events)


def _by_listing(ops: Recorder, found: Sequence[Gap]) -> list[tuple[str, list[Gap]]]:
    """Gaps that plans/events.toml tells of, and those that nobody wrote down."""
    listed = [gap for gap in found if _is_listed(ops, gap.day, "outage", "tracking")]
    groups = [
        ("listed", listed),
        ("unlisted", [gap for gap in found if gap not in listed]),
    ]
    return [(state, some) for state, some in groups if some]
