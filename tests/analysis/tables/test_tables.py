"""Tables by contract: types, local times, quarantine, the data gate."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest

from opsnb.analysis.tables import CONTRACTS, Table, TableReport, check, open_table
from opsnb.analysis.tables.casts import cast
from opsnb.base.errors import ContractError, SourceError, TableError
from opsnb.base.messages import Language
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

HEAD = """
[workspace]
name = "Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-01
[sources.shop]
url = "duckdb://shop.duckdb"
"""
ORDER = {
    "order_id": "'o1'",
    "user_id": "'u1'",
    "ordered_at": "TIMESTAMP '2026-10-01 10:00:00'",
    "amount": "10.0",
}

Make = Callable[..., Workspace]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A workspace whose tables are the given queries, stored in a DuckDB file."""

    number = itertools.count()

    def made(more: str = "", **queries: str) -> Workspace:
        file = f"shop{next(number)}.duckdb"
        with duckdb.connect(str(tmp_path / file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, query in queries.items():
                connection.execute(f"CREATE TABLE {name} AS {query}")
        tables = "".join(f'[tables.{n}]\nsource = "shop"\ntable = "{n}"\n' for n in queries)
        (tmp_path / "opsnb.toml").write_text(
            HEAD.replace("shop.duckdb", file) + tables + more, encoding="utf-8"
        )
        return Workspace.load(tmp_path)

    return made


def select(*rows: dict[str, str]) -> str:
    """A query of rows; each is ORDER with some expressions changed."""
    merged = [{**ORDER, **row} for row in rows]
    return " UNION ALL ".join(
        "SELECT " + ", ".join(f"{value} AS {name}" for name, value in row.items()) for row in merged
    )


def rows(table: Table) -> list[dict[str, Any]]:
    return table.expr.to_pyarrow().to_pylist()


def issues(report: TableReport) -> dict[tuple[str, str | None], tuple[str, int]]:
    return {(i.rule, i.column): (i.level, i.count) for i in report.issues if i.rule != "old"}


def said(report: TableReport, code: str = "en") -> list[str]:
    return [Language(code).say(issue.message) for issue in report.issues]


# -- the contract ------------------------------------------------------------------------


def test_rules_and_types_have_their_words() -> None:
    for code in ("en", "zh"):
        language = Language(code)
        for contract in CONTRACTS.values():
            for rule in contract.rules:
                assert language.has(f"data.rule.{rule.id}")
            for column in contract.columns:
                assert language.has(f"data.type.{column.type}")


# -- types -------------------------------------------------------------------------------


def test_canonical_types_and_local_dates(make: Make) -> None:
    workspace = make(
        orders=select(
            {
                "order_id": "17",
                "user_id": "17850.0::double",
                "ordered_at": "TIMESTAMPTZ '2026-09-30 16:30:00+00'",
                "amount": "12::decimal(9,2)",
                "refunded_at": "DATE '2026-10-02'",
                "status": "' Refunded '",
                "vip": "true",
                "seen_at": "TIMESTAMPTZ '2026-10-01 00:00:00+00'",
                "rate": "'nan'::double",
            }
        )
    )
    table = open_table(workspace, "orders")
    assert {name: str(kind) for name, kind in table.expr.schema().items()} == {
        "order_id": "string",
        "user_id": "string",
        "ordered_at": "timestamp",
        "amount": "float64",
        "refunded_at": "timestamp",
        "status": "string",
        "vip": "boolean",
        "seen_at": "timestamp",
        "rate": "float64",
        "order_date": "date",
        "refund_date": "date",
    }
    assert rows(table) == [
        {
            "order_id": "17",
            "user_id": "17850",
            "ordered_at": dt.datetime(2026, 10, 1, 0, 30),
            "amount": 12.0,
            "refunded_at": dt.datetime(2026, 10, 2),
            "status": "refunded",
            "vip": True,
            "seen_at": dt.datetime(2026, 10, 1, 8),
            "rate": None,
            "order_date": dt.date(2026, 10, 1),
            "refund_date": dt.date(2026, 10, 2),
        }
    ]
    assert table.columns == list(table.expr.columns)
    assert table.has("status", "vip") and not table.has("cost")


@pytest.mark.parametrize(
    ("value", "local"),
    [
        ("'2026-10-01 10:00:00'", "2026-10-01 10:00"),
        ("' 2026-10-01T10:00:00 '", "2026-10-01 10:00"),
        ("'2026-10-01'", "2026-10-01 00:00"),
        ("'2026-10-01T10:00:00Z'", "2026-10-01 18:00"),
        ("'2026-10-01 10:00:00.5-05:00'", "2026-10-01 23:00"),
        ("DATE '2026-10-01'", "2026-10-01 00:00"),
        ("TIMESTAMP '2026-10-01 10:00:00'", "2026-10-01 10:00"),
        ("TIMESTAMPTZ '2026-10-01 10:00:00+01'", "2026-10-01 17:00"),
    ],
)
def test_times_are_read_in_the_zone(make: Make, value: str, local: str) -> None:
    table = open_table(make(orders=select({"ordered_at": value})), "orders")
    assert f"{rows(table)[0]['ordered_at']:%Y-%m-%d %H:%M}" == local
    assert rows(table)[0]["order_date"].isoformat() == local[:10]


def test_clock_changes(make: Make, tmp_path: Path) -> None:
    query = select(
        {"order_id": "1", "ordered_at": "TIMESTAMPTZ '2026-11-01 05:30:00+00'"},
        {"order_id": "2", "ordered_at": "TIMESTAMPTZ '2026-11-01 06:30:00+00'"},
    )
    make(orders=query)
    file = tmp_path / "opsnb.toml"
    file.write_text(file.read_text().replace("Asia/Shanghai", "America/New_York"))
    found = rows(open_table(Workspace.load(tmp_path), "orders"))
    assert {row["ordered_at"] for row in found} == {dt.datetime(2026, 11, 1, 1, 30)}


@pytest.mark.parametrize("value", ["20261001", "'2026-10-01'", "TIMESTAMP '2026-10-01 23:00:00'"])
def test_dates(make: Make, value: str) -> None:
    query = f"SELECT 'a' AS unit, 'm' AS metric, 1 AS value, {value} AS date"
    assert rows(open_table(make(series=query), "series"))[0]["date"] == dt.date(2026, 10, 1)


def test_names_in_any_case_and_from_sql(make: Make, tmp_path: Path) -> None:
    make(raw="SELECT 1 AS ID, 'u' AS User_ID, '2026-10-01' AS ordered_at, 5 AS 金额")
    file = tmp_path / "opsnb.toml"
    file.write_text(
        HEAD.replace("shop.", "shop0.")
        + '[tables.orders]\nsource = "shop"\n'
        + "sql = 'select ID as Order_ID, User_ID, ordered_at, \"金额\" as amount from raw;'\n",
        encoding="utf-8",
    )
    table = open_table(Workspace.load(tmp_path), "orders")
    assert rows(table)[0]["order_id"] == "1"
    assert rows(table)[0]["user_id"] == "u"


def test_orders_without_status_count_as_paid(make: Make) -> None:
    table = open_table(make(orders=select({})), "orders")
    assert rows(table)[0]["status"] == "paid"
    assert "status" in table.columns and not table.has("status")
    assert table.report.issues[0].rule == "old", "an absent column is no issue"
    given = select({"status": "NULL"}, {"order_id": "2", "status": "'cancelled'"})
    table = open_table(make(orders=given), "orders")
    assert sorted(row["status"] for row in rows(table)) == ["cancelled", "paid"]
    assert issues(table.report) == {("default", "status"): ("note", 1)}


# -- the gate ----------------------------------------------------------------------------


def test_a_clean_table(make: Make) -> None:
    query = select({}, {"order_id": "'o2'", "ordered_at": "TIMESTAMP '2026-10-31 23:00:00'"})
    report = open_table(make(orders=query), "orders").report
    assert (report.rows, report.quarantined, report.level) == (2, 0, None)
    assert report.first == dt.datetime(2026, 10, 1, 10)
    assert report.last == dt.datetime(2026, 10, 31, 23)
    assert (report.age_days, report.total_amount) == (1, 20.0)
    assert report.covers(parse("2026-10")) and not report.covers(parse("2026-11"))
    assert report.provenance() == {
        "fingerprint": report.fingerprint,
        "rows": 2,
        "quarantined": 0,
        "from": "2026-10-01T10:00:00",
        "to": "2026-10-31T23:00:00",
    }


def test_bad_rows_are_left_out_and_counted(make: Make) -> None:
    good = [{"order_id": f"'g{n}'"} for n in range(60)]
    query = select(
        *({**row, "amount": "'10'", "ordered_at": "'2026-10-31'"} for row in good),
        {"order_id": "NULL", "amount": "'1'", "ordered_at": "'2026-10-31'"},
        {"order_id": "''", "amount": "'2'", "ordered_at": "'2026-10-31'"},
        {"order_id": "'x'", "amount": "'ten'", "ordered_at": "'31/10/2026'"},
    )
    table = open_table(make(orders=query), "orders")
    report = table.report
    assert (report.rows, report.quarantined) == (63, 3)
    assert len(rows(table)) == 60
    assert issues(report) == {
        ("empty_out", "order_id"): ("warn", 2),
        ("misfit_out", "ordered_at"): ("warn", 1),
        ("misfit_out", "amount"): ("warn", 1),
    }
    assert report.total_amount == 603.0, "the control total is over the whole table"
    misfit = next(issue for issue in report.issues if issue.column == "ordered_at")
    assert misfit.sample[0]["order_id"] == "x"
    assert "1 rows (1.59%) are left out: their ordered_at is no valid time" in said(report)
    assert "有 2 行（3.17%）缺少 order_id，未纳入分析" in said(report, "zh")


def test_much_left_out_blocks(make: Make) -> None:
    query = select({}, {"order_id": "'o2'", "amount": "NULL"})
    report = open_table(make(orders=query), "orders").report
    assert report.level == "block"
    assert report.issues[0].rule == "much_left_out"
    assert "1 rows (50.0%) are left out, more than 5.00%" in said(report)


def test_no_rows_block(make: Make) -> None:
    report = open_table(make(orders=select({}) + " LIMIT 0"), "orders").report
    assert issues(report) == {("no_rows", None): ("block", 0)}
    assert (report.rows, report.first, report.age_days) == (0, None, None)
    assert not report.covers(parse("2026-10"))


def test_counted_but_kept(make: Make) -> None:
    query = select(
        {"user_id": "NULL", "status": "'pending'", "cost": "'free'", "refunded_at": "NULL"},
        {"order_id": "'2'", "ordered_at": "TIMESTAMP '2026-11-02 00:00:00'", "amount": "-1",
         "status": "'refunded'", "cost": "'-2'", "refunded_at": "NULL"},
        {"order_id": "'3'", "status": "'paid'", "cost": "'1'",
         "refunded_at": "TIMESTAMP '2026-09-01 00:00:00'"},
    )  # fmt: skip
    table = open_table(make(orders=query), "orders")
    assert len(rows(table)) == 3
    assert issues(table.report) == {
        ("empty", "user_id"): ("warn", 1),
        ("unknown_value", "status"): ("warn", 1),
        ("misfit", "cost"): ("warn", 1),
        ("future", "ordered_at"): ("warn", 1),
        ("negative_amount", None): ("warn", 1),
        ("negative_cost", None): ("warn", 1),
        ("refund_without_date", None): ("warn", 1),
        ("date_without_refund", None): ("warn", 1),
        ("refunded_at_before_ordered_at", None): ("warn", 1),
    }
    assert table.report.nulls == {"user_id": 1, "cost": 1, "refunded_at": 2, "refund_date": 2}


def test_identical_rows_count_once(make: Make) -> None:
    table = open_table(make(orders=select({}, {}, {"order_id": "'o2'"})), "orders")
    assert len(rows(table)) == 2
    assert (table.report.rows, table.report.quarantined, table.report.identical) == (3, 1, 1)
    assert issues(table.report) == {("identical_rows", "order_id"): ("warn", 1)}


def test_different_rows_of_one_key_block(make: Make) -> None:
    table = open_table(make(orders=select({}, {}, {"amount": "11"})), "orders")
    assert issues(table.report) == {
        ("identical_rows", "order_id"): ("warn", 1),
        ("repeated_key", "order_id"): ("block", 1),
    }
    assert len(rows(table)) == 2, "none of the two is dropped"
    assert table.report.issues[0].sample == ({"order_id": "o1", "times": "3"},)


def test_lines_of_an_order_repeat_its_id(make: Make) -> None:
    more = 'grain = "line"\n'
    table = open_table(make(more, orders=select({}, {}, {"amount": "-5"})), "orders")
    assert issues(table.report) == {
        ("untold_lines", "amount"): ("warn", 1),
        ("repeated_rows", None): ("note", 1),
    }
    assert len(rows(table)) == 3
    assert table.contract.key == ()


def test_repeated_assignments_warn(make: Make) -> None:
    query = """SELECT 'e' AS experiment_id, * FROM (VALUES
        ('u1', 'a'), ('u1', 'b'), ('u2', 'a')) t(user_id, variant)"""
    report = open_table(make(assignments=query), "assignments").report
    assert issues(report) == {
        ("repeated_key", "experiment_id, user_id"): ("warn", 1),
        ("two_variants", "variant"): ("warn", 1),
    }
    assert report.first is None


def test_totals_without_dates(make: Make) -> None:
    query = (
        "SELECT 'c' AS campaign_id, NULL AS date, 'ads' AS channel, 'Media' AS kind, 5 AS amount"
    )
    table = open_table(make(spend=query), "spend")
    assert rows(table)[0]["date"] is None
    assert rows(table)[0]["kind"] == "media"
    assert issues(table.report) == {("empty", "date"): ("note", 1)}


CLEAN = {
    "users": "SELECT 'u' AS user_id, '2026-10-31' AS registered_at, 'v' AS invited_by",
    "events": "SELECT 'u' AS user_id, '2026-10-31' AS event_at, 'visit' AS event",
    "spend": "SELECT 'c' AS campaign_id, DATE '2026-10-31' AS date, 'ads' AS channel,"
    " 'media' AS kind, 5 AS amount, 9 AS impressions, 3 AS clicks, 1 AS conversions",
    "outcomes": "SELECT 'u' AS user_id, 1 AS games",
    "series": "SELECT DATE '2026-10-31' AS date, 'all' AS unit, 'm' AS metric, 1 AS value",
    "surveys": "SELECT '2026-10-31' AS responded_at, 'nps' AS kind, 9 AS score",
    "tickets": "SELECT 't' AS ticket_id, '2026-10-31 10:00' AS opened_at,"
    " '2026-10-31 11:00' AS first_response_at, '2026-10-31 12:00' AS resolved_at,"
    " '2026-11-05 12:00' AS due_at",
    "tasks": "SELECT 't' AS task_id, DATE '2026-12-01' AS due_on, NULL AS done_on",
}


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        ("users", "'v'", "'u'", "invited_by_self"),
        ("events", "'u'", "NULL", "empty"),
        ("spend", "5 AS", "-5 AS", "below"),
        ("spend", "'media'", "'bribe'", "unknown_value"),
        ("spend", "9 AS", "2 AS", "more_clicks_than_impressions"),
        ("spend", "1 AS", "7 AS", "more_conversions_than_clicks"),
        ("outcomes", "'u'", "NULL", "empty_out"),
        ("series", "1 AS", "NULL::double AS", "empty"),
        ("surveys", "9 AS", "11 AS", "nps_out_of_scale"),
        ("surveys", "'nps'", "'csat'", "csat_out_of_scale"),
        ("surveys", "'nps'", "'ces'", "unknown_value"),
        ("tickets", "11:00", "09:00", "first_response_at_before_opened_at"),
        ("tickets", "12:00' AS resolved", "08:00' AS resolved", "resolved_at_before_opened_at"),
        ("tickets", "2026-11-05", "2026-10-05", "due_at_before_opened_at"),
        ("tasks", "NULL AS", "DATE '2026-11-30' AS", "future"),
    ],
)
def test_each_rule_fires_and_is_silent_otherwise(
    make: Make, name: str, old: str, new: str, rule: str
) -> None:
    clean = open_table(make(**{name: CLEAN[name]}), name).report
    assert issues(clean) == {}
    broken = open_table(make(**{name: CLEAN[name].replace(old, new)}), name).report
    found = {key[0]: value for key, value in issues(broken).items()}
    assert found[rule][1] == 1
    assert all(said(broken)) and all(said(broken, "zh"))


