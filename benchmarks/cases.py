"""Simulated experiments with a known effect, one for each way to compare two arms.

Every case draws an experiment whose treatment is `lift` better than its control and hands
back what `opsnb.analysis.methods` says of it, so that the same case shows the rate of false
positives (lift 0) and the coverage of its intervals (any other).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.clusters import cluster_joint, clustered_difference
from opsnb.analysis.methods.compare import difference, two_proportions
from opsnb.analysis.methods.cuped import cuped
from opsnb.analysis.methods.daily import daily_difference
from opsnb.analysis.methods.estimate import Comparison, Estimate
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments
from opsnb.analysis.methods.paired import pair_joint, paired_difference
from opsnb.analysis.methods.quantiles import quantile_from_values, quantile_moments, quantile_ranks
from opsnb.analysis.methods.strata import stratified_difference

Rng = np.random.Generator
Answer = Comparison | Estimate


@dataclass(frozen=True)
class Case:
    """A way to compare two arms, and the control's true value."""

    name: str
    base: float
    draw: Callable[[Rng, float], Answer]


def _mean(rng: Rng, lift: float) -> Answer:
    control, treatment = rng.gamma(2, 5, 400), rng.gamma(2, 5, 400) * (1 + lift)
    return difference(Moments.from_values(control), Moments.from_values(treatment))


def _unequal(rng: Rng, lift: float) -> Answer:
    control, treatment = rng.gamma(4, 2.5, 900), rng.normal(10 * (1 + lift), 8, 100)
    return difference(Moments.from_values(control), Moments.from_values(treatment))


def _share(rng: Rng, lift: float) -> Answer:
    control, treatment = rng.binomial(1500, 0.12), rng.binomial(1500, 0.12 * (1 + lift))
    return two_proportions(int(control), 1500, int(treatment), 1500)


def _orders(rng: Rng, lift: float) -> Joint:
    orders = rng.poisson(2, 400) + 1
    return Joint.from_values(rng.gamma(2.0 * orders, 5 * (1 + lift)), orders)


def _ratio(rng: Rng, lift: float) -> Answer:
    return difference(ratio_moments(_orders(rng, 0)), ratio_moments(_orders(rng, lift)))


def _adjusted(control: Joint, treatment: Joint) -> Comparison:
    result = cuped(control, treatment)
    return difference(result.control, result.treatment, cov=result.cov)


def _before_and_after(rng: Rng, lift: float) -> Joint:
    before = rng.gamma(4, 2.5, 300)
    return Joint.from_values(0.7 * before + rng.gamma(2, 1.5, 300) + 10 * lift, before)


def _cuped(rng: Rng, lift: float) -> Answer:
    return _adjusted(_before_and_after(rng, 0), _before_and_after(rng, lift))


def _cuped_orders(rng: Rng, lift: float) -> Joint:
    taste = rng.gamma(10, 1, 400)
    orders, earlier = rng.poisson(2, 400) + 1, rng.poisson(2, 400) + 1
    spent = orders * (taste + rng.normal(0, 2, 400) + 10 * lift)
    return Joint.from_values(spent, orders, earlier * (taste + rng.normal(0, 2, 400)), earlier)


def _cuped_ratio(rng: Rng, lift: float) -> Answer:
    return _adjusted(_cuped_orders(rng, 0), _cuped_orders(rng, lift))


def _quantile(q: float) -> Callable[[Rng, float], Answer]:
    def draw(rng: Rng, lift: float) -> Answer:
        control, treatment = rng.exponential(1, 1500), rng.exponential(1 + lift, 1500)
        return difference(quantile_from_values(control, q), quantile_from_values(treatment, q))

    return draw


