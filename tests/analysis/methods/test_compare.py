"""Comparisons against published figures, other packages, algebra and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import norm, ttest_ind_from_stats
from statsmodels.stats.proportion import proportions_ztest, test_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from opsnb.analysis.methods.compare import (
    delta_lift,
    difference,
    mean,
    smallest_detectable,
    two_proportions,
)
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments
from opsnb.base.errors import MethodError

test_proportions_2indep.__test__ = False

GROWTHBOOK = (
    Moments.from_sums(3407, 1396.87, 52377.9767),
    Moments.from_sums(3461, 2422.7, 134698.29),
)


def test_difference_equals_growthbook():
    """Oracle 2: growthbook packages/stats/tests/frequentist/test_tests.py, absolute."""
    diff = difference(*GROWTHBOOK).diff
    assert [diff.value, diff.low, diff.high, diff.se, diff.p_value] == pytest.approx(
        [0.29, 0.04538, 0.53462, 0.12478, 0.02016], abs=5e-6
    )


def test_delta_lift_equals_growthbook():
    """Oracle 1: growthbook packages/stats/tests/frequentist/test_tests.py, relative."""
    lift = delta_lift(*GROWTHBOOK)
    assert [lift.value, lift.low, lift.high, lift.se, lift.p_value] == pytest.approx(
        [0.70732, -0.03526, 1.44989, 0.37879, 0.06191], abs=5e-6
    )


def test_one_sided_equals_growthbook():
    """Oracle 3: growthbook packages/stats/tests/frequentist/test_tests.py, greater, A n=3000."""
    control = Moments.from_sums(3000, 1396.87, 52377.9767)
    lift = delta_lift(control, GROWTHBOOK[1], alpha=0.1)
    diff = difference(control, GROWTHBOOK[1], alpha=0.1).diff
    assert [lift.low, lift.p_value / 2] == pytest.approx([-0.045137, 0.065583], abs=5e-7)
    assert [diff.low, diff.p_value / 2] == pytest.approx([0.020791, 0.035543], abs=5e-7)


def test_small_shares_equal_growthbook():
    """Oracle 4: growthbook packages/stats/tests/frequentist/test_tests.py, 14/28 v 16/30."""
    control, treatment = (Moments(n, x / n, x / n * (1 - x / n)) for x, n in ((14, 28), (16, 30)))
    lift = delta_lift(control, treatment)
    assert [lift.value, lift.low, lift.high, lift.p_value] == pytest.approx(
        [0.06667, -0.47767, 0.61101, 0.80707], abs=5e-6
    )


def test_cookie_cats_to_the_printed_digits():
    """Oracle 24: Cookie Cats, retention after a day and a week, from its known counts."""
    day7 = two_proportions(8502, 44700, 8279, 45489)
    assert [round(x, 6) for x in (day7.diff.low, day7.diff.high, day7.diff.p_value)] == [
        -0.013282,
        -0.003121,
        0.001554,
    ]
    assert round(day7.diff.value, 7) == -0.0082013
    assert [round(x, 4) for x in (day7.lift.low, day7.lift.high)] == [-0.0689, -0.0166]
    day1 = two_proportions(20034, 44700, 20119, 45489)
    assert round(day1.diff.p_value, 4) == 0.0744
    assert day1.diff.low < 0 < day1.diff.high


def test_cookie_cats_from_the_file(shared_data):
    """Oracle 24: the counts, and the player of 49,854 rounds who decides the plain mean."""
    path = shared_data / "cookie_cats" / "cookie_cats.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    players = pd.read_csv(path)
    arms = [players[players.version == gate] for gate in ("gate_30", "gate_40")]
    assert [len(arm) for arm in arms] == [44700, 45489]
    assert [int(arm.retention_7.sum()) for arm in arms] == [8502, 8279]
    assert [int(arm.retention_1.sum()) for arm in arms] == [20034, 20119]
    rounds = [arm.sum_gamerounds.to_numpy(dtype=float) for arm in arms]
    assert rounds[0].max() == 49854
    plain = difference(*map(Moments.from_values, rounds))
    cap = np.quantile(np.concatenate(rounds), 0.999)
    capped = difference(*(Moments.from_values(np.minimum(arm, cap)) for arm in rounds))
    assert capped.diff.se < 0.65 * plain.diff.se
    assert abs(capped.diff.value) < 0.5 * abs(plain.diff.value)


def test_welch_on_cookie_cats_gives_the_fieller_interval_of_the_notes():
    lift = difference(Moments.from_share(8502, 44700), Moments.from_share(8279, 45489)).lift
    assert [round(lift.low, 4), round(lift.high, 4)] == [-0.0689, -0.0166]


COUNTS = [(14, 28, 16, 30), (3, 40, 11, 37), (42, 104, 500, 1009), (1, 50, 2, 60)]


@pytest.mark.parametrize("counts", COUNTS)
def test_bounds_of_the_ratio_are_where_statsmodels_gives_alpha(counts):
    x0, n0, x1, n1 = counts
    ours = two_proportions(*counts)
    options = {"method": "score", "compare": "ratio", "correction": False}
    for bound in (ours.lift.low, ours.lift.high):
        at_bound = test_proportions_2indep(x1, n1, x0, n0, value=1 + bound, **options)
        assert at_bound.pvalue == pytest.approx(0.05, abs=1e-6)
    assert ours.diff.p_value == pytest.approx(proportions_ztest([x0, x1], [n0, n1])[1])


@pytest.mark.parametrize("counts", COUNTS)
def test_bounds_of_the_difference_are_where_the_likelihood_gives_alpha(counts):
    x0, n0, x1, n1 = counts
    ours = two_proportions(*counts).diff

    def p_value(delta):
        def loss(p):
            q = p + delta
            return -(xlogy(x0, p) + xlogy(n0 - x0, 1 - p) + xlogy(x1, q) + xlogy(n1 - x1, 1 - q))

        bounds = (max(0, -delta), min(1, 1 - delta))
        p = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x
        q = p + delta
        z = (x1 / n1 - x0 / n0 - delta) / math.sqrt(p * (1 - p) / n0 + q * (1 - q) / n1)
        return 2 * norm.sf(abs(z))

    assert [p_value(ours.low), p_value(ours.high)] == pytest.approx([0.05, 0.05], abs=1e-5)


@pytest.mark.parametrize(
    ("control", "treatment", "lift"), [(-10, -5, 0.5), (-2, 3, 2.5), (10, 5, -0.5), (4, 5, 0.25)]
)
def test_lift_is_positive_when_the_value_rises(control, treatment, lift):
    result = difference(Moments(1000, control, 1.0), Moments(1000, treatment, 1.0))
    assert result.lift.value == pytest.approx(lift)
    assert result.lift.low < lift < result.lift.high
    assert (result.lift.low > 0) == (result.diff.low > 0)


@pytest.mark.parametrize("control", [0.0, 0.05, -0.05])
def test_no_lift_over_a_control_near_zero(control):
    result = difference(Moments(1000, control, 1.0), Moments(1000, 0.4, 1.0))
    assert result.lift is None
    assert result.lift_absent == "control_near_zero"
    assert result.diff.significant


def test_no_lift_over_a_share_of_zero():
    result = two_proportions(0, 20, 3, 20)
    assert result.lift is None
    assert result.diff.low < 0 < result.diff.high


@given(
    base=st.floats(-50, 50),
    gap=st.floats(-20, 20),
    variances=st.tuples(st.floats(0.01, 1e4), st.floats(0.01, 1e4)),
    sizes=st.tuples(st.integers(2, 5000), st.integers(2, 5000)),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
def test_p_value_and_both_intervals_agree(base, gap, variances, sizes, alpha):
    control = Moments(sizes[0], base, variances[0])
    result = difference(control, Moments(sizes[1], base + gap, variances[1]), alpha=alpha)
    if abs(result.diff.p_value - alpha) < 1e-9:
        return
    assert (result.diff.p_value < alpha) == result.diff.significant
    if result.lift:
        assert result.lift.significant == result.diff.significant
        assert result.lift.low <= result.lift.value <= result.lift.high


@given(
    n=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
def test_shares_agree_with_their_p_value(n, shares, alpha):
    x0, x1 = (round(size * share) for size, share in zip(n, shares, strict=True))
    result = two_proportions(x0, n[0], x1, n[1], alpha=alpha)
    if abs(result.diff.p_value - alpha) < 1e-9:
        return
    assert (result.diff.p_value < alpha) == result.diff.significant
    assert -1 <= result.diff.low <= result.diff.value <= result.diff.high <= 1
    if result.lift:
        assert result.lift.significant == result.diff.significant
        assert -1 <= result.lift.low <= result.lift.value <= result.lift.high


@given(st.integers(0, 50), st.integers(50, 90), st.integers(0, 60), st.integers(60, 90))
def test_swapping_the_arms_mirrors_the_difference(x0, n0, x1, n1):
    there, back = two_proportions(x0, n0, x1, n1).diff, two_proportions(x1, n1, x0, n0).diff
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-8)


def test_welch_and_fieller_cover_the_truth():
    rng = np.random.default_rng(11)
    draws, n = 1500, 40
    a = rng.gamma(2.0, 1.0, (draws, n))
    b = rng.gamma(2.2, 1.0, (draws, n))
    found = [difference(Moments.from_values(x), Moments.from_values(y)) for x, y in zip(a, b)]  # noqa: B905
    assert np.mean([r.diff.low < 0.2 < r.diff.high for r in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([r.lift.low < 0.1 < r.lift.high for r in found]) == pytest.approx(0.95, abs=0.02)


def test_score_interval_covers_small_shares():
    rng = np.random.default_rng(12)
    x0, x1 = rng.binomial(60, 0.05, 800), rng.binomial(50, 0.12, 800)
    inside = [
        (r := two_proportions(int(a), 60, int(b), 50).diff).low < 0.07 < r.high
        for a, b in zip(x0, x1, strict=True)
    ]
    assert 0.93 <= np.mean(inside) <= 0.98


def test_ratio_moments_equal_the_variance_of_linearised_values():
    rng = np.random.default_rng(13)
    orders = rng.poisson(3, 500) + 1
    revenue = orders * rng.gamma(3, 10, 500)
    ratio = ratio_moments(Joint.from_values(revenue, orders))
    value = revenue.sum() / orders.sum()
    linear = (revenue - value * orders) / orders.mean()
    assert ratio.mean == pytest.approx(value)
    assert ratio.var == pytest.approx(linear.var(ddof=1))


def test_means_equal_scipy_statsmodels_and_tea_tasting():
    """scipy ttest_ind_from_stats, statsmodels CompareMeans and tea-tasting Mean: Welch's test."""
    tt = pytest.importorskip("tea_tasting")
    from tea_tasting.aggr import Aggregates

    rng = np.random.default_rng(19)
    a, b = rng.gamma(2, 5, 120), rng.gamma(2.4, 5, 80)
    control, treatment = Moments.from_values(a), Moments.from_values(b)
    ours = difference(control, treatment)
    theirs = ttest_ind_from_stats(
        b.mean(), b.std(ddof=1), 80, a.mean(), a.std(ddof=1), 120, equal_var=False
    )
    assert ours.diff.p_value == pytest.approx(theirs.pvalue)
    pair = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    bounds = pair.tconfint_diff(usevar="unequal")
    assert (ours.diff.low, ours.diff.high) == pytest.approx(bounds)
    arms = {
        name: Aggregates(arm.n, {"y": arm.mean}, {"y": arm.var}, {})
        for name, arm in (("a", control), ("b", treatment))
    }
    found = tt.Experiment({"m": tt.Mean("y")}).analyze(arms, "a")["m"]
    assert [found.effect_size_ci_lower, found.effect_size_ci_upper, found.pvalue] == pytest.approx(
        [ours.diff.low, ours.diff.high, ours.diff.p_value]
    )
    assert found.rel_effect_size == pytest.approx(ours.lift.value)


