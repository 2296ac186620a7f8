"""Kinds that are taken over the users of a population: an amount a user, a share of users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from opsnb.analysis.metrics.by_period import Measured, share_of
from opsnb.analysis.metrics.columns_read import Reads, own_columns, together
from opsnb.analysis.metrics.metric import Kind, Metric, UserRows, register
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import Rows

ACTIVE_USERS = "active_users"
"""The population where a definition names none."""


class _OverUsers(Kind):
    """An amount of each user of the population `of`, 0 for those without a row."""

    def population(self, metric: Metric) -> str | None:
        return metric.of

    def population_held(self, metric: Metric, rows: Rows) -> str:
        """The population as far as the workspace's tables hold it."""
        return metric.of

    def absent(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> str | None:
        population = catalogue[self.population_held(metric, rows)]
        return rows.absent(metric) or population.kind.absent(population, rows, catalogue)

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        population = catalogue[self.population_held(metric, rows)]
        return super().tables(metric, rows, catalogue) | population.kind.tables(
            population, rows, catalogue
        )

    def reads(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> Reads:
        population = catalogue[self.population_held(metric, rows)]
        own = {metric.table or "": frozenset({"user_id"})}
        return together(
            own_columns(metric), own, population.kind.reads(population, rows, catalogue)
        )

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        population = query.catalogue[self.population_held(metric, query.rows)]
        people = (
            query.rows_in_periods(population)
            .filter(lambda t: t.user_id.notnull())
            .select(*query.keys, "user_id")
            .distinct()
        )
        rows = query.rows_in_periods(metric).filter(lambda t: t.user_id.notnull())
        keys = [*query.keys, "user_id"]
        own = UserRows(rows, rows._value, None, unique=False)
        per_user = rows.group_by(keys).agg(_amount=self.user_amounts(metric, own, None)["x"])
        joined = people.left_join(per_user, keys)
        amount = joined._amount.coalesce(0).cast("float64")
        totals = joined.group_by(query.keys).agg(_sum=amount.sum(), _n=joined.count())
        return [share_of(row, binary=self.is_yes_or_no) for row in query.records(totals)]


@register
class Mean(_OverUsers):
    """sum of `value` / users of the population"""

    name = "mean"
    in_experiment = "mean over users of the sum of `value`"
    fields = ("table", "value")
    can_be_capped = True
    comparison = "means"

    def population_held(self, metric: Metric, rows: Rows) -> str:
        """Where events are not mapped, buyers stand for the active users.

        For a share they do not: the share of buyers who bought is always one, and says nothing.
        """
        return "buyers" if metric.of == ACTIVE_USERS and not rows.has("events") else metric.of


@register
class Proportion(_OverUsers):
    """share of the population's users with a row where `value` holds"""

    name = "proportion"
    in_experiment = "share of users with such a row (`at_least = 2`: two distinct values)"
    unit = "share"
    is_rate = True
    is_yes_or_no = True
    comparison = "shares"

    def user_amounts(self, metric: Metric, own: UserRows, where: Any) -> dict[str, Any]:
        held = _times_held(metric, own, where)
        return {"x": (held >= metric.at_least).cast("float64")}


def _times_held(metric: Metric, own: UserRows, where: Any) -> Any:
    """How often a value holds among a user's rows.

    Rows where the value is a flag or where none is given; distinct values else (orders, not
    order lines). False, zero and NULL do not hold.
    """
    if not metric.value:
        return own.rows.count(where=where)
    value: ibis.Value = own.value
    if value.type().is_boolean():
        return own.rows.count(where=value if where is None else value & where)
    if value.type().is_numeric():
        where = value != 0 if where is None else (value != 0) & where
    return value.nunique(where=where)
