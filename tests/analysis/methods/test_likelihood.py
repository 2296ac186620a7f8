"""Maxima of likelihoods: where they are is known exactly, or there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from opsnb.analysis.methods import ltv
from opsnb.analysis.methods.likelihood import covariance_at, minimise
from opsnb.base.errors import MethodError


def bowl(logs: np.ndarray) -> tuple[float, np.ndarray]:
    """A normal log-density around logs (1, -2), with variances 0.25 and 4."""
    weights = np.array([4.0, 0.25])
    away = logs - [1.0, -2.0]
    return 500 + float(weights @ away**2) / 2, weights * away


def test_the_bottom_of_a_bowl_and_its_curvature() -> None:
    logs, least = minimise(bowl, np.zeros(2), "bowl")
    assert logs == pytest.approx([1.0, -2.0], abs=1e-10)
    assert least == pytest.approx(500)
    assert covariance_at(bowl, logs) == pytest.approx(np.diag([0.25, 4.0]), abs=1e-6)


def test_what_falls_for_ever_has_no_maximum() -> None:
    def slide(logs: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.exp(-logs).sum()), -np.exp(-logs)

    with pytest.raises(MethodError, match="of the slide has no maximum"):
        minimise(slide, np.zeros(2), "slide")


@pytest.mark.parametrize("model", ["bg_nbd", "gamma_gamma", "leaving"])
def test_slopes_of_the_models_are_those_of_their_losses(model, monkeypatch) -> None:
    seen = []

    def spy(loss, start, name):
        seen.append((loss, start))
        return start, 0.0

    monkeypatch.setattr(ltv, "minimise", spy)
    rng = np.random.default_rng(5)
    x = rng.poisson(rng.gamma(1.0, 2.0, 200)).astype(float)
    age = rng.uniform(20, 40, 200)
    if model == "bg_nbd":
        ltv.fit_bg_nbd(x, np.where(x > 0, age * rng.uniform(0.2, 1, 200), 0), age)
    elif model == "gamma_gamma":
        ltv.fit_gamma_gamma(x, rng.gamma(3.0, 1 / rng.gamma(4.0, 1.0, 200)))
    else:
        ltv.fit_leaving(np.array([1000.0, 869, 743]), np.array([131.0, 126, 90]))
    loss, start = seen[0]
    for logs in (start, start + 0.3):
        near = optimize.approx_fprime(logs, lambda v: loss(v)[0], 1e-6)
        assert loss(logs)[1] == pytest.approx(near, rel=1e-4, abs=1e-2)
