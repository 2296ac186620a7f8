"""A metric by days since each user's exposure: one more scan of its own table."""

from __future__ import annotations

from typing import Any

import ibis

from opsnb.metrics.arms import ArmAggregates, Panel
from opsnb.metrics.catalogue import Metric
from opsnb.metrics.rows import TIME_COLUMN, holding

AGES = ((0, 0), (1, 2), (3, 6), (7, 13), (14, 27))
"""First and last day since exposure of each stretch; day 0 is the first 24 hours."""

_DAY = 86_400


def moments_since(panel: Panel, metric_id: str) -> list[ArmAggregates]:
    """Moments by arm and stretch of days since exposure (group "1-2"), without covariates.

    Only users whose whole stretch was over by the panel's end count in it. Empty for metrics
    or assignments without times, quotients, and where the randomised unit is a cluster.
    """
    metric = panel.metrics[metric_id]
    users = panel.assigned.users
    readable = metric.table in TIME_COLUMN and metric.kind != "quotient"
    if not (panel.assigned.timed and readable) or panel.assigned.unit:
        return []
    end = panel.days[1]
    ages = [a for a in AGES if metric.window_days is None or a[1] < metric.window_days]
    rows = panel.rows.of(metric)
    joined = rows.inner_join(users.select("user_id", "variant", _from=users.assigned_at), "user_id")
    age = (joined._at.epoch_seconds() - joined._from.epoch_seconds()) // _DAY
    wanted: dict[str, Any] = {}
    for index, (first, last) in enumerate(ages):
        inside = (joined._at >= joined._from) & age.between(first, last)
        if end is not None:
            over = joined._from.date() + ibis.interval(days=last)
            inside = inside & (over <= ibis.literal(end))
        wanted |= _amounts(joined, metric, index, inside)
    per_user = joined.group_by(["user_id", "variant"]).agg(**wanted)
    sums = per_user.group_by("variant").agg(**_sums(per_user, list(wanted))).execute()
    sizes = _sizes(users, ages, end)
    return [
        _arm(str(row["variant"]), f"{first}-{last}", sizes[str(row["variant"])][index], row, index)
        for row in sums.to_dict("records")
        for index, (first, last) in enumerate(ages)
        if sizes[str(row["variant"])][index] > 1
    ]


def _amounts(joined: ibis.Table, metric: Metric, index: int, inside: Any) -> dict[str, Any]:
    if metric.kind == "proportion":
        held = holding(metric, joined, inside) >= metric.at_least
        return {f"x{index}": held.cast("float64")}
    if metric.kind == "distinct":
        return {f"x{index}": joined._value.nunique(where=inside).cast("float64")}
    out = {f"x{index}": joined._value.cast("float64").sum(where=inside)}
    if metric.kind == "ratio":
        out[f"y{index}"] = joined._per.cast("float64").sum(where=inside)
    return out


def _sums(per_user: ibis.Table, names: list[str]) -> dict[str, Any]:
    """Sums and sums of products; users without a row add nothing to either."""
    out: dict[str, Any] = {}
    for name in names:
        value = per_user[name].coalesce(0.0)
        out |= {name: value.sum(), f"{name}{name}": (value * value).sum()}
        if name.startswith("y"):
            other = per_user[f"x{name[1:]}"].coalesce(0.0)
            out[f"x{name[1:]}{name}"] = (other * value).sum()
    return out


def _sizes(users: ibis.Table, ages: list[tuple[int, int]], end: Any) -> dict[str, list[int]]:
    """Users by arm whose stretch was over by the end, for each stretch."""
    counts = {
        f"n{index}": users.count(
            where=None if end is None
            else users.assigned_at.date() + ibis.interval(days=last) <= ibis.literal(end)
        )
        for index, (_, last) in enumerate(ages)
    }  # fmt: skip
    frame = users.group_by("variant").agg(**counts).execute()
    return {
        str(row["variant"]): [int(row[f"n{index}"]) for index in range(len(ages))]
        for row in frame.to_dict("records")
    }


def _arm(variant: str, group: str, n: int, row: dict[Any, Any], index: int) -> ArmAggregates:
    names = [name for name in ("x", "y") if f"{name}{index}" in row]
    mean = {name: row[f"{name}{index}"] / n for name in names}
    cov = {
        (a, b): (row[f"{a}{index}{b}{index}"] - n * mean[a] * mean[b]) / (n - 1)
        for i, a in enumerate(names)
        for b in names[i:]
    }
    return ArmAggregates(variant, group, n, mean, cov)
