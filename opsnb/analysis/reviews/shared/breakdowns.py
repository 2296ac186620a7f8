"""Metrics by group, with groups of too few people withheld or put together.

What a workspace calls too few is `min_cell` of opsnb.toml; the rule is that of
`opsnb.analysis.methods.disclosure`. Money of the ledger, daily series and tasks are not people.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.tables import tables_of_people
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.periods import Period

TOGETHER = "(few)"
"""The group that small ones are put together in, where all parts have to make the whole."""


NO_VALUE = "(none)"
"""The group of rows that have no value of the column, or no user who could have one."""


@dataclass(frozen=True)
class Pooled:
    """Groups that stand as one: those with a small count, and larger ones that protect them."""

    small: int = 0
    larger: int = 0

    def said(self, minimum: int) -> Said:
        """The name of the group that they make."""
        key = "together_larger" if self.larger else "together"
        return Text.of(
            f"breakdown.{key}", groups=self.small + self.larger, small=self.small,
            larger=self.larger, minimum=minimum,
        )  # fmt: skip


def pooled(small: Collection[Any], hidden: Collection[Any]) -> Pooled:
    """Of the groups that must not stand alone, how many have a small count themselves."""
    return Pooled(len(small), len(hidden) - len(small))


def group_name(name: str) -> Said:
    """What a group of a breakdown is called on a page."""
    return Text("breakdown.no_value") if name == NO_VALUE else name


def measured_by(ops: Recorder, metric: str, periods: Sequence[Period], by: str) -> list[Measured]:
    """A metric by group; groups of too few people come `withheld`, without their numbers."""
    found = ops.meter.measure(metric, periods, by=by)
    hidden: set[tuple[str, str | None]] = set()
    for period in dict.fromkeys(one.period for one in found):
        counts = _counts(ops, metric, [one for one in found if one.period == period])
        groups = ops.groups_to_withhold(f"{metric}/{by}/{period}", *counts)
        hidden |= {(period, group) for group in groups}
    return [
        Measured(one.period, one.group, None, withheld=True)
        if (one.period, one.group) in hidden
        else one
        for one in found
    ]


def put_together(
    ops: Recorder, metric: str, sides: Sequence[Mapping[str, Measured]], by: str
) -> tuple[list[dict[str, Measured]], Pooled]:
    """Groups that must not stand alone as one group, `TOGETHER`: the same ones in all periods."""
    counts = [count for side in sides for count in _counts(ops, metric, list(side.values()))]
    few = ops.groups_to_withhold(f"{metric}/{by}/together", *counts)
    least = ops.workspace.min_cell
    small = {group for count in counts for group, n in count.items() if 0 < n < least}
    out = []
    for side in sides:
        kept = {group: one for group, one in side.items() if group not in few}
        if hidden := [one for group, one in side.items() if group in few]:
            kept[TOGETHER] = _sum(hidden)
        out.append(kept)
    return out, pooled(small, few)


def _sum(parts: Sequence[Measured]) -> Measured:
    """Groups as one; their value is a sum only where the metric is."""
    totals: dict[str, Any] = {
        name: math.fsum(getattr(one, name) or 0.0 for one in parts)
        for name in ("value", "numerator", "denominator")
    }
    return replace(parts[0], group=TOGETHER, n=sum(one.n for one in parts), **totals)


def _counts(ops: Recorder, name: str, found: Sequence[Measured]) -> list[dict[str | None, int]]:
    """People by group behind a metric in one period, and those a share counts; none of rows
    that are not about people."""
    metric = ops.catalogue[name]
    if _table(ops, metric) not in tables_of_people(ops.workspace):
        return []
    counts = [{one.group: _people(metric, one) for one in found}]
    if metric.kind.is_yes_or_no:
        counts.append({one.group: round(one.numerator or 0) for one in found})
    return counts


def _people(metric: Metric, one: Measured) -> int:
    """People behind a value: as many as rows at most, where only rows are known."""
    if one.people is not None:
        return one.people
    if metric.kind.is_distinct:
        return math.ceil(one.value or 0)
    return one.n


def _table(ops: Recorder, metric: Metric) -> str | None:
    """The table whose rows a metric counts; that of the divisor, where it has one."""
    while metric.denominator:
        metric = ops.catalogue[metric.denominator]
    return metric.table
