"""Hidden counts of people: an attacker with linear programming must not find them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from opsnb.analysis.methods.disclosure import hidden_groups, suppressed
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


TABLES = arrays(
    int,
    st.tuples(st.integers(2, 4), st.integers(2, 4)),
    elements=st.sampled_from([0, 0, 1, 4, 8, 9]) | st.integers(10, 60),
)
LISTS = arrays(int, st.integers(1, 7), elements=st.integers(0, 9) | st.integers(0, 60))


def lines(table: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Where each published total of a table is from, as a mask, and over which axis it goes."""
    for axis in (0, 1):
        for line in range(table.shape[axis]):
            mask = np.zeros(table.shape, dtype=bool)
            mask[(slice(None),) * axis + (line,)] = True
            yield mask, axis


def is_attacked(table: np.ndarray, hidden: np.ndarray) -> bool:
    """Whether somebody who knows all totals learns a small count: one that is shown, one that
    the linear programme leaves no second whole value, or a few people as what a total leaves."""
    small = (table > 0) & (table < MINIMUM)
    if not hidden[small].all():
        return True
    for mask, _ in lines(table):
        if (small & mask).any() and table[hidden & mask].sum() < MINIMUM:
            return True
    return any(
        high - low < 1
        for cell in map(tuple, np.argwhere(small))
        for low, high in [feasible(table, hidden, cell)]
    )


def can_be_protected(table: np.ndarray) -> bool:
    return not is_attacked(table, np.ones(table.shape, dtype=bool))


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_an_attack_by_linear_programming_finds_no_small_count(table: np.ndarray) -> None:
    """Independent audit, as cell-suppression packages do it."""
    assume(can_be_protected(table))
    assert not is_attacked(table, suppressed(table, MINIMUM))


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_every_count_hidden_beside_the_small_ones_is_needed(table: np.ndarray) -> None:
    """Where nothing is small nothing is hidden; and any other count, shown, opens an attack."""
    assume(can_be_protected(table))
    hidden = suppressed(table, MINIMUM)
    small = (table > 0) & (table < MINIMUM)
    assert small.any() or not hidden.any()
    for cell in map(tuple, np.argwhere(hidden & ~small)):
        shown = hidden.copy()
        shown[cell] = False
        assert is_attacked(table, shown), f"{cell} could be shown"


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_no_smaller_set_protects_a_small_table(table: np.ndarray) -> None:
    """Every set of fewer counts is tried and attacked; zeros, which say the least, stay."""
    assume(can_be_protected(table))
    hidden = suppressed(table, MINIMUM)
    small = (table > 0) & (table < MINIMUM)
    more = int((hidden & ~small).sum())
    assume(more <= 3 and not (table[hidden] == 0).any())
    others = [tuple(cell) for cell in np.argwhere(~small & (table > 0))]
    for fewer in chain.from_iterable(combinations(others, k) for k in range(more)):
        tried = small.copy()
        for cell in fewer:
            tried[cell] = True
        assert is_attacked(table, tried), f"hiding {fewer} would do"


def test_a_larger_table_hides_hardly_more_than_its_small_counts_need() -> None:
    """Against hiding all and showing again, the largest first, what the attack does not need."""
    draw = np.random.default_rng(7)
    ours = theirs = 0
    for _ in range(6):
        table = draw.integers(10, 80, (6, 6))
        table[draw.random((6, 6)) < 0.12] = 4
        hidden = np.ones(table.shape, dtype=bool)
        for cell in sorted(np.ndindex(table.shape), key=lambda one: -table[one]):
            hidden[cell] = False
            hidden[cell] = is_attacked(table, hidden)
        ours, theirs = ours + suppressed(table, MINIMUM).sum(), theirs + hidden.sum()
    assert 0 < ours <= theirs


@settings(max_examples=200, deadline=None)
@given(LISTS)
def test_a_list_hides_its_small_counts_and_at_most_the_smallest_other(counts: np.ndarray) -> None:
    hidden = suppressed(counts, MINIMUM)
    small = (counts > 0) & (counts < MINIMUM)
    assert hidden[small].all()
    if counts.sum() < MINIMUM:
        assert hidden.all() or not small.any()
    elif small.any() and counts[small].sum() < MINIMUM:
        [other] = counts[hidden & ~small]
        assert other == counts[counts >= MINIMUM].min()
    else:
        assert (hidden == small).all()


# -- several counts of the same groups -----------------------------------------------------------


def test_what_is_hidden_in_two_periods_protects_both_with_one_group() -> None:
    """Taken one by one the periods would hide north and south."""
    before = {"north": 60, "south": 71, "east": 80, "small": 2}
    after = {"north": 75, "south": 62, "east": 80, "small": 3}
    assert hidden_groups(before, after, minimum=MINIMUM) == {"south", "small"}


def test_a_group_that_is_hidden_anyway_protects_others() -> None:
    counts = {"a": 3, "b": 40, "c": 90}
    assert hidden_groups(counts, minimum=MINIMUM) == {"a", "b"}
    assert hidden_groups(counts, minimum=MINIMUM, already={"c"}) == {"a", "c"}
    assert hidden_groups({"b": 40, "c": 90}, minimum=MINIMUM, already={"c"}) == {"c"}


def test_where_no_total_is_known_only_small_groups_are_hidden() -> None:
    assert hidden_groups({"a": 3, "b": 40}, minimum=MINIMUM, totals=False) == {"a"}
    assert hidden_groups({"a": 3, "b": 40}, minimum=MINIMUM) == {"a", "b"}


def test_rows_that_belong_to_nobody_hide_nobody() -> None:
    """Rows without a user count no people, however few they are."""
    assert not hidden_groups({"(none)": 0, "a": 70, "b": 70}, minimum=MINIMUM)
    assert hidden_groups({"(none)": 0, "a": 7, "b": 70}, minimum=MINIMUM) == {"a", "b"}


@pytest.mark.parametrize("counts", [[[[1]]], [1.5], [-1], [float("nan")]])
def test_what_is_no_count_is_refused(counts: list) -> None:
    with pytest.raises(MethodError, match="whole numbers from 0 up"):
        suppressed(counts, MINIMUM)
