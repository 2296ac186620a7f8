"""Experiments of which only daily counts are left: shares by arm and day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.methods.distributions import fair_coins, student
from opsnb.analysis.methods.estimate import Comparison, Estimate, need_fraction, refuse
from opsnb.analysis.methods.moments import Joint

Column = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class SignTest:
    """On how many days the treatment was higher; ties do not count."""

    higher: int
    days: int
    p_value: float


@dataclass(frozen=True)
class DailyComparison:
    """Two shares from daily counts, tested in three ways that assume less and less.

    Attributes
    ----------
    counts : Comparison
        All days together; assumes that counts are of independent users.
    by_day : Estimate
        The same difference with the day as the unit, paired: holds when users of a day are
        alike or come back. None of `counts`' assumptions but more noise.
    sign : SignTest
    used, left_out : tuple of int
        Positions of days with all four counts, and of those without.
    """

    counts: Comparison
    by_day: Estimate
    sign: SignTest
    used: tuple[int, ...]
    left_out: tuple[int, ...]


def daily_difference(
    control: tuple[Column, Column],
    treatment: tuple[Column, Column],
    *,
    alpha: float = 0.05,
) -> DailyComparison:
    """Compare two shares from (successes, trials) by day; both arms list the same days.

    Days that lack a count in either arm (NaN: outcomes not in yet) leave numerator and
    denominator alike, and are listed.

    Raises
    ------
    MethodError
        When lengths differ, fewer than three days are complete, a day has no trials or more
        successes than trials, or counts are no whole numbers.
    """
    need_fraction("alpha", alpha)
    columns = [np.asarray(column, dtype=float) for column in (*control, *treatment)]
    sizes = {column.shape for column in columns}
    if len(sizes) != 1 or columns[0].ndim != 1:
        refuse("days", ", ".join(str(len(c)) for c in columns), "the same in all four counts")
    table = np.vstack(columns)
    complete = np.isfinite(table).all(axis=0)
    used, left_out = np.flatnonzero(complete), np.flatnonzero(~complete)
    if len(used) < 3:
        refuse("number of days with all counts", len(used), "at least 3")
    table = table[:, complete]
    _check(table, used)
    totals = [int(total) for total in table.sum(axis=1)]
    return DailyComparison(
        two_proportions(*totals, alpha=alpha),
        _by_day(table, sum(totals[1::2]), alpha),
        _sign_test(table[2] / table[3] - table[0] / table[1]),
        tuple(int(day) for day in used),
        tuple(int(day) for day in left_out),
    )


def sign_test(differences: Sequence[float]) -> SignTest:
    """Two-sided exact sign test of paired differences (days, stores); zeros are left out.

    Raises
    ------
    MethodError
        When a difference is missing, or all are zero.
    """
    array = np.asarray(differences, dtype=float)
    if not np.isfinite(array).all():
        refuse("differences", "partly missing", "complete")
    if not (array != 0).any():
        refuse("number of differences other than 0", 0, "at least 1")
    return _sign_test(array)


def _sign_test(gaps: np.ndarray) -> SignTest:
    higher, days = int((gaps > 0).sum()), int((gaps != 0).sum())
    p_value = fair_coins(higher, days) if days else 1.0
    return SignTest(higher, days, p_value)


def _by_day(table: np.ndarray, n: int, alpha: float) -> Estimate:
    """Ratio of sums by day, paired: delta method over days, t with days - 1."""
    joint = Joint.from_values(*table)
    share0, slope0 = joint.ratio("control's trials")
    share1, slope1 = joint.ratio("treatment's trials", at=2)
    value, slope = share1 - share0, slope1 - slope0
    se = math.sqrt(max(float(slope @ joint.cov @ slope), 0.0) / joint.n)
    if se == 0:
        refuse("variance between days", 0, "above 0")
    reach = float(student.ppf(1 - alpha / 2, joint.n - 1)) * se
    p_value = 2 * float(student.sf(abs(value) / se, joint.n - 1))
    return Estimate(value, value - reach, value + reach, se, p_value, n, "paired_days", alpha)


def _check(table: np.ndarray, days: np.ndarray) -> None:
    names = ("control.successes", "control.trials", "treatment.successes", "treatment.trials")
    for name, column in zip(names, table, strict=True):
        least = 1 if name.endswith("trials") else 0
        wrong = np.flatnonzero((column < least) | (column != np.floor(column)))
        if len(wrong):
            day = int(days[wrong[0]])
            refuse(
                f"{name}[{day}]",
                float(column[wrong[0]]),
                f"a whole number of at least {least}",
                hint="leave out a day without trials",
            )
    for arm, top in (("control", 0), ("treatment", 2)):
        wrong = np.flatnonzero(table[top] > table[top + 1])
        if len(wrong):
            day = int(days[wrong[0]])
            refuse(
                f"{arm}.successes[{day}]",
                float(table[top][wrong[0]]),
                f"at most the trials of that day, which are {table[top + 1][wrong[0]]:g}",
            )