def test_ratio_equals_tea_tasting():
    tt = pytest.importorskip("tea_tasting")
    from tea_tasting.aggr import Aggregates

    rng = np.random.default_rng(14)
    arms = {}
    for arm, lift in (("a", 1.0), ("b", 1.1)):
        orders = rng.poisson(3, 900) + 1.0
        arms[arm] = Joint.from_values(orders * rng.gamma(3, 10 * lift, 900), orders)
    theirs = tt.Experiment({"m": tt.RatioOfMeans("y", "d")}).analyze(
        {
            arm: Aggregates(
                joint.n,
                {"y": joint.means[0], "d": joint.means[1]},
                {"y": joint.cov[0, 0], "d": joint.cov[1, 1]},
                {("d", "y"): joint.cov[0, 1]},
            )
            for arm, joint in arms.items()
        },
        "a",
    )["m"]
    ours = difference(ratio_moments(arms["a"]), ratio_moments(arms["b"]))
    assert [ours.diff.value, ours.diff.low, ours.diff.high, ours.diff.p_value] == pytest.approx(
        [
            theirs.effect_size,
            theirs.effect_size_ci_lower,
            theirs.effect_size_ci_upper,
            theirs.pvalue,
        ]
    )


def test_ratio_keeps_its_error_rate():
    rng = np.random.default_rng(15)
    rejected = []
    for _ in range(800):
        arms = []
        for _ in range(2):
            sessions = rng.poisson(2, 150) + 1
            arms.append(ratio_moments(Joint.from_values(rng.binomial(sessions, 0.3), sessions)))
        rejected.append(difference(*arms).diff.p_value < 0.05)
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.02)


