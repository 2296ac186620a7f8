"""Looking at an experiment more than once without more false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
from scipy import optimize, special

from opsnb.analysis.methods.compare import NO_LIFT, difference, fieller
from opsnb.analysis.methods.distributions import norm
from opsnb.analysis.methods.estimate import (
    Comparison,
    Estimate,
    need_count,
    need_finite,
    need_fraction,
    refuse,
)
from opsnb.analysis.methods.moments import Moments

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


def sequential_difference(
    control: Moments, treatment: Moments, *, planned_n: int, alpha: float = 0.05
) -> Comparison:
    """`difference` for daily reading: difference and lift at all times together.

    The lift is Fieller's with the critical value of the sequence, so that the always-valid
    p-value and both intervals belong to one test. The arms keep their own plain intervals.

    Raises
    ------
    MethodError
        As `difference` and `confidence_sequence`.
    """
    plain = difference(control, treatment, alpha=alpha)
    value, se, n = plain.diff.value, plain.diff.se, plain.diff.n
    diff = confidence_sequence(value, se, n, planned_n=planned_n, alpha=alpha)
    q = (diff.high - diff.low) / (2 * se)
    lift = fieller(control, treatment, q=q, p_value=diff.p_value, alpha=alpha)
    absent = None if lift else NO_LIFT
    return Comparison(plain.control, plain.treatment, diff, lift, absent, math.inf)


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
        return 4 * float(norm.sf(norm.ppf(1 - alpha / 4) / math.sqrt(share)))
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
    _check_shares(shares)
    found: list[float] = []
    points, mass = np.zeros(1), np.ones(1)
    last, used = 0.0, 0.0
    for share in shares:
        budget = spent(share, alpha=alpha, spending=spending)
        step, root = math.sqrt(share - last), math.sqrt(share)
        bound = _bound(points, mass, step, root, budget - used)
        found.append(bound)
        points, mass = _survivors(points, mass, step, (-bound * root, bound * root))
        last, used = share, budget
    return found


def nominal_levels(
    shares: Sequence[float], *, alpha: float = 0.05, spending: Spending = "obrien_fleming"
) -> list[float]:
    """The alpha to give `difference` at each look: two-sided tails of the boundaries."""
    bounds = boundaries(shares, alpha=alpha, spending=spending)
    return [2 * float(norm.sf(bound)) for bound in bounds]


def crossing_chances(
    shares: Sequence[float], bounds: Sequence[float], *, drift: float = 0.0
) -> list[float]:
    """Chance to stop at each look when the statistic drifts: their sum is the power.

    Parameters
    ----------
    shares, bounds : sequence of float
        Shares of information, and critical |z| at each.
    drift : float
        Expected z at full information: the effect over its standard error then.

    Raises
    ------
    MethodError
        When lengths differ, shares are out of order, or a bound is not above 0.
    """
    _check_shares(shares)
    if len(bounds) != len(shares):
        refuse("number of bounds", len(bounds), f"that of shares, which is {len(shares)}")
    if min(bounds) <= 0:
        refuse("lowest bound", float(min(bounds)), "above 0")
    need_finite("drift", drift)
    chances, last = [], 0.0
    points, mass = np.zeros(1), np.ones(1)
    for share, bound in zip(shares, bounds, strict=True):
        step, edge = math.sqrt(share - last), bound * math.sqrt(share)
        moved = points + drift * (share - last)
        out = special.ndtr((moved - edge) / step) + special.ndtr((-edge - moved) / step)
        chances.append(float(mass @ out))
        points, mass = _survivors(moved, mass, step, (-edge, edge))
        last = share
    return chances


def inflation(
    shares: Sequence[float],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    spending: Spending = "obrien_fleming",
) -> float:
    """How many times the users of a test with one look this plan needs at most.

    Multiply what `power.users_for_mean` says by it; the last share is taken as the end.
    """
    need_fraction("power", power)
    bounds = boundaries(shares, alpha=alpha, spending=spending)
    fixed = float(norm.ppf(1 - alpha / 2) + norm.ppf(power))

    def missing(drift: float) -> float:
        return sum(crossing_chances(shares, bounds, drift=drift)) - power

    needed = float(optimize.brentq(missing, 0.1 * fixed, 20.0, xtol=1e-7))
    return (needed / fixed) ** 2


def _check_shares(shares: Sequence[float]) -> None:
    if not len(shares):
        refuse("number of looks", 0, "at least 1")
    for before, after in zip([0.0, *shares], shares, strict=False):
        if after - before < 1e-6:
            refuse("shares", list(shares), "rising from above 0")
    if shares[-1] > 1:
        refuse("share of information", shares[-1], "above 0 and at most 1")


@cache
def _legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(NODES)


def _survivors(
    points: np.ndarray, mass: np.ndarray, step: float, between: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """The paths that end a step inside the boundaries: where, and with what chance."""
    nodes, weights = _legendre()
    low, high = between
    ahead = (low + high) / 2 + (high - low) / 2 * nodes
    gaps = (ahead[:, None] - points) / step
    density = np.exp(-gaps * gaps / 2) / (math.sqrt(2 * math.pi) * step)
    return ahead, weights * (high - low) / 2 * (density @ mass)


def _bound(points: np.ndarray, mass: np.ndarray, step: float, root: float, chance: float) -> float:
    """The |z| that the paths alive cross at this look with the given chance."""

    def excess(z: float) -> float:
        out = special.ndtr((points - z * root) / step) + special.ndtr((-z * root - points) / step)
        return float(np.log(max(mass @ out, 1e-300)) - np.log(chance))

    if chance <= 1e-16:
        return NEVER
    return float(optimize.brentq(excess, 0.0, 12.0, xtol=1e-10))
