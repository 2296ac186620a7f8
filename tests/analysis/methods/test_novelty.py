"""Trends of effects against statsmodels and simulated novelty."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.methods.novelty import effect_trend, stretch_lifts
from opsnb.base.errors import MethodError

DAYS = np.arange(14)


def values(rng, effect, users=300):
    """Values of the same users on 14 days: users differ, and so do their days."""
    own = rng.normal(0, 1, (users, 1))
    return Joint.from_values(*(10 + own + rng.normal(0, 1, (users, 14)) + effect).T)


def lifts(control, treatment):
    return stretch_lifts(
        control.means, control.cov / control.n, treatment.means, treatment.cov / treatment.n
    )


def test_covariances_of_lifts_equal_a_bootstrap():
    """Users drawn anew 4,000 times, whole users at a time."""
    rng = np.random.default_rng(5)
    arms = [10 + rng.normal(0, 1, (400, 1)) + rng.normal(i / 2, 1, (400, 3)) for i in (0, 1)]
    _, cov = lifts(*(Joint.from_values(*arm.T) for arm in arms))
    drawn = []
    for _ in range(4000):
        base, other = (arm[rng.integers(0, 400, 400)].mean(axis=0) for arm in arms)
        drawn.append(other / base - 1)
    assert np.allclose(np.cov(np.array(drawn).T), cov, rtol=0.12)


def test_a_line_through_errors_equals_statsmodels():
    rng = np.random.default_rng(1)
    effects, errors = 0.5 - 0.02 * DAYS + rng.normal(0, 0.05, 14), rng.uniform(0.03, 0.2, 14)
    found = effect_trend(DAYS, effects, errors)
    fitted = sm.WLS(effects, sm.add_constant(DAYS), weights=errors**-2).fit(
        cov_type="fixed scale", use_t=False
    )
    assert (found.slope.value, found.slope.se) == pytest.approx((fitted.params[1], fitted.bse[1]))
    assert found.slope.p_value == pytest.approx(fitted.pvalues[1])


def test_a_line_through_covariances_equals_statsmodels():
    rng = np.random.default_rng(2)
    effects, cov = lifts(values(rng, 0.0), values(rng, 0.3))
    found = effect_trend(DAYS, effects, cov)
    fitted = sm.GLS(effects, sm.add_constant(DAYS), sigma=cov).fit(cov_type="fixed scale")
    assert (found.slope.value, found.slope.se) == pytest.approx((fitted.params[1], fitted.bse[1]))
    assert found.early.value == pytest.approx(effects[:5].mean())
    assert found.late.value == pytest.approx(effects[-5:].mean())


def test_a_steady_effect_alarms_as_rarely_as_promised():
    rng = np.random.default_rng(3)
    exact, careful, ends = [], [], []
    for _ in range(500):
        effects, cov = lifts(values(rng, 0.0, 150), values(rng, 0.3, 150))
        full = effect_trend(DAYS, effects, cov)
        exact.append(full.slope.significant)
        ends.append(full.late.low < 0.03 < full.late.high)
        careful.append(effect_trend(DAYS, effects, np.sqrt(np.diag(cov))).slope.significant)
    assert np.mean(exact) == pytest.approx(0.05, abs=0.025)
    assert np.mean(ends) == pytest.approx(0.95, abs=0.025)
    # Standard errors alone ignore that a user is alike on all days: wide, never too short.
    assert np.mean(careful) <= 0.02


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (0.8 * np.exp(-DAYS / 4), "fading"),
        (0.05 * DAYS, "growing"),
        (-0.05 * DAYS, "growing"),
        (0.4 - 0.06 * DAYS, "reversing"),
        (np.full(14, 0.3), "steady"),
    ],
)
def test_patterns(path, pattern):
    rng = np.random.default_rng(4)
    effects, cov = lifts(values(rng, 0.0, 2000), values(rng, path, 2000))
    assert effect_trend(DAYS, effects, cov).pattern == pattern


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effect_trend([1, 2, 2], [1, 2, 3], [1, 1, 1]), "number of different days is 2"),
        (lambda: effect_trend([1, 2, 3], [1, 2], [1, 1, 1]), "number of effects is 2; it must"),
        (lambda: effect_trend([1, 2, 3], [1, 2, np.nan], [1, 1, 1]), "days and effects is partly"),
        (lambda: effect_trend([1, 2, 3], [1, 2, 3], [1, 0, 1]), "errors is not all above 0"),
        (lambda: effect_trend([1, 2, 3], [1, 2, 3], [1, 1]), r"errors is of shape \(2,\)"),
        (
            lambda: effect_trend([1, 2, 3], [1, 2, 3], np.ones((3, 3))),
            "covariances is singular; it must be of full rank",
        ),
        (
            lambda: effect_trend([1, 2, 3], [1, 2, 3], np.triu(np.ones((3, 3)))),
            "covariances is not symmetric",
        ),
        (
            lambda: stretch_lifts(np.ones(3), np.eye(3), np.ones(4), np.eye(4)),
            "stretches of treatment is 4; it must be those of control, 3",
        ),
        (
            lambda: stretch_lifts(np.zeros(3), np.eye(3), np.ones(3), np.eye(3)),
            "value of control in a stretch is 0; it must be other than 0",
        ),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
