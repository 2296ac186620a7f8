"""The people of the month: stages, cohorts, levels, churn and cost, on what can be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics.lifespans import Lifespans
from opsnb.analysis.reviews.period.month import Month
from opsnb.analysis.reviews.period.people.churn import Risk, fit_risk
from opsnb.analysis.reviews.period.people.contract_churn import contradicts
from opsnb.analysis.session import Session
from opsnb.base.messages import Text
from opsnb.base.workspace import Workspace

from .conftest import Played

Make = Callable[..., Month]


@pytest.fixture(scope="module")
def october(played: Callable[..., Played]) -> Played:
    return played("monthly_retrospective", cycle="2026-10")


@pytest.fixture
def month(workspace: Callable[..., Workspace]) -> Make:
    def make(tables: dict[str, pd.DataFrame], cycle: str = "2026-10", **more: Any) -> Month:
        return Month(Session(workspace(tables, **more), "monthly_retrospective", cycle=cycle))

    return make


# -- stages --------------------------------------------------------------------------------


def test_stages_stand_against_last_month_and_target(october: Played) -> None:
    whole = {f["metric"]: f["value"] for f in october.facts("funnel.stage_rate")
             if "segment" not in f}  # fmt: skip
    assert list(whole) == [
        "new_users", "activation", "retention_d7", "paying_conversion", "referral_share",
    ]  # fmt: skip
    now, before = october.ops.period, october.ops.period.previous()
    for metric, value in whole.items():
        assert value == pytest.approx(october.ops.meter.value(metric, now).value, rel=1e-9)
    page = october.cells["channel_stages"].plain(october.language("en"))
    for word in ("Acquisition", "Referral", "6,000", "on target", "missed"):
        assert word in page
    change = {(f["metric"], f["segment"]): f for f in october.facts("funnel.stage_change")}
    fact = change["activation", "wechat"]
    rates = [
        next(m.value for m in october.ops.meter.measure("activation", [p], by="channel")
             if m.group == "wechat")
        for p in (before, now)
    ]  # fmt: skip
    assert fact["unit"] == "points" and fact["value"] == pytest.approx(rates[1] - rates[0])


def test_rates_of_few_users_carry_no_change(month: Make) -> None:
    days = pd.date_range("2026-09-01", "2026-10-31", freq="12h")
    users = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(len(days))],
            "registered_at": days,
            "channel": ["rare" if i % 10 == 0 else "usual" for i in range(len(days))],
        }
    )
    events = pd.DataFrame(
        {
            "user_id": users["user_id"],
            "event_at": days + pd.Timedelta(hours=1),
            "event": ["cart" if i % 3 and i < 61 else "visit" for i in range(len(days))],
        }
    )
    orders = pd.DataFrame(
        {"order_id": ["a"], "user_id": ["u1"], "ordered_at": [days[-1]], "amount": [1.0]}
    )
    made = month({"users": users, "events": events, "orders": orders})
    made.stages()
    changes = {
        (f.metric, f.segment) for f in made.ops.facts.values() if f.id == "funnel.stage_change"
    }
    rates = {(f.metric, f.segment) for f in made.ops.facts.values() if f.id == "funnel.stage_rate"}
    assert ("activation", "usual") in changes
    assert ("activation", "rare") in rates and ("activation", "rare") not in changes


# -- cohorts --------------------------------------------------------------------------------


def test_cohorts_meet_at_equal_ages(october: Played) -> None:
    rate = {f["segment"]: f for f in october.facts("retention.cohort")}
    for fact in october.facts("retention.change"):
        newest, age = fact["segment"].split("+")
        before = str(pd.Period(newest, "M") - 1)
        gap = rate[fact["segment"]]["value"] - rate[f"{before}+{age}"]["value"]
        assert fact["value"] == pytest.approx(gap)
        assert fact["low"] < gap < fact["high"]
        assert pd.Period(newest, "M") + int(age) == pd.Period("2026-10", "M")
    assert len(october.facts("retention.change")) == 3
    page = october.cells["cohort_triangle"].plain(october.language("en"))
    assert "noise" in page


def test_cohorts_from_before_the_record_are_left_out(month: Make) -> None:
    """Users go back to 2025, orders only to August: nobody's earlier return is known."""
    days = pd.date_range("2025-01-01", "2026-10-31")
    users = pd.DataFrame({"user_id": [f"u{i}" for i in range(len(days))], "registered_at": days})
    later = pd.date_range("2026-08-01", "2026-10-31")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(later))],
            "user_id": [f"u{len(days) - 1 - i}" for i in range(len(later))],
            "ordered_at": later + pd.Timedelta(hours=3),
            "amount": 5.0,
        }
    )
    made = month({"users": users, "orders": orders})
    made.cohorts()
    cohorts = {f.segment[:7] for f in made.ops.facts.values() if f.id == "retention.cohort"}
    assert cohorts == {"2026-08", "2026-09"}


