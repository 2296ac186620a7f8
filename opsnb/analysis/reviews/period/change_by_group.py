"""A KPI's change by group: the mix against the rates of a rate, the parts of a sum."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.methods.decomposition import MixRate, mix_and_rate
from opsnb.analysis.reviews.shared.breakdowns import Pooled, put_together
from opsnb.base.errors import MethodError, MetricError

if TYPE_CHECKING:
    from opsnb.analysis.metrics.by_period import Measured
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.period.kpi import Change, Kpi
    from opsnb.base.periods import Period

DIMENSIONS = ("channel", "device", "region", "tenure")
MAX_GROUPS = 60
CLEAR_MIX = 0.25
"""Share of the change that the mix has to carry for its dimension to be the one to show."""

EXACT = 1e-9
"""Relative error up to which groups count as adding up to the whole."""

_OWN_SECTION = ("surveys", "tickets", "tasks")


@dataclass(frozen=True)
class Split:
    """A rate's change split by one dimension."""

    dimension: str
    parts: MixRate
    pooled: Pooled

    @property
    def weight(self) -> float:
        """How much the dimension tells: what the mix explains, else how lopsided rates moved."""
        change = self.parts.change
        mix = self.parts.mix / change if change else 0.0
        if mix >= CLEAR_MIX:
            return 1 + mix
        moves = [part.rate for part in self.parts.groups.values()]
        largest = max(moves, key=abs, default=0.0)
        return abs(largest / change) / 2 if change else 0.0


@dataclass(frozen=True)
class Shares:
    """A sum's change by the groups of one dimension: value before and after of each."""

    dimension: str
    groups: dict[str, tuple[float, float]]
    pooled: Pooled

    @property
    def change(self) -> float:
        return math.fsum(after - before for before, after in self.groups.values())

    @property
    def weight(self) -> float:
        """How far the change differs from what equal growth of all groups would bring."""
        before = math.fsum(pair[0] for pair in self.groups.values())
        growth = self.change / before if before else 0.0
        return math.fsum(abs(b - a - growth * a) for a, b in self.groups.values())


def split(evidence: PeriodEvidence, metric: str, dimension: str) -> Split | None:
    """A rate's change against the period before; None where the groups do not make the whole."""
    found = _sides(evidence, metric, dimension)
    if found is None or len(found[0][1]) < 2:
        return None
    sides, pooled = found
    pairs = [
        {name: (m.numerator or 0.0, m.denominator or 0.0) for name, m in side.items()}
        for side in sides
    ]
    try:
        return Split(dimension, mix_and_rate(*pairs), pooled)
    except MethodError:  # a period without rows
        return None


def shares(evidence: PeriodEvidence, metric: str, dimension: str) -> Shares | None:
    """A sum's change by group; None where the groups do not add up to the whole.

    Where the sum itself is compared by the recorded day, so are its groups.
    """
    found = _sides(evidence, metric, dimension)
    if found is None:
        return None
    sides, pooled = found
    lengths = [1, 1]
    if each_day(evidence, metric):
        lengths = [whole.days or 1 for whole in _wholes(evidence, metric)]
    before, after = (
        {name: (m.value or 0.0) / length for name, m in side.items()}
        for side, length in zip(sides, lengths, strict=True)
    )
    names = list(dict.fromkeys([*before, *after]))
    if len(names) < 2:
        return None
    groups = {n: (before.get(n, 0.0), after.get(n, 0.0)) for n in names}
    return Shares(dimension, groups, pooled)


def each_day(evidence: PeriodEvidence, metric: str) -> bool:
    """Whether a sum is compared by the recorded day, since some days are missing."""
    change = _change(evidence, metric)
    return change is not None and change.per_day


def is_comparable(evidence: PeriodEvidence, metric: str) -> bool:
    """Whether the metric is on record in both periods, in whole or on the same days of both."""
    change, periods = _change(evidence, metric), _periods(evidence)
    declared = evidence.ops.catalogue[metric]
    return change is not None or all(evidence.holds(declared, span) for span in periods)


def _periods(evidence: PeriodEvidence) -> list[Period]:
    return [evidence.period.previous(), evidence.period]


def _change(evidence: PeriodEvidence, metric: str) -> Change | None:
    kpi = evidence.measure(metric)
    return kpi.change if kpi is not None else None


def _sides(
    evidence: PeriodEvidence, metric: str, dimension: str
) -> tuple[list[dict[str, Measured]], Pooled] | None:
    """The groups of a metric in the two periods, on the days of its change; which are pooled.

    None where they do not add up to the whole: distinct users of a column that changes from
    visit to visit are in several groups.
    """
    meter, without = evidence.ops.meter, _without(evidence, metric)
    try:
        found = meter.measure(metric, _periods(evidence), by=dimension, without=without)
    except MetricError:  # the table has no such column
        return None
    sides = []
    for whole in _wholes(evidence, metric):
        side = {m.group: m for m in found if m.period == whole.period and m.group}
        if len(side) > MAX_GROUPS or not _adds_up(list(side.values()), whole):
            return None
        sides.append(side)
    return put_together(evidence.ops, metric, sides, dimension)


def _without(evidence: PeriodEvidence, metric: str) -> frozenset[dt.date]:
    change = _change(evidence, metric)
    return change.without if change is not None else frozenset()


def _wholes(evidence: PeriodEvidence, metric: str) -> list[Measured]:
    """The metric before and now, on the days of its change."""
    without = _without(evidence, metric)
    return evidence.ops.meter.measure(metric, _periods(evidence), without=without)


def _adds_up(groups: Sequence[Measured], whole: Measured) -> bool:
    for name in ("numerator", "denominator"):
        total = getattr(whole, name)
        found = math.fsum(getattr(m, name) or 0.0 for m in groups)
        if total is not None and abs(found - total) > EXACT * max(abs(total), 1.0):
            return False
    return True


def moved(evidence: PeriodEvidence) -> list[Kpi]:
    """KPIs that moved beyond their materiality and can be split, the farthest first."""
    if evidence.partial:
        return []
    found = [
        (abs(kpi.change.relative) / kpi.metric.materiality, kpi)
        for kpi in evidence.kpis
        if (kpi.metric.kind.is_rate or kpi.metric.kind.is_additive)
        and kpi.metric.table not in _OWN_SECTION
        and kpi.change is not None
        and kpi.change.relative is not None
        and abs(kpi.change.relative) >= kpi.metric.materiality
    ]
    return [kpi for _, kpi in sorted(found, key=lambda pair: -pair[0])]
