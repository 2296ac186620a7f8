"""Difference in differences, with errors between units that hold for few of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.distributions import student
from opsnb.analysis.methods.estimate import Estimate, need_fraction, refuse

MIN_UNITS = 2
"""Fewest units with, and fewest without, treatment: one alone shows no variation."""


@dataclass(frozen=True)
class DifferenceInDifferences:
    """Effect on the treated units.

    Attributes
    ----------
    effect : Estimate
        (after - before) of treated less that of untreated units, in the unit of y.
    pre_trend : Estimate or None
        Difference of the slopes before, per unit of time: it should not differ from zero.
        None with fewer than three times before.
    clusters : int
    """

    effect: Estimate
    pre_trend: Estimate | None
    clusters: int


def difference_in_differences(
    y: np.ndarray,
    unit: np.ndarray,
    time: np.ndarray,
    treated: np.ndarray,
    start: float,
    *,
    alpha: float = 0.05,
) -> DifferenceInDifferences:
    """Two-way comparison of treated and untreated units before and after `start`.

    Parameters
    ----------
    y, unit, time, treated : ndarray of shape (rows,)
        Value, unit, time (a number, such as the day) and whether the unit is treated; a
        unit is treated in all its rows or in none.
    start : float
        First time under treatment.

    Notes
    -----
    Each unit is reduced to its mean after less its mean before (Bertrand, Duflo and
    Mullainathan 2004), and the groups are compared by their means over units. On a balanced
    panel that is least squares of y on treated, after and their product, with errors clustered
    by unit: the variance is CR2, the degrees of freedom Bell and McCaffrey's (2002) in the
    closed form of Imbens and Kolesar (2016).

    Raises
    ------
    MethodError
        When lengths differ, values are missing, a unit changes group or lacks a time before or
        after, or fewer than 2 units are with or without treatment.
    """
    need_fraction("alpha", alpha)
    y, time = np.asarray(y, dtype=float), np.asarray(time, dtype=float)
    unit, group = np.asarray(unit), np.asarray(treated, dtype=bool)
    _check(y, unit, time, group, start)
    names, codes = np.unique(unit, return_inverse=True)
    mine = np.zeros(len(names), dtype=bool)
    mine[codes] = group
    after = time >= start
    _both_sides(names, codes, after)
    change = _means(y[after], codes[after]) - _means(y[~after], codes[~after])
    effect = _between(change, mine, len(y), alpha)
    trend = None
    if len(np.unique(time[~after])) >= 3:
        trend = _between(_slopes(y[~after], time[~after], codes[~after]), mine, len(y), alpha)
    return DifferenceInDifferences(effect, trend, len(names))


def _means(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.bincount(codes, values) / np.bincount(codes)


def _slopes(y: np.ndarray, time: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Least-squares slope of each unit, shape (units,); 0 for a unit with one time only."""
    clock = time - _means(time, codes)[codes]
    spread = np.bincount(codes, clock * clock)
    rise = np.bincount(codes, clock * y)
    return np.divide(rise, spread, out=np.zeros_like(rise), where=spread > 0)


def _between(values: np.ndarray, treated: np.ndarray, rows: int, alpha: float) -> Estimate:
    """Difference of the groups' means over units, shape (units,)."""
    groups = values[treated], values[~treated]
    value = float(groups[0].mean() - groups[1].mean())
    se = float(np.sqrt(sum(part.var(ddof=1) / len(part) for part in groups)))
    df = bell_mccaffrey(len(groups[0]), len(groups[1]))
    reach = float(student.ppf(1 - alpha / 2, df)) * se
    p_value = 2 * float(student.sf(abs(value) / se, df)) if se > 0 else float(value == 0)
    return Estimate(value, value - reach, value + reach, se, p_value, rows, "did", alpha)


def bell_mccaffrey(n1: int, n0: int) -> float:
    """Degrees of freedom of a difference of two means with unequal variances.

    Those that match the first two moments of the variance's estimate where the errors are
    alike in truth (Imbens and Kolesar 2016, section II). The smaller group rules: 3 of 30
    give 2.5.
    """
    return (n0 + n1) ** 2 * (n0 - 1) * (n1 - 1) / (n1**2 * (n1 - 1) + n0**2 * (n0 - 1))


def _check(
    y: np.ndarray, unit: np.ndarray, time: np.ndarray, group: np.ndarray, start: float
) -> None:
    if not len(y) == len(unit) == len(time) == len(group):
        lengths = f"{len(y)}, {len(unit)}, {len(time)} and {len(group)}"
        refuse("lengths of y, unit, time and treated", lengths, "equal")
    if not (np.isfinite(y).all() and np.isfinite(time).all()):
        refuse("y and time", "partly missing", "complete")
    switching = np.intersect1d(unit[group], unit[~group])
    if len(switching):
        refuse(f'treatment of unit "{switching[0]}"', "mixed", "the same in all its rows")
    for name, rows in (("treated", group), ("untreated", ~group)):
        for when, part in (("before", time < start), ("after", time >= start)):
            if not (rows & part).any():
                refuse(f"number of {name} rows {when} the start", 0, "at least 1")
        units = len(np.unique(unit[rows]))
        if units < MIN_UNITS:
            refuse(f"number of {name} units", units, f"at least {MIN_UNITS}")


def _both_sides(names: np.ndarray, codes: np.ndarray, after: np.ndarray) -> None:
    for when, rows in (("before", ~after), ("after", after)):
        lacking = np.flatnonzero(np.bincount(codes[rows], minlength=len(names)) == 0)
        if len(lacking):
            refuse(
                f'number of rows of unit "{names[lacking[0]]}" {when} the start', 0, "at least 1"
            )
