"""Days on which a table recorded next to nothing: an outage or lost tracking, listed or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from opsnb.analysis.findings import Check
from opsnb.analysis.metrics.rows import DAY_COLUMN, on_days
from opsnb.analysis.reviews.campaign.increment import post_end
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

WEEKS_BEFORE = 8
LEAST_SHARE = 0.2
"""A day with less than this part of what its weekday usually records is a gap."""
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
    table = ops.catalogue[plan.metric].table
    last = data_end(ops, table) if table and ops.rows.has(table) else None
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
    return checks or [Check("gaps", "pass", Text("campaign.fair.no_gaps"))]


def gaps(ops: Recorder, table: str, first: dt.date, last: dt.date) -> list[Gap]:
    """Days from first to last with under a fifth of the rows of the same weekdays before."""
    rows = ops.rows.table(table).expr
    day = DAY_COLUMN[table]
    since = first - dt.timedelta(weeks=WEEKS_BEFORE)
    seen = rows.filter(on_days(rows, since, last, day)).mutate(_day=rows[day].cast("date"))
    frame = seen.group_by("_day").agg(n=seen.count()).execute()
    counts = pd.Series(frame["n"].to_numpy(), index=pd.to_datetime(frame["_day"]))
    counts = counts.reindex(pd.date_range(since, last), fill_value=0)
    before = counts[counts.index < pd.Timestamp(first)]
    usual = before.groupby(before.index.day_of_week).median()
    found = []
    for stamp, n in counts[counts.index >= pd.Timestamp(first)].items():
        expected = float(usual.get(stamp.weekday(), 0.0))
        if expected >= LEAST_ROWS and n < LEAST_SHARE * expected:
            found.append(Gap(table, stamp.date(), float(n / expected)))
    return found


def _by_listing(ops: Recorder, found: Sequence[Gap]) -> list[tuple[str, list[Gap]]]:
    """Gaps that plans/events.toml tells of, and those that nobody wrote down."""

    def listed(gap: Gap) -> bool:
        return any(
            event.kind in {"outage", "tracking"}
            and event.start <= gap.day <= (event.end or event.start)
            for event in ops.workspace.events
        )

    groups = [
        ("listed", [gap for gap in found if listed(gap)]),
        ("unlisted", [gap for gap in found if not listed(gap)]),
    ]
    return [(state, some) for state, some in groups if some]
