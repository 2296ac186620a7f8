"""Which evidence is taken, what it finds, and that each scrutiny trips on data made to trip it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.methods.estimate import Estimate
from opsnb.analysis.reviews.campaign.effect_checks import stability
from opsnb.base.errors import MetricError, PlanError
from tests.analysis.reviews.campaigns import METRIC, PLAN, open_campaign, regions, said, series

CONTROLS = 'controls = ["x1", "x2"]\n'


def review(workspace, tables, plan=PLAN, more=METRIC, **kwargs):
    plans = {"campaigns/test.toml": plan}
    return open_campaign(workspace(tables, plans=plans, more=more, **kwargs))


def statuses(campaign):
    return {name: check.status for name, check in campaign.ops.checks.items()}


def test_a_series_finds_the_effect_and_its_scrutiny_passes(workspace):
    campaign = review(workspace, {"series": series(effect=20)}, PLAN + CONTROLS)
    said(campaign, "effect")
    found = campaign.increment
    assert (found.method, found.grade, found.after_days) == ("series", "D", 10)
    assert found.during.low < 200 < found.during.high
    assert found.relative.significant
    status = statuses(campaign)
    assert status["pre_period"] == status["post_period"] == status["sensitivity"] == "pass"
    assert status["fit"] == status["control.x1"] == status["control.x2"] == "pass"


def test_no_effect_is_called_open(workspace):
    campaign = review(workspace, {"series": series()}, PLAN + CONTROLS)
    assert "is open" in said(campaign, "effect")


def test_a_control_that_the_campaign_moved_is_found(workspace):
    table = series(effect=20, control_effect=25)
    campaign = review(workspace, {"series": table}, PLAN + CONTROLS)
    assert "moved in the campaign itself" in said(campaign, "effect")
    assert statuses(campaign)["control.x1"] == "warn"


def test_a_short_time_before_is_said(workspace):
    table = series(effect=20, first="2026-09-01")
    campaign = review(workspace, {"series": table}, PLAN + CONTROLS)
    said(campaign, "effect")
    assert statuses(campaign)["pre_period"] == "warn"


def test_too_few_days_before_are_no_evidence(workspace):
    table = series(effect=20, first="2026-09-25")
    campaign = review(workspace, {"series": table}, PLAN + CONTROLS)
    assert "too little to model" in said(campaign, "effect")
    assert campaign.increment.method == "none"


@pytest.mark.parametrize(
    ("post", "words"),
    [(0, "pulled forward"), (30, "Of the 30 days planned after the campaign, only 10 days")],
)
def test_a_short_time_after_is_said(workspace, post, words):
    plan = PLAN.replace("post_days = 10", f"post_days = {post}") + CONTROLS
    campaign = review(workspace, {"series": series(effect=20)}, plan)
    assert words in said(campaign, "effect")
    assert statuses(campaign)["post_period"] == "warn"


def test_a_plan_beyond_the_data_says_what_is_missing(workspace):
    plan = PLAN + 'holdout = {experiment = "h"}\ntreated_units = ["nowhere"]\n' + CONTROLS
    campaign = review(workspace, {"series": series(effect=20)}, plan)
    text = said(campaign, "effect")
    assert "no table of assignments" in text
    assert "Regions cannot be compared" in text
    assert campaign.increment.method == "series"


def test_controls_without_their_table_are_no_evidence(workspace):
    orders = pd.DataFrame(
        {"order_id": ["1"], "user_id": ["u"], "ordered_at": ["2026-10-02"], "amount": [9.0]}
    )
    plan = PLAN.replace('"y"', '"gmv_net"') + CONTROLS
    campaign = review(workspace, {"orders": orders}, plan, more="")
    assert "no table of series is mapped" in said(campaign, "effect")
    plan = PLAN.replace('"y"', '"new_users"') + 'treated_units = ["a"]\n'
    campaign = review(workspace, {"orders": orders}, plan, more="")
    assert "maps no users" in said(campaign, "effect")


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 1.0, None, 1, "x", 0.05)


def test_stability_over_priors():
    shown, open_, minus = estimate(2, 1, 3), estimate(2, -1, 5), estimate(-1, -3, 1)
    assert stability([shown, shown]) == "stable"
    assert stability([shown, open_]) == "open"
    assert stability([shown, minus]) == "flips"


# -- regions ---------------------------------------------------------------------------


def test_a_synthetic_control_finds_the_effect(workspace):
    table = regions(8, treated=1)
    # One region that the treated one follows: equal weights are worse than the right ones.
    plan = PLAN + 'treated_units = ["r0"]\n'
    campaign = review(workspace, {"series": table}, plan)
    said(campaign, "effect")
    found = campaign.increment
    assert (found.method, found.grade) == ("geo", "B")
    assert found.net.value == pytest.approx(160, abs=25)
    share, count = found.scrutiny.space
    assert (share, count) == (pytest.approx(1 / 11), 10)
    assert statuses(campaign)["placebo_space"] == "pass"


def test_a_placebo_in_space_warns_where_nothing_happened(workspace):
    campaign = review(workspace, {"series": regions(0)}, PLAN + 'treated_units = ["r0"]\n')
    said(campaign, "effect")
    assert campaign.increment.scrutiny.space[0] > 0.1
    assert statuses(campaign)["placebo_space"] == "warn"


def test_several_regions_without_a_fit_go_to_difference_in_differences(workspace):
    plan = PLAN + 'treated_units = ["r0", "r1", "r2"]\n'
    campaign = review(workspace, {"series": regions(8, treated=3, seed=6)}, plan)
    text = said(campaign, "effect")
    found = campaign.increment
    assert (found.method, found.grade, found.regions) == ("did", "C", 3)
    assert found.during.low < 8 * 3 * 10 < found.during.high
    assert found.after.low < 8 * 3 * 10 < found.after.high
    status = statuses(campaign)
    assert (status["pre_trend"], status["clusters"]) == ("pass", "warn")
    assert "clustered by region" in text


def test_regions_that_drifted_apart_before_are_found(workspace):
    plan = PLAN + 'treated_units = ["r0", "r1", "r2"]\n'
    table = regions(8, treated=3, drift=0.3, seed=5)
    campaign = review(workspace, {"series": table}, plan)
    said(campaign, "effect")
    assert campaign.increment.method == "did"
    assert statuses(campaign)["pre_trend"] == "warn"


def test_a_day_that_a_region_lacks_is_left_out_and_named(workspace):
    table = regions(8)
    gap = (table["unit"] == "r4") & (table["date"] == "2026-10-04")
    campaign = review(workspace, {"series": table[~gap]}, PLAN + 'treated_units = ["r0"]\n')
    text, found = said(campaign, "effect"), campaign.increment
    assert "9 of 10 days of the campaign were judged" in text and "r4 on 4 Oct 2026" in text
    assert (statuses(campaign)["judged"], "regions" in statuses(campaign)) == ("warn", False)
    assert (found.window_days, found.scrutiny.space[1]) == (9, 10)
    each = campaign.case.effect.average.value
    assert each == pytest.approx(found.during.value / 9)


def test_a_region_that_lacks_much_is_left_out_and_named(workspace):
    table = regions(8)
    gap = (table["unit"] == "r4") & table["date"].between("2026-08-01", "2026-08-20")
    campaign = review(workspace, {"series": table[~gap]}, PLAN + 'treated_units = ["r0"]\n')
    assert "not on record: r4" in said(campaign, "effect")
    assert (statuses(campaign)["regions"], campaign.increment.scrutiny.space[1]) == ("warn", 9)
    assert (campaign.increment.window_days, campaign.increment.judged.is_part) == (10, False)


def test_a_treated_region_that_lacks_most_of_the_campaign_is_not_judged(workspace):
    table = regions(8)
    gap = (table["unit"] == "r0") & table["date"].between("2026-10-02", "2026-10-07")
    campaign = review(workspace, {"series": table[~gap]}, PLAN + 'treated_units = ["r0"]\n')
    assert "Only 4 of 10 days of the campaign are on record" in said(campaign, "effect")
    assert campaign.increment.method == "none"


@pytest.mark.parametrize("name", ["R0", "r00"])
def test_a_mistyped_region_is_answered_with_the_nearest(workspace, name):
    plan = PLAN + f'treated_units = ["{name}"]\n'
    campaign = review(workspace, {"series": regions(8)}, plan)
    assert f"hold no {name}. Did the plan mean r0?" in said(campaign, "effect")


# -- holdout ---------------------------------------------------------------------------


def holdout_tables(tagged_holdout: int = 0) -> dict[str, pd.DataFrame]:
    rng, users = np.random.default_rng(3), [f"u{n}" for n in range(4000)]
    held = np.arange(4000) % 4 == 0
    assignments = pd.DataFrame(
        {
            "experiment_id": "h",
            "user_id": users,
            "variant": np.where(held, "holdout", "exposed"),
            "assigned_at": pd.Timestamp("2026-09-30"),
        }
    )
    amount = rng.gamma(2, 20, 4000) + np.where(held, 0, 10)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(4000)],
            "user_id": users,
            "ordered_at": pd.Timestamp("2026-10-03"),
            "amount": amount,
            "campaign_id": None,
        }
    )
    orders["campaign_id"] = orders["campaign_id"].astype("object")
    leak = np.flatnonzero(held)[:tagged_holdout]
    orders.loc[leak, "campaign_id"] = "test"
    orders.loc[np.flatnonzero(~held)[:5], "campaign_id"] = "test"
    return {"assignments": assignments, "orders": orders}


HOLDOUT = PLAN.replace('"y"', '"gmv_net"') + 'holdout = {experiment = "h", share = 0.25}\n'


@pytest.mark.parametrize(("unequal", "status"), [(0.0, "pass"), (25.0, "warn")])
def test_users_who_differed_before_the_campaign_are_told(workspace, unequal, status):
    """What exposed users bought in the weeks before is what held-out users bought, or a warning."""
    tables = holdout_tables()
    orders, held = tables["orders"], np.arange(4000) % 4 == 0
    rng = np.random.default_rng(9)
    before = orders.assign(
        order_id=[f"b{n}" for n in range(4000)],
        ordered_at=pd.Timestamp("2026-09-03"),
        amount=rng.gamma(2, 20, 4000) + np.where(held, 0, unequal),
        campaign_id=None,
    )
    before["campaign_id"] = before["campaign_id"].astype("object")
    campaign = review(
        workspace, {**tables, "orders": pd.concat([orders, before])}, HOLDOUT, more=""
    )
    said(campaign, "effect")
    assert statuses(campaign)["balance"] == status


@pytest.mark.parametrize(("leak", "status"), [(0, "pass"), (7, "warn")])
def test_a_holdout_leads_and_leaks_are_counted(workspace, leak, status):
    campaign = review(workspace, holdout_tables(leak), HOLDOUT + CONTROLS, more="")
    said(campaign, "effect")
    found = campaign.increment
    assert (found.method, found.grade) == ("holdout", "A")
    assert found.during.low < 30_000 < found.during.high
    assert found.contaminated == leak
    assert statuses(campaign)["contamination"] == status


def test_a_broken_holdout_invalidates(workspace):
    plan = HOLDOUT.replace("0.25", "0.3")
    campaign = review(workspace, holdout_tables(), plan, more="")
    said(campaign, "costs", "effect", "summary")
    assert statuses(campaign)["holdout"] == "block"
    assert campaign.ops.facts["campaign.verdict"].value == "invalid"


def test_regions_by_a_column_nobody_has_are_refused(workspace):
    orders = holdout_tables()["orders"]
    plan = HOLDOUT.split("holdout")[0] + 'treated_units = ["a"]\nunit_column = "shire"\n'
    campaign = review(workspace, {"orders": orders}, plan, more="")
    with pytest.raises(MetricError, match='cannot break "gmv_net" down by "shire"'):
        campaign.effect()


def test_a_region_named_twice_is_a_mistake(workspace):
    plan = PLAN + 'treated_units = ["r0", "r0"]\n'
    with pytest.raises(PlanError, match='treated_units: names "r0" twice'):
        review(workspace, {"series": regions(0)}, plan)
