"""Days that nobody recorded: no section of a month or a week counts them, or compares with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.period.week import Week
from opsnb.analysis.session import Session
from opsnb.analysis.shown import Shown
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.situations.world import Frames, shop, whole_shop

MakeWorkspace = Callable[..., Workspace]

CLOCK = {"events": "event_at", "orders": "ordered_at", "tickets": "opened_at"}

NAMES = ("users", "orders", "events")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def lost(first: str, last: str, table: str = "events") -> Frames:
    """The shop without a table's rows from one day to another, both included."""
    rows = whole_shop()[table]
    inside = rows[CLOCK[table]].between(first, pd.Timestamp(last) + pd.Timedelta(days=1))
    return shop(**{table: rows[~inside]})


def active(first: str, last: str) -> set[str]:
    """Users with an event from one day to another, counted by hand."""
    events = whole_shop()["events"]
    inside = events["event_at"].between(first, pd.Timestamp(last) + pd.Timedelta(days=1))
    return set(events.loc[inside, "user_id"])


class Page:
    """A review over some tables, and what its sections say."""

    def __init__(
        self,
        make: MakeWorkspace,
        tables: Frames,
        cycle: str = "2026-10",
        names: Sequence[str] = NAMES,
        more: str = "",
    ) -> None:
        """`more` is said in opsnb.toml of the last of the names."""
        kind: Any = "week" if "W" in cycle else "month"
        made = make({name: tables[name] for name in names}, more=more)
        self.ops = Session(made, "copied", cycle=cycle, kind=kind, languages=("en", "zh"))
        self.review: Any = Week(self.ops) if kind == "week" else Month(self.ops)

    def show(self, cell: str, *args: Any) -> Shown:
        self.shown: Shown = getattr(self.review, cell)(*args)
        self.payload = self.shown.payload()
        return self.shown

    def text(self, cell: str, *args: Any) -> str:
        return self.show(cell, *args).plain(self.ops.languages[0])

    def facts(self, id: str) -> dict[str, Any]:
        """Values of the last cell's facts of an id, by segment (or metric)."""
        found = [fact for fact in self.payload["facts"] if fact["id"] == id]
        return {fact.get("segment") or fact.get("metric"): fact["value"] for fact in found}


GAP = "2026-10-29", "2026-10-30"


def test_the_last_whole_window_is_the_last_value_and_names_its_day(
    workspace: MakeWorkspace,
) -> None:
    page = Page(workspace, lost(*GAP))
    said = page.text("growth")
    assert page.facts("active.rolling") == {
        "1": len(active("2026-10-31", "2026-10-31")),
        "7": len(active("2026-10-22", "2026-10-28")),
        "30": len(active("2026-09-29", "2026-10-28")),
    }
    assert "7 days to 28 Oct" in said and "1 day to 31 Oct" in said
    frame = page.shown.charts[0].frame.set_index("date")
    dark = [str(d)[:10] for d in frame.index[frame["value_2"].isna()]]
    assert dark == ["2026-10-29", "2026-10-30", "2026-10-31"]  # a week that holds a dark day
    assert [str(d)[:10] for d in frame.index[frame["value"].isna()]] == list(GAP)


def test_whole_windows_are_said_in_one_sentence(workspace: MakeWorkspace) -> None:
    page = Page(workspace, shop())
    said = page.text("growth")
    assert "On 31 Oct" in said and "left out: nobody knows" not in said


@pytest.mark.parametrize(("code", "word"), [("en", "not recorded"), ("zh", "未记录")])
def test_a_chart_leaves_a_hole_and_marks_it(workspace: MakeWorkspace, code: str, word: str) -> None:
    page = Page(workspace, lost(*GAP))
    chart = page.show("active").charts[0]
    frame = chart.frame.set_index("date")["value"]
    assert [str(d)[:10] for d in frame.index[frame.isna()]] == list(GAP)
    assert frame.min() > 0  # no day is drawn as a day without users
    language = next(one for one in page.ops.languages if one.code == code)
    assert word in page.shown.html(language)
    assert "29" in page.shown.plain(language)


def test_every_event_of_its_time_stands_on_a_chart(workspace: MakeWorkspace) -> None:
    plans = {
        "events.toml": "".join(
            f'[[event]]\nstart = {start}\nkind = "{kind}"\nname = "{kind} here"\n'
            for start, kind in (
                ("2026-10-03", "outage"), ("2026-10-06", "release"), ("2026-10-09", "campaign"),
                ("2026-10-12", "other"), ("2026-12-01", "holiday"),
            )
        )
    }  # fmt: skip
    tables = {name: whole_shop()[name] for name in NAMES}
    ops = Session(workspace(tables, plans=plans), "copied", cycle="2026-10", kind="month")
    month = Month(ops)
    daily = [month.active(), month.growth(), month.anomalies(), month.trend()]
    for shown in daily:
        for chart in shown.charts:
            labels = str(chart.data)
            assert all(f"{kind} here" in labels for kind in ("outage", "release", "campaign"))
            assert "holiday here" not in labels