def test_all_dates_are_added(make: Make) -> None:
    workspace = make(**CLEAN)
    for name, dates in {
        "users": ["registered_date"],
        "events": ["event_date"],
        "surveys": ["response_date"],
        "tickets": ["opened_date", "resolved_date"],
    }.items():
        table = open_table(workspace, name)
        for date in dates:
            assert rows(table)[0][date] == dt.date(2026, 10, 31)
    assert [report.table for report in check(workspace)] == list(CLEAN)
    assert [report.table for report in check(workspace, ["users"])] == ["users"]


def test_old_data_is_noted(make: Make) -> None:
    report = open_table(make(orders=select({})), "orders").report
    note = "The last row is of 1 Oct 2026, 31 days before the data was taken (1 Nov 2026)"
    assert said(report) == [note]
    assert report.level == "note"


def test_the_team_s_own_checks(make: Make) -> None:
    more = """
[[tables.orders.checks]]
id = "gifts"
where = "amount = 0 and order_date >= DATE '2026-10-01'"
level = "warn"
label = {en = "free gifts", zh = "赠品订单"}
[[tables.orders.checks]]
id = "large"
where = "amount > 1000"
level = "block"
"""
    table = open_table(make(more, orders=select({}, {"order_id": "'2'", "amount": "0"})), "orders")
    assert issues(table.report) == {("gifts", None): ("warn", 1)}
    assert "free gifts: 1 rows (50.0%)" in said(table.report)
    assert "赠品订单：1 行（50.0%）" in said(table.report, "zh")
    assert table.columns == [*ORDER, "status", "order_date"], "no trace of the checks"
    assert table.report.issues[0].sample[0]["order_id"] == "2"


