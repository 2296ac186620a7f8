"""Folders as people have them: what belongs together, what is a copy, what is no data at all."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.sources import Source, connect
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

ROWS = "day,channel,amount\n" + "".join(f"2026-10-{n:02d},app,{n}\n" for n in range(1, 11))
LATER = "day,channel,amount\n" + "".join(f"2026-11-{n:02d},app,{n}\n" for n in range(1, 6))


def source(folder: Path, scheme: str = "csv", **files: str | bytes) -> Source:
    for name, content in files.items():
        write(folder / name, content)
    return opened(folder, scheme)


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def opened(folder: Path, scheme: str = "csv", **more: Any) -> Source:
    config = SourceConfig(url=f"{scheme}://{folder}", **more)
    config._name = "d"
    return connect(config, folder)


def rows(source: Source, table: str) -> int:
    return int(source.table(table).count().execute())


def said(source: Source, table: str) -> dict[str, list[str]]:
    """What is said of a table's files: by rule, the files concerned."""
    source.table(table)
    return {one.rule: [row["file"] for row in one.sample] for one in source.remarks[table]}


@pytest.mark.parametrize(
    "copy",
    [
        "spend.old.csv", "spend (1).csv", "spend - Copy.csv", "spend - Copy (2).csv",
        "Copy of spend.csv", "spend副本.csv", "spend - 副本.csv", "副本spend.csv",
        "spend_backup.csv",
        "spend.final.csv", "spend.2026-10-31.csv",
    ],
)  # fmt: skip
def test_a_copy_beside_is_named_and_not_added(tmp_path: Path, copy: str) -> None:
    found = source(tmp_path, **{"spend.csv": ROWS, copy: ROWS + "2026-10-31,app,1\n"})
    assert rows(found, "spend") == 10
    assert said(found, "spend") == {"files_beside": [copy]}
    assert rows(found, copy.removesuffix(".csv")) == 11  # it can be mapped, as what it is called


def test_a_copy_among_the_files_of_a_table_is_left_out(tmp_path: Path) -> None:
    found = source(
        tmp_path,
        **{
            "spend/2026-10.csv": ROWS,
            "spend/2026-10.old.csv": LATER,
            "spend/2026-10 (1).csv": ROWS + "2026-10-31,app,1\n",
            "spend/old/2026-10.csv": LATER,
            "spend/2026-11.csv": LATER,
        },
    )
    assert rows(found, "spend") == 15
    assert sorted(said(found, "spend")["files_copy"]) == [
        "2026-10 (1).csv", "2026-10.old.csv", "old/2026-10.csv",
    ]  # fmt: skip
    assert said(found, "spend")["files_together"] == ["2026-10.csv", "2026-11.csv"]


def test_what_belongs_together_is_read_together_and_said(tmp_path: Path) -> None:
    found = source(
        tmp_path,
        **{
            "orders.2026-10.csv": ROWS, "orders.2026-11.csv": LATER,
            "sales/part 1.csv": ROWS, "sales/part (2).csv": LATER,
            "sales/part.csv": LATER[:19] + "2026-01-01,app,1\n",
            "by.cn.csv": ROWS, "by.us.csv": LATER,
        },
    )  # fmt: skip
    assert [rows(found, name) for name in ("orders", "sales", "by")] == [15, 16, 15]
    (remark,) = found.remarks["orders"]
    assert (remark.level, remark.count) == ("note", 2)
    assert list(remark.sample) == [
        {"file": "orders.2026-10.csv", "rows": "10"},
        {"file": "orders.2026-11.csv", "rows": "5"},
    ]


def test_a_packed_twin_and_what_is_set_aside(tmp_path: Path) -> None:
    found = source(
        tmp_path,
        **{
            "events.csv": ROWS, "events.csv.gz": gzip.compress(ROWS.encode()),
            "events.csv.bak": ROWS, "events.csv~": ROWS, "notes.txt": "x",
        },
    )  # fmt: skip
    assert rows(found, "events") == 10
    assert said(found, "events") == {
        "files_copy": ["events.csv.gz"],
        "files_ending": ["events.csv.bak", "events.csv~"],
    }
    assert found.tables() == ["events"]


