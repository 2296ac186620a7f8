"""Kinds that go by how long users have been there: who came back, what they brought, who left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis

from opsnb.analysis.metrics.by_period import Measured, during, in_periods, share_of
from opsnb.analysis.metrics.columns_read import Reads, own_columns, together
from opsnb.analysis.metrics.metric import Kind, Metric, register
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import Rows, without

_AGE = ("user_id", "registered_at", "ended_at")
"""What tells how long a user has been there."""


class _OfUsers(Kind):
    """Over users of the table `users`, whatever happened to them."""

    def absent(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> str | None:
        return rows.absent(metric) or (None if rows.has("users") else "users")

    def reads(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> Reads:
        users = {metric.table or "": frozenset({"user_id"}), "users": frozenset(_AGE)}
        return together(own_columns(metric), users)


@register
class Retention(_OfUsers):
    """share of the users registered `day` days ago, active `day` days later"""

    name = "retention"
    fields = ("table", "day")
    unit = "share"
    of_any_days = True
    is_rate = True
    is_yes_or_no = True

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        users = _of_age(
            metric,
            query,
            frozenset().union(*(query.lacks(metric, one.start, one.end) for one in query.periods)),
        )
        days = during(query.rows.of(metric), query.periods).select("user_id", "_day").distinct()
        joined = users.left_join(days, ["user_id", "_day"])
        came_back = joined.user_id_right.notnull().cast("float64")
        totals = joined.group_by(query.keys).agg(_sum=came_back.sum(), _n=joined.count())
        return [share_of(row, binary=True) for row in query.records(totals)]


@register
class FirstDays(_OfUsers):
    """mean over the users registered `day` days ago of the `value` of their first `day` days"""

    name = "first_days"
    fields = ("table", "day", "value")

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        return set()  # of the users' first days, not of the period's

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        users, rows = self._recorded(metric, query), query.rows.of(metric)
        spent = rows.select("user_id", _at_day=rows._day, _amount=rows._value.cast("float64"))
        within = users.left_join(spent, "user_id")
        inside = (within._at_day >= within._born) & (within._at_day < within._day)
        each = within.group_by([*query.keys, "user_id"]).agg(
            _amount=within._amount.sum(where=inside).coalesce(0.0)
        )
        totals = each.group_by(query.keys).agg(_sum=each._amount.sum(), _n=each.count())
        return [share_of(row) for row in query.records(totals)]

    def _recorded(self, metric: Metric, query: MetricQuery) -> ibis.Table:
        """Users of age whose first days lie within the record."""
        users, record = _of_age(metric, query), query.rows.record(metric.table or "")
        if record.first is None or record.last is None:
            return users
        over = ibis.literal(record.last + dt.timedelta(days=1))
        return users.filter((users._born >= ibis.literal(record.first)) & (users._day <= over))


@register
class Churn(_OfUsers):
    """share of the users there as the period began whose `ended_at` fell in it"""

    name = "churn"
    unit = "share"
    is_yes_or_no = True
    follows_ends = True

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        return set()  # ends go on where nobody arrives any more

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        users = query.with_group(metric, query.rows.table("users").expr)
        out: list[Measured] = []
        for period in query.periods:
            start, end = ibis.literal(period.start), ibis.literal(period.end)
            gone = users.ended_date
            there = users.filter(
                (users.registered_date <= start) & (gone.isnull() | (gone >= start))
            ).mutate(_period=ibis.literal(period.key))
            ended = (there.ended_date <= end).coalesce(False).cast("float64")
            totals = there.group_by(query.keys).agg(_sum=ended.sum(), _n=there.count())
            out += [share_of(row, binary=True) for row in query.records(totals, [period])]
        return out


def _of_age(
    metric: Metric, query: MetricQuery, missing: frozenset[dt.date] = frozenset()
) -> ibis.Table:
    """Users whose `day`-th day falls in a period, was over when the data was taken, and is none
    of those missing."""
    assert metric.day is not None
    users = query.with_group(metric, query.rows.table("users").expr)
    born = users.select(
        "user_id",
        _born=users.registered_date,
        _day=users.registered_date + ibis.interval(days=metric.day),
        **({"_group": users._group} if query.by else {}),
    )
    over = born.filter(born._day < ibis.literal(query.rows.workspace.as_of))
    return in_periods(without(over, missing), query.periods)
