"""The same question asked in other ways, and a Bayesian reading that goes with the test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from opsnb.analysis.display import Column, Fold, Note, Part, Table
from opsnb.analysis.methods.bayes import chance_higher, posterior
from opsnb.analysis.methods.daily import daily_difference
from opsnb.analysis.methods.estimate import Comparison
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.reviews.experiment.effects import Effect, diff_unit
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

SURE = 0.999
"""A chance beyond which more digits would say more than the model knows."""


def robustness_parts(experiment: Evidence) -> list[Part]:
    """Uncapped, unadjusted, unstratified; then chance to win and expected loss, folded."""
    metric = experiment.plan.primary.metric
    effects = experiment.effects(metric)
    rows = [row for effect in effects for row in _rows(experiment, effect)]
    columns = [
        Column("way", Text("ab.column.way"), "said"),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column("interval", Text("ab.column.interval_plain"), "signed_percent.interval"),
        Column("p", Text("ab.column.p"), "p_value"),
    ]
    if len(effects) > 1:
        columns.insert(1, Column("variant", Text("ab.column.variant")))
    table = Table(columns, rows, note=Text("ab.robustness.note"))
    paired = [p for effect in effects for p in _paired(experiment, effect)]
    return [table, *paired, Fold(Text("ab.bayes.title"), _bayes(experiment, effects))]


def _rows(experiment: Evidence, effect: Effect) -> list[dict[str, Any]]:
    """One row a way of computing that differs from the registered one."""
    metric = effect.metric.id
    ways: list[tuple[str, Comparison]] = [("usual", effect.deciding)]
    if effect.deciding is not effect.usual:
        ways.append(("uncorrected", effect.usual))
    if effect.adjusted is not None:
        ways.append(("no_cuped", effect.plain))
    if effect.cap is not None:
        with suppress(MethodError):  # without the cap there may be nothing to compare
            uncapped = experiment.effect_of(metric, effect.variant, capped=False)
            ways.append(("uncapped", uncapped.usual))
    if experiment.stratified:
        arms = experiment.arms(metric)
        pair = (arms[experiment.plan.control], arms[effect.variant])
        if pooled := experiment.comparison(metric, pair, pooled=True):
            ways.append(("unstratified", pooled.usual))
    rows = []
    for way, comparison in ways:
        lift = comparison.lift
        experiment.ops.fact(
            "ab.robustness", lift.value if lift else None, "relative",
            low=lift.low if lift else None, high=lift.high if lift else None,
            p_value=comparison.diff.p_value, n=comparison.diff.n, metric=metric,
            variant=effect.variant, segment=way, method=comparison.diff.method,
        )  # fmt: skip
        rows.append(
            {
                "way": Text(f"ab.robustness.{way}"),
                "variant": effect.variant,
                "lift": lift.value if lift else None,
                "interval": lift,
                "p": comparison.diff.p_value,
            }
        )
    return rows


def _paired(experiment: Evidence, effect: Effect) -> list[Part]:
    """Shares from daily counts once more with the day as the unit, paired."""
    panel, metric = experiment.panel_of(effect.metric.id), effect.metric.id
    is_share = isinstance(panel, DailyCounts) and panel.independent
    if not is_share or not effect.metric.parts:
        return []
    assert isinstance(panel, DailyCounts)
    found = daily_difference(
        panel.pairs(metric, experiment.plan.control),
        panel.pairs(metric, effect.variant),
        alpha=experiment.plan.alpha,
    )
    fact = experiment.ops.fact(
        "ab.paired_days", found.by_day.value, diff_unit(effect.metric), low=found.by_day.low,
        high=found.by_day.high, p_value=found.by_day.p_value, n=len(found.used),
        metric=effect.metric.id, variant=effect.variant, method=found.by_day.method,
    )  # fmt: skip
    experiment.ops.fact(
        "ab.sign_test", found.sign.higher, "count", n=found.sign.days, method="sign_test",
        p_value=found.sign.p_value, metric=effect.metric.id, variant=effect.variant,
    )  # fmt: skip
    said = Text.of(
        "ab.robustness.paired", diff=fact, p=fact.p_value, higher=found.sign.higher,
        days=found.sign.days, sign=found.sign.p_value,
    )  # fmt: skip
    return [Note(said)]


def _bayes(experiment: Evidence, effects: Sequence[Effect]) -> list[Part]:
    """Chance to win and expected loss of the comparison that the plan registered.

    The prior is flat: one of a fixed width contradicts the test where a metric is so sparse
    that its lifts are wide, and the width that fits differs from metric to metric.
    """
    rows = []
    for effect in effects:
        diff, base, exact = effect.usual.diff, abs(effect.control.mean), _exact_chance(effect)
        if diff.se == 0 or (effect.lift is None and exact is None):
            continue
        kept: dict[str, Any] = {
            "metric": effect.metric.id, "variant": effect.variant, "n": diff.n,
        }  # fmt: skip
        found = posterior(diff.value, diff.se, better=effect.metric.direction)
        chance = experiment.ops.fact(
            "ab.chance_to_win", found.chance_to_win if exact is None else exact, "share",
            method="flat_prior" if exact is None else "jeffreys", **kept,
        )  # fmt: skip
        loss = None
        if effect.lift is not None and base > 0:
            loss = experiment.ops.fact(
                "ab.expected_loss", found.loss_if_shipped / base, "relative",
                method="flat_prior", **kept,
            )  # fmt: skip
        rows.append(
            {
                "variant": effect.variant,
                "chance": _chance(chance.value),
                "loss": None if loss is None else loss.value,
            }
        )
    if not rows:
        return [Note(Text("ab.bayes.absent"))]
    columns = [
        Column("variant", Text("ab.column.variant")),
        Column("chance", Text("ab.bayes.chance"), "said"),
        Column("loss", Text("ab.bayes.loss"), "percent"),
    ]
    return [Table(columns, rows), Note(Text("ab.bayes.prior"))]


def _chance(value: float) -> Text:
    """A chance; one so near to certain that it would round to it is given as beyond .999."""
    if value > SURE or value < 1 - SURE:
        key = "above" if value > SURE else "below"
        return Text.of(f"ab.bayes.{key}", value=SURE if value > SURE else 1 - SURE)
    return Text.of("common.percent", value=value)


def _exact_chance(effect: Effect) -> float | None:
    """Of plain shares: the chance that the treatment's is the better one, for any counts."""
    plain = effect.plain
    if plain.diff.method != "score" or effect.adjusted is not None:
        return None
    counts = [(round(arm.value * arm.n), arm.n) for arm in (plain.control, plain.treatment)]
    higher = chance_higher(*counts[0], *counts[1])
    return higher if effect.metric.direction == "up" else 1 - higher
