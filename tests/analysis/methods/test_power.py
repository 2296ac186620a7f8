"""Sample sizes and power against published figures and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower

from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.methods.guardrail import non_inferiority
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.power import (
    days_needed,
    detectable_lift,
    detectable_share,
    power_for_lift,
    power_for_margin,
    power_for_mean,
    power_for_share,
    users_for_margin,
    users_for_mean,
    users_for_share,
)
from opsnb.base.errors import MethodError


def test_mean_equals_gpower():
    """Oracle 17: G*Power, total users at power .85."""
    assert users_for_mean(100, 0.3, power=0.85).total == 39906


@pytest.mark.parametrize(("ratio", "effect"), [(1.0, 0.1), (0.5, 0.3), (2.0, 0.6)])
def test_users_for_mean_equal_statsmodels(ratio, effect):
    """statsmodels TTestIndPower, which integrates the noncentral t distribution."""
    theirs = TTestIndPower().solve_power(effect, power=0.8, alpha=0.05, ratio=ratio)
    ours = users_for_mean(4.0, effect * 2, ratio=ratio)
    assert ours.control == pytest.approx(np.ceil(theirs), abs=1)


def test_share_equals_spotify():
    """Oracle 17: spotify/confidence tests/samplesize, total users at power .85."""
    assert users_for_share(0.34, 0.343, power=0.85).total == pytest.approx(897348, abs=2)


def test_power_of_shares_equals_statsmodels():
    """Oracle 18: statsmodels#8049."""
    assert power_for_share(0.1, 0.2, 154, 308) == pytest.approx(0.79956592, abs=1e-8)
    assert power_for_share(0.2, 0.1, 154, 308) == pytest.approx(0.82603473, abs=1e-8)


def test_kohavis_rule_of_thumb():
    """Oracle 19: Kohavi, 16 x sigma^2 / delta^2."""
    # 16 stands for (1.96 + .84)^2 x 2 = 15.7.
    exact = users_for_mean(0.05 * 0.95, 0.0025).control
    assert exact * 16 / 15.7 == pytest.approx(121_600, rel=1e-3)


def test_lift_equals_growthbook():
    """Oracle 20: growthbook power.test.ts, 400,000 users over three arms."""
    arm = 400_000 // 3
    assert power_for_lift(10, 3909.99977, 0.05, arm, arm) == pytest.approx(0.52144, abs=5e-6)
    assert detectable_lift(10, 3909.99977, arm, arm) == pytest.approx(0.07027, abs=5e-6)


@given(st.floats(0.2, 0.95), st.floats(0.5, 3), st.floats(0.05, 2))
def test_users_have_the_power_they_were_asked_for(power, ratio, effect):
    size = users_for_mean(4.0, effect, power=power, ratio=ratio)
    if size.control < 50:
        return
    got = power_for_mean(4.0, effect, size.control, size.treatment)
    assert got == pytest.approx(power, abs=0.02)
    assert power_for_lift(10, 4.0, detectable_lift(10, 4.0, 500, 400), 500, 400) >= 0.8 - 1e-6


def test_users_for_share_find_it_as_often_as_promised():
    size = users_for_share(0.2, 0.26, ratio=0.5)
    rng = np.random.default_rng(1)
    x0 = rng.binomial(size.control, 0.2, 600)
    x1 = rng.binomial(size.treatment, 0.26, 600)
    found = [
        two_proportions(int(a), size.control, int(b), size.treatment).diff.significant
        for a, b in zip(x0, x1, strict=True)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.045)


@pytest.mark.parametrize(("base", "n"), [(0.1, 2000), (0.5, 400), (0.002, 30_000)])
def test_detectable_share_is_found_with_the_power_asked_for(base, n):
    rise = detectable_share(base, n, 2 * n, power=0.9)
    assert power_for_share(base, base + rise, n, 2 * n) == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize(("direction", "mean"), [("up", 10.0), ("down", 10.0), ("up", -10.0)])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_guardrail_passes_as_often_as_planned(direction, mean, ratio):
    size = users_for_margin(
        mean, 400.0, 0.1, change=-0.02, direction=direction, power=0.85, ratio=ratio
    )
    power = power_for_margin(
        mean, 400.0, 0.1, size.control, size.treatment, change=-0.02, direction=direction
    )
    assert power == pytest.approx(0.85, abs=1e-3)
    rng = np.random.default_rng(3)
    worse = -0.02 * abs(mean) * (1 if direction == "up" else -1)
    means0 = rng.normal(mean, 20 / np.sqrt(size.control), 1500)
    means1 = rng.normal(mean + worse, 20 / np.sqrt(size.treatment), 1500)
    passed = [
        non_inferiority(
            Moments(size.control, float(a), 400.0),
            Moments(size.treatment, float(b), 400.0),
            margin=0.1,
            direction=direction,
        ).status
        == "pass"
        for a, b in zip(means0, means1, strict=True)
    ]
    assert np.mean(passed) == pytest.approx(0.85, abs=0.03)


def test_days_are_rounded_up_to_weeks():
    assert days_needed(1000, 100) == 14
    assert days_needed(1001, 100, whole_weeks=False) == 11


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: users_for_mean(0.0, 1.0), "var is 0; it must be a finite number above 0"),
        (lambda: users_for_mean(1.0, 0.0), "effect is 0; it must be a finite number other"),
        (lambda: users_for_mean(1.0, 1.0, ratio=0.0), "ratio is 0; it must be a finite"),
        (lambda: users_for_share(0.0, 0.1), "base is 0; it must be between 0 and 1"),
        (lambda: power_for_share(0.1, 0.2, 1, 10), "n_control is 1; it must be a whole number"),
        (lambda: power_for_lift(0.0, 1.0, 0.1, 9, 9), "mean is 0; it must be a finite number"),
        (lambda: detectable_lift(1.0, 100.0, 20, 20), "n_control is 20; it must be above 78"),
        (lambda: detectable_share(0.9, 3, 3), "power is 0.8; it must be above alpha and within"),
        (lambda: detectable_share(1.0, 3, 3), "base is 1; it must be between 0 and 1"),
        (lambda: power_for_margin(1.0, 1.0, 0.0, 9, 9), "margin is 0; it must be between 0 and 1"),
        (lambda: power_for_margin(0.0, 1.0, 0.1, 9, 9), "mean is 0; it must be a finite number"),
        (
            lambda: power_for_margin(1.0, 1.0, 0.1, 9, 9, direction="x"),
            'direction is "x"; it must be "up" or "down"',
        ),
        (
            lambda: users_for_margin(1.0, 1.0, 0.1, change=-0.1),
            "change is -0.1; it must be above -0.1: at the margin no number of users will do",
        ),
        (lambda: days_needed(0, 10), "users is 0; it must be a whole number of at least 1"),
        (lambda: days_needed(10, 0.0), "users_a_day is 0; it must be a finite number above 0"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
