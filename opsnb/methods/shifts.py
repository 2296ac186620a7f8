"""Where the level of a daily series changed, and stayed changed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from opsnb.methods.estimate import refuse

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
    """Lasting changes of level, found by PELT (Killick, Fearnhead and Eckley 2012).

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
    import ruptures

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
    search = ruptures.Pelt(model="l2", min_size=min_length, jump=1).fit(level[:, None] / scale)
    ends = search.predict(pen=PENALTY * np.log(len(y)))
    edges = [0, *ends]
    means = [float(level[a:b].mean()) for a, b in pairwise(edges)]
    return [
        Shift(int(edge), before, after)
        for edge, before, after in zip(edges[1:-1], means, means[1:], strict=False)
    ]


def _without_week(y: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """The series less each weekday's median distance from the running weekly median."""
    days = np.arange(len(y))
    filled = np.interp(days, days[usable], y[usable])
    padded = np.pad(filled, WEEK // 2, mode="edge")
    running = np.median(np.lib.stride_tricks.sliding_window_view(padded, WEEK), axis=1)
    distance = filled - running
    out = filled.copy()
    for weekday in range(WEEK):
        own = (days % WEEK == weekday) & usable
        if own.any():
            out[days % WEEK == weekday] -= np.median(distance[own])
    return out
