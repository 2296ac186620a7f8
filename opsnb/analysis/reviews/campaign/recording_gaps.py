"""Days of a campaign that its tables do not hold, listed by the team or found."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check
from opsnb.analysis.metrics.series_record import control_definition
from opsnb.analysis.reviews.campaign.wording import spans
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.tables import Gap
    from opsnb.base.plans import CampaignPlan

_TOLD = ("stated", "tracking")
"""Causes of gaps that the team has written down."""

LEAST_SHARE = 0.2
"""Part of the rows of the days before it below which a day of an outage is left out of a model."""

_BESIDE = 28


@dataclass(frozen=True)
class Missing:
    """Days of a table that are not on record or without a row, and whether the team lists them."""

    days: Text
    listed: bool


def gap_checks(ops: Recorder, plan: CampaignPlan) -> list[Check]:
    """Whether the data reaches the campaign's end, and holds its days and those after it."""
    assert plan.start and plan.end
    checks = [*_edges(ops, plan)]
    found = [
        one
        for name in ("orders", "events", "users")
        if ops.rows.has(name)
        for one in missing(ops, name, plan.start, post_end(ops, plan, plan.end))
    ]
    for state in ("listed", "unlisted"):
        some = [one.days for one in found if one.listed == (state == "listed")]
        if some:
            message = Text.of(f"campaign.fair.gaps_{state}", days=some)
            checks.append(Check(f"gaps.{state}", "warn", message))
    checks += _series_gaps(ops, plan)
    checks = checks or [Check("gaps", "pass", Text("campaign.fair.no_gaps"))]
    return [*checks, *_strays(ops, plan)]


def _edges(ops: Recorder, plan: CampaignPlan) -> Iterator[Check]:
    """Whether the metric's record begins before the campaign and reaches its end."""
    assert plan.start and plan.end
    last = recorded_until(ops, plan.metric)
    if last is not None and last < plan.end:
        reason = Text.of("campaign.fair.unfinished", last=last, end=plan.end)
        yield Check("window_recorded", "warn", reason)
    begun = ops.meter.on_record.first(ops.catalogue[plan.metric])
    if begun is not None and begun > plan.start:
        reason = Text.of("campaign.fair.begun_late", first=begun, start=plan.start)
        yield Check("start_recorded", "warn", reason)


def missing(ops: Recorder, table: str, first: dt.date, last: dt.date) -> list[Missing]:
    """Gaps of a table's record from first to last, and days that an outage left without a row."""
    record, events = ops.rows.record(table), ops.workspace.events

    def listed(gap: Gap) -> bool:
        return gap.cause in _TOLD or any(
            e.kind == "tracking" and e.period.contains(gap.start) for e in events
        )

    found = []
    for gap in record.gaps_in(first, last):
        key = f"campaign.fair.{'stated' if gap.cause in _TOLD else 'gap'}"
        said = Text.of(key, table=table, days=said_days(gap.days), share=gap.share)
        found.append(Missing(said, listed(gap)))
    silent = [
        day
        for event in events
        if event.kind == "outage"
        for day in event.period.dates
        if first <= day <= last and record.state(day) == "zero"
    ]
    if silent:
        said = Text.of("campaign.fair.silent", table=table, days=said_days(silent))
        found.append(Missing(said, True))
    return found


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
        Text.of("campaign.effect.lacks", what=what, days=spans(lacking))
        for what, lacking in found
        if lacking
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
    tables = sorted(ops.catalogue[metric_id].tables(ops.rows, ops.catalogue))
    ends = [data_end(ops, table) for table in tables if ops.rows.has(table)]
    return min((end for end in ends if end is not None), default=None)


def post_end(ops: Recorder, plan: CampaignPlan, end: dt.date) -> dt.date:
    """The last day after the campaign that is both planned and on record."""
    recorded = recorded_until(ops, plan.metric) or end
    return max(end, min(end + dt.timedelta(days=plan.post_days), recorded))


def unrecorded_days(
    ops: Recorder, metric_id: str, first: dt.date, last: dt.date, *, inside: bool = False
) -> frozenset[dt.date]:
    """Days from first to last that the metric's tables do not hold.

    `inside`: only those between the first and the last day on record. Of `series`, days of a listed
    gap of tracking; steps without a row are not here: its record tells them.
    """
    metric, on_record = ops.catalogue[metric_id], ops.meter.on_record
    days = on_record.lacks(metric, first, last)
    if inside:
        begin, end = on_record.first(metric), on_record.last(metric)
        days = frozenset(day for day in days if begin and end and begin <= day <= end)
    if ops.meter.record(metric_id) is None:
        return days
    listed = _event_days(ops, "tracking")
    return days.union(day for day in listed if first <= day <= last)


def outage_days(ops: Recorder, metric_id: str, first: dt.date, last: dt.date) -> frozenset[dt.date]:
    """Days that plans/events.toml calls an outage and that it left with few rows, or none."""
    listed = [day for day in _event_days(ops, "outage") if first <= day <= last]
    records = list(ops.meter.on_record.records(ops.catalogue[metric_id]))
    return frozenset(day for day in listed if any(_is_low(record.rows, day) for record in records))


def _event_days(ops: Recorder, kind: str) -> Iterator[dt.date]:
    for event in ops.workspace.events:
        if event.kind == kind:
            yield from event.period.dates


def _is_low(rows: Mapping[dt.date, int], day: dt.date) -> bool:
    """Whether a day has less than a fifth of the rows of the four weeks before it."""
    before = [rows.get(day - dt.timedelta(days=n), 0) for n in range(1, _BESIDE + 1)]
    return rows.get(day, 0) < LEAST_SHARE * statistics.median(before)
