"""What leaves the engine of an experiment: moments by arm, and what the rows looked like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

from opsnb.analysis.metrics.rows import number

LETTERS = ("x", "y", "px", "py")
"""Quantities of a metric: value or numerator, denominator, and both before exposure."""


@dataclass(frozen=True)
class OrderStatistics:
    """A quantile by order statistics, with what tells how alike the values of a unit are.

    Attributes
    ----------
    q : float
        Which quantile.
    values : int
        Values it is taken over.
    low, high : float
        Values at the ranks of its interval; the quantile itself is the arm's mean "x".
    below, size : float
        Means over the units that have values: values at or below the quantile, and values.
    cov : tuple of float
        Sample covariances over these units: (below, below), (below, size), (size, size).
    """

    q: float
    values: int
    low: float
    high: float
    below: float
    size: float
    cov: tuple[float, float, float]


@dataclass(frozen=True)
class ArmAggregates:
    """Moments of a metric over the users of an arm (and segment).

    Attributes
    ----------
    n : int
        Randomised units: users, or clusters of them; those whose window is over.
    mean, cov : dict
        By column: "x" (the metric, or its numerator), "y" (its denominator), and "px", "py",
        the same before exposure. `cov[a, b]` is the sample covariance, a <= b in that order.
        Of clusters, a mean is the ratio of their sums "x" to their users "y".
    capped : float
        Share of users whose value was cut at the cap.
    order : OrderStatistics or None
        Of a quantile; `n` are then units with a value, and `cov` is empty.
    """

    variant: str
    group: str | None
    n: int
    mean: dict[str, float]
    cov: dict[tuple[str, str], float]
    cap: float | None = None
    capped: float = 0.0
    order: OrderStatistics | None = None


@dataclass(frozen=True)
class RowCounts:
    """What an arm's rows of a metric looked like: users, users without any row of the table,
    with a row before exposure, rows that count, and rows whose value is NULL."""

    users: int
    without: int
    early: int
    rows: int
    nulls: int


def merge_arms(parts: Sequence[ArmAggregates]) -> ArmAggregates:
    """One arm from the moments of its disjoint parts (Chan, Golub and LeVeque 1979)."""
    first, n = parts[0], sum(part.n for part in parts)
    mean = {a: sum(part.n * part.mean[a] for part in parts) / n for a in first.mean}
    cov = {
        (a, b): sum(
            (part.n - 1) * part.cov[a, b]
            + part.n * (part.mean[a] - mean[a]) * (part.mean[b] - mean[b])
            for part in parts
        )
        / (n - 1)
        for a, b in first.cov
    }
    capped = sum(part.n * part.capped for part in parts) / n
    return replace(first, group=None, n=n, mean=mean, cov=cov, capped=capped)


def moments_wanted(table: Any, columns: Sequence[str]) -> dict[str, Any]:
    """Aggregates of some columns: means, and sample covariances of each pair."""
    wanted: dict[str, Any] = {f"mean_{name}": table[name].mean() for name in columns}
    for a, b in combinations_with_replacement(columns, 2):
        wanted[f"cov_{a}_{b}"] = (
            table[a].var(how="sample") if a == b else table[a].cov(table[b], how="sample")
        )
    return wanted


def arm_from(
    row: Mapping[Any, Any], columns: Mapping[str, str], n: str, **more: Any
) -> ArmAggregates:
    """An arm from a row of `moments_wanted`; `columns` names the column of each letter."""
    pairs = combinations_with_replacement(columns.items(), 2)
    return ArmAggregates(
        variant=str(row["variant"]),
        group=str(row["_group"]) if "_group" in row else None,
        n=int(row[n]),
        mean={letter: float(row[f"mean_{name}"]) for letter, name in columns.items()},
        cov={(a, b): number(row[f"cov_{p}_{q}"]) or 0.0 for (a, p), (b, q) in pairs},
        **more,
    )
