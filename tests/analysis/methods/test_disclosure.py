"""Hidden counts of people: an attacker with linear programming must not find them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from opsnb.analysis.methods.disclosure import suppressed
from opsnb.base.errors import MethodError

MINIMUM = 10


def feasible(table: np.ndarray, hidden: np.ndarray, cell: tuple[int, int]) -> tuple[float, float]:
    """The range of a hidden cell for who knows all totals, all shown cells and that none
    is negative: the attacker's linear programme."""
    cells = [tuple(c) for c in np.argwhere(hidden)]
    rows, right = [], []
    for axis in (0, 1):
        for line in range(table.shape[axis]):
            inside = [float(c[axis] == line) for c in cells]
            if any(inside):
                rows.append(inside)
                right.append(sum(table[c] for c in cells if c[axis] == line))
    cost = np.array([float(c == cell) for c in cells])
    low, high = (
        linprog(sign * cost, A_eq=rows, b_eq=right, bounds=(0, None)).fun * sign for sign in (1, -1)
    )
    return low, high


def test_a_small_count_takes_its_smallest_neighbour_along() -> None:
    assert suppressed([3, 40, 12, 0, 90], MINIMUM).tolist() == [True, False, True, False, False]


def test_small_counts_that_hide_each_other_take_nobody_along() -> None:
    assert suppressed([6, 7, 40], MINIMUM).tolist() == [True, True, False]


def test_two_tiny_counts_are_given_away_by_their_sum_and_take_a_third() -> None:
    assert suppressed([1, 1, 40, 50], MINIMUM).tolist() == [True, True, True, False]


def test_zeros_and_large_counts_are_shown() -> None:
    assert not suppressed([0, 10, 25], MINIMUM).any()
    assert not suppressed([[0, 10], [25, 0]], MINIMUM).any()
    assert not suppressed([1, 2, 3], 1).any()


def test_a_lone_count_leaves_only_its_total_to_hide() -> None:
    assert suppressed([4], MINIMUM).tolist() == [True]
    assert suppressed([0, 4, 0], MINIMUM).all()


def test_the_bridge_between_two_closed_paths_is_found() -> None:
    """Row and column sums give the middle cell away though its lines hide two counts each."""
    table = np.full((4, 4), 50)
    table[0, 0] = table[0, 1] = table[1, 0] = table[1, 1] = 9
    table[2, 2] = table[2, 3] = table[3, 2] = table[3, 3] = 9
    table[1, 2] = 5
    hidden = suppressed(table, MINIMUM)
    low, high = feasible(table, hidden, (1, 2))
    assert high - low > 1
    assert hidden.sum() == 10


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        int,
        st.tuples(st.integers(3, 5), st.integers(3, 5)),
        elements=st.integers(0, 9) | st.integers(0, 60),
    )
)
def test_no_small_count_can_be_worked_out(table: np.ndarray) -> None:
    """Independent audit by linear programming, as cell-suppression packages do it."""
    totals = np.concatenate([table.sum(axis=0), table.sum(axis=1)])
    assume(np.all(totals >= MINIMUM))
    hidden = suppressed(table, MINIMUM)
    small = (table > 0) & (table < MINIMUM)
    assert hidden[small].all()
    for cell in map(tuple, np.argwhere(small)):
        low, high = feasible(table, hidden, cell)
        assert high - low >= 1, f"{cell} lies in {low}..{high}"


@pytest.mark.parametrize("counts", [[[[1]]], [1.5], [-1], [float("nan")]])
def test_what_is_no_count_is_refused(counts: list) -> None:
    with pytest.raises(MethodError, match="whole numbers from 0 up"):
        suppressed(counts, MINIMUM)