# -- levels ----------------------------------------------------------------------------------


def test_levels_hold_every_active_user(october: Played) -> None:
    users = {f["segment"]: f["value"] for f in october.facts("levels.users")}
    assert sum(users.values()) == october.fact("active.mau")["value"]
    moves = october.facts("levels.move")
    total: Counter[str] = Counter()
    for fact in moves:
        total[fact["segment"].split(">")[0]] += fact["value"]
    assert dict(total) == pytest.approx(dict.fromkeys(total, 1.0))
    new = next(f["n"] for f in moves if f["segment"].startswith("new>"))
    assert new == october.fact("active.new////2026-10")["value"]
    came = {f["segment"]: round(f["value"] * f["n"]) for f in moves}
    for level, count in users.items():
        assert sum(n for name, n in came.items() if name.endswith(f">{level}")) == count
    lost = sum(n for name, n in came.items() if name.endswith(">none"))
    assert lost == october.fact("active.lost////2026-10")["value"]
    assert "31 Dec 2025" in october.cells["level_moves"].plain(october.language("en"))


# -- who to win back ---------------------------------------------------------------------------


def test_the_list_holds_who_the_table_counts(october: Played) -> None:
    made = Month(october.ops)
    people = made.win_back_users()
    told = {fact["segment"] for fact in october.facts("rfm.migration")}  # the others are withheld
    counted = people[[f"{a}>{b}" in told for a, b in zip(people.before, people.now, strict=True)]]
    assert 0 < len(counted) == october.fact("rfm.win_back")["value"]
    assert counted["amount"].sum() == pytest.approx(october.fact("rfm.win_back_amount")["value"])
    assert set(people["now"]) <= {"at_risk", "lapsed"}
    assert people["amount"].is_monotonic_decreasing and people["user_id"].is_unique
    some = people.iloc[0]
    orders = october.ops.rows.table("orders").expr
    own = orders.filter(orders.user_id == some["user_id"]).execute()
    days = pd.to_datetime(own.loc[own["status"] != "cancelled", "order_date"])
    assert days[days <= pd.Timestamp(october.ops.period.end)].max().date() == some["last_order"]
    page = october.cells["rfm_segments"].plain(october.language("en"))
    assert some["user_id"] not in page  # people are counted on the page, not named


# -- churn by silence --------------------------------------------------------------------------


