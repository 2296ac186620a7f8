"""Synthetic control: what would the treated regions have done without the campaign?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from opsnb.analysis.methods.distributions import student
from opsnb.analysis.methods.estimate import need_count, need_fraction, refuse

MIN_BEFORE = 10
"""Fewest days before the campaign."""

FOLDS = 3
"""Blocks of days before the campaign that the standard error leaves out in turn."""


@dataclass(frozen=True, eq=False)
class Synthetic:
    """The treated regions against a weighted mean of the others.

    Attributes
    ----------
    att : float
        Mean effect a treated region a day, in the unit of y.
    incremental : float
        Sum over treated regions and days.
    lift : float
        `att` over the mean expected without the campaign; NaN where that is 0.
    low, high, se : float
        Interval and standard error of `att`, by the cross-fitted t-test.
    p_value : float
        Conformal, of "no effect on any day".
    weights : dict of str to float
        Of the regions that make the control; they sum to 1.
    expected : ndarray of shape (days,)
        Mean of the treated regions without the campaign; before it, the fit.
    l2, scaled_l2 : float
        Size of the misfit before, and the same relative to equal weights (1: no better).
    """

    att: float
    incremental: float
    lift: float
    low: float
    high: float
    se: float
    p_value: float
    weights: dict[str, float]
    expected: np.ndarray
    l2: float
    scaled_l2: float
    alpha: float


def synthetic_control(
    treated: np.ndarray,
    controls: np.ndarray,
    n_pre: int,
    *,
    names: list[str] | None = None,
    alpha: float = 0.05,
    permutations: int = 1000,
    seed: int = 0,
) -> Synthetic:
    """Effect of a campaign on some regions, judged by the others.

    Parameters
    ----------
    treated : ndarray of shape (days,) or (days, regions)
        Regions with the campaign; they are averaged.
    controls : ndarray of shape (days, k)
        Regions without it.
    n_pre : int
        Days before the campaign.
    names : list of str, optional
        Of the controls; their positions by default.
    alpha : float
        Of the interval.
    permutations : int
        Random permutations of the conformal test.

    Notes
    -----
    Every region is centred on its own days before the campaign (a fixed effect); the weights
    are at least 0, sum to 1 and minimise the squared misfit before. The p-value permutes days
    (Chernozhukov, Wuthrich and Zhu 2021); the interval is the same authors' t-test over three
    fits that each leave out a block of days before, with 2 degrees of freedom.

    Raises
    ------
    MethodError
        When shapes differ, values are missing, the treated do not vary before, or there are
        fewer than 10 days before, no day after or fewer than 2 controls.
    """
    need_fraction("alpha", alpha)
    need_count("permutations", permutations, least=100)
    block = np.asarray(treated, dtype=float)
    block = block[:, None] if block.ndim == 1 else block
    others = np.asarray(controls, dtype=float)
    _check(block, others, n_pre, names)
    y = block.mean(axis=1)
    centred = _centred(others, n_pre)[:n_pre]
    own = y[:n_pre] - y[:n_pre].mean()
    weights = _weights(own, centred)
    expected = y[:n_pre].mean() + _centred(others, n_pre) @ weights
    gap = y - expected
    att = float(gap[n_pre:].mean())
    l2 = float(np.linalg.norm(gap[:n_pre]))
    even = float(np.linalg.norm(own - centred.mean(axis=1)))
    level = float(expected[n_pre:].mean())
    se = _standard_error(y, others, n_pre)
    reach = float(student.ppf(1 - alpha / 2, FOLDS - 1)) * se
    labels = names or [str(index) for index in range(others.shape[1])]
    return Synthetic(
        att,
        att * block.shape[1] * (len(y) - n_pre),
        att / level if level else math.nan,
        att - reach,
        att + reach,
        se,
        _conformal(y, others, n_pre, permutations, seed),
        {label: float(w) for label, w in zip(labels, weights, strict=True) if w > 1e-4},
        expected,
        l2,
        l2 / even if even else 1.0,
        alpha,
    )


def _check(block: np.ndarray, others: np.ndarray, n_pre: int, names: list[str] | None) -> None:
    if others.ndim != 2 or len(others) != len(block):
        refuse("controls", f"of shape {others.shape}", f"of {len(block)} rows, one a day")
    if others.shape[1] < 2:
        refuse("number of controls", others.shape[1], "at least 2")
    if names is not None and len(names) != others.shape[1]:
        refuse("number of names", len(names), f"that of controls, which is {others.shape[1]}")
    need_count("n_pre", n_pre, least=MIN_BEFORE)
    if n_pre >= len(block):
        refuse("n_pre", n_pre, f"below the number of days, which is {len(block)}")
    for name, values in (("treated", block), ("controls", others)):
        if not np.isfinite(values).all():
            refuse(name, "partly missing", "complete", hint="drop the region or fill the days")
    if np.ptp(block[:n_pre].mean(axis=1)) == 0:
        refuse("treated before the campaign", "constant", "a series that varies")


def _centred(values: np.ndarray, rows: int) -> np.ndarray:
    centred: np.ndarray = values - values[:rows].mean(axis=0)
    return centred


def _weights(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Weights of at least 0 that sum to 1 and minimise |y - x w|.

    With z = x - y, |z w|^2 + (sum(w) - 1)^2 over all w >= 0 is least at a multiple of the
    answer, whatever the unit of z: so non-negative least squares solves it exactly.
    """
    z = x - y[:, None]
    unit = np.abs(z).max() or 1.0
    rows = np.vstack([z / unit, np.ones(x.shape[1])])
    found, _ = optimize.nnls(rows, np.append(np.zeros(len(y)), 1.0))
    weights: np.ndarray = found / found.sum()
    return weights


def _gap(y: np.ndarray, others: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Treated less synthetic on every day, fitted to (and centred on) the days `fitted`."""
    own = y - y[fitted].mean()
    x = others - others[fitted].mean(axis=0)
    gap: np.ndarray = own - x @ _weights(own[fitted], x[fitted])
    return gap


def _conformal(
    y: np.ndarray, others: np.ndarray, n_pre: int, permutations: int, seed: int
) -> float:
    """Are the residuals after the campaign began larger than permuted ones?

    Without an effect the controls explain all days alike, so the fit is to all of them.
    """
    size = np.abs(_gap(y, others, np.arange(len(y))))
    rng = np.random.default_rng(seed)
    permuted = [size[rng.permutation(len(y))[n_pre:]].sum() for _ in range(permutations)]
    larger = (np.array(permuted) >= size[n_pre:].sum()).sum()
    return float((1 + larger) / (1 + permutations))


def _standard_error(y: np.ndarray, others: np.ndarray, n_pre: int) -> float:
    """Of the mean effect, from fits that each leave out a block of days before.

    What a fit misses on the days left out is as good a guess of the effect's error as any.
    """
    n_post = len(y) - n_pre
    size = min(n_pre // FOLDS, n_post)
    effects = []
    for k in range(FOLDS):
        held = np.arange(n_pre - (k + 1) * size, n_pre - k * size)
        gap = _gap(y, others, np.setdiff1d(np.arange(n_pre), held))
        effects.append(gap[n_pre:].mean() - gap[held].mean())
    spread = float(np.var(effects, ddof=1)) * (1 + FOLDS * size / n_post)
    return float(np.sqrt(spread / FOLDS))
