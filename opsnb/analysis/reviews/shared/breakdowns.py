"""Metrics by group, with groups of too few people withheld or put together.

What a workspace calls too few is `min_cell` of opsnb.toml; the rule is that of
`opsnb.analysis.methods.disclosure`. Money of the ledger, daily series and tasks are not people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.tables import tables_of_people

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.periods import Period

TOGETHER = "(few)"
"""The group that small ones are put together in, where all parts have to make the whole."""


def measured_by(ops: Recorder, metric: str, periods: Sequence[Period], by: str) -> list[Measured]:
    """A metric by group; groups of too few people come `withheld`, without their numbers."""
    found = ops.meter.measure(metric, periods, by=by)
    hidden = _hidden(ops, metric, found, by)
    return [
        Measured(one.period, one.group, None, withheld=True)
        if (one.period, one.group) in hidden
        else one
        for one in found
    ]


def put_together(
    ops: Recorder, metric: str, sides: Sequence[Mapping[str, Measured]], by: str
) -> list[dict[str, Measured]]:
    """Groups that would be withheld in any of the periods as one group, `TOGETHER`."""
    found = [one for side in sides for one in side.values()]
    few = {group for _, group in _hidden(ops, metric, found, by)}
    out = []
    for side in sides:
        kept = {group: one for group, one in side.items() if group not in few}
        if pooled := [one for group, one in side.items() if group in few]:
            kept[TOGETHER] = _sum(pooled)
        out.append(kept)
    return out


def _sum(parts: Sequence[Measured]) -> Measured:
    """Groups as one; their value is a sum only where the metric is."""
    totals: dict[str, Any] = {
        name: math.fsum(getattr(one, name) or 0.0 for one in parts)
        for name in ("value", "numerator", "denominator")
    }
    return replace(parts[0], group=TOGETHER, n=sum(one.n for one in parts), **totals)


def _hidden(
    ops: Recorder, name: str, found: Sequence[Measured], by: str
) -> set[tuple[str, str | None]]:
    """Period and group of what must not be shown."""
    metric = ops.catalogue[name]
    if _table(ops, metric) not in tables_of_people():
        return set()
    out: set[tuple[str, str | None]] = set()
    for period in dict.fromkeys(one.period for one in found):
        inside = [one for one in found if one.period == period]
        counts = [{one.group: _people(metric, one) for one in inside}]
        if metric.kind.is_yes_or_no:
            counts.append({one.group: round(one.numerator or 0) for one in inside})
        hidden = ops.groups_to_withhold(f"{name}/{by}/{period}", *counts)
        out |= {(period, group) for group in hidden}
    return out


def _people(metric: Metric, one: Measured) -> int:
    """People behind a value: as many as rows at most, where only rows are known."""
    if metric.kind.is_distinct:
        return math.ceil(one.value or 0)
    return one.n


def _table(ops: Recorder, metric: Metric) -> str | None:
    """The table whose rows a metric counts; that of the divisor, where it has one."""
    while metric.denominator:
        metric = ops.catalogue[metric.denominator]
    return metric.table
