"""Filters of a dbt semantic manifest: `{{ Dimension('order_id__is_food_order') }} = true`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsnb.analysis.definitions.carried import NotCarried
from opsnb.analysis.definitions.exports import Node

GRAINS = ("day", "week", "month", "quarter", "year")

_CALL = re.compile(
    r"\{\{\s*(?P<what>Dimension|TimeDimension|Entity)\(\s*(?P<q>['\"])(?P<name>\w+)(?P=q)"
    r"(?:\s*,\s*(?:time_granularity_name\s*=\s*)?['\"](?P<grain>\w+)['\"])?\s*\)"
    r"(?:\.grain\(\s*['\"](?P<after>\w+)['\"]\s*\))?\s*\}\}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Dimensions:
    """What a semantic model's filters may name.

    Attributes
    ----------
    model : str
    primary : str or None
        Its primary entity, before whose `__` its own dimensions stand.
    categorical, times : dict
        SQL of the dimensions, by name.
    grains : dict
        How fine the times are.
    entities : dict
        SQL of the entities.
    clock : str or None
        Name of the time by which its measures are counted: `metric_time`.
    """

    model: str
    primary: str | None
    categorical: Mapping[str, str]
    times: Mapping[str, str]
    grains: Mapping[str, str]
    entities: Mapping[str, str]
    clock: str | None

    def condition(self, template: str) -> str:
        """A filter as SQL over the model's columns.

        Raises
        ------
        NotCarried
            It filters by a dimension of another model, or by a metric.
        """
        return " ".join(_CALL.sub(self._sql, template).split())

    def _sql(self, call: re.Match[str]) -> str:
        name = call["name"]
        if call["what"].lower() == "entity":
            if name not in self.entities:
                raise self._elsewhere(name)
            return _bracketed(self.entities[name])
        entity, _, own = name.rpartition("__")
        if name == "metric_time":
            entity, own = self.primary or "", self.clock or ""
        if entity != (self.primary or ""):
            raise self._elsewhere(name)
        if own in self.categorical:
            return _bracketed(self.categorical[own])
        if own not in self.times:
            raise self._elsewhere(name)
        grain = (call["grain"] or call["after"] or self.grains[own]).lower()
        if grain not in GRAINS:
            raise NotCarried(f"filters by {name} in steps of a {grain}")
        return f"date_trunc('{grain}', {self.times[own]})"

    def _elsewhere(self, name: str) -> NotCarried:
        return NotCarried(
            f"filters by {name}, which is no dimension of its own model {self.model}",
            "add the column to the table and write the condition in where by hand",
        )


def templates(node: Node | None) -> tuple[str, ...]:
    """The conditions of a `filter`."""
    if node is None:
        return ()
    if (alone := node.sql("where_sql_template")) is not None:  # before dbt 1.7
        return (alone,)
    return tuple(one.sql("where_sql_template") or "true" for one in node.nodes("where_filters"))


def _bracketed(sql: str) -> str:
    return sql if re.fullmatch(r"[\w.\"]+", sql) else f"({sql})"
