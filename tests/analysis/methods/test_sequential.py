"""Sequential methods against GrowthBook, Spotify, textbook constants and simulated peeking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsnb.analysis.methods.compare import delta_lift, difference
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.power import users_for_mean
from opsnb.analysis.methods.sequential import (
    boundaries,
    confidence_sequence,
    crossing_chances,
    inflation,
    nominal_levels,
    sequential_difference,
    spent,
)
from opsnb.base.errors import MethodError

FIFTHS = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_means_equal_growthbook():
    """Oracle 6: growthbook packages/stats/tests/frequentist, sequential test of means."""
    lift = delta_lift(
        Moments.from_sums(3000, 1396.87, 52377.9767), Moments.from_sums(3461, 2422.7, 134698.29)
    )
    found = confidence_sequence(lift.value, lift.se, 6461, planned_n=1000)
    assert [found.value, found.low, found.high, found.p_value] == pytest.approx(
        [0.50336, -0.55844, 1.56516, 1], abs=5e-6
    )


def test_shares_equal_growthbook():
    """Oracle 7: growthbook packages/stats/tests/frequentist, sequential test of shares."""
    a, b = 1396 / 3000, 2422 / 3461
    lift = delta_lift(Moments(3000, a, a * (1 - a)), Moments(3461, b, b * (1 - b)))
    found = confidence_sequence(lift.value, lift.se, 6461, planned_n=5000)
    assert [found.value, found.low, found.high] == pytest.approx(
        [0.50386, 0.40098, 0.60675], abs=5e-6
    )


@given(st.floats(-8, 8), st.integers(2, 10**6), st.integers(10, 10**6))
def test_p_value_and_interval_agree(z, n, planned_n):
    found = confidence_sequence(z, 1.0, n, planned_n=planned_n)
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == found.significant


def test_peeking_every_day_keeps_the_error_rate():
    rng = np.random.default_rng(1)
    looks = np.arange(1, 41) * 50
    sums = rng.normal(0, np.sqrt(50), (400, 40)).cumsum(axis=1)
    alarms = fixed = 0
    for path in sums:
        means, errors = path / looks, 1 / np.sqrt(looks)
        alarms += any(
            confidence_sequence(m, s, int(n), planned_n=2000).significant
            for m, s, n in zip(means, errors, looks, strict=True)
        )
        fixed += (np.abs(means / errors) > 1.96).any()
    assert alarms / 400 <= 0.05
    assert fixed / 400 > 0.2


def test_sequential_difference_is_one_test():
    """p-value, difference and lift of a daily reading never contradict each other."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        n = int(rng.integers(100, 5000))
        control, treatment = Moments(n, 10.0, 9.0), Moments(n, float(rng.normal(10, 0.3)), 12.0)
        found = sequential_difference(control, treatment, planned_n=4000)
        assert (found.diff.p_value < 0.05) == found.diff.significant == found.lift.significant
        plain = confidence_sequence(found.diff.value, found.diff.se, 2 * n, planned_n=4000)
        assert found.diff == plain
        assert found.lift.low <= found.lift.value <= found.lift.high


def test_crossing_chances_of_the_textbook_boundaries():
    """Jennison and Turnbull 2000, tables 2.1 to 2.4, 5 looks, alpha .05: Pocock's constant
    2.413 and O'Brien and Fleming's 2.040; their inflation for power .8 is 1.229 and 1.028."""
    pocock, fleming = [2.413] * 5, [2.040 / np.sqrt(share) for share in FIFTHS]
    for bounds, factor in ((pocock, 1.229), (fleming, 1.028)):
        assert sum(crossing_chances(FIFTHS, bounds)) == pytest.approx(0.05, abs=1e-4)
        drift = (1.959964 + 0.841621) * np.sqrt(factor)
        assert sum(crossing_chances(FIFTHS, bounds, drift=drift)) == pytest.approx(0.8, abs=2e-3)


