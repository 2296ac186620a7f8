"""Scores of predictions: by hand and for forecasters who are honest, timid or bold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.errors import MethodError
from opsnb.methods.calibration import hit_rate, interval_score


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
