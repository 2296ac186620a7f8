"""The structural time series against CausalImpact and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.analysis.methods.structural import campaign_effect, placebo_in_time
from opsnb.base.errors import MethodError

WEEK = np.array([0.0, 1, 2, 3, 4, 8, 6])


def series(rng, n_pre=90, n_post=14, effect=0.0, noise=4.0):
    """A series that follows its first control, with a weekly pattern; the second is noise."""
    days = n_pre + n_post
    control = 50 + np.cumsum(rng.normal(0, 2, days))
    y = 100 + 1.5 * control + 3 * WEEK[np.arange(days) % 7] + rng.normal(0, noise, days)
    y[n_pre:] += effect
    return y, np.column_stack([control, rng.normal(size=days)])


def google(shared_data):
    table = np.loadtxt(
        shared_data / "causal_geo" / "google_data.csv", delimiter=",", skiprows=1, usecols=(0, 1, 2)
    )
    return table[:, 0], table[:, 1:]


def test_equals_causal_impact_with_its_prior(shared_data):
    y, controls = google(shared_data)
    effect = campaign_effect(y, 61, controls, weekly=False, noise_days=50)
    average = effect.average
    assert [average.value, average.low, average.high] == pytest.approx([27, 18, 36], abs=0.5)
    assert effect.cumulative.value == pytest.approx(804, abs=10)
    assert effect.relative.value == pytest.approx(0.21, abs=0.01)
    assert average.p_value < 0.005


def test_stays_near_causal_impact_with_our_defaults(shared_data):
    y, controls = google(shared_data)
    average = campaign_effect(y, 61, controls).average
    assert [average.value, average.low, average.high] == pytest.approx([27, 18, 36], abs=1)


def test_same_seed_same_numbers():
    y, controls = series(np.random.default_rng(1))
    runs = [campaign_effect(y, 90, controls, draws=200, seed=s).average for s in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("effect", [0.0, 15.0])
def test_covers_the_truth(effect):
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(80):
        y, controls = series(rng, n_pre=60, effect=effect)
        found = campaign_effect(y, 60, controls, draws=200).average
        inside.append(found.low < effect < found.high)
    assert np.mean(inside) >= 0.88


def test_parts_agree_with_each_other():
    y, controls = series(np.random.default_rng(3), effect=15)
    effect = campaign_effect(y, 90, controls)
    assert effect.cumulative.value == pytest.approx(14 * effect.average.value)
    assert effect.average.value == pytest.approx(y[90:].mean() - effect.expected[90:].mean())
    assert effect.expected.shape == effect.low.shape == (104,)
    assert (effect.low < effect.expected).all() and (effect.expected < effect.high).all()
    assert effect.r2 > 0.8
    assert effect.mape < 0.03
    assert (effect.average.n, effect.n_before, effect.missing) == (14, 90, 0)


def test_selection_keeps_the_control_that_matters():
    rng = np.random.default_rng(4)
    y, controls = series(rng)
    many = np.column_stack([controls, rng.normal(size=(104, 8))])
    inclusion = campaign_effect(y, 90, many, draws=300).inclusion
    assert inclusion[0] > 0.95
    assert inclusion[1:].mean() < 0.3


def test_scale_and_shift_carry_over():
    y, controls = series(np.random.default_rng(5), effect=10)
    plain = campaign_effect(y, 90, controls, draws=300).average
    moved = campaign_effect(1000 * y - 7, 90, controls * 3 + 2, draws=300).average
    assert moved.value == pytest.approx(1000 * plain.value, rel=1e-6)
    assert moved.low == pytest.approx(1000 * plain.low, rel=1e-6)


def test_missing_days_are_left_out():
    y, controls = series(np.random.default_rng(6), effect=15)
    y[[10, 11, 89, 95]] = np.nan
    controls[100, 0] = np.nan
    effect = campaign_effect(y, 90, controls)
    assert (effect.n_before, effect.missing, effect.average.n) == (87, 5, 12)
    assert effect.average.low < 15 < effect.average.high
    assert np.isfinite(effect.expected[:90]).all()


def test_works_without_controls():
    y, _ = series(np.random.default_rng(7), noise=1.0)
    effect = campaign_effect(WEEK[np.arange(104) % 7] + y - y.mean(), 90)
    assert effect.inclusion.shape == (0,)
    assert effect.average.low < effect.average.high


def test_weekdays_sharpen_the_estimate():
    y, controls = series(np.random.default_rng(8), noise=1.0)
    width = [
        (a := campaign_effect(y, 90, controls, weekly=weekly).average).high - a.low
        for weekly in (True, False)
    ]
    assert width[0] < 0.6 * width[1]


def test_placebos_before_the_campaign_find_nothing():
    y, controls = series(np.random.default_rng(9), effect=40)
    placebos = placebo_in_time(y, 90, controls, draws=300)
    assert [(p.start, p.stop) for p in placebos] == [(48, 62), (62, 76), (76, 90)]
    assert not any(p.alarm for p in placebos)
    assert campaign_effect(y, 90, controls, draws=300).average.significant


def test_a_placebo_sees_an_effect_that_was_there():
    y, controls = series(np.random.default_rng(10))
    y[76:90] += 40
    assert placebo_in_time(y, 90, controls, windows=1, draws=300)[0].alarm


def test_no_room_for_placebos_gives_none():
    y, controls = series(np.random.default_rng(11), n_pre=28)
    assert placebo_in_time(y, 28, controls, windows=1, length=14) == []


Y = np.arange(40.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: campaign_effect(Y[:, None], 30), r"y is of shape \(40, 1\); it must be one-dim"),
        (lambda: campaign_effect(Y, 30, Y[:5]), "rows of controls is 5; it must be that of y"),
        (lambda: campaign_effect(Y, 40), "n_pre is 40; it must be below the number of days"),
        (lambda: campaign_effect(Y, 0), "n_pre is 0; it must be a whole number of at least 1"),
        (lambda: campaign_effect(Y, 10), "days with data before is 10; it must be at least 14"),
        (
            lambda: campaign_effect(np.where(Y < 30, Y, np.nan), 30),
            "days with data after is 0; it must be at least 1",
        ),
        (lambda: campaign_effect(np.ones(40), 30), "y before the campaign is constant"),
        (lambda: campaign_effect(Y, 30, draws=5), "draws is 5; it must be a whole number"),
        (lambda: campaign_effect(Y, 30, level_sd=0), "level_sd is 0; it must be above 0"),
        (lambda: campaign_effect(Y, 30, noise_days=0), "noise_days is 0; it must be above 0"),
        (lambda: campaign_effect(Y, 30, alpha=2), "alpha is 2; it must be between 0 and 1"),
        (lambda: placebo_in_time(Y, 30, windows=0), "windows is 0; it must be a whole number"),
        (lambda: placebo_in_time(Y, 30, length=0), "length is 0; it must be a whole number"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
