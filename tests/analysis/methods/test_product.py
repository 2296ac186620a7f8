"""Products of uncertain numbers: exact moments, coverage, and the interval left as it was."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.methods.product import times
from opsnb.base.errors import MethodError

REACH = 1.959964


def estimate(value: float, se: float) -> Estimate:
    low, high = value - REACH * se, value + REACH * se
    return Estimate(value, low, high, se, 0.01, 50, "x", 0.05)


def test_a_known_worth_only_scales():
    found = times(estimate(100, 10), 2.0)
    assert (found.value, found.low, found.high, found.se) == pytest.approx(
        (200, 200 - 20 * REACH, 200 + 20 * REACH, 20)
    )
    assert times(estimate(100, 10), -2.0).low == pytest.approx(-200 - 20 * REACH)


def test_draws_that_agree_leave_the_interval_as_it_was():
    found, plain = times(estimate(100, 10), 2.0, np.full(4000, 2.0)), times(estimate(100, 10), 2.0)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-3)


def test_an_interval_that_leans_keeps_its_bounds():
    leaning = Estimate(10.0, 8.0, 16.0, float("nan"), None, 1, "x", 0.05)
    found = times(leaning, 1.0, np.ones(4000))
    assert (found.low, found.high) == pytest.approx((8.0, 16.0), rel=5e-3)


def test_the_variance_is_goodmans():
    """Var(XY) = mx² vy + my² vx + vx vy for independent X and Y (Goodman 1960)."""
    draws = np.random.default_rng(1).normal(5, 2, 40_000)
    found = times(estimate(100, 20), 5.0, draws)
    assert found.se == pytest.approx((100**2 * 4 + 25 * 400 + 4 * 400) ** 0.5, rel=0.02)
    assert found.value == 500


def test_covers_the_truth_where_the_effects_interval_alone_does_not():
    rng = np.random.default_rng(2)
    both = alone = 0
    for _ in range(1000):
        effect, worth = estimate(rng.normal(100, 20), 20), rng.normal(5, 1)
        found = times(effect, worth, rng.normal(worth, 1, 500))
        both += found.low < 500 < found.high
        plain = times(effect, worth)
        alone += plain.low < 500 < plain.high
    assert both / 1000 == pytest.approx(0.95, abs=0.02)
    assert alone / 1000 < 0.9


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        (np.ones(99), "number of draws is 99; it must be at least 100"),
        (np.full(200, np.nan), "draws is partly not finite"),
    ],
)
def test_errors_name_the_parameter(draws, message):
    with pytest.raises(MethodError, match=message):
        times(estimate(1, 1), 1.0, draws)
