"""What the readout says of the primary metric: claims, chart, table, how it was compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opsnb.analysis.display import Note, Paragraph, Part
from opsnb.analysis.findings import Tone
from opsnb.analysis.methods.clusters import design_effect
from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.metrics import DailyCounts, Panel
from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.effect_tables import effects_table, forest, pairs_table
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.messages import Text


def primary_parts(experiment: Evidence, metric: str) -> list[Part]:
    """Claim, forest chart, table and what was done to the values beforehand."""
    plan, effects = experiment.plan, experiment.effects(metric)
    mde = plan.primary.mde if metric == plan.primary.metric else None
    parts: list[Part] = [*record_claims(experiment, metric)]
    if any(effect.lift for effect in effects):
        parts.append(forest(experiment, effects, Text("ab.primary.claim_role"), mde))
    parts.append(effects_table(experiment, effects))
    return [*parts, *pair_parts(experiment, metric), *notes(experiment, metric, effects)]


def pair_parts(experiment: Evidence, metric: str) -> list[Part]:
    """Several arms against each other: a row a pair."""
    pairs = experiment.arm_pairs(metric)
    if not pairs:
        return []
    record_pairs(experiment, pairs)
    return [pairs_table(pairs), Note(Text.of("ab.note.pairs", pairs=len(pairs)))]


def record_pairs(experiment: Evidence, pairs: Sequence[ArmPair]) -> None:
    """Record how the arms differ from each other."""
    for pair in pairs:
        experiment.ops.record(pair.diff, pair.lift)


def record_claims(experiment: Evidence, metric: str) -> list[Paragraph]:
    """Record the facts of a metric's effects and, where valid, what they say as findings."""
    ops, said = experiment.ops, []
    for effect in experiment.effects(metric):
        measured, tone = experiment.measured_effect(effect), _tone(effect)
        ops.record(*measured.facts)
        text = claim(measured)
        if experiment.valid:
            ops.finding(
                text, measured.diff, measured.lift,
                grade=experiment.grade, tone=tone, section="primary",
            )  # fmt: skip
        said.append(Paragraph(text, tone))
    return said


def _tone(effect: Effect) -> Tone:
    return "good" if effect.improved else "bad" if effect.worsened else "warn"


def claim(measured: MeasuredEffect) -> Text:
    """The interval first; "no effect" is never said."""
    effect = measured.effect
    state = "improved" if effect.improved else "worsened" if effect.worsened else "open"
    args: dict[str, Any] = {
        "metric": effect.metric.label, "variant": effect.variant, "diff": measured.diff,
    }  # fmt: skip
    if effect.lift is None:
        return Text(f"ab.claim.absolute_{state}", args)
    args["lift"] = measured.lift
    if state != "open":
        return Text(f"ab.claim.{state}", args)
    up = effect.metric.direction == "up"
    gain, loss = (
        (effect.lift.high, -effect.lift.low) if up else (-effect.lift.low, effect.lift.high)
    )
    return Text("ab.claim.open", args | {"gain": max(gain, 0.0), "loss": max(loss, 0.0)})


