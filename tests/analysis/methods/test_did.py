"""Difference in differences: algebra and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from opsnb.analysis.methods.did import bell_mccaffrey, difference_in_differences
from opsnb.base.errors import MethodError


def panel(rng, effect=0.0, units=30, times=12, start=8, drift=0.0, with_it=None):
    unit, time = (grid.ravel() for grid in np.meshgrid(np.arange(units), np.arange(times)))
    treated = unit < (units // 2 if with_it is None else with_it)
    y = (
        rng.normal(0, 2, units)[unit]
        + 0.3 * time
        + treated * (1.0 + drift * time)
        + rng.normal(0, 1, len(unit))
        + effect * (treated & (time >= start))
    )
    return y, unit, time, treated, start


def test_value_is_the_difference_of_cell_means():
    y, unit, time, treated, start = panel(np.random.default_rng(1), effect=2.0)
    after = time >= start
    cells = [y[(treated == g) & (after == w)].mean() for g, w in ((1, 1), (1, 0), (0, 1), (0, 0))]
    found = difference_in_differences(y, unit, time, treated, start)
    assert found.effect.value == pytest.approx(cells[0] - cells[1] - cells[2] + cells[3])
    assert found.clusters == 30
    assert found.effect.low < 2.0 < found.effect.high


def test_covers_the_truth():
    rng = np.random.default_rng(2)
    found = [difference_in_differences(*panel(rng, effect=1.0)).effect for _ in range(300)]
    assert np.mean([f.low < 1.0 < f.high for f in found]) == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize(("units", "with_it"), [(13, 3), (30, 3), (8, 4), (6, 2)])
def test_covers_the_truth_with_few_regions(units, with_it):
    """Errors clustered by unit with t quantiles cover 90 % of the time with 3 of 13."""
    rng = np.random.default_rng(4)
    draws = [panel(rng, effect=1.0, units=units, with_it=with_it) for _ in range(1000)]
    found = [difference_in_differences(*draw).effect for draw in draws]
    covered = np.mean([f.low < 1.0 < f.high for f in found])
    assert covered > 0.95 - 3 * 0.007


def test_least_squares_give_the_same_and_statsmodels_hc2_the_same_error():
    y, unit, time, treated, start = panel(np.random.default_rng(5), 2.0, units=13, with_it=3)
    found = difference_in_differences(y, unit, time, treated, start)
    after = time >= start
    full = sm.OLS(y, sm.add_constant(np.column_stack([treated, after, treated & after]) * 1.0))
    assert found.effect.value == pytest.approx(full.fit().params[-1])
    change = np.array(
        [y[(unit == u) & after].mean() - y[(unit == u) & ~after].mean() for u in range(13)]
    )
    design = sm.add_constant((np.arange(13) < 3) * 1.0)
    hc2 = sm.OLS(change, design).fit(cov_type="HC2")
    assert found.effect.se == pytest.approx(hc2.bse[1])
    clock = time - time[~after].mean()
    slopes = np.column_stack([treated, clock, clock * treated]) * 1.0
    before = sm.OLS(y[~after], sm.add_constant(slopes[~after])).fit()
    assert found.pre_trend.value == pytest.approx(before.params[-1])


def test_degrees_of_freedom_are_those_of_bell_and_mccaffrey():
    """2.5 with 3 of 30 (Imbens and Kolesar 2016, table 1), and the definition by matrices."""
    assert bell_mccaffrey(3, 27) == pytest.approx(2.5, abs=0.05)
    for n1, n0 in ((3, 10), (2, 4), (5, 5)):
        x = sm.add_constant((np.arange(n1 + n0) < n1) * 1.0)
        hat = x @ np.linalg.inv(x.T @ x) @ x.T
        pull = x @ np.linalg.inv(x.T @ x)[:, 1] / np.sqrt(1 - np.diag(hat))
        g = (np.eye(n1 + n0) - hat) * pull
        share = np.linalg.eigvalsh(g.T @ g)
        assert bell_mccaffrey(n1, n0) == pytest.approx(share.sum() ** 2 / (share**2).sum())


def test_a_trend_before_is_seen():
    rng = np.random.default_rng(3)
    assert not difference_in_differences(*panel(rng)).pre_trend.significant
    assert difference_in_differences(*panel(rng, drift=1.0)).pre_trend.low > 0
    assert difference_in_differences(*panel(rng, start=2)).pre_trend is None


Y, UNIT, TIME = np.zeros(20), np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
TREATED = UNIT < 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((Y[:5], UNIT, TIME, TREATED, 2), "lengths of y, unit, time and treated is 5, 20, 20"),
        ((Y + np.nan, UNIT, TIME, TREATED, 2), "y and time is partly missing"),
        ((Y, UNIT, TIME, UNIT < 1, 2), "number of treated units is 1; it must be at least 2"),
        ((Y[1:], UNIT[1:], np.r_[3, TIME[2:]], TREATED[1:], 1), 'of unit "0" before the start'),
        ((Y, UNIT, TIME, TIME > 1, 2), 'treatment of unit "0" is mixed'),
        ((Y, UNIT, TIME, TREATED, 9), "number of treated rows after the start is 0"),
        ((Y, UNIT, TIME, UNIT < 0, 2), "number of treated rows before the start is 0"),
    ],
)
def test_errors_name_the_parameter(rows, message):
    with pytest.raises(MethodError, match=message):
        difference_in_differences(*rows)
