"""Difference in differences, with errors clustered by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy import stats

from opsnb.methods.estimate import Estimate, need_fraction, refuse

MIN_CLUSTERS = 4
"""Fewest units with and without treatment together; errors are rough below some 20."""


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
    Ordinary least squares of y on treated, after and their product; standard errors are
    clustered by unit with t quantiles on (clusters - 1) degrees of freedom.

    Raises
    ------
    MethodError
        When lengths differ, values are missing, a unit changes group, one of the four cells
        is empty, or there are fewer than 4 units.
    """
    need_fraction("alpha", alpha)
    y, time = np.asarray(y, dtype=float), np.asarray(time, dtype=float)
    unit, group = np.asarray(unit), np.asarray(treated, dtype=bool)
    _check(y, unit, time, group, start)
    codes = np.unique(unit, return_inverse=True)[1]
    after = time >= start
    design = np.column_stack([np.ones(len(y)), group, after, group & after]).astype(float)
    effect = _coefficient(y, design, codes, alpha)
    before = ~after
    trend = None
    if len(np.unique(time[before])) >= 3:
        clock = time[before] - time[before].mean()
        slopes = np.column_stack([np.ones(len(clock)), group[before], clock, clock * group[before]])
        trend = _coefficient(y[before], slopes, codes[before], alpha)
    return DifferenceInDifferences(effect, trend, int(codes.max()) + 1)


def _coefficient(y: np.ndarray, design: np.ndarray, codes: np.ndarray, alpha: float) -> Estimate:
    """The last coefficient."""
    fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": codes})
    value, se = float(fit.params[-1]), float(fit.bse[-1])
    df = len(np.unique(codes)) - 1
    reach = float(stats.t.ppf(1 - alpha / 2, df)) * se
    p_value = 2 * float(stats.t.sf(abs(value) / se, df)) if se > 0 else float(value == 0)
    return Estimate(value, value - reach, value + reach, se, p_value, len(y), "did", alpha)


def _check(
    y: np.ndarray, unit: np.ndarray, time: np.ndarray, group: np.ndarray, start: float
) -> None:
    if not len(y) == len(unit) == len(time) == len(group):
        lengths = f"{len(y)}, {len(unit)}, {len(time)} and {len(group)}"
        refuse("lengths of y, unit, time and treated", lengths, "equal")
    if not (np.isfinite(y).all() and np.isfinite(time).all()):
        refuse("y and time", "partly missing", "complete")
    if len(np.unique(unit)) < MIN_CLUSTERS:
        refuse("number of units", len(np.unique(unit)), f"at least {MIN_CLUSTERS}")
    switching = np.intersect1d(unit[group], unit[~group])
    if len(switching):
        refuse(f'treatment of unit "{switching[0]}"', "mixed", "the same in all its rows")
    for name, rows in (("treated", group), ("untreated", ~group)):
        for when, part in (("before", time < start), ("after", time >= start)):
            if not (rows & part).any():
                refuse(f"number of {name} rows {when} the start", 0, "at least 1")
