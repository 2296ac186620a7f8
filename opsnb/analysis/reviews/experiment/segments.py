"""The effect within segments, and whether it differs between them (Cochran's Q)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Fold, Note, Part, Table, charts
from opsnb.analysis.methods.clusters import MIN_CLUSTERS
from opsnb.analysis.methods.compare import mean_errors
from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.methods.strata import Heterogeneity, lift_heterogeneity
from opsnb.analysis.metrics import ArmAggregates
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

MIN_USERS = 200
"""Fewest users an arm for a segment to be shown: below, an interval says nothing."""


@dataclass(frozen=True)
class _Dimension:
    """A treatment's effects by group of an attribute, with the test that they are one."""

    name: str
    variant: str
    effects: dict[str, Effect]
    same: Heterogeneity | None


def segment_parts(experiment: Evidence) -> list[Part]:
    """A forest chart a registered attribute, with the test of heterogeneity in words."""
    if not experiment.plan.segments:
        return [Absent(Text("ab.segment.none"))]
    if not experiment.valid:
        return [Absent(Text("ab.impact.invalid"))]
    read = [
        _dimension(experiment, name, variant)
        for name in experiment.plan.segments
        if name in experiment.assigned.attributes
        for variant in experiment.treatments
    ]
    shown = [one for one in read if len(one.effects) > 1]
    # A page asks every attribute: each p-value is adjusted over all of its kind on the page.
    same = holm([one.same.p_value if one.same else None for one in shown])
    flat = holm([effect.diff.p_value for one in shown for effect in one.effects.values()])
    parts: list[Part] = []
    for name in experiment.plan.segments:
        if name not in experiment.assigned.attributes:
            parts.append(Absent(_refusal(experiment, name)))
            continue
        found: list[Part] = []
        for i, one in enumerate(shown):
            if one.name == name:
                before = sum(len(other.effects) for other in shown[:i])
                adjusted = flat[before : before + len(one.effects)]
                found += _parts(experiment, one, same[i], len(shown), adjusted)
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


def _dimension(experiment: Evidence, name: str, variant: str) -> _Dimension:
    effects = _effects(experiment, name, variant)
    same = _heterogeneity(effects) if len(effects) > 1 else None
    return _Dimension(name, variant, effects, same)


def _parts(
    experiment: Evidence,
    found: _Dimension,
    same: float | None,
    tests: int,
    adjusted: Sequence[float | None],
) -> list[Part]:
    """Chart and table of a dimension; `same` is its test's p-value, adjusted over `tests`."""
    ops, metric = experiment.ops, experiment.plan.primary.metric
    name, variant, effects = found.name, found.variant, found.effects
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
    chart_claim = _claim(experiment, found, same, tests)
    chart = charts.forest(
        [
            charts.Effect(group, e.lift.value, e.lift.low, e.lift.high)
            for group, e in effects.items()
            if e.lift is not None
        ],
        claim=chart_claim,
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


def _heterogeneity(effects: dict[str, Effect]) -> Heterogeneity | None:
    """Cochran's Q of the relative effects, which the chart shows."""
    arms = [(e.control, e.treatment, e.cov) for e in effects.values()]
    errors = [mean_errors(*arm) for arm in arms]
    covs = np.array([[[v0, c], [c, v1]] for v0, v1, c in errors])
    try:
        return lift_heterogeneity([c.mean for c, _, _ in arms], [t.mean for _, t, _ in arms], covs)
    except MethodError:  # nothing varies in a group
        return None


def _claim(experiment: Evidence, found: _Dimension, same: float | None, tests: int) -> Text:
    """Whether the relative effect differs between the groups, as the claim of the chart."""
    ops, dimension = experiment.ops, experiment.dimension(found.name)
    kept: dict[str, Any] = {
        "variant": found.variant, "metric": experiment.plan.primary.metric,
        "segment": found.name, "method": "cochran_q_relative",
    }  # fmt: skip
    if found.same is None or same is None:
        claim = Text.of("ab.segment.untested", dimension=dimension)
    else:
        p_value = found.same.p_value
        fact = ops.fact("ab.heterogeneity", p_value, "p_value", p_value=p_value, **kept)
        if tests > 1:
            fact = ops.fact("ab.heterogeneity_adjusted", same, "p_value", p_value=same, **kept)
        key = "differs" if same < experiment.plan.alpha else "alike"
        several = "_several" if tests > 1 else ""
        claim = Text.of(f"ab.segment.{key}{several}", dimension=dimension, p=fact, tests=tests)
    if len(experiment.treatments) > 1:
        claim = Text.of("ab.verdict.arm", variant=found.variant, sentence=claim)
    return claim
