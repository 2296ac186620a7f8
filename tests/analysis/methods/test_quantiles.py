"""Quantiles against GrowthBook, order statistics and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.analysis.methods.bayes import posterior
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.methods.quantiles import quantile_from_values, quantile_moments, quantile_ranks
from opsnb.base.errors import MethodError


def test_oracle_11_p90_equals_growthbook():
    """growthbook packages/stats, quantile tests: P90 of 11,054 and 10,861 values."""
    control = quantile_moments(11054, 0.9, 7.157987, 7.098780, 7.217195)
    treatment = quantile_moments(10861, 0.9, 7.694500, 7.641806, 7.747194)
    diff = difference(control, treatment).diff
    # Theirs is normal with a variance scaled by (n - 1) / n, ours is Student's: apart by 1e-5.
    normal = posterior(diff.value, diff.se)
    expected = [0.53651, 0.45726, 0.61577]
    assert [normal.mean, normal.low, normal.high] == pytest.approx(expected, abs=1e-5)
    assert [diff.value, diff.low, diff.high] == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(("q", "n"), [(0.5, 200), (0.9, 1000), (0.99, 5000)])
def test_ranks_cover_the_quantile_as_the_binomial_says(q, n):
    ranks = quantile_ranks(q, n)
    covered = stats.binom.cdf(ranks.high - 1, n, q) - stats.binom.cdf(ranks.low - 1, n, q)
    assert 0.94 <= covered <= 0.965
    assert ranks.low < ranks.point < ranks.high
    assert ranks.point == np.ceil(q * n)


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_standard_error_equals_the_density_formula(q):
    n = 200_000
    values = np.random.default_rng(1).exponential(1.0, n)
    arm = quantile_from_values(values, q)
    # sqrt(q (1 - q) / n) / density, and the exponential's density at its quantile is 1 - q.
    expected = np.sqrt(q * (1 - q) / n) / (1 - q)
    assert np.sqrt(arm.squared_error) == pytest.approx(expected, rel=0.1)
    assert arm.mean == pytest.approx(np.quantile(values, q), rel=1e-3)


def test_interval_of_a_difference_of_medians_covers_the_truth():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(600):
        a, b = rng.lognormal(0, 1, 800), 1.2 * rng.lognormal(0, 1, 800)
        diff = difference(quantile_from_values(a, 0.5), quantile_from_values(b, 0.5)).diff
        inside.append(diff.low < 0.2 < diff.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


def clustered_arm(rng, users=300):
    """Page loads of users of whom each is fast or slow."""
    loads = rng.poisson(6, users) + 1
    who = np.repeat(np.arange(users), loads)
    values = np.exp(rng.normal(0, 0.6, users)[who] + rng.normal(0, 0.6, len(who)))
    n = len(values)
    ordered = np.sort(values)
    ranks = quantile_ranks(0.75, n)
    point = ordered[ranks.point - 1]
    below = Joint.from_values(np.bincount(who, values <= point), loads)
    bounds = ordered[ranks.low - 1], ordered[ranks.high - 1]
    plain = quantile_moments(n, 0.75, point, *bounds)
    return plain, quantile_moments(n, 0.75, point, *bounds, below=below)


def test_values_of_the_same_user_do_not_count_as_independent():
    rng = np.random.default_rng(3)
    naive, robust = [], []
    for _ in range(400):
        (plain0, cluster0), (plain1, cluster1) = clustered_arm(rng), clustered_arm(rng)
        naive.append(difference(plain0, plain1).diff.significant)
        robust.append(difference(cluster0, cluster1).diff.significant)
    assert np.mean(naive) > 0.1
    assert np.mean(robust) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantile_ranks(1.0, 100), "q is 1; it must be between 0 and 1"),
        (lambda: quantile_ranks(0.99, 100), "n is 100; it must be at least 381 for the 0.99"),
        (lambda: quantile_moments(100, 0.5, 5.0, 6.0, 7.0), "value is 5; it must be between low"),
        (lambda: quantile_moments(100, 0.5, np.nan, 6.0, 7.0), "value is nan"),
        (
            lambda: quantile_from_values(np.r_[np.zeros(90), np.ones(10)], 0.5),
            "high - low is 0; it must be above 0. Fix: many values equal 0: compare the share",
        ),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()


def test_the_smallest_n_of_the_error_is_enough():
    for q in (0.05, 0.5, 0.99):
        with pytest.raises(MethodError) as caught:
            quantile_ranks(q, 3)
        least = int(str(caught.value).split("at least ")[1].split(" ")[0])
        assert quantile_ranks(q, least).low >= 1
        with pytest.raises(MethodError):
            quantile_ranks(q, least - 1)