def test_growth_leaves_out_months_without_their_days(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost("2026-06-05", "2026-06-20"))
    said = page.text("growth")
    table = page.shown.tables
    months = [str(one) for part in table for one in part.frame["period"]]
    assert not any("June" in month or "July" in month for month in months)
    assert any("October" in month for month in months) and "May" in said
    now, before = active("2026-10-01", "2026-10-31"), active("2026-09-01", "2026-09-30")
    values = {f["id"]: f["value"] for f in page.payload["facts"]}
    assert values["active.retained"] == len(now & before)
    assert values["active.lost"] == len(before - now)


@pytest.mark.parametrize("cell", ["growth", "levels"])
def test_no_month_is_held_against_half_a_month(workspace: MakeWorkspace, cell: str) -> None:
    page = Page(workspace, lost("2026-09-10", "2026-09-24"))
    said = page.text(cell)
    assert "15 of 30 days" in said and "10 Sep to 24 Sep" in said
    ids = {fact["id"] for fact in page.payload["facts"]}
    assert not ids & {"active.lost", "active.resurrected", "levels.move"}


def test_a_funnel_is_not_held_against_half_a_month(workspace: MakeWorkspace) -> None:
    half = Page(workspace, lost("2026-09-10", "2026-09-24"))
    said = half.text("funnel")
    assert "15 of 30 days" in said
    assert "earlier_rate" not in half.shown.charts[0].frame
    stages = half.facts("funnel.stage")
    whole = Page(workspace, shop())
    whole.show("funnel")
    assert whole.facts("funnel.stage") == stages
    assert whole.shown.charts[0].frame["earlier_rate"].notna().any()


def test_cohorts_have_no_cell_where_activity_was_not_recorded(workspace: MakeWorkspace) -> None:
    whole = Page(workspace, shop())
    whole.show("cohorts")
    true = whole.facts("retention.cohort")
    half = Page(workspace, lost("2026-09-05", "2026-09-20"))
    said = half.text("cohorts")
    known = half.facts("retention.cohort")
    dark = {"2026-08+1", "2026-07+2", "2026-06+3"}
    assert dark <= true.keys() and not dark & known.keys()
    assert known == {key: value for key, value in true.items() if key in known}
    assert "Activity in September 2026 is on record in too small a part" in said


def test_the_ninth_month_compares_equal_windows(workspace: MakeWorkspace) -> None:
    """Orders are on record from January on: neither side of RFM looks at a year."""
    orders = whole_shop()["orders"]
    orders = orders[orders["ordered_at"] >= "2026-01-01"]
    page = Page(workspace, shop(orders=orders), "2026-09")
    said = page.text("segments")
    assert "last 243 days" in said and "365 days" not in said
    sizes = {f["segment"]: f["n"] for f in page.payload["facts"] if f["id"] == "rfm.segment"}
    window = orders["ordered_at"].between("2026-01-31", "2026-10-01")
    assert sum(sizes.values()) == orders.loc[window, "user_id"].nunique()


def test_tickets_are_not_held_against_half_a_month(workspace: MakeWorkspace) -> None:
    half = Page(workspace, lost("2026-09-10", "2026-09-24", "tickets"), names=[*NAMES, "tickets"])
    said = half.text("service")
    assert "15 of 30 days" in said
    assert half.shown.tables[0].frame["before"].isna().all()
    assert not half.facts("tickets.on_time_change")


def test_channels_carry_no_change_against_half_a_month(workspace: MakeWorkspace) -> None:
    half = Page(workspace, lost("2026-09-10", "2026-09-24"))
    half.show("stages")
    assert "activation" not in {
        fact["metric"] for fact in half.payload["facts"] if fact["id"] == "funnel.stage_change"
    }


def test_days_that_are_not_on_record_are_not_scored(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost(*GAP))
    said = page.text("anomalies")
    flagged = {f["period"] for f in page.payload["facts"] if f["id"] == "anomaly.day"}
    assert not flagged & set(GAP)
    assert said.count("not recorded: user events fell to 0% of usual while orders held") >= 2
    spoken = page.payload["languages"]["en"]
    check = next(one for one in spoken["checks"] if one["id"] == "tracking_gap")
    assert check["status"] == "warn" and "29 Oct to 30 Oct 2026" in check["message"]
    finding = next(one for one in spoken["findings"] if "Not on record" in one["claim"])
    assert all("record.missing" in key for key in finding["evidence"])
    assert not any("no known cause" in one["claim"] for one in spoken["findings"])
    assert page.facts("record.missing") == {"events": 2}


def test_a_whole_month_has_no_gap(workspace: MakeWorkspace) -> None:
    page = Page(workspace, shop())
    assert "not recorded:" not in page.text("anomalies")
    assert "tracking_gap" not in {c["id"] for c in page.payload["languages"]["en"]["checks"]}


