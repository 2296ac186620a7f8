"""Anomalies planted in simulated series, and the alarms of clean ones."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from opsnb.analysis.methods.anomalies import find_anomalies
from opsnb.base.errors import MethodError

WEEK = np.array([0, 10, 20, 30, 60, 150, 120.0])


def series(rng, days=200, step=5.0, noise=20.0):
    return (
        1000
        + np.cumsum(rng.normal(0, step, days))
        + WEEK[np.arange(days) % 7]
        + rng.normal(0, noise, days)
    )


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(1)
    runs = [find_anomalies(series(rng)) for _ in range(60)]
    tested = sum(run.tested for run in runs)
    assert sum(run.flagged.sum() for run in runs) / tested < 0.0015
    assert runs[0].false_alarms == pytest.approx(runs[0].tested * 4.65e-4, rel=0.01)


def test_finds_what_was_planted_and_nothing_after_it():
    rng = np.random.default_rng(2)
    for _ in range(20):
        y = series(rng)
        y[[100, 150]] += [-180, 180]
        flagged = np.flatnonzero(find_anomalies(y).flagged)
        assert {100, 150} <= set(flagged)
        assert len(flagged) <= 3


def test_follows_a_shift_after_some_days():
    y = series(np.random.default_rng(3))
    y[120:] += 400
    flagged = np.flatnonzero(find_anomalies(y).flagged)
    assert list(flagged[:3]) == [120, 121, 122]
    assert flagged.max() < 130


def test_forecasts_equal_the_kalman_filter_of_statsmodels():
    y = series(np.random.default_rng(4), days=300, step=8.0)
    ours = find_anomalies(y)
    week = (np.arange(300)[:, None] % 7 == np.arange(6)).astype(float)
    theirs = UnobservedComponents(y, "llevel", exog=week).fit(disp=False)
    gap = (ours.expected - theirs.fittedvalues)[60:]
    assert np.abs(gap).mean() < 0.15 * np.std(y[60:] - ours.expected[60:])


def test_missing_and_known_days():
    rng = np.random.default_rng(5)
    y = series(rng)
    y[50:53] = np.nan
    known = np.zeros(200, dtype=bool)
    known[120:128] = True
    y[known] += 500
    found = find_anomalies(y, known=known)
    assert found.flagged[known].all()
    assert not found.flagged[~known].any()
    assert np.isnan(found.score[50:53]).all()
    assert np.isfinite(found.expected[50:53]).all()
    assert found.tested == np.isfinite(found.score).sum() == 196


def test_bounds_are_where_a_day_becomes_an_anomaly():
    found = find_anomalies(y := series(np.random.default_rng(6)), threshold=2.0)
    outside = (y < found.low) | (y > found.high)
    assert (outside == found.flagged).all()
    assert found.flagged.sum() >= 3


def test_short_series_use_the_median_of_weekdays():
    y = series(np.random.default_rng(7), days=40, step=0.0)
    y[33] += 400
    found = find_anomalies(y)
    assert found.method == "weekday_median"
    assert list(np.flatnonzero(found.flagged)) == [33]
    assert np.isnan(found.expected[:14]).all()
    assert found.expected[14] == pytest.approx(np.median([y[0], y[7]]))


def test_weekly_pattern_is_not_an_anomaly():
    y = series(np.random.default_rng(8), noise=2.0, step=0.5)
    assert find_anomalies(y).flagged.sum() <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: find_anomalies(np.ones((4, 4))), r"y is of shape \(4, 4\)"),
        (lambda: find_anomalies(np.ones(60), known=np.zeros(5)), r"known is of shape \(5,\)"),
        (lambda: find_anomalies(np.arange(60.0), threshold=0), "threshold is 0; it must be above"),
        (lambda: find_anomalies(np.arange(20.0)), "known event is 20; it must be at least 21"),
        (lambda: find_anomalies(np.ones(60)), "y is constant; it must be a series that varies"),
        (
            lambda: find_anomalies(np.where(np.arange(60) == 30, 1.0, 0.0)),
            "residual of most days is 0; it must be above 0",
        ),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
