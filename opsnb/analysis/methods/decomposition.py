"""Why did a number change? Exact decompositions: the parts add up to the change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from opsnb.analysis.methods.estimate import need_finite, refuse

MAX_FACTORS = 12
"""More factors than this make 2^k subsets slow, and no reader follows them."""


@dataclass(frozen=True)
class GroupPart:
    """What one group adds to the change of an overall rate.

    `weight_before`, `weight_after` are the group's shares of the whole; `rate_before`,
    `rate_after` its rates.
    """

    mix: float
    rate: float
    weight_before: float
    weight_after: float
    rate_before: float
    rate_after: float


@dataclass(frozen=True)
class MixRate:
    """The change of an overall rate: change = mix + rate, exactly.

    Attributes
    ----------
    before, after, change : float
        Overall rates and their difference.
    mix : float
        Due to groups that weigh more or less.
    rate : float
        Due to rates that moved within groups.
    groups : dict of str to GroupPart
        Parts by group; their sums are `mix` and `rate`.
    reversal : bool
        Simpson's paradox: no group moved in the direction of the whole.
    """

    before: float
    after: float
    change: float
    mix: float
    rate: float
    groups: dict[str, GroupPart]
    reversal: bool


def mix_and_rate(
    before: Mapping[str, tuple[float, float]], after: Mapping[str, tuple[float, float]]
) -> MixRate:
    """Split the change of a rate into mix and rate (Kitagawa 1955).

    Parameters
    ----------
    before, after : mapping of group to (numerator, denominator)
        Sums in each period; denominators of at least 0. A group that is missing in one
        period (or has denominator 0) has no rate there: its whole part is mix.

    Notes
    -----
    mix = (share change) x (mean rate of the group - mean of the overall rates): a group that
    grows adds to the rate only as far as it lies above the average. rate = (rate change) x
    (mean share).

    Raises
    ------
    MethodError
        When a denominator is negative, or all of them are 0 in a period.
    """
    total_before, total_after = _whole("before", before), _whole("after", after)
    centre = (total_before[0] / total_before[1] + total_after[0] / total_after[1]) / 2
    groups = {}
    for name in dict.fromkeys([*before, *after]):
        top0, bottom0 = before.get(name, (0.0, 0.0))
        top1, bottom1 = after.get(name, (0.0, 0.0))
        if bottom0 == 0 and bottom1 == 0:
            continue
        rate0 = top0 / bottom0 if bottom0 else top1 / bottom1
        rate1 = top1 / bottom1 if bottom1 else rate0
        weight0, weight1 = bottom0 / total_before[1], bottom1 / total_after[1]
        groups[name] = GroupPart(
            (weight1 - weight0) * ((rate0 + rate1) / 2 - centre),
            (rate1 - rate0) * (weight0 + weight1) / 2,
            weight0,
            weight1,
            rate0,
            rate1,
        )
    overall = total_before[0] / total_before[1], total_after[0] / total_after[1]
    change = overall[1] - overall[0]
    return MixRate(
        *overall,
        change,
        math.fsum(part.mix for part in groups.values()),
        math.fsum(part.rate for part in groups.values()),
        groups,
        _reversed(change, groups),
    )


def _reversed(change: float, groups: Mapping[str, GroupPart]) -> bool:
    moves = [part.rate_after - part.rate_before for part in groups.values()]
    return len(moves) > 1 and change != 0 and all(move * change < 0 for move in moves)


def _whole(name: str, groups: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    for group, (top, bottom) in groups.items():
        need_finite(f"{name}[{group}] numerator", top)
        need_finite(f"{name}[{group}] denominator", bottom)
        if bottom < 0 or (bottom == 0 and top != 0):
            refuse(f"{name}[{group}] denominator", bottom, "above 0, or 0 with numerator 0")
    bottom = math.fsum(pair[1] for pair in groups.values())
    if bottom == 0:
        refuse(f"sum of denominators {name}", 0, "above 0")
    return math.fsum(pair[0] for pair in groups.values()), bottom


def product_parts(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Split the change of a product of factors into one part a factor.

    The Shapley value: a factor's part is the mean, over all orders in which the factors could
    have moved, of what its own move changes (Das Gupta 1993). Parts add up to the change of
    the product, and no order is privileged.

    Parameters
    ----------
    before, after : mapping of factor to value
        The same factors in both, at most 12, for instance users, orders a user and value an
        order.

    Returns
    -------
    dict of str to float
        In the product's unit.

    Raises
    ------
    MethodError
        When factors differ, are missing or are too many, or a value is not finite.
    """
    names = list(before)
    if set(names) != set(after):
        odd = sorted(set(names) ^ set(after))
        refuse("factors", f"different before and after ({', '.join(odd)})", "the same")
    if not 1 <= len(names) <= MAX_FACTORS:
        refuse("number of factors", len(names), f"between 1 and {MAX_FACTORS}")
    for name in names:
        need_finite(f"before[{name}]", before[name])
        need_finite(f"after[{name}]", after[name])
    old, new = list(before.values()), [after[name] for name in names]
    return {
        name: swing(index, old, new) * (new[index] - old[index]) for index, name in enumerate(names)
    }


def swing(index: int, before: Sequence[float], after: Sequence[float]) -> float:
    """What one factor's change is multiplied by: the mean product of the others.

    The mean is over all orders in which the factors could have moved from `before` to `after`.
    """
    k = len(before)
    others = [n for n in range(k) if n != index]
    total = 0.0
    for size in range(k):
        chance = 1 / (k * math.comb(k - 1, size))
        for moved in combinations(others, size):
            total += chance * math.prod(after[n] if n in moved else before[n] for n in others)
    return total


def grouped_product_parts(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """`product_parts` within each group (a channel, a region), for a total summed over groups.

    Parameters
    ----------
    before, after : mapping of group to (mapping of factor to value)
        The same groups in both; a group that did not exist has its first factor 0.

    Returns
    -------
    dict of group to (dict of factor to part)
        All parts together add up to the change of the total.
    """
    if set(before) != set(after):
        odd = sorted(set(before) ^ set(after))
        refuse("groups", f"different before and after ({', '.join(odd)})", "the same")
    return {group: product_parts(before[group], after[group]) for group in before}