def notes(experiment: Evidence, metric: str, effects: Sequence[Effect]) -> list[Part]:
    """What was done to the values before comparing, and how the interval was chosen."""
    said: list[Text] = []
    look, panel = experiment.look, experiment.panel_of(metric)
    if look.is_sequential:
        key = f"ab.note.{look.method}"
        said.append(Text.of(key, look=look.number, looks=look.planned, share=look.share))
    if len(effects) > 1:
        said.append(Text.of(f"ab.note.{experiment.plan.across_arms}", arms=len(effects)))
    if experiment.stratified:
        weighted = experiment.weighted(metric)
        said.append(Text("ab.note.stratified" if weighted else "ab.note.quantile_pooled"))
    if experiment.is_paired:
        units = min(effect.diff.n for effect in effects)
        said.append(Text.of("ab.note.paired", unit=experiment.unit_word, units=units))
    elif experiment.plan.cluster:
        said += _clustered(experiment, metric)
    if isinstance(panel, DailyCounts):
        said.append(Text(f"ab.note.daily_{'count' if panel.independent else 'day'}"))
        if experiment.ops.catalogue[metric].cap is not None:
            said.append(Text("ab.note.uncapped_daily"))
        if days := panel.left_out(metric):
            said.append(
                Text.of(
                    "ab.note.days_left_out",
                    days=len(days),
                    first=days[0],
                    last=days[-1],
                    kept=len(panel.complete(metric)),
                )
            )
    else:
        said += _counted(experiment, metric, panel)
    if experiment.covariate_problem:
        said.append(experiment.covariate_problem)
    for effect in effects:
        adjustments = _adjustments(experiment, effect)
        if len(effects) > 1:
            adjustments = [
                Text.of("ab.verdict.arm", variant=effect.variant, sentence=each)
                for each in adjustments
            ]
        said += adjustments
    least = [e.detectable.relative for e in effects if e.detectable.relative is not None]
    if least:
        args = {"mde": max(least), "power": experiment.plan.power}
        said.append(Text("ab.note.detectable", args))
    unique = {(text.key, str(sorted(text.args.items(), key=str))): text for text in said}
    return [Note(text) for text in unique.values()]


def _clustered(experiment: Evidence, metric: str) -> list[Text]:
    """That clusters are compared, and how wrong it would be to take their rows as independent."""
    said = [Text.of("ab.note.clustered", unit=experiment.unit_word)]
    panel, control = experiment.panel_of(metric), experiment.plan.control
    arm = experiment.arms(metric)[control]
    is_ratio = experiment.ops.catalogue[metric].kind.is_ratio
    if isinstance(panel, DailyCounts) or arm.order or is_ratio:
        return said
    spread = panel.spread(metric)[control]
    if "y" not in arm.mean or spread == 0:  # one row a cluster, or nothing varies
        return said
    joint = Joint(arm.n, np.array([arm.mean[a] for a in "xy"]), np.array(
        [[arm.cov["x", "x"], arm.cov["x", "y"]], [arm.cov["x", "y"], arm.cov["y", "y"]]]
    ))  # fmt: skip
    factor = experiment.ops.fact(
        "ab.design_effect", design_effect(joint, spread), "factor", metric=metric, variant=control,
        n=arm.n, method="delta_over_clusters",
    )  # fmt: skip
    return [*said, Text.of("ab.note.design_effect", factor=factor.value, unit=experiment.unit_word)]


def _counted(experiment: Evidence, metric: str, panel: Panel) -> list[Text]:
    """Which days after exposure count, for how many users they are over; what a quantile is."""
    said: list[Text] = []
    definition = experiment.ops.catalogue[metric]
    if definition.quantile is not None:
        values = sum(arm.order.values for arm in panel.moments(metric) if arm.order)
        said.append(Text.of("ab.note.quantile", quantile=definition.quantile, values=values))
    if uncapped := panel.uncapped(metric):
        why, value = uncapped
        args = {"quantile": definition.cap, "value": value, "kind": definition.kind.name}
        said.append(Text(f"ab.note.uncapped_{why}", args))
    if days := panel.window(metric):
        said.append(Text.of("ab.note.window", days=days))
        waiting = panel.waiting(metric)
        if waiting:
            said.append(Text.of("ab.note.waiting", users=waiting, days=days))
    return said


def _adjustments(experiment: Evidence, effect: Effect) -> list[Text]:
    said: list[Text] = []
    if effect.adjustment is not None:
        done = effect.adjustment
        key = "ab.note.cuped" if done.applied else f"ab.note.cuped_{done.reason}"
        args: dict[str, Any] = {"correlation": done.correlation, "reduction": done.reduction}
        if not done.applied or experiment.covariate is None:
            said.append(Text(key, args | {"days": experiment.plan.covariate_days}))
        else:
            said.append(Text("ab.note.cuped_column", args | {"column": experiment.covariate}))
    if effect.cap is not None:
        said.append(
            Text.of(
                "ab.note.capped", cap=effect.cap, quantile=effect.metric.cap, share=effect.capped
            )
        )
    return said
