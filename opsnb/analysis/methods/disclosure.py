"""Small counts of people are hidden so that nobody can work them out again, and little else is.

Threshold rule with complementary suppression: a count from 1 to `minimum` - 1 is hidden, and
with it the fewest others that it takes for no total to give it away; of as few, those of the
fewest people. A zero says that there is nobody, so it is hidden only where nothing else helps.

Source: Hundepool et al., Statistical Disclosure Control (2012), ch. 4; a hidden cell of a
two-way table with published margins is exactly known when, in the graph that joins rows and
columns by hidden cells, it lies on no cycle (Gusfield, SIAM J. Comput. 17, 1988). A hidden zero
can only have been more, so it is an edge of one direction.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsnb.base.errors import MethodError

Cell = tuple[int, int]
Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row", bound=Hashable)
Across = TypeVar("Across", bound=Hashable)

SEARCHED = 40_000
"""Cells looked at, over all sets tried, before a set that may not be the smallest is taken."""

_Cost = tuple[int, int, float]
"""Of hiding something: zeros, counts, people."""


def hidden_groups(
    *counts: Mapping[Key, int],
    minimum: int,
    totals: bool = True,
    already: Collection[Key] = (),
) -> frozenset[Key]:
    """The groups of a breakdown whose numbers must be hidden.

    Parameters
    ----------
    *counts : mapping of group to int
        Numbers of people by group, several where a group is shown with all of them or not at
        all: those a rate is of and those it counts, or one breakdown in several periods.
    minimum : int
        The smallest count that may be shown; 1 or less hides nothing.
    totals : bool
        Whether the total of each is known. Where it is not, only small groups are hidden.
    already : collection of groups
        Hidden for another reason; they are part of the answer.
    """
    small = {group for count in counts for group, people in count.items() if 0 < people < minimum}
    start = frozenset(already) | small
    if not totals or not small:
        return start
    return _least(
        start,
        lambda hidden: next(_open_lists(counts, hidden, minimum), set()),
        _costs(counts),
        SEARCHED // sum(map(len, counts)),
    )


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
        The smallest count that may be shown; 1 or less hides nothing.

    Returns
    -------
    array of bool, shaped like `counts`
        In each line with a small count, the hidden counts are together at least `minimum`, and
        no small one can be worked out from lines taken together. That holds for a table whose
        rows and columns each total at least `minimum` (merge those that do not); a list that
        totals less is hidden whole, and its total has to be, too.

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
    hidden = np.zeros(given.shape, dtype=bool)
    if given.ndim == 1:
        for index in hidden_groups(dict(enumerate(given.tolist())), minimum=minimum):
            hidden[index] = True
        return hidden
    table = {(r, c): int(n) for (r, c), n in np.ndenumerate(given)}
    small = frozenset(cell for cell, people in table.items() if 0 < people < minimum)
    if small:
        found = _least(
            small,
            lambda held: next(_open_cells(table, held, small, minimum), set()),
            _costs([table]),
            SEARCHED // len(table),
        )
        hidden[tuple(np.array(sorted(found)).T)] = True
    return hidden


# -- what still gives a small count away ------------------------------------------------------


def _open_lists(
    counts: Sequence[Mapping[Key, int]], hidden: frozenset[Key], minimum: int
) -> Iterator[set[Key]]:
    """For each list whose total gives a small count away, groups one of which has to be hidden."""
    for count in counts:
        yield from _open_line(count, count, hidden, minimum)


def _open_line(
    line: Iterable[Key], count: Mapping[Key, int], hidden: Collection[Key], minimum: int
) -> Iterator[set[Key]]:
    held = [key for key in line if key in hidden]
    if any(0 < count[key] < minimum for key in held) and sum(count[k] for k in held) < minimum:
        shown = {key for key in line if key not in hidden}
        if ways := {key for key in shown if count[key]} or shown:
            yield ways


def _open_cells(
    table: Mapping[Cell, int], hidden: frozenset[Cell], small: Collection[Cell], minimum: int
) -> Iterator[set[Cell]]:
    """The same for the rows and columns of a table, one by one and then taken together."""
    for axis in (0, 1):
        for line in dict.fromkeys(cell[axis] for cell in small):
            inside = [cell for cell in table if cell[axis] == line]
            yield from _open_line(inside, table, hidden, minimum)
    for cell in small:
        yield from _exactly_known(table, hidden, cell)


def _exactly_known(
    table: Mapping[Cell, int], hidden: frozenset[Cell], cell: Cell
) -> Iterator[set[Cell]]:
    """Where a hidden count can be neither more nor less, cells one of which would free it.

    More people in a cell lead from its row to its column, fewer lead back; who keeps all totals
    goes round in cycles of such steps.
    """
    from_column = _reached(table, hidden - {cell}, set(), {cell[1]})
    from_row = _reached(table, hidden - {cell}, {cell[0]}, set())
    if cell[0] in from_column[0] or cell[1] in from_row[1]:
        return
    ways = {
        (r, c)
        for rows, columns in (from_column, from_row)
        for (r, c), people in table.items()
        if (r in rows and c not in columns) or (people and c in columns and r not in rows)
    } - hidden
    if ways:
        yield ways


def _reached(
    table: Mapping[Cell, int], hidden: Collection[Cell], rows: set[int], columns: set[int]
) -> tuple[set[int], set[int]]:
    """Rows and columns that the steps through hidden cells lead to."""
    grown = True
    while grown:
        across = {c for r, c in hidden if r in rows} - columns
        columns |= across
        back = {r for r, c in hidden if c in columns and table[r, c]} - rows
        rows |= back
        grown = bool(across or back)
    return rows, columns


# -- the smallest set --------------------------------------------------------------------------


def _costs(counts: Sequence[Mapping[Key, int]]) -> dict[Key, _Cost]:
    people = {key: 0.0 for count in counts for key in count}
    for count in counts:
        for key, number in count.items():
            people[key] += number
    return {key: (int(number == 0), 1, number) for key, number in people.items()}


def _least(
    start: frozenset[Key],
    ways: Callable[[frozenset[Key]], Collection[Key]],
    costs: Mapping[Key, _Cost],
    tries: int,
) -> frozenset[Key]:
    """The cheapest set that holds `start` and leaves nothing open.

    `ways` names keys one of which every such set has to hold beside those given; none where
    nothing is open. After so many tries it is the best set that hiding the cheapest key, one
    after another, has led to.
    """
    best = _one_by_one(start, ways, costs)
    limit = _sum(costs, best - start)
    order = itertools.count()  # sets of one cost are taken as they come
    queue = [((0, 0, 0.0), next(order), start)]
    known = {start}
    while queue and tries > 0:
        tries -= 1
        spent, _, hidden = heapq.heappop(queue)
        if spent >= limit:
            return best
        open_ways = ways(hidden)
        if not open_ways:
            return hidden
        for key in sorted(open_ways, key=costs.__getitem__):
            more = hidden | {key}
            if more not in known and (cost := _sum(costs, more - start)) < limit:
                known.add(more)
                heapq.heappush(queue, (cost, next(order), more))
    return best


def _one_by_one(
    start: frozenset[Key],
    ways: Callable[[frozenset[Key]], Collection[Key]],
    costs: Mapping[Key, _Cost],
) -> frozenset[Key]:
    """Hides the cheapest key until nothing is open, then shows again what was not needed."""
    hidden = start
    while open_ways := ways(hidden):
        hidden |= {min(open_ways, key=costs.__getitem__)}
    for key in sorted(hidden - start, key=costs.__getitem__, reverse=True):
        if not ways(hidden - {key}):
            hidden -= {key}
    return hidden


def _sum(costs: Mapping[Key, _Cost], keys: Iterable[Key]) -> _Cost:
    zeros, number, people = 0, 0, 0.0
    for key in keys:
        zero, one, more = costs[key]
        zeros, number, people = zeros + zero, number + one, people + more
    return zeros, number, people
