"""Non-inferiority against Spotify's figures, algebra and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import test_proportions_2indep as score_test

from opsnb.analysis.methods.compare import two_proportions
from opsnb.analysis.methods.guardrail import non_inferiority, share_non_inferiority
from opsnb.analysis.methods.moments import Moments
from opsnb.base.errors import MethodError


def share(successes, n):
    """A share with the variance that divides by n, as the normal test has it."""
    p = successes / n
    return Moments(n, p, p * (1 - p))


def test_equals_spotify_confidence():
    """Oracle 13: spotify-confidence 4.1.0, a relative margin of 1 %."""
    # Their test is normal and ours Welch's: the larger counts make the difference vanish.
    scale = 1000
    control = Moments(104 * scale, 42 / 104, share(42, 104).var * scale)
    treatment = Moments(1009 * scale, 500 / 1009, share(500, 1009).var * scale)
    result = non_inferiority(control, treatment, margin=0.01 * 42 / 104, relative=False)
    assert result.p_value == pytest.approx(0.029307, abs=2e-6)
    assert result.low == pytest.approx(0.008426, abs=2e-5)
    assert result.limit == pytest.approx(-0.004038, abs=1e-6)
    assert result.status == "pass"


@pytest.mark.parametrize(
    ("treatment", "direction", "status", "beyond"),
    [
        (10.0, "up", "pass", False),
        (9.8, "up", "pass", False),
        (8.0, "up", "fail", True),
        (12.0, "up", "pass", False),
        (12.0, "down", "fail", True),
        (8.0, "down", "pass", False),
    ],
)
def test_statuses_of_clear_cases(treatment, direction, status, beyond):
    result = non_inferiority(
        Moments(5000, 10.0, 4.0),
        Moments(5000, treatment, 4.0),
        margin=0.05,
        direction=direction,
    )
    assert (result.status, result.beyond) == (status, beyond)


def test_noise_proves_nothing():
    result = non_inferiority(Moments(20, 10.0, 40.0), Moments(20, 9.9, 40.0), margin=0.05)
    assert result.status == "not_proven"


def test_slightly_worse_within_the_margin_passes_and_shows_it():
    result = non_inferiority(Moments(100_000, 10.0, 1.0), Moments(100_000, 9.9, 1.0), margin=0.05)
    assert result.status == "pass"
    assert result.p_worse < 0.001


@given(
    base=st.floats(-20, 20),
    gap=st.floats(-5, 5),
    margin=st.floats(0, 0.3),
    n=st.integers(5, 2000),
    direction=st.sampled_from(["up", "down"]),
)
def test_the_relative_bound_inverts_the_test(base, gap, margin, n, direction):
    result = non_inferiority(
        Moments(n, base, 9.0), Moments(n, base + gap, 4.0), margin=margin, direction=direction
    )
    if result.low_relative is None or abs(result.p_value - 0.05) < 1e-9:
        return
    assert (result.low_relative > -margin) == (result.status == "pass")


def test_at_the_margin_it_passes_as_rarely_as_alpha():
    rng = np.random.default_rng(1)
    passed = [
        non_inferiority(
            Moments.from_values(rng.normal(10, 3, 100)),
            Moments.from_values(rng.normal(9, 3, 100)),
            margin=0.1,
        ).status
        == "pass"
        for _ in range(1500)
    ]
    assert np.mean(passed) == pytest.approx(0.05, abs=0.018)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, "margin is -0.1; it must be a finite number of at least 0"),
        ({"margin": 0.1, "direction": "left"}, 'direction is "left"; it must be "up" or "down"'),
        ({"margin": 0.1, "alpha": 0.0}, "alpha is 0; it must be between 0 and 1"),
    ],
)
def test_errors_name_the_parameter(options, message):
    arm = Moments(50, 1.0, 1.0)
    with pytest.raises(MethodError, match=message):
        non_inferiority(arm, arm, **options)


def test_constant_arms_are_refused():
    arm = Moments(50, 1.0, 0.0)
    with pytest.raises(MethodError, match="variance of both arms is 0"):
        non_inferiority(arm, arm, margin=0.1)


# -- shares of 0 and 1 ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts", [(200, 200, 200, 200), (198, 200, 200, 200), (180, 200, 176, 210)]
)
@pytest.mark.parametrize(("direction", "ratio"), [("up", 0.95), ("down", 1.05)])
def test_shares_equal_statsmodels(counts, direction, ratio):
    """The score test of a ratio (Miettinen and Nurminen's without their correction)."""
    x0, n0, x1, n1 = counts
    theirs = score_test(
        x1, n1, x0, n0, value=ratio, compare="ratio", method="score", correction=False,
        alternative="larger" if direction == "up" else "smaller",
    )  # fmt: skip
    ours = share_non_inferiority(*counts, margin=0.05, direction=direction)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-6)


@given(st.integers(2, 300), st.integers(2, 300), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_share_passes_where_the_interval_of_its_lift_stays_clear(n0, n1, p0, p1, up):
    counts = (round(p0 * n0), n0, round(p1 * n1), n1)
    lift = two_proportions(*counts).lift
    found = share_non_inferiority(
        *counts, margin=0.1, direction="up" if up else "down", alpha=0.025
    )
    if lift is None:
        assert found.status != "pass"
    else:
        assert (found.status == "pass") == (lift.low > -0.1 if up else lift.high < 0.1)


def test_nothing_in_both_arms_proves_nothing():
    assert (
        share_non_inferiority(0, 200, 0, 200, margin=0.1, direction="down").status == "not_proven"
    )
    assert share_non_inferiority(0, 200, 9, 200, margin=0.1, direction="down").status == "fail"
    assert share_non_inferiority(40, 200, 0, 200, margin=0.1).status == "fail"


@pytest.mark.parametrize("base", [0.97, 0.995])
def test_the_size_of_the_score_test_near_one(base):
    """Exact: over all pairs of counts, at the margin, a false pass is no likelier than alpha."""
    n, margin = 150, 0.03
    x = np.arange(n + 1)
    chance = np.outer(stats.binom.pmf(x, n, base), stats.binom.pmf(x, n, base * (1 - margin)))
    wrong = sum(
        chance[a, b]
        for a, b in zip(*np.where(chance > 1e-7), strict=True)
        if share_non_inferiority(a, n, b, n, margin=margin, alpha=0.025).status == "pass"
    )
    assert wrong <= 0.026
