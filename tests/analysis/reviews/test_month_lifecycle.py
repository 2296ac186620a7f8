"""Active users, channels and segments of the sample company's October."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

from .conftest import Played


@pytest.fixture(scope="module")
def october(played: Callable[..., Played]) -> Played:
    return played("monthly_retrospective", cycle="2026-10")


def test_growth_adds_up_to_the_active_users(october: Played) -> None:
    value = {name: october.fact(f"active.{name}////2026-10")["value"]
             for name in ("new", "retained", "resurrected", "lost")}  # fmt: skip
    assert (
        value["new"] + value["retained"] + value["resurrected"]
        == (october.fact("active.mau")["value"])
    )
    before = october.ops.meter.value("active_users", october.ops.period.previous()).value
    assert value["retained"] + value["lost"] == before
    quick = october.fact("active.quick_ratio////2026-10")["value"]
    assert quick == pytest.approx((value["new"] + value["resurrected"]) / value["lost"])


def test_rolling_users_on_the_last_day(october: Played) -> None:
    rolling = {f["segment"]: f["value"] for f in october.facts("active.rolling")}
    assert rolling["1"] < rolling["7"] < rolling["30"]
    assert rolling["7"] == 12293  # to 28 October, the last day before two that were not recorded
    daily = october.ops.meter.daily("active_users", *[october.ops.period.end] * 2)
    assert rolling["1"] == daily["value"].iloc[0]


def test_the_flood_is_seen_by_channel(october: Played) -> None:
    """Newcomers of one channel that hardly convert: the planted shift of mix."""
    facts = [f for f in october.facts("funnel.stage_rate") if "segment" in f]
    share = {(f["metric"], f["segment"]): f["value"] for f in facts}
    assert share["new_users", "douyin"] > 0.5 * october.fact("kpi.value/new_users")["value"]
    for channel in ("app_store", "wechat", "organic", "search", "referral"):
        assert share["activation", "douyin"] < 0.6 * share["activation", channel]
    assert share["referral_share", "referral"] == 1.0
    rows = sum(v for (metric, _), v in share.items() if metric == "new_users")
    assert rows == october.fact("kpi.value/new_users")["value"]


def test_segments_and_moves(october: Played) -> None:
    segments = {f["segment"]: f for f in october.facts("rfm.segment")}
    assert sum(f["value"] for f in segments.values()) == pytest.approx(1)
    moves: dict[str, list[float]] = {start: [] for start in segments}
    for fact in october.facts("rfm.migration"):
        moves[fact["segment"].split(">")[0]].append(fact["value"])
    for start, shares in moves.items():  # six ends; of a row's small moves never one alone is out
        whole = len(shares) == 6
        assert sum(shares) == pytest.approx(1) if whole else len(shares) <= 4, start
    assert any(len(shares) == 6 for shares in moves.values())
    assert october.fact("rfm.win_back")["value"] > 0
    assert "31 Dec 2025" in october.cells["rfm_segments"].plain(october.language("en"))


def test_a_young_workspace_leaves_sections_out_and_says_so(
    workspace: Callable[..., Workspace],
) -> None:
    from opsnb.analysis.reviews.period.month import Month

    days = pd.date_range("2026-10-01", "2026-10-31")
    orders = pd.DataFrame(
        {
            "order_id": [str(i) for i in range(len(days))],
            "user_id": [f"u{i % 5}" for i in range(len(days))],
            "ordered_at": days,
            "amount": 20.0,
        }
    )
    ops = Session(workspace({"orders": orders}), "monthly_retrospective", cycle="2026-10")
    month = Month(ops)
    for shown, words in (
        (month.growth(), "too little history"),
        (month.segments(), "less than half a year"),
        (month.stages(), "nothing can be counted by"),
        (month.outlook(), "at least eight complete months"),
        (month.why(), "No rate moved"),
        (month.drivers(), "maps no events"),
        (month.scores(), "maps no surveys"),
        (month.service(), "maps no tickets"),
    ):
        assert words in shown.plain(ops.language)
