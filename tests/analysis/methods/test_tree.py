"""Metric trees: parts add up exactly at every node, and a flat product is the known Shapley one."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsnb.analysis.methods.decomposition import product_parts
from opsnb.analysis.methods.tree import UNEXPLAINED, Node, TreePart, tree_parts
from opsnb.base.errors import MethodError


def by_path(parts: list[TreePart]) -> dict[str, float]:
    """Parts by path, without what is rounding."""
    return {
        "/".join(part.path): part.part
        for part in parts
        if part.name != UNEXPLAINED or abs(part.part) > 1e-9
    }


def test_das_gupta_earnings():
    """Das Gupta 1993: 10930 x .717892 to 16591 x .825974 = 4369.913 + 1487.262."""
    root = Node(
        "earnings", 10930 * 0.717892, 16591 * 0.825974,
        (Node("mean", 10930, 16591), Node("rate", 0.717892, 0.825974)),
    )  # fmt: skip
    assert by_path(tree_parts(root)) == pytest.approx({"mean": 4369.913, "rate": 1487.262})


def test_a_nested_tree_by_hand():
    """profit = revenue - cost, revenue = users * spend: 10*5 - 20 to 12*5 - 25."""
    revenue = Node("revenue", 50, 60, (Node("users", 10, 12), Node("spend", 5, 5)))
    root = Node("profit", 30, 35, (revenue, Node("cost", 20, 25, inverse=True)), "sum")
    assert by_path(tree_parts(root)) == pytest.approx(
        {"revenue": 10, "revenue/users": 10, "revenue/spend": 0, "cost": -5}
    )


def test_a_divisor():
    """cac = spend / users: 100/10 to 100/20; all of it is the users."""
    root = Node("cac", 10, 5, (Node("spend", 100, 100), Node("users", 10, 20, inverse=True)))
    assert by_path(tree_parts(root)) == pytest.approx({"spend": 0, "users": -5})


def test_drivers_that_cancel_out_have_parts_all_the_same():
    """a*b stays 6 while a doubles and b halves; times c = 10."""
    inner = Node("ab", 6, 6, (Node("a", 2, 4), Node("b", 3, 1.5)))
    root = Node("abc", 60, 60, (inner, Node("c", 10, 10)))
    parts = by_path(tree_parts(root))
    assert parts["ab"] == parts["c"] == 0
    assert parts["ab/a"] == pytest.approx(-parts["ab/b"]) == pytest.approx(45)


def test_what_drivers_leave_is_a_leaf_of_its_own():
    root = Node("total", 10, 20, (Node("a", 4, 9), Node("b", 5, 8)), "sum")
    assert by_path(tree_parts(root)) == pytest.approx({"a": 5, "b": 3, UNEXPLAINED: 2})


values = st.floats(0.01, 1e4)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3, name: str = "n") -> Node:
    """A tree whose values follow from its leaves, or are measured a little off."""
    inverse = draw(st.booleans())
    count = draw(st.integers(0, 3)) if depth else 0
    if not count:
        return Node(name, draw(values), draw(values), inverse=inverse)
    drivers = tuple(draw(trees(depth - 1, f"{name}{n}")) for n in range(count))
    combine = draw(st.sampled_from(["product", "sum"]))
    worth = [_combined(drivers, combine, side) for side in ("before", "after")]
    off = draw(st.sampled_from([0.0, 0.1]))
    return Node(name, worth[0], worth[1] * (1 + off), drivers, combine, inverse)


def _combined(drivers: tuple[Node, ...], combine: str, side: str) -> float:
    found = [(getattr(d, side), d.inverse) for d in drivers]
    if combine == "sum":
        return math.fsum(-value if inverse else value for value, inverse in found)
    assume(all(value for value, inverse in found if inverse))
    return math.prod(1 / value if inverse else value for value, inverse in found)


@given(trees())
def test_leaves_and_every_level_add_up_to_the_change(root: Node) -> None:
    assume(root.drivers)
    parts = tree_parts(root)
    size = max(abs(root.before), abs(root.after), *(abs(part.part) for part in parts), 1e-300)
    leaves = math.fsum(part.part for part in parts if part.is_leaf)
    assert abs(leaves - root.change) <= 1e-9 * size * max(1, len(parts))
    top = math.fsum(part.part for part in parts if part.depth == 0)
    assert abs(top - root.change) <= 1e-9 * size
    for node in parts:
        below = [p.part for p in parts if p.path[:-1] == node.path]
        if below:
            assert abs(math.fsum(below) - node.part) <= 1e-9 * size


@given(st.lists(st.tuples(values, values), min_size=1, max_size=5))
def test_a_flat_product_is_shapley(pairs: list[tuple[float, float]]) -> None:
    names = [f"f{n}" for n in range(len(pairs))]
    before = {n: pair[0] for n, pair in zip(names, pairs, strict=True)}
    after = {n: pair[1] for n, pair in zip(names, pairs, strict=True)}
    root = Node(
        "p", math.prod(before.values()), math.prod(after.values()),
        tuple(Node(n, before[n], after[n]) for n in names),
    )  # fmt: skip
    known = product_parts(before, after)
    found = {p.name: p.part for p in tree_parts(root) if p.name != UNEXPLAINED}
    assert found == pytest.approx(known, rel=1e-9, abs=1e-9 * max(map(abs, known.values())))


@pytest.mark.parametrize(
    "root",
    [
        Node("x", 1, math.nan),
        Node("x", 1, 2, (Node("a", 1, math.inf),)),
        Node("x", 1, 2, (Node("a", 1, 0, inverse=True),)),
        Node("x", 1, 1, tuple(Node(f"d{n}", 1, 1) for n in range(13))),
    ],
)
def test_what_cannot_be_shared_out_is_refused(root: Node) -> None:
    with pytest.raises(MethodError):
        tree_parts(root)
