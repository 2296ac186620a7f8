"""Metrics of a table of the team's own in every review, against pandas by hand."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

import opsnb
from opsnb.analysis.reviews.shared.breakdowns import measured_by
from opsnb.analysis.reviews.shared.privacy_scan import exposures
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from opsnb.cli.data_gate import check_tables
from opsnb.cli.privacy import say_exposure
from tests.analysis.own_tables import TREATED, live_shop, sessions, users
from tests.conftest import MakeWorkspace

from .conftest import Played, play

TARGETS = {"targets/2026-10.toml": "[watch_minutes]\ntarget = 80000\n"}
EVENTS = """
[[event]]
name = "platform down"
kind = "outage"
start = 2026-10-20
"""


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return users()


@pytest.fixture(scope="module")
def live(people: pd.DataFrame) -> pd.DataFrame:
    return sessions(people)


def month(live: pd.DataFrame, key: str = "2026-10") -> pd.DataFrame:
    return live[live.started_at.dt.strftime("%Y-%m") == key]


def read_by(found: Played) -> set[str]:
    """The tables that a report says it has read."""
    return {name for payload in found.payloads.values() for name in payload["tables"]}


def retrospective(made: Workspace) -> opsnb.Month:
    ops = Session(made, "monthly_retrospective", cycle="2026-10", languages=["en", "zh"])
    return opsnb.Month(ops)


# -- month and week --------------------------------------------------------------------------


def test_a_month_with_a_target_on_it(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    made = live_shop(workspace, live, plans=TARGETS)
    found: Played = play(made, "monthly_retrospective", cycle="2026-10")
    now, before = month(live).minutes.sum(), month(live, "2026-09").minutes.sum()
    assert found.fact("kpi.value/watch_minutes")["value"] == pytest.approx(now)
    assert found.fact("kpi.target/watch_minutes")["value"] == 80000
    hit = "hit" if now >= 80000 else "missed"
    assert found.fact("kpi.status/watch_minutes")["value"] == hit
    assert found.fact("kpi.change/watch_minutes")["value"] == pytest.approx(now / before - 1)
    assert "Watch minutes" in found.text("en") and "观看分钟数" in found.text("zh")
    assert "live" in found.text("en"), "the data gate shows the table"
    assert found.statuses in ([], ["ready"])
    assert {"live", "orders"} <= read_by(found)


def test_why_it_moved_by_region_and_by_host(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    page = retrospective(live_shop(workspace, live, plans=TARGETS))
    [table] = page.why("watch_minutes", "region").tables
    shown = table.frame.set_index("group")
    for column, key in (("before", "2026-09"), ("after", "2026-10")):
        by_hand = month(live, key).groupby("region").minutes.sum()
        assert shown[column].to_dict() == pytest.approx(by_hand.to_dict())
    by_host = page.why("watch_minutes", "host")
    english, chinese = page.ops.languages
    assert "Host" in by_host.plain(english) and "主播" in by_host.plain(chinese)


def test_days_that_are_missing_are_named(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    """Those of the table, by its label, on the first screen and beside its metric."""
    lost = live.started_at.dt.date == dt.date(2026, 10, 7)
    made = live_shop(workspace, live[~lost], plans=TARGETS)
    found: Played = play(made, "monthly_retrospective", cycle="2026-10")
    reasons = [
        {code: p["languages"][code]["status_reason"] for code in ("en", "zh")}
        for p in found.payloads.values()
        if p["status"]
    ]
    assert any("live sessions" in one["en"] and "7 Oct" in one["en"] for one in reasons)
    assert any("直播场次" in one["zh"] for one in reasons)
    change = found.fact("kpi.change/watch_minutes")["value"]
    before = month(live, "2026-09").minutes.sum() / 30
    assert change == pytest.approx(month(live[~lost]).minutes.sum() / 30 / before - 1)


def test_a_blocked_table_keeps_back_its_metrics_alone(
    workspace: MakeWorkspace, live: pd.DataFrame
) -> None:
    twice = live.copy()
    twice.loc[twice.index[:50], "session_id"] = "s000051"
    made = live_shop(workspace, twice, plans=TARGETS)
    found: Played = play(made, "monthly_retrospective", cycle="2026-10")
    assert not [fact for fact in found.facts("kpi.value") if fact["metric"] == "watch_minutes"]
    assert [fact for fact in found.facts("kpi.value") if fact["metric"] == "orders"]
    assert found.check("data.live.repeated_key.session_id")["status"] == "block"


def test_an_outage_is_set_beside_it(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    down = live.started_at.dt.date == dt.date(2026, 10, 20)
    kept = live[~down | (live.index % 4 == 0)]
    plans = {**TARGETS, "events.toml": EVENTS}
    found: Played = play(
        live_shop(workspace, kept, plans=plans), "monthly_retrospective", cycle="2026-10"
    )
    [fact] = [f for f in found.facts("kpi.without") if f["metric"] == "watch_minutes"]
    others = month(live[~down])
    assert fact["value"] == pytest.approx(others.minutes.sum() / 30)


def test_a_week(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    made = live_shop(workspace, live)
    ops = Session(made, "weekly_review", cycle="2026-W44", kind="week", languages=["en", "zh"])
    week = opsnb.Week(ops)
    shown = week.course("watch_minutes")
    own = live[(live.started_at >= "2026-10-26") & (live.started_at < "2026-11-02")]
    [chart] = shown.charts
    assert chart.frame["value"].iloc[5] == pytest.approx(own.minutes.sum())
    assert week.unusual(["watch_minutes", "sessions"]).plain(ops.language)


# -- people ----------------------------------------------------------------------------------


def test_groups_of_few_people_are_withheld(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    """By their users, not by their rows: 300 sessions of three people are three people."""
    few = live.copy()
    chosen = few.index[few.user_id.isin(["u0001", "u0002", "u0003"])]
    few.loc[chosen, "host"] = "wen"
    made = live_shop(workspace, few, min_cell=10)
    ops = Session(made, "monthly_retrospective", cycle="2026-10")
    shown = measured_by(ops, "watch_minutes", [ops.period], "host")
    assert {one.group: one.withheld for one in shown}["wen"]
    found = {(one.kind, one.column, one.counts.get("small")) for one in exposures(made, ["live"])}
    assert ("cells", "host", 1) in found


def test_a_playbook_may_show_any_own_table(
    workspace: MakeWorkspace, live: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target or a plan may name a metric of it: its people are looked at beforehand."""
    say_exposure(live_shop(workspace, live), ["weekly_review"], [], json=True)
    assert json.loads(capsys.readouterr().out)["tables"] == ["users", "orders", "live"]


