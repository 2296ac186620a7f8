"""Plans with several arms against Dunnett's table and the two-arm formulas."""

from __future__ import annotations

from functools import partial

import pytest
from scipy import stats

from opsnb.analysis.methods.planning import best_shares, planned_level, users_over_arms
from opsnb.analysis.methods.power import SampleSize, users_for_mean
from opsnb.base.errors import MethodError


@pytest.mark.parametrize(
    ("treatments", "bound"), [(1, 1.96), (2, 2.212), (3, 2.349), (4, 2.442), (5, 2.511)]
)
def test_dunnetts_level_equals_his_table(treatments, bound):
    """Dunnett 1964, two-sided .05, infinite degrees of freedom, equal arms."""
    shares = [1 / (treatments + 1)] * (treatments + 1)
    level = planned_level(shares, procedure="dunnett")
    assert stats.norm.isf(level / 2) == pytest.approx(bound, abs=2e-3)


def test_holms_level_is_its_strictest_step():
    assert planned_level([0.5, 0.5]) == 0.05
    assert planned_level([0.4, 0.2, 0.2, 0.2]) == pytest.approx(0.05 / 3)


def test_two_arms_are_the_plain_formula():
    def size(ratio: float) -> SampleSize:
        return users_for_mean(100, 0.6, ratio=ratio)

    for share in (0.5, 0.2):
        total = users_over_arms(size, [1 - share, share])
        assert total == pytest.approx(size(share / (1 - share)).total, abs=2)


def test_the_smallest_treatment_decides():
    size = partial(_size, level=0.025)
    uneven = users_over_arms(size, [0.5, 0.4, 0.1])
    control = size(0.1 / 0.5).control
    assert uneven == pytest.approx(control / 0.5, abs=2)


def _size(ratio: float, level: float) -> SampleSize:
    return users_for_mean(100, 0.6, alpha=level, ratio=ratio)


@pytest.mark.parametrize("treatments", [2, 4])
def test_the_best_split_takes_fewer_users_than_its_neighbours(treatments):
    size = partial(_size, level=0.05 / treatments)
    best = best_shares(treatments)
    assert sum(best) == pytest.approx(1)
    assert best[0] / best[1] == pytest.approx(treatments**0.5)
    least = users_over_arms(size, best)
    for control in (best[0] - 0.08, best[0] + 0.08):
        other = [control, *([(1 - control) / treatments] * treatments)]
        assert users_over_arms(size, other) > least


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: planned_level([1.0]), "number of arms is 1; it must be at least 2"),
        (lambda: planned_level([0.5, 0.0, 0.5]), r"shares\[1\] is 0; it must be between 0 and 1"),
        (lambda: planned_level([0.5, 0.3]), "sum of shares is 0.8; it must be 1"),
        (lambda: best_shares(0), "number of treatments is 0; it must be at least 1"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
