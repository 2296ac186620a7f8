"""The days before a campaign that its own are held against, and the plain difference."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact

if TYPE_CHECKING:
    from opsnb.analysis.findings.records import Unit
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan


def window_before(start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """As many days right before, moved by whole weeks so that the weekdays are the same."""
    days = (end - start).days + 1
    shift = dt.timedelta(days=7 * -(-days // 7))
    return start - shift, end - shift


def before_after(ops: Recorder, plan: CampaignPlan, unit: Unit) -> Fact | None:
    """The metric in the window less the same weekdays before, in its own unit."""
    if plan.start is None or plan.end is None or ops.meter.absent(plan.metric):
        return None
    first, last = window_before(plan.start, plan.end)
    daily = ops.meter.daily(plan.metric, first, plan.end)
    day = daily["day"].dt.date
    now = daily.loc[day.between(plan.start, plan.end), "value"].sum()
    then = daily.loc[day.between(first, last), "value"].sum()
    return Fact("campaign.naive", float(now - then), unit, metric=plan.metric)
