"""What a campaign promised beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.display import Column, Part, Table
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def goal_parts(case: CampaignCase) -> list[Part]:
    """The plan as a table; what it leaves open is named."""
    plan, budget = case.plan, case.plan.budget.total
    rows: list[tuple[str, Said | None]] = [
        ("objective", plan.objective),
        ("metric", case.metric.label),
        ("dates", _dates(case)),
        ("success", _increment(case, plan.success.increment if plan.success else None)),
        ("predicted", _predicted(case)),
        ("budget", Text.of("common.money", value=budget) if budget else None),
        ("owner", plan.owner or case.ops.owner),
    ]
    return [
        Table(
            [
                Column("item", Text("campaign.goal.item"), "said"),
                Column("value", Text("campaign.goal.registered"), "said"),
            ],
            [
                {
                    "item": Text(f"campaign.goal.{name}"),
                    "value": value or Text("campaign.goal.none"),
                }
                for name, value in rows
            ],
        )
    ]


def _dates(case: CampaignCase) -> Text:
    plan = case.plan
    if not case.dated:
        return Text("campaign.goal.undated")
    key = "date_range" if plan.post_days else "date_range_only"
    return Text.of(f"campaign.goal.{key}", start=plan.start, end=plan.end, days=plan.post_days)


def _increment(case: CampaignCase, value: float | None) -> Text | None:
    if value is None:
        return None
    return Text.of("campaign.goal.value_increment", value=case.amount(value))


def _predicted(case: CampaignCase) -> Text | None:
    expected = case.plan.predicted
    if expected is None:
        return None
    if expected.low is None or expected.high is None:
        return _increment(case, expected.value)
    return Text.of(
        "campaign.goal.predicted_range",
        value=case.amount(expected.value),
        low=case.amount(expected.low),
        high=case.amount(expected.high),
    )
