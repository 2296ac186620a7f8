"""A campaign's phases: what each cost, and what was counted a day; and the year before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Note, Paragraph, Part, Table
from opsnb.analysis.reviews.period.calendar_year import base_period, project
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign


def phase_parts(campaign: Campaign) -> list[Part]:
    """A row a phase of the plan, with the cost booked in its days and the metric a day."""
    plan, ops = campaign.plan, campaign.ops
    if not plan.phases:
        return []
    costs = _booked(campaign)
    rows: list[dict[str, Any]] = []
    for phase in plan.phases:
        span = between(phase.start, phase.end)
        booked = sum(amount for day, amount in costs.items() if phase.start <= day <= phase.end)
        row: dict[str, Any] = {
            "phase": phase.name,
            "dates": Text.of("common.from_to", start=phase.start, end=phase.end),
            "cost": booked if costs else None,
            "daily": None,
        }
        if not ops.meter.absent(plan.metric):
            counted = ops.meter.daily(plan.metric, span.start, span.end)["value"]
            row["daily"] = ops.fact(
                "campaign.phase", counted.mean(), campaign.unit, metric=plan.metric,
                segment=f"{phase.start}", n=len(counted),
            )  # fmt: skip
        rows.append(row)
    columns = [
        Column("phase", Text("campaign.phases.phase"), "said"),
        Column("dates", Text("campaign.goal.dates"), "said"),
        Column("cost", Text("campaign.cost.booked"), "money"),
        Column("daily", Text.of("campaign.phases.daily", metric=campaign.metric.label),
               campaign.format),
    ]  # fmt: skip
    parts: list[Part] = [Table(columns, rows, caption=Text("campaign.phases.caption"))]
    inside = {day for day in costs if any(phase.start <= day <= phase.end for phase in plan.phases)}
    outside = sum(amount for day, amount in costs.items() if day not in inside)
    if outside:
        parts.append(Note(Text.of("campaign.phases.outside", amount=outside)))
    return parts


def _booked(campaign: Campaign) -> dict[dt.date, float]:
    """The ledger by day."""
    if not campaign.has_spend:
        return {}
    spend = campaign.ops.rows.table("spend").expr
    mine = spend.filter((spend.campaign_id == campaign.plan.id) & spend.date.notnull())
    frame = mine.group_by(day=mine.date.cast("date")).agg(amount=mine.amount.sum()).execute()
    return {
        (row["day"].date() if isinstance(row["day"], dt.datetime) else row["day"]): row["amount"]
        for row in frame.to_dict("records")
    }


def year_before(campaign: Campaign) -> list[Part]:
    """The same days a year before, on this year's weekdays and holidays; where they are on record.

    Around the Spring Festival the lunar calendar says which days are the same.
    """
    plan, ops = campaign.plan, campaign.ops
    assert plan.start and plan.end
    window, country = between(plan.start, plan.end), ops.workspace.country
    base, lunar = base_period(window, country)
    daily = ops.meter.daily(plan.metric, base.start, base.end)
    if not (daily["value"] > 0).all():
        return []
    values = dict(zip(daily["day"].dt.date, daily["value"], strict=True))
    then = project(values, window.dates, country)
    window_fact = ops.facts.get(f"campaign.window/{plan.metric}")
    if not then or window_fact is None or window_fact.value is None:
        return []
    change = ops.fact(
        "campaign.year_change", float(window_fact.value) / then - 1, "relative", metric=plan.metric
    )
    key = "campaign.result.year_lunar" if lunar else "campaign.result.year"
    return [Paragraph(Text.of(key, start=base.start, end=base.end, change=change))]
