"""The cards of a campaign's first screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Card, Fact, Tone
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign


def campaign_cards(campaign: Campaign) -> list[Card]:
    """Effect, returns, cost, and what the channels counted; six at most.

    No return stands here while costs are missing: it would be too high.
    """
    facts = campaign.ops.facts
    head = campaign.effect_fact
    cards = [] if head is None else [_effect(campaign, head)]
    if campaign.ledger.complete:
        cards += _returns(campaign)
    if campaign.ledger.booked or campaign.ledger.planned:
        cards.append(_cost(campaign, facts["campaign.cost"]))
    return [*cards, *_counts(campaign)][:6]


def _returns(campaign: Campaign) -> list[Card]:
    facts, cards = campaign.ops.facts, []
    roi = facts.get("campaign.roi_incremental")
    if roi is not None:
        cards.append(_roi(campaign, roi))
    for key, label in (("campaign.roi_classic", "classic"), ("campaign.roas", "roas")):
        if key in facts:
            cards.append(
                Card(
                    Text(f"campaign.returns.{label}"),
                    Text.of("common.change", fact=facts[key]),
                    facts[key],
                    change=Text("campaign.card.attributed"),
                )
            )
    return cards


def _effect(campaign: Campaign, head: Fact) -> Card:
    target = campaign.plan.success
    tone, status = _against(campaign, head)
    return Card(
        Text("campaign.card.effect" if campaign.increment.net else "campaign.card.effect_during"),
        Text.of("common.signed_change", fact=head),
        head,
        target=campaign.amount(target.increment, signed=False) if target else None,
        interval=Text.of("common.signed_interval", fact=head),
        tone=tone,
        status=status,
    )


def _against(campaign: Campaign, head: Fact) -> tuple[Tone, Text]:
    """The effect against the success line; without one, against nothing at all."""
    tone = campaign.effect_tone
    if campaign.plan.success is None:
        return tone, Text("campaign.card.no_target")
    line = campaign.plan.success.increment
    assert head.low is not None and head.high is not None
    if head.low >= line:
        return tone, Text("campaign.card.reached")
    if head.high < line:
        return "bad" if tone == "bad" else "warn", Text("campaign.card.missed")
    return "warn", Text("campaign.card.unclear")


def _roi(campaign: Campaign, roi: Fact) -> Card:
    assert roi.low is not None and roi.high is not None
    tone: Tone = "good" if roi.low > 0 else "bad" if roi.high < 0 else "warn"
    one = campaign.worth
    status = f"roi_{tone}"
    if one is not None and one.assumed:
        tone, status = "warn", "roi_assumed"
    return Card(
        Text("campaign.returns.incremental"),
        Text.of("common.signed_percent", value=roi.value),
        roi,
        interval=Text.of("common.interval", fact=roi),
        tone=tone,
        status=Text(f"campaign.card.{status}"),
    )


def _cost(campaign: Campaign, cost: Fact) -> Card:
    budget, complete = campaign.ledger.budget, campaign.ledger.complete
    over = cost.value / budget - 1 if budget and cost.value is not None else None
    return Card(
        Text("campaign.card.cost"),
        Text.of("common.money", value=cost.value),
        cost,
        target=Text.of("common.money", value=budget) if budget else None,
        change=Text.of("campaign.card.budget", over=over) if over is not None else None,
        tone="neutral" if complete else "warn",
        status=None
        if complete or not campaign.ledger.missing
        else Text("campaign.card.incomplete"),
    )


def _counts(campaign: Campaign) -> list[Card]:
    """Conversions and cost a conversion, where the ledger counts them."""
    ops = campaign.ops
    rows = campaign.channel_rows
    counted = [row for row in rows if row.conversions]
    total = sum(row.conversions or 0 for row in counted)
    if not total:
        return []
    conversions = ops.fact("campaign.conversions", total, "count")
    each = ops.fact("campaign.cac", sum(row.spend for row in counted) / total, "money")
    return [
        Card(
            Text("campaign.card.conversions"),
            Text.of("common.integer", value=total),
            conversions,
            change=Text("campaign.card.counted"),
        ),
        Card(
            Text("campaign.card.cpa"),
            Text.of("common.exact_money", value=each.value),
            each,
            change=Text("campaign.card.counted"),
        ),
    ]
