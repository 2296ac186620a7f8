"""What a campaign's numbers amount to: the cases of its verdict."""

from __future__ import annotations

from typing import Literal

from opsnb.analysis.findings import Tone, Verdict
from opsnb.analysis.reviews.campaign.effect_facts import tone
from opsnb.analysis.reviews.campaign.measured import Measured
from opsnb.base.messages import Text

Ruling = Literal[
    "invalid", "description", "harmful", "unproven", "cost_open", "unpriced", "assumed",
    "paid", "loss", "unclear",
]  # fmt: skip

_TONE: dict[Ruling, Tone] = {
    "invalid": "bad",
    "description": "neutral",
    "harmful": "bad",
    "unproven": "warn",
    "cost_open": "warn",
    "unpriced": "warn",
    "assumed": "warn",
    "paid": "good",
    "loss": "bad",
    "unclear": "warn",
}
_BY_RETURN: dict[Tone, Ruling] = {"good": "paid", "bad": "loss", "warn": "unclear"}

_NAMES_COST = ("description", "unproven")
"""Cases whose sentence names the cost; another one says that none is on record."""


def ruling(measured: Measured) -> Ruling:
    """The case that applies.

    A return is stated only when the effect is shown and the costs are complete, and called
    paid off only when nothing of it is assumed; without a counterfactual nothing causal is said.
    """
    if measured.is_invalid:
        return "invalid"
    if measured.effect is None:
        return "description"
    effect = tone(measured.effect.headline)
    if effect != "good":
        return "harmful" if effect == "bad" else "unproven"
    return _ruling_of_return(measured)


def _ruling_of_return(measured: Measured) -> Ruling:
    """What a shown effect brought, as far as it can be said."""
    if not measured.is_priced and not measured.costs.missing:
        return "unpriced"
    if not measured.costs.complete:
        return "cost_open"
    if measured.incremental is None:
        return "unpriced"
    if measured.incremental.worth.assumed:
        return "assumed"
    return _BY_RETURN[tone(measured.incremental.roi)]


def campaign_verdict(measured: Measured) -> Verdict:
    """The case that applies as the sentence a report opens with."""
    case = ruling(measured)
    cost = measured.costs.fact
    variant = _variant(case, measured)
    return Verdict(
        word=Text(f"campaign.word.{case}"),
        sentence=Text.of(
            f"campaign.verdict.{case}{variant}",
            name=measured.name,
            effect=measured.effect.headline if measured.effect else None,
            roi=measured.incremental.roi if measured.incremental else None,
            cost=cost,
            metric=measured.metric,
        ),
        grade="E" if case == "invalid" else measured.grade,
        tone=_TONE[case],
        rule=Text(f"campaign.rule.{case}{variant if case == 'cost_open' else ''}"),
        evidence=measured.deciding,
    )


def _variant(case: Ruling, measured: Measured) -> str:
    """What the sentence says of a cost that is not known."""
    if measured.costs.unread and case in (*_NAMES_COST, "cost_open"):
        return "_unread"
    return "_uncosted" if case in _NAMES_COST and measured.costs.fact.value is None else ""
