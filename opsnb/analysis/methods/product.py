"""An uncertain number of uncertain worth: both uncertainties in one interval."""

from __future__ import annotations

import numpy as np

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import Estimate, refuse

LEAST_DRAWS = 100


def times(estimate: Estimate, worth: float, draws: np.ndarray | None = None) -> Estimate:
    """An estimate times what one unit of it is worth.

    Parameters
    ----------
    worth : float
        Of one unit.
    draws : ndarray of shape (draws,), optional
        Plausible values of that worth, independent of the estimate. Without them it is taken
        as known, and the interval is the estimate's own times the worth.

    Returns
    -------
    Estimate
        Its interval holds the middle 1 - alpha of draws of the product: the estimate's are
        normal on each side of its value, with the spread that its interval shows, on the same
        quantiles each time. No p-value: that of the estimate stands.

    Raises
    ------
    MethodError
        With fewer than 100 draws, or one that is not finite.
    """
    value = estimate.value * worth
    if draws is None:
        low, high = sorted((estimate.low * worth, estimate.high * worth))
        se = abs(worth) * estimate.se
        return Estimate(value, low, high, se, None, estimate.n, estimate.method, estimate.alpha)
    many = np.asarray(draws, dtype=float)
    if many.ndim != 1 or len(many) < LEAST_DRAWS:
        refuse("number of draws", len(many), f"at least {LEAST_DRAWS}, in one row")
    if not np.isfinite(many).all():
        refuse("draws", "partly not finite", "finite numbers")
    product = _draws(estimate, len(many)) * many
    low, high = np.quantile(product, [estimate.alpha / 2, 1 - estimate.alpha / 2])
    return Estimate(
        value, float(low), float(high), float(product.std(ddof=1)), None, estimate.n,
        estimate.method, estimate.alpha,
    )  # fmt: skip


def _draws(estimate: Estimate, n: int) -> np.ndarray:
    """Draws whose quantiles at alpha / 2 and 1 - alpha / 2 are the bounds of the interval."""
    z = np.random.default_rng(0).permutation(norm.ppf((np.arange(n) + 0.5) / n))
    reach = float(norm.ppf(1 - estimate.alpha / 2))
    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    return estimate.value + z * np.where(z < 0, below, above) / reach
