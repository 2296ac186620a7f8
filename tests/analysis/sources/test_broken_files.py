"""Files that are broken or odd: read for what they are, or a named error whose fix works."""

from __future__ import annotations

import datetime as dt
import gzip
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.sources import Source, connect, quick_types
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def opened(path: Path, scheme: str = "csv", **more: Any) -> Source:
    config = SourceConfig(url=f"{scheme}://{path}", **more)
    config._name = "d"
    return connect(config, path.parent)


def read(folder: Path, content: bytes | str, name: str = "t.csv", **more: Any) -> list[dict]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return opened(path, **more).table("t").to_pyarrow().to_pylist()


def refused(folder: Path, content: bytes | str, name: str = "t.csv", **more: Any) -> str:
    with pytest.raises(SourceError) as error:
        read(folder, content, name, **more)
    assert name in str(error.value)
    assert "Fix: " in str(error.value)
    return str(error.value)


# -- packed ------------------------------------------------------------------------------


def test_a_gzip_file_that_is_cut_or_damaged(tmp_path: Path) -> None:
    packed = gzip.compress("".join(f"{n},{n * 7}\n" for n in range(50_000)).encode())
    assert "ends in the middle" in refused(tmp_path, packed[: len(packed) // 2], "t.csv.gz")
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert "is broken" in refused(tmp_path, bytes(damaged), "t.csv.gz")
    assert "is broken" in refused(tmp_path, b"a,b\n1,2\n", "t.csv.gz")
    assert read(tmp_path, gzip.compress(b"a,b\n1,2\n", mtime=0), "t.csv.gz") == [{"a": 1, "b": 2}]


def test_what_unpacks_absurdly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsnb.analysis.sources.plain_text._MOST_BYTES", 1 << 20)
    monkeypatch.setattr("opsnb.analysis.sources.zipped._MOST_BYTES", 1 << 20)
    zeros = b"a,b\n" + b"0,0\n" * (2 << 20)
    assert "200 times its size" in refused(tmp_path, gzip.compress(zeros, mtime=0), "t.csv.gz")
    pytest.importorskip("python_calamine")
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", bytes(8 << 20))
    with pytest.raises(SourceError, match=r"t\.xlsx unpacks to .* GB, more than 200 times"):
        opened(tmp_path / "t.xlsx", "excel").table("t")


# -- workbooks ---------------------------------------------------------------------------


def test_workbooks_that_cannot_be_read(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    locked = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    for content, what in (
        (locked, "protected by a password"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "an old Excel workbook under another name"),
        (b"PK\x03\x04 cut", "it is no workbook, or cut short"),
        (b"", "it is no workbook, or cut short"),
    ):
        (tmp_path / "t.xlsx").write_bytes(content)
        with pytest.raises(SourceError, match=re.escape(what)):
            opened(tmp_path / "t.xlsx", "excel").table("t")


def test_a_folder_of_workbooks(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    folder = tmp_path / "books"
    (folder / "sales").mkdir(parents=True)
    for name, header in (("a", "x;y;z"), ("sales/1", "id"), ("sales/2", "id")):
        book = openpyxl.Workbook()
        book.active.append(["id", header, header.upper()])
        book.active.append([1, "two, and; three", None])
        book.save(folder / f"{name}.xlsx")
    (folder / "bad.xlsx").write_bytes(b"no workbook")
    (folder / "~$a.xlsx").write_bytes(b"\x05user")
    source = opened(folder, "excel")
    assert source.tables() == ["a", "sales"]
    assert source.table("a").to_pyarrow().to_pylist() == [
        {"id": 1, "x;y;z": "two, and; three", "X;Y;Z_2": None}
    ]
    assert source.table("sales").count().execute() == 2
    assert {remark.rule for remark in source.remarks["a"]} == {"files_hidden", "columns_numbered"}
    with pytest.raises(SourceError, match=r"cannot read bad\.xlsx"):
        source.table("bad")


# -- encodings ---------------------------------------------------------------------------

CHINESE = "订单编号,渠道,备注\n1,微信小程序,买家要求尽快发货\n2,应用商店,无\n"
TAIWAN = "訂單編號,通路,備註\n1,官方網站,請儘快出貨\n2,門市,無\n"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", CHINESE), ("big5", TAIWAN), ("utf-16", CHINESE), ("utf-16-le", "a,b\n1,x\n"),
        ("cp1252", "id,name\n1,Zoë Müller\n"),
    ],
)  # fmt: skip
def test_the_encoding_that_is_proposed_works(tmp_path: Path, encoding: str, text: str) -> None:
    said = refused(tmp_path, text.encode(encoding))
    proposed = re.search(r'encoding = "([\w-]+)"', said)
    assert proposed is not None
    content = text.encode(encoding)
    as_source = read(tmp_path, content, encoding=proposed[1])
    as_table = read(tmp_path, content, tables={"t": {"encoding": proposed[1]}})
    wanted = read(tmp_path, text)
    assert as_source == as_table == wanted


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04" + bytes(range(256)), "a workbook"),
        (b"PAR1" + bytes(range(256)), "a Parquet file"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(range(32)) * 20, "a binary one"),
        (bytes(4096), "not in UTF-8. Fix: save it as CSV"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "packed with gzip"),
    ],
)
def test_what_is_no_text_gets_no_encoding(tmp_path: Path, content: bytes, what: str) -> None:
    said = refused(tmp_path, content)
    assert what in said
    assert "encoding" not in said.partition("Fix: ")[2].replace("no encoding fits", "")


