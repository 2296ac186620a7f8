"""Decompositions against published examples, and that their parts add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsnb.analysis.methods.decomposition import grouped_product_parts, mix_and_rate, product_parts
from opsnb.base.errors import MethodError

# Admissions at Berkeley in 1973 by department: (admitted, applicants), men and women.
MEN = dict(
    zip(
        "ABCDEF",
        [(512, 825), (353, 560), (120, 325), (138, 417), (53, 191), (22, 373)],
        strict=True,
    )
)
WOMEN = dict(
    zip(
        "ABCDEF",
        [(89, 108), (17, 25), (202, 593), (131, 375), (94, 393), (24, 341)],
        strict=True,
    )
)


def test_berkeley_admissions():
    gap = mix_and_rate(WOMEN, MEN)
    assert [gap.change, gap.mix, gap.rate] == pytest.approx([0.1416, 0.1777, -0.0360], abs=5e-5)


def test_a_reversal_is_flagged():
    before = {"new": (10, 100), "old": (800, 1000)}
    after = {"new": (110, 1000), "old": (81, 100)}
    result = mix_and_rate(before, after)
    assert result.change < 0 < result.rate
    assert result.reversal
    assert not mix_and_rate(WOMEN, MEN).reversal


def test_a_new_group_is_all_mix():
    result = mix_and_rate({"a": (5, 10)}, {"a": (5, 10), "b": (9, 10), "empty": (0, 0)})
    assert result.rate == 0
    assert result.groups["b"].mix > 0
    assert result.mix == pytest.approx(result.change) == pytest.approx(0.2)
    assert "empty" not in result.groups


sums = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(st.floats(-100, 100), st.floats(0.5, 1000)),
    min_size=1,
)


@given(sums, sums)
def test_mix_and_rate_add_up(before, after):
    result = mix_and_rate(before, after)
    assert result.mix + result.rate == pytest.approx(result.change, abs=1e-9)
    assert result.after - result.before == pytest.approx(result.change)


def test_das_guptas_earnings():
    before = {"earnings": 10930, "share": 0.717892}
    parts = product_parts(before, {"earnings": 16591, "share": 0.825974})
    assert parts == pytest.approx({"earnings": 4369.913, "share": 1487.262}, abs=0.002)


factors = st.dictionaries(
    st.sampled_from("abcde"), st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1
)


@given(factors)
def test_product_parts_add_up_whatever_the_order(pairs):
    before = {name: pair[0] for name, pair in pairs.items()}
    after = {name: pair[1] for name, pair in pairs.items()}
    parts = product_parts(before, after)
    change = math.prod(after.values()) - math.prod(before.values())
    assert sum(parts.values()) == pytest.approx(change, abs=1e-6)
    backwards = product_parts(dict(reversed(before.items())), after)
    assert parts == pytest.approx(backwards, abs=1e-6)


def test_three_factors_by_hand():
    # All double: by symmetry each carries a third of 8 - 1.
    once = {"users": 1.0, "orders": 1.0, "value": 1.0}
    parts = product_parts(once, dict.fromkeys(once, 2.0))
    assert parts == pytest.approx(dict.fromkeys(once, 7 / 3))


def test_groups_add_up_to_the_total():
    before = {"app": {"users": 10, "value": 5}, "web": {"users": 0, "value": 3}}
    after = {"app": {"users": 8, "value": 6}, "web": {"users": 4, "value": 3}}
    parts = grouped_product_parts(before, after)
    assert sum(sum(part.values()) for part in parts.values()) == pytest.approx(60 - 50)
    assert parts["web"] == pytest.approx({"users": 12, "value": 0})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mix_and_rate({}, WOMEN), "sum of denominators before is 0"),
        (lambda: mix_and_rate({"a": (1, -2)}, WOMEN), r"before\[a\] denominator is -2"),
        (lambda: mix_and_rate({"a": (1, 0)}, WOMEN), r"before\[a\] denominator is 0"),
        (lambda: mix_and_rate({"a": (math.nan, 1)}, WOMEN), r"before\[a\] numerator is nan"),
        (lambda: product_parts({"a": 1}, {"b": 1}), r"different before and after \(a, b\)"),
        (lambda: product_parts({}, {}), "number of factors is 0; it must be between 1 and 12"),
        (lambda: product_parts({"a": math.inf}, {"a": 1}), r"before\[a\] is inf"),
        (lambda: grouped_product_parts({"x": {}}, {}), r"groups is different .*\(x\)"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
