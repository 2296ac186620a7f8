"""Guardrails against their margins: what was shown of each."""

from __future__ import annotations

from typing import Any

from opsnb.analysis.display import Absent, Column, Part, Table, Toned
from opsnb.analysis.findings import Check
from opsnb.analysis.reviews.experiment.effect_tables import (
    forest,
    interval_head,
    level_columns,
    levels,
)
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult
from opsnb.base.messages import Text


def guardrail_parts(experiment: Evidence) -> list[Part]:
    """A row a guardrail and arm; facts and findings for those that do not hold."""
    record_guardrails(experiment)
    rows: list[dict[str, Any]] = []
    for planned in experiment.plan.guardrails:
        if planned.metric in experiment.unread_guardrails:
            rows.append(_unread(experiment, planned.metric))
        found = [r for r in experiment.guardrail_results if r.effect.metric.id == planned.metric]
        rows += [_row(experiment, result) for result in found]
    if not rows:
        return [Absent(Text("ab.guardrail.none"))]
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("status", Text("ab.column.status"), "said"),
        *level_columns(experiment),
        Column("change", Text("ab.column.change"), "signed_percent"),
        Column("interval", interval_head(experiment, "lift_interval"), "signed_percent.interval"),
        Column("margin", Text("ab.column.margin"), "round_percent"),
        Column("power", Text("ab.column.power"), "percent"),
    ]
    if len(experiment.treatments) > 1:
        columns.insert(1, Column("variant", Text("ab.column.variant")))
    parts: list[Part] = [Table(columns, rows, note=Text("ab.guardrail.note"))]
    effects = [result.effect for result in experiment.guardrail_results if result.effect.lift]
    if effects:
        role = Text("ab.guardrail.role")
        margins = {row.metric: row.margin for row in experiment.plan.guardrails}
        parts.append(forest(experiment, effects, role, by_variant=False, margins=margins))
    return parts


def record_guardrails(experiment: Evidence) -> None:
    """Record each guardrail's facts, what cannot be read of them, and what does not hold."""
    ops = experiment.ops
    ops.record_missing_checks(
        *(
            Check(f"guardrail.{metric}", "warn", Text.of("ab.guardrail.unread", why=why))
            for metric, why in experiment.unread_guardrails.items()
        )
    )
    for result in experiment.guardrail_results:
        ops.record(*result.facts)
        if experiment.valid and result.test.status != "pass":
            effect = result.effect
            claim = Text.of(
                f"ab.guardrail.finding_{result.test.status}", metric=effect.metric.label,
                variant=effect.variant, margin=result.test.margin,
                lift=result.measured.lift if effect.lift else result.measured.diff,
            )  # fmt: skip
            if result.is_weak(experiment.plan.power):
                weak = Text.of("ab.guardrail.finding_weak", power=result.power.value)
                claim = Text.of("common.and", sentence=claim, more=weak)
            ops.finding(
                claim, result.fact,
                grade=experiment.grade, tone=result.tone, section="guardrails",
            )  # fmt: skip


def _unread(experiment: Evidence, metric: str) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("variant", "control", "treatment", "diff", "change", "interval", "margin", "power")
    )
    label = experiment.ops.label(metric)
    return {"metric": label, "status": Text("ab.guardrail.unknown"), **empty}


def _row(experiment: Evidence, result: GuardrailResult) -> dict[str, Any]:
    effect, lift = result.effect, result.effect.lift
    word = Text(f"ab.guardrail.{result.test.status}")
    return {
        "metric": effect.metric.label,
        "variant": effect.variant,
        "status": Toned(None, result.tone, word),
        **levels(experiment, result.measured),
        "change": lift.value if lift else None,
        "interval": lift,
        "margin": result.test.margin,
        "power": result.power.value,
    }
