"""Carries another tool's definitions into a workspace: what is new, what was there, what cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsnb.analysis.definitions import growthbook_experiments, optimizely, statsig
from opsnb.analysis.definitions.carried import Ids, MetricDraft, NotCarried, PlanDraft, Refused
from opsnb.analysis.definitions.dbt import Manifest
from opsnb.analysis.definitions.experiments import Found, MetricNames, plan_of
from opsnb.analysis.definitions.exports import Node, objects, read_object
from opsnb.analysis.definitions.exposures import ExposureTable, mapping_of
from opsnb.analysis.definitions.expressions import DUCKDB, require_dialect
from opsnb.analysis.definitions.growthbook import FactMetrics
from opsnb.analysis.definitions.places import Places
from opsnb.analysis.definitions.toml_text import metric_text, plan_text
from opsnb.analysis.definitions.writing import append, write_new
from opsnb.analysis.metrics.catalogue import load_catalogue
from opsnb.base.errors import DefinitionError, MetricError, ParameterError, did_you_mean
from opsnb.base.workspace import FILE, METRICS, Workspace

TOOLS = {"dbt": "dbt", "growthbook": "GrowthBook", "statsig": "Statsig", "optimizely": "Optimizely"}
"""Tools by the name that the command takes."""

_MEANS = (
    "kind", "table", "value", "per", "where", "quantile", "day", "numerator", "denominator",
    "at_least", "window_days", "cap",
)  # fmt: skip
_EXPERIMENTS: dict[str, Callable[[Node], Found]] = {
    "GrowthBook": growthbook_experiments.experiment,
    "Statsig": statsig.experiment,
    "Optimizely": optimizely.experiment,
}
_ANSWERS = {
    "factMetrics": "factMetric",
    "factTables": "factTable",
    "factTableFilters": "factTableFilter",
    "experiments": "experiment",
    "metrics": "metric",
}


@dataclass(frozen=True)
class Options:
    """What the person who imports says.

    Attributes
    ----------
    tables : dict
        By a table of opsnb.toml, the model whose rows it holds.
    metrics : dict
        By a metric of the tool, the workspace's metric that it is.
    dialect : str
        That the tool's SQL is written in.
    until : date, optional
        The end of experiments that have none.
    exposures : str
        A file or folder of exposures, or SOURCE.TABLE; empty: none.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    dialect: str = DUCKDB
    until: dt.date | None = None
    exposures: str = ""


@dataclass
class Outcome:
    """What an import found. `write` puts what is new into the workspace, and nothing else.

    Attributes
    ----------
    metrics, plans : list
        New ones.
    there : list of str
        Metrics and plans that are there already, as the tool has them.
    kept : list of str
        Those that are there and differ; they stay as people left them.
    renamed : dict
        By an id given here, the one that it would have had, which was taken.
    refused : list of Refused
    mapping : ExposureTable or None
        The lines for exposures; `mapping_kept` where opsnb.toml has others.
    """

    workspace: Workspace
    tool: str
    metrics: list[MetricDraft] = field(default_factory=list)
    plans: list[PlanDraft] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    mapping: ExposureTable | None = None
    mapping_kept: bool = False

    @property
    def metrics_text(self) -> str:
        """What is added to metrics.toml."""
        return "\n".join(metric_text(draft) for draft in self.metrics)

    def plan_text(self, plan: PlanDraft) -> str:
        return plan_text(plan, f"Carried over from {self.tool} ({plan.source}).")

    @property
    def new_mapping(self) -> str:
        """What is added to opsnb.toml."""
        return self.mapping.text if self.mapping and not self.mapping_kept else ""

    def write(self) -> list[Path]:
        """Add what is new; what is there stays, byte for byte.

        Returns
        -------
        list of Path
            The files that were written or added to.
        """
        root, written = self.workspace.root, []
        if self.metrics:
            written.append(append(root / METRICS, self.metrics_text))
        for plan in self.plans:
            path = _plan_path(root, plan)
            written.append(write_new(path, self.plan_text(plan)))
        if self.new_mapping:
            written.append(append(root / FILE, self.new_mapping))
        return written


