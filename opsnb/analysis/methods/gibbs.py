"""The Gibbs sampler of the structural time series, in standardised units."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

BURN_IN = 200
PRIOR_DF = 32.0
"""Weight of the prior of the level's step, in days."""
NOISE_SHARE = 0.2
"""Share of the variance that the noise's prior expects to be noise."""
SLAB_DAYS = 0.01
"""Weight of the slab in days: how firmly coefficients are drawn to zero."""
EXPECTED_CONTROLS = 3.0
"""How many of the controls are expected to matter."""


class Sampler:
    """Draws level, then noise and coefficients, then the level's step, again and again.

    Parameters
    ----------
    y : ndarray of shape (days,)
        In standard deviations around the mean of the days before.
    x : ndarray of shape (days, k)
        Inputs without missing values; the first `fixed` of them always stay in the model.
    before : ndarray of bool, shape (days,)
        Days to fit.
    level_sd : float
        Prior standard deviation of the level's daily step.
    noise_days : float
        Weight of the noise's prior, in days.
    """

    def __init__(
        self,
        y: np.ndarray,
        x: np.ndarray,
        fixed: int,
        before: np.ndarray,
        level_sd: float,
        noise_days: float,
    ) -> None:
        self.y, self.x, self.fixed = y, x, fixed
        self.level_sd, self.noise_days = level_sd, noise_days
        self.last = int(np.flatnonzero(before)[-1]) + 1
        self.seen = before[: self.last]
        self.x_seen = x[before]
        self.gram = self.x_seen.T @ self.x_seen
        n, k = self.x_seen.shape
        # Zellner's prior halfway to its diagonal, so that collinear controls stay bounded.
        slab = (self.gram + np.diag(np.diag(self.gram))) / 2 / n
        self.slab = SLAB_DAYS * slab + 1e-9 * np.eye(k)
        self.chance = min(1.0, EXPECTED_CONTROLS / max(k - fixed, 1))

    def run(
        self, draws: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean fit (days,), predictive draws (draws, days) and inclusion (controls,)."""
        days, k = self.x.shape
        noise, step = NOISE_SHARE, self.level_sd**2
        beta, gamma = np.zeros(k), np.ones(k, dtype=bool)
        level = np.zeros(self.last)
        fit, included = np.zeros(days), np.zeros(k - self.fixed)
        predicted = np.empty((draws, days))
        for i in range(-BURN_IN, draws):
            level = self._level(self.y[: self.last] - self.x[: self.last] @ beta, noise, step, rng)
            rest = self.y[: self.last][self.seen] - level[self.seen]
            beta, noise, gamma = self._coefficients(rest, noise, gamma, rng)
            step = self._step(level, rng)
            if i < 0:
                continue
            ahead = level[-1] + np.cumsum(rng.normal(0, np.sqrt(step), days - self.last))
            mean = np.concatenate([level, ahead]) + self.x @ beta
            fit += mean / draws
            predicted[i] = mean + rng.normal(0, np.sqrt(noise), days)
            included += gamma[self.fixed :] / draws
        return fit, predicted, included

    def _level(
        self, rest: np.ndarray, noise: float, step: float, rng: np.random.Generator
    ) -> np.ndarray:
        """The whole path of the level at once, from its tridiagonal precision matrix."""
        band = np.empty((2, self.last))
        band[0] = 2 / step
        band[0, -1] = 1 / step
        band[0, 0] = 1 / step + 1.0  # the first level is N(0, 1)
        if self.last == 1:
            band[0, 0] = 1.0
        band[0] += self.seen / noise
        band[1] = -1 / step
        right = np.where(self.seen, rest, 0.0) / noise
        factor, _ = lapack.dpbtrf(band, lower=1)
        mean, _ = lapack.dpbtrs(factor, right, lower=1)
        spread, _ = lapack.dtbtrs(factor, rng.normal(size=self.last), uplo="L", trans="T")
        path: np.ndarray = mean.ravel() + spread.ravel()
        return path

    def _coefficients(
        self, rest: np.ndarray, noise: float, gamma: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, float, np.ndarray]:
        moment = self.x_seen.T @ rest / noise
        if self.chance < 1:
            gamma = self._select(moment, noise, gamma, rng)
        beta = np.zeros(len(gamma))
        if gamma.any():
            factor, white = self._solve(moment, noise, gamma)
            draw = white + rng.normal(size=len(white))
            beta[gamma], _ = lapack.dtrtrs(factor, draw, lower=1, trans=1)
        gap = rest - self.x_seen @ beta
        spread = (self.noise_days * NOISE_SHARE + gap @ gap) / 2
        return beta, spread / rng.gamma((self.noise_days + len(rest)) / 2), gamma

    def _solve(
        self, moment: np.ndarray, noise: float, gamma: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cholesky factor L of the chosen coefficients' precision, and L^-1 moment.

        The slab does not depend on the noise: a conjugate one would count each coefficient as
        a day without noise and make intervals too short.
        """
        precision = self.gram / noise + self.slab
        if not gamma.all():
            precision = precision[np.ix_(gamma, gamma)]
        factor, failed = lapack.dpotrf(precision, lower=1)
        if failed:
            raise np.linalg.LinAlgError("the precision of the coefficients is not positive")
        white, _ = lapack.dtrtrs(factor, moment[gamma], lower=1)
        return factor, white

    def _select(
        self, moment: np.ndarray, noise: float, gamma: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Visit every control in random order and draw whether it is in the model."""
        odds = np.log(self.chance) - np.log1p(-self.chance)
        current = self._evidence(moment, noise, gamma)
        for j in self.fixed + rng.permutation(len(gamma) - self.fixed):
            other = gamma.copy()
            other[j] = not gamma[j]
            proposed = self._evidence(moment, noise, other)
            gain = proposed - current + (odds if other[j] else -odds)
            if np.log(rng.random()) < -np.logaddexp(0, -gain):
                gamma, current = other, proposed
        return gamma

    def _evidence(self, moment: np.ndarray, noise: float, gamma: np.ndarray) -> float:
        """Log marginal likelihood of a choice of inputs, up to a constant."""
        if not gamma.any():
            return 0.0
        factor, white = self._solve(moment, noise, gamma)
        prior = np.linalg.slogdet(self.slab[np.ix_(gamma, gamma)])[1]
        return float(prior / 2 - np.log(np.diag(factor)).sum() + white @ white / 2)

    def _step(self, level: np.ndarray, rng: np.random.Generator) -> float:
        moves = np.diff(level)
        scale = (PRIOR_DF * self.level_sd**2 + moves @ moves) / 2
        return min(float(scale / rng.gamma((PRIOR_DF + len(moves)) / 2)), 1.0)
