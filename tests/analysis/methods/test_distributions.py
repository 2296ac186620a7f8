"""Tails and quantiles are those of `scipy.stats`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsnb.analysis.methods.distributions import chi2, fair_coins, independence, norm, student

CHANCES = np.array([1e-12, 1e-4, 0.025, 0.3, 0.5, 0.9, 0.975, 1 - 1e-9])
POINTS = np.array([-12.0, -3.1, -0.4, 0.0, 0.7, 1.96, 8.0])


@pytest.mark.parametrize("name", ["cdf", "sf", "pdf"])
def test_the_normal_distribution(name: str) -> None:
    np.testing.assert_allclose(
        getattr(norm, name)(POINTS), getattr(stats.norm, name)(POINTS), 1e-13
    )
    np.testing.assert_allclose(norm.ppf(CHANCES), stats.norm.ppf(CHANCES), 1e-13)


@pytest.mark.parametrize("df", [1, 2.5, 7, 64.2, 1e6, np.inf])
def test_students_distribution(df: float) -> None:
    for name in ("cdf", "sf"):
        ours, theirs = getattr(student, name)(POINTS, df), getattr(stats.t, name)(POINTS, df)
        np.testing.assert_allclose(ours, theirs, 1e-12)
    for name in ("ppf", "isf"):
        ours, theirs = getattr(student, name)(CHANCES, df), getattr(stats.t, name)(CHANCES, df)
        np.testing.assert_allclose(ours, theirs, 1e-9, 1e-12)


@pytest.mark.parametrize("df", [1, 2, 5, 40, 3000])
def test_the_chi_square_distribution(df: int) -> None:
    points = df * np.array([0.0, 0.3, 1.0, 2.0, 5.0])[df == 1 :]
    np.testing.assert_allclose(chi2.sf(points, df), stats.chi2.sf(points, df), 1e-12)
    np.testing.assert_allclose(chi2.pdf(points, df), stats.chi2.pdf(points, df), 1e-11)
    np.testing.assert_allclose(chi2.ppf(CHANCES, df), stats.chi2.ppf(CHANCES, df), 1e-11)


def test_independence_is_pearsons_test() -> None:
    rng = np.random.default_rng(1)
    for shape in ((2, 2), (3, 2), (5, 4)):
        table = rng.integers(1, 400, shape)
        expected = stats.chi2_contingency(table, correction=False).pvalue
        assert independence(table) == pytest.approx(expected, rel=1e-12)
    assert independence(np.array([[3], [9]])) == 1.0


@pytest.mark.parametrize("count", [1, 2, 7, 24, 1001])
def test_coins_are_judged_exactly(count: int) -> None:
    for higher in {0, 1, count // 3, count // 2, count - 1, count}:
        assert fair_coins(higher, count) == pytest.approx(stats.binomtest(higher, count).pvalue)