def test_hidden_files_and_folders_are_no_data(tmp_path: Path) -> None:
    found = source(
        tmp_path,
        **{
            "events.csv": ROWS, "._events.csv": b"\x00\x05\x16\x07", ".DS_Store": b"\x00",
            "sales/a.csv": ROWS, "sales/.trash/b.csv": LATER, "sales/_temporary/c.csv": LATER,
            "sales/.ipynb_checkpoints/a-checkpoint.csv": ROWS, "sales/._a.csv": b"\x00\x05",
            ".ipynb_checkpoints/events-checkpoint.csv": ROWS, "__MACOSX/._x.csv": b"\x00",
        },
    )  # fmt: skip
    assert found.tables() == ["events", "sales"]
    assert (rows(found, "events"), rows(found, "sales")) == (10, 10)
    assert said(found, "events") == {"files_hidden": ["._events.csv"]}
    assert sorted(said(found, "sales")["files_hidden"]) == [
        "._a.csv", ".ipynb_checkpoints/", ".trash/", "_temporary/",
    ]  # fmt: skip


def test_dangling_links_are_named(tmp_path: Path) -> None:
    write(tmp_path / "sales" / "a.csv", ROWS)
    (tmp_path / "sales" / "b.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "events.csv").symlink_to(tmp_path / "gone.csv")
    found = opened(tmp_path)
    assert rows(found, "sales") == 10
    assert said(found, "sales") == {"files_link": ["b.csv"]}
    with pytest.raises(SourceError, match=r'no table "events": events\.csv cannot be read'):
        found.table("events")
    with pytest.raises(SourceError, match=r"is a link to .*gone\.csv, which does not exist"):
        opened(tmp_path / "events.csv")


def test_two_names_of_the_same_content_are_said(tmp_path: Path) -> None:
    found = source(tmp_path, **{"sales/a.csv": ROWS, "sales/b.csv": LATER, "sales/c.csv": ROWS})
    assert rows(found, "sales") == 25
    assert said(found, "sales")["files_alike"] == ["c.csv"]
    empty = source(tmp_path / "e", **{"s/a.csv": "a,b\n", "s/b.csv": "a,b\n"})
    assert set(said(empty, "s")) == {"files_together"}


def test_a_folder_and_a_file_of_all_its_rows(tmp_path: Path) -> None:
    found = source(tmp_path, **{"sales/a.csv": ROWS, "sales/b.csv": LATER, "sales.csv": ROWS})
    assert rows(found, "sales") == 15
    assert said(found, "sales")["files_copy"] == ["sales.csv"]


def test_a_file_in_another_encoding_stops_nobody(tmp_path: Path) -> None:
    chinese = "day,channel,amount\n2026-11-01,微信小程序,1\n".encode("gb18030")
    readme = "说明：本文件夹存放每月导出的数据，请勿修改\n".encode("gb18030")
    found = source(
        tmp_path,
        **{"a/1.csv": ROWS, "a/2.csv": chinese, "b/1.csv": ROWS, "b/说明.csv": readme,
           "c.csv": chinese, "d.csv": ROWS},
    )  # fmt: skip
    assert [rows(found, name) for name in ("a", "b", "d")] == [10, 10, 10]
    levels = {t: [r.level for r in found.remarks[t] if r.rule == "files_other_text"] for t in "ab"}
    assert levels == {"a": ["block"], "b": ["warn"]}  # its columns tell that rows are lacking
    with pytest.raises(SourceError, match=r'encoding = "gb18030".*\[sources\.d\.tables\.c\]'):
        found.table("c")
    mended = opened(tmp_path, tables={"c": {"encoding": "gb18030"}})
    assert mended.table("c").channel.execute().tolist() == ["微信小程序"]
    assert rows(mended, "d") == 10


def test_a_broken_file_that_is_not_mapped_stops_nobody(tmp_path: Path) -> None:
    found = source(tmp_path, **{"events.csv": ROWS, "amount.csv": b"\x00\x01\x02\x03" * 50})
    assert rows(found, "events") == 10
    assert found.sql("select amount from events").count().execute() == 10
    with pytest.raises(SourceError, match=r"amount\.csv is no text file but a binary one"):
        found.sql("select * from amount")


def test_parquet_folders(tmp_path: Path) -> None:
    import duckdb

    for name in ("sales/a", "sales/a.old", "sales/.trash/b", "sales/c", "bad"):
        path = tmp_path / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql("select 1 as id").write_parquet(str(path))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 cut")
    found = opened(tmp_path, "parquet")
    assert rows(found, "sales") == 2
    assert said(found, "sales")["files_copy"] == ["a.old.parquet"]
    with pytest.raises(SourceError, match=r"cannot read bad\.parquet"):
        found.table("bad")
