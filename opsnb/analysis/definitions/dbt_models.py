"""Semantic models of a dbt manifest: their tables, entities, dimensions and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opsnb.analysis.definitions import expressions
from opsnb.analysis.definitions.carried import NotCarried
from opsnb.analysis.definitions.dbt_filters import Dimensions
from opsnb.analysis.definitions.exports import Node
from opsnb.analysis.definitions.expressions import canonical, read_sql
from opsnb.analysis.definitions.places import Model, Place

_OWN = ("primary", "natural")
_PEOPLE = ("user", "customer", "member", "buyer", "visitor", "person", "client")


class SemanticModel:
    """A semantic model.

    Attributes
    ----------
    name : str
    model : Model
        Its rows, to be found in the workspace.
    clock : str or None
        Name of the time dimension by which its measures are counted, unless they say so.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.name = node.text("name")
        relation = node.inner("node_relation")
        self.table = relation.text("alias", self.name) if relation else self.name
        defaults = node.inner("defaults")
        self.clock = defaults.text("agg_time_dimension", "") or None if defaults else None
        self.entities = {one.text("name"): one for one in node.nodes("entities")}
        self.dimensions = {one.text("name"): one for one in node.nodes("dimensions")}
        self.measures = {one.text("name"): one for one in node.nodes("measures")}
        names = tuple(dict.fromkeys((self.name, self.table)))
        self.model = Model(names, self.table, self._to_map())

    @property
    def primary(self) -> str | None:
        """Its primary entity."""
        own = [name for name, one in self.entities.items() if one.text("type").lower() in _OWN]
        return next(iter(own), None) or self.node.text("primary_entity", "") or None

    def time(self, name: str | None) -> str | None:
        """SQL of a time dimension."""
        return _sql(self.dimensions[name]) if name in self.dimensions else None

    def condition(self, template: str) -> str:
        """A filter as SQL over the model's columns; see `Dimensions.condition`."""
        times = {n: d for n, d in self.dimensions.items() if d.text("type").lower() == "time"}
        grains = {n: _grain(one) for n, one in times.items()}
        plain = {n: _sql(one) for n, one in self.dimensions.items() if n not in times}
        return Dimensions(
            model=self.name,
            primary=self.primary,
            categorical=plain,
            times={n: _sql(one) for n, one in times.items()},
            grains=grains,
            entities={n: _sql(one) for n, one in self.entities.items()},
            clock=self.clock,
        ).condition(template)

    def is_of_orders(self, place: Place, dialect: str) -> bool:
        """Whether a row is an order: its primary entity is `order_id` of the workspace."""
        if self.primary not in self.entities:
            return False
        try:
            key = place.placed(read_sql(_sql(self.entities[self.primary]), dialect))
        except NotCarried:
            return False
        return canonical(key) == "order_id"

    def _to_map(self) -> tuple[str, ...]:
        """The keys of a table of the team's own that holds its rows; other columns stay."""
        plain = f'table = "{self.table}"'
        if (day := self.time(self.clock)) is None or not day.isidentifier():
            return (plain,)
        ids = {_sql(one): name for name, one in self.entities.items()}
        person = next((sql for sql, name in ids.items() if _is_person(name)), None)
        typed = dict.fromkeys(ids, "id")
        if person is not None:
            del typed[person]
            typed = {"user_id": "user"} | typed
            if person != "user_id":
                plain = f'sql = "select *, {person} as user_id from {self.table}"'
        typed[day] = "time"
        for one in self.measures.values():
            if one.text("agg").lower() in ("sum", "average", "median", "percentile"):
                typed.setdefault(_sql(one), "number")
        columns = [f'{name} = "{kind}"' for name, kind in typed.items() if name.isidentifier()]
        return (plain, f'day = "{day}"', f"columns = {{{', '.join(columns)}}}")


@dataclass(frozen=True)
class Measure:
    """What a simple metric aggregates.

    Attributes
    ----------
    model : SemanticModel
    agg : str
        sum, count, count_distinct, average, median, percentile, min, max, sum_boolean.
    expr : str
        SQL of a row's value.
    clock : str or None
        SQL of the time by which rows are counted.
    quantile : float or None
    non_additive : str or None
        The dimension over which it does not add up.
    """

    model: SemanticModel
    agg: str
    expr: str
    clock: str | None
    quantile: float | None
    non_additive: str | None


def measure_of(params: Node, models: Mapping[str, SemanticModel]) -> Measure:
    """The measure that a metric's `type_params` name, or that they are themselves.

    Raises
    ------
    DefinitionError
        The file has no such measure or model.
    NotCarried
        They name none, or its percentile is none that opsnb computes.
    """
    used, own = params.inner("measure"), params.inner("metric_aggregation_params")
    if used is not None:
        name = used.text("name")
        model = next((m for m in models.values() if name in m.measures), None)
        if model is None:
            raise used.wrong("name", f'names the measure "{name}", which no semantic model has')
        node, expr = model.measures[name], _sql(model.measures[name])
    elif own is not None and (expr := own.sql("expr") or params.sql("expr") or ""):
        name = own.text("semantic_model")
        if name not in models:
            raise own.wrong("semantic_model", f'names "{name}", which is no semantic model')
        model, node = models[name], own
    else:
        raise NotCarried("is not said to add up anything in this file", "run dbt parse again")
    agg = node.text("agg").lower()
    clock = node.text("agg_time_dimension", "") or model.clock
    apart = node.inner("non_additive_dimension")
    return Measure(
        model=model,
        agg=agg,
        expr=expr,
        clock=model.time(clock),
        quantile=_quantile(node, agg),
        non_additive=apart.text("name") if apart else None,
    )


def is_constant(sql: str, dialect: str) -> bool:
    """Whether an expression is the same for every row."""
    return expressions.is_constant(read_sql(sql, dialect))


def _quantile(node: Node, agg: str) -> float | None:
    if agg == "median":
        return 0.5
    if agg != "percentile":
        return None
    params = node.inner("agg_params")
    share = params.number("percentile") if params else None
    if params is None or share is None:
        raise node.wrong("agg_params.percentile", "is missing")
    if params.flag("use_discrete_percentile"):
        raise NotCarried("is a discrete percentile; here values are interpolated")
    if not 0 < share < 1:
        raise NotCarried(f"its percentile {share:g} is not between 0 and 1")
    return share


def _sql(node: Node) -> str:
    return node.sql("expr") or node.text("name")


def _is_person(entity: str) -> bool:
    """People are told from other things by what the project calls them."""
    return entity.lower().removesuffix("_id") in _PEOPLE


def _grain(node: Node) -> str:
    params = node.inner("type_params")
    return params.text("time_granularity", "day").lower() if params else "day"
