"""Survival by age against statsmodels, with entries at any age."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from opsnb.analysis.methods.survival import survival
from opsnb.base.errors import MethodError


def tables(entry: np.ndarray, stay: np.ndarray, left: np.ndarray, last: int):
    """At risk and left by age, of customers seen from age `entry` + 1 to age `stay`."""
    ages = np.arange(1, last + 1)
    risk = [((entry < age) & (stay >= age)).sum() for age in ages]
    gone = [((stay == age) & left).sum() for age in ages]
    return np.array(risk), np.array(gone)


@pytest.mark.parametrize("late", [False, True])
def test_equals_statsmodels(late: bool) -> None:
    rng = np.random.default_rng(2)
    life = rng.geometric(0.12, 4000)
    entry = rng.integers(0, 6, 4000) * int(late)
    seen = life > entry  # who had left before observation began is unknown
    life, entry = life[seen], entry[seen]
    end = entry + rng.integers(1, 30, len(life))
    left, stay = life <= end, np.minimum(life, end)
    found = survival(*tables(entry, stay, left, int(stay.max())))
    known = SurvfuncRight(stay, left.astype(int), entry=entry if late else None)
    at = known.surv_times.astype(int) - 1
    inside = at < len(found.share)
    assert found.share[at[inside]] == pytest.approx(known.surv_prob[inside], abs=1e-12)
    greenwood = known.surv_prob_se[inside] / (
        known.surv_prob[inside] * np.abs(np.log(known.surv_prob[inside]))
    )
    low = known.surv_prob[inside] ** np.exp(1.959964 * greenwood)
    some = known.surv_prob[inside] > 0.02
    assert found.low[at[inside]][some] == pytest.approx(low[some], abs=1e-6)
    assert found.median == known.quantile(0.5)


def test_coverage_of_the_intervals() -> None:
    """The share left after five periods, true .9 ** 5, in 400 samples of 150."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        life = rng.geometric(0.1, 150)
        stay, left = np.minimum(life, 8), life <= 8
        found = survival(*tables(np.zeros(150), stay, left, 8))
        hits += found.low[4] <= 0.9**5 <= found.high[4]
    assert hits / 400 == pytest.approx(0.95, abs=0.03)


def test_by_hand() -> None:
    found = survival([4, 3, 0, 2], [1, 0, 0, 1])
    assert list(found.share) == [0.75, 0.75]  # nobody at risk in the third period: it ends there
    assert found.median is None
    assert survival([4, 2], [2, 2]).median == 1
    gone = survival([4, 2], [2, 2])
    assert (gone.low[1], gone.share[1], gone.high[1]) == (0, 0, 0)
    whole = survival([4], [0])
    assert (whole.low[0], whole.high[0]) == (1, 1)


@pytest.mark.parametrize(
    ("risk", "left", "message"),
    [
        ([4, 3], [1], "shapes is"),
        ([0, 3], [0, 1], "at_risk is empty in the first period"),
        ([4, 3], [1, 4], r"left\[1\] is 4; it must be between 0 and 3"),
    ],
)
def test_errors(risk, left, message) -> None:
    with pytest.raises(MethodError, match=message):
        survival(risk, left)
