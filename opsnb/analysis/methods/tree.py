"""A metric tree: a KPI as the product or the sum of its drivers, and theirs in turn.

The change of the root is shared out among all nodes; at every node the parts of its children add
up to its own, so those of the leaves add up to the change of the root.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from opsnb.analysis.methods.decomposition import MAX_FACTORS, swing
from opsnb.analysis.methods.estimate import need_finite, refuse

Combine = Literal["product", "sum"]

UNEXPLAINED = "unexplained"
"""Name of the leaf that holds what a node's drivers leave of its change."""

MAX_DEPTH = 12


@dataclass(frozen=True)
class Node:
    """A metric before and after, with the drivers that it is the product or the sum of.

    Attributes
    ----------
    before, after : float
        As measured; what the drivers do not reproduce becomes a leaf of its own.
    drivers : sequence of Node
        Empty for a leaf.
    combine : product or sum
    inverse : bool
        It counts against its parent: as a divisor in a product, subtracted in a sum.
    """

    name: str
    before: float
    after: float
    drivers: Sequence[Node] = field(default=())
    combine: Combine = "product"
    inverse: bool = False

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class TreePart:
    """What a node adds to the change of the root.

    `path` names the nodes from the root's child down to it; `change` is the node's own change,
    `part` what that is worth in the root's unit.
    """

    path: tuple[str, ...]
    before: float
    after: float
    part: float
    is_leaf: bool

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def depth(self) -> int:
        """0 for the root's own drivers."""
        return len(self.path) - 1


def tree_parts(root: Node) -> list[TreePart]:
    """The parts of every node below the root, each before its own drivers.

    Notes
    -----
    Within a node the parts are Shapley values (Das Gupta 1993): in a product, a driver's change
    times the mean, over all orders in which the drivers could have moved, of what the others
    multiply it by; in a sum, its change. That multiplier is passed down to the driver's own
    drivers, so a part is defined also where a driver's own drivers cancel out.

    Raises
    ------
    MethodError
        A value is not finite, a divisor is 0, or a node has more than 12 drivers.
    """
    return list(_parts(root, 1.0, ()))


def _parts(node: Node, worth: float, path: tuple[str, ...]) -> Iterator[TreePart]:
    """Parts below a node, one unit of which is worth so much in the root's unit."""
    need_finite(f"before[{node.name}]", node.before)
    need_finite(f"after[{node.name}]", node.after)
    if len(path) > MAX_DEPTH:
        refuse("depth of the tree", len(path), f"at most {MAX_DEPTH}")
    if not node.drivers:
        return
    explained = []
    for driver, multiplier in zip(node.drivers, _multipliers(node), strict=True):
        below = (*path, driver.name)
        part = worth * multiplier * driver.change
        explained.append(multiplier * driver.change)
        yield TreePart(below, driver.before, driver.after, part, not driver.drivers)
        yield from _parts(driver, worth * multiplier, below)
    rest = math.fsum([node.change, *(-one for one in explained)])
    if rest:  # rounding at least: without it the leaves would not add up exactly
        yield TreePart((*path, UNEXPLAINED), 0.0, rest, worth * rest, True)


def _multipliers(node: Node) -> list[float]:
    """What a unit of each driver's change is worth at its parent."""
    if node.combine == "sum":
        return [-1.0 if driver.inverse else 1.0 for driver in node.drivers]
    if len(node.drivers) > MAX_FACTORS:
        refuse(f"number of drivers of {node.name}", len(node.drivers), f"at most {MAX_FACTORS}")
    before, after = (
        [_factor(driver, value) for driver, value in zip(node.drivers, side, strict=True)]
        for side in ([d.before for d in node.drivers], [d.after for d in node.drivers])
    )
    return [
        swing(index, before, after) * (_slope(driver) if driver.inverse else 1.0)
        for index, driver in enumerate(node.drivers)
    ]


def _factor(driver: Node, value: float) -> float:
    if not driver.inverse:
        return value
    if value == 0:
        refuse(f"divisor {driver.name}", value, "other than 0")
    return 1.0 / value


def _slope(driver: Node) -> float:
    """Change of 1/x for a unit of change of x, exactly, between before and after."""
    return -1.0 / (driver.before * driver.after)
