"""Verdict and cards as functions of evidence: values made by hand, no workspace."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.reviews.campaign.cards import campaign_cards
from opsnb.analysis.reviews.campaign.costs import Conversions, CostBook
from opsnb.analysis.reviews.campaign.effect_facts import effect_facts
from opsnb.analysis.reviews.campaign.increment import Increment
from opsnb.analysis.reviews.campaign.measured import Measured
from opsnb.analysis.reviews.campaign.report_status import is_invalid
from opsnb.analysis.reviews.campaign.return_figures import (
    CreditedReturn,
    credited_return,
    incremental_return,
)
from opsnb.analysis.reviews.campaign.ruling import Ruling, campaign_verdict, ruling
from opsnb.analysis.reviews.campaign.worth import Worth
from opsnb.base.messages import Language
from opsnb.base.plans import CampaignPlan

BOOKED = CostBook(booked={"media": 100.0}, planned={"media": 120.0})
OPEN = CostBook(booked={"media": 100.0}, planned={"media": 120.0, "labour": 10.0})
NOTHING = CostBook({}, {})
MARGIN, ASSUMED = Worth(0.5, "margin"), Worth(150.0, "plan", 365)
BROKEN = Check("holdout", "block", "the split is not the planned one")
EN, ZH = Language("en"), Language("zh")


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 1.0, None, 9, "welch", 0.05)


def measured(
    effect: tuple[float, float] | None,
    costs: CostBook = BOOKED,
    worth: Worth | None = MARGIN,
    checks: tuple[Check, ...] = (),
    **more: object,
) -> Measured:
    """A campaign of this interval of its effect, in money, over ten days."""
    found = (
        Increment("none", "E")
        if effect is None
        else Increment("holdout", "A", during=estimate(*effect), window_days=10)
    )
    return Measured(
        name="Sale",
        metric="Net GMV",
        unit="money",
        grade=found.grade,
        costs=costs,
        checks=checks,
        effect=effect_facts(found, "gmv_net", "money"),
        is_priced=worth is not None,
        incremental=incremental_return(found, worth, costs.total, "money"),
        **more,
    )


RULINGS: dict[str, tuple[Measured, str]] = {
    # an effect in money at a margin of a half, against a cost of 100
    "invalid": (measured((400, 600), checks=(BROKEN,)), "E"),
    "description": (measured(None), "E"),
    "harmful": (measured((-600, -400)), "A"),
    "unproven": (measured((-100, 600)), "A"),
    "cost_open": (measured((400, 600), OPEN), "A"),
    "unpriced": (measured((400, 600), worth=None), "A"),
    "assumed": (measured((400, 600), worth=ASSUMED), "A"),
    "paid": (measured((400, 600)), "A"),
    "loss": (measured((10, 150)), "A"),
    "unclear": (measured((100, 600)), "A"),
}


def test_every_case_is_tried():
    assert set(RULINGS) == set(get_args(Ruling))


@pytest.mark.parametrize("case", RULINGS)
def test_each_case_by_its_evidence(case):
    found, grade = RULINGS[case]
    verdict = campaign_verdict(found)
    assert ruling(found) == case
    assert EN.say(verdict.word) == EN.text(f"campaign.word.{case}")
    assert EN.say(verdict.rule) == EN.text(f"campaign.rule.{case}")
    assert verdict.grade == grade
    assert verdict.evidence == found.deciding


@pytest.mark.parametrize("costs", [BOOKED, OPEN, NOTHING])
@pytest.mark.parametrize("language", [EN, ZH])
@pytest.mark.parametrize("case", RULINGS)
def test_no_sentence_names_what_nobody_knows(case, language, costs):
    """Whatever is missing, the sentence is one without it, and holds no dash in its place."""
    found = replace(RULINGS[case][0], costs=costs)
    if not costs.booked:
        found = replace(found, incremental=None)
    sentence = language.say(campaign_verdict(found).sentence)
    assert "–" not in sentence and "None" not in sentence, sentence


def test_a_missing_cost_comes_before_a_missing_price():
    assert ruling(measured((400, 600), OPEN, worth=None)) == "cost_open"
    assert ruling(measured((400, 600), NOTHING)) == "cost_open"
    assert ruling(measured((400, 600), NOTHING, worth=None)) == "unpriced"


def test_net_of_the_days_after_decides():
    """A gain in the campaign's days that was given back is none."""
    found = Increment(
        "holdout", "A", during=estimate(400, 600), after=estimate(-500, -300),
        net=estimate(-50, 250), window_days=10,
    )  # fmt: skip
    effect = effect_facts(found, "gmv_net", "money")
    assert effect is not None and effect.headline is effect.net
    assert ruling(replace(measured((400, 600)), effect=effect)) == "unproven"


