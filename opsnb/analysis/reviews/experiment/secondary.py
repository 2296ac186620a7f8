"""Secondary metrics: what explains a result, and does not decide it."""

from __future__ import annotations

from collections.abc import Sequence

from opsnb.analysis.display import Absent, Column, Part, Table
from opsnb.analysis.methods.multiplicity import benjamini_hochberg
from opsnb.analysis.reviews.experiment.effect_tables import interval_head, level_columns, levels
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.messages import Text


def secondary_parts(experiment: Evidence) -> list[Part]:
    """Exploratory effects, adjusted over all of them by Benjamini and Hochberg's procedure."""
    reasons = {row.metric: experiment.unreadable(row.metric) for row in experiment.plan.secondary}
    effects = [e for metric, why in reasons.items() if not why for e in experiment.effects(metric)]
    parts: list[Part] = [Absent(why) for why in reasons.values() if why]
    if effects:
        for effect in effects:
            experiment.ops.record(*experiment.measured_effect(effect).facts)
        parts.insert(0, _table(experiment, effects))
    return parts or [Absent(Text("ab.secondary.none"))]


def _table(experiment: Evidence, effects: Sequence[Effect]) -> Table:
    """Secondary metrics with their own intervals and adjusted p-values."""
    adjusted = benjamini_hochberg([effect.usual.diff.p_value for effect in effects])
    rows = [
        {
            "metric": effect.metric.label,
            "variant": effect.variant,
            **levels(experiment, experiment.measured_effect(effect)),
            "lift": effect.lift.value if effect.lift else None,
            "interval": effect.lift,
            "p": effect.usual.diff.p_value,
            "adjusted": p_value,
        }
        for effect, p_value in zip(effects, adjusted, strict=True)
    ]
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        *level_columns(experiment),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column("interval", interval_head(experiment, "lift_interval"), "signed_percent.interval"),
        Column("p", Text("ab.column.p"), "p_value"),
        Column("adjusted", Text("ab.column.p_adjusted"), "p_value"),
    ]
    if len(experiment.treatments) > 1:
        columns.insert(1, Column("variant", Text("ab.column.variant")))
    return Table(columns, rows, note=Text("ab.secondary.note"))
