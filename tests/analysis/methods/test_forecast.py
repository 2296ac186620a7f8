"""One step ahead: by hand, against statsmodels, and the coverage of its intervals."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from opsnb.analysis.methods.forecast import _run, next_period
from opsnb.base.errors import MethodError


def test_the_level_is_simple_exponential_smoothing() -> None:
    x = np.random.default_rng(1).normal(100, 5, 30)
    level, errors = _run(x, 0.3)
    model = SimpleExpSmoothing(x[2:], initialization_method="known", initial_level=x[:2].mean())
    fit = model.fit(smoothing_level=0.3, optimized=False)
    assert level == pytest.approx(fit.forecast(1)[0], abs=1e-10)
    assert errors == pytest.approx(fit.resid[1:], abs=1e-10)


def test_a_season_is_used_where_it_helps() -> None:
    rng = np.random.default_rng(2)
    year = 100 * (1 + 0.4 * np.sin(np.arange(12) * np.pi / 6))
    y = np.tile(year, 3)[:35] * rng.normal(1, 0.01, 35)
    found = next_period(y, logarithm=True)
    assert found.method == "seasonal_level"
    assert found.value == pytest.approx(year[35 % 12], rel=0.05)
    assert next_period(y[:15], logarithm=True).method == "local_level"  # a season not yet seen


def test_noise_gets_no_season() -> None:
    y = np.random.default_rng(3).normal(50, 3, 36)
    assert next_period(y).method == "local_level"


@pytest.mark.parametrize("walk", [0.0, 0.5])
def test_intervals_hold_what_they_claim(walk: float) -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(400):
        level = 100 + walk * np.cumsum(rng.normal(0, 2, 25))
        y = level + rng.normal(0, 2, 25)
        found = next_period(y[:-1])
        hits += found.low <= y[-1] <= found.high
    assert 0.74 <= hits / 400 <= 0.86


def test_logarithms_keep_the_interval_positive() -> None:
    y = np.exp(np.random.default_rng(5).normal(0, 1.5, 20))
    found = next_period(y, logarithm=True)
    assert 0 < found.low < found.value < found.high


@pytest.mark.parametrize(
    ("y", "more", "words"),
    [
        ([1.0] * 7, {}, "at least 8"),
        ([1.0] * 7 + [np.nan], {}, "complete"),
        ([1.0] * 7 + [0.0], {"logarithm": True}, "above 0"),
        ([1.0] * 9, {"level": 1.0}, "level"),
    ],
)
def test_what_cannot_carry_it_is_refused(y: list[float], more: dict, words: str) -> None:
    with pytest.raises(MethodError, match=words):
        next_period(np.array(y), **more)
