"""The monthly retrospective against what was planted in October 2026."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Played

STATUS = {
    "gmv_net": "hit",
    "new_users": "hit",
    "conversion_rate": "missed",
    "nps": "missed",
    "csat": "missed",
    "tickets_on_time": "missed",
    "tasks_on_time": "missed",
}


@pytest.fixture(scope="module")
def month(played: Callable[..., Played]) -> Played:
    return played("monthly_retrospective", cycle="2026-10")


@pytest.mark.parametrize(("metric", "status"), STATUS.items())
def test_statuses_against_targets(month: Played, metric: str, status: str) -> None:
    assert month.fact(f"kpi.status/{metric}")["value"] == status
    value, target = (month.fact(f"kpi.{name}/{metric}")["value"] for name in ("value", "target"))
    assert (value >= target) == (status == "hit")  # in all of these up is good


def test_every_target_is_judged(month: Played) -> None:
    targets = month.ops.workspace.targets("2026-10")
    assert {f["metric"] for f in month.facts("kpi.status")} == set(targets)
    hit = sum(f["value"] == "hit" for f in month.facts("kpi.status"))
    assert f"{hit} of {len(targets)} targets" in month.verdict()["sentence"]


def test_conversion_fell_for_its_mix(month: Played, truth: dict[str, Any]) -> None:
    """Newcomers of a channel that converts badly, not worse rates within the channels."""
    planted = truth["mix_shift"]["with_everything"]
    mix, rate, total = (
        month.fact(f"change.{name}/conversion_rate//channel")["value"]
        for name in ("mix", "rate", "total")
    )
    assert total == pytest.approx(mix + rate)
    assert mix < 0 and abs(mix) > 2 * abs(rate)
    assert mix == pytest.approx(planted["mix"], abs=0.002)
    assert rate == pytest.approx(planted["rate"], abs=0.002)
    claims = [f["claim"] for f in month.records("findings")]
    assert any("mostly because the mix by channel shifted" in claim for claim in claims)


def test_the_outage_is_explained_and_the_tracking_gap_is_found(month: Played) -> None:
    """Both are two days; only the outage stands in plans/events.toml. The gap is scored by nobody:
    it is what the record of the events says."""
    days = {(f["metric"], f["period"]): f["value"] for f in month.facts("anomaly.day")}
    for day in ("2026-10-14", "2026-10-15"):
        assert days["orders", day] < -0.5
    for day in ("2026-10-29", "2026-10-30"):
        assert ("active_users", day) not in days and ("orders", day) not in days
    shown = month.cells["anomaly_days"].plain(month.language("en"))
    assert "Payment outage" in shown
    assert "not recorded: user events fell to 5% of usual while orders held" in shown
    assert month.check("tracking_gap")["status"] == "warn"
    assert len([c for c in month.records("checks") if c["id"] == "tracking_gap"]) == 1
    claims = [f["claim"] for f in month.records("findings")]
    assert sum("Not on record: 29 Oct to 30 Oct 2026" in claim for claim in claims) == 1
    assert not any("no known cause" in claim for claim in claims)


def test_the_outage_stands_beside_what_it_moved(month: Played) -> None:
    without = {(f["metric"], f["segment"]): f["value"] for f in month.facts("kpi.without")}
    outage = "2026-10-14..2026-10-15"
    assert without["conversion_rate", outage] == pytest.approx(0.149, abs=0.001)
    each_day = {f["metric"]: f["value"] for f in month.facts("kpi.each_day")}
    assert without["gmv_net", outage] > 1.06 * each_day["gmv_net"]


def test_scores_carry_intervals_and_counts_do_not(month: Played, truth: dict[str, Any]) -> None:
    nps = month.fact("kpi.value/nps")
    planted = truth["service"]
    expected = 100 * (planted["promoters_october"] - planted["detractors_october"])
    assert nps["low"] <= expected <= nps["high"]
    csat = month.fact("kpi.value/csat")
    assert csat["low"] < csat["value"] < csat["high"]
    assert "low" not in month.fact("kpi.value/gmv_net")


def test_service_was_late(month: Played, truth: dict[str, Any]) -> None:
    planted = truth["service"]
    assert month.fact("kpi.value/tickets_on_time")["value"] == pytest.approx(
        planted["tickets_on_time_october"], abs=0.03
    )
    assert month.fact("kpi.value/tasks_on_time")["value"] == pytest.approx(
        planted["tasks_on_time_october"], abs=0.03
    )


def test_facts_agree_with_each_other(month: Played) -> None:
    value = {f["metric"]: f["value"] for f in month.facts("kpi.value")}
    assert value["aov"] == pytest.approx(value["gmv_net"] / value["orders"])
    gap = [dt.date(2026, 10, 29), dt.date(2026, 10, 30)]  # of which the events know nothing
    [recorded] = month.ops.meter.measure("gmv_net", [month.ops.period], without=gap)
    assert value["arpu"] == pytest.approx(recorded.value / value["active_users"])
    assert month.fact("active.mau")["value"] == value["active_users"]
    assert month.fact("active.stickiness")["value"] == pytest.approx(
        month.fact("active.dau")["value"] / month.fact("active.mau")["value"]
    )
    steps = [f["value"] for f in month.facts("funnel.stage")]
    assert steps == sorted(steps, reverse=True) and len(steps) == 3
    cohorts = month.facts("retention.cohort")
    assert len(cohorts) > 10 and all(0 < f["value"] < 1 for f in cohorts)


def test_a_period_that_is_not_over_is_not_judged(played: Callable[..., Played]) -> None:
    run = played("monthly_retrospective", cycle="2026-Q4")
    assert "provisional" in run.statuses
    assert run.verdict()["word"] == "PROVISIONAL"
    assert not run.facts("kpi.status") and not run.facts("kpi.change")
    assert not run.facts("change.mix")


def test_a_quiet_month_has_no_outage(played: Callable[..., Played]) -> None:
    run = played("monthly_retrospective", cycle="2026-09")
    assert "tracking_gap" not in {c["id"] for c in run.records("checks")}
    assert run.verdict()["word"] in {"ON TRACK", "MIXED", "OFF TRACK"}


def test_a_lasting_change_of_level_is_tied_to_what_began_then(month: Played) -> None:
    shifts = {f["metric"]: f for f in month.facts("anomaly.shift")}
    assert shifts["orders"]["value"] > 0.1
    assert shifts["orders"]["period"] in {f"2026-10-{day}" for day in range(18, 24)}
    shown = month.cells["anomaly_days"].plain(month.language("en"))
    assert "another level since" in shown and "Double 11 pre-sale season" in shown


def test_a_quarter_speaks_of_quarters(played: Callable[..., Played]) -> None:
    run = played("monthly_retrospective", cycle="2026-Q3")
    assert run.ops.period.key == "2026-Q3" and not run.statuses
    assert {f["period"] for f in run.facts("outlook.expected")} <= {"2026-Q4"}
    english, chinese = run.text("en"), run.text("zh")
    assert "on last quarter" in english and "On last quarter" in english
    assert "last month" not in english.lower().replace("last months", "")
    assert "上月" not in chinese and "本月" not in chinese
    for code, title in (("en", "# Quarterly retrospective"), ("zh", "# 季度复盘")):
        said = run.language(code).texts["playbook.monthly_retrospective.title"]
        assert said.startswith(title)
    change = run.fact("kpi.change/gmv_net")["value"]
    now, before = (
        run.ops.meter.value("gmv_net", period).value
        for period in (run.ops.period, run.ops.period.previous())
    )
    assert change == pytest.approx(now / before - 1)
