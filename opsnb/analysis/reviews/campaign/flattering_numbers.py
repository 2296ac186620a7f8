"""The numbers that flatter, beside the causal one, each with the reason why it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Column, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase


def naive_table(case: CampaignCase, causal: Fact) -> list[Part]:
    """Before and after, and the shop's own tag, beside the increment of the same days.

    Users picked for low or high activity move back towards the average by themselves, so for
    them no before-and-after is shown.
    """
    rows: list[dict[str, Any]] = []
    before_after = case.before_after
    if before_after is not None:
        case.ops.record(before_after)
        if case.plan.audience == "all":
            row = _row("before_after", before_after, causal)
            if case.change is not None and case.change.every != "day":
                row["name"] = Text("campaign.naive.before_after_steps")
            rows.append(row)
    credited = case.attributed
    if credited is not None and credited.orders and case.unit == "money":
        case.ops.record(credited.fact)
        rows.append(_row("tagged", credited.fact, causal))
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
