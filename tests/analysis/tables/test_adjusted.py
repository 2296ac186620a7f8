"""Aliases, exclusions, rates and SLA flags: applied once, where a table is opened, and counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import duckdb
import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.assignments import assigned_users
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.metrics.tickets import ticket_times
from opsnb.analysis.tables import Issue, check, open_table
from opsnb.base.errors import TableError, WorkspaceError
from opsnb.base.messages import Language
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

Make = Callable[..., Workspace]
OCT = parse("2026-10")
DAY = pd.Timestamp("2026-10-05 10:00")


def orders(**columns: object) -> pd.DataFrame:
    n = max(len(one) for one in columns.values() if isinstance(one, list))
    base = {
        "order_id": [f"o{i}" for i in range(n)],
        "user_id": [f"u{i}" for i in range(n)],
        "ordered_at": DAY,
        "amount": 10.0,
    }
    return pd.DataFrame({**base, **columns}, index=range(n))


def users(ids: list[str], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"user_id": ids, "registered_at": DAY, **more})


def aliases(**pairs: str) -> pd.DataFrame:
    return pd.DataFrame({"alias": list(pairs), "user_id": list(pairs.values())})


def issues(made: Workspace, name: str) -> dict[str, Issue]:
    (report,) = check(made, [name])
    return {one.rule: one for one in report.issues if one.rule != "old"}


def said(issue: Issue) -> str:
    assert Language("zh").say(issue.message)
    return Language("en").say(issue.message)


def ids(made: Workspace, name: str, column: str = "user_id") -> list[str]:
    return sorted(open_table(made, name).expr[column].execute().dropna())


def value(made: Workspace, metric: str) -> float | None:
    meter = Meter(Rows(made), load_catalogue(made.metrics))
    return meter.measure(metric, [OCT])[0].value


# -- aliases -----------------------------------------------------------------------------


def simulated() -> pd.DataFrame:
    """As GA4 exports it: 500 cookies of 500 people, 389 with a login, 697 of 2,189 events
    without one; 88 people were seen both with and without."""
    unknown = [*range(88), *range(389, 500)]
    who = [unknown[n % len(unknown)] for n in range(697)] + [n % 389 for n in range(2189 - 697)]
    return pd.DataFrame(
        {
            "cookie": [f"c{n}" for n in who],
            "login": [None] * 697 + [f"u{n}" for n in who[697:]],
            "event_at": DAY + pd.to_timedelta(np.arange(2189), "min"),
            "event": "visit",
        }
    )


def test_cookies_are_stitched_to_people(workspace: Make) -> None:
    frame = simulated()
    frame["user_id"] = frame["login"].fillna(frame["cookie"])
    assert value(workspace({"events": frame}), "active_users") == 588
    known = frame.dropna(subset="login").groupby("cookie", as_index=False)["login"].max()
    pairs = known.rename(columns={"cookie": "alias", "login": "user_id"})
    made = workspace({"events": frame, "aliases": pairs})
    assert value(made, "active_users") == 500
    issue = issues(made, "events")["ids_mapped"]
    assert (issue.level, issue.count) == ("note", 88)
    assert "88 of 588 different ids" in said(issue) and "88 people" in said(issue)


def test_chains_are_followed_and_circles_left(workspace: Make) -> None:
    chain = {f"n{i}": f"n{i + 1}" for i in range(9)}
    frame = aliases(**chain, a="b", b="c", c="a", into="a", u1="u1")
    made = workspace({"aliases": frame, "orders": orders(
        user_id=["n0", "n4", "n9", "a", "b", "into", "u1"])})  # fmt: skip
    assert ids(made, "orders") == ["a", "b", "into", "n9", "n9", "n9", "u1"]
    found = issues(made, "aliases")
    assert (found["alias_in_circle"].level, found["alias_in_circle"].count) == ("warn", 4)
    assert {row["alias"] for row in found["alias_in_circle"].sample} == {"a", "b", "c", "into"}
    assert "circle" in said(found["alias_in_circle"])


def test_an_alias_of_several_people_stays_apart(workspace: Make) -> None:
    frame = pd.DataFrame(
        {
            "alias": ["t", "t", "one", "m", "m", "old"],
            "user_id": ["u1", "u2", "u1", "u1", "old", "u1"],  # m: both are u1 in the end
        }
    )
    made = workspace({"aliases": frame, "orders": orders(user_id=["t", "one", "m", "old", "u2"])})
    assert ids(made, "orders") == ["t", "u1", "u1", "u1", "u2"]
    issue = issues(made, "aliases")["alias_of_several"]
    assert (issue.level, issue.count) == ("warn", 1)
    assert [row["user_id"] for row in issue.sample] == ["u1", "u2"]


def test_merged_accounts_are_one_user(workspace: Make) -> None:
    frame = users(["u1", "old", "c1", "c2"], channel=["web", "app", "a", "b"])
    frame["registered_at"] = [DAY, DAY - pd.Timedelta("9D"), DAY, DAY - pd.Timedelta("1D")]
    frame["invited_by"] = [None, "c1", None, "old"]
    made = workspace({"users": frame, "aliases": aliases(old="u1", c1="p", c2="p")})
    table = open_table(made, "users")
    kept = table.expr.select("user_id", "channel", "invited_by").execute()
    assert sorted(map(tuple, kept.fillna("").to_numpy())) == [("p", "b", "u1"), ("u1", "web", "")]
    assert issues(made, "users")["accounts_merged"].count == 2
    assert "repeated_key" not in issues(made, "users"), "merged is no contradiction"
    assert value(made, "new_users") == 2


def test_own_repeats_of_outcomes_are_told_from_merged_ones(workspace: Make) -> None:
    frame = pd.DataFrame(
        {"user_id": ["c1", "c2", "c3", "c3"], "experiment_id": "e", "spent": [5.0, 5.0, 1.0, 2.0]}
    )
    made = workspace({"outcomes": frame, "aliases": aliases(c1="p", c2="p")})
    assert issues(made, "outcomes")["repeated_key"].count == 1
    assert len(ids(made, "outcomes")) == 4, "two cookies' equal rows both count"


def test_people_in_two_arms_after_merging_are_left_out(workspace: Make) -> None:
    frame = pd.DataFrame(
        {
            "experiment_id": "e",
            "user_id": ["c1", "c2", "c3", "c4", "x", "y"],
            "variant": ["control", "treatment", "control", "control", "control", "treatment"],
        }
    )
    pairs = aliases(c1="p", c2="p", c3="q", c4="q")
    alone = assigned_users(Rows(workspace({"assignments": frame})), "e")
    assert (alone.counts, alone.several) == ({"control": 4, "treatment": 2}, 0)
    made = workspace({"assignments": frame, "aliases": pairs})
    assigned = assigned_users(Rows(made), "e")
    assert (assigned.counts, assigned.several) == ({"control": 2, "treatment": 1}, 1)
    assert issues(made, "assignments")["two_variants"].count == 1


# -- exclusions --------------------------------------------------------------------------

STAFF = "[exclude]\nusers = \"email like '%@our-shop.com'\"\n"


def shop(**more: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    n = 100
    own = [f"u{i}" for i in range(n)]
    mail = [f"{i}@x.com" for i in range(n - 2)] + ["li@our-shop.com", None]
    at = pd.date_range("2026-10-01 09:00", periods=n, freq="1h")
    return {
        "users": users(own, email=mail),
        "orders": orders(user_id=own, ordered_at=list(at)),
        "events": pd.DataFrame({"user_id": own, "event_at": at, "event": "visit"}),
        **more,
    }


def test_staff_are_left_out_of_every_table(workspace: Make) -> None:
    made = workspace(shop(), more=STAFF)
    for name in ("users", "orders", "events"):
        assert len(ids(made, name)) == 99 and "u98" not in ids(made, name), name
        issue = issues(made, name)["left_out_people"]
        assert (issue.level, issue.count) == ("note", 1)
        assert "1 of 100 rows (1.00%)" in said(issue)
    assert value(made, "gmv_net") == 990
    assert value(workspace(shop()), "gmv_net") == 1000


def test_marks_leave_out_people_or_rows(workspace: Make) -> None:
    frames = dict(shop())
    marks = [None] * 98 + ["yes", "否"]
    frames["users"] = frames["users"].assign(is_test=marks)
    frames["orders"] = frames["orders"].assign(is_test=[True] + [False] * 99)
    made = workspace(frames)
    assert {"u0", "u98"}.isdisjoint(ids(made, "orders")) and len(ids(made, "orders")) == 98
    assert len(ids(made, "events")) == 99, "the mark of a row is its own"
    found = issues(made, "orders")
    assert {rule: one.count for rule, one in found.items() if rule.startswith("left_out")} == {
        "left_out_test": 1, "left_out_people": 1,
    }  # fmt: skip


def test_an_alias_of_staff_is_staff(workspace: Make) -> None:
    frames = dict(shop(aliases=aliases(u5="u98")))
    made = workspace(frames, more=STAFF)
    assert {"u5", "u98"}.isdisjoint(ids(made, "orders")) and len(ids(made, "users")) == 98


def test_more_than_staff_can_be_is_warned_of(workspace: Make) -> None:
    made = workspace(shop(), more=STAFF.replace("our-shop", "x"))
    issue = issues(made, "orders")["left_out_people"]
    assert (issue.level, issue.count) == ("warn", 98)
    assert "hardly all" in said(issue)


def with_where(made: Workspace, name: str, where: str) -> Workspace:
    file = made.root / "opsnb.toml"
    text = file.read_text(encoding="utf-8")
    head = f"[tables.{name}]\n"
    file.write_text(text.replace(head, f"{head}where = {where!r}\n"), encoding="utf-8")
    return Workspace.load(made.root)


def test_where_says_which_rows_are_the_tables_own(workspace: Make) -> None:
    frame = orders(amount=[10.0, 20.0, 30.0], state=["done", "waiting", None])
    made = with_where(workspace({"orders": frame}), "orders", "state <> 'waiting'")
    assert value(made, "gmv_net") == 10
    issue = issues(made, "orders")["left_out_where"]
    assert (issue.level, issue.count) == ("warn", 2)
    assert "for 1 of them it says neither yes nor no" in said(issue)
    sound = with_where(
        workspace({"orders": frame}), "orders", "state is null or state <> 'waiting'"
    )
    assert value(sound, "gmv_net") == 40
    assert issues(sound, "orders")["left_out_where"].level == "note"


def test_conditions_that_cannot_be_read_are_named(workspace: Make) -> None:
    made = with_where(workspace({"orders": orders(amount=[1.0])}), "orders", "stat = 1")
    with pytest.raises(TableError, match=r"tables\.orders\.where.*order_id, user_id"):
        open_table(made, "orders")
    with pytest.raises(TableError, match=r"exclude\.users"):
        open_table(workspace(shop(), more=STAFF.replace("email", "mail_")), "orders")
    with pytest.raises(WorkspaceError, match="not mapped"):
        workspace({"orders": orders(amount=[1.0])}, more=STAFF)


# -- rates -------------------------------------------------------------------------------


def rates(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "currency", "rate"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def test_amounts_are_converted_as_sql_does_by_hand(workspace: Make) -> None:
    draw = np.random.default_rng(3)
    n = 400
    book = orders(
        amount=list(draw.integers(1, 900, n) / 10),
        cost=draw.integers(1, 300, n) / 10,
        ordered_at=pd.Timestamp("2026-10-01") + pd.to_timedelta(draw.integers(0, 30 * 24, n), "h"),
        currency=draw.choice(["CNY", "USD", " eur ", "RMB"], n),
    )
    book["refund_amount"] = np.where(draw.random(n) < 0.3, (book["amount"] / 3).round(2), 0.0)
    days = pd.date_range("2026-09-28", "2026-10-31").strftime("%Y-%m-%d")
    table = rates(
        *((d, c, float(draw.uniform(6, 8))) for d in days[draw.random(len(days)) < 0.8]
          for c in ("USD", "EUR")),
        ("2026-09-20", "USD", 7.0), ("2026-09-20", "EUR", 7.7),
    )  # fmt: skip
    with duckdb.connect() as hand:
        hand.register("book", book)
        hand.register("rates", table)
        expected = hand.execute("""
            SELECT sum((amount - refund_amount) * rate), sum(amount * rate),
                   sum(((amount - cost) * (1 - refund_amount / amount)) * rate)
            FROM (SELECT *, CASE WHEN upper(trim(currency)) IN ('CNY', 'RMB') THEN 1 ELSE
                  (SELECT r.rate FROM rates r WHERE r.currency = upper(trim(b.currency))
                   AND r.date <= CAST(b.ordered_at AS DATE) ORDER BY r.date DESC LIMIT 1)
                  END AS rate FROM book b)
        """).fetchone()
    made = workspace({"orders": book, "rates": table})
    found = tuple(value(made, name) for name in ("gmv_net", "gmv_gross", "gross_profit"))
    assert found == pytest.approx(expected, rel=1e-12)
    issue = issues(made, "orders")["converted"]
    assert issue.level == "note" and "currencies" not in issues(made, "orders")
    assert "USD" in said(issue) and "here.rates" in said(issue)
    assert "amount, cost, refund_amount" in said(issue)


def test_costs_of_campaigns_are_converted(workspace: Make) -> None:
    spend = pd.DataFrame(
        {"campaign_id": "c", "date": [dt.date(2026, 10, 3)] * 2, "channel": "x", "kind": "media",
         "amount": [100.0, 10.0], "currency": ["CNY", "USD"]}
    )  # fmt: skip
    made = workspace({"spend": spend, "rates": rates(("2026-10-02", "USD", 7.0))})
    assert value(made, "spend") == pytest.approx(170)


def test_a_missing_rate_blocks_and_is_never_one(workspace: Make) -> None:
    frame = orders(amount=[100.0, 10.0, 10.0], currency=["CNY", "USD", "KRW"])
    made = workspace({"orders": frame, "rates": rates(("2026-10-06", "USD", 7.0))})
    issue = issues(made, "orders")["unpriced"]
    assert (issue.level, issue.count, issue.column) == ("block", 2, "amount")
    assert "KRW 1 rows" in said(issue) and "5 Oct 2026" in said(issue)
    assert "empty_out" not in issues(made, "orders")
    assert open_table(made, "orders").expr.amount.sum().execute() == 100
    # Rows that are left out need no rate.
    left = with_where(made, "orders", "currency = 'CNY'")
    assert "unpriced" not in issues(left, "orders") and value(left, "gmv_net") == 100


def test_an_empty_currency_beside_others_blocks(workspace: Make) -> None:
    table = rates(("2026-10-01", "USD", 7.0))
    frame = orders(amount=[100.0, 10.0], currency=["USD", None])
    issue = issues(workspace({"orders": frame, "rates": table}), "orders")["no_currency"]
    assert (issue.level, issue.count) == ("block", 1)
    own = orders(amount=[100.0, 10.0], currency=["CNY", None])
    made = workspace({"orders": own, "rates": table})
    assert not issues(made, "orders").keys() & {"no_currency", "unpriced", "converted"}
    assert value(made, "gmv_net") == 110


def test_old_and_contradicting_rates_are_named(workspace: Make) -> None:
    frame = orders(amount=[10.0], currency=["USD"])
    made = workspace({"orders": frame, "rates": rates(("2026-09-01", "USD", 7.0))})
    assert issues(made, "orders")["old_rate"].level == "warn"
    assert value(made, "gmv_net") == 70
    twice = rates(("2026-10-01", "USD", 7.0), ("2026-10-01", "USD", 0.14))
    made = workspace({"orders": frame, "rates": twice})
    assert issues(made, "orders")["unpriced"].level == "block"
    assert issues(made, "rates")["repeated_key"].level == "block"
    assert said(issues(workspace({"rates": rates(("2026-10-01", "USD", 0.0))}), "rates")[
        "rate_not_positive"])  # fmt: skip


def test_without_rates_several_currencies_block_as_ever(workspace: Make) -> None:
    made = workspace({"orders": orders(amount=[10.0, 10.0], currency=["USD", "CNY"])})
    assert issues(made, "orders")["currencies"].level == "block"


# -- SLA flags ---------------------------------------------------------------------------


def tickets(**more: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticket_id": ["t1", "t2", "t3", "t4"],
            "opened_at": DAY,
            "resolved_at": [DAY + pd.Timedelta("1h"), DAY + pd.Timedelta("9h"), pd.NaT, pd.NaT],
            "due_at": DAY + pd.Timedelta("4h"),
            **more,
        }
    )


@pytest.mark.parametrize(
    "flags",
    [["是", "否", "否", None], ["Yes", "no", "0", ""], [1, 0, 0, None], [True, False, False, None]],
)
def test_a_flag_says_what_was_on_time(workspace: Make, flags: list[object]) -> None:
    made = workspace({"tickets": tickets(on_time=pd.Series(flags))})
    assert value(made, "tickets_on_time") == pytest.approx(1 / 3)
    (found,) = ticket_times(Rows(made), OCT.start, OCT.end)
    assert (found.on_time, found.judged) == (1, 3)
    issue = issues(made, "tickets")["sla_by_flag"]
    assert (issue.level, issue.count) == ("note", 0)


def test_a_flag_wins_over_times_and_needs_none(workspace: Make) -> None:
    frame = tickets(on_time=[True, True, None, None])
    made = workspace({"tickets": frame})
    assert value(made, "tickets_on_time") == 1.0
    issue = issues(made, "tickets")["sla_by_flag"]
    assert issue.count == 1 and "1 of them would be judged differently" in said(issue)
    alone = workspace({"tickets": frame.drop(columns=["due_at", "resolved_at"])})
    assert value(alone, "tickets_on_time") == 1.0


def test_without_a_flag_times_say_it(workspace: Make) -> None:
    for frame in (tickets(), tickets(on_time=pd.Series([None] * 4, dtype="string"))):
        made = workspace({"tickets": frame})
        assert value(made, "tickets_on_time") == pytest.approx(1 / 4)
        (found,) = ticket_times(Rows(made), OCT.start, OCT.end)
        assert (found.on_time, found.judged) == (1, 4)
        assert "sla_by_flag" not in issues(made, "tickets")


def test_a_flag_that_is_none_is_counted(workspace: Make) -> None:
    made = workspace({"tickets": tickets(on_time=["yes", "maybe", None, "no"])})
    assert issues(made, "tickets")["misfit"].count == 1


# -- and where nothing is asked for ------------------------------------------------------


def test_a_workspace_that_asks_for_nothing_opens_nothing_more(workspace: Make) -> None:
    made = workspace(shop())
    table = open_table(made, "orders")
    assert (table.merged, table.converted, table.excluded) == (None, None, None)
    assert made.reads.tables == {"orders"}
    assert not issues(made, "orders").keys() & {"ids_mapped", "left_out_people", "converted"}
