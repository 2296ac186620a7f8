"""The A/B readout against the effects planted in the sample company."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from opsnb.analysis.metrics import arm_aggregates, assigned_users, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.reviews.experiment.effects import compare_arms
from opsnb.base.workspace import Workspace

from .conftest import Played

Run = Callable[..., Played]

FOUR = ["checkout_one_page", "badge_wall", "search_rank", "free_shipping_bar"]


def covers(fact: dict[str, Any], truth: float) -> bool:
    return fact["low"] <= truth <= fact["high"]


@pytest.mark.parametrize("experiment", FOUR)
@pytest.mark.parametrize(
    "metric",
    ["order_conversion", "orders_per_user", "revenue_per_user", "margin_per_user", "refund_rate"],
)
def test_fourteen_days_after_exposure_cover_what_was_planted(
    sample: Workspace, truth: dict[str, Any], experiment: str, metric: str
) -> None:
    """The planted average effect is of 14 days after assignment, whenever that was.

    99.9 % intervals: twenty comparisons, none of which may fail by chance.
    """
    fields: dict[str, Any] = {"extends": metric, "window_days": 14}
    if metric in {"revenue_per_user", "margin_per_user"}:
        fields["cap"] = None
    catalogue = load_catalogue({metric: fields})
    rows = Rows(sample)
    arms = {
        arm.variant: arm
        for arm in arm_aggregates(rows, catalogue, metric, assigned_users(rows, experiment))
    }
    effect = compare_arms(catalogue[metric], arms["control"], arms["treatment"], alpha=0.001)
    planted = truth["experiments"][experiment]["average_effect"][metric]
    assert effect.diff.low <= planted["difference"] <= effect.diff.high


def test_one_page_checkout_ships(played: Run, truth: dict[str, Any]) -> None:
    run = played("ab_readout", experiment="checkout_one_page")
    assert run.verdict()["word"] == "SHIP" and run.verdict()["grade"] == "A"
    assert run.fact("ab.verdict")["value"] == "ship"
    effect = run.fact("ab.diff.cuped/order_conversion/treatment")
    planted = truth["experiments"]["checkout_one_page"]["average_effect"]["order_conversion"]
    assert effect["low"] > 0 and covers(effect, planted["difference"])
    assert {f["value"] for f in run.facts("ab.guardrail")} == {"pass"}
    assert not run.statuses
    assert run.fact("ab.impact/order_conversion/treatment")["low"] > 0


def test_badge_wall_is_held(played: Run) -> None:
    run = played("ab_readout", experiment="badge_wall")
    assert run.verdict()["word"] == "HOLD" and "inconclusive" in run.verdict()["sentence"]
    assert covers(run.fact("ab.lift.cuped/orders_per_user/treatment"), 0)
    claim = run.records("findings")[0]["claim"]
    assert "are ruled out" in claim and "no effect" not in claim.lower()


def test_search_rank_is_invalid(played: Run) -> None:
    run = played("ab_readout", experiment="search_rank")
    assert run.verdict()["word"] == "INVALID" and run.verdict()["grade"] == "E"
    assert run.check("srm")["status"] == "block"
    assert run.fact("ab.srm")["p_value"] < 0.001
    assert set(run.statuses) == {"invalid"}
    assert run.records("findings") == [] and run.records("cards") == []
    for code in ("en", "zh"):
        shown = run.html("summary", code)
        # The counts that show the broken split may stand there, an effect may not.
        assert not re.search(r"[+−]\d", shown)
        assert "%</" not in shown
    assert not run.facts("ab.segment") and not run.facts("ab.impact")


def test_free_shipping_bar_is_stopped_by_its_guardrail(played: Run, truth: dict[str, Any]) -> None:
    run = played("ab_readout", experiment="free_shipping_bar")
    assert run.verdict()["word"] == "STOP"
    assert "guardrail Refund rate got worse" in run.verdict()["sentence"]
    assert run.fact("ab.guardrail/refund_rate/treatment")["value"] == "fail"
    assert run.fact("ab.diff.cuped/orders_per_user/treatment")["low"] > 0  # it did sell more
    planted = truth["experiments"]["free_shipping_bar"]["average_effect"]["refund_rate"]
    worse = run.facts("ab.lift.cuped") + run.facts("ab.lift")
    refunds = [f for f in worse if f["metric"] == "refund_rate"]
    assert all(f["low"] > 0 and covers(f, planted["relative"]) for f in refunds)


@pytest.mark.parametrize("experiment", FOUR)
def test_p_values_and_intervals_agree(played: Run, experiment: str) -> None:
    run = played("ab_readout", experiment=experiment)
    diffs = run.facts("ab.diff") + run.facts("ab.diff.cuped")
    assert len(diffs) >= 4
    for fact in diffs:
        beyond = fact["low"] > 0 or fact["high"] < 0
        assert beyond == (fact["p_value"] < 0.05), fact["key"]
