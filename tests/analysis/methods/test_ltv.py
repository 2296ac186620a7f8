"""Lifetime models against the figures of their authors, and simulated customers."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from opsnb.analysis.methods.ltv import (
    BgNbd,
    ShiftedBetaGeometric,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_leaving,
    fit_shifted_beta_geometric,
)
from opsnb.base.errors import MethodError


def test_bg_nbd_equals_its_authors(shared_data):
    table = np.loadtxt(
        shared_data / "cdnow" / "cdnow_customers_summary.csv", delimiter=",", skiprows=1
    )
    model = fit_bg_nbd(*table[:, 1:].T)
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx(
        [0.2426, 4.4136, 0.793, 2.426], abs=6e-4
    )
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    assert model.expected_given(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)
    assert [model.expected(t) for t in (1, 3, 78)] == pytest.approx(
        [0.0532, 0.1506, 1.858], abs=5e-4
    )


def test_gamma_gamma_equals_its_authors(shared_data):
    spent: dict = defaultdict(lambda: defaultdict(float))
    for line in (shared_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        _, customer, day, _, value = line.split()
        if day <= "19970930":
            spent[customer][day] += float(value)
    repeats = [[days[day] for day in sorted(days)[1:]] for _, days in sorted(spent.items())]
    frequency = np.array([len(values) for values in repeats])
    value = np.array([np.mean(values) if values else 0.0 for values in repeats])
    assert (frequency.sum(), (frequency == 0).sum()) == (2457, 1411)
    model = fit_gamma_gamma(frequency, value)
    assert [model.p, model.q, model.v] == pytest.approx([6.25, 3.74, 15.44], abs=0.006)
    assert model.log_likelihood == pytest.approx(-4055.92, abs=0.005)
    assert model.n == 946
    assert model.expected_given(frequency[:6], value[:6]) == pytest.approx(
        [24.65, 18.91, 35.17, 35.17, 35.17, 71.46], abs=0.006
    )


def test_shifted_beta_geometric_equals_its_authors():
    model = fit_shifted_beta_geometric([1000, 869, 743, 653, 593, 551, 517, 491])
    assert [model.alpha, model.beta, model.log_likelihood] == pytest.approx(
        [0.668, 3.806, -1611.2], abs=0.05
    )
    assert [round(model.alpha, 3), round(model.beta, 3)] == [0.668, 3.806]


def buyers(rng, n, weeks, r=1.0, alpha=5.0, a=1.5, b=4.0):
    """Customers of a BG/NBD population: (frequency, recency, age) and purchases later on."""
    rate, leave = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    frequency, recency, later = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        at = 0.0
        while True:
            at += rng.exponential(1 / rate[i])
            if at > 2 * weeks:
                break
            if at <= weeks:
                frequency[i] += 1
                recency[i] = at
            else:
                later[i] += 1
            if rng.random() < leave[i]:
                break
    return frequency, recency, np.full(n, float(weeks)), later


def test_bg_nbd_predicts_simulated_customers():
    *history, later = buyers(np.random.default_rng(1), 3000, 40)
    model = fit_bg_nbd(*history)
    expected = model.expected_given(40, *history)
    assert expected.sum() == pytest.approx(later.sum(), rel=0.1)
    heavy = history[0] >= 3
    assert expected[heavy].mean() == pytest.approx(later[heavy].mean(), rel=0.15)
    assert model.expected(40) == pytest.approx(history[0].mean(), rel=0.05)


def test_plausible_models_spread_as_refitted_samples_do(shared_data):
    """The large-sample covariance against the bootstrap, on CDNOW."""
    table = np.loadtxt(
        shared_data / "cdnow" / "cdnow_customers_summary.csv", delimiter=",", skiprows=1
    )[:, 1:]
    rng = np.random.default_rng(1)
    model = fit_bg_nbd(*table.T)
    drawn = [one.expected(52) for one in model.draws(500, rng)]
    refitted = [
        fit_bg_nbd(*table[rng.integers(0, len(table), len(table))].T).expected(52)
        for _ in range(12)
    ]
    assert np.mean(drawn) == pytest.approx(model.expected(52), rel=0.03)
    assert np.std(drawn) == pytest.approx(np.std(refitted, ddof=1), rel=0.5)


def test_plausible_models_cover_the_truth():
    """The share left after twelve renewals, foretold from seven, within the middle 90 %."""
    rng, covered = np.random.default_rng(2), 0
    truth = ShiftedBetaGeometric(0.668, 3.806, 0.0).survival(12)[12]
    for _ in range(200):
        leave = np.clip(rng.beta(0.668, 3.806, 1000), 1e-12, 1)
        ends = rng.geometric(leave)
        stayed = [int((ends > n).sum()) for n in range(8)]
        model = fit_shifted_beta_geometric(np.array(stayed))
        low, high = np.quantile([m.survival(12)[12] for m in model.draws(200, rng)], [0.05, 0.95])
        covered += low < truth < high
    assert covered / 200 == pytest.approx(0.9, abs=0.06)


def test_models_that_the_data_do_not_pin_down_have_no_draws():
    with pytest.raises(MethodError, match="no covariance"):
        BgNbd(0.25, 4.4, 0.8, 2.4, 0.0, 100).draws(10, np.random.default_rng(1))


def test_the_unit_of_time_does_not_matter():
    frequency, recency, age, _ = buyers(np.random.default_rng(2), 500, 30)
    weeks, days = fit_bg_nbd(frequency, recency, age), fit_bg_nbd(frequency, recency * 7, age * 7)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-3)
    assert days.expected(70) == pytest.approx(weeks.expected(10), rel=1e-3)


def test_alive_falls_with_silence():
    model = BgNbd(0.25, 4.4, 0.8, 2.4, 0.0, 100)
    alive = model.alive([3, 3, 0], [30, 5, 0], [40, 40, 40])
    assert alive[0] > alive[1]
    assert alive[2] == 1.0


@pytest.mark.parametrize(
    ("x", "tx", "age", "alive"),
    [
        (2, 30.43, 38.86, 0.72657857),
        (1, 1.71, 38.86, 0.21210099),
        (0, 0, 38.86, 1.0),
        (23, 39, 39, 0.96855545),
        (5, 30, 39, 0.70562685),
        (20, 30, 39, 0.19682044),
        (26, 30.86, 31, 0.96891565),
        (11, 2.0, 38.0, 9.36532191e-09),
    ],
)
def test_alive_equals_lifetimes(x, tx, age, alive):
    """Fader and Hardie 2008 with CDNOW's parameters, as lifetimes 0.11.3 computes it."""
    model = BgNbd(0.243, 4.414, 0.793, 2.426, 0.0, 2357)
    assert model.alive(x, tx, age) == pytest.approx(alive, rel=1e-6)


