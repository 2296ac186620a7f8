"""Synthetic control against GeoLift and simulated truth."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from opsnb.analysis.methods.geo import synthetic_control
from opsnb.base.errors import MethodError


def geolift(shared_data):
    with (shared_data / "causal_geo" / "GeoLift_Test.csv").open() as file:
        rows = list(csv.DictReader(file))
    cities, days = sorted({r["location"] for r in rows}), sorted({r["date"] for r in rows})
    table = np.full((len(days), len(cities)), np.nan)
    for row in rows:
        table[days.index(row["date"]), cities.index(row["location"])] = float(row["Y"])
    return table, cities


def test_equals_geolift(shared_data):
    table, cities = geolift(shared_data)
    treated = [cities.index("chicago"), cities.index("portland")]
    others = [i for i in range(len(cities)) if i not in treated]
    found = synthetic_control(
        table[:, treated], table[:, others], 90, names=[cities[i] for i in others]
    )
    assert found.att == pytest.approx(155.556, abs=5e-4)
    assert found.incremental == pytest.approx(4667, abs=0.5)
    assert found.lift == pytest.approx(0.054, abs=5e-4)
    assert found.l2 == pytest.approx(909.489, abs=5e-4)
    assert found.scaled_l2 == pytest.approx(0.1636, abs=5e-5)
    assert found.weights["cincinnati"] == pytest.approx(0.2272, abs=5e-5)
    assert found.p_value < 0.02
    assert 0 < found.low < found.att < found.high


def regions(rng, effect, days=75, n_pre=60, k=10):
    factors = np.cumsum(rng.normal(0, 2, (days, 2)), axis=0)
    loads = rng.uniform(0, 2, (k, 2))
    controls = 100 + factors @ loads.T + rng.normal(0, 3, (days, k))
    treated = 150 + factors @ (loads[0] + loads[1]) / 2 + rng.normal(0, 3, days)
    treated[n_pre:] += effect
    return treated, controls


def test_covers_the_truth_and_rejects_as_often_as_promised():
    rng = np.random.default_rng(1)
    inside, alarms = [], []
    for _ in range(200):
        found = synthetic_control(*regions(rng, 0.0), 60, permutations=200)
        inside.append(found.low < 0 < found.high)
        alarms.append(found.p_value < 0.1)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.045)
    assert np.mean(alarms) == pytest.approx(0.1, abs=0.055)


def test_finds_a_planted_effect():
    found = synthetic_control(*regions(np.random.default_rng(2), 12.0), 60)
    assert found.low < 12 < found.high
    assert found.low > 0
    assert found.p_value < 0.05
    assert sum(found.weights.values()) == pytest.approx(1, abs=1e-3)


def test_a_perfect_mixture_is_found():
    rng = np.random.default_rng(3)
    controls = rng.normal(0, 1, (40, 4))
    treated = 7 + 0.25 * controls[:, 1] + 0.75 * controls[:, 3]
    found = synthetic_control(treated, controls, 30, names=list("abcd"))
    assert found.weights == pytest.approx({"b": 0.25, "d": 0.75})
    assert found.att == pytest.approx(0, abs=1e-9)


X, W = np.arange(30.0), np.random.default_rng(0).normal(size=(30, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synthetic_control(X, W[:9], 20), r"controls is of shape \(9, 3\)"),
        (lambda: synthetic_control(X, W[:, :1], 20), "number of controls is 1; it must be at"),
        (lambda: synthetic_control(X, W, 5), "n_pre is 5; it must be a whole number of at least"),
        (lambda: synthetic_control(X, W, 30), "n_pre is 30; it must be below the number of days"),
        (lambda: synthetic_control(X, W, 20, names=["a"]), "number of names is 1"),
        (
            lambda: synthetic_control(X, np.where(W > 1, np.nan, W), 20),
            "controls is partly missing",
        ),
        (lambda: synthetic_control(X, W, 20, permutations=5), "permutations is 5"),
        (lambda: synthetic_control(0 * X, W, 20), "treated before the campaign is constant"),
        (lambda: synthetic_control(X, W, 20, alpha=1), "alpha is 1; it must be between 0 and 1"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
