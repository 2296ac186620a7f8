"""An outage or a holiday stands beside the numbers that it moved, with what it moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import pytest

from opsnb.analysis.reviews.period.event_effects import event_effects, outages_before
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.period.week import Week
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.situations.world import shop, whole_shop

MakeWorkspace = Callable[..., Workspace]

DARK = ("2026-10-14", "2026-10-15")


def event(start: str, end: str, kind: str) -> str:
    return f'[[event]]\nstart = {start}\nend = {end}\nkind = "{kind}"\nname = "{kind} here"\n'


def month(make: MakeWorkspace, *events: str, cycle: str = "2026-10") -> Session:
    """Two days on which one order in ten went through, and what the calendar says."""
    orders = whole_shop()["orders"]
    dark = orders["ordered_at"].dt.strftime("%Y-%m-%d").isin(DARK)
    orders = orders[~dark | (orders.index % 10 == 0)]
    steps = whole_shop()["events"]
    failed = steps["event_at"].dt.strftime("%Y-%m-%d").isin(DARK) & (steps["event"] == "order")
    tables = shop(orders=orders, events=steps[~failed])
    kept = {name: tables[name] for name in ("users", "orders", "events")}
    made = make(kept, plans={"events.toml": "".join(events)})
    kind = "week" if "W" in cycle else "month"
    return Session(made, "copied", cycle=cycle, kind=kind)  # type: ignore[arg-type]


def values(shown: object, id: str) -> Mapping[tuple[str, str | None], float]:
    facts = shown.payload()["facts"]  # type: ignore[attr-defined]
    return {(f["metric"], f.get("segment")): f["value"] for f in facts if f["id"] == id}


SPAN = "..".join(DARK)


def test_each_kpi_stands_beside_its_value_without_the_outage(workspace: MakeWorkspace) -> None:
    ops = month(workspace, event(*DARK, "outage"))
    shown = Month(ops).scorecard()
    without = values(shown, "kpi.without")
    orders = ops.rows.table("orders").expr.execute().query("status == 'paid'")
    at = orders["ordered_at"].dt.strftime("%Y-%m-%d")
    october = orders[at.str.startswith("2026-10") & ~at.isin(DARK)]
    assert without["gmv_net", SPAN] == pytest.approx(october["amount"].sum() / 29)
    whole = orders[at.str.startswith("2026-10")]
    assert values(shown, "kpi.each_day")["gmv_net", None] == pytest.approx(
        whole["amount"].sum() / 31
    )
    steps = ops.rows.table("events").expr.execute()
    at = steps["event_at"].dt.strftime("%Y-%m-%d")
    kind = steps.loc[at.str.startswith("2026-10") & ~at.isin(DARK), "event"]
    rate = (kind == "order").sum() / (kind == "visit").sum()
    assert without["conversion_rate", SPAN] == pytest.approx(rate)
    said = shown.plain(ops.languages[0])
    assert "without 14 Oct to 15 Oct 2026 (outage here)" in said
    # Who is counted once over the month is no matter of single days.
    assert not {"active_users", "wau", "stickiness", "repurchase_rate", "arpu"} & {
        metric for metric, _ in without
    }


def test_outages_come_first(workspace: MakeWorkspace) -> None:
    ops = month(workspace, event("2026-10-01", "2026-10-08", "holiday"), event(*DARK, "outage"))
    kinds = [one.event.kind for one in event_effects(Month(ops).evidence)]
    assert kinds[0] == "outage" and kinds == sorted(kinds, key=["outage", "holiday"].index)


@pytest.mark.parametrize(
    "one",
    [
        event("2026-09-20", "2026-11-10", "outage"),  # the whole of the month
        event("2026-10-14", "2026-10-15", "release"),  # it lasts
        event("2026-08-14", "2026-08-15", "outage"),  # in another month
        "",
    ],
)
def test_what_takes_no_days_of_the_month_moves_nothing(workspace: MakeWorkspace, one: str) -> None:
    ops = month(workspace, one)
    assert event_effects(Month(ops).evidence) == []
    assert "with and without" not in Month(ops).scorecard().plain(ops.languages[0])


def test_a_day_like_any_other_moves_no_kpi(workspace: MakeWorkspace) -> None:
    ops = month(workspace, event("2026-10-21", "2026-10-21", "holiday"))
    moved = {one.kpi.metric.id for one in event_effects(Month(ops).evidence)}
    assert not moved & {"gmv_net", "conversion_rate", "dau"}


def test_days_that_are_not_on_record_have_nothing_to_leave_out(workspace: MakeWorkspace) -> None:
    ops = month(workspace, event(*DARK, "tracking"))
    moved = {one.kpi.metric.id for one in event_effects(Month(ops).evidence)}
    assert "conversion_rate" not in moved and "gmv_net" in moved


def test_a_week_says_what_an_outage_did_to_the_week_before(workspace: MakeWorkspace) -> None:
    ops = month(workspace, event(*DARK, "outage"), cycle="2026-W43")
    page = Week(ops)
    assert {one.kpi.metric.id for one in outages_before(page.evidence)} >= {"orders", "gmv_net"}
    shown = page.exceptions()
    assert "In week 42 of 2026" in shown.plain(ops.languages[0])
    found = {one.kpi.metric.id: one for one in outages_before(page.evidence)}
    orders = ops.rows.table("orders").expr.execute()
    at = orders["ordered_at"].dt.strftime("%Y-%m-%d")
    week = [str(day)[:10] for day in pd.date_range("2026-10-12", periods=7)]
    left = at.isin(week) & ~at.isin(DARK) & (orders["status"] != "cancelled")
    assert found["orders"].without == pytest.approx(left.sum() / 5)
    assert values(shown, "kpi.without")