def test_who_buys_again_is_foretold():
    """The chance to buy within t, by groups of simulated customers; without end it is `alive`."""
    *history, later = buyers(np.random.default_rng(4), 6000, 40)
    model = fit_bg_nbd(*history)
    chance = model.buys_within(40, *history)
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
        inside = (chance >= low) & (chance < high)
        assert inside.sum() > 100
        assert (later[inside] > 0).mean() == pytest.approx(chance[inside].mean(), abs=0.05)
    assert model.buys_within(1e12, *history) == pytest.approx(model.alive(*history), abs=1e-3)
    assert (chance <= model.expected_given(40, *history)).all()  # Markov's inequality


def test_customers_of_all_ages_teach_as_one_cohort_does():
    cohort = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
    whole = fit_shifted_beta_geometric(cohort)
    parts = fit_leaving(cohort[:-1], -np.diff(cohort))
    assert [parts.alpha, parts.beta] == [whole.alpha, whole.beta]
    share = whole.survival(2)
    assert parts.leaving([1, 2]) == pytest.approx(1 - share[1:] / share[:-1])
    rng = np.random.default_rng(5)
    chance = rng.beta(0.9, 3.0, 60_000)
    stay, entry = rng.geometric(chance), rng.integers(1, 13, 60_000)
    ages = np.arange(1, 25)
    risk = [((entry <= age) & (stay >= age)).sum() for age in ages]  # late entry
    left = [((entry <= age) & (stay == age)).sum() for age in ages]
    found = fit_leaving(risk, left)
    assert [found.alpha, found.beta] == pytest.approx([0.9, 3.0], rel=0.06)


def test_survival_multiplies_renewals():
    model = ShiftedBetaGeometric(1.0, 1.0, 0.0)
    assert model.survival(3) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])


ONES = np.ones(40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_bg_nbd(ONES[:9], ONES[:9], ONES[:9]), "number of customers is 9; it must be"),
        (lambda: fit_bg_nbd(ONES, ONES[:3], ONES), "shapes is .* it must be equal"),
        (lambda: fit_bg_nbd(ONES, 2 * ONES, ONES), r"recency\[0\] is 2; it must be at most age"),
        (lambda: fit_bg_nbd(-ONES, ONES, ONES), "frequency is partly missing or negative"),
        (lambda: fit_bg_nbd(0 * ONES, 0 * ONES, ONES), "with a repeat purchase is 0"),
        (lambda: fit_gamma_gamma(ONES, ONES[:3]), r"mean_value is of shape \(3,\)"),
        (lambda: fit_gamma_gamma(ONES, -ONES), "mean_value is -1; it must be at least 0"),
        (lambda: fit_gamma_gamma(0 * ONES, ONES), "number of customers is 0"),
        (lambda: fit_gamma_gamma(ONES, ONES), "likelihood of the Gamma-Gamma has no maximum"),
        (lambda: fit_shifted_beta_geometric([9, 8]), "it must be at least three numbers"),
        (lambda: fit_shifted_beta_geometric([9, 8, 10]), "it must be falling from period"),
        (lambda: fit_shifted_beta_geometric([9, np.nan, 1]), r"customers\[1\] is nan"),
        (lambda: fit_leaving([9, 8], [1]), "must be equal, of two periods or more"),
        (lambda: fit_leaving([9, 8], [1, -1]), "left is partly missing or negative"),
        (lambda: fit_leaving([9, 8], [1, 9]), r"left\[1\] is 9; it must be at most at_risk"),
        (lambda: fit_leaving([9, 8], [0, 0]), "customers who left is 0; it must be some of"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(MethodError, match=message):
        call()
