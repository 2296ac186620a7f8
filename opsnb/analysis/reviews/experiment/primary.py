"""What the readout says of effects: facts, claims, tables, the range a year would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.clusters import design_effect
from opsnb.analysis.methods.compare import Comparison
from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.metrics import DailyCounts, Panel
from opsnb.analysis.reviews.experiment.effects import Effect, diff_unit
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.experiment.readout import Experiment


def primary_parts(experiment: Experiment, metric: str) -> list[Part]:
    """Claim, forest chart, table and what was done to the values beforehand."""
    ops, plan = experiment.ops, experiment.plan
    effects = experiment.effects(metric)
    mde = plan.primary.mde if metric == plan.primary.metric else None
    parts: list[Part] = []
    for effect in effects:
        facts = record(experiment, effect)
        text, tone = claim(effect, facts), "warn"
        if effect.improved or effect.worsened:
            tone = "good" if effect.improved else "bad"
        if experiment.valid:
            ops.finding(
                text, facts["diff"], facts["lift"],
                grade=experiment.grade, tone=tone, section="primary",
            )  # fmt: skip
        parts.append(Paragraph(text, tone))  # type: ignore[arg-type]
    if any(effect.lift for effect in effects):
        parts.append(forest(experiment, effects, Text("ab.primary.claim_role"), mde))
    return [*parts, effects_table(experiment, effects), *notes(experiment, metric, effects)]


def record(experiment: Experiment, effect: Effect) -> dict[str, Fact]:
    """The facts of one effect; "diff" and "lift" are those that decide."""
    ops, metric, plain = experiment.ops, effect.metric, effect.plain
    same = {"metric": metric.id, "variant": effect.variant}
    facts = {}
    for variant, value in (
        (experiment.plan.control, plain.control),
        (effect.variant, plain.treatment),
    ):
        facts[variant] = ops.fact(
            "ab.value", value.value, metric.unit, metric=metric.id, variant=variant,
            low=value.low, high=value.high, n=value.n,
        )  # fmt: skip
    facts |= _comparison(experiment, effect, plain, "")
    if effect.adjusted is not None:
        facts |= _comparison(experiment, effect, effect.adjusted, ".cuped")
    if effect.deciding is not effect.usual:
        facts |= _comparison(experiment, effect, effect.deciding, ".deciding")
    if effect.p_adjusted is not None:
        ops.fact(
            "ab.p_adjusted", effect.p_adjusted, "p_value", p_value=effect.p_adjusted,
            method=experiment.plan.across_arms, **same,
        )  # fmt: skip
    facts["mde"] = ops.fact(
        "ab.mde", effect.detectable.relative, "relative", n=effect.diff.n, **same
    )
    return facts


def _comparison(
    experiment: Experiment, effect: Effect, comparison: Comparison, suffix: str
) -> dict[str, Fact]:
    diff, lift = comparison.diff, comparison.lift
    same = {"metric": effect.metric.id, "variant": effect.variant}
    method = "stratified" if experiment.stratified else diff.method
    return {
        "diff": experiment.ops.fact(
            f"ab.diff{suffix}", diff.value, diff_unit(effect.metric), low=diff.low,
            high=diff.high, p_value=diff.p_value, n=diff.n, method=method, **same,
        ),
        "lift": experiment.ops.fact(
            f"ab.lift{suffix}", lift.value if lift else None, "relative",
            low=lift.low if lift else None, high=lift.high if lift else None,
            p_value=diff.p_value, n=diff.n, method=lift.method if lift else None, **same,
        ),
    }  # fmt: skip


def claim(effect: Effect, facts: dict[str, Fact]) -> Text:
    """The interval first; "no effect" is never said."""
    state = "improved" if effect.improved else "worsened" if effect.worsened else "open"
    args: dict[str, Any] = {
        "metric": effect.metric.label, "variant": effect.variant, "diff": facts["diff"],
    }  # fmt: skip
    if effect.lift is None:
        return Text(f"ab.claim.absolute_{state}", args)
    args["lift"] = facts["lift"]
    if state != "open":
        return Text(f"ab.claim.{state}", args)
    up = effect.metric.direction == "up"
    gain, loss = (
        (effect.lift.high, -effect.lift.low) if up else (-effect.lift.low, effect.lift.high)
    )
    return Text("ab.claim.open", args | {"gain": max(gain, 0.0), "loss": max(loss, 0.0)})


def formats(metric_unit: str) -> tuple[str, str]:
    """How a value of a unit and a difference of two are written."""
    value = {"share": "percent", "money": "exact_money", "count": "integer"}
    change = {"share": "points", "money": "signed_money"}
    return value.get(metric_unit, "number"), change.get(metric_unit, "signed_number")


def effects_table(experiment: Experiment, effects: Sequence[Effect]) -> Table:
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


def interval_head(experiment: Experiment, column: str) -> Text:
    """The head of an interval's column: its level, or that it is the one that decides."""
    if experiment.reading.is_sequential or len(experiment.treatments) > 1:
        return Text(f"ab.column.{column}_deciding")
    return Text.of(f"ab.column.{column}_at", level=1 - experiment.plan.alpha)