def test_each_look_spends_what_the_function_allows():
    chances = crossing_chances(FIFTHS, boundaries(FIFTHS, spending="quadratic"))
    assert np.cumsum(chances) == pytest.approx([0.05 * t * t for t in FIFTHS], abs=1e-8)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_inflated_users_have_the_power_by_simulation(spending):
    factor = inflation(FIFTHS, spending=spending)
    n = users_for_mean(1.0, 0.2).control * factor
    rng = np.random.default_rng(4)
    steps = rng.normal(0.2, np.sqrt(2 / (n / 5)), (20_000, 5))
    z = steps.cumsum(axis=1) / np.arange(1, 6) / np.sqrt(2 / (n * np.array(FIFTHS)))
    found = (np.abs(z) > boundaries(FIFTHS, spending=spending)).any(axis=1).mean()
    assert found == pytest.approx(0.8, abs=0.01)


def test_one_look_inflates_nothing_and_more_looks_more():
    assert inflation([1.0]) == pytest.approx(1, abs=1e-4)
    assert 1.0 < inflation([0.5, 1.0]) < inflation(FIFTHS) < inflation(FIFTHS, spending="pocock")


def test_nominal_levels_turn_difference_into_the_look():
    levels = nominal_levels(FIFTHS)
    assert levels[-1] == pytest.approx(0.0423, abs=1e-4)
    assert levels == sorted(levels)
    control, treatment = Moments(5000, 10.0, 9.0), Moments(5000, 10.15, 9.0)
    bound = boundaries(FIFTHS)[2]
    diff = difference(control, treatment, alpha=levels[2]).diff
    assert diff.significant == (abs(diff.value / diff.se) > bound)
    assert diff.high - diff.value == pytest.approx(bound * diff.se, rel=1e-3)


def test_quadratic_spending_equals_spotify():
    """Oracle 14: spotify-confidence 4.1.0, spending alpha x share^2."""
    assert boundaries(FIFTHS, spending="quadratic") == pytest.approx(
        [3.0902, 2.7141, 2.4727, 2.2798, 2.1140], abs=1e-4
    )


def test_obrien_fleming_spending_equals_the_textbook():
    """Oracle 15: O'Brien and Fleming's spending, alpha / 2 a side (Lan and DeMets 1983)."""
    assert boundaries(FIFTHS) == pytest.approx([4.8769, 3.3570, 2.6803, 2.2898, 2.0310], abs=1e-4)


def test_pocock_spending_equals_the_textbook():
    # Lan and DeMets 1983, per side .025: 2.438, 2.427, 2.410, 2.397, 2.386.
    assert boundaries(FIFTHS, spending="pocock") == pytest.approx(
        [2.438, 2.427, 2.410, 2.397, 2.386], abs=6e-4
    )


def test_one_look_is_the_plain_test():
    assert boundaries([1.0]) == pytest.approx([1.959964], abs=1e-6)
    assert spent(1.0, spending="pocock") == pytest.approx(0.05)


def test_boundaries_keep_the_error_rate_and_fall_with_many_looks():
    shares = [k / 28 for k in range(1, 29)]
    bounds = boundaries(shares)
    assert bounds == sorted(bounds, reverse=True)
    rng = np.random.default_rng(2)
    paths = rng.normal(0, np.sqrt(1 / 28), (20_000, 28)).cumsum(axis=1) / np.sqrt(shares)
    assert (np.abs(paths) > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: confidence_sequence(0.1, 0.0, 10, planned_n=10), "se is 0; it must be a finite"),
        (lambda: confidence_sequence(np.nan, 1.0, 10, planned_n=10), "effect is nan"),
        (lambda: confidence_sequence(0.1, 1.0, 1, planned_n=10), "n is 1; it must be a whole"),
        (lambda: confidence_sequence(0.1, 1.0, 10, planned_n=0), "planned_n is 0"),
        (lambda: boundaries([]), "number of looks is 0; it must be at least 1"),
        (lambda: boundaries([0.5, 0.4]), r"shares is \[0.5, 0.4\]; it must be rising"),
        (lambda: boundaries([0.5, 1.2]), "share of information is 1.2; it must be above 0"),
        (lambda: boundaries([1.0], spending="x"), 'spending is "x"; it must be "obrien_fleming"'),
        (lambda: crossing_chances([0.5, 1.0], [2.0]), "number of bounds is 1; it must be that of"),
        (lambda: crossing_chances([1.0], [0.0]), "lowest bound is 0; it must be above 0"),
        (lambda: crossing_chances([1.0], [2.0], drift=np.inf), "drift is inf"),
        (lambda: inflation([1.0], power=1.0), "power is 1; it must be between 0 and 1"),
        (lambda: boundaries([1.0], alpha=0), "alpha is 0; it must be between"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
