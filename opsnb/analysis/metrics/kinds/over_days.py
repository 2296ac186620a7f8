"""Kinds that look at days one by one, at the last ones of a period, or at all up to its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.kinds.over_rows import DistinctCount
from opsnb.analysis.metrics.metric import Kind, Metric, register
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import number, on_days


@register
class DailyDistinct(DistinctCount):
    """mean over the days of the period of the distinct `value` (default user_id) of a day"""

    name = "daily_distinct"
    is_daily, over_days = True, "mean"

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        rows = query.rows_in_periods(metric)
        per_day = rows.group_by([*query.keys, "_day"]).agg(_users=rows._value.nunique())
        totals = per_day.group_by(query.keys).agg(_sum=per_day._users.sum())
        days = {period.key: period.days for period in query.periods}
        out = []
        for row in query.records(totals):
            total, length = number(row.get("_sum")) or 0.0, days[row["_period"]]
            out.append(
                Measured(row["_period"], row.get("_group"), total / length, total, float(length))
            )
        return out


@register
class Trailing(DistinctCount):
    """distinct `value` (default user_id) in the last `day` days of the period"""

    name = "trailing"
    fields = ("table", "day")

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        """Of the last days of the period that the data can hold."""
        assert metric.day is not None
        over = query.rows.workspace.as_of - dt.timedelta(days=1)
        named = {}  # the days in question, and the name of their period
        for period in query.periods:
            end = max(min(period.end, over), period.start)
            start = end - dt.timedelta(days=metric.day - 1)
            named[replace(period, kind="range", start=start, end=end)] = period.key
        keys = {span.key: key for span, key in named.items()}
        rows = query.rows_in_periods(metric, list(named))
        totals = rows.group_by(query.keys).agg(**self.totals(metric))
        found = [self.measured(metric, row) for row in query.records(totals, list(named))]
        return [replace(measured, period=keys[measured.period]) for measured in found]


@register
class Stock(Kind):
    """sum of `value` over all rows up to the end of the period"""

    name = "stock"
    fields = ("table", "value")

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        rows = query.rows_of(metric)
        out: list[Measured] = []
        for period in query.periods:
            so_far = rows.filter(on_days(rows, None, period.end)).mutate(
                _period=ibis.literal(period.key)
            )
            totals = so_far.group_by(query.keys).agg(**self.totals(metric))
            out += [self.measured(metric, row) for row in query.records(totals, [period])]
        return out
