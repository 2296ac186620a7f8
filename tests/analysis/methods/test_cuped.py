"""CUPED against GrowthBook, tea-tasting, regression and simulated truth."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.cuped import CovariateWindow, cuped
from opsnb.analysis.methods.guardrail import non_inferiority
from opsnb.analysis.methods.moments import Joint
from opsnb.base.errors import MethodError


def arms(rng, n=400, effect=0.0, slope=0.8, ratio=False):
    made = []
    for shift in (0.0, effect):
        before = rng.normal(10, 2, n)
        after = slope * before + rng.normal(0, 1, n) + shift
        if ratio:
            days0, days1 = rng.poisson(4, n) + 1, rng.poisson(4, n) + 1
            made.append(Joint.from_values(after * days1, days1, before * days0, days0))
        else:
            made.append(Joint.from_values(after, before))
    return made


def test_theta_equals_growthbook():
    """Oracle 5: growthbook packages/stats/tests/test_shared_models.py."""
    arm = Joint.from_values([2, 1, 5, 3], [0.3, 0.5, 0.9, 22])
    assert cuped(arm, arm).theta == pytest.approx(0.01864, abs=5e-6)


def test_equals_tea_tasting():
    tt = pytest.importorskip("tea_tasting")
    from tea_tasting.aggr import Aggregates

    control, treatment = arms(np.random.default_rng(1), effect=0.2)
    theirs = tt.Experiment({"m": tt.Mean("y", "x")}).analyze(
        {
            arm: Aggregates(
                joint.n,
                {"y": joint.means[0], "x": joint.means[1]},
                {"y": joint.cov[0, 0], "x": joint.cov[1, 1]},
                {("x", "y"): joint.cov[0, 1]},
            )
            for arm, joint in (("a", control), ("b", treatment))
        },
        "a",
    )["m"]
    adjusted = cuped(control, treatment)
    ours = difference(adjusted.control, adjusted.treatment).diff
    # The slopes differ by the between-arm part of the covariance only.
    assert [ours.value, ours.low, ours.high] == pytest.approx(
        [theirs.effect_size, theirs.effect_size_ci_lower, theirs.effect_size_ci_upper], abs=2e-3
    )


@pytest.mark.parametrize("ratio", [False, True])
def test_covers_the_truth_with_a_shorter_interval(ratio):
    rng = np.random.default_rng(2)
    inside, shorter = [], []
    for _ in range(400):
        control, treatment = arms(rng, n=200, effect=0.3, ratio=ratio)
        result = cuped(control, treatment)
        assert result.applied
        diff = difference(result.control, result.treatment).diff
        inside.append(diff.low < 0.3 < diff.high)
        shorter.append(result.reduction)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)
    # The expected saving of a mean is the squared correlation: .64 * 4 / (.64 * 4 + 1).
    assert np.mean(shorter) == pytest.approx(0.72, abs=0.02) if not ratio else 0.2


def test_reduction_is_the_squared_correlation_within_arms():
    result = cuped(*arms(np.random.default_rng(3)))
    assert result.reduction == pytest.approx(result.correlation**2, abs=0.01)


def test_the_weighted_mean_of_both_arms_stays():
    control, treatment = arms(np.random.default_rng(4), effect=1.0)
    result = cuped(control, treatment)
    before = control.means[0] + treatment.means[0]
    assert result.control.mean + result.treatment.mean == pytest.approx(before)


def test_reasons_to_leave_the_arms_alone():
    rng = np.random.default_rng(5)
    constant = Joint.from_values(rng.normal(0, 1, 100), np.full(100, 7.0))
    few = arms(rng, n=20)
    weak = arms(rng, n=2000, slope=0.0)
    shifted = Joint.from_values(*(rng.normal(0, 1, 300) for _ in range(2)))
    correlated = rng.normal(5, 1, 300)
    unequal = Joint.from_values(correlated + rng.normal(0, 1, 300), correlated)
    cases = {
        "constant_covariate": cuped(constant, constant),
        "too_few_users": cuped(*few),
        "weak_correlation": cuped(*weak),
        "covariate_imbalance": cuped(shifted, unequal),
    }
    for reason, result in cases.items():
        assert (result.applied, result.reason, result.reduction) == (False, reason, 0.0)
    assert cases["too_few_users"].control == few[0].moments()


def test_a_covariate_from_within_the_experiment_is_refused():
    """A covariate that the treatment has moved takes part of the effect away."""
    rng = np.random.default_rng(6)
    before = rng.normal(10, 2, (2, 20_000))
    clicks = 0.9 * before + rng.normal(0, 0.5, before.shape) + [[0.0], [0.03]]
    value = clicks + rng.normal(0, 0.5, before.shape)
    arms = [Joint.from_values(value[side], clicks[side]) for side in (0, 1)]
    vouched = cuped(*arms)
    biased = difference(vouched.control, vouched.treatment).diff
    assert biased.high < 0.03
    for end, exposed in ((date(2026, 3, 9), date(2026, 3, 2)), (date(2026, 3, 2),) * 2):
        window = CovariateWindow(date(2026, 2, 1), end, exposed)
        refused = cuped(*arms, window=window)
        assert (refused.applied, refused.reason) == (False, "post_treatment_covariate")
        assert refused.control == arms[0].moments()
        assert refused.balance is None
    sound = CovariateWindow(date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 2))
    assert cuped(*arms, window=sound).applied


def test_balance_before_the_change_is_reported():
    control, treatment = arms(np.random.default_rng(7), n=2000)
    balance = cuped(control, treatment).balance
    assert balance.value == pytest.approx(treatment.means[1] - control.means[1])
    assert balance.low < 0 < balance.high
    assert balance.p_value > 0.001
    assert balance.n == 4000


def test_the_mean_effect_is_unbiased_with_the_variance_that_was_predicted():
    rng = np.random.default_rng(8)
    plain, adjusted, predicted = [], [], []
    for _ in range(1500):
        control, treatment = arms(rng, n=150, effect=0.5)
        result = cuped(control, treatment)
        plain.append(treatment.means[0] - control.means[0])
        adjusted.append(result.treatment.mean - result.control.mean)
        predicted.append(result.correlation**2)
    assert np.mean(adjusted) == pytest.approx(0.5, abs=4 * np.std(adjusted) / np.sqrt(1500))
    saved = 1 - np.var(adjusted) / np.var(plain)
    assert saved == pytest.approx(np.mean(predicted), abs=0.05)


def test_a_window_that_ends_before_it_starts_is_an_error():
    with pytest.raises(MethodError, match="end of the covariate's window is 2026-01-01; it must"):
        CovariateWindow(date(2026, 2, 1), date(2026, 1, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("means", "message"),
    [
        ([1.0, 1.0, 1.0], "control is a joint of 3 values; it must be of 2"),
        ([1.0, 0.0, 1.0, 1.0], "control's denominator is 0; it must be other than 0"),
        ([1.0, 1.0, 1.0, 0.0], "control's denominator before exposure is 0"),
    ],
)
def test_errors_name_the_parameter(means, message):
    arm = Joint(200, np.array(means), np.eye(len(means)))
    with pytest.raises(MethodError, match=message):
        cuped(arm, arm)


def test_an_adjusted_lift_is_covered_as_often_as_stated():
    # Without the noise of the common centre, the interval covered 85 % here.
    rng, n, lift, covered, runs = np.random.default_rng(11), 1600, 1.0, 0, 1000
    for _ in range(runs):
        arms = []
        for mean in (1.0, 1.0 + lift):
            past, other = rng.normal(size=n), rng.normal(size=n)
            value = mean + 0.95 * past + math.sqrt(1 - 0.95**2) * other
            arms.append(Joint.from_values(value, past))
        found = cuped(*arms)
        seen = difference(found.control, found.treatment, cov=found.cov)
        assert seen.lift.significant == seen.diff.significant
        covered += seen.lift.low <= lift <= seen.lift.high
    assert 0.93 <= covered / runs <= 0.97


def test_covariances_of_adjusted_means_agree_with_the_variance_of_their_difference():
    rng = np.random.default_rng(5)
    arms = []
    for n, mean in ((400, 1.0), (900, 1.6)):
        past = rng.exponential(size=n)
        arms.append(Joint.from_values(mean + past + rng.normal(size=n), past))
    found = cuped(*arms)
    contrast = np.array([-1.0, 1.0])
    assert contrast @ found.cov @ contrast == pytest.approx(
        found.control.squared_error + found.treatment.squared_error
    )
    margin = non_inferiority(found.control, found.treatment, margin=0.0, alpha=0.025, cov=found.cov)
    seen = difference(found.control, found.treatment, cov=found.cov)
    assert margin.p_value == pytest.approx(seen.diff.p_value / 2)
