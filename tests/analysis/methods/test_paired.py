"""Units in both arms against scipy, statsmodels and the test that its intervals invert."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.methods.paired import (
    MIN_PAIRS,
    allocation_p_value,
    pair_joint,
    paired_detectable,
    paired_difference,
    paired_non_inferiority,
    paired_power_for_margin,
)
from opsnb.base.errors import MethodError


def once(before, after) -> Joint:
    one = np.ones(len(before))
    return pair_joint((before, one), (after, one))


def stories(rng, n=40, lift=0.2):
    views = rng.poisson(rng.gamma(4, 100, n), (2, n)) + 1
    rates = rng.beta(20, 180, n)
    clicks = rng.binomial(views, rates * np.array([[1.0], [1 + lift]]))
    return (clicks[0], views[0]), (clicks[1], views[1])


def test_one_row_an_arm_is_the_paired_t_test_of_scipy():
    rng = np.random.default_rng(1)
    before = rng.normal(10, 4, 30)
    after = before + rng.normal(0.5, 1, 30)
    theirs = stats.ttest_rel(after, before)
    found = paired_difference(once(before, after))
    interval = theirs.confidence_interval(0.95)
    assert (found.diff.low, found.diff.high) == pytest.approx((interval.low, interval.high))
    assert found.diff.p_value == pytest.approx(theirs.pvalue)
    assert (found.control.value, found.treatment.value) == pytest.approx(
        (before.mean(), after.mean())
    )
    assert found.diff.n == 30


def test_the_lift_of_counts_is_statsmodels_pooled_risk_ratio():
    control, treatment = stories(np.random.default_rng(2))
    found = paired_difference(pair_joint(control, treatment))
    tables = [
        np.array([[b, m - b], [a, n - a]])
        for a, n, b, m in zip(*control, *treatment, strict=True)
    ]  # fmt: skip
    theirs = StratifiedTable(tables)
    assert found.lift is not None
    assert found.lift.value + 1 == pytest.approx(theirs.riskratio_pooled)


def test_the_difference_of_means_is_that_of_a_regression_with_an_effect_a_unit():
    """OLS with a dummy a unit, rows of users: the within estimator (Frisch and Waugh 1933)."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 6, (2, 25))
    unit = np.concatenate([np.repeat(np.arange(25), side) for side in sizes])
    arm = np.repeat([0, 1], sizes.sum(axis=1))
    y = rng.normal(0, 3, 25)[unit] + 0.7 * arm + rng.normal(0, 1, len(unit))
    design = np.column_stack([arm, unit[:, None] == np.arange(25)]).astype(float)
    sides = [
        (np.bincount(unit[arm == a], y[arm == a], 25), np.bincount(unit[arm == a], minlength=25))
        for a in (0, 1)
    ]
    found = paired_difference(pair_joint(*sides))
    assert found.diff.value == pytest.approx(sm.OLS(y, design).fit().params[0])


def test_both_intervals_are_the_values_that_the_t_test_over_units_does_not_reject():
    (x0, y0), (x1, y1) = stories(np.random.default_rng(4))
    found = paired_difference(pair_joint((x0, y0), (x1, y1)))
    total = y0 + y1
    base, treated, weight = x0 * y1 / total, x1 * y0 / total, y0 * y1 / total
    assert found.lift is not None
    for edge in (found.diff.low, found.diff.high):
        assert stats.ttest_1samp(treated - base - edge * weight, 0).pvalue == pytest.approx(0.05)
    for edge in (found.lift.low, found.lift.high):
        assert stats.ttest_1samp(treated - base * (1 + edge), 0).pvalue == pytest.approx(0.05)
    assert found.diff.p_value == pytest.approx(stats.ttest_1samp(treated - base, 0).pvalue)


def test_negative_levels_keep_the_sign_of_a_lift():
    before = np.array([-10.0, -12, -8, -11, -9, -10])
    found = paired_difference(once(before, before / 2 + np.array([0.1, -0.1, 0.2, 0, -0.2, 0])))
    assert found.lift is not None
    assert found.lift.value == pytest.approx(0.5)
    assert found.lift.low < 0.5 < found.lift.high
    assert found.lift.low > 0


@pytest.mark.parametrize("seed", range(40))
def test_p_and_both_intervals_never_contradict_each_other(seed):
    control, treatment = stories(np.random.default_rng(seed), n=12, lift=0.05)
    found = paired_difference(pair_joint(control, treatment))
    assert (found.diff.p_value < 0.05) == found.diff.significant
    if found.lift is not None:
        assert found.lift.significant == found.diff.significant


