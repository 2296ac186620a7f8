"""Kinds that look at days one by one, at the last ones of a period, or at all up to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.kinds.over_rows import DistinctCount
from opsnb.analysis.metrics.metric import Kind, Metric, register
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import Rows, number, on_days

if TYPE_CHECKING:
    from opsnb.base.periods import Period


@register
class DailyDistinct(DistinctCount):
    """mean over the period's recorded days of the distinct `value` (default user_id) of a day"""

    name = "daily_distinct"
    is_daily, over_days = True, "mean"
    of_any_days = True

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        rows = query.rows_in_periods(metric, whole=True)
        per_day = rows.group_by([*query.keys, "_day"]).agg(_users=rows._value.nunique())
        totals = per_day.group_by(query.keys).agg(_sum=per_day._users.sum())
        days = {
            period.key: period.days - len(query.lacks(metric, period.start, period.end))
            for period in query.periods
        }
        out = []
        for row in query.records(totals):
            total, length = number(row.get("_sum")) or 0.0, days[row["_period"]]
            value = total / length if length else None
            out.append(Measured(row["_period"], row.get("_group"), value, total, float(length)))
        return out


@register
class Trailing(DistinctCount):
    """distinct `value` (default user_id) in the period's last `day` days that lack none"""

    name = "trailing"
    fields = ("table", "day")

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        """Of the last days of the period that are on record, all of them."""
        windows = {period.key: self._window(metric, query, period) for period in query.periods}
        known = {key: window for key, window in windows.items() if window is not None}
        found = {key: self._counted(metric, query, window) for key, window in known.items()}
        out = []
        for period in query.periods:
            window = known.get(period.key)
            if window is None:
                out += [] if query.by else [Measured(period.key, None, None)]
                continue
            until = window.end if window.end != period.end else None
            out += [replace(one, period=period.key, until=until) for one in found[period.key]]
        return out

    def _window(self, metric: Metric, query: MetricQuery, period: Period) -> Period | None:
        """The last days of the period, as many as are asked for, without one that is missing."""
        assert metric.day is not None
        reach = dt.timedelta(days=metric.day - 1)
        over = query.rows.workspace.as_of - dt.timedelta(days=1)
        end = max(min(period.end, over), period.start)
        lacks = query.lacks(metric, period.start - reach, end)
        while end >= period.start:
            missing = [day for day in lacks if end - reach <= day <= end]
            if not missing:
                return replace(period, kind="range", start=end - reach, end=end)
            end = min(missing) - dt.timedelta(days=1)
        return None

    def _counted(self, metric: Metric, query: MetricQuery, window: Period) -> list[Measured]:
        rows = query.rows_in_periods(metric, [window])
        totals = rows.group_by(query.keys).agg(**self.totals(metric))
        return [self.measured(metric, row) for row in query.records(totals, [window])]


@register
class Stock(Kind):
    """sum of `value` over all rows up to the end of the period"""

    name = "stock"
    fields = ("table", "value")

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        return set()

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
