"""The effect within segments, and whether it differs between them (Cochran's Q)."""

from __future__ import annotations

from opsnb.analysis.display import Absent, Column, Fold, Note, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.clusters import MIN_CLUSTERS
from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.methods.strata import heterogeneity
from opsnb.analysis.metrics import ArmAggregates
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.messages import Text

MIN_USERS = 200
"""Fewest users an arm for a segment to be shown: below, an interval says nothing."""


def segment_parts(experiment: Evidence) -> list[Part]:
    """A forest chart a registered attribute, with the test of heterogeneity in words."""
    if not experiment.plan.segments:
        return [Absent(Text("ab.segment.none"))]
    if not experiment.valid:
        return [Absent(Text("ab.impact.invalid"))]
    parts: list[Part] = []
    for name in experiment.plan.segments:
        if name not in experiment.assigned.attributes:
            parts.append(Absent(_refusal(experiment, name)))
            continue
        found = [p for v in experiment.treatments for p in _dimension(experiment, name, v)]
        parts += found or [
            Absent(Text.of("ab.segment.small", dimension=experiment.dimension(name)))
        ]
    return [*parts, Note(Text("ab.segment.note"))]


def _refusal(experiment: Evidence, name: str) -> Text:
    """Why a segment is left out: recorded after exposure, or not at all."""
    rows, dimension = experiment.ops.rows, experiment.dimension(name)
    for table in experiment.after_exposure:
        if rows.has(table) and name in rows.table(table).columns:
            return Text.of("ab.segment.post_treatment", dimension=dimension, table=table)
    return Text.of("ab.segment.absent", dimension=dimension)


def _dimension(experiment: Evidence, name: str, variant: str) -> list[Part]:
    ops, metric = experiment.ops, experiment.plan.primary.metric
    effects = _effects(experiment, name, variant)
    if len(effects) < 2:
        return []
    adjusted = holm([effect.diff.p_value for effect in effects.values()])
    rows = []
    for (group, effect), p_value in zip(effects.items(), adjusted, strict=True):
        assert effect.lift is not None
        ops.fact(
            "ab.segment", effect.lift.value, "relative", low=effect.lift.low,
            high=effect.lift.high, p_value=p_value, n=effect.diff.n, metric=metric,
            variant=variant, segment=f"{name}={group}",
        )  # fmt: skip
        rows.append(
            {"group": group, "n": effect.diff.n, "lift": effect.lift.value,
             "interval": effect.lift, "p": effect.diff.p_value, "adjusted": p_value}
        )  # fmt: skip
    same = _heterogeneity(experiment, name, variant, effects)
    differs = same.p_value is not None and same.p_value < experiment.plan.alpha
    key = "ab.segment.differs" if differs else "ab.segment.alike"
    claim = Text.of(key, dimension=experiment.dimension(name), p=same)
    if len(experiment.treatments) > 1:
        claim = Text.of("ab.verdict.arm", variant=variant, sentence=claim)
    chart = charts.forest(
        [
            charts.Effect(group, e.lift.value, e.lift.low, e.lift.high)
            for group, e in effects.items()
            if e.lift is not None
        ],
        claim=claim,
        alt=Text.of("ab.chart.forest_alt", rows=len(effects)),
        source=experiment.source,
        format="signed_percent",
    )
    columns = [
        Column("group", experiment.dimension(name)),
        Column("n", experiment.who, "integer"),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column("interval", Text("ab.column.interval_plain"), "signed_percent.interval"),
        Column("p", Text("ab.column.p"), "p_value"),
        Column("adjusted", Text("ab.column.p_segments"), "p_value"),
    ]
    return [chart, Fold(Text.of("ab.segment.table", groups=len(rows)), [Table(columns, rows)])]


def _effects(experiment: Evidence, name: str, variant: str) -> dict[str, Effect]:
    """Effects by group, the largest group first; small groups are left out."""
    control = experiment.plan.control
    least = MIN_CLUSTERS if experiment.plan.cluster else MIN_USERS
    least = max(least, experiment.ops.workspace.min_cell)
    arms: dict[str, dict[str, ArmAggregates]] = {}
    for arm in experiment.aggregates(experiment.plan.primary.metric, name):
        if arm.group is not None and arm.n >= least:
            arms.setdefault(arm.group, {})[arm.variant] = arm
    metric = experiment.plan.primary.metric
    effects = {
        group: experiment.comparison(metric, (pair[control], pair[variant]))
        for group, pair in arms.items()
        if {control, variant} <= set(pair)
    }
    kept = {
        group: effect
        for group, effect in effects.items()
        if effect is not None and effect.lift is not None and effect.diff.se > 0
    }
    return dict(sorted(kept.items(), key=lambda item: -item[1].diff.n))


def _heterogeneity(
    experiment: Evidence, name: str, variant: str, effects: dict[str, Effect]
) -> Fact:
    """Cochran's Q over the absolute differences."""
    diffs = [effect.diff for effect in effects.values()]
    p_value = heterogeneity([d.value for d in diffs], [d.se for d in diffs]).p_value
    return experiment.ops.fact(
        "ab.heterogeneity", p_value, "p_value", p_value=p_value, variant=variant,
        metric=experiment.plan.primary.metric, segment=name, method="cochran_q",
    )  # fmt: skip
