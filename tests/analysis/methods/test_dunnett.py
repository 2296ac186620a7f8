"""Dunnett's test against scipy, textbook constants, single comparisons and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.analysis.methods.compare import difference, two_proportions
from opsnb.analysis.methods.dunnett import arm_levels, dunnett
from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.multiplicity import holm
from opsnb.base.errors import MethodError


def values(seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(10, 2, 20), {"a": rng.normal(12, 2, 15), "b": rng.normal(10.5, 2, 25)}


def test_pooled_variances_equal_scipy():
    """scipy.stats.dunnett, p-values and simultaneous intervals (its integral is random)."""
    control, arms = values()
    theirs = stats.dunnett(*arms.values(), control=control, rng=np.random.default_rng(0))
    interval = theirs.confidence_interval()
    ours = dunnett(
        Moments.from_values(control),
        {name: Moments.from_values(x) for name, x in arms.items()},
        equal_variances=True,
    )
    for index, found in enumerate(ours.values()):
        assert found.diff.p_value == pytest.approx(theirs.pvalue[index], abs=5e-4)
        assert [found.diff.low, found.diff.high] == pytest.approx(
            [interval.low[index], interval.high[index]], abs=5e-3
        )


@pytest.mark.parametrize(
    ("arms", "n", "constant"), [(2, 6, 2.44), (4, 6, 2.61), (3, 11, 2.44), (2, 21, 2.27)]
)
def test_critical_values_equal_dunnetts_table(arms, n, constant):
    """Dunnett 1964, table of two-sided 5 % points: k = 2, 15 df 2.44; k = 4, 25 df 2.61;
    k = 3, 40 df 2.44; k = 2, 60 df 2.27."""
    control = Moments(n, 0.0, 1.0)
    found = dunnett(control, {str(i): control for i in range(arms)}, equal_variances=True)["0"]
    assert found.df == (arms + 1) * (n - 1)
    assert found.diff.high / found.diff.se == pytest.approx(constant, abs=0.0051)


def test_one_treatment_is_welchs_test():
    control, arms = values()
    control, arm = Moments.from_values(control), Moments.from_values(arms["a"])
    plain, ours = difference(control, arm), dunnett(control, {"a": arm})["a"]
    assert [ours.diff.low, ours.diff.high, ours.diff.p_value] == pytest.approx(
        [plain.diff.low, plain.diff.high, plain.diff.p_value]
    )
    assert (ours.lift.low, ours.lift.high) == pytest.approx((plain.lift.low, plain.lift.high))


@pytest.mark.parametrize("equal_variances", [False, True])
def test_p_value_and_both_intervals_agree(equal_variances):
    rng = np.random.default_rng(3)
    for _ in range(60):
        control = Moments(50, 10.0, float(rng.uniform(1, 9)))
        arms = {k: Moments(40, float(rng.normal(10, 1)), float(rng.uniform(1, 9))) for k in "abc"}
        for found in dunnett(control, arms, equal_variances=equal_variances).values():
            assert (found.diff.p_value < 0.05) == found.diff.significant == found.lift.significant


def test_sharper_than_holms_first_step_and_above_the_plain_p():
    control = Moments(400, 10.0, 4.0)
    arms = {k: Moments(400, mean, 4.0) for k, mean in (("a", 10.35), ("b", 10.3), ("c", 10.0))}
    plain = [difference(control, arm).diff.p_value for arm in arms.values()]
    adjusted = [found.diff.p_value for found in dunnett(control, arms).values()]
    assert plain[0] < adjusted[0] < holm(plain)[0]


def test_familywise_error_with_unequal_variances_and_sizes():
    rng = np.random.default_rng(4)
    shape = {"a": (30, 3.0), "b": (60, 1.0), "c": (40, 2.0)}
    wrong = 0
    for _ in range(500):
        control = Moments.from_values(rng.normal(0, 1, 50))
        arms = {k: Moments.from_values(rng.normal(0, sd, n)) for k, (n, sd) in shape.items()}
        wrong += any(found.diff.significant for found in dunnett(control, arms).values())
    assert wrong / 500 == pytest.approx(0.05, abs=0.022)


@pytest.mark.parametrize(
    ("arms", "options", "message"),
    [
        ({}, {}, "number of treatments is 0; it must be at least 1"),
        ({"a": Moments(9, 1.0, 0.0)}, {}, "variance of control and a is 0; it must be above 0"),
        ({"a": Moments(9, 1.0, 1.0)}, {"alpha": 0}, "alpha is 0; it must be between 0 and 1"),
    ],
)
def test_errors_name_the_parameter(arms, options, message):
    with pytest.raises(MethodError, match=message):
        dunnett(Moments(9, 1.0, 0.0), arms, **options)


def test_levels_give_the_same_intervals_and_p_values():
    """Dunnett's test as the level of each arm's own interval: `dunnett` itself is the oracle."""
    rng = np.random.default_rng(9)
    control = Moments.from_values(rng.normal(10, 2, 90))
    arms = {k: Moments.from_values(rng.normal(10.5, 1 + i, 60)) for i, k in enumerate("bcd")}
    pairs = {name: (control, arm) for name, arm in arms.items()}
    levels = arm_levels(pairs, {name: difference(*pair) for name, pair in pairs.items()})
    for name, whole in dunnett(control, arms).items():
        own = difference(control, arms[name], alpha=levels[name].level).diff
        assert (own.low, own.high) == pytest.approx((whole.diff.low, whole.diff.high))
        assert levels[name].p_value == pytest.approx(whole.diff.p_value)


def test_levels_of_shares_keep_the_familywise_error():
    """A/A, three arms of shares by the score test: any false alarm in at most 5 % of 2,000."""
    rng, alarms = np.random.default_rng(10), 0
    counts = rng.binomial(2000, 0.1, (2000, 4))
    arms = [Moments.from_share(200, 2000)] * 2
    same = two_proportions(200, 2000, 200, 2000)
    # The level hangs on sizes and, barely, on the shares: once is enough.
    level = arm_levels({k: tuple(arms) for k in "bcd"}, dict.fromkeys("bcd", same))["b"].level
    for control, *others in counts:
        tests = [two_proportions(int(control), 2000, int(other), 2000) for other in others]
        alarms += min(test.diff.p_value for test in tests) < level
    assert alarms / 2000 == pytest.approx(0.05, abs=0.016)


def test_levels_where_nothing_varies_in_a_pair_are_those_of_arms_of_equal_variance():
    """Control and one arm have nobody: their correlation is that of their sizes."""
    counts = {"a": (0, 500), "b": (30, 500)}
    compared = {arm: two_proportions(0, 500, *found) for arm, found in counts.items()}
    control = Moments.from_share(0, 500)
    levels = arm_levels({a: (control, Moments.from_share(*c)) for a, c in counts.items()}, compared)
    assert 0.025 < levels["a"].level < 0.05 and levels["a"].p_value == 1.0
    assert levels["b"].p_value < 1e-6