def test_moments_from_sums_with_and_without_a_shift():
    values = 1e6 + np.random.default_rng(16).normal(0, 1, 300)
    shifted = values - 1e6
    plain = Moments.from_values(values)
    summed = Moments.from_sums(300, shifted.sum(), (shifted**2).sum(), shift=1e6)
    assert (summed.mean, summed.var) == pytest.approx((plain.mean, plain.var), rel=1e-9)


def test_joint_from_sums_equals_joint_from_values():
    table = np.random.default_rng(17).normal(5, 2, (3, 80))
    shifts = np.array([5.0, 5.0, 5.0])
    moved = table - shifts[:, None]
    summed = Joint.from_sums(80, moved.sum(axis=1), moved @ moved.T, shifts=shifts)
    direct = Joint.from_values(*table)
    assert summed.means == pytest.approx(direct.means)
    assert summed.cov == pytest.approx(direct.cov)
    assert summed.moments(1).var == pytest.approx(table[1].var(ddof=1))


def test_detectable_effect_is_found_with_its_power():
    control = Moments(500, 10.0, 25.0)
    mde = smallest_detectable(control, control)
    assert mde.relative == pytest.approx(mde.absolute / 10)
    rng = np.random.default_rng(18)
    found = [
        difference(
            Moments.from_values(rng.normal(10, 5, 500)),
            Moments.from_values(rng.normal(10 + mde.absolute, 5, 500)),
        ).diff.significant
        for _ in range(1000)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_mean_has_students_interval():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    estimate = mean(Moments.from_values(values))
    assert (estimate.low, estimate.high) == pytest.approx((0.445739743, 4.554260257))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Moments(1, 0.0, 1.0), "n is 1; it must be a whole number of at least 2"),
        (lambda: Moments(5, math.nan, 1.0), "mean is nan; it must be a finite number"),
        (lambda: Moments(5, 0.0, -1.0), "var is -1; it must be a finite number of at least 0"),
        (lambda: Moments.from_sums(4, 8.0, 1.0), "squares is 1; it must be at least total"),
        (lambda: Moments.from_values([3.0]), "n is 1"),
        (lambda: Moments.from_share(3, 2), "share.successes is 3; it must be at most share.n"),
        (lambda: Joint(5, np.zeros(2), np.zeros((3, 3))), r"cov is of shape \(3, 3\)"),
        (lambda: Joint(5, np.array([0, np.nan]), np.eye(2)), "partly missing; it must be finite"),
        (lambda: Joint(5, np.zeros(2), np.array([[1, 2], [0, 1]])), "cov is not symmetric"),
        (lambda: ratio_moments(Joint(5, np.zeros(2), np.eye(2))), "mean of the denominator is 0"),
        (lambda: difference(*GROWTHBOOK, alpha=1.5), "alpha is 1.5; it must be between 0 and 1"),
        (
            lambda: difference(Moments(5, 1.0, 0.0), Moments(5, 2.0, 0.0)),
            "variance of both arms is 0; it must be above 0",
        ),
        (lambda: two_proportions(1, 0, 1, 5), "control.n is 0; it must be a whole number"),
        (lambda: two_proportions(1, 5, -1, 5), "treatment.successes is -1"),
        (lambda: two_proportions(6, 5, 1, 5), "control.successes is 6; it must be at most"),
        (lambda: delta_lift(Moments(5, 0.0, 1.0), Moments(5, 1.0, 1.0)), "mean of control is 0"),
        (
            lambda: delta_lift(Moments(5, 1.0, 0.0), Moments(5, 1.0, 0.0)),
            "variance of both arms is 0",
        ),
        (lambda: smallest_detectable(*GROWTHBOOK, power=0.0), "power is 0; it must be between"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
