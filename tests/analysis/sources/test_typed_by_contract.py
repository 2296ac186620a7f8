"""Columns that the contract calls text stay as they are; numbers and times are read as written."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.sources.column_roles import Ask
from opsnb.analysis.sources.column_uses import ColumnUses
from opsnb.analysis.tables import open_table
from opsnb.base.errors import SourceError
from opsnb.base.workspace import Workspace

_ROW = {"order_id": "o1", "user_id": "u1", "ordered_at": "2026-10-01 10:00:00", "amount": "5"}


def workspace(
    folder: Path, url: str, mapping: str = 'table = "orders"', more: str = "", zone: str = "UTC"
) -> Workspace:
    (folder / "opsnb.toml").write_text(
        f'[workspace]\nname = "T"\ntimezone = "{zone}"\ncurrency = "EUR"\nas_of = 2026-11-05\n'
        f'[sources.d]\nurl = "{url}"\n{more}\n[tables.orders]\nsource = "d"\n{mapping}\n',
        encoding="utf-8",
    )
    return Workspace.load(folder)


def orders(folder: Path, name: str, values: list[Any], **more: Any) -> Any:
    """The values of a column of orders that are read from a CSV."""
    rows = [{**_ROW, "order_id": f"o{n}", name: value} for n, value in enumerate(values)]
    pd.DataFrame(rows).to_csv(folder / "orders.csv", index=False)
    table = open_table(workspace(folder, "csv://orders.csv", **more), "orders")
    frame = table.expr.order_by("order_id" if name != "order_id" else "amount").to_pandas()
    return table, frame[name].tolist()


# -- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        ["10.1", "10.10"],
        ["1e3", "1000"],
        ["TRUE", "true"],
        ["007", "7"],
        ["2026-10-01", "2026-10-1"],
        ["1,234", "5,678"],
        ["03/04/2026", "05/06/2026"],
        ["+5", "5"],
        ["12345678901234567890", "12345678901234567891"],
    ],
)
def test_texts_of_the_contract_stay_as_they_are(tmp_path: Path, values: list[str]) -> None:
    for column in ("user_id", "channel"):
        assert orders(tmp_path, column, values)[1] == values


def test_texts_reached_by_a_query_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "No,Member No,moment,net\n1.10,007,2026-10-01 10:00,5\n1.1,7,2026-10-02 10:00,6\n"
    )
    (tmp_path / "m.csv").write_text("id,src\n007,1e3\n7,1000\n")
    sql = (
        'sql = \'\'\'with p as (select "No" as n, "Member No" as who, moment, net from o) '
        "select trim(n) as order_id, m.id as user_id, moment as ordered_at, net * 2 as amount, "
        "coalesce(src, '') as channel from p join m on p.who = m.id'''"
    )
    table = open_table(workspace(tmp_path, "csv://.", sql), "orders")
    rows = table.expr.order_by("amount").to_pandas().to_dict("records")
    found = [(r["order_id"], r["user_id"], r["channel"], r["amount"]) for r in rows]
    assert found == [("1.10", "007", "1e3", 10.0), ("1.1", "7", "1000", 12.0)]


def test_a_query_may_reckon_with_ids_that_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "no,u,moment,net\n1,10,2026-10-01 10:00,5\n2,200,2026-10-02 10:00,6\n"
    )
    sql = (
        "sql = 'select no as order_id, u as user_id, moment as ordered_at, net as amount "
        "from o where u > 100'"
    )
    table = open_table(workspace(tmp_path, "csv://.", sql), "orders")
    assert table.expr.to_pandas()["user_id"].tolist() == ["200"]


def test_columns_are_followed_through_queries() -> None:
    types = {"user_id": "text", "amount": "number", "ordered_at": "time"}

    def roles(sql: str, table: str) -> tuple[set[str], set[str], set[str]]:
        found = ColumnUses([Ask("d", None, sql, types)]).of("d", table)
        return set(found.text), set(found.number), set(found.time)

    union = "select a as user_id, b as amount from t union all select c, d from s"
    assert roles(union, "t") == ({"a"}, {"b"}, set())
    assert roles(union, "s") == ({"c"}, {"d"}, set())
    joined = "select * from t join s using (k) where t.user_id = s.u"
    assert roles(joined, "s")[0] == {"user_id", "u"}
    spelled = "select replace(x, ',', '')::double as amount, strptime(y, '%d') as ordered_at from t"
    assert roles(spelled, "t")[1:] == (set(), set())
    # What cannot be parsed is read by its words.
    broken = ColumnUses([Ask("d", None, 'from t pivot !! select "No" as user_id', types)])
    assert broken.of("d", "t").faithful == {"no", "user_id"}


def test_bytes_are_texts(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'o' || n AS order_id, x::BLOB AS user_id, 5 AS amount, "
            "TIMESTAMP '2026-10-01' AS ordered_at "
            "FROM (VALUES (1, '\\xE7'), (2, '\\xE8'), (3, 'ab')) t(n, x)) "
            f"TO '{tmp_path}/orders.parquet' (FORMAT parquet)"
        )
    table = open_table(workspace(tmp_path, "parquet://orders.parquet"), "orders")
    found = table.expr.order_by("order_id").to_pandas()["user_id"].tolist()
    assert found == ["\\xe7", "\\xe8", "ab"]


def test_parquet_files_of_different_types(tmp_path: Path) -> None:
    """The same moments, once local and once in UTC; ids as integers, floats and texts."""
    folder = tmp_path / "orders"
    folder.mkdir()
    at = pd.Timestamp("2026-10-01 10:00")
    parts = [
        (1, at),
        (2.0, at.tz_localize("Asia/Shanghai").tz_convert("UTC")),
        ("003", at),
    ]
    for n, (user, moment) in enumerate(parts):
        row = {"order_id": f"o{n}", "user_id": user, "ordered_at": moment, "amount": 5.0}
        pd.DataFrame([row]).to_parquet(folder / f"{n}.parquet")
    made = workspace(tmp_path, "parquet://.", zone="Asia/Shanghai")
    found = open_table(made, "orders").expr.order_by("order_id").to_pandas()
    assert found["user_id"].tolist() == ["1", "2", "003"]
    assert set(found["ordered_at"]) == {at}


_TEXTS = st.lists(
    st.one_of(
        st.sampled_from(["10.10", "1e3", "TRUE", "007", "2026-10-01", "1,5", "0x1F", "-0", "nan"]),
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12
        ),
    ).map(lambda text: text.strip(" \t\r\n\xa0\u3000\ufeff")),
    min_size=1,
    max_size=6,
).filter(lambda texts: any(texts))


def _as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize("reader", ["csv", "gz", "xlsx", "parquet", "duckdb"])
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=_TEXTS)
def test_any_text_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, reader: str, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("t")
    rows = [{**_ROW, "order_id": f"o{n}", "channel": text} for n, text in enumerate(texts)]
    frame = pd.DataFrame(rows)
    url = f"{reader}://orders.{reader}"
    if reader == "csv":
        (folder / "orders.csv").write_bytes(_as_csv(rows))
    elif reader == "gz":
        (folder / "orders.csv.gz").write_bytes(gzip.compress(_as_csv(rows)))
        url = "csv://orders.csv.gz"
    elif reader == "xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for number, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)], 1):
            for place, text in enumerate(row, 1):
                cell = book.active.cell(number, place)
                cell.value, cell.data_type = text, "s"
        book.save(folder / "orders.xlsx")
        url = "excel://orders.xlsx"
    elif reader == "parquet":
        frame.to_parquet(folder / "orders.parquet")
    else:
        with duckdb.connect(str(folder / "orders.duckdb")) as connection:
            connection.execute("CREATE TABLE orders AS SELECT * FROM frame")
    table = open_table(workspace(folder, url), "orders")
    found = table.expr.order_by("order_id").to_pandas()["channel"]
    assert [None if pd.isna(v) else v for v in found] == [text or None for text in texts]


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1,234.50", "12", "1,000"], [1234.5, 12.0, 1000.0]),
        (["¥1,234.50", "¥3"], [1234.5, 3.0]),
        (["0.00元", "12元"], [0.0, 12.0]),
        (["(3.50)", "2"], [-3.5, 2.0]),
        (["12.5%", "3%"], [0.125, 0.03]),
        (["1.2万", "3万元"], [12000.0, 30000.0]),
        (["１２．５", "３"], [12.5, 3.0]),
        (["1.234,50", "2,5"], [1234.5, 2.5]),
        (["?", "5", "N/A"], [5.0]),
    ],
)
def test_amounts_as_people_write_them(
    tmp_path: Path, values: list[str], expected: list[float]
) -> None:
    assert orders(tmp_path, "amount", values)[1] == pytest.approx(expected)


@pytest.mark.parametrize("reader", ["csv", "duckdb"])
def test_amounts_of_texts_that_are_not_all_numbers(tmp_path: Path, reader: str) -> None:
    """One value that is none leaves the column text: each is then read by itself."""
    values = ["¥1,234.50", "12元", "(3.5)", "lots", "12.5%", "１２"]
    frame = pd.DataFrame(
        [{**_ROW, "order_id": f"o{n}", "amount": value} for n, value in enumerate(values)]
    )
    if reader == "csv":
        frame.to_csv(tmp_path / "orders.csv", index=False)
    else:
        with duckdb.connect(str(tmp_path / "orders.duckdb")) as connection:
            connection.execute("CREATE TABLE orders AS SELECT * FROM frame")
    table = open_table(workspace(tmp_path, f"{reader}://orders.{reader}"), "orders")
    found = table.expr.order_by("order_id").to_pandas()["amount"].tolist()
    assert found == pytest.approx([1234.5, 12.0, -3.5, 0.125, 12.0])


@pytest.mark.parametrize(
    ("values", "mark", "read"),
    [
        (["1,234", "5,678"], ".", [1234.0, 5678.0]),
        (["1,234", "5,678"], ",", [1.234, 5.678]),
        (["1.234", "5.678", "950"], ",", [1234.0, 5678.0, 950.0]),
        (["1.234", "5.678"], ".", [1.234, 5.678]),
    ],
)
def test_groups_of_three_alone_are_never_guessed(
    tmp_path: Path, values: list[str], mark: str, read: list[float]
) -> None:
    with pytest.raises(SourceError, match=r'"amount" has numbers that can be read two') as error:
        orders(tmp_path, "amount", values)
    assert values[0] in str(error.value) and f'decimal = "{mark}"' in str(error.value)
    assert orders(tmp_path, "amount", values, more=f'decimal = "{mark}"')[1] == read


@pytest.mark.parametrize("values", [["1.234", "0.5"], ["1.234", "12.000", "1500"], ["1.5", "2"]])
def test_fractions_that_show_themselves(tmp_path: Path, values: list[str]) -> None:
    assert orders(tmp_path, "amount", values)[1] == [float(value) for value in values]


# -- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01 12:30:00 -0500",
        "2026-10-01 17:30:00 UTC",
        "2026-10-01T17:30:00Z",
        "1790875800",
        "1790875800000",
        "1790875800000000",
        "1790875800000000000",
        "20261002013000",
        "2026年10月2日 01:30",
        "02/Oct/26 1:30 AM",
        "Oct 2, 2026 01:30",
        "2026/10/2 1:30",
    ],
)
def test_times_in_many_forms(tmp_path: Path, text: str) -> None:
    found = orders(tmp_path, "ordered_at", [text, text], zone="Asia/Shanghai")[1]
    assert found == [dt.datetime(2026, 10, 2, 1, 30)] * 2


@pytest.mark.parametrize(
    "text", ["20261002", "2026年10月2日", "02-Oct-2026", "46297", "2026-10-02"]
)
def test_days_in_many_forms(tmp_path: Path, text: str) -> None:
    assert orders(tmp_path, "ordered_at", [text])[1] == [dt.datetime(2026, 10, 2)]


@pytest.mark.parametrize("type", ["VARCHAR", "BIGINT", "DOUBLE", "HUGEINT"])
@pytest.mark.parametrize("each", [1, 1000, 1_000_000])
def test_counts_since_1970_in_a_database(tmp_path: Path, type: str, each: int) -> None:
    with duckdb.connect(str(tmp_path / "orders.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT 'o' AS order_id, 'u' AS user_id, 5 AS amount, "
            f"CAST({1790875800 * each} AS {type}) AS ordered_at"
        )
    made = workspace(tmp_path, "duckdb://orders.duckdb", zone="Asia/Shanghai")
    table = open_table(made, "orders")
    assert table.expr.to_pandas()["ordered_at"].tolist() == [dt.datetime(2026, 10, 2, 1, 30)]


def test_what_numbers_were_taken_for_is_said(tmp_path: Path) -> None:
    table, _ = orders(tmp_path, "ordered_at", ["1790875800", "1790875801"])
    (issue,) = (one for one in table.report.issues if one.rule == "time_unit")
    assert issue.level == "note" and issue.count == 2
    table, _ = orders(tmp_path, "ordered_at", ["1790875800", "1790875801000"])
    (issue,) = (one for one in table.report.issues if one.rule == "time_units")
    assert issue.level == "warn"


def test_offsets_and_naive_times_in_one_column(tmp_path: Path) -> None:
    values = ["2026-10-01 10:00:00", "2026-10-01 10:00:00+08:00", "2026-10-01 10:00:00 +0000"]
    found = orders(tmp_path, "ordered_at", values, zone="Asia/Shanghai")[1]
    assert [moment.hour for moment in found] == [10, 10, 18]


# -- workbooks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "rounded"),
    [
        ([1234567890123450, 1234567890123460], True),
        ([1234567890123456, 1234567890123460], False),
        ([17850, 17860], False),
    ],
)
def test_ids_that_a_spreadsheet_rounded(tmp_path: Path, ids: list[int], rounded: bool) -> None:
    rows = [{**_ROW, "order_id": f"o{n}", "user_id": float(one)} for n, one in enumerate(ids)]
    pd.DataFrame(rows).to_excel(tmp_path / "orders.xlsx", index=False)
    table = open_table(workspace(tmp_path, "excel://orders.xlsx"), "orders")
    found = table.expr.order_by("order_id").to_pandas()["user_id"].tolist()
    assert found == [str(one) for one in ids]
    assert any(one.rule == "rounded_ids" for one in table.report.issues) == rounded


# -- words for nothing -------------------------------------------------------------------------


def test_words_for_nothing_are_empty_and_said(tmp_path: Path) -> None:
    table, users = orders(tmp_path, "user_id", ["NULL", "u1", "Null", "\\N", "NULL"])
    assert [user if isinstance(user, str) else None for user in users] == [
        None,
        "u1",
        "Null",
        None,
        None,
    ]
    (issue,) = (one for one in table.report.issues if one.rule == "null_words")
    assert (issue.level, issue.count, issue.column) == ("warn", 3, "user_id")
    listed = issue.as_dict(_english())["message"]
    assert "“NULL” 2" in listed and "“\\N” 1" in listed


@pytest.mark.parametrize("where", ["source", "table"])
def test_a_team_names_its_own_words(tmp_path: Path, where: str) -> None:
    line = 'nulls = ["none given"]'
    more = {"more": line} if where == "source" else {"mapping": f'table = "orders"\n{line}'}
    values = ["NULL", "none given", "u1"]
    users = orders(tmp_path, "user_id", values, **more)[1]
    assert [user if isinstance(user, str) else None for user in users] == ["NULL", None, "u1"]
    table, amounts = orders(tmp_path, "amount", ["5", "none given"], **more)
    assert amounts == [5.0]
    assert any(one.rule == "null_words" and one.count == 1 for one in table.report.issues)


def _english() -> Any:
    from opsnb.base.messages import Language

    return Language("en")
