"""Verdicts and cards of months and weeks, out of evidence made by hand.

The evidence has no session and no tables: a verdict that asked them for anything would fail.
"""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.forecast import Forecast
from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.period import month_verdict, week_verdict
from opsnb.analysis.reviews.period.kpi import Kpi
from opsnb.analysis.reviews.period.week_evidence import WatchedKpi
from opsnb.base import periods
from opsnb.base.messages import Language
from opsnb.base.plans import Target

OCTOBER = periods.parse("2026-10")


def kpi(name: str, value: float = 100.0, status: Any = None, *, usual: bool = False) -> Kpi:
    metric = Metric(id=name, label=name.upper(), kind="count", table="orders", unit="count")
    goal = None if status is None else 90.0
    return Kpi(
        metric, Measured("2026-10", None, value), None, None, None,
        None if goal is None else Target(target=goal), goal, status,
        Fact("kpi.value", value, "count", metric=name), usual=usual,
    )  # fmt: skip


def month(*kpis: Kpi, partial: bool = False) -> Any:
    return SimpleNamespace(
        period=OCTOBER, kpis=kpis, partial=partial, ends_on=dt.date(2026, 10, 20),
        kpi=lambda name: next((one for one in kpis if one.metric.id == name), None),
    )  # fmt: skip


def scored(hit: int, of: int) -> list[Kpi]:
    return [kpi(f"k{n}", status="hit" if n < hit else "missed") for n in range(of)]


@pytest.mark.parametrize(
    ("kpis", "partial", "case", "tone"),
    [
        (scored(4, 5), False, "on_track", "good"),
        (scored(3, 5), False, "mixed", "warn"),
        (scored(1, 2), False, "mixed", "warn"),
        (scored(2, 5), False, "off_track", "bad"),
        ([kpi("a")], False, "no_targets", "neutral"),
        (scored(5, 5), True, "partial", "warn"),
        # What the catalogue asks for is no target that the team agreed on.
        ([kpi("a", status="missed", usual=True)], False, "no_targets", "neutral"),
        ([kpi("a", status="near")], False, "off_track", "bad"),
    ],
)
def test_a_month_by_the_share_of_targets_reached(
    kpis: list[Kpi], partial: bool, case: str, tone: str
) -> None:
    evidence = month(*kpis, partial=partial)
    verdict = month_verdict.verdict(evidence)
    assert (month_verdict.case_of(evidence), verdict.tone) == (case, tone)
    for code in ("en", "zh"):
        language = Language(code, "CNY")
        assert language.say(verdict.word) == language.text(f"month.word.{case}")
        assert language.say(verdict.sentence) and language.say(verdict.rule)


def test_the_month_speaks_of_revenue_first_wherever_it_stands() -> None:
    orders, revenue = kpi("orders", 7.0), kpi("gmv_net", 5.0)
    assert month_verdict.verdict(month(orders, revenue)).evidence == (revenue.fact,)
    assert month_verdict.verdict(month(orders)).evidence == (orders.fact,)


def test_cards_of_a_month_show_the_first_kpi_then_what_was_missed() -> None:
    kpis = [kpi("a"), kpi("b", status="hit"), kpi("c", status="near"), kpi("d", status="missed"),
            kpi("e"), kpi("f"), kpi("g", status="missed")]  # fmt: skip
    cards = month_verdict.cards(month(*kpis))
    assert [card.label for card in cards] == ["A", "D", "G", "C", "B", "E"]
    assert [kpi.metric.id for kpi in month_verdict.missed(month(*kpis))] == ["d", "g"]


# -- weeks -----------------------------------------------------------------------------------


def watched(name: str, value: float, low: float = 90.0, high: float = 110.0) -> WatchedKpi:
    expected = Forecast((low + high) / 2, low, high, 0.95, 20, "local_level")
    return WatchedKpi(kpi(name, value), expected)


def week(*found: WatchedKpi, partial: bool = False) -> Any:
    return SimpleNamespace(
        period=periods.parse("2026-W43"), partial=partial, ends_on=dt.date(2026, 10, 20),
        watched=found, kpis=tuple(one.kpi for one in found),
        exceptions=[one for one in found if one.is_exception],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "partial", "case", "tone"),
    [
        ([watched("a", 100.0), watched("b", 95.0)], False, "quiet", "neutral"),
        ([watched("a", 100.0), watched("b", 150.0)], False, "good", "good"),
        ([watched("a", 150.0), watched("b", 50.0)], False, "bad", "warn"),
        ([watched("a", 100.0)], True, "partial", "warn"),
    ],
)
def test_a_week_by_its_exceptions(
    found: list[WatchedKpi], partial: bool, case: str, tone: str
) -> None:
    evidence = week(*found, partial=partial)
    verdict = week_verdict.verdict(evidence)
    assert (week_verdict.case_of(evidence), verdict.tone) == (case, tone)
    for code in ("en", "zh"):
        assert Language(code, "CNY").say(verdict.sentence)


def test_cards_of_a_week_show_what_went_as_ever_and_then_the_exceptions() -> None:
    found = [watched("a", 150.0), watched("b", 100.0), watched("c", 100.0), watched("d", 50.0)]
    assert [card.label for card in week_verdict.cards(week(*found))] == ["B", "A", "D", "C"]
    assert [one.kpi.metric.id for one in week_verdict.bad(week(*found))] == ["d"]


def test_a_gap_that_anybody_would_overlook_is_no_exception() -> None:
    assert not watched("a", 101.0, low=99.5, high=100.5).is_exception  # 1 % of 100
    assert watched("a", 103.0, low=99.5, high=100.5).is_exception
