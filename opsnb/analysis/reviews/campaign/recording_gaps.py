"""Days on which a table recorded next to nothing: an outage or lost tracking, listed or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check
from opsnb.analysis.reviews.campaign.increment import post_end
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.tables import Gap
    from opsnb.base.plans import CampaignPlan


_TOLD = ("stated", "tracking")


@dataclass(frozen=True)
class Missing:
    """Days of a table that are not on record or without a row, and whether the team lists them."""

    days: Text
    listed: bool


def gap_checks(ops: Recorder, plan: CampaignPlan) -> list[Check]:
    """Whether the data reaches the campaign's end, and holds its days and those after it."""
    assert plan.start and plan.end
    table = ops.catalogue[plan.metric].table
    last = data_end(ops, table) if table and ops.rows.has(table) else None
    checks = []
    if last is not None and last < plan.end:
        reason = Text.of("campaign.fair.unfinished", last=last, end=plan.end)
        checks.append(Check("window_recorded", "warn", reason))
    begun = ops.rows.record(table).first if last is not None and table else None
    if begun is not None and begun > plan.start:
        reason = Text.of("campaign.fair.begun_late", first=begun, start=plan.start)
        checks.append(Check("start_recorded", "warn", reason))
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
    return checks or [Check("gaps", "pass", Text("campaign.fair.no_gaps"))]


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