# -- experiments -----------------------------------------------------------------------------

PLAN = """
name = "Longer sessions"
hypothesis = "A new player keeps people longer"
owner = "Wang Lei"
start = 2026-10-05
end = 2026-10-25
unit = "user"
control = "control"
split = {control = 0.5, treatment = 0.5}
covariate_days = 28
segments = ["channel"]
[primary]
metric = "watch_minutes"
mde = 0.05
[[guardrails]]
metric = "sessions"
margin = 0.1
[[secondary]]
metric = "minutes_each"
"""


def test_a_readout_with_it_as_primary(
    workspace: MakeWorkspace, people: pd.DataFrame, live: pd.DataFrame
) -> None:
    """Each arm's mean a user is the sum of minutes after exposure over its users."""
    rng = np.random.default_rng(11)
    arms = pd.DataFrame(
        {
            "experiment_id": "player",
            "user_id": people.user_id,
            "variant": rng.permutation(np.resize(["control", "treatment"], len(people))),
            "channel": people.channel,
            "assigned_at": pd.Timestamp("2026-10-05")
            + pd.to_timedelta(rng.integers(0, 3 * 1440, len(people)), unit="m"),
        }
    )
    longer = live.merge(arms, on="user_id", how="left", suffixes=("", "_arm"))
    moved = (longer.variant == "treatment") & (longer.started_at >= longer.assigned_at)
    longer["minutes"] = longer.minutes.where(~moved, longer.minutes * 1.4)
    made = live_shop(
        workspace,
        longer[live.columns],
        tables={"assignments": arms},
        plans={"experiments/player.toml": PLAN},
    )
    found: Played = play(made, "ab_readout", experiment="player", cycle="2026-10")
    after = longer[(longer.started_at >= longer.assigned_at) & (longer.started_at < "2026-10-26")]
    means = after.groupby("variant").minutes.sum() / arms.groupby("variant").user_id.count()
    shown = {
        f["variant"]: f["value"] for f in found.facts("ab.value") if f["metric"] == "watch_minutes"
    }
    assert shown == pytest.approx(means.to_dict())
    lift = found.fact("ab.lift/watch_minutes/treatment")
    assert lift["low"] < 0.4 < lift["high"] and lift["low"] > 0
    assert "invalid" not in found.statuses
    assert {"live", "assignments"} <= read_by(found)


