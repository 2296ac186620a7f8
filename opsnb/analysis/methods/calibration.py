"""How good were predictions: intervals of numbers, and probabilities of events?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opsnb.analysis.methods.estimate import Estimate, need_fraction, refuse
from opsnb.analysis.methods.proportions import wilson


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
    score: np.ndarray = highs - lows + 2 / (1 - level) * missed
    return score


def widening(
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    observed: Sequence[float],
    *,
    level: float,
) -> float:
    """By how much earlier intervals would have had to be wider to hold as often as they claimed.

    Each outcome's distance from the prediction is measured in that side's half of its interval;
    of n such scores the ceil((n + 1) · level)-th smallest is the factor (split conformal
    prediction: Papadopoulos et al. 2002; Lei et al. 2018). Stretched by it, the next interval
    holds with probability `level` or more, as far as it is missed like the earlier ones.

    Parameters
    ----------
    value, low, high, observed : sequences of float, equally long
        Predictions with their bounds, and what came out.
    level : float
        Chance the intervals claimed to hold the outcome, such as 0.8.

    Returns
    -------
    float
        At least 1: intervals that held too often are not narrowed. Infinite where so many
        outcomes lay off intervals without width that no factor would do.

    Raises
    ------
    MethodError
        As `hit_rate`, and where there are too few predictions for the level (4 for 0.8).
    """
    need_fraction("level", level)
    lows, highs, seen = _intervals(low, high, observed)
    middle = np.asarray(value, dtype=float)
    if middle.shape != seen.shape:
        refuse("lengths", f"{len(middle)} and {len(seen)}", "equal")
    rank = math.ceil(round((len(seen) + 1) * level, 9))
    if rank > len(seen):
        refuse(
            "number of predictions",
            len(seen),
            f"at least {math.ceil(round(level / (1 - level), 9))}",
        )
    miss = seen - middle
    half = np.where(miss > 0, highs - middle, middle - lows)
    away = miss != 0
    scores = np.zeros(len(seen))
    with np.errstate(divide="ignore"):
        scores[away] = np.abs(miss[away]) / np.maximum(half[away], 0.0)
    return max(1.0, float(np.sort(scores)[rank - 1]))


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


@dataclass(frozen=True)
class RiskGroup:
    """Cases of similar predicted probability, and the share of them that came true.

    Attributes
    ----------
    predicted : float
        Mean probability predicted.
    actual : Estimate
        Share that came true, with Wilson's interval.
    """

    predicted: float
    actual: Estimate


@dataclass(frozen=True)
class Calibration:
    """How predicted probabilities did.

    Attributes
    ----------
    groups : tuple of RiskGroup
        From the lowest predicted probability to the highest.
    error : float
        Mean distance between predicted and actual share, weighted by the groups' cases.
    discrimination : float or None
        Probability that a case that came true had the higher prediction than one that did not
        (area under the ROC curve); None where all or none came true.
    """

    groups: tuple[RiskGroup, ...]
    error: float
    discrimination: float | None


def reliability(
    predicted: np.ndarray,
    happened: np.ndarray,
    cases: np.ndarray | None = None,
    *,
    groups: int = 10,
    alpha: float = 0.05,
) -> Calibration:
    """Predicted probabilities against what happened, by groups of equal size (deciles).

    Cases of the same prediction stay in one group, so there may be fewer groups.

    Parameters
    ----------
    predicted : ndarray of shape (k,)
        Between 0 and 1.
    happened, cases : ndarray of shape (k,)
        How often it came true, of how many cases with that prediction; one each by default.

    Raises
    ------
    MethodError
        When lengths differ, there is no case, more came true than there were cases, or a
        prediction is no probability.
    """
    chance, came = np.asarray(predicted, dtype=float), np.asarray(happened, dtype=float)
    n = np.ones_like(chance) if cases is None else np.asarray(cases, dtype=float)
    if not chance.shape == came.shape == n.shape or chance.ndim != 1:
        refuse("shapes", f"{chance.shape}, {came.shape} and {n.shape}", "equal")
    if not n.sum():
        refuse("number of predictions", 0, "at least 1")
    if not ((chance >= 0) & (chance <= 1)).all():
        refuse("predicted", "partly missing or no probability", "between 0 and 1")
    if ((came < 0) | (came > n)).any():
        index = int(np.argmax((came < 0) | (came > n)))
        refuse(f"happened[{index}]", float(came[index]), f"between 0 and {n[index]:g}")
    levels, place = np.unique(chance, return_inverse=True)
    came, n = np.bincount(place, weights=came), np.bincount(place, weights=n)
    middle = (np.cumsum(n) - n / 2) / n.sum()
    number = np.minimum((middle * groups).astype(int), groups - 1)
    found = []
    for index in np.unique(number[n > 0]):
        inside = number == index
        total = n[inside].sum()
        actual = wilson(round(came[inside].sum()), round(total), alpha=alpha)
        found.append(RiskGroup(float(levels[inside] @ n[inside] / total), actual))
    gaps = [abs(one.predicted - one.actual.value) * one.actual.n for one in found]
    return Calibration(tuple(found), float(sum(gaps) / n.sum()), _discrimination(came, n - came))


def _discrimination(yes: np.ndarray, no: np.ndarray) -> float | None:
    """Share of pairs in the right order, ties as half, from counts by rising prediction."""
    if not yes.sum() or not no.sum():
        return None
    below = np.cumsum(no) - no
    return float(yes @ (below + no / 2) / (yes.sum() * no.sum()))
