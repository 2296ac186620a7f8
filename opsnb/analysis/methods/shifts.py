"""Where the level of a daily series changed, and stayed changed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from opsnb.analysis.methods.estimate import refuse

WEEK = 7
MIN_DAYS = 42
PENALTY = 12.0
"""Times noise variance times log(days): in simulations a series without a shift, its noise
correlated up to .3 from day to day, shows one in less than 5 % of half years."""


@dataclass(frozen=True)
class Shift:
    """A change of level.

    Attributes
    ----------
    day : int
        Position of the first day at the new level.
    before, after : float
        Mean level of the stretches on both sides, without the weekdays' pattern.
    """

    day: int
    before: float
    after: float


def level_shifts(
    y: np.ndarray, *, known: np.ndarray | None = None, min_length: int = 10
) -> list[Shift]:
    """Lasting changes of level: the split of the series that costs least.

    A stretch costs the squares of its days' distances from its mean, and every shift a penalty;
    the least is exact (optimal partitioning, Jackson et al. 2005).

    Parameters
    ----------
    y : ndarray of shape (days,)
        Consecutive days; NaN where missing.
    known : ndarray of bool, shape (days,), optional
        Days of known events; like missing ones they are bridged, so that a short event is no
        shift.
    min_length : int
        Days that a level has to last.

    Notes
    -----
    The weekdays' pattern is taken out first (medians of the distance from the running weekly
    median): on raw weekly data a search for shifts finds the weekends.

    Raises
    ------
    MethodError
        Fewer than 42 usable days, or shapes that differ.
    """
    y = np.asarray(y, dtype=float)
    skipped = np.zeros(y.shape, dtype=bool) if known is None else np.asarray(known, dtype=bool)
    if y.ndim != 1 or skipped.shape != y.shape:
        refuse("known", f"of shape {skipped.shape}", f"of shape {y.shape}, as y is")
    usable = np.isfinite(y) & ~skipped
    if usable.sum() < MIN_DAYS:
        refuse("usable days", int(usable.sum()), f"at least {MIN_DAYS}")
    days = np.arange(len(y))
    level = np.interp(days, days[usable], _without_week(y, usable)[usable])
    scale = 1.4826 * float(np.median(np.abs(np.diff(level)))) / np.sqrt(2)
    if scale == 0:
        return []
    edges = _cheapest_split(level / scale, PENALTY * np.log(len(y)), min_length)
    means = [float(level[a:b].mean()) for a, b in pairwise(edges)]
    return [
        Shift(int(edge), before, after)
        for edge, before, after in zip(edges[1:-1], means, means[1:], strict=False)
    ]


def _cheapest_split(y: np.ndarray, penalty: float, shortest: int) -> list[int]:
    """Edges of the stretches, from 0 to the number of days; none is shorter than `shortest`."""
    days = len(y)
    sums = np.concatenate([[0.0], np.cumsum(y - y.mean())])
    squares = np.concatenate([[0.0], np.cumsum((y - y.mean()) ** 2)])
    least = np.full(days + 1, np.inf)  # of all splits of the days before each
    least[0] = -penalty
    last = np.zeros(days + 1, dtype=int)
    for end in range(shortest, days + 1):
        starts = np.arange(end - shortest + 1)
        own = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        cost = least[starts] + own + penalty
        last[end] = int(cost.argmin())
        least[end] = cost[last[end]]
    edges = [days]
    while edges[0] > 0:
        edges.insert(0, int(last[edges[0]]))
    return edges


def _without_week(y: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """The series less each weekday's median distance from the running weekly median."""
    days = np.arange(len(y))
    filled = np.interp(days, days[usable], y[usable])
    padded = np.pad(filled, WEEK // 2, mode="edge")
    running = np.median(np.lib.stride_tricks.sliding_window_view(padded, WEEK), axis=1)
    distance = filled - running
    out: np.ndarray = filled.copy()
    for weekday in range(WEEK):
        own = (days % WEEK == weekday) & usable
        if own.any():
            out[days % WEEK == weekday] -= np.median(distance[own])
    return out