def test_a_check_that_cannot_be_read(make: Make) -> None:
    checks = "".join(
        f'[[tables.orders.checks]]\nid = "{name}"\nwhere = "{where}"\n'
        for name, where in (("fine", "amount > 1"), ("odd", "amuont > 1"))
    )
    with pytest.raises(TableError) as error:
        check(make(checks, orders=select({})))
    assert "tables.orders.checks: odd: the condition cannot be read" in str(error.value)
    assert "where is DuckDB SQL over the columns order_id" in str(error.value)


def test_as_dict_is_plain(make: Make) -> None:
    import json

    report = open_table(make(orders=select({"user_id": "NULL", "vip": "1"})), "orders").report
    found = json.loads(json.dumps(report.as_dict(Language("zh")), ensure_ascii=False))
    assert found["table"] == "orders"
    assert found["level"] == "warn"
    assert found["extra_columns"] == ["vip"]
    assert found["issues"][0]["message"] == "有 1 行（100.0%）缺少 user_id"
    assert found["issues"][0]["sample"][0]["order_id"] == "o1"
    assert report.as_dict()["issues"][0]["message"] == "1 rows (100.0%) have no user_id"


def test_fingerprints_change_with_the_rows(make: Make) -> None:
    def print_of(*changes: dict[str, str]) -> str:
        return open_table(make(orders=select(*changes)), "orders").report.fingerprint

    two = print_of({}, {"order_id": "'2'", "amount": "20"})
    assert re.fullmatch("[0-9a-f]{16}", two)
    assert two == print_of({"order_id": "'2'", "amount": "20"}, {}), "the order of rows is nothing"
    assert two != print_of({"amount": "20"}, {"order_id": "'2'"}), "amounts changed hands"
    assert two != print_of({}, {"order_id": "'2'", "amount": "21"})
    assert two != print_of({})
    assert two != print_of({"vip": "1"}, {"order_id": "'2'", "amount": "20", "vip": "1"})


