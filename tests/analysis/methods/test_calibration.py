"""Scores of predictions: by hand and for forecasters who are honest, timid or bold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.analysis.methods.calibration import hit_rate, interval_score, reliability, widening
from opsnb.base.errors import MethodError


def test_hits_by_hand():
    found = hit_rate([0, 0, 0, 5], [1, 1, 1, 6], [0.5, 1, 2, 5.5])
    assert (found.value, found.n) == (0.75, 4)


def test_score_by_hand():
    assert interval_score([0, 0], [10, 10], [5, 12], level=0.8) == pytest.approx([10, 30])


def test_honest_intervals_score_best():
    seen = np.random.default_rng(1).normal(size=4000)
    scores = {}
    for level in (0.5, 0.8, 0.99):
        reach = stats.norm.ppf((1 + level) / 2)
        bounds = np.full(4000, -reach), np.full(4000, reach)
        scores[level] = interval_score(*bounds, seen, level=0.8).mean()
        assert hit_rate(*bounds, seen).value == pytest.approx(level, abs=0.02)
    assert scores[0.8] == min(scores.values())


def test_widening_by_hand():
    value, low, high = [10.0] * 4, [8.0] * 4, [14.0] * 4
    # Above by 2 of 4, below by 3 of 2, above by 8 of 4, hit in the middle: scores .5, 1.5, 2, 0.
    seen = [12.0, 7.0, 18.0, 10.0]
    assert widening(value, low, high, seen, level=0.8) == 2.0  # the fourth of four
    assert widening(value, low, high, seen, level=0.6) == 1.5  # the third
    assert widening(value, low, high, seen, level=0.2) == 1.0  # never narrower


def test_an_interval_without_width_that_missed_has_no_factor():
    assert widening([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 2], level=0.8) == np.inf


def test_stretched_intervals_hold_as_often_as_they_claim():
    """Ranges half as wide as they should be, of skewed outcomes; the guarantee is exact."""
    rng = np.random.default_rng(11)
    n, runs, held = 19, 4000, 0
    for _ in range(runs):
        seen = rng.gumbel(size=n + 1)
        value, low, high = np.zeros(n), np.full(n, -0.5), np.full(n, 0.7)
        factor = widening(value, low, high, seen[:-1], level=0.8)
        held += -0.5 * factor <= seen[-1] <= 0.7 * factor
    # 16 of 20 ranks: exactly .8 in expectation, and the factor is never held at 1 here.
    assert held / runs == pytest.approx(0.8, abs=3 * (0.8 * 0.2 / runs) ** 0.5)


@pytest.mark.parametrize(
    ("count", "message"),
    [(3, "number of predictions is 3; it must be at least 4"), (0, "at least 1")],
)
def test_widening_needs_enough_predictions(count, message):
    with pytest.raises(MethodError, match=message):
        widening([1] * count, [0] * count, [2] * count, [1] * count, level=0.8)


def test_widening_wants_as_many_predictions_as_outcomes():
    with pytest.raises(MethodError, match="lengths is 1 and 4; it must be equal"):
        widening([1], [0] * 4, [2] * 4, [1] * 4, level=0.8)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([], [], []), "number of predictions is 0; it must be at least 1"),
        (([1], [2, 3], [1]), "lengths is 1, 2 and 1; it must be equal"),
        (([1], [np.nan], [1]), "predictions is partly missing"),
        (([3], [2], [1]), r"low\[0\] is 3; it must be at most high, which is 2"),
    ],
)
def test_errors_name_the_parameter(rows, message):
    with pytest.raises(MethodError, match=message):
        hit_rate(*rows)


def test_level_is_checked():
    with pytest.raises(MethodError, match="level is 1; it must be between 0 and 1"):
        interval_score([0], [1], [0], level=1)


def test_groups_are_deciles_and_hold_what_came():
    rng = np.random.default_rng(7)
    chance = rng.beta(1, 3, 20_000)
    came = rng.random(20_000) < chance
    found = reliability(chance, came)
    assert [g.actual.n for g in found.groups] == pytest.approx([2000] * 10, abs=2)
    order = np.argsort(chance)
    for index, group in enumerate(found.groups):
        own = order[2000 * index : 2000 * (index + 1)]
        assert group.predicted == pytest.approx(chance[own].mean(), abs=1e-3)
        assert group.actual.value == pytest.approx(came[own].mean(), abs=2e-3)
    assert sum(g.actual.low <= g.predicted <= g.actual.high for g in found.groups) >= 8
    assert found.error < 0.015
    pairs = stats.mannwhitneyu(chance[came], chance[~came]).statistic
    assert found.discrimination == pytest.approx(pairs / (came.sum() * (~came).sum()))


def test_predictions_that_are_too_high_are_seen():
    rng = np.random.default_rng(8)
    chance = rng.beta(2, 4, 5000)
    found = reliability(chance, rng.random(5000) < chance / 2)
    assert found.error == pytest.approx(chance.mean() / 2, abs=0.02)


def test_equal_predictions_stay_together():
    found = reliability(np.full(50, 0.3), np.arange(50) < 15)
    [group] = found.groups
    assert (group.predicted, group.actual.value) == (pytest.approx(0.3), 0.3)
    assert found.error == pytest.approx(0)
    assert found.discrimination == 0.5
    assert reliability(np.full(5, 0.3), np.ones(5)).discrimination is None


@pytest.mark.parametrize(
    ("predicted", "happened", "message"),
    [
        ([0.1, 0.2], [1], "shapes is"),
        ([0.1, 0.2], [0, 2], r"happened\[1\] is 2; it must be between 0 and 1"),
        ([], [], "number of predictions is 0"),
        ([0.1, 1.2], [0, 1], "partly missing or no probability"),
        ([0.1, np.nan], [0, 1], "partly missing or no probability"),
    ],
)
def test_probabilities_that_are_none(predicted, happened, message):
    with pytest.raises(MethodError, match=message):
        reliability(np.array(predicted), np.array(happened))


def test_counted_cases_are_single_ones():
    rng = np.random.default_rng(9)
    chance = rng.integers(0, 40, 3000) / 40
    came = rng.random(3000) < chance
    one_by_one = reliability(chance, came)
    levels = np.unique(chance)
    counted = reliability(
        levels,
        [came[chance == level].sum() for level in levels],
        [(chance == level).sum() for level in levels],
    )
    assert counted == one_by_one