def _loads(rng: Rng, lift: float) -> Moments:
    """Median load time over page loads, of users who are fast or slow."""
    loads = rng.poisson(6, 300) + 1
    who = np.repeat(np.arange(300), loads)
    times = np.exp(rng.normal(0, 0.6, 300)[who] + rng.normal(0, 0.6, len(who))) * (1 + lift)
    ordered, ranks = np.sort(times), quantile_ranks(0.5, len(times))
    low, value, high = (float(ordered[r - 1]) for r in (ranks.low, ranks.point, ranks.high))
    below = Joint.from_values(np.bincount(who, times <= value, 300), loads)
    return quantile_moments(len(times), 0.5, value, low, high, below=below)


def _user_quantile(rng: Rng, lift: float) -> Answer:
    return difference(_loads(rng, 0), _loads(rng, lift))


def _stores(rng: Rng, stores: int, lift: float) -> Joint:
    sizes = rng.poisson(4, stores) + 1
    who = np.repeat(np.arange(stores), sizes)
    return cluster_joint(who, rng.normal(10, 2, stores)[who] + rng.normal(10 * lift, 2, len(who)))


def _clusters(rng: Rng, lift: float) -> Answer:
    return clustered_difference(_stores(rng, 40, 0), _stores(rng, 30, lift))


def _paired_means(rng: Rng, lift: float) -> Answer:
    """Twenty units, each once in both arms, whose levels differ widely."""
    level, one = rng.normal(10, 4, 20), np.ones(20)
    before, after = (level + rng.normal(gain, 1, 20) for gain in (0, 10 * lift))
    return paired_difference(pair_joint((before, one), (after, one)))


def _paired_counts(rng: Rng, lift: float) -> Answer:
    """Stories with two headlines: rates and sizes differ, and so do the headlines' merits."""
    views = rng.poisson(rng.gamma(4, 100, (1, 60)), (2, 60)) + 1
    rates = rng.beta(20, 180, 60) * np.stack([np.ones(60), (1 + lift) * rng.gamma(25, 0.04, 60)])
    clicks = rng.poisson(views * rates)
    return paired_difference(pair_joint((clicks[0], views[0]), (clicks[1], views[1])))


def _days(rng: Rng, lift: float) -> Answer:
    def arm(lift: float) -> tuple[np.ndarray, np.ndarray]:
        trials = rng.poisson(800, 28)
        return rng.binomial(trials, (1 + lift) * rng.beta(40, 160, 28)), trials

    return daily_difference(arm(0), arm(lift)).by_day


def _strata(rng: Rng, lift: float) -> Answer:
    """Days with levels and splits of their own."""
    strata = {}
    for day in range(7):
        users = int(80 + 40 * day)
        sizes = users, 400 - users
        strata[str(day)] = (
            Moments.from_values(rng.gamma(2, 4 + day / 3, sizes[0])),
            Moments.from_values(rng.gamma(2, 4 + day / 3, sizes[1]) + 10 * lift),
        )
    return stratified_difference(strata)


def _capped(rng: Rng, lift: float) -> Answer:
    """Capped at the 99 % quantile of both arms together; the effect is read on the cap's scale."""
    values = rng.lognormal(0, 1.5, (2, 1000))
    values = np.minimum(values, np.quantile(values, 0.99))
    return difference(Moments.from_values(values[0]), Moments.from_values(values[1] + 10 * lift))


CASES = (
    Case("mean", 10, _mean),
    Case("mean, 9:1, unequal variances", 10, _unequal),
    Case("share", 0.12, _share),
    Case("ratio", 10, _ratio),
    Case("CUPED, mean", 10, _cuped),
    Case("CUPED, ratio", 10, _cuped_ratio),
    Case("capped mean", 10, _capped),
    Case("median", float(np.log(2)), _quantile(0.5)),
    Case("P90", float(np.log(10)), _quantile(0.9)),
    Case("median over users' page loads", 1, _user_quantile),
    Case("clusters", 10, _clusters),
    Case("pairs, means", 10, _paired_means),
    Case("pairs, counts by Mantel-Haenszel", 0.1, _paired_counts),
    Case("daily counts, by day", 0.2, _days),
    Case("stratified by day", 10, _strata),
)
