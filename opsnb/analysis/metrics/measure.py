"""What a metric was in given periods: one query a metric, whatever the number of periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from opsnb.analysis.metrics.by_period import (
    Measured,
    by_period,
    grouped,
    in_periods,
    keys_of,
    totals_of,
    value_of,
)
from opsnb.analysis.metrics.by_user_age import USER_KINDS, measure_users
from opsnb.analysis.metrics.catalogue import Catalogue, Metric
from opsnb.analysis.metrics.rows import Rows, holding, number, on_days
from opsnb.base.errors import MetricError

if TYPE_CHECKING:
    from opsnb.base.periods import Period

DAY = "day"
TENURE = "tenure"
"""A dimension of its own: users who registered in the period are "new", the others "old"."""


class Meter:
    """Measures the metrics of a catalogue over a workspace's tables."""

    def __init__(self, rows: Rows, catalogue: Catalogue) -> None:
        self.rows = rows
        self.catalogue = catalogue
        self._known: dict[tuple[str, str | None], dict[Period, list[Measured]]] = {}

    def absent(self, metric_id: str) -> str | None:
        """What the workspace lacks for a metric (a table or table.column), or None."""
        metric = self.catalogue[metric_id]
        if metric.kind == "quotient":
            assert metric.numerator and metric.denominator
            return self.absent(metric.numerator) or self.absent(metric.denominator)
        lacking = self.rows.absent(metric)
        if lacking is None and metric.kind in {"mean", "proportion"}:
            lacking = self.absent(self._population(metric).id)
        if lacking is None and metric.kind in USER_KINDS and not self.rows.has("users"):
            lacking = "users"
        return lacking

    def measure(
        self, metric_id: str, periods: Sequence[Period], by: str | None = None
    ) -> list[Measured]:
        """A metric in each period, by a column when `by` names one; each is asked for once.

        Parameters
        ----------
        metric_id : str
            Id in the catalogue.
        periods : sequence of Period
            Must not overlap.
        by : str, optional
            A column of the metric's table or of users; NULL is the group "(none)". `tenure`
            tells users who registered in the period ("new") from the others ("old").

        Returns
        -------
        list of Measured
            In the order of periods; groups by name. Periods without rows give value None
            (0 for sums and counts).
        """
        known = self._known.setdefault((metric_id, by), {})
        new = {period.key: period for period in periods if period not in known}
        if new:
            found: dict[Period, list[Measured]] = {period: [] for period in new.values()}
            for measured in self._measure(self.catalogue[metric_id], list(new.values()), by):
                found[new[measured.period]].append(measured)
            known |= found
        return [measured for period in periods for measured in known[period]]

    def _measure(self, metric: Metric, periods: Sequence[Period], by: str | None) -> list[Measured]:
        if by == TENURE and len(periods) > 1:
            return [m for period in periods for m in self._measure(metric, [period], by)]
        if metric.kind == "quotient":
            return self._quotient(metric, periods, by)
        if metric.kind in {"mean", "proportion"}:
            return self._per_head(metric, periods, by)
        if metric.kind in USER_KINDS:
            return measure_users(self, metric, periods, by)
        if metric.kind == "trailing":
            return self._trailing(metric, periods, by)
        if metric.kind == "daily_distinct":
            return self._daily_distinct(metric, periods, by)
        if metric.kind == "stock":
            return self._stock(metric, periods, by)
        frame = self._bucketed(metric, periods, by).group_by(keys_of(by)).agg(**totals_of(metric))
        return self._collect(metric, frame, periods, by)

    def value(self, metric_id: str, period: Period) -> Measured:
        """A metric in one period."""
        return self.measure(metric_id, [period])[0]

    def daily(
        self, metric_id: str, start: dt.date, end: dt.date, by: str | None = None
    ) -> pd.DataFrame:
        """A metric day by day, both ends included.

        Returns
        -------
        pandas.DataFrame
            Columns day (datetime64), value (float64) and, with `by`, group. Without `by`,
            every day is there: sums and counts are 0 on a day without rows, shares missing.
        """
        metric = self.catalogue[metric_id]
        if metric.kind == "quotient":
            assert metric.numerator and metric.denominator
            keys = [DAY, *(["group"] if by else [])]
            top = self.daily(metric.numerator, start, end, by)
            bottom = self.daily(metric.denominator, start, end, by)
            both = top.merge(bottom, on=keys, suffixes=("", "_of"))
            both["value"] = both["value"] / both["value_of"].where(both["value_of"] != 0)
            return both[[*keys, "value"]]
        if metric.kind not in {"sum", "count", "distinct", "daily_distinct", "ratio", "quantile"}:
            raise MetricError(
                f'kind "{metric.kind}" has no daily series',
                where=f"metrics.toml [{metric.id}]",
                hint="take a sum, count, distinct, ratio, quantile, or a quotient of those",
            )
        rows = self.with_group(metric, self.rows.of(metric, keep=(by,) if by else ()), by)
        rows = rows.filter(on_days(rows, start, end))
        keys = ["_day", *(["_group"] if by else [])]
        frame = rows.group_by(keys).agg(**totals_of(metric)).execute()
        series = pd.DataFrame(
            {
                DAY: pd.to_datetime(frame["_day"]),
                "value": [value_of(metric, row) for row in frame.to_dict("records")],
            }
        )
        series["value"] = series["value"].astype("float64")
        if by:
            series["group"] = frame["_group"].astype(str)
            return series.sort_values([DAY, "group"], ignore_index=True)
        whole = pd.DataFrame({DAY: pd.date_range(start, end)})
        series = whole.merge(series, on=DAY, how="left")
        if metric.kind not in {"ratio", "quantile"}:
            series["value"] = series["value"].fillna(0.0)
        return series

    # -- the kinds ---------------------------------------------------------------------

    def _population(self, metric: Metric) -> Metric:
        """Whom a mean or proportion is divided by.

        Where events are not mapped, a mean is divided by the buyers. A share is not: the share
        of buyers who bought is always one, and says nothing.
        """
        no_events = metric.of == "active_users" and not self.rows.has("events")
        if no_events and metric.kind == "mean":
            return self.catalogue["buyers"]
        return self.catalogue[metric.of]

    def _bucketed(self, metric: Metric, periods: Sequence[Period], by: str | None) -> ibis.Table:
        rows = self.rows.of(metric, keep=(by,) if by else ())
        if by == TENURE and by not in rows.columns:
            return in_periods(self._with_tenure(metric, rows, periods[0]), periods)
        return in_periods(self.with_group(metric, rows, by), periods)

    def _with_tenure(self, metric: Metric, rows: ibis.Table, period: Period) -> ibis.Table:
        """`_group`: whether the row's user registered in the period; "(none)" where unknown."""
        if metric.table == "users" or "user_id" not in rows.columns or not self.rows.has("users"):
            raise MetricError(
                f'cannot tell new users from old ones in "{metric.id}"',
                where=f"table {metric.table}",
                hint="map users, and a user_id in the table",
            )
        users = self.rows.table("users").expr
        is_new = users.registered_date >= ibis.literal(period.start)
        known = users.select("user_id", _group=ibis.ifelse(is_new, "new", "old"))
        joined = rows.left_join(known, "user_id").drop("user_id_right")
        return joined.mutate(_group=grouped(joined._group))

    def with_group(self, metric: Metric, rows: ibis.Table, by: str | None) -> ibis.Table:
        """`_group`: the column itself, else the user's attribute; "(none)" where it is empty."""
        if by is None:
            return rows
        if by in rows.columns:
            return rows.mutate(_group=grouped(rows[by]))
        if "user_id" in rows.columns and self.rows.has("users"):
            users = self.rows.table("users").expr
            if by in users.columns:
                attribute = users.select("user_id", _group=users[by])
                joined = rows.left_join(attribute, "user_id").drop("user_id_right")
                return joined.mutate(_group=grouped(joined._group))
        raise MetricError(
            f'cannot break "{metric.id}" down by "{by}"',
            where=f"table {metric.table}",
            hint=f"neither {metric.table} nor its users have a column {by}",
        )

    def _per_head(
        self, metric: Metric, periods: Sequence[Period], by: str | None
    ) -> list[Measured]:
        """Means and shares over the users of the population."""
        population = self._population(metric)
        people = (
            self._bucketed(population, periods, by)
            .filter(lambda t: t.user_id.notnull())
            .select(*keys_of(by), "user_id")
            .distinct()
        )
        rows = self._bucketed(metric, periods, by).filter(lambda t: t.user_id.notnull())
        keys = [*keys_of(by), "user_id"]
        if metric.kind == "proportion":
            amount = holding(metric, rows)
        else:
            amount = rows._value.cast("float64").sum()
        per_user = rows.group_by(keys).agg(_amount=amount)
        joined = people.left_join(per_user, keys)
        x = joined._amount.coalesce(0).cast("float64")
        if metric.kind == "proportion":
            x = (x >= metric.at_least).cast("float64")
        frame = joined.group_by(keys_of(by)).agg(_sum=x.sum(), _n=joined.count())
        out = []
        for row in by_period(frame.execute(), periods, by):
            total, n = number(row.get("_sum")), int(row.get("_n") or 0)
            out.append(
                Measured(
                    row["_period"],
                    row.get("_group"),
                    total / n if n and total is not None else None,
                    total,
                    float(n),
                    n,
                    binary=metric.kind == "proportion",
                )
            )
        return out

    def _daily_distinct(
        self, metric: Metric, periods: Sequence[Period], by: str | None
    ) -> list[Measured]:
        rows = self._bucketed(metric, periods, by)
        per_day = rows.group_by([*keys_of(by), "_day"]).agg(_users=rows._value.nunique())
        frame = per_day.group_by(keys_of(by)).agg(_sum=per_day._users.sum()).execute()
        days = {period.key: period.days for period in periods}
        out = []
        for row in by_period(frame, periods, by):
            total = number(row.get("_sum")) or 0.0
            length = days[row["_period"]]
            out.append(
                Measured(row["_period"], row.get("_group"), total / length, total, float(length))
            )
        return out

    def _trailing(
        self, metric: Metric, periods: Sequence[Period], by: str | None
    ) -> list[Measured]:
        """Distinct values of the last `day` days of the period that the data can hold."""
        assert metric.day is not None
        over = self.rows.workspace.as_of - dt.timedelta(days=1)
        named = {}  # the days in question, and the name of their period
        for period in periods:
            end = max(min(period.end, over), period.start)
            start = end - dt.timedelta(days=metric.day - 1)
            named[replace(period, kind="range", start=start, end=end)] = period.key
        keys = {span.key: key for span, key in named.items()}
        rows = self._bucketed(metric, list(named), by)
        frame = rows.group_by(keys_of(by)).agg(**totals_of(metric))
        found = self._collect(metric, frame, list(named), by)
        return [replace(measured, period=keys[measured.period]) for measured in found]

    def _stock(self, metric: Metric, periods: Sequence[Period], by: str | None) -> list[Measured]:
        """Everything recorded up to the end of each period."""
        rows = self.with_group(metric, self.rows.of(metric, keep=(by,) if by else ()), by)
        out: list[Measured] = []
        for period in periods:
            so_far = rows.filter(on_days(rows, None, period.end)).mutate(
                _period=ibis.literal(period.key)
            )
            frame = so_far.group_by(keys_of(by)).agg(**totals_of(metric))
            out += self._collect(metric, frame, [period], by)
        return out

    def _quotient(
        self, metric: Metric, periods: Sequence[Period], by: str | None
    ) -> list[Measured]:
        assert metric.numerator and metric.denominator
        top = {(m.period, m.group): m for m in self.measure(metric.numerator, periods, by)}
        bottom = {(m.period, m.group): m for m in self.measure(metric.denominator, periods, by)}
        keys = sorted(
            set(top) | set(bottom),
            key=lambda key: ([p.key for p in periods].index(key[0]), key[1] or ""),
        )
        out = []
        for key in keys:
            over = top[key].value if key in top else None
            under = bottom[key].value if key in bottom else None
            value = over / under if over is not None and under else None
            n = int(under) if under and under == int(under) else 0
            out.append(Measured(key[0], key[1], value, over, under, n))
        return out

    def _collect(
        self, metric: Metric, frame: ibis.Table, periods: Sequence[Period], by: str | None
    ) -> list[Measured]:
        out = []
        for row in by_period(frame.execute(), periods, by):
            n = int(row.get("_n") or 0)
            value = value_of(metric, row)
            plus, minus = row.get("_plus"), row.get("_minus")
            total, per = number(row.get("_sum")), number(row.get("_per"))
            binary = metric.kind == "ratio" and n > 0 and per == n and total == row.get("_squares")
            out.append(
                Measured(
                    row["_period"],
                    row.get("_group"),
                    value,
                    total if metric.kind == "ratio" else value,
                    per if metric.kind == "ratio" else None,
                    n,
                    binary=binary,
                    plus=None if plus is None else int(plus),
                    minus=None if minus is None else int(minus),
                )
            )
        return out
