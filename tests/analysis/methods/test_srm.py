"""Sample ratio checks against published figures and simulated assignments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.analysis.methods.srm import (
    same_share,
    sample_ratio,
    sample_ratio_by,
    sequential_sample_ratio,
)
from opsnb.base.errors import MethodError

HALVES = {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("users", "p_value", "status"),
    [
        ((600, 400), 2.54e-10, "fail"),
        ((44000, 45000), 0.0008, "fail"),
        ((821588, 815482), 1.8e-6, "fail"),
        ((44700, 45489), 0.00861, "warn"),
        ((5000, 5010), 0.92035, "pass"),
    ],
)
def test_published_cases(users, p_value, status):
    """Oracle 16: Kohavi's cases of sample ratio mismatch; oracle 24: Cookie Cats."""
    check = sample_ratio({"a": users[0], "b": users[1]}, HALVES)
    assert check.p_value == pytest.approx(p_value, rel=0.02)
    assert check.status == status


def test_three_arms_equal_scipy():
    check = sample_ratio({"a": 520, "b": 240, "c": 240}, {"a": 0.5, "b": 0.25, "c": 0.25})
    theirs = stats.chisquare([520, 240, 240], [500, 250, 250])
    assert (check.chi2, check.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert check.n == 1000


def test_an_absent_arm_is_an_empty_one():
    assert sample_ratio({"a": 100}, HALVES).status == "fail"


@pytest.mark.parametrize("users", [0, 3, 9, 12])
def test_few_expected_users_are_tested_exactly(users):
    """300 users of whom 3 are expected in a canary: scipy's binomial test."""
    check = sample_ratio({"a": 300 - users, "b": users}, {"a": 0.99, "b": 0.01})
    assert check.p_value == pytest.approx(stats.binomtest(users, 300, 0.01).pvalue)
    assert check.method == "exact_binomial"
    assert check.status == ("fail" if users == 12 else "warn" if users == 9 else "pass")


def test_exact_false_alarms_never_exceed_the_level():
    """Exact tests err to the safe side, with three arms too (Bonferroni)."""
    split, rng = {"a": 0.96, "b": 0.02, "c": 0.02}, np.random.default_rng(4)
    draws = rng.multinomial(150, list(split.values()), 2000)
    p = [sample_ratio(dict(zip("abc", map(int, row), strict=True)), split).p_value for row in draws]
    assert np.mean(np.array(p) < 0.05) <= 0.06 and np.mean(np.array(p) < 0.01) <= 0.015


def test_the_arm_furthest_from_its_plan():
    split = {"a": 0.5, "b": 0.25, "c": 0.25}
    assert sample_ratio({"a": 5000, "b": 2500, "c": 2200}, split).furthest == "c"
    assert sample_ratio({"a": 560, "b": 440}, HALVES).furthest == "b", "of two, the short one"


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(1)
    draws = rng.multinomial(3000, [0.5, 0.3, 0.2], 3000)
    split = {"a": 0.5, "b": 0.3, "c": 0.2}
    p = [sample_ratio(dict(zip("abc", map(int, row), strict=True)), split).p_value for row in draws]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_groups_are_adjusted_and_small_ones_listed():
    days = {"d1": {"a": 500, "b": 500}, "d2": {"a": 560, "b": 440}, "d3": {"a": 3, "b": 2}}
    by = sample_ratio_by(days, HALVES)
    assert by.untested == ("d3",)
    assert by.groups["d2"].p_value == pytest.approx(2 * sample_ratio(days["d2"], HALVES).p_value)
    assert by.status == by.groups["d2"].status == "fail"


def test_drift_finds_a_split_that_changed_although_the_total_holds():
    days = {"fri": {"a": 900, "b": 100}, "sat": {"a": 100, "b": 900}}
    assert sample_ratio_by(days, HALVES).drift_p_value < 1e-100
    steady = {"fri": {"a": 700, "b": 300}, "sat": {"a": 700, "b": 300}}
    assert sample_ratio_by(steady, HALVES).drift_p_value == 1.0


def test_nothing_to_test_passes():
    by = sample_ratio_by({"d": {"a": 1, "b": 1}}, HALVES)
    assert (by.status, by.groups, by.drift_p_value) == ("pass", {}, 1.0)


def test_sequential_p_value_is_the_ratio_of_scipys_likelihoods():
    """The Dirichlet-multinomial and multinomial likelihoods of scipy.stats."""
    split = {"a": 0.5, "b": 0.3, "c": 0.2}
    daily = {"1": {"a": 520, "b": 270, "c": 180}, "2": {"a": 560, "b": 250, "c": 150}}
    shares = np.array(list(split.values()))
    total, lowest, expected = np.zeros(3, dtype=int), 1.0, {}
    for day, users in daily.items():
        total += list(users.values())
        null = stats.multinomial.pmf(total, total.sum(), shares)
        lowest = min(
            lowest, null / stats.dirichlet_multinomial.pmf(total, 10_000 * shares, total.sum())
        )
        expected[day] = lowest
    assert sequential_sample_ratio(daily, split) == pytest.approx(expected, rel=1e-6)


def test_sequential_cases_of_growthbook():
    """growthbook packages/stats/tests/test_ssrm.py: balanced above .05, unbalanced below."""
    for daily, alarmed in (
        ([(500, 500)], False),
        ([(100, 900)], True),
        ([(250, 250), (250, 250)], False),
        ([(50, 450), (50, 450)], True),
    ):
        days = {str(i): {"a": a, "b": b} for i, (a, b) in enumerate(daily)}
        assert (list(sequential_sample_ratio(days, HALVES).values())[-1] < 0.05) == alarmed


def test_checking_the_split_every_day_keeps_the_error_rate():
    rng = np.random.default_rng(2)
    fixed = sequential = 0
    for _ in range(400):
        arms = rng.binomial(1000, 0.5, 30)
        days = {str(i): {"a": int(a), "b": int(1000 - a)} for i, a in enumerate(arms)}
        sequential += min(sequential_sample_ratio(days, HALVES).values()) < 0.05
        z = (arms.cumsum() - 500 * np.arange(1, 31)) / np.sqrt(250 * np.arange(1, 31))
        fixed += (np.abs(z) > 1.96).any()
    assert sequential / 400 <= 0.05
    assert fixed / 400 > 0.2


def test_a_lasting_mismatch_is_found():
    days = {str(i): {"a": 1000, "b": 1060} for i in range(30)}
    p_values = list(sequential_sample_ratio(days, HALVES).values())
    assert p_values == sorted(p_values, reverse=True)
    assert p_values[-1] < 0.001


def test_missing_outcomes_by_arm():
    counts = {"a": (30, 500), "b": (55, 510), "c": (41, 495)}
    theirs = stats.chi2_contingency([[30, 470], [55, 455], [41, 454]], correction=False)
    assert same_share(counts) == pytest.approx(theirs.pvalue)
    assert same_share({"a": (1, 50), "b": (6, 40)}) == pytest.approx(
        stats.fisher_exact([[1, 49], [6, 34]]).pvalue
    )
    assert same_share({"a": (0, 50), "b": (0, 40)}) == 1.0


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"a": (1, 5)}, "number of arms is 1; it must be at least 2"),
        ({"a": (1, 5), "b": (6, 5)}, "b.successes is 6; it must be at most b.n, which is 5"),
    ],
)
def test_errors_of_shares_name_the_arm(counts, message):
    with pytest.raises(MethodError, match=message):
        same_share(counts)


@pytest.mark.parametrize(
    ("observed", "split", "message"),
    [
        ({"a": 9}, {"a": 0.6, "b": 0.3}, "sum of split is 0.9; it must be 1"),
        ({"a": 9}, {"a": 1.0}, "number of arms in split is 1; it must be at least 2"),
        ({"a": 9}, {"a": 1.2, "b": -0.2}, r"split\[a\] is 1.2; it must be between 0 and 1"),
        ({"x": 9}, HALVES, 'arm is "x"; it must be one of the planned arms: a, b'),
        ({"a": -9}, HALVES, r"observed\[a\] is -9; it must be a whole number"),
        ({"a": 0, "b": 0}, HALVES, "number of users is 0; it must be at least 1"),
    ],
)
def test_errors_name_the_parameter(observed, split, message):
    with pytest.raises(MethodError, match=message):
        sample_ratio(observed, split)


def test_groups_are_needed():
    with pytest.raises(MethodError, match="number of groups is 0"):
        sample_ratio_by({}, HALVES)
