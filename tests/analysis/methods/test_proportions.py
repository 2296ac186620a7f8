"""Shares, NPS and CSAT against published intervals and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from opsnb.analysis.methods.proportions import Votes, csat, newcombe, nps, nps_difference, wilson
from opsnb.base.errors import MethodError


@pytest.mark.parametrize(
    ("counts", "interval"),
    [((81, 263), (0.2553, 0.3662)), ((15, 148), (0.0624, 0.1605)), ((0, 20), (0, 0.1611))],
)
def test_wilson_equals_newcombes_examples(counts, interval):
    estimate = wilson(*counts)
    assert (estimate.low, estimate.high) == pytest.approx(interval, abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_statsmodels(counts):
    estimate = csat(*counts)
    low, high = proportion_confint(*counts, method="wilson")
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-12)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 5, 56)])
def test_newcombe_equals_statsmodels(counts):
    x0, n0, x1, n1 = counts
    estimate = newcombe(*counts)
    theirs = confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", compare="diff")
    assert (estimate.low, estimate.high) == pytest.approx(theirs, abs=1e-9)


def test_newcombes_first_example():
    # Newcombe 1998, table II (a): 56/70 - 48/80 -> 0.0524 to 0.3339.
    estimate = newcombe(48, 80, 56, 70)
    assert (estimate.low, estimate.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_nps_equals_the_published_interval():
    score = nps(Votes(50, 30, 20))
    assert score.value == pytest.approx(0.30)
    assert (score.low, score.high) == pytest.approx((0.141, 0.442), abs=5e-4)


def test_nps_at_the_ends_contains_the_score():
    assert nps(Votes(12, 0, 0)).high == 1.0
    assert nps(Votes(0, 0, 1)).low == -1.0


@pytest.mark.parametrize("n", [10, 200])
def test_nps_covers_the_truth(n):
    rng = np.random.default_rng(1)
    draws = rng.multinomial(n, [0.5, 0.3, 0.2], 1500)
    inside = [(s := nps(Votes(*map(int, row)))).low <= 0.3 <= s.high for row in draws]
    assert 0.925 <= np.mean(inside) <= 0.985


def test_nps_difference_keeps_its_error_rate():
    rng = np.random.default_rng(2)
    draws = rng.multinomial(80, [0.4, 0.35, 0.25], (1500, 2))
    changes = [
        nps_difference(Votes(*map(int, pair[0])), Votes(*map(int, pair[1]))) for pair in draws
    ]
    assert np.mean([c.p_value < 0.05 for c in changes]) == pytest.approx(0.05, abs=0.02)
    assert all((c.p_value < 0.05) == c.significant for c in changes)


def test_nps_difference_runs_from_before_to_after():
    change = nps_difference(Votes(20, 30, 50), Votes(50, 30, 20))
    assert change.value == pytest.approx(0.6)
    assert 0 < change.low < 0.6 < change.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson(0, 0), "share.n is 0; it must be a whole number of at least 1"),
        (lambda: wilson(5, 4), "share.successes is 5; it must be at most share.n, which is 4"),
        (lambda: wilson(1.5, 4), "share.successes is 1.5; it must be a whole number"),
        (lambda: wilson(1, 4, alpha=0), "alpha is 0; it must be between 0 and 1"),
        (lambda: Votes(1, -2, 0), "passives is -2; it must be a whole number"),
        (lambda: Votes(0, 0, 0), "number of answers is 0; it must be at least 1"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
