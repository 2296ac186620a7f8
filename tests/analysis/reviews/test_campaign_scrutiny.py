"""Attempts to break an effect, each on data that trips it; and the dip after a campaign."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.reviews.campaign.increment import Increment, Week, weeks_after
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.campaigns import (
    END,
    METRIC,
    PLAN,
    START,
    days,
    long,
    open_campaign,
    said,
    series,
)

CONTROLS = 'controls = ["x1", "x2"]\n'
DIP = PLAN.replace("post_days = 10", "post_days = 21")


def review(workspace, tables, plan=PLAN, more=METRIC, **kwargs):
    plans = {"campaigns/test.toml": plan}
    return open_campaign(workspace(tables, plans=plans, more=more, **kwargs))


def status(campaign, check):
    return campaign.ops.checks[check].status


def drifting(seed: int = 3, step: float = 4.0, effect: float = 0.0) -> pd.DataFrame:
    """A series that wanders by itself; its controls tell nothing of it."""
    rng, index = np.random.default_rng(seed), days()
    inside = (index >= pd.Timestamp(START)) & (index <= pd.Timestamp(END))
    y = 300 + np.cumsum(rng.normal(0, step, len(index))) + effect * inside
    return long({"y": y, "x1": rng.normal(9, 1, len(index)), "x2": rng.normal(9, 1, len(index))},
                index)  # fmt: skip


# -- the time series ----------------------------------------------------------------------


def test_a_model_that_explains_little_is_said(workspace):
    rng, index = np.random.default_rng(5), days()
    noise = {name: rng.normal(100, 5, len(index)) for name in ("y", "x1", "x2")}
    campaign = review(workspace, {"series": long(noise, index)}, PLAN + CONTROLS)
    said(campaign, "effect")
    assert campaign.increment.scrutiny.r2 < 0.5
    assert status(campaign, "fit") == "warn"


def test_a_series_that_wanders_raises_false_effects_before_the_start(workspace):
    campaign = review(workspace, {"series": drifting()}, PLAN + CONTROLS)
    text = said(campaign, "effect")
    assert "Pretended campaigns before the start: 3 windows" in text
    assert any(placebo.significant for placebo in campaign.increment.scrutiny.placebos)
    assert status(campaign, "placebo") == "warn"


@pytest.mark.parametrize(
    ("seed", "effect", "words"),
    [(1, 30.0, "depends on the prior"), (3, 15.0, "The sign changes with the prior")],
)
def test_an_effect_that_rests_on_the_prior_is_said(workspace, seed, effect, words):
    campaign = review(workspace, {"series": drifting(seed=seed, effect=effect)}, PLAN + CONTROLS)
    assert words in said(campaign, "effect")
    assert set(campaign.increment.scrutiny.sensitivity) == {0.01, 0.05, 0.1}
    assert status(campaign, "sensitivity") == "warn"


def test_days_that_nothing_before_could_teach_are_named(workspace):
    """Double 11 begins on 20 October, and the days before hold none of its kind."""
    rng, index = np.random.default_rng(1), pd.date_range("2026-06-21", "2026-10-30")
    table = long({name: 100 + rng.normal(0, 2, len(index)) for name in ("y", "x1", "x2")}, index)
    plan = PLAN.replace("2026-10-01", "2026-10-20").replace("2026-10-10", "2026-10-30") + CONTROLS
    root = workspace({"series": table}, plans={"campaigns/test.toml": plan}, more=METRIC).root
    settings = root / "opsnb.toml"
    text = settings.read_text(encoding="utf-8").replace(
        "[workspace]", '[workspace]\ncountry = "CN"'
    )
    settings.write_text(text, encoding="utf-8")
    campaign = open_campaign(Workspace.load(root))
    assert "Double 11" in said(campaign, "effect")
    assert status(campaign, "special_days") == "warn"


@pytest.mark.parametrize(("gap", "expected"), [(3, "pass"), (30, "warn")])
def test_days_after_suffice_for_one_repurchase_cycle(workspace, gap, expected):
    """Five days are watched after ten: enough where customers return within three."""
    stamps = pd.date_range("2026-08-01", "2026-10-14", freq=f"{gap}D")
    orders = pd.DataFrame(
        {
            "order_id": [f"{user}-{n}" for user in range(20) for n in range(len(stamps))],
            "user_id": [f"u{user}" for user in range(20) for _ in stamps],
            "ordered_at": list(stamps) * 20,
            "amount": 10.0,
        }
    )
    plan = PLAN.replace("post_days = 10", "post_days = 5") + CONTROLS
    campaign = review(workspace, {"series": series(20), "orders": orders}, plan)
    said(campaign, "effect")
    assert campaign.repurchase_days == gap
    assert status(campaign, "post_period") == expected


# -- regions ------------------------------------------------------------------------------


def test_a_synthetic_control_that_does_not_fit_is_said(workspace):
    rng, index = np.random.default_rng(4), days()
    rows = [
        long({"y": 100 + rng.normal(0, 5, len(index))}, index, f"r{number}") for number in range(6)
    ]
    campaign = review(workspace, {"series": pd.concat(rows)}, PLAN + 'treated_units = ["r0"]\n')
    said(campaign, "effect")
    assert campaign.increment.scrutiny.misfit > 0.8
    assert status(campaign, "synthetic") == "warn"


# -- the dip ------------------------------------------------------------------------------


def dip(workspace_, plan, daily, seed=1, first=5.0):
    """A gain in the window and a loss after it that fades, by a share a day."""
    rng, index = np.random.default_rng(seed), days("2026-05-01", "2026-10-31")
    since = (index - pd.Timestamp(END)).days.to_numpy()
    inside = (index >= pd.Timestamp(START)) & (since <= 0)
    lost = np.where(since > 0, daily * np.exp(-(since - 1) / first), 0.0)
    rows = []
    for number in range(12):
        y = 100 + rng.normal(0, 2, len(index)) + 3 * np.sin(np.arange(len(index)) / 9)
        own = number == 0
        rows.append(long({"y": y + own * (20 * inside - lost)}, index, f"r{number}"))
    return review(workspace_, {"series": pd.concat(rows)}, plan)


def test_what_was_brought_forward_is_found_in_the_first_week(workspace):
    plan = DIP + 'treated_units = ["r0"]\n'
    campaign = dip(workspace, plan, daily=6.0)
    text = said(campaign, "effect")
    found = campaign.increment
    assert len(found.weeks) == 3 and len(found.given_back) >= 1
    assert "part of the gain was only brought forward" in text or "was given back" in text
    week = campaign.ops.facts["campaign.post_dip/y///week1"]
    lost = -sum(6.0 * np.exp(-n / 5.0) for n in range(7))
    assert week.low < lost < week.high < 0


def test_without_a_dip_none_is_found(workspace):
    campaign = dip(workspace, DIP + 'treated_units = ["r0"]\n', daily=0.0)
    assert "brought forward" not in said(campaign, "effect")
    assert campaign.increment.given_back == ()


def week(value: float, half: float = 1.0) -> Week:
    return Week(START, END, Estimate(value, value - half, value + half, 0.5, None, 1, "x", 0.05))


def test_weeks_count_only_as_long_as_all_before_them_were_shown():
    def given_back(*values: float) -> int:
        return len(Increment("holdout", "A", weeks=tuple(week(v) for v in values)).given_back)

    assert [given_back(-3, -2, 0), given_back(0, -3, -3), given_back(-3, 0, -3)] == [2, 0, 1]


def test_the_order_of_weeks_keeps_the_level():
    """Without a dip, a loss is shown in 2.5 % of cases, however many weeks are looked at."""
    rng = np.random.default_rng(1)
    found = [
        bool(Increment("holdout", "A", weeks=tuple(week(v, 1.96) for v in draw)).given_back)
        for draw in rng.normal(0, 1, (4000, 5))
    ]
    assert np.mean(found) == pytest.approx(0.025, abs=0.008)


@pytest.mark.parametrize(
    ("after", "lengths"),
    [(0, []), (7, []), (10, []), (11, [7, 4]), (14, [7, 7]), (21, [7, 7, 7]), (24, [7, 7, 10])],
)
def test_the_days_after_in_weeks(after, lengths):
    spans = weeks_after(END, END + dt.timedelta(days=after))
    assert [(last - first).days + 1 for first, last in spans] == lengths
    assert not spans or (spans[0][0], spans[-1][1]) == (
        END + dt.timedelta(days=1), END + dt.timedelta(days=after),
    )  # fmt: skip