# -- what cannot be opened ---------------------------------------------------------------


def test_missing_columns_are_told_at_once(make: Make) -> None:
    workspace = make(orders="SELECT 1 AS orderid, 'u' AS customer, 3 AS amout")
    with pytest.raises(ContractError) as error:
        open_table(workspace, "orders")
    text = str(error.value)
    assert "tables.orders: lacks order_id, user_id, ordered_at, amount" in text
    assert 'order_id: did you mean "orderid"?' in text
    assert 'amount: did you mean "amout"?' in text
    assert "The table has: orderid, customer, amout" in text


def test_tables_that_are_not_there(make: Make) -> None:
    workspace = make(orders=select({}))
    with pytest.raises(TableError, match=r"users is not mapped. Fix: add \[tables.users\]"):
        open_table(workspace, "users")
    with pytest.raises(TableError, match=r'no table "oders"\. Fix: did you mean "orders"'):
        open_table(workspace, "oders")
    workspace = make('[tables.users]\nsource = "shop"\ntable = "usr"\n', orders=select({}))
    with pytest.raises(SourceError, match=r'tables.users: sources.shop: no table "usr"'):
        open_table(workspace, "users")


def test_all_tables_that_cannot_be_checked_are_told_of(make: Make) -> None:
    workspace = make(orders="SELECT 1 AS x", users="SELECT 1 AS x", events="SELECT 1 AS x")
    with pytest.raises(TableError) as error:
        check(workspace)
    assert "3 tables cannot be checked" in str(error.value)
    for name in ("orders", "users", "events"):
        assert f"tables.{name}: lacks" in str(error.value)


