"""Tails and quantiles of the usual distributions, from `scipy.special`.

The same numbers as `scipy.stats`, which most kernels would import for nothing else: it takes as
long as pandas and matplotlib together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


class norm:
    """The standard normal distribution."""

    ppf, cdf = special.ndtri, special.ndtr

    @staticmethod
    def sf(x: Any) -> Any:
        return special.ndtr(-np.asarray(x))

    @staticmethod
    def pdf(x: Any) -> Any:
        return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)


class student:
    """Student's t distribution; `df` may be infinite."""

    @staticmethod
    def cdf(x: Any, df: Any) -> Any:
        return np.where(np.isinf(df), special.ndtr(x), special.stdtr(df, x))

    @staticmethod
    def sf(x: Any, df: Any) -> Any:
        return student.cdf(-np.asarray(x), df)

    @staticmethod
    def ppf(p: Any, df: Any) -> Any:
        return np.where(np.isinf(df), special.ndtri(p), special.stdtrit(df, p))

    @staticmethod
    def isf(p: Any, df: Any) -> Any:
        return -student.ppf(p, df)


class chi2:
    """The chi-square distribution."""

    @staticmethod
    def sf(x: Any, df: Any) -> Any:
        return special.chdtrc(df, x)

    @staticmethod
    def ppf(p: Any, df: Any) -> Any:
        return 2 * special.gammaincinv(np.asarray(df) / 2, p)

    @staticmethod
    def pdf(x: Any, df: Any) -> Any:
        half = np.asarray(df) / 2
        return np.exp(
            special.xlogy(half - 1, x)
            - np.asarray(x) / 2
            - special.gammaln(half)
            - half * np.log(2)
        )


def independence(table: np.ndarray) -> float:
    """p-value of Pearson's chi-square test that rows and columns are independent.

    Parameters
    ----------
    table : ndarray of shape (rows, columns)
        Counts; no row and no column is all zero.
    """
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(chi2.sf(statistic, freedom)) if freedom else 1.0


def fair_coins(higher: int, count: int) -> float:
    """Two-sided p-value of `higher` of `count` fair coins, exact."""
    fewer = min(higher, count - higher)
    return min(1.0, 2 * float(special.bdtr(fewer, count, 0.5)))
