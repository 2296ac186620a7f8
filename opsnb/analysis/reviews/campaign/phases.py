"""A campaign's phases: what each cost, and what was counted a day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Note, Part, Table
from opsnb.analysis.reviews.campaign.before_after import on_record
from opsnb.analysis.reviews.campaign.wording import each
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def phase_parts(case: CampaignCase) -> list[Part]:
    """A row a phase of the plan, with the cost booked in its days and the metric a day."""
    plan, ops = case.plan, case.ops
    if not plan.phases:
        return []
    costs = _booked(case)
    rows: list[dict[str, Any]] = []
    for phase in plan.phases:
        booked = sum(amount for day, amount in costs.items() if phase.start <= day <= phase.end)
        row: dict[str, Any] = {
            "phase": phase.name,
            "dates": Text.of("common.from_to", start=phase.start, end=phase.end),
            "cost": booked if costs else None,
            "daily": None,
        }
        if not ops.meter.absent(plan.metric):
            counted = on_record(ops, plan, phase.start, phase.end).dropna()
            if len(counted):
                row["daily"] = ops.fact(
                    "campaign.phase", counted.mean(), case.unit, metric=plan.metric,
                    segment=f"{phase.start}", n=len(counted),
                )  # fmt: skip
        rows.append(row)
    columns = [
        Column("phase", Text("campaign.phases.phase"), "said"),
        Column("dates", Text("campaign.goal.dates"), "said"),
        Column("cost", Text("campaign.cost.booked"), "money"),
        Column("daily", Text.of("campaign.phases.daily", metric=case.metric.label,
                                each=each(ops.meter.every(plan.metric))), case.format),
    ]  # fmt: skip
    parts: list[Part] = [Table(columns, rows, caption=Text("campaign.phases.caption"))]
    inside = {day for day in costs if any(phase.start <= day <= phase.end for phase in plan.phases)}
    outside = sum(amount for day, amount in costs.items() if day not in inside)
    if outside:
        parts.append(Note(Text.of("campaign.phases.outside", amount=outside)))
    return parts


def _booked(case: CampaignCase) -> dict[dt.date, float]:
    """Costs of the campaign by day."""
    if not case.has_spend:
        return {}
    spend = case.ops.rows.table("spend").expr
    mine = spend.filter((spend.campaign_id == case.plan.id) & spend.date.notnull())
    frame = mine.group_by(day=mine.date.cast("date")).agg(amount=mine.amount.sum()).execute()
    return {
        (row["day"].date() if isinstance(row["day"], dt.datetime) else row["day"]): row["amount"]
        for row in frame.to_dict("records")
    }
