"""Quantiles as moments, from three order statistics: no resampling, no second pass.

The normal interval of a quantile's rank is turned into an interval of its value, and that
into a variance, so that quantiles go through every comparison of means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import need_count, need_finite, need_fraction, refuse
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments

LEVEL = 0.05
"""1 - level of the interval of ranks; any level gives the same variance in large samples."""


@dataclass(frozen=True)
class Ranks:
    """Which order statistics to fetch, counted from 1 in rising order."""

    low: int
    point: int
    high: int


def quantile_ranks(q: float, n: int) -> Ranks:
    """Ranks of a quantile and of its 95 % interval: n q -+ 1.96 sqrt(n q (1 - q)).

    A query fetches the values at these three ranks of an arm; `quantile_moments` does the rest.

    Raises
    ------
    MethodError
        When q is not between 0 and 1, or n too small for an interval of ranks within 1..n.
    """
    need_fraction("q", q)
    need_count("n", n, least=2)
    z = float(norm.ppf(1 - LEVEL / 2))
    least = math.floor(z * z * max(q, 1 - q) / min(q, 1 - q)) + 1
    if n < least:
        refuse("n", n, f"at least {least} for the {q:g} quantile")
    reach = z * math.sqrt(n * q * (1 - q))
    low, high = math.floor(n * q - reach) + 1, min(math.ceil(n * q + reach), n)
    return Ranks(low, math.ceil(n * q), high)


def quantile_moments(
    n: int,
    q: float,
    value: float,
    low: float,
    high: float,
    *,
    below: Joint | None = None,
) -> Moments:
    """A quantile as moments: its value, and n times its squared standard error.

    Parameters
    ----------
    n : int
        Values the quantile is taken over.
    q : float
        Which quantile: 0.9 for P90.
    value, low, high : float
        The values at `quantile_ranks(q, n)`.
    below : Joint, optional
        Where a user has several values (orders, page loads): over users, (values at or below
        the quantile, values). The variance then counts users, not values (Liu et al. 2019).

    Returns
    -------
    Moments
        For `difference` and all that compares means; `n` is that of users where `below` is
        given. The standard error is (high - low) / (2 x 1.96), times the clustering.

    Raises
    ------
    MethodError
        When the three values do not rise, or are one and the same: so many values are tied
        there that the quantile has no standard error.
    """
    need_fraction("q", q)
    need_count("n", n, least=2)
    for name, number in (("value", value), ("low", low), ("high", high)):
        need_finite(name, number)
    if not low <= value <= high:
        refuse("value", value, f"between low and high, which are {low:g} and {high:g}")
    if low == high:
        refuse(
            "high - low",
            0,
            "above 0",
            hint=f"many values equal {value:g}: compare the share above it instead",
        )
    squared_error = ((high - low) / (2 * float(norm.ppf(1 - LEVEL / 2)))) ** 2
    if below is None:
        return Moments(n, value, squared_error * n)
    clustering = ratio_moments(below).squared_error / (q * (1 - q) / n)
    return Moments(below.n, value, squared_error * clustering * below.n)


def quantile_from_values(values: Sequence[float] | np.ndarray, q: float) -> Moments:
    """The same from an array of shape (n,), one value a user."""
    array = np.sort(np.asarray(values, dtype=float))
    ranks = quantile_ranks(q, array.size)
    low, value, high = (float(array[r - 1]) for r in (ranks.low, ranks.point, ranks.high))
    return quantile_moments(array.size, q, value, low, high)
