"""A Bayesian reading of an effect and its standard error: chance to win, expected loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import (
    Estimate,
    need_finite,
    need_fraction,
    need_successes,
    refuse,
)


@dataclass(frozen=True)
class Posterior:
    """Normal posterior of an effect (a difference or a lift, in its unit).

    Attributes
    ----------
    mean, sd, low, high : float
        With a central credible interval of level 1 - alpha.
    chance_to_win : float
        Probability that the treatment is better.
    loss_if_shipped, loss_if_held : float
        Expected loss, at least 0, of shipping and of keeping the control.
    prior_mean, prior_sd : float
        Of the prior; an infinite `prior_sd` is a flat one.
    """

    mean: float
    sd: float
    low: float
    high: float
    chance_to_win: float
    loss_if_shipped: float
    loss_if_held: float
    prior_mean: float
    prior_sd: float
    alpha: float


def posterior(
    effect: float,
    se: float,
    *,
    prior_mean: float = 0.0,
    prior_sd: float = math.inf,
    better: str = "up",
    alpha: float = 0.05,
) -> Posterior:
    """Combine an estimate with a normal prior.

    Parameters
    ----------
    effect, se : float
        Estimate and standard error, of a difference or of `delta_lift`.
    prior_mean, prior_sd : float
        What past experiments led to expect; flat by default.
    better : str
        `up` when a higher value wins, `down` when a lower one does.

    Raises
    ------
    MethodError
        When se or prior_sd is not above 0, or `better` is unknown.
    """
    need_fraction("alpha", alpha)
    need_finite("effect", effect)
    need_finite("prior_mean", prior_mean)
    if not (math.isfinite(se) and se > 0):
        refuse("se", se, "a finite number above 0")
    if not prior_sd > 0:
        refuse("prior_sd", prior_sd, "above 0")
    if better not in ("up", "down"):
        refuse("better", f'"{better}"', '"up" or "down"')
    precision, weight = 1 / se**2, 1 / prior_sd**2
    mean = (effect * precision + prior_mean * weight) / (precision + weight)
    sd = 1 / math.sqrt(precision + weight)
    reach = float(norm.ppf(1 - alpha / 2)) * sd
    gain = mean if better == "up" else -mean
    shipped = sd * float(norm.pdf(gain / sd)) - gain * float(norm.sf(gain / sd))
    return Posterior(
        mean,
        sd,
        mean - reach,
        mean + reach,
        float(norm.cdf(gain / sd)),
        max(shipped, 0.0),
        max(shipped + gain, 0.0),
        prior_mean,
        prior_sd,
        alpha,
    )


def jeffreys(successes: int, n: int, *, alpha: float = 0.05) -> Estimate:
    """A share with its equal-tailed posterior interval under Jeffreys' prior Beta(1/2, 1/2).

    At 0 and at n the bound on that side is the share itself (Brown, Cai and DasGupta 2001).

    Raises
    ------
    MethodError
        When n is 0, a count is no whole number, or successes exceed n.
    """
    need_fraction("alpha", alpha)
    need_successes("share", successes, n)
    a, b = successes + 0.5, n - successes + 0.5
    low = 0.0 if successes == 0 else float(special.betaincinv(a, b, alpha / 2))
    high = 1.0 if successes == n else float(special.betaincinv(a, b, 1 - alpha / 2))
    sd = math.sqrt(a * b / (a + b + 1)) / (a + b)
    return Estimate(successes / n, low, high, sd, None, n, "jeffreys", alpha)


def chance_higher(successes0: int, n0: int, successes1: int, n1: int) -> float:
    """Probability that share 1 exceeds share 0, both under Jeffreys' prior; exact to 1e-9.

    For counts too small for the normal `posterior`.
    """
    need_successes("control", successes0, n0)
    need_successes("treatment", successes1, n1)
    # In the angle whose squared sine is the share, the posterior is smooth and about normal.
    centre = math.asin(math.sqrt((successes0 + 0.5) / (n0 + 1)))
    reach = 6 / math.sqrt(n0 + 1)
    low, high = max(centre - reach, 0.0), min(centre + reach, math.pi / 2)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    angle = (low + high) / 2 + (high - low) / 2 * nodes
    share = np.sin(angle) ** 2
    density = 2 * special.xlogy(successes0, np.sin(angle))
    density += 2 * special.xlogy(n0 - successes0, np.cos(angle))
    chance = np.exp(density - density.max()) * weights
    above = special.betaincc(successes1 + 0.5, n1 - successes1 + 0.5, share)
    return float(chance @ above / chance.sum())
