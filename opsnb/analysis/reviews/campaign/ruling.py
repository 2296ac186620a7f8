"""What a campaign's numbers amount to: the cases of its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from opsnb.analysis.findings import Fact, Tone, Verdict
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.review import Campaign

Case = Literal[
    "invalid", "description", "harmful", "unproven", "cost_open", "unpriced", "assumed",
    "paid", "loss", "unclear",
]  # fmt: skip

_TONE: dict[Case, Tone] = {
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


def campaign_ruling(campaign: Campaign) -> tuple[Case, Verdict]:
    """The case that applies and the verdict that says it.

    A return is stated only when the effect is shown and the ledger is complete, and called
    paid off only when nothing of it is assumed; without a counterfactual nothing causal is said.
    """
    ops = campaign.ops
    found = campaign.increment
    head = found.headline
    roi, one = ops.facts.get("campaign.roi_incremental"), campaign.worth
    cost = ops.facts["campaign.cost"]
    case: Case
    if any(check.id == "holdout" and check.status == "block" for check in ops.checks.values()):
        case = "invalid"
    elif head is None:
        case = "description"
    elif head.high < 0:
        case = "harmful"
    elif head.low <= 0:
        case = "unproven"
    elif one is None and not campaign.ledger.missing:
        case = "unpriced"
    elif not campaign.ledger.complete:
        case = "cost_open"
    elif roi is None:
        case = "unpriced"
    elif one is not None and one.assumed:
        case = "assumed"
    else:
        assert roi.low is not None and roi.high is not None
        case = "paid" if roi.low > 0 else "loss" if roi.high < 0 else "unclear"
    effect = campaign.effect_fact
    evidence: tuple[Fact, ...] = tuple(fact for fact in (effect, roi, cost) if fact is not None)
    return case, Verdict(
        word=Text(f"campaign.word.{case}"),
        sentence=Text.of(
            f"campaign.verdict.{_sentence(case, campaign)}",
            name=campaign.plan.name,
            effect=effect,
            roi=roi,
            cost=cost,
            metric=campaign.metric.label,
        ),
        grade="E" if case == "invalid" else found.grade,
        tone=_TONE[case],
        rule=Text(f"campaign.rule.{case}"),
        evidence=evidence,
    )


def _sentence(case: Case, campaign: Campaign) -> str:
    """Without a ledger the description names no cost."""
    return "description_uncosted" if case == "description" and not campaign.ledger.booked else case
