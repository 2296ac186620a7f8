"""Kinds that are counted over the rows of a period: sums, distinct counts, ratios, quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ibis

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.metric import Kind, Metric, UserRows, register
from opsnb.analysis.metrics.rows import number


@register
class Sum(Kind):
    """sum of `value` over the rows of the period"""

    name = "sum"
    in_experiment = "as mean"
    fields = ("table", "value")
    is_daily, over_days = True, "sum"
    can_be_capped = True
    comparison = "means"


@register
class Count(Kind):
    """number of rows of the period (or the sum of `value`)"""

    name = "count"
    in_experiment = "as mean"
    unit = "count"
    is_daily, over_days = True, "sum"
    comparison = "means"


class DistinctCount(Kind):
    """Each value is counted once, however many rows it is in."""

    default_value = "user_id"
    unit = "count"
    is_distinct = True

    def totals(self, metric: Metric) -> dict[str, Any]:
        return {"_sum": ibis._._value.nunique(), "_n": ibis._.count()}


@register
class Distinct(DistinctCount):
    """distinct `value` (default user_id) over the rows of the period"""

    name = "distinct"
    in_experiment = "as mean"
    is_daily, over_days = True, "sum"
    comparison = "means"

    def user_amounts(self, metric: Metric, own: UserRows, where: Any) -> dict[str, Any]:
        value = own.value
        count = value.count(where=where) if own.unique else value.nunique(where=where)
        return {"x": count.cast("float64")}


@register
class Ratio(Kind):
    """sum of `value` / sum of `per` over the rows of the period"""

    name = "ratio"
    in_experiment = "sum over users of `value` / sum of `per` (delta method)"
    fields = ("table", "value")
    is_daily = True
    of_any_days = True
    is_rate = True
    divided = True
    comparison = "ratios"

    def totals(self, metric: Metric) -> dict[str, Any]:
        x, per = ibis._._value.cast("float64"), ibis._._per.cast("float64")
        return super().totals(metric) | {"_squares": (x * x).sum(), "_per": per.sum()}

    def value(self, row: Mapping[str, Any]) -> float | None:
        total, per = number(row.get("_sum")), number(row.get("_per"))
        return total / per if total is not None and per else None

    def measured(self, metric: Metric, row: Mapping[str, Any]) -> Measured:
        found = super().measured(metric, row)
        total, per = number(row.get("_sum")), number(row.get("_per"))
        # Each row counts as one, and is worth 0 or 1: a share of so many answers.
        binary = found.n > 0 and per == found.n and total == row.get("_squares")
        return replace(found, numerator=total, denominator=per, binary=binary)

    def user_amounts(self, metric: Metric, own: UserRows, where: Any) -> dict[str, Any]:
        per = own.per.cast("float64").sum(where=where)
        return super().user_amounts(metric, own, where) | {"y": per}


@register
class Quantile(Kind):
    """the `quantile = 0.9` of `value` over the rows of the period"""

    name = "quantile"
    in_experiment = "the same after exposure; judged over users, or clusters"
    fields = ("table", "value", "quantile")
    is_daily = True
    of_any_days = True
    comparison = "quantiles"

    def check(self, metric: Metric) -> None:
        if metric.quantile is None:
            raise ValueError(f'kind "{self.name}" needs quantile, such as 0.9')
        super().check(metric)

    def totals(self, metric: Metric) -> dict[str, Any]:
        value = ibis._._value
        return {"_sum": value.cast("float64").quantile(metric.quantile), "_n": value.count()}

    def value(self, row: Mapping[str, Any]) -> float | None:
        return number(row.get("_sum"))

    def user_amounts(self, metric: Metric, own: UserRows, where: Any) -> dict[str, Any]:
        value = own.value
        return {"values": value.cast("float64").collect(where=where & value.notnull())}


@register
class Nps(Kind):
    """share of the period's rows whose `value` is 9 or 10, less that of 0 to 6, times 100"""

    name = "nps"
    fields = ("table", "value")
    unit = "score"

    def totals(self, metric: Metric) -> dict[str, Any]:
        value = ibis._._value
        return {"_n": value.count(), "_plus": (value >= 9).sum(), "_minus": (value <= 6).sum()}

    def value(self, row: Mapping[str, Any]) -> float | None:
        n = number(row.get("_n"))
        return 100 * (float(row["_plus"]) - float(row["_minus"])) / n if n else None

    def measured(self, metric: Metric, row: Mapping[str, Any]) -> Measured:
        plus, minus = row.get("_plus"), row.get("_minus")
        return replace(
            super().measured(metric, row),
            plus=None if plus is None else int(plus),
            minus=None if minus is None else int(minus),
        )
