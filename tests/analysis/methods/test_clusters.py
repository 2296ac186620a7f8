"""Clustered comparisons against store means, statsmodels' robust errors and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from opsnb.analysis.methods.clusters import (
    MIN_CLUSTERS,
    cluster_joint,
    clustered_difference,
    design_effect,
)
from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.moments import Joint, Moments
from opsnb.base.errors import MethodError


@pytest.fixture(scope="module")
def stores(shared_data):
    path = shared_data / "fastfood_promo" / "WA_Marketing-Campaign.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return pd.read_csv(path)


def promotion(stores, which):
    rows = stores[stores.Promotion == which]
    return cluster_joint(rows.LocationID, rows.SalesInThousands)


@pytest.mark.parametrize(
    ("first", "second", "p_value"), [(1, 2, 0.00128), (2, 3, 0.0136), (1, 3, 0.426)]
)
def test_fast_food_promotions_by_store(stores, first, second, p_value):
    """IBM Watson's fast-food sample, 137 stores x 4 weeks: Welch's test of store means."""
    found = clustered_difference(promotion(stores, first), promotion(stores, second))
    assert found.diff.p_value == pytest.approx(p_value, rel=0.005)
    by_store = stores.groupby(["Promotion", "LocationID"]).SalesInThousands.mean()
    theirs = stats.ttest_ind(by_store[first], by_store[second], equal_var=False)
    assert (found.diff.p_value, found.df) == pytest.approx((theirs.pvalue, theirs.df))
    assert found.diff.n == {(1, 2): 90, (2, 3): 94, (1, 3): 90}[first, second]


def test_fast_food_store_weeks_are_far_from_independent(stores):
    rows = stores[stores.Promotion == 1].SalesInThousands
    assert design_effect(promotion(stores, 1), rows.var()) == pytest.approx(3.5, abs=0.3)


def households(rng, clusters, effect=0.0):
    sizes = rng.poisson(3, clusters) + 1
    who = np.repeat(np.arange(clusters), sizes)
    return who, rng.normal(5, 1, clusters)[who] + rng.normal(effect, 1, len(who))


def test_unequal_sizes_equal_statsmodels_cluster_robust_errors():
    """statsmodels OLS with cov_type="cluster": the same error but for its factor
    (N - 1) / (N - 2) x G / (G - 1), where the delta method has G_arm / (G_arm - 1)."""
    rng = np.random.default_rng(1)
    (who0, y0), (who1, y1) = households(rng, 400), households(rng, 400, 0.2)
    found = clustered_difference(cluster_joint(who0, y0), cluster_joint(who1, y1))
    arm = np.r_[np.zeros(len(y0)), np.ones(len(y1))]
    fitted = sm.OLS(np.r_[y0, y1], sm.add_constant(arm)).fit(
        cov_type="cluster", cov_kwds={"groups": np.r_[who0, who1 + 1000]}
    )
    assert found.diff.value == pytest.approx(fitted.params[1])
    assert found.diff.se == pytest.approx(fitted.bse[1], rel=2e-3)


def test_false_positives_hold_by_cluster_and_not_by_row():
    rng = np.random.default_rng(2)
    naive, robust = [], []
    for _ in range(600):
        (who0, y0), (who1, y1) = households(rng, 40), households(rng, 25)
        robust.append(
            clustered_difference(cluster_joint(who0, y0), cluster_joint(who1, y1)).diff.significant
        )
        rows = difference(Moments.from_values(y0), Moments.from_values(y1))
        naive.append(rows.diff.significant)
    assert np.mean(robust) == pytest.approx(0.05, abs=0.025)
    assert np.mean(naive) > 0.15


def test_few_skewed_clusters_exceed_the_level_and_the_stated_least_do_not():
    rng = np.random.default_rng(5)

    def arm(clusters):
        who = np.repeat(np.arange(clusters), rng.geometric(0.05, clusters))
        own = rng.gamma(1, 5, clusters)[who]
        return cluster_joint(who, own + rng.normal(0, 2, len(who)))

    def level(clusters, runs=1200):
        pairs = ((arm(clusters), arm(clusters)) for _ in range(runs))
        return sum(clustered_difference(*pair).diff.significant for pair in pairs) / runs

    assert level(4) > 0.065
    assert level(MIN_CLUSTERS) == pytest.approx(0.05, abs=0.02)


def test_clusters_of_one_are_welchs_test():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 30), rng.normal(1, 2, 40)
    found = clustered_difference(cluster_joint(np.arange(30), a), cluster_joint(np.arange(40), b))
    plain = difference(Moments.from_values(a), Moments.from_values(b))
    assert (found.diff.low, found.diff.p_value) == pytest.approx(
        (plain.diff.low, plain.diff.p_value)
    )
    assert design_effect(cluster_joint(np.arange(30), a), a.var(ddof=1)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster_joint([1, 2], [1.0]), r"values is of shape \(1,\); it must be of shape"),
        (lambda: cluster_joint([1, 2], [1.0, np.nan]), "values is partly missing"),
        (lambda: cluster_joint([1, 1], [1.0, 2.0]), "n is 1; it must be a whole number of at"),
        (lambda: design_effect(Joint(5, np.ones(2), np.eye(2)), 0.0), "var is 0; it must be"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
