"""The cards of an experiment's first screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Card, Fact, Tone
from opsnb.analysis.methods.guardrail import Guardrail
from opsnb.analysis.reviews.experiment.primary import impact_kind
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.effects import Effect
    from opsnb.analysis.reviews.experiment.readout import Experiment

GUARD_TONE: dict[str, Tone] = {"pass": "good", "fail": "bad", "not_proven": "warn"}

_CHECK_TONE: dict[str, Tone] = {"pass": "good", "warn": "warn", "block": "bad"}
_STATE_TONE: dict[str, Tone] = {"improved": "good", "worsened": "bad", "open": "warn"}


def experiment_cards(experiment: Experiment) -> list[Card]:
    """Primary metric, guardrails, a year's effect, users; of an invalid test the users alone."""
    users = _users(experiment)
    if not experiment.valid:
        return [users]
    effects = experiment.effects(experiment.plan.primary.metric)
    cards = [_effect(experiment, effect) for effect in effects]
    cards += [_guardrail(experiment, *pair) for pair in experiment.guardrail_results]
    cards += [_impact(experiment, f) for f in experiment.ops.facts.values() if f.id == "ab.impact"]
    return [*cards, users][:6]


def _users(experiment: Experiment) -> Card:
    facts = experiment.ops.facts
    srm, status = facts["ab.srm"], experiment.ops.checks["srm"].status
    users = sum(facts[f"ab.users//{arm}"].value for arm in experiment.plan.split)
    return Card(
        label=Text.of("ab.card.users", who=experiment.who),
        value=Text.of("common.integer", value=users),
        fact=srm,
        status=Text.of(f"ab.card.srm_{'unknown' if srm.value is None else status}", p=srm),
        tone=_CHECK_TONE[status],
    )


def _effect(experiment: Experiment, effect: Effect) -> Card:
    metric, comparison = effect.metric, effect.plain
    facts = experiment.record(effect)
    spec = {"share": "percent", "money": "exact_money"}.get(metric.unit, "number")
    lift = facts["lift"] if effect.lift else facts["diff"]
    state = "improved" if effect.improved else "worsened" if effect.worsened else "open"
    return Card(
        label=_label(experiment, metric.label, effect.variant),
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


def _label(experiment: Experiment, metric: Said, variant: str) -> Said:
    """A metric's name, with the arm where there are several."""
    if len(experiment.treatments) < 2:
        return metric
    return Text.of("ab.card.arm", metric=metric, variant=variant)


def _guardrail(experiment: Experiment, effect: Effect, result: Guardrail) -> Card:
    fact = experiment.ops.facts[f"ab.guardrail/{effect.metric.id}/{effect.variant}"]
    lift = effect.lift
    return Card(
        label=_label(
            experiment, Text.of("ab.card.guardrail", metric=effect.metric.label), effect.variant
        ),
        value=Text.of("common.signed_percent", value=lift.value if lift else None),
        fact=fact,
        target=Text.of("ab.card.margin", margin=result.margin),
        interval=Text.of("common.interval_percent", low=fact.low, high=fact.high),
        status=Text(f"ab.guardrail.{result.status}"),
        tone=GUARD_TONE[result.status],
    )


def _impact(experiment: Experiment, fact: Fact) -> Card:
    effects = experiment.effects(experiment.plan.primary.metric)
    effect = next(e for e in effects if e.variant == fact.variant)
    key = "common.signed_money" if fact.unit == "money" else "common.signed_integer"
    return Card(
        Text.of("ab.card.impact", metric=_label(experiment, effect.metric.label, effect.variant)),
        Text.of(key, value=fact.value),
        fact,
        change=Text(f"ab.card.impact_{impact_kind(effect)}"),
        interval=Text.of("common.signed_interval", fact=fact),
    )
