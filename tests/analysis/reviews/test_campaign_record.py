"""A campaign is judged on what is on record: days, or weeks, that lack a value are in no number."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.analysis.reviews.campaigns import (
    METRIC,
    PLAN,
    days,
    long,
    open_campaign,
    regions,
    said,
    series,
)

CONTROLS = 'controls = ["x1", "x2"]\n'
REGION = 'treated_units = ["r0"]\n'


def review(workspace, table, plan=PLAN, **kwargs):
    plans = {"campaigns/test.toml": plan} | kwargs.pop("plans", {})
    return open_campaign(workspace({"series": table}, plans=plans, more=METRIC, **kwargs))


def without(table, dates, metric="y", unit="all"):
    """The table without rows of a metric and unit on some days; None is all of them."""
    gone = table["date"].isin(pd.DatetimeIndex(dates))
    gone &= (table["metric"] == metric) | (metric is None)
    gone &= (table["unit"] == unit) | (unit is None)
    return table[~gone]


def some_days(seed: int, share: float = 0.1) -> pd.DatetimeIndex:
    index = days()[5:]
    return index[np.random.default_rng(seed).random(len(index)) < share]


@pytest.mark.parametrize("seed", [1])
def test_of_a_day_that_anything_lacks_nothing_enters_the_model(workspace, seed):
    """Without the metric, without a control, with an empty value: the same estimate."""
    table, gone = series(effect=20), some_days(seed)
    empty = table.copy()
    empty.loc[(table["metric"] == "y") & table["date"].isin(gone), "value"] = np.nan
    variants = [without(table, gone), without(table, gone, "x1"), without(table, gone, None), empty]
    found = [review(workspace, one, PLAN + CONTROLS).increment for one in variants]
    first = found[0]
    inside = (gone >= "2026-10-01") & (gone <= "2026-10-10")
    assert (first.window_days, first.judged.of) == (10 - inside.sum(), 10)
    for other in found[1:]:
        assert (other.during, other.net, other.after) == (first.during, first.net, first.after)
    assert first.during.low < 20 * first.window_days < first.during.high


@pytest.mark.parametrize("treated", [1, 3])
def test_of_a_day_that_a_region_lacks_no_region_enters(workspace, treated):
    table, gone = regions(8, treated=treated, seed=6), some_days(7, 0.05)
    plan = PLAN + f"treated_units = {[f'r{n}' for n in range(treated)]}\n".replace("'", '"')
    variants = [without(table, gone, "y", unit) for unit in ("r5", "r0", None)]
    found = [review(workspace, one, plan).increment for one in variants]
    assert found[0].method == ("geo" if treated == 1 else "did")
    for other in found[1:]:
        assert other.during.value == pytest.approx(found[0].during.value, rel=1e-9)
        assert other.net.low == pytest.approx(found[0].net.low, rel=1e-9)
    judged = 10 - ((gone >= "2026-10-01") & (gone <= "2026-10-10")).sum()
    assert {one.window_days for one in found} == {judged}


@pytest.mark.parametrize("more", [CONTROLS, REGION])
def test_a_month_that_nobody_recorded_before_the_data_changes_no_figure(workspace, more):
    table = series(effect=20, first="2026-07-20") if more == CONTROLS else regions(8)
    begin = pd.Timestamp(table["date"].min())
    units, names = table["unit"].unique(), table["metric"].unique()
    empty = pd.concat(
        long({name: np.full(31, np.nan) for name in names},
             pd.date_range(end=begin - pd.Timedelta("1D"), periods=31), unit)
        for unit in units
    )  # fmt: skip
    stray = pd.concat(
        long({name: np.array([9e6])}, pd.DatetimeIndex([begin - pd.Timedelta("60D")]), unit)
        for unit in units for name in names
    )  # fmt: skip
    facts = []
    for one in (table, pd.concat([empty, table]), pd.concat([stray, table])):
        campaign = review(workspace, one, PLAN + more)
        said(campaign, "result", "fairness", "effect")
        facts.append({key: fact.value for key, fact in campaign.ops.facts.items()})
    assert facts[0]["campaign.effect/y///campaign"] != 0
    assert facts[1] == facts[0]
    assert facts[2] == facts[0]


def test_a_stray_row_is_told(workspace):
    stray = long({"y": np.array([9.0])}, pd.DatetimeIndex(["2026-01-01"]))
    campaign = review(workspace, pd.concat([stray, series()]), PLAN + CONTROLS)
    assert "a row on 1 Jan 2026 stands alone" in said(campaign, "fairness")


def test_what_was_left_out_is_named_and_the_average_is_of_the_days_judged(workspace):
    table = without(without(series(effect=20), ["2026-10-03", "2026-10-04"]), ["2026-10-12"], "x2")
    campaign = review(workspace, without(table, ["2026-08-08"]), PLAN + CONTROLS)
    english, chinese = (said(campaign, "effect", language=n) for n in (0, 1))
    assert "8 of 10 days of the campaign, 9 of 10 days after it were judged" in english
    assert "Sales on 3 Oct 2026 to 4 Oct 2026 and in 1 day before the campaign" in english
    assert "x2 on 12 Oct 2026" in english and "each day (of the 8 days judged)" in english
    assert "net of the 9 days after; 17 of 20 days judged" in english
    assert "17 of 20 days judged" in said(campaign, "summary").split("To decide")[0]
    assert "10 天中的 8" in chinese and "x2（2026年10月12日）" in chinese
    assert campaign.case.effect.average.value == pytest.approx(campaign.increment.during.value / 8)


def test_a_campaign_of_which_too_little_is_on_record_has_no_effect(workspace):
    table = without(series(effect=20), pd.date_range("2026-10-02", "2026-10-07"))
    campaign = review(workspace, table, PLAN + CONTROLS)
    assert "Only 4 of 10 days of the campaign are on record" in said(campaign, "effect")
    assert campaign.increment.method == "none"


def test_a_listed_gap_of_tracking_in_the_campaign_is_left_out(workspace):
    table = series(effect=20)
    hit = (table["metric"] == "y") & (table["date"] == "2026-10-05")
    table.loc[hit, "value"] = 3.0
    events = '[[event]]\nstart = 2026-10-05\nkind = "tracking"\nname = "Tags lost"\n'
    campaign = review(workspace, table, PLAN + CONTROLS, plans={"events.toml": events})
    assert "Sales on 5 Oct 2026" in said(campaign, "effect")
    assert campaign.increment.during.low < 180 < campaign.increment.during.high


def test_the_chart_has_a_hole_and_begins_with_the_record(workspace):
    table = without(series(effect=20, first="2026-09-10"), ["2026-10-03"])
    campaign = review(workspace, table, PLAN + CONTROLS)
    path = campaign.increment.path
    assert path.dates[0] == dt.date(2026, 9, 10)
    hole = path.dates.index(dt.date(2026, 10, 3))
    assert (path.observed[hole], path.low[hole]) == (None, None)
    shown = campaign.result().charts[0].data
    values = {row[0]: row[1] for row in shown["rows"]}
    assert min(values) == "2026-09-10" and values["2026-10-03"] is None


# -- the plain change ----------------------------------------------------------------------


def change(workspace, table, plan=PLAN):
    campaign = review(workspace, table, plan)
    text = said(campaign, "result")
    facts = campaign.ops.facts
    return facts["campaign.change/y"].value, facts["campaign.window/y"].value, text


def flat(first: str, last: str = "2026-10-20", weekend: float = 130.0) -> pd.DataFrame:
    index = pd.date_range(first, last)
    return long({"y": np.where(index.day_of_week >= 5, weekend, 100.0)}, index)


LONG = PLAN.replace("start = 2026-10-01", "start = 2026-07-27").replace("2026-10-10", "2026-10-18")


@pytest.mark.parametrize(
    ("table", "plan"),
    [
        (flat("2026-01-01"), PLAN),
        (flat("2026-01-01"), LONG),
        (flat("2026-09-20"), PLAN),
        (without(flat("2026-01-01"), ["2026-09-19", "2026-10-03", "2026-10-05"]), PLAN),
    ],
    ids=["whole", "twelve weeks", "young", "gaps on both sides"],
)
def test_a_flat_series_did_not_change(workspace, table, plan):
    found, window, _ = change(workspace, table, plan)
    assert found == pytest.approx(0, abs=1e-12)
    inside = table["date"].between(*(line[-10:] for line in plan.split("\n")[1:3]))
    assert window == pytest.approx(table.loc[inside, "value"].sum())


def test_true_growth_is_shown_with_days_missing(workspace):
    table = flat("2026-01-01")
    table.loc[table["date"] >= "2026-10-01", "value"] *= 1.2
    found, _, text = change(workspace, without(table, ["2026-10-03"]))
    assert found == pytest.approx(0.2)
    assert "9 of 10 days are on record" in text and "+20.0%" in text


def test_a_weekday_without_its_like_is_not_compared(workspace):
    found, _, text = change(workspace, flat("2026-09-27"))
    assert found is None
    assert "nothing to compare it with" in text and "%" not in text


# -- weekly rows -----------------------------------------------------------------------------


def weekly(effect: float, last: str = "2026-11-01", others: int = 8) -> pd.DataFrame:
    """A row a week, dated on Sundays, of a region with the effect from October and of others."""
    rng, index = np.random.default_rng(4), pd.date_range("2024-10-06", last, freq="W-SUN")
    common = 30 * np.sin(np.arange(len(index)) / 8) + np.cumsum(rng.normal(0, 2, len(index)))
    inside = index >= "2026-10-04"
    return pd.concat(
        long({"y": 500 + 10 * n + common + rng.normal(0, 6, len(index))
              + effect * inside * (n == 0)}, index, f"r{n}")
        for n in range(others + 1)
    )  # fmt: skip


WEEKS = PLAN.replace("2026-10-01", "2026-09-28").replace("2026-10-10", "2026-11-01")
WEEKS = WEEKS.replace("post_days = 10", "post_days = 0")


def test_weeks_are_counted_as_weeks(workspace):
    campaign = review(workspace, weekly(40), WEEKS + REGION, as_of="2026-11-16")
    english, chinese = (said(campaign, "result", "effect", language=n) for n in (0, 1))
    found = campaign.increment
    assert (found.method, found.judged.every, found.window_days) == ("geo", "week", 5)
    assert found.during.low < 200 < found.during.high and found.during.low > 0
    assert "for each region and week of the campaign" in english
    assert "on the 5 weeks right before" in english and " day " not in english
    assert "每个地区每周" in chinese and "此前 5 周" in chinese
    assert abs(campaign.ops.facts["campaign.change/y"].value) < 0.1


def test_a_week_that_the_campaign_cuts_is_left_out(workspace):
    plan = WEEKS.replace("2026-09-28", "2026-09-30")
    campaign = review(workspace, weekly(40), plan + REGION, as_of="2026-11-16")
    text = said(campaign, "effect")
    assert "within 28 Sep 2026 to 4 Oct 2026, which is left out" in text
    assert (campaign.increment.window_days, campaign.increment.judged.is_part) == (4, False)


def test_a_campaign_within_a_week_needs_daily_rows(workspace):
    plan = PLAN.replace("2026-10-01", "2026-10-06") + REGION
    campaign = review(workspace, weekly(40), plan, as_of="2026-11-16")
    assert "one row a week, and none is of the campaign alone" in said(campaign, "effect")


def test_a_weekly_series_against_weekly_and_daily_controls(workspace):
    """What comes by the day is added up to the weeks of what does not."""
    rng, index = np.random.default_rng(8), pd.date_range("2025-03-31", "2026-11-01")
    season = 20 * np.sin(np.arange(len(index)) / 50) + rng.normal(0, 3, len(index))
    daily = pd.Series(100 + season, index)
    sums = daily.resample("W-SUN").sum()
    inside = (sums.index >= "2026-10-04") & (sums.index <= "2026-11-01")
    y = 2 * sums.to_numpy() + rng.normal(0, 15, len(sums)) + 120 * inside
    weeks = long({"y": y, "x1": sums.to_numpy()}, sums.index)
    days_ = long({"x2": daily.to_numpy()}, index)
    for table, names in ((weeks, '["x1"]'), (pd.concat([weeks, days_]), '["x2"]')):
        campaign = review(workspace, table, WEEKS + f"controls = {names}\n", as_of="2026-11-16")
        found = campaign.increment
        assert (found.method, found.judged.every, found.window_days) == ("series", "week", 5)
        assert found.during.low < 600 < found.during.high and found.during.low > 0
        assert "each week of the campaign" in said(campaign, "effect")
