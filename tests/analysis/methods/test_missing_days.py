"""Intervals cover with days missing, and with rows that come by the week: simulated, seeded."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.analysis.methods.geo import synthetic_control
from opsnb.analysis.methods.structural import campaign_effect

RUNS = 40


def test_a_structural_model_covers_with_a_tenth_of_the_days_missing() -> None:
    """95 % intervals of 40 data sets; 34 or more is what a true 95 % gives in 997 of 1,000."""
    rng, hits, n_pre, days = np.random.default_rng(11), 0, 90, 104
    for _ in range(RUNS):
        control = 100 + 10 * np.sin(np.arange(days) / 9) + rng.normal(0, 3, days)
        weekday = 8.0 * (np.arange(days) % 7 >= 5)
        y = 2 * control + weekday + rng.normal(0, 4, days)
        y[n_pre:] += 10
        y[rng.random(days) < 0.1] = np.nan
        control[rng.random(days) < 0.02] = np.nan
        found = campaign_effect(y, n_pre, control, draws=300)
        judged = (np.isfinite(y) & np.isfinite(control))[n_pre:].sum()
        assert found.cumulative.n == judged
        assert found.cumulative.value == pytest.approx(found.average.value * judged)
        hits += found.average.low <= 10 <= found.average.high
    assert hits >= 34


def test_a_model_of_weeks_has_no_weekdays() -> None:
    """A constant within every seventh step is no season of weekly rows."""
    rng, n_pre, weeks = np.random.default_rng(3), 60, 68
    control = 100 + np.cumsum(rng.normal(0, 2, weeks))
    y = 3 * control + rng.normal(0, 3, weeks)
    y[n_pre:] += 12
    found = campaign_effect(y, n_pre, control, weekly=False, draws=300)
    assert found.average.low < 12 < found.average.high
    assert found.average.high - found.average.low < 12


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_a_synthetic_control_covers_with_weekly_rows(missing: float) -> None:
    """95 % intervals of 150 panels of 90 weeks before and 7 after, some left out."""
    rng, hits, runs = np.random.default_rng(5), 0, 150
    for _ in range(runs):
        kept = rng.random(97) >= missing
        common = 20 * np.sin(np.arange(97) / 8) + np.cumsum(rng.normal(0, 1.5, 97))
        panel = 500 + common[:, None] + rng.normal(0, 10, (97, 8))
        panel[90:, 0] += 40
        found = synthetic_control(
            panel[kept, 0], panel[kept, 1:], int(kept[:90].sum()), permutations=100
        )
        hits += found.low <= 40 <= found.high
    assert hits >= 0.89 * runs
