"""Level shifts: planted ones are found, weekends and short events are none."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.errors import MethodError
from opsnb.methods.shifts import level_shifts

WEEK = np.array([0.0, 4.0, 0.0, -4.0, 8.0, 32.0, 28.0])


def series(seed: int, days: int = 140) -> np.ndarray:
    return 100 + np.random.default_rng(seed).normal(0, 8, days) + np.resize(WEEK, days)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_shift_is_found_and_noise_has_none(seed: int) -> None:
    y = series(seed)
    assert level_shifts(y) == []
    y[90:] += 25
    [found] = level_shifts(y)
    assert abs(found.day - 90) <= 2
    assert found.after - found.before == pytest.approx(25, abs=5)


def test_known_days_are_bridged() -> None:
    y = series(4)
    y[60:72] -= 80
    assert level_shifts(y)
    known = np.zeros(len(y), dtype=bool)
    known[60:72] = True
    assert level_shifts(y, known=known) == []
    y[60:72] = np.nan
    assert level_shifts(y) == []


def test_what_does_not_vary_has_no_shift() -> None:
    assert level_shifts(np.full(60, 5.0)) == []


@pytest.mark.parametrize(
    ("days", "known", "words"), [(41, None, "at least 42"), (60, np.zeros(3, dtype=bool), "shape")]
)
def test_what_cannot_carry_it_is_refused(days: int, known: np.ndarray | None, words: str) -> None:
    with pytest.raises(MethodError, match=words):
        level_shifts(series(5, days), known=known)
