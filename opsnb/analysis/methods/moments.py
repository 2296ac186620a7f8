"""Sufficient statistics: all that the comparisons need to know of an arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.estimate import need_count, need_finite, need_successes, refuse


@dataclass(frozen=True)
class Moments:
    """Count, mean and sample variance (ddof 1) of one value a user."""

    n: int
    mean: float
    var: float

    def __post_init__(self) -> None:
        need_count("n", self.n, least=2)
        need_finite("mean", self.mean)
        if not (np.isfinite(self.var) and self.var >= 0):
            refuse("var", self.var, "a finite number of at least 0")

    @property
    def squared_error(self) -> float:
        """Variance of the mean."""
        return self.var / self.n

    @classmethod
    def from_sums(cls, n: int, total: float, squares: float, *, shift: float = 0.0) -> Moments:
        """From a one-pass query: count, sum(x - shift), sum((x - shift)^2).

        A shift near the mean keeps the variance exact where the values are large.
        """
        need_count("n", n, least=2)
        need_finite("total", total)
        need_finite("squares", squares)
        var = (squares - total * total / n) / (n - 1)
        if var < -1e-9 * max(squares, 1.0):
            refuse("squares", squares, f"at least total^2 / n, which is {total * total / n:g}")
        return cls(int(n), shift + total / n, max(var, 0.0))

    @classmethod
    def from_values(cls, values: Sequence[float] | np.ndarray) -> Moments:
        """From an array of shape (n,)."""
        array = np.asarray(values, dtype=float)
        need_count("n", array.size, least=2)
        return cls(array.size, float(array.mean()), float(array.var(ddof=1)))

    @classmethod
    def from_share(cls, successes: int, n: int) -> Moments:
        """A share as the mean of zeros and ones."""
        need_successes("share", successes, n, least=2)
        share = successes / n
        return cls(int(n), share, share * (1 - share) * n / (n - 1))


@dataclass(frozen=True, eq=False)
class Joint:
    """Count, means (k,) and sample covariances (k, k) of k values a user.

    The order carries the meaning: (numerator, denominator) for a ratio, (value, covariate)
    for CUPED of a mean, (numerator, denominator, and both before exposure) for CUPED of a
    ratio.
    """

    n: int
    means: np.ndarray
    cov: np.ndarray

    def __post_init__(self) -> None:
        need_count("n", self.n, least=2)
        k = len(self.means)
        if self.cov.shape != (k, k):
            refuse(
                "cov", f"of shape {self.cov.shape}", f"of shape {(k, k)}, as there are {k} means"
            )
        if not (np.isfinite(self.means).all() and np.isfinite(self.cov).all()):
            refuse("means and cov", "partly missing", "finite")
        if not np.allclose(self.cov, self.cov.T):
            refuse("cov", "not symmetric", "symmetric")

    @classmethod
    def from_sums(
        cls,
        n: int,
        totals: Sequence[float],
        products: Sequence[Sequence[float]],
        *,
        shifts: Sequence[float] | None = None,
    ) -> Joint:
        """From a one-pass query: count, sums (k,) and sums of products (k, k).

        Sums and products are those of the values less `shifts` (k,), zero by default.
        """
        need_count("n", n, least=2)
        sums = np.asarray(totals, dtype=float)
        cov = (np.asarray(products, dtype=float) - np.outer(sums, sums) / n) / (n - 1)
        return cls(int(n), sums / n + (0 if shifts is None else np.asarray(shifts)), cov)

    @classmethod
    def from_values(cls, *columns: Sequence[float] | np.ndarray) -> Joint:
        """From k arrays of shape (n,)."""
        table = np.vstack([np.asarray(column, dtype=float) for column in columns])
        need_count("n", table.shape[1], least=2)
        return cls(table.shape[1], table.mean(axis=1), np.atleast_2d(np.cov(table)))

    def moments(self, index: int = 0) -> Moments:
        """The moments of one of the values."""
        return Moments(self.n, float(self.means[index]), float(self.cov[index, index]))

    def combine(self, weights: np.ndarray, mean: float) -> Moments:
        """A linear combination of the values, with `mean` in place of the combined mean."""
        return Moments(self.n, mean, max(float(weights @ self.cov @ weights), 0.0))

    def ratio(self, name: str = "denominator", at: int = 0) -> tuple[float, np.ndarray]:
        """The ratio of values `at` and `at + 1`, and its delta-method gradient (k,)."""
        top, bottom = float(self.means[at]), float(self.means[at + 1])
        if bottom == 0:
            refuse(f"mean of the {name}", bottom, "other than 0")
        gradient = np.zeros(len(self.means))
        gradient[at], gradient[at + 1] = 1 / bottom, -top / bottom**2
        return top / bottom, gradient


def ratio_moments(joint: Joint) -> Moments:
    """A ratio of two sums over users, as moments by the delta method.

    The mean is sum(numerator) / sum(denominator), and `var / n` the variance of that ratio
    (Deng, Knoblich and Lu 2018), so that ratios go through every comparison of means.

    Raises
    ------
    MethodError
        When the denominator is zero on average.
    """
    value, gradient = joint.ratio()
    return joint.combine(gradient, value)