@pytest.mark.parametrize(
    ("check", "invalid"),
    [(BROKEN, True), (replace(BROKEN, status="warn"), False), (replace(BROKEN, id="cost"), False)],
)
def test_only_a_broken_holdout_makes_a_report_invalid(check, invalid):
    assert is_invalid([check]) == invalid
    assert (ruling(measured((400, 600), checks=(check,))) == "invalid") == invalid


# -- returns ---------------------------------------------------------------------------------


def test_the_return_is_the_worth_of_the_effect_over_its_cost():
    found = measured((400, 600)).incremental
    assert found is not None
    assert (found.roi.low, found.roi.value, found.roi.high) == (1.0, 1.5, 2.0)
    assert found.left.value == 150 and found.break_even is not None
    assert found.break_even.value == 200
    assert incremental_return(Increment("none", "E"), MARGIN, 100, "money") is None
    assert measured((400, 600), NOTHING).incremental is None


def test_totals_of_the_plan_are_credited_without_any_order():
    plan = CampaignPlan.model_validate(
        {
            "name": "Sale",
            "metric": "gmv_net",
            "cpm": 30,
            "ltv": {"value": 200, "horizon_days": 365},
            "totals": {"gmv": 5000, "new_users": 5, "impressions": 30000},
        }
    )
    found = credited_return(plan, None, 0.2, 1000)
    assert found is not None and found.roas is not None and found.classic is not None
    assert {name: fact.value for name, fact in found.values.items()} == {
        "direct": 1000, "indirect": 1000, "brand": 900,
    }  # fmt: skip
    assert (found.roas.value, found.classic.value) == (5, 1.9)
    assert credited_return(plan, None, 0.2, 0) is None


# -- cards -----------------------------------------------------------------------------------

CREDITED = CreditedReturn(
    Fact("campaign.net_revenue", 900.0, "money"),
    Fact("campaign.roas", 9.0, "factor"),
    Fact("campaign.gross_profit", 450.0, "money"),
    Fact("campaign.roi_classic", 3.5, "relative"),
)
COUNTED = Conversions(Fact("campaign.conversions", 20, "count"), Fact("campaign.cac", 5.0, "money"))


def ids(found: Measured) -> list[str]:
    return [card.fact.id for card in campaign_cards(found)]


def test_the_cards_are_six_and_the_effect_comes_first():
    found = measured((400, 600), credited=CREDITED, conversions=COUNTED)
    assert ids(found) == [
        "campaign.effect", "campaign.roi_incremental", "campaign.roi_classic", "campaign.roas",
        "campaign.cost", "campaign.conversions",
    ]  # fmt: skip


def test_no_return_is_carded_while_costs_are_missing():
    found = measured((400, 600), OPEN, credited=CREDITED)
    assert ids(found) == ["campaign.effect", "campaign.cost"]
    card = campaign_cards(found)[-1]
    assert card.tone == "warn" and card.status is not None


def test_without_costs_or_effect_only_counts_are_carded():
    assert ids(measured(None, NOTHING)) == []
    counted = measured(None, NOTHING, conversions=COUNTED)
    assert ids(counted) == ["campaign.conversions", "campaign.cac"]


@pytest.mark.parametrize(
    ("success", "tone", "status"),
    [
        (None, "good", "no_target"),
        (300.0, "good", "reached"),
        (500.0, "warn", "unclear"),
        (700.0, "warn", "missed"),
    ],
)
def test_the_effect_is_held_against_the_line_of_the_plan(success, tone, status):
    card = campaign_cards(measured((400, 600), success=success))[0]
    assert card.tone == tone
    assert EN.say(card.status) == EN.text(f"campaign.card.{status}")


def test_an_expected_return_is_not_called_good():
    by_basis = {
        worth.basis: campaign_cards(measured((400, 600), worth=worth))[1].tone
        for worth in (MARGIN, ASSUMED)
    }
    assert by_basis == {"margin": "good", "plan": "warn"}