def test_drivers_add_up_over_the_days_that_all_have(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost(*GAP))
    said = page.text("drivers")
    orders = whole_shop()["orders"].query("status == 'paid'")
    dates = orders["ordered_at"].dt.strftime("%Y-%m-%d")
    dark = {*GAP, "2026-09-29", "2026-09-30"}
    total = {
        month: orders.loc[dates.str.startswith(month) & ~dates.isin(dark), "amount"].sum()
        for month in ("2026-09", "2026-10")
    }
    change = total["2026-10"] - total["2026-09"]
    assert page.facts("change.drivers") == {"gmv_net": pytest.approx(change)}
    assert sum(page.facts("change.driver").values()) == pytest.approx(change)
    assert not page.facts("change.unexplained")
    assert "29 Sep to 30 Sep 2026" in said


def test_why_says_nothing_of_a_month_against_half_of_one(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost("2026-09-10", "2026-09-24"))
    assert "too few days of Visit-to-order rate" in page.text("why", "conversion_rate")
    assert not page.facts("change.total")
    assert "too few days of Net GMV" in page.text("drivers")


def test_groups_add_up_to_a_change_by_the_recorded_day(workspace: MakeWorkspace) -> None:
    """Two days of orders are lost: the sum is compared by the day, and so are its groups."""
    more = "gaps = [{start = 2026-10-10, end = 2026-10-11}]"
    page = Page(workspace, shop(), names=("users", "events", "orders"), more=more)
    said = page.text("why", "orders", "channel")
    days = {"2026-09": 30, "2026-10": 29}
    orders = lost("2026-10-10", "2026-10-11", "orders")["orders"]
    month = orders["ordered_at"].dt.strftime("%Y-%m")
    each = {key: (month == key).sum() / n for key, n in days.items()}
    change = each["2026-10"] - each["2026-09"]
    assert page.facts("change.total")["channel"] == pytest.approx(change, abs=1e-9)
    assert sum(page.facts("change.group").values()) == pytest.approx(
        page.facts("change.total")["channel"], abs=1e-9
    )
    assert "those of a recorded day" in said


def test_a_week_without_days_has_no_expectation(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost("2026-10-20", "2026-10-21"), "2026-W43")
    said = page.text("exceptions")
    assert "days are missing" in said and "5 of 7 days on record" in said
    assert "active_users" not in page.facts("week.expected")
    why = page.text("why", "conversion_rate", "channel")
    events = whole_shop()["events"]
    at = events["event_at"].dt.strftime("%Y-%m-%d")
    rates = []
    for first, dark in (("2026-10-12", ("2026-10-13", "2026-10-14")),
                        ("2026-10-19", ("2026-10-20", "2026-10-21"))):  # fmt: skip
        week = [str(one)[:10] for one in pd.date_range(first, periods=7)]
        kind = events.loc[at.isin(week) & ~at.isin(dark), "event"]
        rates.append((kind == "order").sum() / (kind == "visit").sum())
    assert page.facts("change.total")["channel"] == pytest.approx(rates[1] - rates[0]), why


def test_a_month_without_its_days_foresees_nothing(workspace: MakeWorkspace) -> None:
    page = Page(workspace, lost("2026-10-05", "2026-10-12"))
    said = page.text("outlook", ["active_users", "orders"])
    assert "Too few days of this month are on record to foresee the next one: Active users" in said
    predicted = {one["metric"] for one in page.payload["languages"]["en"]["predictions"]}
    assert predicted == {"orders"}


def test_the_first_week_of_a_record_has_a_chart_of_weeks_alone(workspace: MakeWorkspace) -> None:
    orders = whole_shop()["orders"]
    orders = orders[orders["ordered_at"].between("2026-10-19", "2026-10-26")]
    more = "recorded_from = 2026-10-19"
    page = Page(workspace, shop(orders=orders), "2026-W43", names=("orders",), more=more)
    said = page.text("course")
    assert len(page.shown.charts[0].frame) == 6
    assert page.shown.charts[0].frame["value"].notna().sum() == 1, said


def test_ages_without_orders_on_record_have_no_profit(workspace: MakeWorkspace) -> None:
    spend = pd.DataFrame(
        {
            "campaign_id": "c",
            "date": pd.date_range("2025-09-01", "2026-11-15").date,
            "channel": "wechat",
            "kind": "media",
            "amount": 10.0,
        }
    )
    names = [*NAMES, "spend"]
    whole = Page(workspace, {**shop(), "spend": spend}, names=names)
    whole.show("acquisition")
    half = Page(
        workspace, {**lost("2026-06-01", "2026-06-20", "orders"), "spend": spend}, names=names
    )
    half.show("acquisition")

    def profits(page: Page) -> dict[tuple[str, str], float]:
        facts = [fact for fact in page.payload["facts"] if fact["id"] == "acquisition.profit"]
        return {(fact["period"], fact["segment"]): fact["value"] for fact in facts}

    assert ("2026-05", "30") in profits(whole) and ("2026-05", "30") not in profits(half)
    assert profits(half)["2026-08", "30"] == pytest.approx(profits(whole)["2026-08", "30"])
