"""Stratified effects and heterogeneity: Simpson's paradox, algebra, simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.strata import heterogeneity, lift_heterogeneity, stratified_difference
from opsnb.base.errors import MethodError


def test_simpsons_paradox_of_crook():
    """Oracle 23: Crook et al. 2009, a split that changed on Saturday."""
    friday = Moments.from_share(20_000, 990_000), Moments.from_share(230, 10_000)
    saturday = Moments.from_share(5_000, 500_000), Moments.from_share(6_000, 500_000)
    pooled = 6_230 / 510_000 - 25_000 / 1_490_000
    found = stratified_difference({"friday": friday, "saturday": saturday})
    assert pooled < 0 < found.low
    by_hand = 0.5 * (0.023 - 20_000 / 990_000) + 0.5 * 0.002
    assert found.value == pytest.approx(by_hand)


def test_one_stratum_is_welch():
    arms = Moments(20, 3.0, 4.0), Moments(30, 3.5, 9.0)
    one, welch = stratified_difference({"all": arms}), difference(*arms).diff
    assert [one.value, one.low, one.high, one.p_value] == pytest.approx(
        [welch.value, welch.low, welch.high, welch.p_value]
    )


def test_stratified_interval_covers_when_the_split_changes():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(600):
        strata = {
            day: (
                Moments.from_values(rng.normal(level, 2, n0)),
                Moments.from_values(rng.normal(level + 0.3, 2, n1)),
            )
            for day, level, n0, n1 in (("fri", 0, 90, 10), ("sat", 5, 50, 50))
        }
        found = stratified_difference(strata)
        inside.append(found.low < 0.3 < found.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.025)


def test_heterogeneity_equals_statsmodels():
    """statsmodels combine_effects: Cochran's Q, its p-value, I2 and the pooled effect."""
    effects, errors = np.array([0.3, -0.1, 0.6, 0.2]), np.array([0.1, 0.2, 0.15, 0.3])
    theirs = combine_effects(effects, errors**2)
    ours = heterogeneity(list(effects), list(errors))
    homogeneity = theirs.test_homogeneity()
    assert (ours.q, ours.p_value) == pytest.approx((homogeneity.statistic, homogeneity.pvalue))
    assert (ours.i2, ours.pooled) == pytest.approx((theirs.i2, theirs.mean_effect_fe))


def test_heterogeneity_of_two_is_a_z_test():
    found = heterogeneity([1.0, 2.0], [0.3, 0.4])
    z = 1.0 / 0.5
    assert (found.q, found.df) == (pytest.approx(z**2), 1)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(z))
    assert found.i2 == pytest.approx(0.75)


def test_heterogeneity_keeps_its_error_rate():
    rng = np.random.default_rng(2)
    errors = [0.5, 1.0, 2.0, 1.5]
    alarms = [heterogeneity(rng.normal(1.0, errors), errors).p_value < 0.05 for _ in range(3000)]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.013)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stratified_difference({}), "number of strata is 0; it must be at least 1"),
        (
            lambda: stratified_difference({"a": (Moments(5, 0, 0), Moments(5, 0, 0))}),
            "variance of all strata is 0",
        ),
        (lambda: heterogeneity([1.0], [1.0]), "number of effects is 1; it must be at least 2"),
        (lambda: heterogeneity([1.0, 2.0], [1.0]), "number of errors is 1; it must be that of"),
        (lambda: heterogeneity([1.0, np.inf], [1, 1]), r"effects\[1\] is inf"),
        (lambda: heterogeneity([1.0, 2.0], [1.0, 0.0]), r"errors\[1\] is 0; it must be a finite"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()


def test_a_common_lift_is_no_heterogeneity_whatever_the_levels_of_the_segments():
    rng, levels, lift, n = np.random.default_rng(3), np.array([1.0, 2.0, 4.0, 8.0]), 0.145, 5000
    v0, v1 = (1.5 * levels) ** 2 / n, (1.5 * levels * (1 + lift)) ** 2 / n
    covs = np.zeros((4, 2, 2))
    covs[:, 0, 0], covs[:, 1, 1] = v0, v1
    by_lift = by_difference = 0
    for _ in range(1000):
        base = rng.normal(levels, np.sqrt(v0))
        other = rng.normal(levels * (1 + lift), np.sqrt(v1))
        by_lift += lift_heterogeneity(base, other, covs).p_value < 0.05
        by_difference += heterogeneity(other - base, np.sqrt(v0 + v1)).p_value < 0.05
    assert 35 <= by_lift <= 70
    assert by_difference > 900


def test_heterogeneity_of_lifts_is_the_least_sum_of_squares_over_common_lifts():
    # Exact algebra: two segments with certain controls leave the weighted mean of their lifts.
    covs = np.zeros((2, 2, 2))
    covs[:, 1, 1] = [4.0, 25.0]
    found = lift_heterogeneity([10.0, -20.0], [12.0, -10.0], covs)
    assert found.pooled == pytest.approx(
        np.average([0.2, 0.5], weights=[1 / 0.2**2, 1 / 0.25**2]), abs=1e-5
    )
    assert found.q == pytest.approx((0.5 - 0.2) ** 2 / (0.2**2 + 0.25**2), abs=1e-6)
    assert found.df == 1


def test_heterogeneity_of_lifts_names_what_it_cannot_use():
    with pytest.raises(MethodError, match="number of segments is 1"):
        lift_heterogeneity([1.0], [1.0], np.eye(2)[None])
    with pytest.raises(MethodError, match="value of control in a segment is 0"):
        lift_heterogeneity([1.0, 0.0], [1.0, 1.0], np.array([np.eye(2)] * 2))
    with pytest.raises(MethodError, match="variance of both arms in a segment is 0"):
        lift_heterogeneity([1.0, 1.0], [1.0, 1.0], np.zeros((2, 2, 2)))
