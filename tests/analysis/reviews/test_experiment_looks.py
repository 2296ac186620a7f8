"""The level at which a result may be read, and Holm's levels over several arms."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from opsnb.analysis.methods.multiplicity import holm
from opsnb.analysis.methods.sequential import confidence_sequence
from opsnb.analysis.reviews.experiment.looks import Look, any_day, holm_levels, look_on
from opsnb.base.plans import ExperimentPlan

DAY = dt.timedelta(days=1)


def plan(looks: int = 1, **more: object) -> ExperimentPlan:
    return ExperimentPlan.unregistered(
        "e", control="a", split={"a": 0.5, "b": 0.5}, primary={"metric": "m"}, looks=looks,
        start=dt.date(2026, 10, 1), end=dt.date(2026, 10, 20), **more,
    )  # fmt: skip


def test_one_look_at_the_end_is_the_ordinary_test() -> None:
    made = look_on(plan(), dt.date(2026, 10, 21), 1000)
    assert (made.method, made.share, made.level(0.05)) == ("fixed", 1.0, 0.05)


@pytest.mark.parametrize(
    ("day", "look", "z"),
    [(4, 1, 4.8769), (8, 2, 3.3570), (12, 3, 2.6803), (16, 4, 2.2898), (20, 5, 2.0310)],
)
def test_five_looks_have_the_textbook_bounds(day: int, look: int, z: float) -> None:
    """O'Brien and Fleming's spending per side: 4.8769 3.3570 2.6803 2.2898 2.0310."""
    made = look_on(plan(5), dt.date(2026, 10, 1) + day * DAY, 1000)
    assert (made.method, made.number) == ("lan_demets", look)
    assert stats.norm.isf(made.level(0.05) / 2) == pytest.approx(z, abs=2e-3)


def test_a_look_between_two_takes_the_next_ones_place() -> None:
    made = look_on(plan(2), dt.date(2026, 10, 16), 1000)
    assert made.number == 2 and made.shares == pytest.approx([0.5, 0.75])
    assert made.level(0.05) < look_on(plan(2), dt.date(2026, 10, 21), 1000).level(0.05)


def test_unplanned_looks_take_the_confidence_sequence() -> None:
    early = look_on(plan(users=4000), dt.date(2026, 10, 11), 1000)
    assert (early.method, early.planned_n) == ("confidence_sequence", 4000)
    again = look_on(plan(2), dt.date(2026, 10, 21), 1000, taken=3)
    assert again.method == "confidence_sequence"
    level = any_day(1000, 4000, 0.05)
    reach = confidence_sequence(0, 1, 1000, planned_n=4000).high
    assert stats.norm.isf(level / 2) == pytest.approx(reach)


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=6), st.sampled_from([0.01, 0.05, 0.1]))
def test_an_arms_own_level_rejects_exactly_what_holm_rejects(
    p_values: list[float], alpha: float
) -> None:
    levels = holm_levels(p_values, lambda level: level, alpha)
    adjusted = holm(p_values)
    for p_value, level, holmed in zip(p_values, levels, adjusted, strict=True):
        assert holmed is not None
        if abs(holmed - alpha) > 1e-12:
            assert (p_value < level) == (holmed < alpha)


def test_peeking_every_day_for_thirty_days() -> None:
    """A/A, 1,000 runs: fixed 95 % intervals err far too often, the any-day level does not."""
    rng = np.random.default_rng(11)
    users, days, runs = 100, 30, 1000
    steps = rng.normal(0, np.sqrt(users), (runs, days)).cumsum(axis=1)
    n = users * np.arange(1, days + 1)
    z = np.abs(steps / np.sqrt(n))
    fixed = (z > stats.norm.isf(0.025)).any(axis=1).mean()
    bounds = [stats.norm.isf(any_day(int(k), users * days, 0.05) / 2) for k in n]
    always = (z > np.array(bounds)).any(axis=1).mean()
    assert fixed > 0.2
    assert always <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_planned_looks_keep_the_error_rate() -> None:
    """A/A, 4,000 runs with five looks: stopping at any of them errs at most 5 % of the time."""
    rng, runs = np.random.default_rng(12), 4000
    steps = rng.normal(0, np.sqrt(0.2), (runs, 5)).cumsum(axis=1)
    shares = np.arange(1, 6) / 5
    made = [Look("lan_demets", float(s), i + 1, 5, 100, 100) for i, s in enumerate(shares)]
    bounds = np.array([stats.norm.isf(m.level(0.05) / 2) for m in made])
    crossed = (np.abs(steps / np.sqrt(shares)) > bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / runs))
