"""Quantiles by arm from the values kept a user: three order statistics, and who has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ibis
import pandas as pd

from opsnb.analysis.metrics.aggregates import ArmAggregates, OrderStatistics
from opsnb.analysis.metrics.catalogue import Metric
from opsnb.analysis.metrics.rows import number
from opsnb.base.errors import MethodError, MetricError


class Ranked(Protocol):
    """Which order statistics to fetch, counted from 1 in rising order."""

    @property
    def low(self) -> int: ...
    @property
    def point(self) -> int: ...
    @property
    def high(self) -> int: ...


Ranks = Callable[[float, int], Ranked]
"""From a quantile and a number of values to ranks; refuses a number that is too small."""


def quantile_arms(
    values: ibis.Table, metric: Metric, keys: Sequence[str], ranks: Ranks
) -> list[ArmAggregates]:
    """A quantile by arm (and group).

    Parameters
    ----------
    values : ibis.Table
        A row a value: the columns `keys` (variant, and _group), `_who` and `_value`.
    ranks : callable
        From (q, n) to the ranks of the quantile and of its interval.

    Raises
    ------
    MetricError
        An arm has too few values. Groups of an arm that have too few are left out.
    """
    assert metric.quantile is not None
    keys = list(keys)
    counts = values.group_by(keys).agg(n=values.count()).execute()
    wanted = []
    for row in counts.to_dict("records"):
        try:
            found = ranks(metric.quantile, int(row["n"]))
        except MethodError as error:
            if "_group" in keys:
                continue
            raise MetricError(
                f"arm {row['variant']} has {row['n']} values: {error.what}",
                where=f"metrics.toml [{metric.id}]",
                hint="take a quantile nearer the middle, or wait for more values",
            ) from None
        same = {key: row[key] for key in keys} | {"_n": int(row["n"])}
        wanted += [same | {"_which": which, "_rank": getattr(found, which)}
                   for which in ("low", "point", "high")]  # fmt: skip
    if not wanted:
        return []
    picked = _picked(values, keys, pd.DataFrame(wanted))
    return [_arm(row, metric) for row in _spread(values, keys, picked).to_dict("records")]


def _picked(values: ibis.Table, keys: list[str], wanted: pd.DataFrame) -> pd.DataFrame:
    """Columns low, point, high and _n by key: the values at the ranks wanted."""
    order = ibis.window(group_by=keys, order_by="_value")
    ranked = values.select(*keys, "_value", _rank=ibis.row_number().over(order) + 1)
    found = ranked.inner_join(ibis.memtable(wanted), [*keys, "_rank"]).execute()
    wide = found.pivot(index=[*keys, "_n"], columns="_which", values="_value")
    return wide.reset_index()


def _spread(values: ibis.Table, keys: list[str], picked: pd.DataFrame) -> pd.DataFrame:
    """`picked`, with moments over units of (values at or below the quantile, values)."""
    points = ibis.memtable(picked[[*keys, "point"]])
    marked = values.inner_join(points, keys)
    below = (marked._value <= marked.point).cast("float64")
    units = marked.group_by([*keys, "_who"]).agg(
        below=below.sum(), size=marked.count().cast("float64")
    )
    table = units.group_by(keys).agg(
        units=units.count(), mean_below=units.below.mean(), mean_size=units["size"].mean(),
        bb=units.below.var(how="sample"), bs=units.below.cov(units["size"], how="sample"),
        ss=units["size"].var(how="sample"),
    )  # fmt: skip
    return picked.merge(table.execute(), on=keys).sort_values(keys)


def _arm(row: dict[Any, Any], metric: Metric) -> ArmAggregates:
    assert metric.quantile is not None
    bb, bs, ss = (number(row[name]) or 0.0 for name in ("bb", "bs", "ss"))
    order = OrderStatistics(
        metric.quantile, int(row["_n"]), float(row["low"]), float(row["high"]),
        float(row["mean_below"]), float(row["mean_size"]), (bb, bs, ss),
    )  # fmt: skip
    group = str(row["_group"]) if "_group" in row else None
    return ArmAggregates(
        str(row["variant"]), group, int(row["units"]), {"x": float(row["point"])}, {}, order=order
    )
