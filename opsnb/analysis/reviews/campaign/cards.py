"""The cards of a campaign's first screen."""

from __future__ import annotations

from opsnb.analysis.findings import Card, Fact, Tone
from opsnb.analysis.reviews.campaign.costs import Conversions, CostBook
from opsnb.analysis.reviews.campaign.effect_facts import EffectFacts, tone
from opsnb.analysis.reviews.campaign.increment import Judged
from opsnb.analysis.reviews.campaign.measured import Measured
from opsnb.analysis.reviews.campaign.return_figures import IncrementalReturn
from opsnb.analysis.reviews.campaign.wording import amount, count
from opsnb.base.messages import Text

MOST = 6


def campaign_cards(measured: Measured) -> list[Card]:
    """Effect, returns, cost, and what the channels counted; six at most.

    No return stands here while costs are missing: it would be too high.
    """
    cards: list[Card] = []
    if measured.effect is not None:
        cards.append(_effect(measured, measured.effect))
    if measured.costs.complete:
        cards += _returns(measured)
    if measured.costs.booked or measured.costs.planned:
        cards.append(_cost(measured.costs))
    if measured.conversions is not None:
        cards += _conversions(measured.conversions)
    return cards[:MOST]


def _effect(measured: Measured, effect: EffectFacts) -> Card:
    head, line = effect.headline, measured.success
    tone_, status = _against(head, line)
    return Card(
        Text("campaign.card.effect" if effect.net else "campaign.card.effect_during"),
        Text.of("common.signed_change", fact=head),
        head,
        target=None if line is None else amount(line, measured.unit),
        change=_part(measured.judged),
        interval=Text.of("common.signed_interval", fact=head),
        tone=tone_,
        status=status,
    )


def _part(judged: Judged) -> Text | None:
    """How much of the campaign the effect is of, where that is not all."""
    if not judged.is_part:
        return None
    return Text.of(
        "campaign.card.part", judged=judged.window + judged.after,
        of=count(judged.of + judged.after_of, judged.every),
        unit=Text(f"step.unit.{judged.every}"),
    )  # fmt: skip


def _against(head: Fact, line: float | None) -> tuple[Tone, Text]:
    """The effect against the success line; without one, against nothing at all."""
    if line is None:
        return tone(head), Text("campaign.card.no_target")
    assert head.low is not None and head.high is not None
    if head.low >= line:
        return tone(head), Text("campaign.card.reached")
    if head.high < line:
        return "bad" if tone(head) == "bad" else "warn", Text("campaign.card.missed")
    return "warn", Text("campaign.card.unclear")


def _returns(measured: Measured) -> list[Card]:
    """The incremental return first, then what is merely credited."""
    cards = [] if measured.incremental is None else [_roi(measured.incremental)]
    if measured.credited is None:
        return cards
    for name, fact in (("classic", measured.credited.classic), ("roas", measured.credited.roas)):
        if fact is not None:
            label, value = Text(f"campaign.returns.{name}"), Text.of("common.change", fact=fact)
            cards.append(Card(label, value, fact, change=Text("campaign.card.attributed")))
    return cards


def _roi(found: IncrementalReturn) -> Card:
    roi, shown = found.roi, tone(found.roi)
    expected = found.worth.assumed
    return Card(
        Text("campaign.returns.incremental"),
        Text.of("common.signed_percent", value=roi.value),
        roi,
        interval=Text.of("common.interval", fact=roi),
        tone="warn" if expected else shown,
        status=Text(f"campaign.card.roi_{'assumed' if expected else shown}"),
    )


def _cost(costs: CostBook) -> Card:
    cost, budget = costs.fact, costs.budget
    over = cost.value / budget - 1 if budget and cost.value is not None else None
    return Card(
        Text("campaign.card.cost"),
        Text.of("common.money", value=cost.value),
        cost,
        target=Text.of("common.money", value=budget) if budget else None,
        change=Text.of("campaign.card.budget", over=over) if over is not None else None,
        tone="neutral" if costs.complete else "warn",
        status=Text("campaign.card.incomplete") if costs.missing else None,
    )


def _conversions(found: Conversions) -> list[Card]:
    return [
        Card(
            Text("campaign.card.conversions"),
            Text.of("common.integer", value=found.total.value),
            found.total,
            change=Text("campaign.card.counted"),
        ),
        Card(
            Text("campaign.card.cpa"),
            Text.of("common.exact_money", value=found.each.value),
            found.each,
            change=Text("campaign.card.counted"),
        ),
    ]
