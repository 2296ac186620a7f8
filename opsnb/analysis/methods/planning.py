"""How large an experiment with several arms must be, at any split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from opsnb.analysis.methods.dunnett import largest_level
from opsnb.analysis.methods.estimate import need_fraction, refuse
from opsnb.analysis.methods.power import SampleSize

Procedure = Literal["holm", "dunnett"]

Size = Callable[[float], SampleSize]
"""Users of control and treatment, from how many of treatment come to each of control."""


def planned_level(
    shares: Sequence[float], *, alpha: float = 0.05, procedure: Procedure = "holm"
) -> float:
    """The two-sided level at which one of several arms is sure to be tested.

    Parameters
    ----------
    shares : sequence of float
        Of the users, the control's first.
    procedure : str
        `holm`: alpha over the number of treatments, its strictest step; `dunnett`: that of
        the largest of correlated normal statistics, whose correlation follows from the split.

    Raises
    ------
    MethodError
        Fewer than two shares, one outside (0, 1), or a sum other than 1.
    """
    need_fraction("alpha", alpha)
    _check(shares)
    control, *treatments = shares
    if len(treatments) == 1:
        return alpha
    if procedure == "holm":
        return alpha / len(treatments)
    loadings = np.sqrt(np.array(treatments) / (control + np.array(treatments)))
    return largest_level(loadings, alpha)


def users_over_arms(size: Size, shares: Sequence[float]) -> int:
    """Users of all arms such that each treatment has, with the control, what `size` asks.

    The smallest treatment decides; `size` is `power.users_for_mean` or one like it, at the
    level of `planned_level`.
    """
    _check(shares)
    control, *treatments = shares
    return max(math.ceil(size(share / control).control / control) for share in treatments)


def best_shares(treatments: int) -> list[float]:
    """The split that takes the fewest users: the control sqrt(k) times as large as each of k
    treatments (Dunnett 1955)."""
    if treatments < 1:
        refuse("number of treatments", treatments, "at least 1")
    root = math.sqrt(treatments)
    return [root / (root + treatments), *([1 / (root + treatments)] * treatments)]


def _check(shares: Sequence[float]) -> None:
    if len(shares) < 2:
        refuse("number of arms", len(shares), "at least 2")
    for index, share in enumerate(shares):
        if not 0 < share < 1:
            refuse(f"shares[{index}]", float(share), "between 0 and 1, both excluded")
    if abs(sum(shares) - 1) > 1e-3:
        refuse("sum of shares", float(sum(shares)), "1", hint="give every arm's share of the users")
