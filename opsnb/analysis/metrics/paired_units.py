"""Units in both arms of an experiment: what each came to in both, as moments over units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

from opsnb.analysis.metrics.aggregates import moments_wanted
from opsnb.analysis.metrics.rows import number

if TYPE_CHECKING:
    import ibis

    from opsnb.analysis.metrics.assignments import Assigned

_TERMS = ("control", "treatment", "weight")


@dataclass(frozen=True)
class PairAggregates:
    """Moments over the units with a size in both arms.

    Attributes
    ----------
    n : int
    mean : tuple of 3 floats
        Of control, treatment and weight: with sums x and sizes y of a unit, x0 y1 / (y0 + y1),
        x1 y0 / (y0 + y1) and y0 y1 / (y0 + y1).
    cov : tuple of 3 tuples of 3 floats
        Their sample covariances.
    """

    n: int
    mean: tuple[float, ...]
    cov: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PairCounts:
    """Where the units of two arms are, and how their rows were dealt out within them.

    Attributes
    ----------
    both, control_only, treatment_only : int
        Units in both arms, and in one of them.
    most : int
        Most rows of a unit in an arm.
    mean, var : float
        Over units in both: rows of the treatment x share of the control - the reverse.
    """

    both: int
    control_only: int
    treatment_only: int
    most: int
    mean: float
    var: float


def pair_aggregates(
    table: ibis.Table, columns: Mapping[str, str], control: str, variant: str
) -> PairAggregates:
    """From a row a unit and arm ("_cluster", "variant"), the terms of both arms' comparison.

    Parameters
    ----------
    columns : mapping
        "x" and "y": the columns of sums and sizes.
    """
    sums = {"x": table[columns["x"]], "y": table[columns["y"]]}
    sides = table.group_by("_cluster").agg(
        **{
            f"{letter}{side}": value.sum(where=table.variant == arm)
            for letter, value in sums.items()
            for side, arm in enumerate((control, variant))
        }
    )
    both = sides.filter((sides.y0 > 0) & (sides.y1 > 0))
    total = both.y0 + both.y1
    terms = both.select(
        control=both.x0 * both.y1 / total,
        treatment=both.x1 * both.y0 / total,
        weight=both.y0 * both.y1 / total,
    )
    row = terms.agg(n=terms.count(), **moments_wanted(terms, _TERMS)).execute().iloc[0]
    cov = {
        frozenset(pair): number(row[f"cov_{pair[0]}_{pair[1]}"]) or 0.0
        for pair in combinations_with_replacement(_TERMS, 2)
    }
    return PairAggregates(
        int(row["n"]),
        tuple(number(row[f"mean_{name}"]) or 0.0 for name in _TERMS),
        tuple(tuple(cov[frozenset((a, b))] for b in _TERMS) for a in _TERMS),
    )


def pair_counts(
    assigned: Assigned, control: str, variant: str, shares: Mapping[str, float]
) -> PairCounts:
    """Where the units of an arm and the control are; `shares` is the planned split."""
    assert assigned.unit is not None
    users = assigned.users
    rows = users.group_by(assigned.unit).agg(
        a=users.count(where=users.variant == control), b=users.count(where=users.variant == variant)
    )
    whole = shares[control] + shares[variant]
    gap: Any = (rows.b * (shares[control] / whole) - rows.a * (shares[variant] / whole)).cast(
        "float64"
    )
    paired = (rows.a > 0) & (rows.b > 0)
    found = (
        rows.agg(
            both=paired.sum(),
            first=((rows.a > 0) & (rows.b == 0)).sum(),
            second=((rows.a == 0) & (rows.b > 0)).sum(),
            most_a=rows.a.max(),
            most_b=rows.b.max(),
            mean=gap.mean(where=paired),
            var=gap.var(where=paired, how="sample"),
        )
        .execute()
        .iloc[0]
    )
    both, first, second = (int(number(found[name]) or 0) for name in ("both", "first", "second"))
    most = int(max(number(found["most_a"]) or 0, number(found["most_b"]) or 0))
    return PairCounts(
        both, first, second, most, number(found["mean"]) or 0.0, number(found["var"]) or 0.0
    )
