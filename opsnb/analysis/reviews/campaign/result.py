"""What was counted in a campaign's window, beside the weeks before: description, not effect."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Note, Paragraph, Part, charts
from opsnb.analysis.reviews.campaign.before_after import window_before
from opsnb.analysis.reviews.period.calendar_year import base_period, project
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase

REACH = dt.timedelta(days=42)
"""Days before the start that the chart shows."""


def result_parts(case: CampaignCase) -> list[Part]:
    """The counted number and its change, day by day; else why there is none to show."""
    ops, plan = case.ops, case.plan
    if plan.start is None or plan.end is None:
        return [Absent(Text("campaign.result.undated"))]
    if plan.audience != "all":
        return [Absent(Text("campaign.result.selected"))]
    lacking = ops.meter.absent(plan.metric)
    if lacking is not None:
        return [Absent(Text.of("campaign.result.absent", lacking=lacking))]
    before = window_before(plan.start, plan.end)
    last = plan.end + dt.timedelta(days=plan.post_days)
    daily = ops.meter.daily(plan.metric, plan.start - REACH, min(last, ops.workspace.as_of))
    daily = daily.assign(date=daily["day"].dt.date)
    now = daily.loc[daily["date"].between(plan.start, plan.end), "value"].sum()
    then = daily.loc[daily["date"].between(*before), "value"].sum()
    window = ops.fact("campaign.window", now, case.unit, metric=plan.metric)
    change = ops.fact(
        "campaign.change", now / then - 1 if then else None, "relative", metric=plan.metric
    )
    label = case.metric.label
    chart = charts.trend(
        charts.Series(label, list(daily["date"]), list(daily["value"])),
        claim=Text.of("campaign.result.claim", metric=label, change=change),
        alt=Text.of("campaign.result.alt", metric=label),
        source=Text.of("campaign.result.source", metric=label, start=plan.start - REACH, end=last),
        format=case.format,
        events=[charts.Event(plan.start, plan.name, plan.end)],
    )
    note = Text.of(
        "campaign.result.before", before_start=before[0], before_end=before[1],
        value=window, change=change,
    )  # fmt: skip
    history = _year_before(case, (plan.start, plan.end), float(now))
    return [Paragraph(note), *history, chart, Note(Text("campaign.result.not_causal"))]


def _year_before(case: CampaignCase, window: tuple[dt.date, dt.date], now: float) -> list[Part]:
    """The same days a year before, on this year's weekdays and holidays; where they are on record.

    Around the Spring Festival the lunar calendar says which days are the same.
    """
    ops, metric, country = case.ops, case.plan.metric, case.ops.workspace.country
    period = between(*window)
    base, lunar = base_period(period, country)
    daily = ops.meter.daily(metric, base.start, base.end)
    if not (daily["value"] > 0).all():
        return []
    values = dict(zip(daily["day"].dt.date, daily["value"], strict=True))
    then = project(values, period.dates, country)
    if not then:
        return []
    change = ops.fact("campaign.year_change", now / then - 1, "relative", metric=metric)
    key = "campaign.result.year_lunar" if lunar else "campaign.result.year"
    return [Paragraph(Text.of(key, start=base.start, end=base.end, change=change))]
