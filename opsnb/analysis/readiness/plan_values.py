"""Values that plans name and the data do not have: arms, regions, series, steps, channels.

Each column that holds such values is asked once, and only where a plan names some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from opsnb.analysis.readiness.known import Known, nearest
from opsnb.base.concerns import Concern, Weight
from opsnb.base.plans import CampaignPlan, ExperimentPlan

_SHOWN = 10


def in_experiment_data(known: Known, plan: ExperimentPlan) -> Iterator[Concern]:
    """Whether the data have the experiment, its arms and the columns that its plan names."""
    file = f"plans/experiments/{plan.id}.toml"
    needed = "assignments" if plan.daily is None else "series"
    if not known.rows.has(needed):
        what = f"cannot be read out: the table {needed} is not mapped"
        hint = f"map [tables.{needed}] in opsnb.toml"
        yield Concern("plans", "not_mapped", "warn", file, "", what, hint)
        return
    if plan.daily is not None:
        units = _first(known.values("series", "unit"))
        yield from _missing(file, "split", list(plan.split), units, "units of series")
        return
    yield from _columns(known, plan, file)
    arms = known.values("assignments", "experiment_id", "variant")
    if arms is None or not _is_due(known, plan):
        return
    counts = {variant: n for (id_, variant), n in arms.items() if id_ == plan.id}
    if not counts:
        yield from _unassigned(file, plan.id, {id_ for id_, _ in arms})
        return
    yield from _missing(file, "split", list(plan.split), counts, "variants in the data")
    more = {name: n for name, n in counts.items() if not _is_among(name, plan.split)}
    if more:
        what = f"does not plan the variants {_listed(more)}, which the data have"
        hint = "add them to split with their shares, or leave them out in the table's sql"
        yield Concern("plans", "unplanned_arm", "warn", file, "split", what, hint)


def in_campaign_data(known: Known, plan: CampaignPlan) -> Iterator[Concern]:
    """Whether the data have the campaign's hold-out, regions, controls, steps and channels."""
    file = f"plans/campaigns/{plan.id}.toml"
    if plan.holdout is not None:
        yield from _holdout(known, plan, file)
    if plan.treated_units:
        yield from _regions(known, plan, file)
    if plan.controls:
        series = _first(known.values("series", "metric"))
        yield from _missing(file, "controls", plan.controls, series, "metrics of series", "warn")
    if plan.funnel:
        events = _first(known.values("events", "event"))
        yield from _missing(file, "funnel", plan.funnel, events, "events", "warn")
    if plan.budget.total and _is_due(known, plan):
        spent = _first(known.values("spend", "campaign_id"))
        if spent is not None and plan.id not in spent:
            same, _ = nearest(plan.id, spent, "campaigns of spend")
            what = f'has a budget, and no cost is booked on the campaign "{plan.id}"'
            hint = f'spend calls it "{same}": use one name' if same else "book its costs in spend"
            yield Concern("plans", "no_costs", "warn", file, "budget", what, hint)


def _holdout(known: Known, plan: CampaignPlan, file: str) -> Iterator[Concern]:
    assert plan.holdout is not None
    arms = known.values("assignments", "experiment_id", "variant")
    if arms is None or not _is_due(known, plan):
        return
    experiment = plan.holdout.experiment
    counts = {variant: n for (id_, variant), n in arms.items() if id_ == experiment}
    if not counts:
        ids = {id_ for id_, _ in arms}
        yield from _unassigned(file, experiment, ids, "holdout.experiment")
        return
    for key in ("control", "treated"):
        name = getattr(plan.holdout, key)
        yield from _missing(file, f"holdout.{key}", [name], counts, "variants in the data")


def _regions(known: Known, plan: CampaignPlan, file: str) -> Iterator[Concern]:
    """Regions stand in the metric's own table, else in that of users."""
    metric = known.catalogue.get(plan.metric)
    names = [name for name in (metric.table if metric else None, "users") if name]
    tables = [table for name in names if (table := known.table(name)) is not None]
    table = next((one for one in tables if one.has(plan.unit_column)), None)
    if table is None:
        columns = {column for one in tables for column in one.columns}
        _, hint = nearest(plan.unit_column, columns, f"columns of {' and '.join(names)}")
        if unmapped := [name for name in names if not known.rows.has(name)]:
            hint = f"map [tables.{unmapped[0]}] with it in opsnb.toml, or add it to {names[0]}"
        what = f'no mapped table of {" and ".join(names)} has the column "{plan.unit_column}"'
        yield Concern("plans", "no_such_column", "block", file, "unit_column", what, hint)
        return
    regions = _first(known.values(table.name, plan.unit_column))
    kind = f"values of {table.name}.{plan.unit_column}"
    yield from _missing(file, "treated_units", plan.treated_units, regions, kind)


def _columns(known: Known, plan: ExperimentPlan, file: str) -> Iterator[Concern]:
    """Columns of assignments: what was randomised, what was known beforehand, and segments."""
    table = known.table("assignments")
    named = {"unit": plan.cluster, "covariate.column": plan.covariate and plan.covariate.column}
    for key, name in named.items():
        if table is not None and name and not table.has(name):
            _, hint = nearest(name, table.columns, "columns of assignments")
            what = f'assignments has no column "{name}"'
            yield Concern("plans", "no_such_column", "block", file, key, what, hint)
    for number, name in enumerate(plan.segments, 1):
        if table is not None and not table.has(name):
            _, hint = nearest(name, table.columns, "columns of assignments")
            what = f'assignments has no column "{name}": nothing is told apart by it'
            key = f"segments[{number}]"
            yield Concern("plans", "no_such_column", "warn", file, key, what, hint)


def _unassigned(
    file: str, experiment: str, ids: Collection[str], key: str = ""
) -> Iterator[Concern]:
    same, hint = nearest(experiment, ids, "experiments in the data")
    level: Weight = "block" if same and _plain(same) == _plain(experiment) else "warn"
    what = f'no user is assigned to the experiment "{experiment}"'
    if not key and same:
        hint = f'the data call it "{same}": call the file {same}.toml'
    yield Concern("plans", "not_in_data", level, file, key, what, hint)


def _missing(
    file: str,
    key: str,
    names: Iterable[str],
    found: Mapping[str, int] | None,
    kind: str,
    level: Weight = "block",
) -> Iterator[Concern]:
    """Names that a plan has and the data do not; nothing where nobody can tell."""
    if found is None:
        return
    for name in names:
        if name in found:
            continue
        same, hint = nearest(name, found, kind)
        weight = level if same else "warn"
        what = f'the data have no "{name}"; they have {_listed(found)}'
        yield Concern("plans", "not_in_data", weight, file, key, what, hint)


def _is_due(known: Known, plan: ExperimentPlan | CampaignPlan) -> bool:
    """Whether data are to be expected: a plan that begins later has none."""
    return plan.start is None or plan.start < known.workspace.as_of


def _first(values: Mapping[tuple[str, ...], int] | None) -> dict[str, int] | None:
    return None if values is None else {key: n for (key,), n in values.items()}


def _listed(counts: Mapping[str, int]) -> str:
    """The names, the most frequent first, each with its rows."""
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    shown = ", ".join(f"{name} ({n:,})" for name, n in ranked[:_SHOWN])
    more = len(ranked) - _SHOWN
    return (f"{shown} and {more} more" if more > 0 else shown) or "none"


def _is_among(name: str, names: Iterable[str]) -> bool:
    """Whether it is one of the names, in any case."""
    return _plain(name) in map(_plain, names)


def _plain(name: str) -> str:
    return name.strip().casefold()
