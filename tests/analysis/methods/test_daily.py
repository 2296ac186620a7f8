"""Daily counts against Udacity's published answers, scipy and simulated days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from opsnb.analysis.methods.daily import daily_difference, sign_test
from opsnb.base.errors import MethodError


@pytest.fixture(scope="module")
def free_trial(shared_data):
    folder = shared_data / "udacity_free_trial"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return [
        pd.read_csv(folder / f"{arm}.csv").dropna(how="all") for arm in ("control", "experiment")
    ]


def conversion(free_trial, column):
    return daily_difference(*((arm[column], arm["Clicks"]) for arm in free_trial))


@pytest.mark.parametrize(
    ("column", "interval", "sign"),
    [
        ("Enrollments", (-0.020555, -0.029124, -0.011986), (4, 0.0026)),
        ("Payments", (-0.004874, -0.011604, 0.001857), (10, 0.6776)),
    ],
)
def test_udacity_free_trial(free_trial, column, interval, sign):
    """Udacity A/B testing course, final project: gross and net conversion, sign tests."""
    found = conversion(free_trial, column)
    diff = found.counts.diff
    assert diff.value == pytest.approx(interval[0], abs=1e-6)
    # Theirs is symmetric, ours inverts the score test: apart by 4e-6.
    assert [diff.low, diff.high] == pytest.approx(interval[1:], abs=4e-6)
    assert (found.sign.higher, found.sign.days) == (sign[0], 23)
    assert found.sign.p_value == pytest.approx(sign[1], abs=5e-5)


def test_udacity_days_without_outcomes_leave_both_sums(free_trial):
    found = conversion(free_trial, "Payments")
    assert found.left_out == tuple(range(23, 37))
    assert found.counts.diff.n == 17293 + 17260
    assert found.by_day.significant == found.counts.diff.significant


def test_a_paired_day_equals_scipy_where_days_are_equally_large():
    rng = np.random.default_rng(1)
    trials = np.full(20, 500.0)
    a, b = rng.binomial(500, 0.2, 20), rng.binomial(500, 0.23, 20)
    found = daily_difference((a, trials), (b, trials)).by_day
    theirs = stats.ttest_rel(b / 500, a / 500)
    assert (found.value, found.p_value) == pytest.approx(((b - a).mean() / 500, theirs.pvalue))


def test_by_day_holds_where_counts_of_a_day_are_alike():
    """Overdispersed days: conversion wanders by arm and day, so counts are no binomials."""
    rng = np.random.default_rng(2)
    counts, by_day = [], []
    for _ in range(500):
        arms = []
        for _ in range(2):
            trials = rng.poisson(800, 28)
            arms.append((rng.binomial(trials, rng.beta(20, 80, 28)), trials))
        found = daily_difference(*arms)
        counts.append(found.counts.diff.significant)
        by_day.append(found.by_day.significant)
    assert np.mean(counts) > 0.2
    assert np.mean(by_day) == pytest.approx(0.05, abs=0.025)


def test_sign_test_leaves_ties_out():
    found = sign_test([1, 1, 1, 1, 1, -1, 0, 0])
    assert (found.higher, found.days) == (5, 6)
    assert found.p_value == pytest.approx(stats.binomtest(5, 6).pvalue)


GOOD = ([5, 6, 7], [50, 50, 50])


@pytest.mark.parametrize(
    ("treatment", "message"),
    [
        (([5, 6], [50, 50]), "days is 3, 3, 2, 2; it must be the same in all four counts"),
        (([5, np.nan, 7], [50, 50, 50]), "number of days with all counts is 2"),
        (([5, 6, 7], [50, 0, 50]), r"treatment.trials\[1\] is 0; it must be a whole number of at"),
        (([5, 6.5, 7], [50, 50, 50]), r"treatment.successes\[1\] is 6.5"),
        (([5, 51, 7], [50, 50, 50]), r"treatment.successes\[1\] is 51; it must be at most the"),
        (GOOD, "variance between days is 0; it must be above 0"),
    ],
)
def test_errors_name_arm_and_day(treatment, message):
    with pytest.raises(MethodError, match=message):
        daily_difference(GOOD, treatment)


def test_sign_test_errors():
    with pytest.raises(MethodError, match="number of differences other than 0 is 0"):
        sign_test([0.0, 0.0])
    with pytest.raises(MethodError, match="differences is partly missing"):
        sign_test([0.0, np.nan])
