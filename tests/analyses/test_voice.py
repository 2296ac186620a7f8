"""What customers say: planted incidents found, personal data masked, small cells hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analyses.voice.masking import masked
from opsnb.analyses.voice.words import script_of, words_of
from opsnb.errors import MetricError
from opsnb.metrics.rows import Rows
from opsnb.metrics.tickets import ticket_times
from opsnb.periods import parse
from opsnb.session import Session
from opsnb.workspace import Workspace

from .conftest import Played

OCTOBER = parse("2026-10")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("call 138 0013 8000 now", "138 0013 8000"),
        ("电话13800138000打不通", "13800138000"),
        ("+86 (138) 0013-8000", "138"),
        ("身份证11010519491231002X", "11010519491231002X"),
        ("write to Li.Na+shop@example.co.uk", "example"),
        ("发到li_na@qq.com", "li_na"),
        ("加我微信lina_8812", "lina_8812"),
        ("微信号：abc-12345 联系", "abc-12345"),
        ("QQ: 8812345", "8812345"),
        ("see https://example.com/u/1?k=2", "example"),
        ("@lina_shop answered", "lina_shop"),
        ("order 9,000123456 is lost", "000123456"),
        ("一三八零零一三八零零零", "一三八"),
    ],
)
def test_personal_data_is_masked(text: str, hidden: str) -> None:
    assert hidden not in masked(text) and "***" in masked(text)


@pytest.mark.parametrize(
    "text", ["等了15天，扣了99.5元", "It cost 1999 in 2026", "十四号晚上付不了款"]
)
def test_ordinary_numbers_stay(text: str) -> None:
    assert masked(text) == text


def test_words_are_cut_by_script() -> None:
    assert script_of("支付 failed 了两次") == "zh" and script_of("It was 好") == "en"
    assert words_of("支付失败了，订单没有了", "zh") == ["支付", "失败", "订单"]
    assert words_of("I don't see the refund's parcels", "en") == ["see", "refund's", "parcels"]


# -- tickets ------------------------------------------------------------------------------------


def tickets(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    opened = pd.Timestamp("2026-10-01") + pd.to_timedelta(rng.integers(0, 30 * 86400, n), "s")
    took = pd.to_timedelta(rng.integers(600, 200_000, n), "s")
    resolved = pd.Series(opened + took).where(rng.random(n) > 0.2)
    return pd.DataFrame(
        {
            "ticket_id": [f"t{i}" for i in range(n)],
            "opened_at": opened,
            "first_response_at": opened + took / 3,
            "resolved_at": resolved,
            "due_at": opened + pd.Timedelta(days=1),
            "category": rng.choice(["refund", "payment"], n),
        }
    )


@pytest.mark.parametrize("by", [None, "category"])
def test_times_agree_with_pandas(workspace: Callable[..., Workspace], by: str | None) -> None:
    frame = tickets()
    rows = Rows(workspace({"tickets": frame}))
    for one in ticket_times(rows, OCTOBER.start, OCTOBER.end, by):
        own = frame if by is None else frame[frame["category"] == one.group]
        waited = (own["first_response_at"] - own["opened_at"]).dt.total_seconds() // 1 / 3600
        solved = (own["resolved_at"] - own["opened_at"]).dt.total_seconds() / 3600
        assert one.opened == len(own)
        assert one.response == pytest.approx(waited.quantile(0.5), abs=1e-3)
        assert one.response_p90 == pytest.approx(waited.quantile(0.9), abs=1e-3)
        open_last = solved.fillna(np.inf).sort_values()
        assert one.resolution == pytest.approx(open_last.quantile(0.5, "midpoint"), rel=0.02)
        assert one.resolution_p90 is None  # a fifth is still open
        on_time = (own["resolved_at"] <= own["due_at"]).sum()
        assert (one.on_time, one.judged) == (on_time, len(own))


def test_columns_that_are_not_mapped_are_left_empty(workspace: Callable[..., Workspace]) -> None:
    rows = Rows(workspace({"tickets": tickets()[["ticket_id", "opened_at"]]}))
    [one] = ticket_times(rows, OCTOBER.start, OCTOBER.end)
    assert (one.opened, one.response, one.resolution_p90, one.judged) == (200, None, None, 0)
    with pytest.raises(MetricError, match="category"):
        ticket_times(rows, OCTOBER.start, OCTOBER.end, "category")
    assert ticket_times(rows, parse("2026-08").start, parse("2026-08").end) == []


# -- the sample company -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def october(played: Callable[..., Played]) -> Played:
    return played("monthly_retrospective", cycle="2026-10")


def test_scores_and_their_fall(october: Played) -> None:
    for score, kpi in (("nps.score", "nps"), ("csat.score", "csat")):
        fact = october.fact(score)
        assert fact["low"] < fact["value"] < fact["high"]
        assert fact["value"] == october.fact(f"kpi.value/{kpi}")["value"]
        assert october.fact(f"kpi.change/{kpi}")["high"] < 0
    page = october.cells["survey_scores"].plain(october.language("en"))
    assert "promoters" in page and str(october.fact("csat.score")["n"])[0] in page


def test_tickets_of_the_outage(october: Played) -> None:
    opened = {f.get("segment"): f["value"] for f in october.facts("tickets.opened")}
    assert opened["payment"] > 300  # 150 a day for two days, beside the ordinary ones
    assert opened[None] == sum(n for name, n in opened.items() if name)
    change = october.fact("tickets.on_time_change")
    assert change["high"] < 0
    assert any("Tickets on time fell" in f["claim"] for f in october.records("findings"))


def test_complaints_about_payment_grew(october: Played) -> None:
    grown = [f["segment"] for f in october.facts("voice.theme_change") if f["low"] > 0]
    assert any("支付" in terms for terms in grown)
    assert any("payment" in terms or "checkout" in terms for terms in grown)
    for code, word in (("en", "More complaints"), ("zh", "抱怨变多")):
        claims = [f["claim"] for f in october.records("findings", code)]
        assert any(word in claim for claim in claims)


def month_of(made: Workspace) -> Any:
    from opsnb.analyses.month import Month

    return Month(Session(made, "monthly_retrospective", cycle="2026-10"))


def complaints(n: int, subject: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "responded_at": pd.date_range("2026-10-02", periods=n, freq="h"),
            "kind": "nps",
            "score": 2,
            "comment": [f"{subject} was broken, mail me at user{i}@example.com" for i in range(n)],
        }
    )


def test_small_themes_are_not_shown_and_quotes_are_masked(
    workspace: Callable[..., Workspace],
) -> None:
    large = [complaints(40, "Parcel courier"), complaints(40, "Checkout coupon")]
    small = complaints(4, "Zipper jammed badly")
    made = month_of(workspace({"surveys": pd.concat([*large, small])}))
    page = made.themes().plain(made.ops.language)
    assert "courier" in page and "***" in page
    assert "example.com" not in page and "Zipper" not in page


def test_too_few_comments_give_no_themes(workspace: Callable[..., Workspace]) -> None:
    made = month_of(workspace({"surveys": complaints(10, "Parcel")}))
    assert "too few for themes" in made.themes().plain(made.ops.language)
    happy = complaints(60, "Parcel").assign(score=10)
    made = month_of(workspace({"surveys": happy}))
    assert "no unhappy customer" in made.themes().plain(made.ops.language)
