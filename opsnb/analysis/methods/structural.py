"""What would a daily series have been without the campaign? A Bayesian structural time series.

The model of Brodersen et al. (2015), fitted to the days before the campaign:

    y_t = level_t + controls_t beta + weekday_t gamma + noise_t,    level_t = level_{t-1} + step_t

with spike-and-slab selection of the controls. Gibbs sampling from a seeded generator: the
same input gives the same output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from opsnb.analysis.methods.estimate import Estimate, need_count, need_fraction, refuse
from opsnb.analysis.methods.gibbs import Sampler

MIN_BEFORE = 14
"""Fewest days with data before the campaign."""


@dataclass(frozen=True, eq=False)
class Effect:
    """Effect of the campaign on the days after it began.

    Attributes
    ----------
    average, cumulative : Estimate
        Mean effect a day, and its sum over the days with data, in the unit of y. `p_value`
        is the two-sided posterior tail probability; `n` the number of those days.
    relative : Estimate
        Sum seen over sum expected, less one.
    expected, low, high : ndarray of shape (days,)
        Counterfactual of every day, before and after, with its interval; before the campaign
        it is the fit.
    inclusion : ndarray of shape (controls,)
        Posterior probability that each control belongs in the model.
    r2, mape : float
        Fit to the days before; `mape` is NaN when a day before has y = 0.
    n_before, missing : int
        Days used for the fit; days left out for want of y or a control.
    """

    average: Estimate
    cumulative: Estimate
    relative: Estimate
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    inclusion: np.ndarray
    r2: float
    mape: float
    n_before: int
    missing: int


@dataclass(frozen=True, eq=False)
class Placebo:
    """The effect found in a window before the campaign, where there was none.

    `start` and `stop` are positions in y (stop excluded); `alarm` tells whether the interval
    excludes zero.
    """

    start: int
    stop: int
    effect: Effect

    @property
    def alarm(self) -> bool:
        """Whether an effect was found where there was none."""
        return self.effect.average.significant


def campaign_effect(
    y: np.ndarray,
    n_pre: int,
    controls: np.ndarray | None = None,
    *,
    weekly: bool = True,
    level_sd: float = 0.01,
    noise_days: float = 20.0,
    alpha: float = 0.05,
    draws: int = 1500,
    seed: int = 0,
) -> Effect:
    """Effect of a campaign on a daily series.

    Parameters
    ----------
    y : ndarray of shape (days,)
        One value for each consecutive day; NaN where it is missing.
    n_pre : int
        Days before the campaign.
    controls : ndarray of shape (days, k), optional
        Series that the campaign did not touch. A day without one of them is left out.
    weekly : bool
        Whether to fit weekdays; done only with at least three weeks before.
    level_sd : float
        Prior standard deviation of the level's daily step, in standard deviations of y.
        Small values (0.01, the default of CausalImpact) trust controls and weekdays.
    noise_days : float
        Weight of the prior that a fifth of the variance is noise. CausalImpact takes 50, which
        makes intervals too short where controls and weekdays explain little.
    draws : int
        Posterior draws kept after a burn-in of 200.

    Raises
    ------
    MethodError
        When shapes differ, fewer than 14 days before or no day after has data, or y does not
        vary.
    """
    y, table = _as_arrays(y, controls)
    _check(y, n_pre, level_sd, noise_days, alpha, draws)
    usable = np.isfinite(y) & np.isfinite(table).all(axis=1)
    before = usable & (np.arange(len(y)) < n_pre)
    after = usable & (np.arange(len(y)) >= n_pre)
    if before.sum() < MIN_BEFORE:
        refuse("days with data before", int(before.sum()), f"at least {MIN_BEFORE}")
    if not after.any():
        refuse("days with data after", 0, "at least 1")
    centre, scale = y[before].mean(), y[before].std(ddof=1)
    if scale <= 1e-12 * max(1.0, abs(centre)):
        refuse("y before the campaign", "constant", "a series that varies")
    inputs = _standardise(table, before)
    if weekly and before.sum() >= 21:
        inputs = np.hstack([_weekdays(len(y), before), inputs])
    fixed = inputs.shape[1] - table.shape[1]
    sampler = Sampler((y - centre) / scale, inputs, fixed, before, level_sd, noise_days)
    fit, predicted, included = sampler.run(draws, np.random.default_rng(seed))
    expected = centre + scale * predicted
    return _summarise(y, n_pre, expected, centre + scale * fit, included, usable, alpha)


def placebo_in_time(
    y: np.ndarray,
    n_pre: int,
    controls: np.ndarray | None = None,
    *,
    windows: int = 3,
    length: int | None = None,
    **options: Any,
) -> list[Placebo]:
    """The same analysis for pretended campaigns before the real one.

    Parameters
    ----------
    windows : int
        How many windows at most, back to back, the last one ending where the campaign began.
    length : int, optional
        Days a window; the days after by default, at most a quarter of the days before.
    options
        As for `campaign_effect`.

    Returns
    -------
    list of Placebo
        In time order; a window is left out when fewer days than twice its length, or than
        21, lie before it. Empty when none fits.
    """
    y, table = _as_arrays(y, controls)
    need_count("windows", windows, least=1)
    size = length if length is not None else max(1, min(len(y) - n_pre, n_pre // 4))
    need_count("length", size, least=1)
    found = []
    for back in range(windows, 0, -1):
        start = n_pre - back * size
        stop = start + size
        rows = np.isfinite(y[:stop]) & np.isfinite(table[:stop]).all(axis=1)
        enough = start > 0 and rows[:start].sum() >= max(2 * size, 21) and rows[start:].any()
        if enough:
            effect = campaign_effect(y[:stop], start, table[:stop], **options)
            found.append(Placebo(start, stop, effect))
    return found


def _as_arrays(y: np.ndarray, controls: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    y = np.asarray(y, dtype=float)
    if y.ndim != 1:
        refuse("y", f"of shape {y.shape}", "one-dimensional")
    table = np.empty((len(y), 0)) if controls is None else np.asarray(controls, dtype=float)
    if table.ndim == 1:
        table = table[:, None]
    if len(table) != len(y):
        refuse("number of rows of controls", len(table), f"that of y, which is {len(y)}")
    return y, table


def _check(
    y: np.ndarray, n_pre: int, level_sd: float, noise_days: float, alpha: float, draws: int
) -> None:
    need_fraction("alpha", alpha)
    need_count("draws", draws, least=100)
    need_count("n_pre", n_pre, least=1)
    if n_pre >= len(y):
        refuse("n_pre", n_pre, f"below the number of days, which is {len(y)}")
    if not 0 < level_sd <= 1:
        refuse("level_sd", level_sd, "above 0 and at most 1")
    if not noise_days > 0:
        refuse("noise_days", noise_days, "above 0")


def _standardise(table: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Controls in standard deviations of the days before; missing and constant ones are 0."""
    spread = table[before].std(axis=0, ddof=1)
    scaled = (table - table[before].mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    standard: np.ndarray = np.nan_to_num(scaled)
    return standard


def _weekdays(days: int, before: np.ndarray) -> np.ndarray:
    """Six columns that tell the weekdays apart, centred on the days before."""
    dummies = (np.arange(days)[:, None] % 7 == np.arange(6)).astype(float)
    centred: np.ndarray = dummies - dummies[before].mean(axis=0)
    return centred


def _summarise(
    y: np.ndarray,
    n_pre: int,
    draws: np.ndarray,
    fit: np.ndarray,
    included: np.ndarray,
    usable: np.ndarray,
    alpha: float,
) -> Effect:
    before = usable & (np.arange(len(y)) < n_pre)
    after = usable & (np.arange(len(y)) >= n_pre)
    seen, expected = y[after].sum(), draws[:, after].sum(axis=1)
    n = int(after.sum())
    gap = y[before] - fit[before]
    spread = y[before] - y[before].mean()
    nonzero = (y[before] != 0).all()
    low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
    return Effect(
        _posterior((seen - expected) / n, n, alpha),
        _posterior(seen - expected, n, alpha),
        _posterior(seen / expected - 1, n, alpha),
        np.where(np.arange(len(y)) < n_pre, fit, draws.mean(axis=0)),
        low,
        high,
        included,
        float(1 - gap @ gap / (spread @ spread)),
        float(np.abs(gap / y[before]).mean()) if nonzero else float("nan"),
        int(before.sum()),
        int((~usable).sum()),
    )


def _posterior(effect: np.ndarray, n: int, alpha: float) -> Estimate:
    low, high = np.quantile(effect, [alpha / 2, 1 - alpha / 2])
    tail = min((effect > 0).mean(), (effect < 0).mean())
    return Estimate(
        float(effect.mean()),
        float(low),
        float(high),
        float(effect.std(ddof=1)),
        # The draws cannot show a probability below one in their number.
        float(min(1.0, 2 * max(tail, 1 / len(effect)))),
        n,
        "structural",
        alpha,
    )
