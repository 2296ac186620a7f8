"""Level shifts: planted ones are found, weekends and short events are none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import ruptures

from opsnb.analysis.methods.shifts import PENALTY, _cheapest_split, level_shifts
from opsnb.base.errors import MethodError

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


@pytest.mark.parametrize("days", [20, 60, 110])
@pytest.mark.parametrize("shortest", [1, 10])
def test_the_split_costs_least_of_all(days: int, shortest: int) -> None:
    """`Dynp` is exact for a number of shifts, and told a penalty by trying every number."""
    for y in _with_shifts(days):
        exact = ruptures.Dynp(model="l2", min_size=shortest, jump=1).fit(y[:, None])
        for penalty in (15.0, PENALTY * np.log(days)):
            tried = [
                [0, days],
                *([0, *exact.predict(n_bkps=n)] for n in range(1, min(days // shortest, 12))),
            ]
            least = min(_cost(y, edges, penalty) for edges in tried)
            ours = _cost(y, _cheapest_split(y, penalty, shortest), penalty)
            assert ours == pytest.approx(least)


@pytest.mark.parametrize("days", [60, 180, 400])
def test_pelt_finds_the_same_split(days: int) -> None:
    for y in _with_shifts(days):
        pelt = ruptures.Pelt(model="l2", min_size=10, jump=1).fit(y[:, None])
        penalty = PENALTY * np.log(days)
        assert _cheapest_split(y, penalty, 10) == [0, *pelt.predict(pen=penalty)]


def _with_shifts(days: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(days)
    for shifts in (0, 1, 3):
        places = rng.choice(days, shifts, replace=False)
        yield rng.normal(0, 1, days) + sum(3.0 * (np.arange(days) >= place) for place in places)


def _cost(y: np.ndarray, edges: list[int], penalty: float) -> float:
    stretches = [y[a:b] for a, b in pairwise(edges)]
    return sum(len(s) * float(s.var()) for s in stretches) + penalty * len(stretches)