def test_what_units_differ_in_does_not_widen_the_interval():
    rng = np.random.default_rng(5)
    gain = rng.normal(0.5, 1, 40)
    widths = []
    for spread in (0.0, 50.0):
        before = 100 + rng.normal(0, spread, 40)
        diff = paired_difference(once(before, before + gain)).diff
        widths.append(diff.high - diff.low)
    assert widths[0] == pytest.approx(widths[1])


def test_units_in_one_arm_alone_leave_the_comparison():
    ones, nil = np.ones(7), np.array([1, 1, 1, 1, 1, 1, 0])
    before, after = np.arange(7.0), np.arange(7.0) + np.array([1, 2, 1, 2, 1, 2, 500])
    found = pair_joint((before, ones), (after, nil))
    assert found.n == 6
    assert paired_difference(found).diff.value == pytest.approx(1.5)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_guardrail_passes_where_the_interval_stays_clear_of_its_margin(direction):
    for seed in range(60):
        pairs = pair_joint(*stories(np.random.default_rng(seed), n=30, lift=-0.02))
        test = paired_non_inferiority(pairs, margin=0.05, direction=direction, alpha=0.025)
        lift = paired_difference(pairs).lift
        assert lift is not None
        worst = lift.low if direction == "up" else -lift.high
        assert test.low_relative == pytest.approx(worst)
        assert (test.status == "pass") == (worst > -0.05)


def test_a_guardrails_p_value_is_scipys_of_the_shifted_pairs():
    rng = np.random.default_rng(6)
    before = rng.normal(10, 3, 25)
    after = before * 0.97 + rng.normal(0, 0.4, 25)
    test = paired_non_inferiority(once(before, after), margin=0.05, alpha=0.025)
    theirs = stats.ttest_1samp(after - 0.95 * before, 0, alternative="greater")
    assert test.p_value == pytest.approx(theirs.pvalue)
    worse = stats.ttest_1samp(after - before, 0, alternative="less")
    assert test.p_worse == pytest.approx(worse.pvalue)


def test_the_power_of_a_guardrail_and_the_detectable_effect_are_those_of_simulation():
    rng, hits, found = np.random.default_rng(7), 0, 0
    reach, chances = [], []
    for _ in range(600):
        level = rng.normal(10, 1, 80)
        pairs = once(level + rng.normal(0, 1, 80), level + rng.normal(0, 1, 80))
        hits += paired_non_inferiority(pairs, margin=0.05, alpha=0.025).status == "pass"
        chances.append(paired_power_for_margin(pairs, 0.05, alpha=0.025))
        reach.append(paired_detectable(paired_difference(pairs)).absolute)
    assert hits / 600 == pytest.approx(np.mean(chances), abs=0.05)
    for _ in range(600):
        level = rng.normal(10, 1, 80)
        after = level + rng.normal(np.mean(reach), 1, 80)
        found += paired_difference(once(level + rng.normal(0, 1, 80), after)).diff.significant
    assert found / 600 == pytest.approx(0.8, abs=0.05)


def test_rows_dealt_out_otherwise_than_planned_are_seen():
    gaps = np.random.default_rng(8).normal(0.3, 1, 60)
    ours = allocation_p_value(60, float(gaps.mean()), float(gaps.var(ddof=1)))
    assert ours == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)
    assert allocation_p_value(60, 0.0, 0.0) is None


def test_errors_say_what_is_wrong():
    few = np.arange(float(MIN_PAIRS - 1))
    with pytest.raises(MethodError, match=r"units in both arms is 5; it must be at least 6"):
        paired_difference(once(few, few * 2))
    with pytest.raises(MethodError, match="variance of the differences within units is 0"):
        paired_difference(once(np.arange(9.0), np.arange(9.0) + 1))
    sizes = np.array([1e6, 1, 1, 1, 1, 1])
    with pytest.raises(MethodError, match="no unit outweighs the others"):
        paired_difference(pair_joint((np.arange(6.0), sizes), (np.arange(6.0) ** 2, sizes)))
    with pytest.raises(MethodError, match="margin is -1; it must be a finite number"):
        paired_non_inferiority(once(np.arange(9.0), np.arange(9.0) ** 2), margin=-1.0)
