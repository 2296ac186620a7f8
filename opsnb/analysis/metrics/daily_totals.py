"""Experiments of which only daily totals are left: `series` with the arm as its unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property

import ibis
import numpy as np
import pandas as pd

from opsnb.analysis.metrics.aggregates import ArmAggregates, RowCounts
from opsnb.analysis.metrics.assignments import Assigned
from opsnb.analysis.metrics.catalogue import Catalogue, Metric
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.errors import MetricError, TableError

_NAMES = ("x", "y")


class DailyCounts:
    """The arms' daily totals, as a `Panel` gives users'.

    Parameters
    ----------
    arms : sequence of str
        Units of `series`.
    population : str or None
        Metric whose totals say how many units each arm had.
    independent : bool
        Whether counts are of independent units: a quotient of two counts is then a share of
        them. Else the day is the unit.

    Notes
    -----
    A day on which either arm lacks a metric's value leaves that metric in both arms.
    """

    dated = True

    def __init__(
        self,
        rows: Rows,
        catalogue: Catalogue,
        metrics: Sequence[str],
        arms: Sequence[str],
        *,
        population: str | None,
        independent: bool,
        start: dt.date | None = None,
        end: dt.date | None = None,
    ) -> None:
        self.rows, self.catalogue, self.arms = rows, catalogue, list(arms)
        self.metrics = {name: catalogue[name] for name in metrics}
        self.population, self.independent = population, independent
        self.days = (start, end)
        self._totals: dict[str, pd.DataFrame] = {}

    def totals(self, metric: str) -> pd.DataFrame:
        """Total a day (rows) and arm (columns) of a metric of `series`; NaN where there is none."""
        if metric not in self._totals:
            self._totals[metric] = self._read(self.catalogue[metric])
        return self._totals[metric]

    @cached_property
    def assigned(self) -> Assigned:
        """Units by arm; nobody by name."""
        counts = dict.fromkeys(self.arms, 0)
        first = last = None
        if self.population is not None:
            total = self.totals(self.population)
            counts = {arm: int(total[arm].sum()) for arm in self.arms}
            first, last = total.index.min(), total.index.max()
        nobody = pd.DataFrame({"user_id": ["nobody"], "variant": ["none"]})
        return Assigned("", ibis.memtable(nobody).limit(0), counts, 0, 0, first, last)

    def complete(self, metric: str) -> pd.DataFrame:
        """Days with every value of a metric in every arm: columns (letter, arm)."""
        parts = pd.concat(
            dict(zip(_NAMES, map(self.totals, self._parts(metric)), strict=False)), axis=1
        )
        return parts.dropna()

    def left_out(self, metric: str) -> list[dt.date]:
        """Days that some arm has, and that lack a value of the metric in either arm."""
        every = sorted(set().union(*(self.totals(part).index for part in self._parts(metric))))
        kept = set(self.complete(metric).index)
        return [day for day in every if day not in kept]

    def moments(
        self, metric: str, by: str | None = None, *, capped: bool = True
    ) -> list[ArmAggregates]:
        """A metric's moments by arm, over all complete days or (`assigned_date`) a day."""
        table = self.complete(metric)
        if len(table) < 3:
            raise TableError(
                f"{metric} has {len(table)} days with values in all arms; it needs at least 3",
                where="table series",
                hint=f"the series' units must be the plan's arms: {', '.join(self.arms)}",
            )
        if by is None:
            return [self._arm(metric, arm, table, None) for arm in self.arms]
        return [
            self._arm(metric, arm, table.loc[[day]], day.isoformat())
            for arm in self.arms
            for day in table.index
        ]

    def pairs(self, metric: str, arm: str) -> tuple[list[float], list[float]]:
        """A quotient's numerator and denominator on the complete days of an arm."""
        table = self.complete(metric)
        return table["x", arm].tolist(), table["y", arm].tolist()

    def sizes(self, by: str | None = None) -> dict[str, dict[str, int]]:
        """Units by day and arm."""
        if self.population is None:
            return {}
        total = self.totals(self.population).dropna()
        return {
            day.isoformat(): {arm: int(row[arm]) for arm in self.arms}
            for day, row in total.iterrows()
        }

    def seen(self, metric: str) -> dict[str, RowCounts]:
        """Daily totals have no users to look for."""
        return {}

    def _parts(self, metric: str) -> list[str]:
        return self.catalogue[metric].parts or [metric]

    def _arm(self, metric: str, arm: str, table: pd.DataFrame, group: str | None) -> ArmAggregates:
        names = _NAMES[: len(self._parts(metric))]
        values = np.array([table[name, arm].to_numpy(dtype=float) for name in names])
        if self.independent and len(names) == 2:
            successes, trials = values.sum(axis=1)
            share = successes / trials
            var = share * (1 - share) * trials / (trials - 1)
            return ArmAggregates(arm, group, int(trials), {"x": share}, {("x", "x"): var})
        return self._days(metric, arm, table, group)

    def _days(self, metric: str, arm: str, table: pd.DataFrame, group: str | None) -> ArmAggregates:
        names = _NAMES[: len(self._parts(metric))]
        values = np.array([table[name, arm].to_numpy(dtype=float) for name in names])
        n = values.shape[1]
        cov = np.atleast_2d(np.cov(values)) if n > 1 else np.zeros((len(names), len(names)))
        pairs = {
            (a, b): float(cov[i, j])
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if i <= j
        }
        means = values.mean(axis=1)
        return ArmAggregates(arm, group, n, dict(zip(names, map(float, means), strict=True)), pairs)

    def _read(self, metric: Metric) -> pd.DataFrame:
        adds_up = metric.kind.is_additive and not metric.kind.is_distinct and metric.value
        if metric.table != "series" or not adds_up:
            raise MetricError(
                "cannot be read from daily totals",
                where=f"metrics.toml [{metric.id}]",
                hint='take kind = "sum" and table = "series", or a quotient of two such metrics',
            )
        rows = self.rows.of(metric, keep=("unit",))
        start, end = self.days
        rows = rows.filter(rows.unit.isin(self.arms) & rows._value.notnull())
        if start is not None:
            rows = rows.filter(rows._day >= start)
        if end is not None:
            rows = rows.filter(rows._day <= end)
        frame = (
            rows.group_by(["_day", "unit"]).agg(total=rows._value.cast("float64").sum()).execute()
        )
        wide = frame.pivot(index="_day", columns="unit", values="total").reindex(columns=self.arms)
        wide.index = pd.Index([pd.Timestamp(day).date() for day in wide.index])
        return wide.sort_index()


def impossible(counts: DailyCounts, steps: Sequence[str]) -> dict[str, int]:
    """Days by arm on which a later step of a funnel counts more than the one before it."""
    found = dict.fromkeys(counts.arms, 0)
    totals: Mapping[str, pd.DataFrame] = {step: counts.totals(step) for step in steps}
    for arm in counts.arms:
        table = pd.DataFrame({step: totals[step][arm] for step in steps})
        later, earlier = table.iloc[:, 1:].to_numpy(), table.iloc[:, :-1].to_numpy()
        found[arm] = int((later > earlier).any(axis=1).sum())
    return found
