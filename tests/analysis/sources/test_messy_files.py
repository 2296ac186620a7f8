"""Files as teams have them: commas, dates, encodings, broken lines, workbooks."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.sources import Source, connect
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def read(folder: Path, content: str | bytes, name: str = "t.csv", **more: Any) -> Source:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    config = SourceConfig(url=f"csv://{name}", **more)
    config._name = "shop"
    return all_read(connect(config, folder))


def all_read(source: Source) -> Source:
    """The source with every table read, which happens when one is first asked for."""
    for table in source.tables():
        source.table(table)
    return source


def column(source: Source, name: str, table: str = "t") -> list[Any]:
    return source.table(table).to_pyarrow()[name].to_pylist()


# -- numbers ---------------------------------------------------------------------------


def test_decimal_commas_that_show_themselves(tmp_path: Path) -> None:
    source = read(tmp_path, 'n;m\n"1.234,5";7,25\n-3;0,5\n;12\n')
    assert column(source, "n") == [1234.5, -3.0, None]
    assert column(source, "m") == [7.25, 0.5, 12.0]


def test_a_comma_that_may_part_thousands_is_not_guessed(tmp_path: Path) -> None:
    text = "n;m\n1,234;1\n5,678;2\n"
    assert column(read(tmp_path, text), "n") == ["1,234", "5,678"]
    assert column(read(tmp_path, text, decimal=","), "n") == [1.234, 5.678]


def test_with_decimal_commas_a_point_parts_thousands(tmp_path: Path) -> None:
    source = read(tmp_path, "n;code\n1.234;007\n2.500;1\n", decimal=",")
    assert column(source, "n") == [1234.0, 2500.0]
    assert column(source, "code") == ["007", "1"]


# -- dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "more", "first"),
    [
        ("31/10/2026,01/02/2026", {}, dt.date(2026, 10, 31)),
        ("10/31/2026,01/02/2026", {}, dt.date(2026, 10, 31)),
        ("31.10.2026,2026-02-01", {}, dt.date(2026, 10, 31)),
        ("03/04/2026,05/06/2026", {"dates": "day first"}, dt.date(2026, 4, 3)),
        ("03/04/2026,05/06/2026", {"dates": "month first"}, dt.date(2026, 3, 4)),
    ],
)
def test_dates_whose_order_is_shown_or_said(
    tmp_path: Path, days: str, more: dict[str, str], first: dt.date
) -> None:
    source = read(tmp_path, "day\n" + days.replace(",", "\n") + "\n", **more)
    assert column(source, "day")[0] == first


def test_times_with_the_day_first(tmp_path: Path) -> None:
    source = read(tmp_path, "at\n31/10/2026 08:30\n1/2/2026 9:05:07\n")
    assert column(source, "at") == [
        dt.datetime(2026, 10, 31, 8, 30),
        dt.datetime(2026, 2, 1, 9, 5, 7),
    ]


@pytest.mark.parametrize(
    ("days", "more", "part"),
    [
        ("03/04/2026,05/06/2026", {}, r'"day" has dates that can be read two ways \(0\d/0\d/2026'),
        ("31/10/2026,10/31/2026", {}, r"with the day first and dates with the month first \(31/10"),
        ("31/10/2026,01/02/2026", {"dates": "month first"}, r"that are not month first \(31/10"),
    ],
)
def test_dates_are_never_guessed(
    tmp_path: Path, days: str, more: dict[str, str], part: str
) -> None:
    with pytest.raises(SourceError, match=part) as error:
        read(tmp_path, "day\n" + days.replace(",", "\n") + "\n", **more)
    assert str(error.value).startswith("sources.shop, t: ")
    assert "Fix: " in str(error.value)


# -- broken lines ----------------------------------------------------------------------


def test_broken_lines_go_to_a_quarantine_file(tmp_path: Path) -> None:
    source = read(tmp_path, 'a,b\n1,"two\nlines"\n2,x,EXTRA\n3\n4,y\n')
    assert source.rejected["t"].rows == 2
    with (tmp_path / "reports/quarantine/shop.t.csv").open(encoding="utf-8-sig") as file:
        found = list(csv.DictReader(file))
    # Lines of the file as an editor counts them: the quoted line end counts.
    assert [(row["file"], row["line"], row["text"]) for row in found] == [
        ("t.csv", "4", "2,x,EXTRA"),
        ("t.csv", "5", "3"),
    ]
    assert "Columns" in found[0]["reason"]


@pytest.mark.survives(
    "formulas in broken lines of text files",
    sees="an apostrophe before the formula in the quarantine file",
)
def test_a_spreadsheet_runs_nothing_of_the_quarantine(tmp_path: Path) -> None:
    read(tmp_path, "a,b\n1,x\n=cmd|'/c calc'!A1\n@SUM(1)\n+1\n-2\n")
    with (tmp_path / "reports/quarantine/shop.t.csv").open(encoding="utf-8-sig") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert texts == ["'=cmd|'/c calc'!A1", "'@SUM(1)", "'+1", "'-2"]


def test_a_mended_file_empties_the_quarantine(tmp_path: Path) -> None:
    read(tmp_path, "a,b\n1\n")
    assert (tmp_path / "reports/quarantine/shop.t.csv").exists()
    read(tmp_path, "a,b\n1,2\n")
    assert not (tmp_path / "reports/quarantine/shop.t.csv").exists()


def test_a_workspace_that_cannot_be_written_to_is_read(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("no folder")
    assert read(tmp_path, "a,b\n1\n2,3\n").rejected["t"].rows == 1


# -- encodings and names ---------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_one_table_in_many_encodings(tmp_path: Path, encoding: str) -> None:
    content = "订单 编号, 收货 地址\n007,上海市 浦东新区\n008,㐀𠀀\n".encode(encoding)
    given = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    source = read(tmp_path, content, **given)
    assert source.table("t").to_pyarrow().to_pylist() == [
        {"订单 编号": "007", "收货 地址": "上海市 浦东新区"},
        {"订单 编号": "008", "收货 地址": "㐀𠀀"},
    ]
    renamed = source.sql('select "订单 编号" as order_id from t')
    assert renamed.to_pyarrow()["order_id"].to_pylist() == ["007", "008"]


# -- workbooks -------------------------------------------------------------------------


def workbook(path: Path, **sheets: list[list[Any]]) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def opened(folder: Path, url: str) -> Source:
    pytest.importorskip("python_calamine")
    config = SourceConfig(url=url)
    config._name = "shop"
    return connect(config, folder)


ROWS = [
    [None, None, None, None],
    ["订单 编号", "ordered_at", "amount", "code"],
    [17850, dt.datetime(2026, 10, 1, 8, 30), 12.5, "007"],
    [17851, dt.datetime(2026, 10, 2, 9, 0), "3.25", "010"],
]


def test_a_workbook_is_read_like_a_text_file(tmp_path: Path) -> None:
    workbook(tmp_path / "orders.xlsx", Sheet1=ROWS)
    assert opened(tmp_path, "excel://orders.xlsx").table("orders").to_pyarrow().to_pylist() == [
        {"订单 编号": 17850, "ordered_at": dt.datetime(2026, 10, 1, 8, 30), "amount": 12.5,
         "code": "007"},
        {"订单 编号": 17851, "ordered_at": dt.datetime(2026, 10, 2, 9, 0), "amount": 3.25,
         "code": "010"},
    ]  # fmt: skip


def test_sheets_are_tables(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    workbook(tmp_path / "books/a.xlsx", users=[["id"], [1]], orders=[["id"], [2]], empty=[])
    workbook(tmp_path / "books/b.xlsx", Sheet1=[["day"], [dt.date(2026, 10, 1)]])
    assert opened(tmp_path, "excel://books/a.xlsx").tables() == ["orders", "users"]
    both = opened(tmp_path, "excel://books")
    assert both.tables() == ["a_orders", "a_users", "b"]
    assert column(both, "day", "b") == [dt.date(2026, 10, 1)]


def test_what_is_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"no workbook")
    with pytest.raises(SourceError, match=r"cannot read t\.xlsx"):
        opened(tmp_path, "excel://t.xlsx").table("t")
    workbook(tmp_path / "e.xlsx", Sheet1=[])
    with pytest.raises(SourceError, match=r"e\.xlsx is empty"):
        opened(tmp_path, "excel://e.xlsx").table("e")


def test_the_missing_reader_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsnb.analysis.sources._is_installed", lambda module: False)
    config = SourceConfig(url="excel://t.xlsx")
    config._name = "shop"
    with pytest.raises(SourceError, match=r'pip install "opsnb\[excel\]"'):
        connect(config, tmp_path)