def buyers(n: int = 1500, weeks: int = 90, seed: int = 5, stop: bool = False) -> pd.DataFrame:
    """Orders of customers who buy at rates of their own and leave unseen (BG/NBD).

    With `stop` nobody buys in the last 13 weeks: what the past taught does not hold.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n):
        rate, leave = rng.gamma(1.2, 1 / 6), rng.beta(1.2, 4)
        at = rng.uniform(0, weeks / 2)
        while at < weeks:
            rows.append((f"u{user}", at))
            if rng.random() < leave:
                break
            at += rng.exponential(1 / rate)
    frame = pd.DataFrame(rows, columns=["user_id", "week"])
    if stop:
        frame = frame[(frame["week"] < weeks - 13) | (frame["week"] > weeks - 0.2)]
    end = pd.Timestamp("2026-11-01")
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(frame))],
            "user_id": frame["user_id"].to_numpy(),
            "ordered_at": end - pd.to_timedelta((weeks - frame["week"]) * 7, "D"),
            "amount": 20.0,
        }
    )


def test_customers_who_follow_the_model_are_foretold(month: Make) -> None:
    made = month({"orders": buyers()})
    found = fit_risk(made.evidence)
    assert isinstance(found, Risk) and found.good
    assert found.predicted == pytest.approx(found.actual, rel=0.15)
    inside = [g.actual.low <= g.predicted <= g.actual.high for g in found.check.groups]
    assert sum(inside) >= len(inside) - 2
    assert found.check.discrimination is not None and found.check.discrimination > 0.7
    page = made.churn().plain(made.ops.language)
    assert "PASS" in page and "more likely left than not" in page
    bands = [f for f in made.ops.facts.values() if f.id == "churn.band"]
    assert sum(f.value for f in bands) == pytest.approx(1)
    assert sum(f.n or 0 for f in bands) == int(found.repeaters.sum())
    risk = made.ops.facts["churn.at_risk"]
    assert risk.value == pytest.approx(
        sum(f.value for f in bands if f.segment in ("0.2-0.5", "0-0.2"))
    )
    scores = made.churn_scores()
    assert len(scores) == len(found.past)
    assert (scores["alive"] < 0.5).sum() == round(risk.value * (risk.n or 0))
    assert scores["alive"].iloc[0] < 0.5


def test_a_model_that_missed_shows_no_risk(month: Make) -> None:
    shut = "closed = [{start = 2026-07-25, end = 2026-10-31}]\n"
    made = month({"orders": buyers(stop=True)}, more=shut)
    page = made.churn().plain(made.ops.language)
    assert "Do not pick customers by it" in page
    assert made.ops.checks["churn_model"].status == "warn"
    assert not [f for f in made.ops.facts.values() if f.id in ("churn.band", "churn.at_risk")]
    assert not made.ops.findings


def test_only_the_past_is_used(month: Make) -> None:
    """Orders after the month change nothing in it."""
    orders = buyers()
    cut = orders[orders["ordered_at"] < "2026-10-01"]
    whole, past = (fit_risk(month({"orders": o}, cycle="2026-09").evidence) for o in (orders, cut))
    assert isinstance(whole, Risk) and isinstance(past, Risk)
    assert whole.model == past.model and list(whole.alive) == list(past.alive)


@pytest.mark.parametrize(
    ("orders", "key"),
    [(buyers(n=40), "month.churn.few"), (buyers(weeks=30), "month.churn.short")],
)
def test_too_little_for_a_model(month: Make, orders: pd.DataFrame, key: str) -> None:
    made = month({"orders": orders})
    found = fit_risk(made.evidence)
    assert isinstance(found, Text) and found.key == key
    assert "Left out" in made.churn().plain(made.ops.language)
    assert made.churn_scores().empty


def test_the_sample_company_is_judged_on_weeks_it_never_saw(october: Played) -> None:
    predicted = {f["segment"]: f for f in october.facts("churn.predicted")}
    actual = {f["segment"]: f for f in october.facts("churn.actual")}
    assert set(predicted) == set(actual) and len(actual) == 10
    error = october.fact("churn.calibration_error")
    gaps = [abs(predicted[s]["value"] - f["value"]) * f["n"] for s, f in actual.items()]
    assert error["value"] == pytest.approx(sum(gaps) / error["n"])


# -- churn of contracts --------------------------------------------------------------------------


def subscribers(n: int = 4000) -> pd.DataFrame:
    """Contracts since 2024, of two kinds, whose chance to leave differs by user (sBG)."""
    rng = np.random.default_rng(10)
    kind = rng.choice(["monthly", "yearly"], n)
    chance = np.where(kind == "monthly", rng.beta(1.0, 5.0, n), rng.beta(0.6, 20.0, n))
    born = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), "D")
    stay = rng.geometric(chance)
    ended = pd.Series(
        [b + pd.DateOffset(months=min(int(k), 99)) for b, k in zip(born, stay, strict=True)]
    ) - pd.Timedelta(days=2)
    return pd.DataFrame(
        {
            "user_id": [f"u{i:05d}" for i in range(n)],
            "registered_at": born,
            "ended_at": ended.where(ended <= pd.Timestamp("2026-10-31")),
            "contract": kind,
        }
    )


ONE_ORDER = pd.DataFrame(
    {
        "order_id": ["a", "b"], "user_id": ["u1", "u2"], "amount": 1.0,
        "ordered_at": pd.to_datetime(["2026-09-02", "2026-10-31"]),
    }
)  # fmt: skip


def test_contracts_by_kind_age_and_model(month: Make) -> None:
    users = subscribers()
    made = month({"users": users, "orders": ONE_ORDER})
    page = made.churn().plain(made.ops.language)
    there = (users["registered_at"] <= "2026-10-01") & ~(users["ended_at"] < "2026-10-01")
    left = there & (users["ended_at"] < "2026-11-01")
    fact = made.ops.facts["churn.rate"]
    assert (fact.value, fact.n) == (pytest.approx(left.sum() / there.sum()), there.sum())
    for kind in ("monthly", "yearly"):
        own = users["contract"] == kind
        rate = made.ops.facts[f"churn.rate///{kind}"].value
        assert rate == pytest.approx((left & own).sum() / (there & own).sum())
    year = made.ops.facts["churn.survival///monthly"]
    assert year.low < 5 / 17 < year.high  # beta(1, 5): 5/6 x 6/7 x ... x 16/17
    alpha, beta = (
        made.ops.facts[f"churn.sbg///monthly:{name}"].value for name in ("alpha", "beta")
    )
    assert [alpha, beta] == pytest.approx([1.0, 5.0], rel=0.25)
    assert made.ops.checks["churn_model"].status == "pass" and "PASS" in page
    ages = [f.value for f in made.ops.facts.values() if f.id == "churn.by_age"]
    assert ages == sorted(ages, reverse=True)  # who stayed long leaves seldom


def test_nobody_has_ended(month: Make) -> None:
    made = month({"users": subscribers(50).assign(ended_at=pd.NaT), "orders": ONE_ORDER})
    assert "no user has ended" in made.churn().plain(made.ops.language)


def test_ages_that_contradict_the_churn() -> None:
    steady = 1000 * 0.9 ** np.arange(36)
    assert not contradicts(Lifespans("", steady, 0.1 * steady))
    assert contradicts(Lifespans("", np.full(36, 1000.0), np.full(36, 300.0)))


def test_months_before_ends_were_recorded_are_no_comparison(month: Make) -> None:
    users = subscribers()
    users = users[~(users["ended_at"] < "2026-10-01")]
    made = month({"users": users, "orders": ONE_ORDER})
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "churn_rate")
    assert kpi.measured.value and kpi.change is None and kpi.year is None


# -- what a new user costs and brings --------------------------------------------------------------


def test_profit_and_cost_by_month_of_arrival(month: Make) -> None:
    users = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(120)],
            "registered_at": pd.to_datetime(["2026-06-10"] * 60 + ["2026-10-10"] * 60),
            "channel": ["a", "b"] * 60,
        }
    )
    orders = pd.DataFrame(
        [
            ("o1", "u0", "2026-06-12", 100.0, 60.0, "paid"),
            ("o2", "u0", "2026-08-30", 50.0, 20.0, "paid"),  # day 81
            ("o3", "u1", "2026-09-20", 500.0, 100.0, "paid"),  # day 102: after 90 days
            ("o4", "u2", "2026-06-12", 900.0, 0.0, "refunded"),
            ("o5", "u9", "2026-06-01", 900.0, 0.0, "paid"),  # before registering
            ("o6", "u70", "2026-10-31", 30.0, 10.0, "paid"),
        ],
        columns=["order_id", "user_id", "ordered_at", "amount", "cost", "status"],
    ).assign(ordered_at=lambda f: pd.to_datetime(f["ordered_at"]))
    spend = pd.DataFrame(
        {
            "campaign_id": "c", "kind": "media", "channel": ["a", "b", "a", "tv"],
            "date": pd.to_datetime(["2026-06-05", "2026-06-06", "2026-10-05", "2026-10-06"]),
            "amount": [30.0, 30.0, 120.0, 60.0],
        }
    )  # fmt: skip
    told = ("2026-06-01", "2026-11-15")
    made = month({"users": users, "orders": orders, "spend": spend}, recorded=told)
    page = made.acquisition().plain(made.ops.language)
    facts = made.ops.facts
    assert facts["acquisition.cac////2026-06"].value == pytest.approx(60 / 60)
    assert facts["acquisition.profit///30/2026-06"].value == pytest.approx(40 / 60)
    assert facts["acquisition.profit///90/2026-06"].value == pytest.approx(70 / 60)
    assert "acquisition.profit///180/2026-06" not in facts  # not every user is so old
    assert "acquisition.profit///30/2026-10" not in facts
    assert facts["acquisition.ltv_cac////2026-06"].value == pytest.approx(70 / 60)
    assert facts["acquisition.cac///a"].value == pytest.approx(120 / 30)
    assert "67%" in page or "66.7%" in page  # of the spend has users of its channel


def test_what_is_lacking_is_named(month: Make) -> None:
    made = month({"orders": ONE_ORDER})
    assert "spend" in made.acquisition().plain(made.ops.language)
