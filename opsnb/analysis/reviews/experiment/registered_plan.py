"""The plan as registered, and how the run departed from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from opsnb.analysis.display import Checks, Column, Note, Paragraph, Part, Table
from opsnb.analysis.methods.srm import WARN, sample_ratio
from opsnb.analysis.metrics import DailyCounts, Metric
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text
from opsnb.base.plans import ExperimentPlan


def plan_parts(experiment: Evidence) -> list[Part]:
    """The plan as registered, and every deviation from it."""
    plan, ops = experiment.plan, experiment.ops
    primary = ops.catalogue[plan.primary.metric]
    definition = Note(Text.of("ab.plan.definition", definition=primary.definition))
    table = Table(
        [Column("item", Text("ab.plan.item")), Column("value", Text("ab.plan.registered"))],
        [row for row in _rows(experiment, primary) if row["value"]],
    )
    if not plan.registered:
        ops.check("unregistered", "warn", Text("ab.plan.unregistered"))
        return [Paragraph(Text("ab.plan.unregistered"), "warn"), table, definition]
    found = deviations(experiment)
    ops.fact("ab.deviations", len(found), "count")
    if not found:
        return [table, Paragraph(Text("ab.deviation.none"), "good"), definition]
    checks = [ops.check(f"deviation.{id}", "warn", text) for id, text in found]
    claim = Paragraph(Text.of("ab.deviation.some", number=len(found)), "warn")
    return [table, claim, Checks(checks), definition]


def deviations(experiment: Evidence) -> list[tuple[str, Text]]:
    """How the run departed from the plan: an id and a sentence each."""
    plan, ops, assigned = experiment.plan, experiment.ops, experiment.assigned
    found: list[tuple[str, Text]] = []
    if plan.start and plan.end and assigned.first and assigned.last:
        if assigned.first < plan.start:
            found.append(("start", _dates("start", assigned.first, plan.start)))
        if assigned.last > plan.end:
            found.append(("end", _dates("end", assigned.last, plan.end)))
    strangers = sorted(set(assigned.counts) - set(plan.split))
    if strangers:
        found.append(("arms", Text.of("ab.deviation.arms", arms=strangers)))
    empty = [arm for arm in plan.split if not assigned.counts.get(arm)]
    if empty:
        found.append(("empty_arms", Text.of("ab.deviation.empty_arms", arms=empty)))
    found += [] if experiment.is_paired else _split(experiment)
    if experiment.found_paired:
        found.append(("design", Text.of("ab.deviation.paired", unit=experiment.unit_word)))
    lacking = [name for name in plan.metrics if experiment.absent(name)]
    if lacking:
        labels = [ops.label(name) for name in lacking]
        found.append(("metrics", Text.of("ab.deviation.metrics", metrics=labels)))
    if uncapped := _uncapped(experiment):
        found.append(("cap", Text.of("ab.deviation.cap", metrics=uncapped)))
    unknown = [name for name in plan.segments if name not in experiment.assigned.attributes]
    if unknown:
        names = [experiment.dimension(name) for name in unknown]
        found.append(("segments", Text.of("ab.deviation.segments", names=names)))
    if experiment.covariate_problem:
        found.append(("covariate", experiment.covariate_problem))
    return found + _looks(experiment)


def _uncapped(experiment: Evidence) -> list[Said]:
    """Metrics whose cap cannot be applied at all."""
    panel = experiment.panel
    capped = [name for name in panel.metrics if experiment.ops.catalogue[name].cap is not None]
    if not isinstance(panel, DailyCounts):
        left = {name: panel.uncapped(name) for name in capped}
        capped = [name for name, why in left.items() if why and why[0] != "negative"]
    return [experiment.ops.label(name) for name in capped]


def _dates(which: str, seen: dt.date, planned: dt.date) -> Text:
    return Text.of(f"ab.deviation.{which}", seen=seen, planned=planned)


def _split(experiment: Evidence) -> list[tuple[str, Text]]:
    counts = {arm: experiment.assigned.counts.get(arm, 0) for arm in experiment.plan.split}
    total = sum(counts.values())
    try:
        p_value = sample_ratio(counts, experiment.planned_shares).p_value
    except MethodError:  # too few users to tell
        return []
    if p_value >= WARN:
        return []
    seen = [Text.of("ab.trust.arm_split", arm=a, share=u / total) for a, u in counts.items()]
    return [("split", Text.of("ab.deviation.split", seen=seen))]


def _looks(experiment: Evidence) -> list[tuple[str, Text]]:
    plan, look = experiment.plan, experiment.look
    if experiment.looks_taken > plan.looks:
        args = {"taken": experiment.looks_taken, "planned": plan.looks}
        return [("looks", Text.of("ab.deviation.looks", **args))]
    if look.share < 1 and plan.looks == 1:
        return [("early", Text.of("ab.deviation.early", share=look.share))]
    return []


def _rows(experiment: Evidence, primary: Metric) -> list[dict[str, Any]]:
    plan, ops = experiment.plan, experiment.ops
    split = [Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in plan.split.items()]
    rows: list[tuple[str, Any]] = [
        ("hypothesis", plan.hypothesis),
        ("primary", _primary(plan, primary)),
        ("guardrails", _guardrails(experiment)),
        ("dates", _run(plan)),
        ("unit", experiment.unit_word if plan.unit != "user" else None),
        ("split", Text.of("common.list", items=split)),
        ("design", Text("ab.plan.design_paired") if plan.is_paired else None),
        ("test", Text.of("ab.plan.test_value", alpha=plan.alpha, power=plan.power)),
        ("looks", Text.of("ab.plan.looks_value", looks=plan.looks) if plan.looks > 1 else None),
        (
            "window",
            Text.of("ab.plan.window_value", days=plan.window_days) if plan.window_days else None,
        ),
        ("arms", Text(f"ab.plan.arms_{plan.across_arms}") if len(plan.split) > 2 else None),
        ("owner", plan.owner or ops.owner),
    ]
    return [{"item": Text(f"ab.plan.{item}"), "value": value} for item, value in rows]


def _primary(plan: ExperimentPlan, metric: Metric) -> Text:
    if plan.primary.mde:
        return Text.of("ab.plan.primary_mde", metric=metric.label, mde=plan.primary.mde)
    return Text.of("ab.plan.primary_only", metric=metric.label)


def _guardrails(experiment: Evidence) -> Said:
    items = [
        Text.of("ab.plan.guardrail", metric=experiment.ops.label(g.metric), margin=g.margin)
        for g in experiment.plan.guardrails
    ]
    return Text.of("common.list", items=items) if items else Text("common.none")


def _run(plan: ExperimentPlan) -> Text:
    if plan.start is None or plan.end is None:
        return Text("ab.plan.undated")
    return Text.of("common.from_to", start=plan.start, end=plan.end)
