"""How likely so few rows are by chance: from how low a table's other days go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST = 0.1
"""Part of the usual rows below which a day tells nothing of the others: it may be a gap."""

TAIL = 0.1
"""Share of the days that make the tail."""

LEAST_DAYS = 6
"""Days that make it at least."""

SPARSE = 0.02
"""Part of the usual rows below which days of few rows lead on to days of none."""

MOST_POWER = 60.0
"""From here on days hardly differ at all, and a larger power says nothing more."""

BY_CHANCE = 3.0
"""Rows that may well not have come: `exp(-3)` is 5 %."""


@dataclass(frozen=True)
class LowTail:
    """Chance of a day with less than a part x of its usual rows: `weight * x**power`.

    A power law, as the lower tail of gamma-distributed (and so negative binomial) counts has:
    its power is small where days differ much, and large where they hardly do.

    Attributes
    ----------
    lowest : float
        The smallest part of its usual rows that any day with rows has.
    """

    weight: float
    power: float
    lowest: float

    def chance(self, rows: np.ndarray, usual: np.ndarray) -> np.ndarray:
        """Of as few rows or fewer, shape (days,); small counts vary by themselves.

        Where every day with rows has a good part of the usual ones, none at all would have to
        come of a day as low as the lowest.
        """
        share = (rows + BY_CHANCE) / np.maximum(usual, 1e-9)
        law = np.log(self.weight) + self.power * np.log(share)
        found: np.ndarray = np.exp(np.minimum(0.0, law))
        if self.lowest < SPARSE:
            return found
        none = np.exp(-min(self.lowest, 1.0) * usual)
        found[rows == 0] = np.minimum(found, none)[rows == 0]
        return found


def low_tail(rows: np.ndarray, usual: np.ndarray) -> LowTail:
    """Fitted to the lowest days that are no gap (maximum likelihood of the cut-off power law).

    Parameters
    ----------
    rows, usual : array of float, shape (days,)
        Days without a usual number (0) say nothing.
    """
    known = usual > 0
    share = np.sort(rows[known] / usual[known])
    lowest = float(share[share > 0].min(initial=np.inf))
    seen = share[share >= LOWEST]
    count = min(max(round(TAIL * len(seen)), LEAST_DAYS), len(seen) - 1)
    if count < 2:
        return LowTail(1.0, 1.0, lowest)
    top = float(seen[count])
    below = np.log(top / seen[:count])
    room = float(np.log(top / LOWEST))
    if room <= 0:
        return LowTail(1.0, 1.0, lowest)
    power = _power(float(below.mean()), room) * (1 - 1 / np.sqrt(count))
    weight = count / len(share) / (top**power - LOWEST**power)
    return LowTail(weight, power, lowest)


def _power(mean: float, room: float) -> float:
    """The rate of an exponential cut off at `room` that has this mean."""
    low, high = 1e-3, MOST_POWER
    for _ in range(60):
        middle = (low * high) ** 0.5
        cut = room / np.expm1(min(middle * room, 700.0))
        low, high = (middle, high) if 1 / middle - cut > mean else (low, middle)
    return low
