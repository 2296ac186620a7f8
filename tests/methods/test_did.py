"""Difference in differences: algebra and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.errors import MethodError
from opsnb.methods.did import difference_in_differences


def panel(rng, effect=0.0, units=30, times=12, start=8, drift=0.0):
    unit, time = (grid.ravel() for grid in np.meshgrid(np.arange(units), np.arange(times)))
    treated = unit < units // 2
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
        ((Y, UNIT * 0, TIME, TREATED, 2), "number of units is 1; it must be at least 4"),
        ((Y, UNIT, TIME, TIME > 1, 2), 'treatment of unit "0" is mixed'),
        ((Y, UNIT, TIME, TREATED, 9), "number of treated rows after the start is 0"),
        ((Y, UNIT, TIME, UNIT < 0, 2), "number of treated rows before the start is 0"),
    ],
)
def test_errors_name_the_parameter(rows, message):
    with pytest.raises(MethodError, match=message):
        difference_in_differences(*rows)
