"""The rule and the cards of an experiment, as functions of results that are made by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.metrics import ArmAggregates, Metric
from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair, arm_pairs
from opsnb.analysis.reviews.experiment.cards import experiment_cards
from opsnb.analysis.reviews.experiment.effect_facts import (
    MeasuredEffect,
    measured_effect,
    yearly_impact,
)
from opsnb.analysis.reviews.experiment.effects import compare_arms
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult, guardrail_result
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.analysis.reviews.experiment.ruling import rule, stopped_beside
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.base.messages import Language, Text
from opsnb.base.plans import ExperimentPlan

EN, ZH = Language("en"), Language("zh")
MARGIN = 0.1
SOLD = Metric(id="sold", label="Sold", kind="mean", table="outcomes", value="v", unit="number")
LOAD = SOLD.model_copy(update={"id": "load", "label": "Load", "direction": "down"})


def plan(*guardrails: str, arms: int = 1, **more: Any) -> ExperimentPlan:
    made = ExperimentPlan.unregistered(
        "e", control="a", split=dict.fromkeys("abcd"[: arms + 1], 1 / (arms + 1)),
        primary={"metric": "sold"},
        guardrails=[{"metric": name, "margin": MARGIN} for name in guardrails], **more,
    )  # fmt: skip
    made._registered = True
    return made


def effect(change: float, metric: Metric = SOLD, variant: str = "b") -> MeasuredEffect:
    """Arms of 2,500 users, means of 10 and 10 + change, variance 4: a change of .16 shows."""
    arms = [
        ArmAggregates(name, None, 2500, {"x": 10 + shift}, {("x", "x"): 4.0})
        for name, shift in (("a", 0.0), (variant, change))
    ]
    return measured_effect(compare_arms(metric, *arms), "a", across_arms="holm", stratified=False)


def guarded(change: float, variant: str = "b", margin: float = MARGIN) -> GuardrailResult:
    return guardrail_result(effect(change, LOAD, variant), margin, 0.05)


def trust(status: str = "pass", p_value: float | None = 0.6) -> TrustTests:
    users = [Fact("ab.users", 2500, "count", variant=arm) for arm in "ab"]
    srm = Fact("ab.srm", p_value, "p_value", p_value=p_value)
    split = one_check("srm", status, Text.of("ab.trust.several_arms_none"), srm)
    return TrustTests(tuple(users)) + split


def results(
    *effects: MeasuredEffect, guardrails: tuple[GuardrailResult, ...] = (), **more: Any
) -> Results:
    names = {result.effect.metric.id for result in guardrails}
    made = Results(
        plan(*names, arms=max(len(effects), 1)), trust(), effects, guardrails, (),
        Text("ab.who.users"), False,
    )  # fmt: skip
    return replace(made, **more)


CASES = {
    "won": (results(effect(0.5), guardrails=(guarded(0.0),)), "ship"),
    "guardrail_open": (results(effect(0.5), guardrails=(guarded(0.05, margin=0.01),)), "hold"),
    "guardrail_broken": (results(effect(0.5), guardrails=(guarded(2.0),)), "stop"),
    "inconclusive": (results(effect(0.01), guardrails=(guarded(0.0),)), "hold"),
    "primary_worse": (results(effect(-0.5), guardrails=(guarded(2.0),)), "stop"),
    "untrusted": (results(trust=trust("block", 1e-6)), "invalid"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_by_hand(case: str) -> None:
    made, word = CASES[case]
    ruling = rule(made)
    assert (ruling.reason, ruling.word) == (case, word)
    verdict = ruling.verdict(made)
    assert EN.say(verdict.word) == EN.text(f"ab.word.{word}")
    assert ZH.say(verdict.rule or "") == ZH.text(f"ab.rule.{case}")
    assert verdict.grade == ("E" if word == "invalid" else "A")
    assert verdict == rule(made).verdict(made)


def test_the_verdict_cites_the_effect_that_decided() -> None:
    broken, _ = CASES["guardrail_broken"]
    verdict = rule(broken).verdict(broken)
    assert [fact.key for fact in verdict.evidence] == ["ab.lift/load/b", "ab.diff/load/b"]
    lift = broken.guardrails[0].measured.lift
    assert EN.format(lift, "signed_percent.interval") in EN.say(verdict.sentence)
    invalid, _ = CASES["untrusted"]
    assert [fact.key for fact in rule(invalid).verdict(invalid).evidence] == ["ab.srm"]


def test_a_win_without_guardrails_says_that_nothing_guards_it() -> None:
    made = results(effect(0.5))
    verdict = rule(made).verdict(made)
    assert EN.say(verdict.rule or "") == EN.text("ab.rule.won_unguarded")


def test_a_guardrail_that_is_not_among_the_results_could_not_be_measured() -> None:
    """More users are no advice where nothing was measured."""
    made = replace(results(effect(0.5)), plan=plan("load"))
    ruling = rule(made)
    assert (ruling.word, ruling.reason) == ("hold", "guardrail_unread")
    assert "More users" not in EN.say(ruling.verdict(made).rule or "")
    half = replace(made, plan=plan("load", "weight"), guardrails=(guarded(0.05, margin=0.01),))
    assert rule(half).reason == "guardrail_open"


def of_ratio(
    change: float, top: tuple[float, float], *, moved: bool = True, **more: Any
) -> Results:
    """A ratio that moved, its numerator between `top`; its denominator moved or not."""
    parts = [
        Fact(f"ab.{part}", (low + high) / 2, "relative", low=low, high=high, variant="b")
        for part, (low, high) in (("numerator", top), ("denominator", (0.9, 1.1)))
    ]
    text = Text.of("ab.trust.several_arms_none")
    checks = one_check("denominator.b", "warn" if moved else "pass", text, *parts)
    return results(effect(change), trust=trust() + checks, **more)


@pytest.mark.parametrize(
    ("change", "top", "case"),
    [
        (-0.5, (0.05, 0.15), "denominator"),  # more of what counts, shared out over more
        (-0.5, (-0.02, 0.03), "denominator"),
        (-0.5, (-0.15, -0.05), "primary_worse"),  # less of it for each user, too
        (0.5, (-0.15, -0.05), "denominator"),
        (0.5, (0.05, 0.15), "won"),
        (0.01, (0.05, 0.15), "inconclusive"),
    ],
)
def test_a_ratio_that_moved_with_its_denominator_decides_nothing(
    change: float, top: tuple[float, float], case: str
) -> None:
    made = of_ratio(change, top)
    ruling = rule(made)
    assert (ruling.reason, ruling.word == "hold") == (case, case in ("denominator", "inconclusive"))
    if case == "denominator":
        for language in (EN, ZH):
            sentence = language.say(ruling.verdict(made).sentence)
            for fact in made.parts_of_ratio("b") or ():
                assert language.format(fact, "signed_percent.interval") in sentence
    held = of_ratio(change, top, moved=False)
    assert rule(held).reason == {"denominator": "won" if change > 0 else "primary_worse"}.get(
        case, case
    )
    broken = of_ratio(change, top, guardrails=(guarded(2.0),))
    assert rule(broken).word == "stop"


def with_mde(mde: float, change: float, metric: Metric = SOLD) -> Results:
    made = results(effect(change, metric))
    primary = made.plan.primary.model_copy(update={"mde": mde})
    return replace(made, plan=made.plan.model_copy(update={"primary": primary}))


@pytest.mark.parametrize("metric", [SOLD, LOAD], ids=["up", "down"])
def test_an_effect_that_is_ruled_out_needs_no_larger_sample(metric: Metric) -> None:
    """Differences of .01 with an error of .057 on 10: gains above 1.2 % are ruled out."""
    change = 0.01 if metric is SOLD else -0.01
    for mde, reason in ((0.013, "ruled_out"), (0.011, "inconclusive")):
        made = with_mde(mde, change, metric)
        ruling = rule(made)
        assert (ruling.word, ruling.reason) == ("hold", reason)
        said = EN.say(ruling.verdict(made).rule or "")
        assert ("larger sample" in said) == (reason == "inconclusive")
    lift = with_mde(0.013, change, metric).effects[0].effect.lift
    assert lift is not None and max(abs(lift.low), abs(lift.high)) == pytest.approx(
        0.0121, abs=1e-4
    )


def test_without_a_lift_or_an_effect_worth_finding_nothing_is_ruled_out() -> None:
    assert rule(results(effect(0.01))).reason == "inconclusive"
    near_zero = replace(effect(0.01).effect.plain, lift=None)
    made = with_mde(0.9, 0.01)
    [measured] = made.effects
    unlifted = replace(measured, effect=replace(measured.effect, deciding=near_zero))
    assert rule(replace(made, effects=(unlifted,))).reason == "inconclusive"


def test_a_test_too_weak_for_its_guardrail_says_so() -> None:
    """With 2,500 users an arm and 1 % of margin, the chance to show that it holds is .42."""
    made, _ = CASES["guardrail_open"]
    [result] = made.guardrails
    assert result.power.value == pytest.approx(0.4204, abs=1e-3)
    sentence = EN.say(rule(made).verdict(made).sentence)
    assert "(open: Load)" in sentence and "Load with a chance of 42.0%" in sentence
    assert EN.say(experiment_cards(made)[1].status or "").endswith(
        "power 42.0%, too weak to show it"
    )
    strong = replace(result, power=replace(result.power, value=0.8))
    sound = replace(made, guardrails=(strong,))
    assert "chance" not in EN.say(rule(sound).verdict(sound).sentence)
    assert EN.say(experiment_cards(sound)[1].status or "") == EN.text("ab.guardrail.not_proven")


def test_the_best_arm_decides_and_the_larger_of_two_winners() -> None:
    arms = (effect(-0.5, variant="b"), effect(0.3, variant="c"), effect(0.6, variant="d"))
    made = results(*arms)
    ruling = rule(made)
    assert ruling.word == "ship" and ruling.measured is arms[2]
    assert EN.say(ruling.verdict(made).sentence).startswith("Arm d:")
    held = replace(
        made, plan=plan("load", arms=3),
        guardrails=tuple(guarded(2.0 if arm == "d" else 0.0, arm) for arm in "bcd"),
    )  # fmt: skip
    assert rule(held).measured is arms[1]


@pytest.mark.parametrize("metric", [SOLD, LOAD], ids=["up", "down"])
def test_of_inconclusive_arms_the_best_and_not_the_largest_is_named(metric: Metric) -> None:
    """An arm that lost more than another gained is not the best one."""
    sign = 1 if metric is SOLD else -1
    arms = (effect(sign * 0.05, metric, "b"), effect(sign * -0.1, metric, "c"))
    made = results(*arms)
    assert rule(made).measured is arms[0]
    assert experiment_cards(made)[0].fact.variant == "b"
    verdict = EN.say(rule(made).verdict(made).sentence)
    assert verdict.startswith("Arm b:") and verdict.endswith("Other arms: c (inconclusive).")
    swapped = results(*arms[::-1])
    assert rule(swapped).measured is arms[0]


def pair(base: str, variant: str, change: float) -> ArmPair:
    """Two treatments compared with each other: a change of .16 shows."""
    [made] = arm_pairs(
        [effect(1.0, variant=base).effect, effect(1.0 + change, variant=variant).effect],
        lambda base, variant, level: effect(change, variant=variant).effect, lambda alpha: alpha,
        0.05,
    )  # fmt: skip
    return made


def test_the_winners_are_compared_with_each_other() -> None:
    arms = tuple(
        effect(change, variant=arm) for arm, change in zip("bcd", (0.3, 0.9, 1.0), strict=True)
    )
    made = replace(results(*arms), pairs=(pair("b", "d", 0.7), pair("c", "d", 0.1)))
    sentence = EN.say(rule(made).verdict(made).sentence)
    assert "d is shown to be better than b, which improved as well." in sentence
    assert "Improved as well: c; whether d is better is open." in sentence
    assert "Other arms" not in sentence
    said = ZH.say(rule(made).verdict(made).sentence)
    assert "b 同样变好，d 组已证实更好。" in said and "c；d 组是否更好尚无定论" in said


def test_an_arm_whose_guardrail_is_open_is_held_against_the_winner_too() -> None:
    arms = tuple(effect(change, variant=arm) for arm, change in zip("bc", (0.5, 0.45), strict=True))
    guards = (guarded(0.0, "b"), guarded(0.05, "c", margin=0.01))
    made = replace(results(*arms, guardrails=guards), pairs=(pair("c", "b", 0.05),))
    sentence = EN.say(rule(made).verdict(made).sentence)
    assert rule(made).variant == "b"
    assert sentence.endswith(
        "Improved as well: c; whether b is better is open. Other arms: c (guardrail open)."
    )


def test_arms_that_did_harm_are_switched_off_beside_the_one_that_decides() -> None:
    made = results(
        *(effect(change, variant=arm) for arm, change in zip("bcd", (0.5, -0.5, 0.0), strict=True))
    )
    best = rule(made)
    assert [(each.variant, each.reason) for each in stopped_beside(best, made)] == [
        ("c", "primary_worse")
    ]
    assert EN.say(best.verdict(made).sentence).endswith(
        "Other arms: d (inconclusive), c (got worse)."
    )
    worst = results(
        *(effect(change, variant=arm) for arm, change in zip("bc", (-0.5, -0.4), strict=True))
    )
    assert rule(worst).variant == "c"
    assert [each.variant for each in stopped_beside(rule(worst), worst)] == ["b"]


def test_an_early_or_unregistered_result_says_so_first() -> None:
    early = results(effect(0.5), is_early=True)
    verdict = rule(early).verdict(early)
    assert EN.say(verdict.sentence).startswith("Interim")
    assert (rule(early).word, rule(early).reason, verdict.grade) == ("hold", "early", "B")
    harm = results(effect(-0.5), is_early=True)
    assert rule(harm).word == "stop", "a bound that holds on any day was crossed for the worse"
    planned = replace(early, at_planned_look=True)
    verdict = rule(planned).verdict(planned)
    assert (rule(planned).word, verdict.grade) == ("ship", "A")
    assert "decision-grade" not in EN.say(verdict.sentence)
    assert EN.say(verdict.sentence).startswith("At a planned look, before the end.")
    unregistered = plan()
    unregistered._registered = False
    made = results(effect(0.5), plan=unregistered, is_early=True)
    verdict = rule(made).verdict(made)
    assert EN.say(verdict.sentence).startswith("Unregistered. Interim")
    assert verdict.grade == "B"


# -- cards --------------------------------------------------------------------------------


def test_cards_of_a_win_in_order() -> None:
    measured = effect(0.5)
    impact = yearly_impact(measured.effect, 1000)
    made = results(measured, guardrails=(guarded(0.0),), impacts=(impact,))
    cards = experiment_cards(made)
    assert [card.fact.id for card in cards] == ["ab.lift", "ab.guardrail", "ab.impact", "ab.srm"]
    assert [card.tone for card in cards] == ["good", "good", "neutral", "good"]
    assert impact.value == pytest.approx(500) and impact.low is not None and impact.low > 0
    assert EN.say(cards[-1].value) == "5,000"
    assert EN.say(cards[1].target or "") == EN.text("ab.card.margin", margin=MARGIN)


def test_of_an_invalid_experiment_the_users_alone_are_shown() -> None:
    made, _ = CASES["untrusted"]
    [card] = experiment_cards(made)
    assert (card.fact.id, card.tone) == ("ab.srm", "bad")


def test_a_split_that_nobody_registered_has_no_tested_ratio() -> None:
    [*_, card] = experiment_cards(results(effect(0.5), trust=trust("warn", None)))
    assert EN.say(card.status or "") == EN.text("ab.card.srm_unknown")


def test_several_arms_are_named_and_six_cards_are_enough() -> None:
    arms = tuple(effect(0.5, variant=arm) for arm in "bcd")
    made = results(*arms, guardrails=tuple(guarded(0.0, arm) for arm in "bcd"))
    cards = experiment_cards(made)
    assert len(cards) == 6
    assert ["b" in EN.say(cards[0].label), "c" in EN.say(cards[1].label)] == [True, True]


# -- what the results are made of -----------------------------------------------------------


def test_results_are_values() -> None:
    made, _ = CASES["won"]
    with pytest.raises(FrozenInstanceError):
        made.guardrails = ()  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        made.trust.checks = ()  # type: ignore[misc]


def test_the_status_of_trust_tests() -> None:
    assert trust().status is None
    early = trust() + TrustTests(checks=(Check("early", "warn", "Too soon"),))
    assert early.status == ("provisional", "Too soon")
    both = early + one_check("other", "block", Text("ab.trust.srm_unknown"))
    assert both.status is not None and both.status[0] == "invalid"
    assert both.grade(registered=True) == "E"


def test_the_facts_of_an_effect_in_their_order() -> None:
    made = effect(0.5)
    assert [fact.key for fact in made.facts] == [
        "ab.value/sold/a", "ab.value/sold/b", "ab.diff/sold/b", "ab.lift/sold/b", "ab.mde/sold/b",
    ]  # fmt: skip
    assert made.named == {
        "a": made.facts[0], "b": made.facts[1], "diff": made.diff, "lift": made.lift,
        "mde": made.mde,
    }  # fmt: skip
    level = replace(made.effect, deciding=replace(made.effect.plain)).with_adjusted_p(0.2)
    several = measured_effect(level, "a", across_arms="holm", stratified=True)
    assert (several.diff.key, several.diff.method) == ("ab.diff.deciding/sold/b", "stratified")
    assert several.facts[-2].key == "ab.p_adjusted/sold/b"