def test_an_unknown_table_in_the_file(make: Make) -> None:
    workspace = make('[tables.baskets]\nsource = "shop"\ntable = "orders"\n', orders=select({}))
    with pytest.raises(TableError, match='no table "baskets"'):
        check(workspace)


def test_rows_that_break_the_query(make: Make, tmp_path: Path) -> None:
    make(raw="SELECT 'x' AS a")
    sql = (
        "select a as order_id, a as user_id, '2026-10-01' as ordered_at, a::int as amount from raw"
    )
    text = f'{HEAD.replace("shop.", "shop0.")}[tables.orders]\nsource = "shop"\nsql = "{sql}"\n'
    (tmp_path / "opsnb.toml").write_text(text)
    with pytest.raises(TableError, match=r"tables.orders: cannot be read \(.*Could not convert"):
        check(Workspace.load(tmp_path))


def test_unreadable_lines_reach_the_gate(make: Make, tmp_path: Path) -> None:
    make()
    lines = "".join(f"{n},u,2026-10-31,5\n" for n in range(100))
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "orders.csv").write_text(
        "order_id,user_id,ordered_at,amount\n" + lines + "1,2,3,4,5\n"
    )
    text = HEAD.replace("duckdb://shop.duckdb", "csv://t")
    for mapping in ('table = "orders"', 'sql = "select * from orders"'):
        (tmp_path / "opsnb.toml").write_text(f'{text}[tables.orders]\nsource = "shop"\n{mapping}\n')
        report = check(Workspace.load(tmp_path))[0]
        assert issues(report) == {("unreadable_lines", None): ("warn", 1)}
        assert said(report) == ["1 lines of orders cannot be read and are left out"]
        assert report.issues[0].sample == ({"line": "line 102: 1,2,3,4,5"},)


