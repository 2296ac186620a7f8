"""How good were predictions: intervals of numbers, and probabilities of events?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

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
    predicted: np.ndarray, happened: np.ndarray, *, groups: int = 10, alpha: float = 0.05
) -> Calibration:
    """Predicted probabilities against what happened, by groups of equal size (deciles).

    Cases of the same prediction stay in one group, so there may be fewer groups.

    Parameters
    ----------
    predicted : ndarray of shape (cases,)
        Between 0 and 1.
    happened : ndarray of shape (cases,)
        Whether it came true.

    Raises
    ------
    MethodError
        When lengths differ, there is no case, or a prediction is no probability.
    """
    chance, came = np.asarray(predicted, dtype=float), np.asarray(happened, dtype=bool)
    if chance.ndim != 1 or chance.shape != came.shape:
        refuse("shapes", f"{chance.shape} and {came.shape}", "equal")
    if not len(chance):
        refuse("number of predictions", 0, "at least 1")
    if not ((chance >= 0) & (chance <= 1)).all():
        refuse("predicted", "partly missing or no probability", "between 0 and 1")
    rank = stats.rankdata(chance, method="average") / (len(chance) + 1)
    number = np.minimum((rank * groups).astype(int), groups - 1)
    found = []
    for index in np.unique(number):
        inside = number == index
        actual = wilson(int(came[inside].sum()), int(inside.sum()), alpha=alpha)
        found.append(RiskGroup(float(chance[inside].mean()), actual))
    gaps = [abs(one.predicted - one.actual.value) * one.actual.n for one in found]
    return Calibration(tuple(found), sum(gaps) / len(chance), _discrimination(chance, came))


def _discrimination(chance: np.ndarray, came: np.ndarray) -> float | None:
    """The Mann-Whitney statistic over the pairs of a case that came true and one that did not."""
    yes = int(came.sum())
    no = len(came) - yes
    if not yes or not no:
        return None
    ranks = stats.rankdata(chance)[came].sum()
    return float((ranks - yes * (yes + 1) / 2) / (yes * no))
