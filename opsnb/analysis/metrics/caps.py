"""Where the large values of a mean are cut, and what a cap leaves as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import ibis

from opsnb.analysis.metrics.metric import Metric
from opsnb.analysis.metrics.rows import number


class Tail(NamedTuple):
    """The ends of a metric's values, over all arms.

    Attributes
    ----------
    cap : float
        The quantile at which the metric is cut; 0 where there is no value.
    below : float
        Share of users below zero.
    """

    cap: float
    below: float


def tails(
    users: ibis.Table,
    metrics: Mapping[str, Metric],
    column: Callable[[str], str],
    over: Callable[[str], Any],
) -> dict[str, Tail]:
    """The tails of the metrics that have a cap and can be cut, in one query.

    Parameters
    ----------
    users : Ibis table
        A row a user.
    column : callable
        From a metric to its column of `users`.
    over : callable
        Whether a user's window of a metric was over; None where it has none.
    """
    wanted: dict[str, Any] = {}
    for name, metric in metrics.items():
        if metric.cap is not None and metric.kind.can_be_capped:
            value, ready = users[column(name)], over(name)
            wanted[name] = value.quantile(metric.cap, where=ready)
            wanted[f"below {name}"] = (value < 0).cast("float64").mean(where=ready)
    if not wanted:
        return {}
    found = users.agg(**wanted).execute().iloc[0]
    return {
        name: Tail(number(found[name]) or 0.0, number(found[f"below {name}"]) or 0.0)
        for name in metrics
        if name in wanted
    }


def uncapped(metric: Metric, tail: Tail | None) -> tuple[str, float] | None:
    """What a metric's cap leaves as it is, and a number to it; None: nothing, or no cap.

    `kind`: everything, since its kind has no amount a user; `zero`: everything, since the
    quantile (the number) is not above 0; `negative`: the share of users below 0.
    """
    if metric.cap is None:
        return None
    if tail is None:
        return "kind", 0.0
    if tail.cap <= 0:
        return "zero", tail.cap
    return ("negative", tail.below) if tail.below else None