def test_tables_are_opened_and_checked_once(make: Make) -> None:
    workspace = make(orders=select({}))
    assert open_table(workspace, "orders") is open_table(workspace, "orders")
    assert check(workspace)[0] is open_table(workspace, "orders").report


@pytest.mark.parametrize(
    ("dialect", "part"),
    [
        ("postgres", 'TIMEZONE(\'Asia/Shanghai\', "t0"."at")'),
        ("pyspark", "CONVERT_TIMEZONE('UTC', 'Asia/Shanghai', `t0`.`at`)"),
        ("snowflake", "CONVERT_TIMEZONE('UTC', 'Asia/Shanghai', \"t0\".\"at\")"),
        ("trino", 'AT_TIMEZONE("t0"."at", \'Asia/Shanghai\') AS TIMESTAMP'),
        ("clickhouse", 'toString(toTimeZone("t0"."at", \'Asia/Shanghai\'))'),
        ("bigquery", "DATETIME(`t0`.`at`, 'Asia/Shanghai')"),
    ],
)
def test_local_times_on_servers(dialect: str, part: str) -> None:
    table = ibis.table({"at": "timestamp('UTC')"}, name="t")
    local = cast(table["at"], CONTRACTS["orders"]["ordered_at"], "Asia/Shanghai", dialect)
    assert str(local.type()) == "timestamp"
    sql = ibis.to_sql(table.select(at=local), dialect=dialect)
    assert part.lower() in str(sql).lower()


