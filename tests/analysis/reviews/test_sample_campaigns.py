"""The campaign review against what was planted in the sample company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Played

Run = Callable[..., Played]


def covers(fact: dict[str, Any], truth: float) -> bool:
    return fact["low"] <= truth <= fact["high"]


def test_golden_week_by_its_holdout(played: Run, truth: dict[str, Any]) -> None:
    """The intervals hold the planted effect: in the campaign, after it, and net of the dip."""
    run = played("campaign_review", campaign="golden_week")
    planted = truth["campaigns"]["golden_week"]["effect"]
    during = run.fact("campaign.effect/gmv_net///campaign")
    dip = run.fact("campaign.post_dip/gmv_net///after")
    net = run.fact("campaign.effect/gmv_net///net")
    for fact, name in ((during, "campaign"), (dip, "post"), (net, "net_of_dip")):
        assert covers(fact, planted[name]["realised_gmv_net"]), name
        assert fact["method"] == "holdout" and fact["unit"] == "money"
    assert during["low"] > 0 and net["low"] > 0
    assert dip["value"] < 0 and net["value"] < during["value"]
    assert run.check("holdout")["status"] == "pass"
    assert run.verdict()["grade"] == "A" and run.verdict()["word"].startswith("WORKED")


def test_the_dip_after_golden_week_is_found(played: Run, truth: dict[str, Any]) -> None:
    """Planted: orders fall by 28 % on the first day after and recover within weeks."""
    run = played("campaign_review", campaign="golden_week")
    planted = truth["campaigns"]["golden_week"]
    week = run.fact("campaign.post_dip/gmv_net///week1")
    assert planted["plan"]["dip"] > 0 and planted["effect"]["post"]["realised_gmv_net"] < 0
    assert week["high"] < 0 and week["p_value"] < 0.05
    weeks = [f for f in run.facts("campaign.post_dip") if f["period"].startswith("week")]
    total = run.fact("campaign.post_dip/gmv_net///after")
    assert sum(f["value"] for f in weeks) == pytest.approx(total["value"], rel=0.1)
    assert "brought forward" in run.text() and "提前透支" in run.text("zh")


def test_golden_week_s_returns(played: Run, truth: dict[str, Any]) -> None:
    run = played("campaign_review", campaign="golden_week")
    planted = truth["campaigns"]["golden_week"]
    assert run.fact("campaign.cost")["value"] == pytest.approx(planted["cost_total"])
    assert covers(run.fact("campaign.roi_incremental"), planted["roi_incremental"])
    attributed = run.fact("campaign.roi_classic")["value"]
    assert attributed > run.fact("campaign.roi_incremental")["value"]
    average = run.fact("campaign.effect_average/gmv_net")
    assert average["value"] * 8 == pytest.approx(
        run.fact("campaign.effect/gmv_net///campaign")["value"]
    )


def test_the_coupon_looks_great_and_did_nothing(played: Run, truth: dict[str, Any]) -> None:
    run = played("campaign_review", campaign="autumn_coupon")
    assert truth["campaigns"]["autumn_coupon"]["effect_gmv_net"] == 0
    assert run.fact("campaign.change/gmv_net")["value"] > 0.1
    effect = run.fact("campaign.effect/gmv_net///campaign")
    assert covers(effect, 0) and effect["method"] == "series"
    assert run.verdict()["word"] == "NOT PROVEN" and run.verdict()["grade"] == "D"
    for code in ("en", "zh"):
        assert "ROI" not in run.verdict(code)["sentence"]


def test_no_return_is_claimed_while_labour_is_not_booked(
    played: Run, truth: dict[str, Any]
) -> None:
    run = played("campaign_review", campaign="autumn_coupon")
    assert truth["campaigns"]["autumn_coupon"]["missing_from_ledger"] == ["labour"]
    check = run.check("cost")
    assert check["status"] == "block" and "labour" in check["message"]
    assert "provisional" in run.statuses
    for code in ("en", "zh"):
        claims = [finding["claim"] for finding in run.records("findings", code)]
        labels = [card["label"] for card in run.records("cards", code)]
        assert claims and labels
        assert not [text for text in claims + labels if "ROI" in text or "ROAS" in text]
    assert any("labour" in action["title"] for action in run.records("actions"))


def test_invitations_are_counted_in_users(played: Run, truth: dict[str, Any]) -> None:
    """A campaign measured on new users speaks of users, and values them as the plan assumes."""
    run = played("campaign_review", campaign="invite_friends")
    planted = truth["campaigns"]["invite_friends"]
    effect = run.fact("campaign.effect/new_users///campaign")
    assert effect["unit"] == "count" and covers(effect, planted["increment"])
    assert run.fact("campaign.window/new_users")["unit"] == "count"
    assert run.fact("campaign.cost")["value"] == pytest.approx(planted["cost_total"])
    indirect = run.fact("campaign.value.indirect")
    assert indirect["unit"] == "money" and indirect["value"] > effect["value"]
    roi = run.fact("campaign.roi_incremental")
    assert roi["value"] == pytest.approx(indirect["value"] / planted["cost_total"] - 1)
    assert run.verdict()["word"].startswith("WORKED") and "PAID OFF" not in run.verdict()["word"]
    assert "¥" not in run.verdict()["sentence"].split(". ")[0]  # users are no money
    goal = run.cells["goal_table"].plain(run.language("en"))
    assert "+400 incremental" in goal and "+450 incremental (+300 to +650)" in goal


def test_the_k_factor_is_the_planted_one(played: Run, truth: dict[str, Any]) -> None:
    """K, invitations an inviter and registrations an invitation, each within 5 %."""
    run = played("campaign_review", campaign="invite_friends")
    planted = truth["campaigns"]["invite_friends"]
    assert run.fact("campaign.k_factor")["value"] == pytest.approx(planted["k_factor"], rel=0.05)
    assert run.fact("campaign.invitations")["value"] == pytest.approx(
        planted["invitations"], rel=0.05
    )
    assert run.fact("campaign.invited_users")["value"] == pytest.approx(
        planted["invited_users"], rel=0.05
    )
    rate = run.fact("campaign.invite_conversion")
    assert covers(rate, planted["acceptance"])
    assert run.facts("campaign.channel.cac") and run.fact("campaign.referral_cac")["value"] > 0


def test_the_funnel_is_held_against_the_last_campaign(played: Run) -> None:
    """By channel and device, against the weeks before and the sale that ended last."""
    run = played("campaign_review", campaign="autumn_coupon")
    changes = run.facts("campaign.funnel_change")
    assert {f["period"] for f in changes} == {"before", "last_campaign"}
    segments = {f.get("segment") for f in changes if f["period"] == "last_campaign"}
    assert {None, "channel=wechat", "device=ios"} <= segments
    overall = [f for f in changes if f.get("segment") is None]
    assert [f["value"] > 0 for f in overall] == [True, False]  # the sale converted better
    assert "Last campaign: Golden Week sale" in run.text()
    assert "上次活动：国庆黄金周大促" in run.text("zh")
    assert run.fact("campaign.funnel_changes")["n"] == 18


@pytest.mark.parametrize("campaign", ["golden_week", "autumn_coupon", "invite_friends"])
def test_predictions_are_scored(played: Run, campaign: str) -> None:
    run = played("campaign_review", campaign=campaign)
    plan = run.ops.workspace.campaigns[campaign]
    scored = next(p for p in run.records("predictions") if p["metric"] == plan.metric)
    assert (scored["value"], scored["low"], scored["high"]) == (
        plan.predicted.value, plan.predicted.low, plan.predicted.high,
    )  # fmt: skip
    effects = run.facts("campaign.effect")
    assert scored["observed"] in [fact["value"] for fact in effects]


@pytest.mark.parametrize("campaign", ["golden_week", "autumn_coupon", "invite_friends"])
def test_the_ledger_adds_up(played: Run, campaign: str) -> None:
    run = played("campaign_review", campaign=campaign)
    total = run.fact("campaign.cost")["value"]
    kinds = [f["value"] for f in run.facts("campaign.cost") if f.get("segment")]
    assert sum(kinds) == pytest.approx(total)
    by_channel = [f["value"] for f in run.facts("campaign.channel.spend")]
    assert sum(by_channel) == pytest.approx(total)
    steps = [f["value"] for f in run.facts("campaign.funnel")]
    assert len(steps) >= 2 and steps == sorted(steps, reverse=True)
