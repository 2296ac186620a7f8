"""Looking at an experiment more than once without more false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import optimize, stats

from opsnb.methods.estimate import Estimate, need_count, need_finite, need_fraction, refuse

NODES = 200
"""Points of the Gauss-Legendre rule that carries the distribution from look to look."""


def confidence_sequence(
    effect: float, se: float, n: int, *, planned_n: int, alpha: float = 0.05
) -> Estimate:
    """An interval that may be read every day: it covers at all times together.

    The asymptotic confidence sequence of Waudby-Smith et al. (2024), in the normal-mixture
    form that GrowthBook uses.

    Parameters
    ----------
    effect, se : float
        Estimate and standard error so far (a difference, or `delta_lift` for a lift).
    n : int
        Users of both arms so far.
    planned_n : int
        Users at which the interval is to be shortest; to be set before the start.

    Returns
    -------
    Estimate
        With the always-valid p-value, which is below alpha exactly when zero lies outside.

    Raises
    ------
    MethodError
        When se is not above 0, or a count is not positive.
    """
    need_fraction("alpha", alpha)
    need_finite("effect", effect)
    if not (math.isfinite(se) and se > 0):
        refuse("se", se, "a finite number above 0")
    need_count("n", n, least=2)
    need_count("planned_n", planned_n, least=1)
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned_n
    grown = n * rho2 + 1
    reach = se * math.sqrt(2 * grown / (n * rho2) * math.log(math.sqrt(grown) / alpha))
    exponent = 0.5 * math.log(grown) - (effect / se) ** 2 * n * rho2 / (2 * grown)
    p_value = math.exp(min(exponent, 0.0))
    return Estimate(
        effect, effect - reach, effect + reach, se, p_value, int(n), "confidence_sequence", alpha
    )


NEVER = 8.5
"""|z| that stands for "cannot stop here": its tail is below what floating point resolves."""

Spending = Literal["obrien_fleming", "pocock", "quadratic"]


def spent(share: float, *, alpha: float = 0.05, spending: Spending = "obrien_fleming") -> float:
    """Two-sided alpha that may be spent when `share` of the information is in.

    `obrien_fleming` and `pocock` are Lan and DeMets' functions (1983), each side taking
    alpha / 2; `quadratic` is alpha x share^2.
    """
    need_fraction("alpha", alpha)
    if not 0 < share <= 1:
        refuse("share of information", share, "above 0 and at most 1")
    if spending == "obrien_fleming":
        return 4 * float(stats.norm.sf(stats.norm.ppf(1 - alpha / 4) / math.sqrt(share)))
    if spending == "pocock":
        return alpha * math.log(1 + (math.e - 1) * share)
    if spending == "quadratic":
        return alpha * share * share
    return refuse("spending", f'"{spending}"', '"obrien_fleming", "pocock" or "quadratic"')


def boundaries(
    shares: Sequence[float], *, alpha: float = 0.05, spending: Spending = "obrien_fleming"
) -> list[float]:
    """Critical |z| at each look of a two-sided group sequential test.

    Parameters
    ----------
    shares : sequence of float
        Share of the planned information at each look: rising, above 0, at most 1.

    Notes
    -----
    Brownian motion is carried from look to look by numerical integration over the paths that
    have not crossed yet; each boundary spends what the spending function allows.

    Raises
    ------
    MethodError
        When there is no look, shares do not rise or leave (0, 1], or spending is unknown.
    """
    if not len(shares):
        refuse("number of looks", 0, "at least 1")
    for before, after in zip([0.0, *shares], shares, strict=False):
        if after - before < 1e-6:
            refuse("shares", list(shares), "rising from above 0")
    found: list[float] = []
    points, mass = np.zeros(1), np.ones(1)
    last, used = 0.0, 0.0
    for share in shares:
        budget = spent(share, alpha=alpha, spending=spending)
        step, root = math.sqrt(share - last), math.sqrt(share)
        bound = _bound(points, mass, step, root, budget - used)
        found.append(bound)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        ahead = nodes * bound * root
        density = stats.norm.pdf((ahead[:, None] - points) / step) / step
        points, mass = ahead, weights * bound * root * (density @ mass)
        last, used = share, budget
    return found


def _bound(points: np.ndarray, mass: np.ndarray, step: float, root: float, chance: float) -> float:
    """The |z| that the paths alive cross at this look with the given chance."""

    def excess(z: float) -> float:
        out = stats.norm.sf((z * root - points) / step) + stats.norm.sf((z * root + points) / step)
        return float(np.log(max(mass @ out, 1e-300)) - np.log(chance))

    if chance <= 1e-16:
        return NEVER
    return float(optimize.brentq(excess, 0.0, 12.0, xtol=1e-10))
