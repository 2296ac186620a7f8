"""What a domain expert asks of a campaign: each check passes, and trips on data made to trip it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from opsnb.analysis.metrics.funnel import funnel_by, ordered_funnel
from opsnb.analysis.metrics.newcomers import newcomers
from opsnb.analysis.metrics.purchases import histories, purchase_days
from opsnb.analysis.metrics.referral import referral
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.reviews.campaign.marginal_return import Response, _slope, better, responses
from opsnb.analysis.reviews.campaign.special_days import festivals, public_holidays, special_days
from opsnb.base.errors import MetricError, PlanError
from tests.analysis.reviews.campaigns import METRIC, PLAN, open_campaign, said, series

GMV = PLAN.replace('"y"', '"gmv_net"')


def orders(rows: list[tuple[str, str, float]], **more: list[object]) -> pd.DataFrame:
    users, at, amount = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(rows))],
            "user_id": users,
            "ordered_at": pd.to_datetime(list(at)),
            "amount": amount,
            **more,
        }
    )


SHOP = orders([("a", "2026-09-15", 10.0), ("b", "2026-10-02", 20.0), ("c", "2026-10-20", 5.0)])


def spend(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    names = ["campaign_id", "date", "channel", "kind", "amount", "conversions"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(date=pd.to_datetime(frame["date"]).dt.date)


def review(workspace, tables, plan=GMV, more="", plans=None, **kwargs):
    made = workspace(
        tables, plans={"campaigns/test.toml": plan, **(plans or {})}, more=more, **kwargs
    )
    return open_campaign(made)


def status(campaign, check: str) -> str:
    return campaign.ops.checks[check].status


# -- the calendar -----------------------------------------------------------------------


def test_chinas_festivals_and_working_weekends():
    span = dt.date(2026, 9, 15), dt.date(2026, 11, 30)
    assert [name for name, _ in festivals("CN", *span)] == ["double11"]
    assert not list(festivals("US", *span))
    known = public_holidays("CN", *span)
    assert dt.date(2026, 10, 1) in known["holiday"]
    assert known["makeup"] == [dt.date(2026, 9, 20), dt.date(2026, 10, 10)]
    assert public_holidays(None, *span) == {"holiday": [], "makeup": []}
    days = special_days("CN", *span)
    assert days["double11"].sum() == 23 and set(days) == {"holiday", "makeup", "double11"}


def test_the_calendar_is_clear_or_says_what_else_happened(workspace):
    clear = review(workspace, {"orders": SHOP})
    said(clear, "fairness")
    assert status(clear, "calendar") == "pass"
    plans = {
        "campaigns/other.toml": GMV.replace("Test campaign", "The other one"),
        "events.toml": (
            '[[event]]\nstart = 2026-10-03\nkind = "outage"\nname = "Payment down"\n'
            '[[event]]\nstart = 2026-09-20\nkind = "release"\nname = "New app"\n'
        ),
    }
    busy = review(workspace, {"orders": SHOP}, plans=plans)
    text = said(busy, "fairness")
    assert "The other one" in text and "New app" in text and "Payment down" in text
    for check in ("calendar.window", "calendar.before", "calendar.data"):
        assert status(busy, check) == "warn"


# -- refunds, selection, attribution, double counting -------------------------------------


@pytest.mark.parametrize(("as_of", "expected"), [("2026-11-16", "pass"), ("2026-10-25", "warn")])
def test_revenue_is_provisional_while_refunds_may_come(workspace, as_of, expected):
    campaign = review(workspace, {"orders": SHOP}, as_of=as_of)
    shown = campaign.fairness()
    assert status(campaign, "refunds") == expected
    assert (shown.payload()["status"] == {"status": "provisional"}) == (expected == "warn")


def test_selected_users_get_no_before_and_after(workspace):
    plan = PLAN + 'controls = ["x1", "x2"]\naudience = "lapsed"\n'
    campaign = review(workspace, {"series": series(effect=20)}, plan, METRIC)
    text = said(campaign, "fairness", "result", "effect")
    assert status(campaign, "selection") == "warn"
    assert "Window less the same weekdays" not in text
    assert "campaign.change/y" not in campaign.ops.facts
    plain = review(workspace, {"series": series(effect=20)}, plan.replace("lapsed", "all"), METRIC)
    assert "Window less the same weekdays" in said(plain, "fairness", "result", "effect")


def test_selected_users_with_a_holdout_pass(workspace):
    assignments = pd.DataFrame(
        {"experiment_id": ["h"] * 2, "user_id": ["a", "b"], "variant": ["holdout", "exposed"]}
    )
    plan = GMV + 'audience = "loyal"\nholdout = {experiment = "h"}\n'
    campaign = review(workspace, {"orders": SHOP, "assignments": assignments}, plan)
    said(campaign, "fairness")
    assert status(campaign, "selection") == "pass"


@pytest.mark.parametrize(("claimed", "expected"), [(1, "pass"), (9, "warn")])
def test_channels_cannot_claim_more_than_was_ordered(workspace, claimed, expected):
    ledger = spend([("test", "2026-10-02", "ads", "media", 10.0, claimed)])
    campaign = review(workspace, {"orders": SHOP, "spend": ledger})
    said(campaign, "fairness")
    assert status(campaign, "attribution") == expected


def test_no_value_counts_twice(workspace):
    plan = GMV + "ltv = {value = 30, horizon_days = 365}\n"
    campaign = review(workspace, {"orders": SHOP}, plan)
    assert "left out" in said(campaign, "fairness")
    assert status(campaign, "double_counting") == "pass"


# -- costs --------------------------------------------------------------------------------


def test_costs_block_when_missing_and_warn_when_nobody_planned_them(workspace):
    row = ("test", "2026-10-02", "ads", "media", 10.0, 1)
    plan = GMV + "budget = {media = 10, labour = 5}\n"
    campaign = review(workspace, {"orders": SHOP, "spend": spend([row])}, plan)
    said(campaign, "costs")
    assert status(campaign, "cost") == "block"
    plan = GMV + "budget = {media = 10}\n"
    campaign = review(workspace, {"orders": SHOP, "spend": spend([row])}, plan)
    assert "every return is too high" in said(campaign, "costs")
    assert status(campaign, "cost") == "warn"
    rows = [(*row[:3], kind, *row[4:]) for kind in ("media", "reward", "labour")]
    plan = GMV + "budget = {media = 10, reward = 10, labour = 10}\n"
    campaign = review(workspace, {"orders": SHOP, "spend": spend(rows)}, plan)
    said(campaign, "costs")
    assert status(campaign, "cost") == "pass"


# -- channels -------------------------------------------------------------------------------


def ledger(slopes: dict[str, float], vary: bool = True) -> pd.DataFrame:
    """Twenty days; conversions follow the spend with a given elasticity."""
    rows: list[tuple[object, ...]] = []
    for day in range(20):
        for channel, slope in slopes.items():
            money = 100.0 * (1 + (day % 5) * (1.0 if vary else 0.0))
            counted = 50 * (money / 100) ** slope
            date = f"2026-09-{day + 1:02d}"
            rows.append(("test", date, channel, "media", money, round(counted)))
    return spend(rows)


def test_money_moves_only_where_margins_differ(workspace):
    campaign = review(workspace, {"spend": ledger({"ads": 0.3, "wechat": 0.95})})
    text = said(campaign, "channels")
    assert "Try moving a tenth of the budget from ads to wechat" in text
    assert any("wechat" in campaign.ops.language.say(a.title) for a in campaign.ops.actions)
    found = {row.channel: row for row in responses(campaign.ops, campaign.plan)}
    assert found["ads"].elasticity == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    ("slopes", "vary", "words"),
    [
        ({"ads": 0.9, "wechat": 0.9}, True, "overlap"),
        ({"ads": 0.3, "wechat": 0.9}, False, "hardly varied"),
        ({"ads": 0.9}, True, "fewer than two channels"),
    ],
)
def test_else_no_shift_is_proposed(workspace, slopes, vary, words):
    campaign = review(workspace, {"spend": ledger(slopes, vary)})
    assert words in said(campaign, "channels")
    assert not campaign.ops.actions


def test_channels_that_cannot_be_are_named(workspace):
    """Conversions without clicks, and impressions nobody ever clicked."""
    rows = spend([("test", "2026-10-02", name, "media", 10.0, n)
                  for name, n in (("fine", 3), ("ghost", 9), ("dead", 0))])  # fmt: skip
    rows = rows.assign(clicks=[50, 4, 0], impressions=[900, 900, 900])
    campaign = review(workspace, {"spend": rows})
    text = said(campaign, "channels")
    assert "More conversions than clicks: ghost." in text
    assert "Shown but never clicked: dead." in text
    assert status(campaign, "channel.unclicked") == status(campaign, "channel.silent") == "warn"
    fine = review(workspace, {"spend": rows.iloc[[0]]})
    said(fine, "channels")
    assert not [name for name in fine.ops.checks if name.startswith("channel.")]


def test_a_new_user_costs_all_that_was_spent_on_the_channel(workspace):
    rows = spend([("test", "2026-10-02", "ads", "media", 100.0, 3),
                  ("other", "2026-10-03", "ads", "media", 50.0, 3),
                  ("other", "2026-09-03", "ads", "media", 999.0, 3)])  # fmt: skip
    users = pd.DataFrame(
        {
            "user_id": ["a", "b", "c"],
            "registered_at": pd.to_datetime(["2026-10-04", "2026-10-05", "2026-01-01"]),
            "channel": "ads",
        }
    )
    campaign = review(workspace, {"spend": rows, "users": users})
    said(campaign, "channels")
    assert campaign.ops.facts["campaign.channel.blended_cac///ads"].value == 75


def test_the_slope_and_its_robust_error_are_those_of_statsmodels():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(40), rng.normal(5, 1, 40)])
    y = 1 + 0.7 * x[:, 1] + rng.normal(0, 0.1 * x[:, 1])
    fit = sm.OLS(y, x).fit(cov_type="HC3")
    assert _slope(x, y) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-10)


def test_a_response_below_zero_has_no_marginal_cost():
    assert Response("a", 10.0, 0.1, -0.1, 0.3).marginal is None
    assert better([Response("a", 10.0, 0.1, -0.1, 0.3), Response("b", 5.0)]) is None


# -- funnel, referral, newcomers --------------------------------------------------------------


def events(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    user, at, event, channel = zip(*rows, strict=True)
    columns = {"user_id": user, "event_at": pd.to_datetime(list(at)), "event": event}
    return pd.DataFrame({**columns, "channel": channel})


def test_a_funnel_with_a_window_starts_from_the_latest_first_step(workspace):
    rows = [
        ("slow", "2026-10-01 10:00", "visit", "a"), ("slow", "2026-10-05 10:00", "order", "a"),
        ("again", "2026-10-01 10:00", "visit", "b"), ("again", "2026-10-05 09:00", "visit", "a"),
        ("again", "2026-10-05 10:00", "order", "a"),
    ]  # fmt: skip
    table = Rows(workspace({"events": events(rows)}))
    span = (["visit", "order"], dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert [step.users for step in ordered_funnel(table, *span)] == [2, 2]
    assert [step.users for step in ordered_funnel(table, *span, within_days=3)] == [2, 1]
    by = funnel_by(table, *span, "channel", within_days=3)
    assert {name: [s.users for s in steps] for name, steps in by.items()} == {
        "a": [1, 0], "b": [1, 1],
    }  # fmt: skip
    with pytest.raises(MetricError, match='no column "shop"'):
        funnel_by(table, *span, "shop")


def test_simpsons_paradox_is_named(workspace):
    rows: list[tuple[str, str, str, str]] = []

    def visits(day: str, channel: str, users: int, orders: int) -> None:
        for number in range(users):
            user = f"{day}{channel}{number}"
            rows.append((user, f"{day} 10:00", "visit", channel))
            if number < orders:
                rows.append((user, f"{day} 11:00", "order", channel))

    visits("2026-09-20", "a", 20, 16)
    visits("2026-09-20", "b", 80, 16)
    visits("2026-10-04", "a", 80, 56)
    visits("2026-10-04", "b", 20, 2)
    plan = GMV + 'funnel = ["visit", "order"]\n'
    campaign = review(workspace, {"events": events(rows)}, plan)
    assert "Simpson" in said(campaign, "why")
    assert status(campaign, "simpson") == "warn"
    facts = campaign.ops.facts
    assert facts["campaign.mix"].value + facts["campaign.rate"].value == pytest.approx(
        facts["campaign.rate_change"].value
    )


UCB = {
    "A": (825, 512, 108, 89), "B": (560, 353, 25, 17), "C": (325, 120, 593, 202),
    "D": (417, 138, 375, 131), "E": (191, 53, 393, 94), "F": (373, 22, 341, 24),
}  # fmt: skip
"""Berkeley 1973 (Bickel, Hammel and O'Connell 1975): men, admitted, women, admitted."""


def test_the_reviews_decomposition_gives_berkeleys_figures(workspace):
    """Women as the weeks before, men as the window, departments as channels: +14.16 points
    are +17.77 by mix and -3.60 by rate."""
    rows: list[tuple[str, str, str, str]] = []
    for name, counts in UCB.items():
        for day, (sent, taken) in (("2026-10-04", counts[:2]), ("2026-09-20", counts[2:])):
            for number in range(sent):
                user = f"{day}{name}{number}"
                rows.append((user, f"{day} 10:00", "visit", name))
                if number < taken:
                    rows.append((user, f"{day} 11:00", "order", name))
    plan = GMV + 'funnel = ["visit", "order"]\n'
    campaign = review(workspace, {"events": events(rows)}, plan)
    text = said(campaign, "why")
    facts = campaign.ops.facts
    parts = [100 * facts[f"campaign.{name}"].value for name in ("rate_change", "mix", "rate")]
    assert parts == pytest.approx([14.16, 17.77, -3.60], abs=0.005)
    assert "+14.2 pp" in text


def test_many_changes_are_held_against_chance(workspace):
    """Sixty channels without any change: some exclude zero by chance, and that is said."""
    rng = np.random.default_rng(3)
    rows: list[tuple[str, str, str, str]] = []
    for day in ("2026-09-20", "2026-10-04"):
        for channel in range(60):
            for number, bought in enumerate(rng.random(80) < 0.3):
                user = f"{day}{channel}-{number}"
                rows.append((user, f"{day} 10:00", "visit", f"c{channel}"))
                if bought:
                    rows.append((user, f"{day} 11:00", "order", f"c{channel}"))
    plan = GMV + 'funnel = ["visit", "order"]\n'
    campaign = review(workspace, {"events": events(rows)}, plan)
    said(campaign, "funnel")
    changes = [
        f for key, f in campaign.ops.facts.items() if key.startswith("campaign.funnel_change/")
    ]
    assert sum(f.low > 0 or f.high < 0 for f in changes if f.segment) > 0
    assert campaign.ops.facts["campaign.funnel_changes"].value == 0
    assert status(campaign, "multiplicity") == "warn"


def test_the_k_factor_is_invitations_times_conversion(workspace):
    rows = [("a", "2026-10-02", "invite", "x")] * 3 + [("b", "2026-10-03", "invite", "x")]
    users = pd.DataFrame(
        {
            "user_id": ["a", "b", "c", "d"],
            "registered_at": pd.to_datetime(["2026-01-01", "2026-01-01", *["2026-10-04"] * 2]),
            "invited_by": [None, None, "a", None],
        }
    )
    made = workspace({"events": events(rows), "users": users})
    found = referral(Rows(made), dt.date(2026, 10, 1), dt.date(2026, 10, 10))
    assert (found.inviters, found.invitations, found.invited) == (2, 4, 1)
    assert found.k == pytest.approx(2 * 0.25)


def test_young_users_are_not_judged(workspace):
    users = pd.DataFrame(
        {
            "user_id": ["old", "young"],
            "registered_at": pd.to_datetime(["2026-10-01", "2026-10-10"]),
            "channel": ["organic", "ads"],
        }
    )
    rows = [("old", "2026-10-08", "visit", "x"), ("young", "2026-10-12", "visit", "x")]
    tables = {"users": users, "events": events(rows)}
    made = Rows(workspace(tables))
    span = dt.date(2026, 10, 1), dt.date(2026, 10, 10)
    found = {row.channel: row for row in newcomers(made, *span, dt.date(2026, 10, 15), (7,))}
    assert (found["organic"].retained[0].n, found["organic"].retained[0].rate) == (1, 1.0)
    assert (found["ads"].retained[0].n, found["ads"].retained[0].rate) == (0, None)
    campaign = review(workspace, tables)
    assert "too early" in said(campaign, "newcomers")
    assert status(campaign, "maturity") == "warn"


def test_histories_count_days_after_the_first(workspace):
    rows = [
        ("a", "2026-01-01", 10.0), ("a", "2026-01-01", 5.0), ("a", "2026-01-15", 8.0),
        ("a", "2026-03-01", 4.0), ("b", "2026-01-08", 7.0),
    ]  # fmt: skip
    days = purchase_days(Rows(workspace({"orders": orders(rows)})))
    found = histories(days, dt.date(2026, 1, 29))
    assert found.frequency.tolist() == [1, 0]
    assert found.recency.tolist() == [2, 0]
    assert found.age.tolist() == [4, 3]
    assert found.value.tolist() == [8, 0]


# -- the team's own notes ---------------------------------------------------------------------

NOTES = """\
why = ["Why did it work?", "Why twice?"]
lessons = ["Hold out more"]
[[actions]]
title = "Cap the coupon"
owner = "Li Na"
due = 2026-11-01
"""


def test_notes_are_shown_recorded_and_left_alone(workspace, tmp_path):
    campaign = review(workspace, {"orders": SHOP}, plans={"notes/test.toml": NOTES})
    text = said(campaign, "looking_back")
    assert "Why twice?" in text and "Hold out more" in text
    action = campaign.ops.actions[0]
    assert (action.title, action.status) == ("Cap the coupon", "late")
    assert (tmp_path / "plans/notes/test.toml").read_text(encoding="utf-8") == NOTES
    assert set(campaign.ops.workspace.campaigns) == {"test"}


def test_without_notes_the_way_to_write_them_is_shown(workspace):
    campaign = review(workspace, {"orders": SHOP})
    text = said(campaign, "looking_back")
    assert "plans/notes/test.toml" in text and "[[actions]]" in text


def test_a_mistake_in_the_notes_is_named(workspace):
    campaign = review(workspace, {"orders": SHOP}, plans={"notes/test.toml": "lesons = []\n"})
    with pytest.raises(PlanError, match="unknown key"):
        campaign.looking_back()


# -- words --------------------------------------------------------------------------------------

CAUSAL = ("added to", "worked", "caused by", "thanks to", "带来增量", "有效", "归功于", "提升了")
STEPS = ("goal", "costs", "fairness", "result", "effect", "returns", "channels", "funnel",
         "referral", "newcomers", "why", "looking_back", "summary")  # fmt: skip


@pytest.mark.parametrize("language", [0, 1])
def test_without_a_counterfactual_nothing_causal_is_said(workspace, language):
    rows = [("test", "2026-10-02", "ads", kind, 10.0, 1) for kind in ("media", "reward", "labour")]
    tagged = SHOP.assign(campaign_id=[None, "test", None])
    campaign = review(workspace, {"orders": tagged, "spend": spend(rows)})
    text = said(campaign, *STEPS, language=language).lower()
    assert campaign.ops.facts["campaign.roi_classic"].value is not None
    assert "campaign.roi_incremental" not in campaign.ops.facts
    assert [word for word in CAUSAL if word in text] == []
