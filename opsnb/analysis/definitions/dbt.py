"""Metrics of a dbt project, from the semantic_manifest.json that `dbt parse` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import sqlglot.expressions as sge

from opsnb.analysis.definitions import dbt_models
from opsnb.analysis.definitions.carried import Ids, MetricDraft, NotCarried, Refused, mark
from opsnb.analysis.definitions.dbt_filters import templates
from opsnb.analysis.definitions.dbt_models import Measure, SemanticModel
from opsnb.analysis.definitions.exports import Node, read_object
from opsnb.analysis.definitions.expressions import DUCKDB, both, read_sql
from opsnb.analysis.definitions.places import Model, Place
from opsnb.analysis.definitions.rows import RowMetric, ratio_of
from opsnb.base.errors import DefinitionError

TOOL = "dbt"

_LAST_DAYS = "Of a period's last days; dbt shows those of its first day unless period_agg is last."

_AGGREGATIONS = (
    "sum", "count", "sum_boolean", "count_distinct", "average", "median", "percentile",
)  # fmt: skip


@dataclass(frozen=True)
class _Input:
    """A metric that another is made of, and the filters that are put on it there."""

    name: str
    filters: tuple[str, ...]
    alias: str


class Manifest:
    """A semantic manifest.

    Parameters
    ----------
    path : Path
        The file, or the folder of a dbt project (its `target/` is looked into).

    Raises
    ------
    DefinitionError
        It is no semantic manifest; the file and the key are named.
    """

    def __init__(self, path: Path) -> None:
        root = read_object(_file(path))
        for key in ("semantic_models", "metrics"):
            if key not in root.value:
                raise DefinitionError(
                    f'has no "{key}"',
                    where=str(path),
                    hint="give target/semantic_manifest.json, which dbt parse writes; "
                    "manifest.json is another file",
                )
        self._models = {m.name: m for m in map(SemanticModel, root.nodes("semantic_models"))}
        self._metrics = {metric.text("name"): metric for metric in root.nodes("metrics")}

    @property
    def models(self) -> list[Model]:
        return [model.model for model in self._models.values()]

    def carried(
        self, place_of: Callable[[Model], Place], ids: Ids, dialect: str = DUCKDB
    ) -> Iterator[MetricDraft | Refused]:
        """Each metric as one of opsnb's, or why it has no equal; in the file's order.

        Parameters
        ----------
        place_of : callable
            The workspace's table that holds a model's rows.
        dialect : str
            That the project's SQL is written in.
        """
        work = _Work(self._models, self._metrics, place_of, ids, dialect)
        for name in self._metrics:
            yield from work.carried(name)


class _Work:
    def __init__(
        self,
        models: dict[str, SemanticModel],
        metrics: dict[str, Node],
        place_of: Callable[[Model], Place],
        ids: Ids,
        dialect: str,
    ) -> None:
        self._models, self._metrics = models, metrics
        self._place_of, self._ids, self._dialect = place_of, ids, dialect
        self._under_way: list[str] = []
        self._known: dict[str, list[MetricDraft] | NotCarried] = {}

    def carried(self, name: str) -> Iterable[MetricDraft | Refused]:
        try:
            return self._drafts(name)
        except NotCarried as why:
            return [Refused("metric", name, why.reason, why.hint)]

    def _drafts(self, name: str) -> list[MetricDraft]:
        """The metric, and after it those that it needs beside it."""
        if name in self._under_way:
            raise NotCarried(f"rests on itself: {' > '.join([*self._under_way, name])}")
        if name not in self._known:
            self._under_way.append(name)
            try:
                self._known[name] = self._made(name)
            except NotCarried as why:
                self._known[name] = why
            finally:
                self._under_way.pop()
        found = self._known[name]
        if isinstance(found, NotCarried):
            raise found
        return found

    def _made(self, name: str) -> list[MetricDraft]:
        metric = self._metrics[name]
        kind = metric.text("type").lower()
        params = metric.inner("type_params") or Node({}, metric.file, f"{metric.key}.type_params")
        filters = templates(metric.inner("filter"))
        if kind == "simple":
            return [self._draft(name, self._rows(name, ()))]
        if kind == "cumulative":
            return [replace(self._draft(name, self._trailing(params, filters)), note=_LAST_DAYS)]
        if kind == "ratio":
            top, bottom = (self._input(params, key) for key in ("numerator", "denominator"))
            return self._quotient(name, top, bottom, filters, as_ratio=True)
        if kind == "derived":
            top, bottom = self._divided(params)
            return self._quotient(name, top, bottom, filters, as_ratio=False)
        raise NotCarried(f"a {kind} metric has no equal here")

    # -- metrics of one table's rows ----------------------------------------------------

    def _rows(self, name: str, filters: tuple[str, ...]) -> RowMetric:
        """A simple metric, under the filters of whoever uses it."""
        metric = self._metrics[name]
        params = metric.inner("type_params") or Node({}, metric.file, metric.key)
        own = templates(metric.inner("filter"))
        return self._counted(params, (*own, *filters))

    def _counted(self, params: Node, filters: tuple[str, ...]) -> RowMetric:
        used = params.inner("measure")
        measure = dbt_models.measure_of(params, self._models)
        if used is not None:
            filters = (*templates(used.inner("filter")), *filters)
        filled = (used or params).number("fill_nulls_with")
        if filled is not None and (filled or measure.agg not in ("sum", "count", "sum_boolean")):
            raise NotCarried(f"days without rows are filled with {filled:g}")
        if measure.non_additive:
            raise NotCarried(f"adds up over all dimensions but {measure.non_additive}")
        if measure.agg not in _AGGREGATIONS:
            raise NotCarried(f"the {measure.agg} of rows has no equal here")
        place = self._place_of(measure.model.model)
        self._require_clock(measure, place)
        conditions = [place.sql(measure.model.condition(f), self._dialect) for f in filters]
        return self._aggregated(measure, place).also(both(place.where, *conditions))

    def _require_clock(self, measure: Measure, place: Place) -> None:
        if measure.clock and place.other_clock(measure.clock, self._dialect):
            raise NotCarried(
                f"is counted by {measure.clock}; rows of {place.table} are counted by "
                f"{place.clock}",
                f"map a table of its own whose day is {measure.clock}",
            )

    def _aggregated(self, measure: Measure, place: Place) -> RowMetric:
        sql, agg, table = place.sql(measure.expr, self._dialect), measure.agg, place.table
        constant = dbt_models.is_constant(measure.expr, self._dialect)
        given = None if constant else f"{_bracketed(sql)} is not null"
        counts = agg in ("count", "sum_boolean") or (agg == "sum" and sql == "1")
        if counts and place.by_line and measure.model.is_of_orders(place, self._dialect):
            raise NotCarried(f"one row is an order there, and a line of one in [tables.{table}]")
        if agg == "sum":
            return RowMetric("count", table) if sql == "1" else RowMetric("sum", table, sql)
        if agg == "count":
            return RowMetric("count", table, where=given)
        if agg == "sum_boolean":
            return RowMetric("count", table, where=sql)
        if agg == "count_distinct":
            return RowMetric("distinct", table, sql)
        if agg == "average":
            return RowMetric("ratio", table, sql, given, {"per": "1"})
        return RowMetric("quantile", table, sql, None, {"quantile": measure.quantile})

    def _trailing(self, params: Node, filters: tuple[str, ...]) -> RowMetric:
        """Distinct values in the last days of a period."""
        cumulative = params.inner("cumulative_type_params") or params
        base = cumulative.inner("metric")
        if base is not None:
            filters = (*templates(base.inner("filter")), *filters)
            params = self._metric(base).inner("type_params") or params
        if dbt_models.measure_of(params, self._models).agg != "count_distinct":
            raise NotCarried("accumulates a sum; here a period's sum is that of its own days")
        window = cumulative.inner("window") or params.inner("window")
        if window is None:
            raise NotCarried("accumulates without a window of days")
        days = {"day": 1, "week": 7}.get(window.text("granularity").lower().removesuffix("s"))
        count = window.number("count")
        if days is None or not count:
            raise NotCarried(f"its window is of {window.text('granularity')}s, not of days")
        rows = (
            self._counted(params, filters)
            if base is None
            else self._rows(base.text("name"), filters)
        )
        return RowMetric("trailing", rows.table, rows.value, rows.where, {"day": int(count) * days})

    # -- metrics of metrics -------------------------------------------------------------

    def _metric(self, used: Node) -> Node:
        """The metric that another one names."""
        name = used.text("name")
        if name not in self._metrics:
            raise used.wrong("name", f'names "{name}", which is no metric of the file')
        return self._metrics[name]

    def _input(self, params: Node, key: str) -> _Input:
        node = params.inner(key)
        if node is None:
            raise NotCarried(f"has no {key} in this file", "run dbt parse again")
        return self._read_input(node)

    def _read_input(self, node: Node) -> _Input:
        name = self._metric(node).text("name")
        for key in ("offset_window", "offset_to_grain"):
            if node.value.get(key):
                raise NotCarried(f"compares {name} with an earlier period ({key})")
        return _Input(name, templates(node.inner("filter")), node.text("alias", name))

    def _divided(self, params: Node) -> tuple[_Input, _Input]:
        """Numerator and denominator of a derived metric."""
        inputs = {one.alias: one for one in map(self._read_input, params.nodes("metrics"))}
        text = params.sql("expr")
        if text is None:
            raise NotCarried("has no expr in this file", "run dbt parse again")
        tree = read_sql(text, self._dialect)
        sides = (tree.this, tree.expression) if isinstance(tree, sge.Div) else ()
        names = [_plain(side) for side in sides]
        if len(names) != 2 or not all(name in inputs for name in names):
            raise NotCarried(f"is computed as {text}; only a / b has an equal here")
        return inputs[str(names[0])], inputs[str(names[1])]

    def _quotient(
        self, name: str, top: _Input, bottom: _Input, filters: tuple[str, ...], *, as_ratio: bool
    ) -> list[MetricDraft]:
        parts = {"numerator": top, "denominator": bottom}
        kinds = {self._metrics[one.name].text("type").lower() for one in parts.values()}
        if as_ratio and kinds == {"simple"}:
            rows = [self._rows(one.name, (*one.filters, *filters)) for one in parts.values()]
            if (ratio := ratio_of(*rows)) is not None:
                return [self._draft(name, ratio)]
        beside: list[MetricDraft] = []
        fields: dict[str, str] = {"kind": "quotient"}
        for key, one in parts.items():
            try:
                part = self._part(name, key, one, filters)
            except NotCarried as why:
                raise NotCarried(f"rests on {one.name}: {why.reason}", why.hint) from None
            fields[key] = part.id
            beside += [part] if part.source != one.name else []
        whole = MetricDraft(
            self._ids.of(name, name), name, self._named(name, name) | fields | {"unit": "number"}
        )
        return [whole, *beside]

    def _part(self, whole: str, key: str, one: _Input, filters: tuple[str, ...]) -> MetricDraft:
        """The metric itself, or where it is filtered here, one beside it that is."""
        put_on = (*one.filters, *filters)
        if not put_on:
            return self._drafts(one.name)[0]
        if self._metrics[one.name].text("type").lower() != "simple":
            raise NotCarried("is filtered where it is used, and is no simple metric")
        source = f"{whole}, {key}"
        return self._draft(source, self._rows(one.name, put_on), f"{whole}_{key}", one.name)

    def _draft(
        self, source: str, rows: RowMetric, wanted: str = "", described: str = ""
    ) -> MetricDraft:
        fields = self._named(source, described or source) | rows.fields | {"unit": rows.unit}
        return MetricDraft(self._ids.of(source, wanted or source), source, fields)

    def _named(self, source: str, described: str) -> dict[str, str]:
        metric = self._metrics[described]
        said = metric.text("description", "").rstrip(".")
        label = metric.text("label", described)
        return {
            "label": label if source == described else f"{label} ({source})",
            "definition": f"{said} {mark(TOOL, source)}".strip(),
        }


def _plain(tree: sge.Expression) -> str | None:
    """The name of a metric, whatever keeps its division from failing is left off."""
    while isinstance(tree, sge.Paren | sge.Cast | sge.Nullif):
        tree = tree.this
    if isinstance(tree, sge.Mul):  # 1.0 * a
        for side, other in ((tree.this, tree.expression), (tree.expression, tree.this)):
            if isinstance(side, sge.Literal) and float(side.this or 0) == 1:
                return _plain(other)
    return tree.name if isinstance(tree, sge.Column) else None


def _bracketed(sql: str) -> str:
    return sql if sql.replace("_", "a").isalnum() else f"({sql})"


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    within = [path / "target" / "semantic_manifest.json", path / "semantic_manifest.json"]
    return next((one for one in within if one.is_file()), within[0])
