"""Metrics of users by their age: retention, what their first days brought, who ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis

from opsnb.analysis.metrics.by_period import Measured, by_period, during, in_periods, keys_of
from opsnb.analysis.metrics.catalogue import Metric
from opsnb.analysis.metrics.rows import number

if TYPE_CHECKING:
    from opsnb.analysis.metrics.measure import Meter
    from opsnb.base.periods import Period

USER_KINDS = {"retention", "first_days", "churn"}


def measure_users(
    meter: Meter, metric: Metric, periods: Sequence[Period], by: str | None
) -> list[Measured]:
    """A metric of one of `USER_KINDS` in each period, as `Meter.measure` gives it."""
    if metric.kind == "churn":
        return _churn(meter, metric, periods, by)
    counted = _of_age(meter, metric, periods, by)
    seen = meter.rows.of(metric)
    if metric.kind == "retention":
        days = during(seen, periods).select("user_id", "_day").distinct()
        joined = counted.left_join(days, ["user_id", "_day"])
        amount = joined.user_id_right.notnull().cast("float64")
    else:
        spent = seen.select("user_id", _at_day=seen._day, _amount=seen._value.cast("float64"))
        within = counted.left_join(spent, "user_id")
        inside = (within._at_day >= within._born) & (within._at_day < within._day)
        joined = within.group_by([*keys_of(by), "user_id"]).agg(
            _amount=within._amount.sum(where=inside).coalesce(0.0)
        )
        amount = joined._amount
    frame = joined.group_by(keys_of(by)).agg(_sum=amount.sum(), _n=joined.count()).execute()
    return _shares(frame, periods, by, binary=metric.kind == "retention")


def _of_age(meter: Meter, metric: Metric, periods: Sequence[Period], by: str | None) -> ibis.Table:
    """Users whose `day`-th day falls in a period and was over when the data was taken."""
    assert metric.day is not None
    users = meter.with_group(metric, meter.rows.table("users").expr, by)
    born = users.select(
        "user_id",
        _born=users.registered_date,
        _day=users.registered_date + ibis.interval(days=metric.day),
        **({"_group": users._group} if by else {}),
    )
    over = born.filter(born._day < ibis.literal(meter.rows.workspace.as_of))
    return in_periods(over, periods)


def _churn(
    meter: Meter, metric: Metric, periods: Sequence[Period], by: str | None
) -> list[Measured]:
    """Users there as the period began, and the share of them whose end fell in it."""
    users = meter.with_group(metric, meter.rows.table("users").expr, by)
    out: list[Measured] = []
    for period in periods:
        start, end = ibis.literal(period.start), ibis.literal(period.end)
        gone = users.ended_date
        there = users.filter(
            (users.registered_date <= start) & (gone.isnull() | (gone >= start))
        ).mutate(_period=ibis.literal(period.key))
        ended = (there.ended_date <= end).coalesce(False).cast("float64")
        frame = there.group_by(keys_of(by)).agg(_sum=ended.sum(), _n=there.count()).execute()
        out += _shares(frame, [period], by, binary=True)
    return out


def _shares(frame: Any, periods: Sequence[Period], by: str | None, binary: bool) -> list[Measured]:
    out = []
    for row in by_period(frame, periods, by):
        total, n = number(row.get("_sum")) or 0.0, int(row.get("_n") or 0)
        value = total / n if n else None
        out.append(
            Measured(row["_period"], row.get("_group"), value, total, float(n), n, binary=binary)
        )
    return out