# -- headers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("note,note,note_2", ["note", "note_3", "note_2"]),
        ("Channel,channel,CHANNEL", ["Channel", "channel_2", "CHANNEL_3"]),
        ("a,,", ["a", "column_2", "column_3"]),
        ('"a,b","c;d",e', ["a,b", "c;d", "e"]),
        ("self,opsnb_out,select", ["self", "opsnb_out", "select"]),
        (f"{'x' * 5000},b,c", ["x" * 5000, "b", "c"]),
        ('"two\nlines",b,c', ["two\nlines", "b", "c"]),
        ("a\x00,b,c", ["a", "b", "c"]),
    ],
)
def test_any_header_is_read(tmp_path: Path, header: str, names: list[str]) -> None:
    assert read(tmp_path, f"{header}\n1,2,3\n") == [dict(zip(names, (1, 2, 3), strict=True))]


def test_files_without_a_header_or_below_a_title(tmp_path: Path) -> None:
    given = {"header": False, "columns": ["id", "amount"]}
    assert read(tmp_path, "1,2.5\n2,3\n", **given) == [
        {"id": 1, "amount": 2.5}, {"id": 2, "amount": 3.0},
    ]  # fmt: skip
    assert read(tmp_path, "1,2\n", header=False) == [{"column_1": 1, "column_2": 2}]
    title = 'Report of "October\nmade by hand\n'
    assert read(tmp_path, f"{title}id|amount\n1|2\n", skip=2) == [{"id": 1, "amount": 2}]
    assert read(tmp_path, "订单,金额\n1,2\n", columns=["id", "amount"]) == [{"id": 1, "amount": 2}]
    own = {"tables": {"t": {"separator": "#", "skip": 1}}}
    assert read(tmp_path, "x\nid#a,b\n1#2\n", **own) == [{"id": 1, "a,b": 2}]
    assert "has 2 columns, but columns names 1" in refused(tmp_path, "a,b\n1,2\n", columns=["id"])
    assert "skip = 5 leaves no line" in refused(tmp_path, "a,b\n1,2\n", skip=5)


def test_little_or_nothing_and_long_numbers(tmp_path: Path) -> None:
    assert "no line of names" in refused(tmp_path, "")
    assert read(tmp_path, "a,b\n") == []
    digits = "9" * 5000
    assert read(tmp_path, f"a,b\n{digits},x\x00y\n") == [{"a": digits, "b": "x\x00y"}]


# -- one pass ----------------------------------------------------------------------------

VALUES: dict[str, list[str]] = {
    "whole": ["1", "-5", "0", "123456789012345", ""],
    "fraction": ["1.5", "-0.25", "0", "0.0", "12", ".5", "-3.75", "1e3", ""],
    "day": ["2026-10-01", "2026-1-2", "2026/10/01", ""],
    "time": ["2026-10-01 08:30:00", "2026-10-01T08:30:00.123", "2026-10-01 08:30", ""],
    "moment": ["2026-10-01T08:30:00Z", "2026-10-01 08:30:00+08:00", ""],
    "flag": ["true", "FALSE", ""],
    "text": ["a", "é", "微信", ' "q" ', "x,y", ""],
}
ODD = [
    "007", "-007", "1_000", "1e5", "+5", " 5", "5 ", "nan", "inf", "-inf", "1,5", "-0", "0x1f", "x",
    "12345678901234567890", "1234567890123456.5", "2026-10-01 08", "26-01-02", "true ", "10.10",
    "2026-10-01 10:00:00 UTC", "infinity", "epoch", "2026-02-30",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_one_pass_reads_what_the_careful_way_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Columns of each kind, a few with one value of another form below the sample."""
    draw = random.Random(seed)
    columns = {kind: draw.choices(values, k=300) for kind, values in VALUES.items()}
    plain = {kind: [draw.choice(VALUES[kind][:2])] * 300 for kind in VALUES}
    columns |= {f"plain_{kind}": values for kind, values in plain.items()}
    for name in draw.sample(list(columns), k=seed % 4):
        columns[name][250] = draw.choice(ODD)
    lines = [",".join('"' + v.replace('"', '""') + '"' if v else "" for v in row)
             for row in zip(*columns.values(), strict=True)]  # fmt: skip
    text = "\n".join([",".join(columns), *lines]) + "\n"
    careful = opened_table(tmp_path, text, "careful")
    monkeypatch.setattr(quick_types, "SAMPLE", 100)
    assert opened_table(tmp_path, text, "quick") == careful


def opened_table(folder: Path, text: str, name: str) -> tuple[Any, list[dict[str, Any]]]:
    (folder / f"{name}.csv").write_text(text)
    table = opened(folder / f"{name}.csv").table(name)
    return table.schema(), table.to_pyarrow().to_pylist()


def test_one_pass_is_taken_where_values_are_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careful(*_: Any) -> None:
        raise AssertionError("read the careful way")

    monkeypatch.setattr(quick_types, "SAMPLE", 100)
    monkeypatch.setattr("opsnb.analysis.sources.text_files.give_types", careful)
    day = dt.date(2026, 10, 1)
    rows = [(f"u{n}", n, n / 8, day + dt.timedelta(n), f"2026-10-01 08:{n % 60:02d}:00")
            for n in range(400)]  # fmt: skip
    text = "id,n,x,day,at\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    schema, found = opened_table(tmp_path, text, "t")
    assert [str(kind) for kind in schema.values()] == [
        "string", "int64", "float64", "date", "timestamp(6)",
    ]  # fmt: skip
    assert [(row["id"], row["n"], row["x"], row["day"]) for row in found] == [r[:4] for r in rows]