def test_servers_that_cannot_tell_local_times() -> None:
    table = ibis.table({"at": "timestamp('UTC')", "text": "string"}, name="t")
    column = CONTRACTS["orders"]["ordered_at"]
    with pytest.raises(TableError, match=r'"at" has times with a zone, which mysql.*in the ta'):
        cast(table["at"], column, "Asia/Shanghai", "mysql")
    assert str(cast(table["text"], column, "Asia/Shanghai", "mysql").type()) == "timestamp"


# -- what has not come yet -----------------------------------------------------------------


def test_surveys_that_were_not_answered_are_no_bad_rows(workspace) -> None:
    """Sent and not answered: kept. Answered in part, or never sent: left out, and said."""
    text = (
        "sent_at,responded_at,kind,score\n"
        "2026-10-01 09:00:00,2026-10-01 10:00:00,nps,9\n"
        "2026-10-02 09:00:00,,nps,\n"
        "2026-10-03 09:00:00,,csat,\n"
        "2026-10-04 09:00:00,2026-10-04 10:00:00,csat,\n"  # no score
        ",2026-10-05 10:00:00,nps,\n"  # no score and never sent
        "2026-10-06 09:00:00,2026-10-05 10:00:00,nps,3\n"  # before it was sent
    )
    table = open_table(workspace({"surveys": text}), "surveys")
    assert table.expr.count().execute() == 4
    counts = {(i.rule, i.column): i.count for i in table.report.issues}
    assert counts["empty_out", "score"] == 2
    assert counts["responded_at_before_sent_at", None] == 1
    assert ("empty_out", "responded_at") not in counts
    assert table.report.quarantined == 2


def test_a_score_that_is_no_number_does_not_pass_as_unanswered(workspace) -> None:
    surveys = pd.DataFrame(
        {
            "sent_at": pd.to_datetime(["2026-10-01", "2026-10-02"]),
            "responded_at": pd.to_datetime([None, None]),
            "kind": "nps",
            "score": ["often", None],
        }
    )
    table = open_table(workspace({"surveys": surveys}), "surveys")
    assert table.expr.count().execute() == 1
    assert {i.rule for i in table.report.issues} >= {"misfit_out"}
