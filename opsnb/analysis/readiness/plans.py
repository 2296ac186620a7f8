"""Plans that can be read, against the metrics and the data: names that neither of them has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from opsnb.analysis.metrics.metric import Kind, names_of_kinds
from opsnb.analysis.readiness.known import Known, nearest
from opsnb.analysis.readiness.plan_values import in_campaign_data, in_experiment_data
from opsnb.base.concerns import Concern, Weight
from opsnb.base.errors import OpsnbError, did_you_mean
from opsnb.base.plans import CampaignPlan, ExperimentPlan, read_targets


def concerns(known: Known) -> Iterator[Concern]:
    """Metrics, dates and values that plans name, each against what there is."""
    workspace = known.workspace
    for id_ in workspace.experiments:
        experiment = workspace.experiments[id_]
        yield from _experiment(known, experiment)
        yield from in_experiment_data(known, experiment)
    for id_ in workspace.campaigns:
        campaign = workspace.campaigns[id_]
        yield from _campaign(known, campaign)
        yield from in_campaign_data(known, campaign)
    for path in sorted((workspace.root / "plans/targets").glob("*.toml")):
        yield from _targets(known, path)


def _experiment(known: Known, plan: ExperimentPlan) -> Iterator[Concern]:
    file = f"plans/experiments/{plan.id}.toml"
    named = [("primary.metric", plan.primary.metric)]
    named += [(f"guardrails[{n}].metric", g.metric) for n, g in enumerate(plan.guardrails, 1)]
    named += [(f"secondary[{n}].metric", s.metric) for n, s in enumerate(plan.secondary, 1)]
    if plan.daily is not None:
        named += [("daily.population", plan.daily.population)] if plan.daily.population else []
        named += [(f"daily.funnel[{n}]", name) for n, name in enumerate(plan.daily.funnel, 1)]

    def readable(kind: Kind) -> bool:
        return kind.comparison is not None

    yield from _metrics(known, file, named, None if plan.daily else readable)
    for number, step in enumerate(plan.ramp, 1):
        if plan.period is not None and not plan.period.contains(step.until):
            what = f"{step.until} is outside the plan's days, {plan.start} to {plan.end}"
            key, hint = f"ramp[{number}].until", "move it, or the plan's start and end"
            yield Concern("plans", "outside", "warn", file, key, what, hint)


def _campaign(known: Known, plan: CampaignPlan) -> Iterator[Concern]:
    file = f"plans/campaigns/{plan.id}.toml"
    yield from _metrics(known, file, [("metric", plan.metric)])
    if plan.holdout is not None and plan.holdout.control == plan.holdout.treated:
        what = f'is the control "{plan.holdout.control}" as well'
        hint = "name the arm that the campaign reached"
        yield Concern("plans", "same_arm", "block", file, "holdout.treated", what, hint)


def _targets(known: Known, path: Path) -> Iterator[Concern]:
    root = known.workspace.root
    try:
        targets = read_targets(path, root)
    except OpsnbError:
        return  # said of the file
    file = path.relative_to(root).as_posix()
    yield from _metrics(known, file, [(name, name) for name in targets])


def _metrics(
    known: Known,
    file: str,
    named: Iterable[tuple[str, str]],
    suits: Callable[[Kind], bool] | None = None,
) -> Iterator[Concern]:
    """Metrics that do not exist, are of no kind that suits, or lack a table."""
    broken = {problem.key.removeprefix("[").partition("]")[0] for problem in known.mistakes}
    for key, name in named:
        if name in broken:
            continue  # said of its definition
        metric = known.catalogue.get(name)
        if metric is None and not known.workspace.has_own_metrics:
            continue  # it may be defined in the file that cannot be read
        if metric is None:
            _, hint = nearest(name, known.catalogue, "metrics")
            what = f'unknown metric "{name}"'
            yield Concern("plans", "unknown_metric", "block", file, key, what, hint)
            continue
        if suits is not None and not suits(metric.kind):
            what = f'"{name}" is of kind "{metric.kind.name}", which no experiment can be read by'
            hint = f"take a metric of kind {names_of_kinds(suits)}"
            yield Concern("plans", "kind", "block", file, key, what, hint)
        elif (lacking := known.lacks(name, by_user=suits is not None)) is not None:
            yield _unmeasured(known, file, key, name, lacking)


def _unmeasured(known: Known, file: str, key: str, name: str, lacking: str) -> Concern:
    table, _, column = lacking.partition(".")
    level: Weight = "warn"
    if column:
        what = f'"{name}" cannot be measured: {table} has no {column}'
        hint = f"map it in the sql of [tables.{table}] (select ... as {column})"
        if known.table(table) is not None:
            columns = known.rows.table(table).columns
            hint = did_you_mean(column, columns, kind=f"columns of {table}") + f"; or {hint}"
    else:
        what = f'"{name}" cannot be measured: the table {table} is not mapped'
        hint = f"map [tables.{table}] in opsnb.toml, or take another metric"
    return Concern("plans", "not_mapped", level, file, key, what, hint)
