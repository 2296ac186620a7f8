"""Gaps, unfinished windows, credits, double counting, phases and the year before."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from opsnb.analysis.reviews.campaign.recording_gaps import missing
from tests.analysis.reviews.campaigns import open_campaign, said

PLAN = """\
name = "Test campaign"
start = 2026-10-01
end = 2026-10-10
post_days = 10
metric = "gmv_net"
"""


def review(workspace, tables, plan=PLAN, plans=None, **kwargs):
    made = workspace(tables, plans={"campaigns/test.toml": plan, **(plans or {})}, **kwargs)
    return open_campaign(made)


def status(campaign, check):
    return campaign.ops.checks[check].status


def shop(
    first: str = "2026-07-01",
    last: str = "2026-11-01",
    empty: tuple[str, ...] = (),
    a_day: int = 30,
) -> pd.DataFrame:
    """The same orders every day, none on some."""
    days = [day for day in pd.date_range(first, last) if str(day.date()) not in empty]
    stamps = [day + pd.Timedelta(hours=1 + n % 20) for day in days for n in range(a_day)]
    frame = pd.DataFrame({"ordered_at": stamps, "amount": 10.0})
    return frame.assign(
        order_id=[f"o{n}" for n in range(len(frame))],
        user_id=[f"u{n % 200}" for n in range(len(frame))],
    )


# -- gaps -----------------------------------------------------------------------------------


def test_days_with_their_usual_records_pass(workspace):
    campaign = review(workspace, {"orders": shop()})
    said(campaign, "fairness")
    assert status(campaign, "gaps") == "pass"


def test_a_gap_that_nobody_listed_is_found_and_one_listed_is_called_what_it_is(workspace):
    orders = shop(empty=("2026-10-05", "2026-10-06"))
    campaign = review(workspace, {"orders": orders})
    text = said(campaign, "fairness")
    assert "orders on 5 Oct to 6 Oct 2026 (0.0% of usual)" in text
    assert "They are left out" in text
    assert status(campaign, "gaps.unlisted") == "warn"
    listed = '[[event]]\nstart = 2026-10-05\nend = 2026-10-06\nkind = "outage"\nname = "Down"\n'
    campaign = review(workspace, {"orders": orders}, plans={"events.toml": listed})
    text = said(campaign, "fairness")
    assert (
        "as plans/events.toml or opsnb.toml tells: orders on 5 Oct to 6 Oct 2026 (an outage)"
        in text
    )
    assert status(campaign, "gaps.listed") == "warn"
    assert "gaps.unlisted" not in campaign.ops.checks


def test_small_tables_have_no_gaps(workspace):
    campaign = review(workspace, {"orders": shop(empty=("2026-10-05",), a_day=5)})
    assert missing(campaign.ops, "orders", dt.date(2026, 10, 1), dt.date(2026, 10, 10)) == []


def test_data_that_ends_before_the_campaign_makes_it_provisional(workspace):
    campaign = review(workspace, {"orders": shop(last="2026-10-06")}, as_of="2026-10-07")
    shown = campaign.fairness()
    assert status(campaign, "window_recorded") == "warn"
    assert shown.payload()["status"] == {"status": "provisional"}


# -- credits and double counting ------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected", "words"),
    [
        ("", "warn", "Nothing says by which rule"),
        ('attribution = {model = "last click", window_days = 7}\n', "pass", "within 7 days"),
        ('attribution = {model = "coupon code", window_days = 0}\n', "pass", "coupon code."),
    ],
)
def test_credits_need_the_rule_that_gave_them(workspace, rule, expected, words):
    orders = shop().assign(campaign_id=None)
    orders.loc[orders["ordered_at"].between("2026-10-01", "2026-10-03"), "campaign_id"] = "test"
    campaign = review(workspace, {"orders": orders}, PLAN + rule)
    assert words in said(campaign, "fairness")
    assert status(campaign, "attribution_rule") == expected


@pytest.mark.parametrize(
    ("plan", "expected", "words"),
    [
        ("ltv = {value = 30, horizon_days = 365}\n", "pass", "left out"),
        ("ltv = {value = 30, horizon_days = 10}\n", "warn", "nothing is left to value"),
    ],
)
def test_a_lifetime_value_starts_after_the_window(workspace, plan, expected, words):
    campaign = review(workspace, {"orders": shop()}, PLAN + plan)
    assert words in said(campaign, "fairness")
    assert status(campaign, "double_counting") == expected


def test_totals_with_revenue_and_lifetime_value_count_first_orders_twice(workspace):
    plan = (
        'name = "Totals"\nmetric = "gmv_net"\ngross_margin = 0.2\n'
        "ltv = {value = 200, horizon_days = 365}\ntotals = {gmv = 1000, new_users = 5}\n"
    )
    campaign = review(workspace, {}, plan)
    assert "first orders are in both" in said(campaign, "fairness")
    assert status(campaign, "double_counting") == "warn"
    revenue_only = plan.replace(", new_users = 5", "")
    campaign = review(workspace, {}, revenue_only)
    said(campaign, "fairness")
    assert status(campaign, "double_counting") == "pass"


# -- phases ---------------------------------------------------------------------------------

PHASES = """
[[phases]]
name = "warm-up"
start = 2026-09-28
end = 2026-09-30
[[phases]]
name = "burst"
start = 2026-10-01
end = 2026-10-10
"""


def test_phases_show_what_each_cost_and_what_was_booked_outside(workspace):
    spend = pd.DataFrame(
        {
            "campaign_id": "test",
            "date": pd.to_datetime(["2026-09-01", "2026-09-29", "2026-10-02", "2026-10-03"]).date,
            "channel": "ads",
            "kind": "media",
            "amount": [5.0, 70.0, 1000.0, 200.0],
        }
    )
    campaign = review(workspace, {"orders": shop(), "spend": spend}, PLAN + PHASES)
    text = said(campaign, "costs")
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "¥70" in lines["warm-up"] and "¥1,200" in lines["burst"]
    assert "¥300" in lines["burst"]  # 30 orders of 10 a day
    assert "¥5.00 are booked on days outside every phase" in text


# -- the year before ------------------------------------------------------------------------


def test_the_year_before_is_laid_on_this_years_weekdays(workspace):
    """Weekends sell double; both windows hold one weekend, so nothing but growth is left."""
    orders = shop("2025-07-01", "2026-11-01")
    weekend = orders["ordered_at"].dt.day_of_week >= 5
    growth = 1.0 + 0.5 * (orders["ordered_at"] >= "2026-01-01")
    orders["amount"] = 10.0 * (1 + weekend) * growth
    campaign = review(workspace, {"orders": orders})
    assert "A year before" in said(campaign, "result")
    assert campaign.ops.facts["campaign.year_change/gmv_net"].value == pytest.approx(0.5)


def test_without_a_year_of_data_nothing_is_said_of_it(workspace):
    campaign = review(workspace, {"orders": shop()})
    assert "A year before" not in said(campaign, "result")
