"""Sample ratio checks against published figures and simulated assignments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.errors import MethodError
from opsnb.methods.srm import sample_ratio, sample_ratio_by

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


@pytest.mark.parametrize(
    ("observed", "split", "message"),
    [
        ({"a": 9}, {"a": 0.6, "b": 0.3}, "sum of split is 0.9; it must be 1"),
        ({"a": 9}, {"a": 1.0}, "number of arms in split is 1; it must be at least 2"),
        ({"a": 9}, {"a": 1.2, "b": -0.2}, r"split\[a\] is 1.2; it must be between 0 and 1"),
        ({"x": 9}, HALVES, 'arm is "x"; it must be one of the planned arms: a, b'),
        ({"a": -9}, HALVES, r"observed\[a\] is -9; it must be a whole number"),
        ({"a": 4, "b": 4}, HALVES, "number of users is 8; it must be large enough"),
    ],
)
def test_errors_name_the_parameter(observed, split, message):
    with pytest.raises(MethodError, match=message):
        sample_ratio(observed, split)


def test_groups_are_needed():
    with pytest.raises(MethodError, match="number of groups is 0"):
        sample_ratio_by({}, HALVES)