def import_definitions(
    workspace: Workspace, tool: str, paths: Sequence[Path], options: Options | None = None
) -> Outcome:
    """What an export holds for a workspace; nothing is written.

    Parameters
    ----------
    tool : str
        One of `TOOLS`.
    paths : sequence of Path
        Its files.

    Raises
    ------
    DefinitionError
        A file is none of the tool's; the file and the key are named.
    ParameterError
        An option names a table, model or metric that is not there.
    """
    if tool not in TOOLS:
        hint = did_you_mean(tool, TOOLS, kind="tools")
        raise ParameterError(f'unknown tool "{tool}"', where="import", hint=hint)
    options = options or Options()
    require_dialect(options.dialect)
    work = _Import(workspace, TOOLS[tool], options)
    if tool == "dbt":
        work.dbt(paths)
    elif tool == "growthbook":
        work.growthbook(paths)
    else:
        one, many = ("data", "data") if tool == "statsig" else ("", "")
        work.plans([node for path in paths for node in objects(path, one, many)])
    work.exposures()
    return work.outcome


class _Import:
    def __init__(self, workspace: Workspace, tool: str, options: Options) -> None:
        self._workspace, self._tool, self._options = workspace, tool, options
        self._ids = Ids(tool, workspace.metrics)
        self._places = Places(workspace, options.tables)
        self._catalogue = load_catalogue(workspace.metrics)
        self._all_plans: list[PlanDraft] = []
        self.outcome = Outcome(workspace, tool, renamed=self._ids.renamed)

    def dbt(self, paths: Sequence[Path]) -> None:
        manifests = [Manifest(path) for path in paths]
        self._places.require_models(m for one in manifests for m in one.models)
        for manifest in manifests:
            carried = manifest.carried(self._places.of, self._ids, self._options.dialect)
            self._sort(carried)

    def growthbook(self, paths: Sequence[Path]) -> None:
        found: dict[str, list[Node]] = {name: [] for name in _ANSWERS}
        for path in paths:
            root = read_object(path)
            keys = [(many, one) for many, one in _ANSWERS.items() if {many, one} & set(root.value)]
            if not keys:
                raise DefinitionError(
                    f"holds none of {', '.join(_ANSWERS)}",
                    where=str(path),
                    hint="save the answers of /api/v1/fact-metrics, /fact-tables, "
                    "/fact-tables/ID/filters and /experiments as they are",
                )
            for many, one in keys:
                found[many] += [_whole(node) for node in objects(path, one, many) if node.value]
        facts = FactMetrics(
            found["factMetrics"],
            found["factTables"],
            found["factTableFilters"],
            self._options.dialect,
        )
        if found["factMetrics"] or self._options.tables:
            self._places.require_models(facts.models)
        self._sort(facts.carried(self._places.of, self._ids))
        for legacy in found["metrics"]:
            name = f"{legacy.text('name')} ({legacy.text('id')})"
            why = "is a legacy metric, whose SQL is a query of its own"
            self._refuse("metric", name, NotCarried(why, "make it a fact metric in GrowthBook"))
        self.plans(found["experiments"])

    def plans(self, nodes: Iterable[Node]) -> None:
        """Experiments, as plans."""
        carried = {one.source: one.id for one in self.outcome.metrics}
        names = MetricNames(self._ids, self._options.metrics, carried)
        names.require_known(self._catalogue)
        zone = self._workspace.zone
        for node in nodes:
            try:
                plan = plan_of(_EXPERIMENTS[self._tool](node), names, zone, self._options.until)
            except NotCarried as why:
                self._refuse("experiment", node.text("name", node.text("id", node.key)), why)
                continue
            self._plan(plan)

    def exposures(self) -> None:
        if not self._options.exposures:
            return
        if self._tool not in _EXPERIMENTS:
            raise ParameterError(
                f"{self._tool} has no exposures", where="--exposures", hint="leave it out"
            )
        try:
            found = mapping_of(
                self._workspace, self._tool, self._options.exposures, self._all_plans
            )
        except NotCarried as why:
            self._refuse("exposures", self._options.exposures, why)
            return
        self.outcome.mapping = found
        there = self._workspace.tables.get("assignments")
        if there is not None:
            same = (there.expanded_sql or "").split() == found.sql.split()
            (self.outcome.there if same else self.outcome.kept).append(
                "[tables.assignments] of opsnb.toml"
            )
            self.outcome.mapping_kept = True

    def _sort(self, carried: Iterable[MetricDraft | Refused]) -> None:
        """New metrics, those that are there, and those that have no equal."""
        drafts = []
        for one in carried:
            if isinstance(one, Refused):
                self.outcome.refused.append(one)
            else:
                drafts.append(one)
        drafts = list({draft.id: draft for draft in drafts}.values())
        own = self._workspace.metrics
        new = [draft for draft in drafts if draft.id not in own]
        for draft in (draft for draft in drafts if draft.id in own):
            changed = [k for k in _MEANS if own[draft.id].get(k) != draft.fields.get(k)]
            if changed:
                self.outcome.kept.append(f"{draft.id} (differs in {', '.join(changed)})")
            else:
                self.outcome.there.append(draft.id)
        self.outcome.metrics += self._sound(new)

    def _sound(self, drafts: list[MetricDraft]) -> list[MetricDraft]:
        """Those that opsnb's own parser takes, and whose SQL the engine can read."""
        fields = {draft.id: dict(draft.fields) for draft in drafts}
        refused: dict[str, str] = {}
        while True:
            try:
                catalogue = load_catalogue(self._workspace.metrics | fields)
            except MetricError as error:
                at_fault = [id for id in fields if f"[{id}]" in error.what]
                if not at_fault:
                    raise
                refused |= dict.fromkeys(at_fault, error.what)
            else:
                refused |= {
                    id: f"the engine refuses its SQL: {why}"
                    for id in fields
                    if (why := self._places.refusal(catalogue[id]))
                }
            if not set(refused) & set(fields):
                break
            fields = {id: one for id, one in fields.items() if id not in refused}
        for draft in drafts:
            if draft.id in refused:
                self._refuse("metric", draft.source, NotCarried(refused[draft.id]))
        return [draft for draft in drafts if draft.id in fields]

    def _plan(self, plan: PlanDraft) -> None:
        if any(one.id == plan.id for one in self._all_plans):
            why = NotCarried(f"another experiment makes plans/experiments/{plan.id}.toml as well")
            self._refuse("experiment", plan.source, why)
            return
        self._all_plans.append(plan)
        path = _plan_path(self._workspace.root, plan)
        if not path.exists():
            self.outcome.plans.append(plan)
            return
        same = path.read_text(encoding="utf-8-sig") == self.outcome.plan_text(plan)
        name = f"plans/experiments/{plan.id}.toml"
        (self.outcome.there if same else self.outcome.kept).append(name)

    def _refuse(self, what: str, name: str, why: NotCarried) -> None:
        self.outcome.refused.append(Refused(what, name, why.reason, why.hint))


def _whole(node: Node) -> Node:
    """An object of an answer; those of a bulk import keep all but their id under `data`."""
    data = node.inner("data")
    return node if data is None else Node({**node.value, **data.value}, node.file, node.key)


def _plan_path(root: Path, plan: PlanDraft) -> Path:
    return root / "plans" / "experiments" / f"{plan.id}.toml"


def as_dict(outcome: Outcome, *, written: bool) -> dict[str, Any]:
    """An outcome as JSON has it."""
    return {
        "tool": outcome.tool,
        "written": written,
        "metrics": [{"id": m.id, "source": m.source, **m.fields} for m in outcome.metrics],
        "plans": [{"id": p.id, "source": p.source, **p.fields} for p in outcome.plans],
        "mapping": outcome.mapping.text if outcome.mapping else None,
        "unknown_in_exposures": outcome.mapping.unknown if outcome.mapping else [],
        "there": outcome.there,
        "kept": outcome.kept,
        "renamed": outcome.renamed,
        "not_carried": [one.as_dict() for one in outcome.refused],
    }
