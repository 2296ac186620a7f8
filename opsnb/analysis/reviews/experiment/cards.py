"""The cards of an experiment's first screen."""

from __future__ import annotations

from opsnb.analysis.findings import Card, Fact, Tone
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect, impact_kind
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.analysis.reviews.experiment.ruling import arm_rulings
from opsnb.base.messages import Said, Text

_CHECK_TONE: dict[str, Tone] = {"pass": "good", "warn": "warn", "block": "bad"}
_WORST = ("fail", "not_proven", "pass")

MOST = 6
"""Cards that a first screen has room for."""

_STATE_TONE: dict[str, Tone] = {"improved": "good", "worsened": "bad", "open": "warn"}


def experiment_cards(results: Results) -> list[Card]:
    """Primary metric, guardrails, a year's effect, users; of an invalid test the users alone.

    Of several arms the one that decides comes first, and of its guardrails the worst.
    """
    ranks = {ruling.variant: rank for rank, ruling in enumerate(arm_rulings(results))}

    def order(variant: str | None) -> int:
        return ranks.get(variant, len(ranks))  # last: an arm whose primary metric says nothing

    effects = sorted(results.effects, key=lambda m: order(m.effect.variant))
    guardrails = sorted(
        results.guardrails,
        key=lambda r: (order(r.effect.variant), _WORST.index(r.test.status)),
    )
    impacts = sorted(results.impacts, key=lambda fact: order(fact.variant))
    cards = [_effect(results, measured) for measured in effects]
    cards += [_guardrail(results, result) for result in guardrails]
    cards += [_impact(results, fact) for fact in impacts]
    users = _users(results)
    return [*cards[: MOST - len(users)], *users]


def _users(results: Results) -> list[Card]:
    srm, check = results.trust.fact("ab.srm"), results.trust.check("srm")
    if srm is None or check is None:
        return []
    by_arm = [fact.value for fact in results.trust.facts if fact.id == "ab.users"]
    users = max(by_arm, default=0) if results.plan.is_paired else sum(by_arm)
    status = "unknown" if srm.value is None else check.status
    return [
        Card(
            label=Text.of("ab.card.users", who=results.who),
            value=Text.of("common.integer", value=users),
            fact=srm,
            status=Text.of(f"ab.card.srm_{status}", p=srm),
            tone=_CHECK_TONE[check.status],
        )
    ]


def _effect(results: Results, measured: MeasuredEffect) -> Card:
    effect = measured.effect
    metric, comparison = effect.metric, effect.plain
    spec = {"share": "percent", "money": "exact_money"}.get(metric.unit, "number")
    lift = measured.lift if effect.lift else measured.diff
    state = "improved" if effect.improved else "worsened" if effect.worsened else "open"
    return Card(
        label=_label(results, metric.label, effect.variant),
        value=Text.of("common.change", fact=lift),
        fact=lift,
        change=Text.of(
            f"ab.card.values_{spec}",
            control=comparison.control.value,
            treatment=comparison.treatment.value,
        ),
        interval=Text.of("common.signed_interval", fact=lift),
        status=Text(f"ab.card.{state}"),
        tone=_STATE_TONE[state],
    )


def _label(results: Results, metric: Said, variant: str) -> Said:
    """A metric's name, with the arm where there are several."""
    if not results.has_several_arms:
        return metric
    return Text.of("ab.card.arm", metric=metric, variant=variant)


def _guardrail(results: Results, result: GuardrailResult) -> Card:
    effect, fact, lift = result.effect, result.fact, result.effect.lift
    label = Text.of("ab.card.guardrail", metric=effect.metric.label)
    status = Text(f"ab.guardrail.{result.test.status}")
    if result.is_weak(results.plan.power):
        status = Text.of("ab.card.weak", power=result.power.value)
    return Card(
        label=_label(results, label, effect.variant),
        value=Text.of("common.signed_percent", value=lift.value if lift else None),
        fact=fact,
        target=Text.of("ab.card.margin", margin=result.test.margin),
        interval=Text.of("common.interval_percent", low=fact.low, high=fact.high),
        status=status,
        tone=result.tone,
    )


def _impact(results: Results, fact: Fact) -> Card:
    effect = next(m.effect for m in results.effects if m.effect.variant == fact.variant)
    key = "common.signed_money" if fact.unit == "money" else "common.signed_integer"
    return Card(
        Text.of("ab.card.impact", metric=_label(results, effect.metric.label, effect.variant)),
        Text.of(key, value=fact.value),
        fact,
        change=Text(f"ab.card.impact_{impact_kind(effect)}"),
        interval=Text.of("common.signed_interval", fact=fact),
    )
