"""How good were last cycle's predictions?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opsnb.methods.estimate import Estimate, need_fraction, refuse
from opsnb.methods.proportions import wilson


def hit_rate(
    low: Sequence[float], high: Sequence[float], observed: Sequence[float], *, alpha: float = 0.05
) -> Estimate:
    """Share of predicted intervals that held the outcome, with Wilson's interval.

    Compare it with the level the intervals were meant to have.

    Raises
    ------
    MethodError
        When lengths differ, there is no prediction, or a lower bound exceeds its upper one.
    """
    lows, highs, seen = _intervals(low, high, observed)
    return wilson(int(((lows <= seen) & (seen <= highs)).sum()), len(seen), alpha=alpha)


def interval_score(
    low: Sequence[float], high: Sequence[float], observed: Sequence[float], *, level: float
) -> np.ndarray:
    """Score of each interval, in the outcome's unit; lower is better (Gneiting and Raftery 2007).

    Width, plus 2 / (1 - level) times the distance by which the outcome lies outside: neither
    timid nor bold intervals can win.

    Parameters
    ----------
    level : float
        Chance the intervals claimed to hold the outcome, such as 0.8.
    """
    need_fraction("level", level)
    lows, highs, seen = _intervals(low, high, observed)
    missed = np.maximum(lows - seen, 0) + np.maximum(seen - highs, 0)
    return highs - lows + 2 / (1 - level) * missed


def _intervals(
    low: Sequence[float], high: Sequence[float], observed: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lows, highs, seen = (np.asarray(values, dtype=float) for values in (low, high, observed))
    if not len(lows) == len(highs) == len(seen):
        refuse("lengths", f"{len(lows)}, {len(highs)} and {len(seen)}", "equal")
    if not len(seen):
        refuse("number of predictions", 0, "at least 1")
    if not np.isfinite(np.concatenate([lows, highs, seen])).all():
        refuse("predictions", "partly missing", "complete")
    if (lows > highs).any():
        index = int(np.argmax(lows > highs))
        refuse(f"low[{index}]", float(lows[index]), f"at most high, which is {highs[index]:g}")
    return lows, highs, seen
