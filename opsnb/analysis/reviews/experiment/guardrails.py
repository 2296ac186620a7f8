"""Guardrails against their margins, and how likely this test was to show that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Part, Table, Toned
from opsnb.analysis.methods.power import power_for_margin
from opsnb.analysis.reviews.experiment import primary
from opsnb.analysis.reviews.experiment.cards import GUARD_TONE
from opsnb.analysis.reviews.experiment.effects import Effect, guard
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.readout import Experiment


def guardrail_parts(experiment: Experiment) -> list[Part]:
    """A row a guardrail and arm; facts and findings for those that do not hold."""
    rows: list[dict[str, Any]] = []
    experiment.guardrail_results = []
    for planned in experiment.plan.guardrails:
        if why := experiment.unreadable(planned.metric):
            rows.append(_unread(experiment, planned.metric, why))
            continue
        for effect in experiment.effects(planned.metric):
            rows.append(_row(experiment, effect, planned.margin))
    if not rows:
        return [Absent(Text("ab.guardrail.none"))]
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("status", Text("ab.column.status"), "said"),
        Column("change", Text("ab.column.change"), "signed_percent"),
        Column(
            "interval",
            primary.interval_head(experiment, "lift_interval"),
            "signed_percent.interval",
        ),
        Column("margin", Text("ab.column.margin"), "round_percent"),
        Column("power", Text("ab.column.power"), "percent"),
    ]
    if len(experiment.treatments) > 1:
        columns.insert(1, Column("variant", Text("ab.column.variant")))
    parts: list[Part] = [Table(columns, rows, note=Text("ab.guardrail.note"))]
    effects = [effect for effect, _ in experiment.guardrail_results if effect.lift]
    if effects:
        role = Text("ab.guardrail.role")
        margins = {row.metric: row.margin for row in experiment.plan.guardrails}
        parts.append(primary.forest(experiment, effects, role, by_variant=False, margins=margins))
    return parts


def _unread(experiment: Experiment, metric: str, why: Text) -> dict[str, Any]:
    experiment.ops.check(f"guardrail.{metric}", "warn", Text.of("ab.guardrail.unread", why=why))
    empty = dict.fromkeys(("variant", "change", "interval", "margin", "power"))
    label = experiment.ops.label(metric)
    return {"metric": label, "status": Text("ab.guardrail.unknown"), **empty}


def _row(experiment: Experiment, effect: Effect, margin: float) -> dict[str, Any]:
    ops, plan = experiment.ops, experiment.plan
    # One-sided at half the level that decides: a guardrail passes where the interval shown stays
    # clear of the margin, and an early look is no easier to pass.
    result = guard(effect, margin, effect.deciding.diff.alpha / 2)
    experiment.guardrail_results.append((effect, result))
    lift, same = effect.lift, {"metric": effect.metric.id, "variant": effect.variant}
    facts = primary.record(experiment, effect)
    fact = ops.fact(
        "ab.guardrail", result.status, "text", low=lift.low if lift else None,
        high=lift.high if lift else None, p_value=result.p_value, n=effect.diff.n,
        method="non_inferiority", **same,
    )  # fmt: skip
    power = margin_power(effect, margin, plan.alpha / 2)
    ops.fact("ab.guardrail_power", power, "share", method="non_inferiority", **same)
    word = Text(f"ab.guardrail.{result.status}")
    if experiment.valid and result.status != "pass":
        claim = Text.of(
            f"ab.guardrail.finding_{result.status}",
            metric=effect.metric.label, variant=effect.variant, lift=facts["lift"], margin=margin,
        )  # fmt: skip
        ops.finding(
            claim, fact,
            grade=experiment.grade, tone=GUARD_TONE[result.status], section="guardrails",
        )  # fmt: skip
    return {
        "metric": effect.metric.label,
        "variant": effect.variant,
        "status": Toned(None, GUARD_TONE[result.status], word),
        "change": lift.value if lift else None,
        "interval": lift,
        "margin": margin,
        "power": power,
    }


def margin_power(effect: Effect, margin: float, alpha: float) -> float | None:
    """Chance that a test of this size shows a guardrail to hold when nothing changed.

    One-sided at alpha; depends on sizes and variances only, not on the effect seen.
    """
    control, treatment = effect.control, effect.treatment
    var = (control.var + treatment.var) / 2
    if not (control.mean and var > 0 and margin < 1):
        return None
    return power_for_margin(
        control.mean, var, margin, control.n, treatment.n,
        direction=effect.metric.direction, alpha=alpha,
    )  # fmt: skip
