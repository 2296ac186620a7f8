"""Small counts of people are hidden so that nobody can work them out again.

Threshold rule with complementary suppression: a count from 1 to `minimum` - 1 is hidden, and
with it as many others as it takes that no row's or column's total gives it away.

Source: Hundepool et al., Statistical Disclosure Control (2012), ch. 4; a hidden cell of a
two-way table with published margins is exactly known when, in the graph that joins rows and
columns by hidden cells, its edge is a bridge (Gusfield, SIAM J. Comput. 17, 1988).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsnb.base.errors import MethodError

Cell = tuple[int, int]
Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row", bound=Hashable)
Across = TypeVar("Across", bound=Hashable)


def hidden_groups(counts: Mapping[Key, int], minimum: int) -> frozenset[Key]:
    """The groups of a breakdown whose counts must be hidden, its total being known."""
    names = list(counts)
    found = suppressed([counts[name] for name in names], minimum)
    return frozenset(name for name, gone in zip(names, found, strict=True) if gone)


def hidden_cells(
    counts: Mapping[tuple[Row, Across], int], minimum: int
) -> frozenset[tuple[Row, Across]]:
    """The same for people counted two ways at once, whose margins are known; a gap is a zero."""
    rows = list(dict.fromkeys(row for row, _ in counts))
    columns = list(dict.fromkeys(column for _, column in counts))
    if not rows:
        return frozenset()
    table = np.array([[counts.get((r, c), 0) for c in columns] for r in rows])
    found = np.argwhere(suppressed(table, minimum))
    return frozenset((rows[r], columns[c]) for r, c in found.tolist())


def suppressed(counts: ArrayLike, minimum: int) -> NDArray[np.bool_]:
    """Which counts must be hidden when their totals are published.

    Parameters
    ----------
    counts : array of shape (k,) or (r, c)
        Numbers of people, whole and not negative. The total of a list, and the totals of the
        rows and columns of a table, count as known.
    minimum : int
        The smallest count that may be shown; 1 or less hides nothing. A zero is hidden
        only to protect another count.

    Returns
    -------
    array of bool, shaped like `counts`
        In each line that has any, the hidden counts are at least two and together at least
        `minimum`, and no small one can be worked out from lines taken together. That holds
        for a table whose rows and columns each total at least `minimum` (merge those that
        do not); a list that totals less is hidden whole, and its total has to be, too.

    Raises
    ------
    MethodError
        The counts are no list or table, or not whole numbers from 0 up.
    """
    given = np.asarray(counts, dtype=float)
    if given.ndim not in (1, 2) or not np.all((given >= 0) & (given == np.floor(given))):
        raise MethodError(
            "people are counted in whole numbers from 0 up, in a list or a table",
            where="counts",
            hint="pass the counts before they become shares, without missing values",
        )
    table = given if given.ndim == 2 else given[np.newaxis, :]
    # The columns of a list are single cells: only its one row has a total.
    lines = [list(zip([r] * table.shape[1], range(table.shape[1]), strict=True))
             for r in range(table.shape[0])]  # fmt: skip
    if given.ndim == 2:
        lines += [[(r, c) for r in range(table.shape[0])] for c in range(table.shape[1])]
    small = (table > 0) & (table < minimum)
    hidden = small.copy()
    while _close_lines(table, hidden, lines, minimum) or (
        given.ndim == 2 and _close_bridges(table, hidden, small)
    ):
        pass
    return hidden.reshape(given.shape)


def _close_lines(
    table: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    lines: list[list[Cell]],
    minimum: int,
) -> bool:
    """Hide one more count in each line whose total gives its hidden ones away."""
    changed = False
    for line in lines:
        held = [cell for cell in line if hidden[cell]]
        if not held or (len(held) > 1 and sum(table[cell] for cell in held) >= minimum):
            continue
        changed = _hide_smallest(table, hidden, line) or changed
    return changed


def _close_bridges(
    table: NDArray[np.float64], hidden: NDArray[np.bool_], small: NDArray[np.bool_]
) -> bool:
    """Hide one more count where rows and columns together give a small one away."""
    for row, column in _bridges(hidden):
        if small[row, column]:
            across = [(row, c) for c in range(table.shape[1])]
            down = [(r, column) for r in range(table.shape[0])]
            if _hide_smallest(table, hidden, across) or _hide_smallest(table, hidden, down):
                return True
    return False


def _hide_smallest(table: NDArray[np.float64], hidden: NDArray[np.bool_], line: list[Cell]) -> bool:
    shown = [cell for cell in line if not hidden[cell]]
    if shown:
        # A zero is hidden only where nothing else is left: it says the least.
        hidden[min(shown, key=lambda cell: (table[cell] == 0, table[cell], cell))] = True
    return bool(shown)


def _bridges(hidden: NDArray[np.bool_]) -> Iterator[Cell]:
    """Hidden cells on no closed path of hidden cells: removing one parts its row and column."""
    cells = [(int(r), int(c)) for r, c in zip(*np.nonzero(hidden), strict=True)]
    for cell in cells:
        rest = [other for other in cells if other != cell]
        rows, columns = {cell[0]}, set[int]()
        grown = True
        while grown:
            reached = {c for r, c in rest if r in rows} - columns
            columns |= reached
            back = {r for r, c in rest if c in columns} - rows
            rows |= back
            grown = bool(reached or back)
        if cell[1] not in columns:
            yield cell
