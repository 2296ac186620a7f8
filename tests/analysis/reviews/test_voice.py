"""What customers say: planted incidents found, personal data masked, small cells hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.metrics.tickets import ticket_times
from opsnb.analysis.reviews.period.voice.masking import masked
from opsnb.analysis.reviews.period.voice.tokens import script_of, words_of
from opsnb.analysis.session import Session
from opsnb.base.errors import MetricError
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

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
    by = {True: 0, False: 0}
    for name, n in opened.items():
        if name:
            by[name.startswith("channel:")] += n
    assert by == {True: opened[None], False: opened[None]}  # by category, and by channel
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
    from opsnb.analysis.reviews.period.month import Month

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


def test_themes_below_the_limit_on_small_groups_are_said_to_be_withheld(
    workspace: Callable[..., Workspace],
) -> None:
    happy = complaints(200, "Parcel").assign(score=10)
    unhappy = [complaints(40, "Parcel courier"), complaints(40, "Checkout coupon")]
    loaded = workspace({"surveys": pd.concat([happy, *unhappy])})
    loaded.min_cell = 100
    made = month_of(loaded)
    english, chinese = (made.themes().plain(loaded.speak(code)) for code in ("en", "zh"))
    assert "Withheld: 80 comments" in english and "no theme has 100 comments" in english
    assert "80 条不满评论" in chinese and "100 条的展示下限" in chinese
    assert "too few" not in english and "courier" not in english


# -- who was asked -----------------------------------------------------------------------------


TWO_ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b"], "user_id": ["u1", "u2"], "amount": 1.0,
        "ordered_at": pd.to_datetime(["2026-08-02", "2026-10-31"]),
    }
)  # fmt: skip


def asked(share: dict[str, float], n: int = 400) -> pd.DataFrame:
    """Surveys sent in each month, of which a share was answered a day later."""
    rows = []
    for month, rate in share.items():
        for i in range(n):
            sent = pd.Timestamp(f"{month}-02") + pd.Timedelta(hours=i)
            answered = i < rate * n
            rows.append((sent, sent + pd.Timedelta(days=1) if answered else None, 9.0, "nps"))
    frame = pd.DataFrame(rows, columns=["sent_at", "responded_at", "score", "kind"])
    frame["responded_at"] = pd.to_datetime(frame["responded_at"])
    frame["score"] = frame["score"].where(frame["responded_at"].notna())
    return frame.assign(channel=["sms" if i % 40 == 0 else "app" for i in range(len(frame))])


def test_response_rates_and_their_fall(workspace: Callable[..., Workspace]) -> None:
    surveys = asked({"2026-09": 0.5, "2026-10": 0.35})
    made = month_of(workspace({"surveys": surveys, "orders": TWO_ORDERS}))
    page = made.scores().plain(made.ops.language)
    facts = made.ops.facts
    fact = facts["survey.response///nps"]
    assert (fact.value, fact.n) == (0.35, 400)
    change = facts["survey.response_change///nps"]
    expected = newcombe(200, 400, 140, 400)
    assert (change.low, change.high) == (expected.low, expected.high)
    assert made.ops.checks["response.nps"].status == "warn"
    assert "35.0% of 400 sent" in page and "other people may have answered" not in page
    assert "survey.response///nps/app" in facts and "survey.response///nps/sms" not in facts
    kpi = next(kpi for kpi in made.evidence.kpis if kpi.metric.id == "nps")
    assert (kpi.measured.value, kpi.measured.n) == (100, 140)  # who did not answer has no score


def test_a_steady_response_is_no_warning(workspace: Callable[..., Workspace]) -> None:
    surveys = asked({"2026-09": 0.36, "2026-10": 0.35})
    made = month_of(workspace({"surveys": surveys, "orders": TWO_ORDERS}))
    made.scores()
    assert "response.nps" not in made.ops.checks


def test_without_sending_there_is_no_rate_and_the_page_says_so(
    workspace: Callable[..., Workspace],
) -> None:
    surveys = asked({"2026-10": 0.5}).dropna(subset="responded_at").drop(columns="sent_at")
    made = month_of(workspace({"surveys": surveys}))
    page = made.scores().plain(made.ops.language)
    assert "no sent_at" in page
    assert not [f for f in made.ops.facts.values() if f.id == "survey.response"]


def test_event_rows_of_tickets_are_refused(workspace: Callable[..., Workspace]) -> None:
    """A row an event of a ticket, not a row a ticket: the gate blocks, and says which key."""
    rows = tickets(60)
    events = pd.concat([rows, rows.assign(resolved_at=rows["opened_at"])], ignore_index=True)
    table = Rows(workspace({"tickets": events})).table("tickets")
    issue = next(i for i in table.report.issues if i.rule == "repeated_key")
    assert (issue.level, issue.count) == ("block", 60)
    # A row a ticket gives each ticket one vote, whatever happened to it.
    [one] = ticket_times(Rows(workspace({"tickets": rows})), OCTOBER.start, OCTOBER.end)
    assert one.judged == 60
