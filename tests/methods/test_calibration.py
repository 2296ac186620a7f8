"""Scores of predictions: by hand and for forecasters who are honest, timid or bold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.errors import MethodError
from opsnb.methods.calibration import hit_rate, interval_score, reliability


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