def test_a_segment_of_it_is_refused(
    workspace: MakeWorkspace, people: pd.DataFrame, live: pd.DataFrame
) -> None:
    """What was recorded after exposure may be an effect of it."""
    arms = pd.DataFrame(
        {
            "experiment_id": "player", "user_id": people.user_id,
            "variant": np.resize(["control", "treatment"], len(people)),
            "assigned_at": pd.Timestamp("2026-10-05"),
        }
    )  # fmt: skip
    plan = PLAN.replace('segments = ["channel"]', 'segments = ["host"]')
    made = live_shop(
        workspace, live, tables={"assignments": arms}, plans={"experiments/player.toml": plan}
    )
    ops = Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])
    text = opsnb.Experiment(ops, "player").segments().plain(ops.language)
    assert "Host" in text and "live" in text


# -- campaigns -------------------------------------------------------------------------------

CAMPAIGN = """
name = "Double time"
start = 2026-10-01
end = 2026-10-10
post_days = 10
metric = "watch_minutes"
"""


def test_a_campaign_by_regions(
    workspace: MakeWorkspace, people: pd.DataFrame, live: pd.DataFrame
) -> None:
    """The region of the table itself; the effect that was planted lies within the interval."""
    within = live.started_at.dt.date.between(dt.date(2026, 10, 1), dt.date(2026, 10, 10))
    hit = within & (live.region == TREATED)
    more = live.assign(minutes=live.minutes.where(~hit, live.minutes * 1.8))
    planted = more.minutes.sum() - live.minutes.sum()
    plan = CAMPAIGN + f'treated_units = ["{TREATED}"]\nunit_column = "region"\n'
    made = live_shop(workspace, more, plans={"campaigns/double.toml": plan})
    found: Played = play(made, "campaign_review", campaign="double", cycle="2026-10")
    assert found.fact("campaign.window/watch_minutes")["value"] == pytest.approx(
        more[within].minutes.sum()
    )
    fact = found.fact("campaign.effect/watch_minutes///campaign")
    assert fact["method"] == "geo" and fact["low"] < planted < fact["high"]


def test_a_campaign_by_a_holdout(
    workspace: MakeWorkspace, people: pd.DataFrame, live: pd.DataFrame
) -> None:
    """User by user: the difference a user, times those who were exposed."""
    arms = pd.DataFrame(
        {
            "experiment_id": "h",
            "user_id": people.user_id,
            "variant": np.random.default_rng(8).permutation(
                np.resize(["held", "exposed"], len(people))
            ),
            "assigned_at": pd.Timestamp("2026-10-01"),
        }
    )
    within = live.started_at.dt.date.between(dt.date(2026, 10, 1), dt.date(2026, 10, 10))
    hit = within & live.user_id.isin(arms.user_id[arms.variant == "exposed"])
    more = live.assign(minutes=live.minutes.where(~hit, live.minutes * 1.5))
    plan = CAMPAIGN.replace("post_days = 10", "post_days = 0") + (
        'holdout = {experiment = "h", control = "held", treated = "exposed", share = 0.5}\n'
    )
    made = live_shop(
        workspace, more, tables={"assignments": arms}, plans={"campaigns/double.toml": plan}
    )
    found: Played = play(made, "campaign_review", campaign="double", cycle="2026-10")
    sums = more[within].merge(arms, on="user_id").groupby("variant").minutes.sum()
    n = arms.groupby("variant").user_id.count()
    expected = n["exposed"] * (sums["exposed"] / n["exposed"] - sums["held"] / n["held"])
    fact = found.fact("campaign.effect/watch_minutes///campaign")
    assert fact["method"] == "holdout" and fact["value"] == pytest.approx(expected)
    assert fact["low"] > 0


# -- on the command line ---------------------------------------------------------------------


def test_check_looks_at_it_too(workspace: MakeWorkspace, live: pd.DataFrame) -> None:
    gate = check_tables(live_shop(workspace, live), [], lambda _: None)
    assert {row[0]: row[-1] for row in gate.rows}["live"] == "clean" and not gate.blocked


def test_check_says_what_is_wrong_with_its_contract(
    workspace: MakeWorkspace, live: pd.DataFrame
) -> None:
    own = 'columns = {started_at = "time", user_id = "user"}\n'
    gate = check_tables(live_shop(workspace, live, own=own, metrics=""), [], lambda _: None)
    assert gate.blocked and any('write day = "started_at"' in line for line in gate.lines)
