"""What a metric was in given periods: one query a metric, whatever the number of periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.catalogue import Catalogue, Metric
from opsnb.analysis.metrics.columns_read import Reads
from opsnb.analysis.metrics.metric import names_of_kinds
from opsnb.analysis.metrics.on_record import SERIES, OnRecord
from opsnb.analysis.metrics.query import TENURE, MetricQuery
from opsnb.analysis.metrics.rows import Rows, on_days
from opsnb.analysis.metrics.series_record import SeriesRecord, SeriesRecords, stated_of, together
from opsnb.base.errors import MetricError
from opsnb.base.periods import Every, coarsest

if TYPE_CHECKING:
    from opsnb.base.periods import Period

DAY = "day"


class Meter:
    """Measures the metrics of a catalogue over a workspace's tables."""

    def __init__(self, rows: Rows, catalogue: Catalogue) -> None:
        self.rows = rows
        self.catalogue = catalogue
        self.on_record = OnRecord(rows, catalogue)
        self.records = SeriesRecords(rows, *stated_of(rows))
        self._known: dict[tuple[Any, ...], dict[Period, list[Measured]]] = {}

    def absent(self, metric_id: str) -> str | None:
        """What the workspace lacks for a metric (a table or table.column), or None."""
        metric = self.catalogue[metric_id]
        return metric.kind.absent(metric, self.rows, self.catalogue)

    def reads(self, metric_id: str) -> Reads:
        """By table, the columns that a metric's value is taken from."""
        metric = self.catalogue[metric_id]
        return metric.kind.reads(metric, self.rows, self.catalogue)

    def measure(
        self,
        metric_id: str,
        periods: Sequence[Period],
        by: str | None = None,
        *,
        without: Collection[dt.date] = (),
    ) -> list[Measured]:
        """A metric in each period, by a column when `by` names one; each is asked for once.

        Days that are not on record count nowhere, neither in a sum nor in what it is divided by.

        Parameters
        ----------
        metric_id : str
            Id in the catalogue.
        periods : sequence of Period
            Must not overlap.
        by : str, optional
            A column of the metric's table or of users; NULL is the group "(none)". `tenure`
            tells users who registered in the period ("new") from the others ("old").
        without : collection of date
            Further days that are not to count.

        Returns
        -------
        list of Measured
            In the order of periods; groups by name. A period of which no day is on record has
            the value None; one without rows None as well, or 0 where that is what sums and
            counts come to.
        """
        known = self._known.setdefault((metric_id, by, *sorted(without)), {})
        new = {period.key: period for period in periods if period not in known}
        if new:
            found: dict[Period, list[Measured]] = {period: [] for period in new.values()}
            metric = self.catalogue[metric_id]
            for measured in self._measure(metric, list(new.values()), by, frozenset(without)):
                found[new[measured.period]].append(measured)
            known |= {
                period: [self._dated(metric, period, one, without) for one in some]
                for period, some in found.items()
            }
        return [measured for period in periods for measured in known[period]]

    def _measure(
        self,
        metric: Metric,
        periods: Sequence[Period],
        by: str | None,
        without: frozenset[dt.date],
    ) -> list[Measured]:
        if by == TENURE and len(periods) > 1:
            return [m for one in periods for m in self._measure(metric, [one], by, without)]
        aside = [self.on_record.left_out(metric, one.start, one.end) for one in periods]
        found = metric.kind.measure(metric, self._query(periods, by, without.union(*aside)))
        if metric.table != SERIES or by:
            return found
        record, spans = self.records.of(metric), {period.key: period for period in periods}
        return [
            m if record.coverage(spans[m.period])[0] else Measured(m.period, None, None)
            for m in found
        ]

    def _query(
        self, periods: Sequence[Period], by: str | None, without: frozenset[dt.date] = frozenset()
    ) -> MetricQuery:
        def measure(metric_id: str) -> list[Measured]:
            return self.measure(metric_id, periods, by, without=without)

        return MetricQuery(self.rows, self.catalogue, periods, by, measure, self.on_record, without)

    def _dated(
        self, metric: Metric, period: Period, measured: Measured, without: Collection[dt.date]
    ) -> Measured:
        """The answer with the number of its days; without a value where there are none."""
        if not any(self.on_record.records(metric)):
            return measured
        lacks = self.on_record.lacks(metric, period.start, period.end)
        days = period.days - len(lacks.union(day for day in without if period.contains(day)))
        if days:
            return replace(measured, days=days)
        return replace(measured, days=0, value=None, numerator=None, denominator=None, n=0)

    def value(self, metric_id: str, period: Period) -> Measured:
        """A metric in one period."""
        return self.measure(metric_id, [period])[0]

    def record(self, metric_id: str, every: Every | None = None) -> SeriesRecord | None:
        """When a metric of `series` is on record; of a quotient, when both its parts are.

        Parameters
        ----------
        every : str, optional
            The step to read it in, where not its own.

        Returns
        -------
        SeriesRecord or None
            None for a metric that is counted from other tables.
        """
        metric = self.catalogue[metric_id]
        if not metric.parts:
            return self.records.of(metric, every) if metric.table == SERIES else None
        found = [record for name in metric.parts if (record := self.record(name, every))]
        if not found:
            return None
        step = every or coarsest([record.every for record in found])
        return together([r for name in metric.parts if (r := self.record(name, step))])

    def every(self, metric_id: str) -> Every:
        """The step in which a metric's values come."""
        record = self.record(metric_id)
        return record.every if record is not None else "day"

    def daily(
        self, metric_id: str, start: dt.date, end: dt.date, by: str | None = None
    ) -> pd.DataFrame:
        """A metric day by day, both ends included.

        Returns
        -------
        pandas.DataFrame
            Columns day (datetime64), value (float64) and, with `by`, group. Without `by`,
            every day is there: sums and counts are 0 on a day on record without rows, shares
            missing. What is not on record as a whole is missing, never 0.
            Of `series`, a weekly row is on its date.

        Raises
        ------
        MetricError
            The metric's kind has no value on a single day.
        """
        metric = self.catalogue[metric_id]
        if metric.parts:
            keys = [DAY, *(["group"] if by else [])]
            top, bottom = (self.daily(name, start, end, by) for name in metric.parts)
            both = top.merge(bottom, on=keys, suffixes=("", "_of"))
            both["value"] = both["value"] / both["value_of"].where(both["value_of"] != 0)
            return both[[*keys, "value"]]
        if not metric.kind.is_daily:
            raise MetricError(
                f'kind "{metric.kind.name}" has no daily series',
                where=f"metrics.toml [{metric.id}]",
                hint=f"take a metric of kind {names_of_kinds(lambda kind: kind.is_daily)}",
            )
        lacks = self.on_record.lacks(metric, start, end)
        rows = self._query([], by).rows_of(metric)
        rows = rows.filter(on_days(rows, start, end))
        keys = ["_day", *(["_group"] if by else [])]
        frame = rows.group_by(keys).agg(**metric.kind.totals(metric)).execute()
        series = pd.DataFrame(
            {
                DAY: pd.to_datetime(frame["_day"]),
                "value": [metric.kind.value(row) for row in frame.to_dict("records")],
            }
        )
        series["value"] = series["value"].astype("float64")
        series = series[~series[DAY].isin(pd.to_datetime(sorted(lacks)))]
        if by:
            series = series.assign(group=frame["_group"].astype(str))
            if metric.table == SERIES:
                records = self.records.by(metric, by)
                known = [
                    records[g].has(d)
                    for d, g in zip(series[DAY].dt.date, series["group"], strict=True)
                ]
                series["value"] = series["value"].where(known)
            return series.sort_values([DAY, "group"], ignore_index=True)
        whole = pd.DataFrame({DAY: pd.date_range(start, end)})
        series = whole.merge(series, on=DAY, how="left")
        if metric.table == SERIES:
            series["value"] = series["value"].where(
                series[DAY].dt.date.map(self.records.of(metric).has)
            )
        elif metric.kind.over_days is not None:
            on_record = ~series[DAY].isin(pd.to_datetime(sorted(lacks)))
            series["value"] = series["value"].mask(series["value"].isna() & on_record, 0.0)
        return series