def forest(
    experiment: Experiment, effects: Sequence[Effect], role: Said, mde: float | None = None,
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


def notes(experiment: Experiment, metric: str, effects: Sequence[Effect]) -> list[Part]:
    """What was done to the values before comparing, and how the interval was chosen."""
    said: list[Text] = []
    reading, panel = experiment.reading, experiment.panel_of(metric)
    if reading.is_sequential:
        key = f"ab.note.{reading.method}"
        said.append(Text.of(key, look=reading.look, looks=reading.looks, share=reading.share))
    if len(effects) > 1:
        said.append(Text.of(f"ab.note.{experiment.plan.across_arms}", arms=len(effects)))
    if experiment.stratified:
        weighted = experiment.weighted(metric)
        said.append(Text("ab.note.stratified" if weighted else "ab.note.quantile_pooled"))
    if experiment.plan.cluster:
        said += _clustered(experiment, metric)
    if isinstance(panel, DailyCounts):
        said.append(Text(f"ab.note.daily_{'count' if panel.independent else 'day'}"))
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
        said += _adjustments(experiment, effect)
    least = [e.detectable.relative for e in effects if e.detectable.relative is not None]
    if least:
        args = {"mde": max(least), "power": experiment.plan.power}
        said.append(Text("ab.note.detectable", args))
    unique = {(text.key, str(sorted(text.args.items(), key=str))): text for text in said}
    return [Note(text) for text in unique.values()]


def _clustered(experiment: Experiment, metric: str) -> list[Text]:
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


def _counted(experiment: Experiment, metric: str, panel: Panel) -> list[Text]:
    """Which days after exposure count, for how many users they are over; what a quantile is."""
    said: list[Text] = []
    definition = experiment.ops.catalogue[metric]
    if definition.quantile is not None:
        values = sum(arm.order.values for arm in panel.moments(metric) if arm.order)
        said.append(Text.of("ab.note.quantile", quantile=definition.quantile, values=values))
    if days := panel.window(metric):
        said.append(Text.of("ab.note.window", days=days))
        waiting = panel.waiting(metric)
        if waiting:
            said.append(Text.of("ab.note.waiting", users=waiting, days=days))
    return said


def _adjustments(experiment: Experiment, effect: Effect) -> list[Text]:
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


def secondary_table(
    experiment: Experiment, effects: Sequence[Effect], adjusted: Sequence[float | None]
) -> Table:
    """Secondary metrics with their own intervals and adjusted p-values."""
    rows = []
    for effect, p_value in zip(effects, adjusted, strict=True):
        record(experiment, effect)
        rows.append(
            {
                "metric": effect.metric.label,
                "variant": effect.variant,
                "lift": effect.lift.value if effect.lift else None,
                "interval": effect.lift,
                "p": effect.usual.diff.p_value,
                "adjusted": p_value,
            }
        )
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("lift", Text("ab.column.lift"), "signed_percent"),
        Column("interval", interval_head(experiment, "lift_interval"), "signed_percent.interval"),
        Column("p", Text("ab.column.p"), "p_value"),
        Column("adjusted", Text("ab.column.p_adjusted"), "p_value"),
    ]
    if len(experiment.treatments) > 1:
        columns.insert(1, Column("variant", Text("ab.column.variant")))
    return Table(columns, rows, note=Text("ab.secondary.note"))


def impact_parts(experiment: Experiment) -> list[Part]:
    """A year's effect of each arm as a range, or why there is none."""
    plan, ops = experiment.plan, experiment.ops
    if not plan.annual_users:
        return [Absent(Text("ab.impact.absent"))]
    if not experiment.valid:
        return [Absent(Text("ab.impact.invalid"))]
    counted = plan.daily is not None and plan.daily.unit == "count"
    primary = ops.catalogue[plan.primary.metric]
    if not (primary.kind.is_user_mean or (primary.parts and counted)):
        return [Absent(Text.of("ab.impact.no_sum", metric=primary.label))]
    parts: list[Part] = []
    for effect in experiment.effects(plan.primary.metric):
        diff, unit = effect.diff, "money" if effect.metric.unit == "money" else "count"
        fact = ops.fact(
            "ab.impact", diff.value * plan.annual_users, unit,
            low=diff.low * plan.annual_users, high=diff.high * plan.annual_users,
            metric=effect.metric.id, variant=effect.variant, method="annualised",
        )  # fmt: skip
        key = impact_kind(effect)
        parts.append(
            Paragraph(Text.of(f"ab.impact.{key}", impact=fact, metric=effect.metric.label))
        )
    return [*parts, Note(Text.of("ab.impact.assumptions", users=plan.annual_users))]


def impact_kind(effect: Effect) -> str:
    """What a year's sum of a metric's effect counts: money, users of a share, or units."""
    return {"money": "money", "share": "share"}.get(effect.metric.unit, "count")
