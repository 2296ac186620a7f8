"""Tables and charts of an experiment's effects, as several sections show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsnb.analysis.display import Column, Part, Table, charts
from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair
from opsnb.analysis.reviews.experiment.effect_facts import MeasuredEffect
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.messages import Said, Text


def formats(metric_unit: str) -> tuple[str, str]:
    """How a value of a unit and a difference of two are written."""
    value = {"share": "percent", "money": "exact_money", "count": "integer"}
    change = {"share": "points", "money": "signed_money"}
    return value.get(metric_unit, "number"), change.get(metric_unit, "signed_number")


def effects_table(experiment: Evidence, effects: Sequence[Effect]) -> Table:
    """One row an effect, values in the metric's own unit."""
    value, change = formats(effects[0].metric.unit)
    rows = [
        {
            "variant": effect.variant,
            "control": effect.plain.control.value,
            "treatment": effect.plain.treatment.value,
            "diff": effect.diff.value,
            "interval": effect.diff,
            "lift": effect.lift.value if effect.lift else None,
            "lift_interval": effect.lift,
            "p": effect.usual.diff.p_value,
            "adjusted": effect.p_adjusted,
        }
        for effect in effects
    ]
    several = len(effects) > 1
    adjusted_head = Text(f"ab.column.p_{experiment.plan.across_arms}")
    columns = [
        *([Column("variant", Text("ab.column.variant"))] if several else []),
        Column("control", experiment.plan.control, value),
        Column("treatment", Text("ab.column.treatment"), value),
        Column("diff", Text("ab.column.diff"), change),
        Column("interval", interval_head(experiment, "interval"), f"{change}.interval"),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column(
            "lift_interval", interval_head(experiment, "lift_interval"), "signed_percent.interval"
        ),
        Column("p", Text("ab.column.p"), "p_value"),
        *([Column("adjusted", adjusted_head, "p_value")] if several else []),
    ]
    return Table(columns, rows)


def level_columns(experiment: Evidence) -> list[Column]:
    """Columns of both arms' values and their difference, of rows of different units."""
    return [
        Column("control", experiment.plan.control, "said"),
        Column("treatment", Text("ab.column.treatment"), "said"),
        Column("diff", interval_head(experiment, "diff"), "said"),
    ]


def levels(experiment: Evidence, measured: MeasuredEffect) -> dict[str, Text]:
    """Their cells: values in the metric's own unit, the difference with the deciding interval."""
    arms, variant = measured.arms, measured.effect.variant
    return {
        "control": Text.of("common.change", fact=arms[experiment.plan.control]),
        "treatment": Text.of("common.change", fact=arms[variant]),
        "diff": Text.of("ab.column.change_of", diff=measured.diff),
    }


def pairs_table(pairs: Sequence[ArmPair]) -> Table:
    """One row a pair of arms, the better estimate first."""
    _, change = formats(pairs[0].effect.metric.unit)
    rows = [
        {
            "variant": pair.effect.variant,
            "against": pair.base,
            "diff": pair.effect.diff.value,
            "interval": pair.effect.diff,
            "lift": pair.effect.lift.value if pair.effect.lift else None,
            "adjusted": pair.effect.p_adjusted,
        }
        for pair in pairs
    ]
    columns = [
        Column("variant", Text("ab.column.variant")),
        Column("against", Text("ab.column.against")),
        Column("diff", Text("ab.column.diff"), change),
        Column("interval", Text("ab.column.interval_deciding"), f"{change}.interval"),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column("adjusted", Text("ab.column.p_pairs"), "p_value"),
    ]
    return Table(columns, rows)


def interval_head(experiment: Evidence, column: str) -> Text:
    """The head of an interval's column: its level, or that it is the one that decides."""
    if experiment.look.is_sequential or len(experiment.treatments) > 1:
        return Text(f"ab.column.{column}_deciding")
    return Text.of(f"ab.column.{column}_at", level=1 - experiment.plan.alpha)


def forest(
    experiment: Evidence, effects: Sequence[Effect], role: Said, mde: float | None = None,
    *, by_variant: bool = True, margins: Mapping[str, float] | None = None,
) -> Part:  # fmt: skip
    """The lifts with the intervals that decide, each against its margin where it has one."""
    rows = [
        charts.Effect(
            e.variant if by_variant else e.metric.label,
            e.lift.value,
            e.lift.low,
            e.lift.high,
            margin=_limit(e, margins or {}),
        )
        for e in effects
        if e.lift is not None
    ]
    return charts.forest(
        rows,
        claim=Text.of("ab.chart.forest", role=role, metric=effects[0].metric.label),
        alt=Text.of("ab.chart.forest_alt", rows=len(rows)),
        source=experiment.source,
        format="signed_percent",
        mde=(mde, Text("ab.chart.mde")) if mde else None,
    )


def _limit(effect: Effect, margins: Mapping[str, float]) -> float | None:
    """The worst change that a guardrail accepts, as a relative effect."""
    margin = margins.get(effect.metric.id)
    if margin is None:
        return None
    return -margin if effect.metric.direction == "up" else margin
