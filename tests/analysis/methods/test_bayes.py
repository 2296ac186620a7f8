"""The normal posterior against GrowthBook, and its calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from opsnb.analysis.methods.bayes import chance_higher, jeffreys, posterior
from opsnb.analysis.methods.compare import delta_lift, two_proportions
from opsnb.analysis.methods.moments import Moments
from opsnb.base.errors import MethodError


def lift_of_means():
    return delta_lift(Moments.from_sums(10, 100, 1002.25), Moments.from_sums(10, 105, 1111.5))


def numbers(p):
    return [p.mean, p.low, p.high, p.chance_to_win, p.loss_if_held, p.loss_if_shipped]


def test_shares_with_a_flat_prior_equal_growthbook():
    """Oracle 8: growthbook packages/stats/tests/bayesian/test_tests.py."""
    lift = delta_lift(Moments(100, 0.49, 0.49 * 0.51), Moments(100, 0.51, 0.49 * 0.51))
    assert numbers(posterior(lift.value, lift.se)) == pytest.approx(
        [0.04082, -0.24779, 0.32943, 0.60918, 0.0814, 0.04058], abs=6e-6
    )


def test_means_with_a_flat_prior_equal_growthbook():
    """Oracle 9: growthbook packages/stats/tests/bayesian/test_tests.py."""
    lift = lift_of_means()
    assert numbers(posterior(lift.value, lift.se))[3:] == pytest.approx(
        [0.91923, 0.05131, 0.00131], abs=5e-6
    )


def test_means_with_a_prior_equal_growthbook():
    """Oracle 10: growthbook packages/stats/tests/bayesian/test_tests.py."""
    lift = lift_of_means()
    found = posterior(lift.value, lift.se, prior_mean=0.1, prior_sd=math.sqrt(0.1))
    assert numbers(found) == pytest.approx(
        [0.05063, -0.01893, 0.12019, 0.92315, 0.05186, 0.00123], abs=5e-6
    )


def test_less_is_better_swaps_the_losses():
    up, down = posterior(0.2, 0.1), posterior(0.2, 0.1, better="down")
    assert up.chance_to_win == pytest.approx(1 - down.chance_to_win)
    assert up.loss_if_held == pytest.approx(down.loss_if_shipped)


def test_chance_to_win_is_calibrated_under_its_prior():
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 0.5, 4000)
    seen = truth + rng.normal(0, 1.0, 4000)
    chance = np.array([posterior(x, 1.0, prior_sd=0.5).chance_to_win for x in seen])
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8)):
        rows = (chance > low) & (chance < high)
        assert (truth[rows] > 0).mean() == pytest.approx(chance[rows].mean(), abs=0.04)


def test_expected_loss_equals_simulation():
    found = posterior(0.3, 0.4)
    draws = np.random.default_rng(2).normal(0.3, 0.4, 400_000)
    assert found.loss_if_shipped == pytest.approx(np.maximum(-draws, 0).mean(), rel=0.02)
    assert found.loss_if_held == pytest.approx(np.maximum(draws, 0).mean(), rel=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"se": 0.0}, "se is 0; it must be a finite number above 0"),
        ({"se": 1.0, "prior_sd": -1.0}, "prior_sd is -1; it must be above 0"),
        ({"se": 1.0, "prior_mean": math.inf}, "prior_mean is inf; it must be a finite"),
        ({"se": 1.0, "better": "big"}, 'better is "big"; it must be "up" or "down"'),
    ],
)
def test_errors_name_the_parameter(options, message):
    with pytest.raises(MethodError, match=message):
        posterior(0.1, **options)


@pytest.mark.parametrize(
    ("counts", "interval"), [((42, 104), (0.31324, 0.49972)), ((500, 1009), (0.46474, 0.52637))]
)
def test_oracle_12_jeffreys_equals_spotify(counts, interval):
    """spotify/confidence tests/bayesian: Beta(1/2, 1/2), equal tails."""
    found = jeffreys(*counts)
    assert [found.low, found.high] == pytest.approx(interval, abs=5e-6)
    assert found.value == counts[0] / counts[1]


def test_oracle_12_chance_that_the_second_share_is_higher_is_exact():
    """spotify/confidence samples it; .962907 is the integral."""
    assert chance_higher(42, 104, 500, 1009) == pytest.approx(0.962907, abs=5e-7)


def test_jeffreys_equals_statsmodels_and_closes_at_the_ends():
    low, high = proportion_confint(7, 40, method="jeffreys")
    found = jeffreys(7, 40)
    assert [found.low, found.high] == pytest.approx([low, high])
    assert jeffreys(0, 9).low == 0.0
    assert jeffreys(9, 9).high == 1.0


@pytest.mark.parametrize("counts", [(1, 20, 4, 22), (0, 5, 0, 9), (40, 90, 40, 90)])
def test_chance_higher_equals_simulation_and_mirrors(counts):
    x0, n0, x1, n1 = counts
    rng = np.random.default_rng(6)
    draws0 = rng.beta(x0 + 0.5, n0 - x0 + 0.5, 200_000)
    draws1 = rng.beta(x1 + 0.5, n1 - x1 + 0.5, 200_000)
    chance = chance_higher(*counts)
    assert chance == pytest.approx((draws1 > draws0).mean(), abs=0.005)
    assert chance + chance_higher(x1, n1, x0, n0) == pytest.approx(1, abs=1e-5)


def test_large_counts_agree_with_the_normal_posterior():
    diff = two_proportions(5000, 50_000, 5150, 50_000).diff
    normal = posterior(diff.value, diff.se).chance_to_win
    assert chance_higher(5000, 50_000, 5150, 50_000) == pytest.approx(normal, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jeffreys(3, 2), "share.successes is 3; it must be at most share.n"),
        (lambda: jeffreys(1, 2, alpha=1.0), "alpha is 1; it must be between 0 and 1"),
        (lambda: chance_higher(1, 0, 1, 2), "control.n is 0; it must be a whole number"),
        (lambda: chance_higher(1, 2, 1.5, 2), "treatment.successes is 1.5"),
    ],
)
def test_errors_of_shares_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
