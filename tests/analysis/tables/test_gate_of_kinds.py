"""Faults that single rows do not show: ids apart, currencies, repeats, words, falls, refunds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from opsnb.analysis.metrics import Meter
from opsnb.analysis.tables import Issue, check, open_table, row_level, shared_ids, table
from opsnb.base.messages import Language
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

Make = Callable[..., Workspace]
OCT = parse("2026-10")


def users(n: int = 40, first: str = "2026-01-05") -> pd.DataFrame:
    return pd.DataFrame(
        {"user_id": [f"u{i}" for i in range(n)], "registered_at": pd.Timestamp(first)}
    )


def orders(ids: list[str], **more: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(ids))],
            "user_id": ids,
            "ordered_at": pd.date_range("2026-08-01 09:00", periods=len(ids), freq="7h"),
            "amount": 20.0,
            "status": "paid",
        }
    )
    return frame.assign(**more)


def events(ids: list[str]) -> pd.DataFrame:
    at = pd.date_range("2026-08-01 08:00", periods=len(ids), freq="7h")
    return pd.DataFrame({"user_id": ids, "event_at": at, "event": "visit"})


def found(workspace: Workspace, rule: str, names: list[str] | None = None) -> dict[str, Issue]:
    """Issues of a rule by table."""
    return {
        report.table: issue
        for report in check(workspace, names)
        for issue in report.issues
        if issue.rule == rule
    }


def said(issue: Issue) -> list[str]:
    return [Language(code).say(issue.message) for code in ("en", "zh")]


# -- ids that meet -----------------------------------------------------------------------


def test_ids_of_another_kind_block(workspace: Make) -> None:
    own = [f"u{i % 40}" for i in range(120)]
    made = workspace(
        {"users": users(), "orders": orders(own), "events": events([f"7{i}@x" for i in range(120)])}
    )
    apart = found(made, "ids_apart")
    assert {name: issue.level for name, issue in apart.items()} == {"events": "block"}
    english, chinese = said(apart["events"])
    assert "Not one of the 120 different events.user_id" in english and "a" in english
    assert "没有一个" in chinese
    assert "(here such as 79@a; there u9)" in english, "the first sign, and the kinds"


def test_ids_that_match_are_no_news(workspace: Make) -> None:
    own = [f"u{i % 40}" for i in range(120)]
    made = workspace({"users": users(), "orders": orders(own), "events": events(own)})
    assert not {issue.rule for report in check(made) for issue in report.issues} - {"old"}


def test_ids_that_hardly_meet_warn(workspace: Make) -> None:
    ids = ["u0", *(f"x{i}" for i in range(60))]
    made = workspace({"users": users(), "orders": orders(ids)})
    issue = found(made, "ids_hardly_meet")["orders"]
    assert (issue.level, issue.count) == ("warn", 60)
    assert "1 are the same" in said(issue)[0]


@pytest.mark.parametrize(
    "tables",
    [
        # Guests who never register beside those who did.
        {"users": users(), "orders": orders([f"u{i % 40}" for i in range(40)]
                                            + [f"guest{i}" for i in range(400)])},
        # Only the newest users, of whom few have ordered yet.
        {"users": users(60, "2026-08-20"), "orders": orders(["u1", *(f"o{i}" for i in range(60))])},
        # Nobody registered before the orders end.
        {"users": users(40, "2026-11-01"), "orders": orders([f"o{i}" for i in range(60)])},
        # A handful, which may miss by chance.
        {"users": users(6), "orders": orders(["x1", "x2", "x3"])},
    ],
)  # fmt: skip
def test_what_is_usual_is_no_fault(workspace: Make, tables: dict[str, pd.DataFrame]) -> None:
    rules = {i.rule for report in check(workspace(tables)) for i in report.issues}
    assert not rules & {"ids_apart", "ids_hardly_meet"}


def test_nobody_assigned_has_ordered_warns_only(workspace: Make) -> None:
    assigned = pd.DataFrame(
        {"experiment_id": "e", "variant": "a", "user_id": [f"u{i}" for i in range(20)]}
    )
    buyers = orders([f"u{i}" for i in range(20, 40)])
    made = workspace({"users": users(), "orders": buyers, "assignments": assigned})
    assert found(made, "ids_apart")["assignments"].level == "warn"


def test_a_large_table_is_sampled_and_then_counted(
    workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "LARGE", 100)
    monkeypatch.setattr(shared_ids, "_ENOUGH", 5)
    own = [f"u{i}" for i in range(3000)]
    sound = workspace({"users": users(3000), "orders": orders(own)})
    assert not found(sound, "ids_apart") and not found(sound, "ids_hardly_meet")
    other = workspace({"users": users(3000), "orders": orders([f"x{i}" for i in range(3000)])})
    assert "3,000 different" in said(found(other, "ids_apart")["orders"])[0]


def test_a_table_that_comes_later_meets_those_before(workspace: Make) -> None:
    made = workspace({"users": users(), "orders": orders([f"x{i}" for i in range(40)])})
    before = check(made, ["users"])
    (later,) = check(made, ["orders"], before)
    assert later.level == "block"


# -- currencies --------------------------------------------------------------------------


def test_two_currencies_block_and_another_one_warns(workspace: Make) -> None:
    ids = [f"u{i}" for i in range(30)]
    mixed = workspace({"orders": orders(ids, Currency_Code=["CNY"] * 20 + ["JPY"] * 10)})
    issue = found(mixed, "currencies")["orders"]
    assert (issue.level, issue.count) == ("block", 10)
    assert all("JPY" in text for text in said(issue))
    foreign = workspace({"orders": orders(ids, 币种="USD")})
    assert found(foreign, "currency")["orders"].level == "warn"


@pytest.mark.parametrize("code", ["CNY", "cny ", "RMB", None, "?"])
def test_the_workspaces_currency_is_no_news(workspace: Make, code: str | None) -> None:
    made = workspace({"orders": orders([f"u{i}" for i in range(30)], currency=code)})
    assert not found(made, "currencies") and not found(made, "currency")


# -- repeated rows -----------------------------------------------------------------------


def answers(n: int, twice: int) -> pd.DataFrame:
    at = pd.date_range("2026-10-01 08:00", periods=n, freq="h")
    frame = pd.DataFrame({"responded_at": at, "kind": "nps", "score": [i % 11 for i in range(n)]})
    return pd.concat([frame, frame.head(twice)], ignore_index=True)


@pytest.mark.parametrize(("twice", "level"), [(0, None), (1, "note"), (60, "warn")])
def test_repeated_rows_without_a_key(workspace: Make, twice: int, level: str | None) -> None:
    issue = found(workspace({"surveys": answers(300, twice)}), "repeated_rows").get("surveys")
    assert (issue.level if issue else None, issue.count if issue else 0) == (level, twice)


def test_days_without_hours_repeat_by_nature(workspace: Make) -> None:
    frame = events(["a", "b"] * 60).assign(event_at=pd.Timestamp("2026-08-01"))
    assert found(workspace({"events": frame}), "repeated_rows")["events"].level == "note"


def test_many_rows_are_estimated_in_the_one_scan(
    workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsnb.analysis.tables.repeats._COUNTED", 100)
    frame = events([f"u{i}" for i in range(20_000)])
    made = workspace({"events": pd.concat([frame, frame], ignore_index=True)})
    issue = found(made, "repeated_rows")["events"]
    assert issue.count == pytest.approx(20_000, rel=0.15) and said(issue)[0].startswith("About")


def test_users_in_two_variants_are_counted_by_experiment(workspace: Make) -> None:
    rows = [
        ("e", "u1", "a"),
        ("e", "u1", "b"),
        ("e", "u2", "a"),
        ("f", "u1", "a"),
        ("f", "u1", "a"),
    ]
    frame = pd.DataFrame(rows, columns=["experiment_id", "user_id", "variant"])
    issue = found(workspace({"assignments": frame}), "two_variants")["assignments"]
    assert issue.count == 1 and "e 1" in said(issue)[0] and "f" not in said(issue)[0].split(":")[1]


# -- words for nothing, blanks -----------------------------------------------------------


@pytest.mark.parametrize("word", ["NULL", "\\N", "N/A", "nan", "-", "无"])
def test_words_for_nothing_as_ids(workspace: Make, word: str) -> None:
    made = workspace({"orders": orders([f"u{i}" for i in range(30)] + [word] * 10)})
    issue = found(made, "null_words")["orders"]
    assert (issue.level, issue.column, issue.count) == ("warn", "user_id", 10)
    assert all(word in text for text in said(issue))
    assert found(made, "empty")["orders"].count == 10


def test_people_may_be_called_null(workspace: Make) -> None:
    made = workspace({"orders": orders(["Null", "Nadia", "n1", "None-1", "空空"] * 6)})
    assert not found(made, "null_words") and not found(made, "empty")


def test_blanks_around_ids_tell_nobody_apart(workspace: Make) -> None:
    made = workspace({"orders": orders(["u1", "u1 ", " u1", "u 1"] * 5)})
    assert open_table(made, "orders").expr.user_id.nunique().execute() == 2


# -- falls -------------------------------------------------------------------------------


def by_day(counts: dict[str, int]) -> pd.DataFrame:
    days = [day for day, n in counts.items() for _ in range(n)]
    return events([f"u{i}" for i in range(len(days))]).assign(
        event_at=[pd.Timestamp(day) + pd.Timedelta(minutes=i % 900) for i, day in enumerate(days)]
    )


def daily(start: str, end: str, n: int) -> dict[str, int]:
    return {f"{day:%Y-%m-%d}": n for day in pd.date_range(start, end)}


@pytest.mark.parametrize(
    ("counts", "fallen"),
    [
        (daily("2026-08-01", "2026-11-14", 10), False),
        (daily("2026-08-01", "2026-10-31", 20) | daily("2026-11-01", "2026-11-14", 1), True),
        (daily("2026-08-01", "2026-09-30", 10) | {"2026-10-15": 1}, True),
        # Less, but no collapse; and too little before it to call it one.
        (daily("2026-08-01", "2026-10-31", 20) | daily("2026-11-01", "2026-11-14", 4), False),
        (daily("2026-10-20", "2026-10-31", 20) | daily("2026-11-01", "2026-11-14", 1), False),
        (daily("2026-11-14", "2026-11-14", 5), False),
    ],
)
def test_rows_that_collapse_at_the_end(
    workspace: Make, counts: dict[str, int], fallen: bool
) -> None:
    issues = found(workspace({"events": by_day(counts)}), "collapse")
    assert bool(issues) == fallen
    if fallen:
        assert all("2026" in text for text in said(issues["events"]))


def test_a_stretch_is_held_against_the_median_of_those_before() -> None:
    assert row_level.collapsed(9, [100, 100, 1000]) == row_level.Collapse(9, 100)
    assert row_level.collapsed(10, [100, 100, 1000]) is None
    assert row_level.collapsed(0, [100]) is None, "without any rows it is a gap"
    assert row_level.collapsed(1, [20, 20]) is None


# -- refunds as rows ---------------------------------------------------------------------

Measure = Callable[..., Meter]


def ledger(refunds: int, **more: object) -> pd.DataFrame:
    """100 orders of 30 in October, and some of them given back by rows of their own."""
    sold = orders([f"u{i}" for i in range(100)], ordered_at=pd.Timestamp("2026-10-05 10:00"))
    sold["amount"] = 30.0
    back = sold.head(refunds).assign(
        order_id=[f"r{i}" for i in range(refunds)],
        ordered_at=pd.Timestamp("2026-10-20 10:00"), amount=-30.0,
    ).assign(**more)  # fmt: skip
    return pd.concat([sold, back], ignore_index=True)


REFUNDED = {
    "gmv_gross": 3000.0, "gmv_net": 2700.0, "kept_share": 0.9, "refund_rate": 0.1, "orders": 100.0,
    "buyers": 100.0, "aov": 27.0, "gross_order_value": 30.0,
}  # fmt: skip


@pytest.mark.parametrize(
    "frame",
    [
        ledger(10),
        ledger(10, status="refunded"),
        ledger(10).drop(columns="status"),
        ledger(10, order_id=[f"o{i}" for i in range(10)]),
    ],
    ids=["paid", "refunded", "without status", "id of the order"],
)
def test_refunds_as_rows_are_alike_to_all_metrics(meter: Measure, frame: pd.DataFrame) -> None:
    made = meter({"orders": frame})
    assert {name: made.value(name, OCT).value for name in REFUNDED} == pytest.approx(REFUNDED)
    report = made.rows.table("orders").report
    issue = next(i for i in report.issues if i.rule == "negative_amount")
    assert issue.count == 10 and report.level == "warn"


def test_refunds_by_status_are_what_they_were(meter: Measure) -> None:
    frame = ledger(0)
    frame.loc[:9, "status"] = "refunded"
    made = meter({"orders": frame})
    assert {name: made.value(name, OCT).value for name in REFUNDED} == pytest.approx(REFUNDED)


def test_refunds_in_both_ways_are_said(meter: Measure) -> None:
    """A row of the status refunded beside orders of that status repeats what the status says."""
    frame = ledger(10, status="refunded")
    frame.loc[:9, "status"] = "refunded"
    made = meter({"orders": frame})
    assert {name: made.value(name, OCT).value for name in REFUNDED} == pytest.approx(REFUNDED)
    assert "refunds_twice" in {i.rule for i in made.rows.table("orders").report.issues}


def lines(**more: object) -> pd.DataFrame:
    """50 orders of two lines, the first five of which are given back by orders of their own."""
    ids = [f"o{i // 2}" for i in range(100)] + [f"c{i // 2}" for i in range(10)]
    frame = orders([f"u{i // 2}" for i in range(100)] + [f"u{i // 2}" for i in range(10)])
    at = pd.date_range("2026-10-05 10:00", periods=110, freq="min")
    return frame.assign(
        order_id=ids, ordered_at=at, amount=[15.0] * 100 + [-15.0] * 10
    ).assign(**more)  # fmt: skip


def test_lines_that_give_an_order_back(meter: Measure) -> None:
    made = meter({"orders": lines().drop(columns="status")}, grain="line")
    values = {name: made.value(name, OCT).value for name in REFUNDED}
    assert values == pytest.approx(
        {"gmv_gross": 1500, "gmv_net": 1350, "kept_share": 0.9, "refund_rate": 0.1, "orders": 50,
         "buyers": 50, "aov": 27, "gross_order_value": 30}
    )  # fmt: skip


def test_discounts_among_lines_leave_the_three_out(meter: Measure) -> None:
    frame = lines(amount=[15.0, -3.0] * 55)
    made = meter({"orders": frame}, grain="line")
    assert made.absent("refund_rate") == made.absent("kept_share") == "orders.refunds"
    assert made.value("gmv_net", OCT).value == pytest.approx(12 * 55)
    issue = next(i for i in made.rows.table("orders").report.issues if i.rule == "untold_lines")
    assert all(text for text in said(issue))
    frame.loc[0, "status"] = "refunded"  # a status that is used tells them apart
    assert meter({"orders": frame}, grain="line").absent("refund_rate") is None


def test_a_status_that_nobody_fills_tells_nothing(meter: Measure) -> None:
    frame = ledger(0, status=None)
    frame["status"] = pd.Series([None] * len(frame), dtype="string")
    assert meter({"orders": frame}).absent("kept_share") == "orders.refunds"


def test_opened_tables_know_their_days(workspace: Make) -> None:
    made = workspace({"events": by_day(daily("2026-11-01", "2026-11-03", 2))})
    days = open_table(made, "events").days
    assert {day: one.rows for day, one in days.items()} == {
        dt.date(2026, 11, n): 2 for n in (1, 2, 3)
    }
