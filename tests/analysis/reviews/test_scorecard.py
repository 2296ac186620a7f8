"""The scorecard: noise is no news, growth targets, years aligned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.metrics.measure import Measured
from opsnb.analysis.reviews.period.kpi_measurement import target_of
from opsnb.analysis.session import Session
from opsnb.base.errors import PlanError
from opsnb.base.plans import Target

from .conftest import Played


def orders(by_day: dict[str, int]) -> pd.DataFrame:
    days = [day for day, n in by_day.items() for _ in range(n)]
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(days))],
            "user_id": [f"u{i % 7}" for i in range(len(days))],
            "ordered_at": pd.to_datetime(days) + pd.Timedelta(hours=12),
            "amount": 10.0,
        }
    )


def surveys(counts: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """By day: satisfied and other answers."""
    rows = [
        (f"{day} 10:00", score)
        for day, (good, bad) in counts.items()
        for score in [5] * good + [2] * bad
    ]
    frame = pd.DataFrame(rows, columns=["responded_at", "score"])
    frame["responded_at"] = pd.to_datetime(frame["responded_at"])
    return frame.assign(kind="csat")


@pytest.fixture
def month(workspace: Callable[..., Any]) -> Callable[..., Any]:
    from opsnb.analysis.reviews.period.month import Month

    def make(tables: dict[str, pd.DataFrame], cycle: str = "2026-10", **more: Any) -> Any:
        return Month(Session(workspace(tables, **more), "monthly_retrospective", cycle=cycle))

    return make


DAYS = {f"{day:%Y-%m-%d}": 2 for day in pd.date_range("2025-08-01", "2026-10-31")}


def test_a_sampled_change_within_noise_is_not_news(month: Callable[..., Any]) -> None:
    tables = {
        "orders": orders(DAYS),
        "surveys": surveys({"2026-09-10": (80, 20), "2026-10-10": (75, 25)}),
    }
    made = month(tables)
    csat = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "csat")
    expected = newcombe(80, 100, 75, 100)
    assert (csat.change.interval.low, csat.change.interval.high) == (expected.low, expected.high)
    assert csat.change.is_noise and made.ops.language.say(csat.change_text) == "≈ noise"
    fact = csat.change_fact
    assert fact.key == "kpi.change/csat" and fact in csat.facts
    assert (fact.low, fact.high, fact.method) == (expected.low, expected.high, "newcombe")
    tables["surveys"] = surveys({"2026-09-10": (800, 200), "2026-10-10": (700, 300)})
    csat = next(kpi for kpi in month(tables).evidence.kpis if kpi.metric.id == "csat")
    assert not csat.change.is_noise


def test_a_growth_target_asks_for_more_than_last_month(month: Callable[..., Any]) -> None:
    grown = {**DAYS, **{f"2026-10-{day:02d}": 3 for day in range(1, 32)}}
    plan = {"targets/2026-10.toml": "[orders]\ngrowth = 0.2\n"}
    made = month({"orders": orders(grown)}, plans=plan)
    kpi = made.evidence.leading[0]
    assert kpi.metric.id == "orders"
    assert kpi.goal == pytest.approx(60 * 1.2)  # September's 30 days, two orders each
    assert (kpi.measured.value, kpi.status) == (93, "hit")
    assert "+20" in made.ops.language.say(kpi.target_text)


def test_targets_of_growth_need_a_month_before() -> None:
    assert target_of(None, None) is None
    assert target_of(Target(target=5.0), None) == 5.0
    assert target_of(Target(growth=0.5), None) is None
    assert target_of(Target(growth=0.5), Measured("2026-09", None, 4.0)) == 6.0


@pytest.mark.parametrize("text", ["owner = 'x'", "target = 1\ngrowth = 0.1"])
def test_a_target_is_one_thing(workspace: Callable[..., Any], text: str) -> None:
    made = workspace({}, plans={"targets/2026-10.toml": f"[orders]\n{text}\n"})
    with pytest.raises(PlanError, match="target"):
        made.targets("2026-10")


def test_the_year_is_laid_on_this_calendar(month: Callable[..., Any]) -> None:
    """Weekend days bring five orders, others two, in both years: nothing has changed."""
    days = {
        f"{day:%Y-%m-%d}": 5 if day.weekday() >= 5 else 2
        for day in pd.date_range("2025-08-01", "2026-10-31")
    }
    made = month({"orders": orders(days)})
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "orders")
    plain = sum(n for day, n in days.items() if day.startswith("2025-10"))
    assert kpi.measured.value != plain  # October 2026 has one weekend day more
    assert kpi.year.aligned and kpi.year.relative == pytest.approx(0, abs=1e-9)
    made.scorecard()
    assert made.ops.facts["kpi.change_year/orders"].method == "calendar_aligned"


def test_before_the_data_begins_there_is_no_year(month: Callable[..., Any]) -> None:
    recent = {day: n for day, n in DAYS.items() if day >= "2026-06"}
    made = month({"orders": orders(recent)})
    assert all(kpi.year is None for kpi in made.evidence.kpis)


def test_at_most_twelve_are_shown(played: Callable[..., Played]) -> None:
    run = played("monthly_retrospective", cycle="2026-10")
    page = run.html("scorecard_table")
    first, rest = page.split("<details", 1)
    assert first.count("<tr>") == 13 and "more KPIs" in rest
    measured = {f["metric"] for f in run.facts("kpi.value")} - {"referral_share"}  # of the stages
    folded = rest.split("</details>")[0]
    assert first.count("<tr>") - 1 + folded.count("<tr>") - 1 == len(measured)
    assert isinstance(run.ops.period.start, dt.date)


# -- what a team starts with -----------------------------------------------------------------

STARTING = (
    "new_users", "dau", "wau", "active_users", "stickiness", "activation", "retention_d1",
    "retention_d7", "retention_d30", "paying_conversion", "gmv_net", "arpu", "repurchase_rate",
    "refund_rate", "nps", "csat", "tickets_on_time", "tasks_on_time", "cac", "ltv_90", "ltv_cac",
)  # fmt: skip


def test_every_usual_kpi_stands_in_the_scorecard(played: Callable[..., Played]) -> None:
    """All tables mapped: all of them, twelve in view and the others behind one line."""
    october = played("monthly_retrospective", cycle="2026-10")
    measured = {f["metric"] for f in october.facts("kpi.value")}
    assert measured >= set(STARTING)
    page = october.html("scorecard_table")
    for name in STARTING:
        assert october.language("en").say(october.ops.label(name)) in page
    value = {f["metric"]: f["value"] for f in october.facts("kpi.value")}
    assert value["dau"] < value["wau"] < value["active_users"]
    assert value["ltv_cac"] == pytest.approx(value["ltv_90"] / value["cac"])


@pytest.mark.parametrize(
    ("metric", "target"),
    [("csat", 0.8), ("tickets_on_time", 0.95), ("tasks_on_time", 0.9), ("new_users", None)],
)
def test_usual_targets(metric: str, target: float | None) -> None:
    from opsnb.analysis.metrics import load_catalogue

    found = load_catalogue()[metric]
    assert (found.target, found.growth) == (target, 0.2 if target is None else None)


def test_a_usual_target_is_judged_but_enters_no_verdict(month: Callable[..., Any]) -> None:
    tables = {
        "orders": orders(DAYS),
        "surveys": surveys({"2026-09-10": (80, 20), "2026-10-10": (700, 300)}),
    }
    made = month(tables)
    csat = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "csat")
    assert (csat.goal, csat.status, csat.agreed) == (0.8, "missed", None)
    assert "usual" in made.ops.language.say(csat.target_text)
    summary = made.summary()
    assert "No targets are registered" in summary.plain(made.ops.language)
    assert not summary.payload()["languages"]["en"]["actions"]
    own = month(tables, plans={"targets/2026-10.toml": "[csat]\ntarget = 0.7\n"})
    csat = next(kpi for kpi in own.evidence.kpis if kpi.metric.id == "csat")
    assert (csat.goal, csat.status, csat.agreed) == (0.7, "hit", "hit")


def test_growth_of_new_users_is_asked_for(month: Callable[..., Any]) -> None:
    days = pd.date_range("2026-09-01", "2026-10-31")
    users = pd.DataFrame({"user_id": [f"u{i}" for i in range(len(days))], "registered_at": days})
    made = month({"orders": orders(DAYS), "users": users})
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "new_users")
    assert (kpi.goal, kpi.status) == (pytest.approx(36), "missed")  # 30 in September, 31 now


def test_a_quotient_is_laid_on_this_calendar_as_its_parts_are(month: Callable[..., Any]) -> None:
    """Weekend orders are worth twice: the mean value depends on how many weekends there are."""
    days = {f"{day:%Y-%m-%d}": 3 for day in pd.date_range("2025-08-01", "2026-10-31")}
    frame = orders(days)
    frame["amount"] = 10.0 + 10.0 * (frame["ordered_at"].dt.day_of_week >= 5)
    made = month({"orders": frame})
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "aov")
    plain = made.ops.meter.value("aov", made.period.last_year()).value
    assert plain != pytest.approx(kpi.measured.value, rel=1e-4)
    assert kpi.year.aligned and kpi.year.relative == pytest.approx(0, abs=1e-9)


def test_a_share_keeps_its_place_around_the_spring_festival(month: Callable[..., Any]) -> None:
    """Refunds jump in the ten days after the festival, which moves from January to February."""
    frame = orders({f"{day:%Y-%m-%d}": 10 for day in pd.date_range("2024-11-01", "2026-03-31")})
    frame["status"] = "paid"
    for festival in ("2025-01-29", "2026-02-17"):
        after = frame["ordered_at"] - pd.Timestamp(festival)
        inside = (after >= pd.Timedelta(0)) & (after < pd.Timedelta(days=10))
        frame.loc[inside & (frame.index % 2 == 0), "status"] = "refunded"
    frame["refunded_at"] = frame["ordered_at"].where(frame["status"] == "refunded")
    made = month({"orders": frame}, cycle="2026-02", as_of="2026-04-01")
    made.ops.workspace.country = "CN"
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "refund_rate")
    assert kpi.year.gap == pytest.approx(0, abs=1e-9)
    before = made.ops.meter.value("refund_rate", made.period.last_year()).value
    assert before < 0.9 * kpi.measured.value  # February 2025 held only a part of those days
