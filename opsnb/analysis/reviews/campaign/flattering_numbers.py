"""The numbers that flatter, beside the causal one, each with the reason why it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.campaign import costs
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign


def naive_table(campaign: Campaign, causal: Fact) -> list[Part]:
    """Before and after, and the shop's own tag, beside the increment of the same days.

    Users picked for low or high activity move back towards the average by themselves, so for
    them no before-and-after is shown.
    """
    rows: list[dict[str, Any]] = []
    before_after = campaign.before_after
    if before_after is not None and campaign.plan.audience == "all":
        rows.append(_row("before_after", before_after, causal))
    credited = campaign.attributed
    if credited is not None and credited.orders and campaign.unit == "money":
        tagged = campaign.ops.fact(
            "campaign.net_revenue", credited.revenue, "money", n=credited.orders
        )
        rows.append(_row("tagged", tagged, causal))
    if not rows:
        return []
    rows.append(
        {
            "name": Text("campaign.naive.causal"),
            "value": Text.of("common.signed_change", fact=causal),
            "why": Text.of("campaign.naive.causal_why", effect=causal),
        }
    )
    return [
        Table(
            [
                Column("name", Text("campaign.naive.name"), "said"),
                Column("value", Text("campaign.returns.value"), "said", "right"),
                Column("why", Text("campaign.naive.why"), "said"),
            ],
            rows,
            caption=Text("campaign.naive.caption"),
            stacked=True,
        )
    ]


def _row(name: str, fact: Fact, causal: Fact) -> dict[str, Any]:
    inside = (causal.low or 0.0) <= fact.value <= (causal.high or 0.0)
    return {
        "name": Text(f"campaign.naive.{name}"),
        "value": Text.of("common.signed_change", fact=fact),
        "why": Text(f"campaign.naive.{name}_{'agrees' if inside else 'why'}"),
    }


def before_after(campaign: Campaign) -> Fact | None:
    """The metric in the window less the same weekdays before, in its own unit."""
    plan, meter = campaign.plan, campaign.ops.meter
    if plan.start is None or plan.end is None or meter.absent(plan.metric):
        return None
    first, last = costs.window_before(plan.start, plan.end)
    daily = meter.daily(plan.metric, first, plan.end)
    day = daily["day"].dt.date
    now = daily.loc[day.between(plan.start, plan.end), "value"].sum()
    then = daily.loc[day.between(first, last), "value"].sum()
    return campaign.ops.fact("campaign.naive", float(now - then), campaign.unit, metric=plan.metric)
