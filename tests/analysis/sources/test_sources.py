"""Sources: what opens, what is said where it does not, what a broken CSV costs."""

from __future__ import annotations

import gzip
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest

from opsnb.analysis.sources import Engine, Rejected, Source, connect
from opsnb.base.connectors import own_schemes
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def config(url: str, name: str = "shop", **more: str) -> SourceConfig:
    made = SourceConfig(url=url, **more)
    made._name = name
    return made


def rows(source: Source, table: str) -> list[dict]:
    return source.table(table).to_pyarrow().to_pylist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two orders as DuckDB file, Parquet and CSV."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT * FROM (VALUES (1, 9.5), (2, 3)) t(id, amount)"
        )
        connection.execute("CREATE VIEW big AS SELECT * FROM orders WHERE amount > 5")
        (tmp_path / "lake" / "parts").mkdir(parents=True)
        connection.execute(f"COPY orders TO '{tmp_path}/lake/orders.parquet'")
        for part in (1, 2):
            connection.execute(
                f"COPY (FROM orders WHERE id = {part}) TO '{tmp_path}/lake/parts/{part}.parquet'"
            )
        (tmp_path / "text").mkdir()
        connection.execute(f"COPY orders TO '{tmp_path}/text/orders.csv'")
    return tmp_path


def test_every_family_gives_the_same_rows(folder: Path) -> None:
    wanted = [{"id": 1, "amount": 9.5}, {"id": 2, "amount": 3.0}]
    for url, table in {
        "duckdb://shop.duckdb": "orders",
        f"duckdb://{folder}/shop.duckdb": "orders",
        "parquet://lake": "orders",
        "parquet://lake/orders.parquet": "orders",
        "parquet://lake/*.parquet": "orders",
        "csv://text": "orders",
        "csv://text/orders.csv": "orders",
        f"csv://{folder}/text/*.csv": "orders",
    }.items():
        found = rows(connect(config(url), folder), table)
        assert [{k: float(v) for k, v in row.items()} for row in found] == wanted, url
    parts = connect(config("parquet://lake"), folder)
    assert parts.tables() == ["orders", "parts"]
    assert sorted(row["id"] for row in rows(parts, "parts")) == [1, 2]


def test_embedded_sources_can_be_joined(folder: Path) -> None:
    engine = Engine(folder)
    shop = connect(config("duckdb://shop.duckdb"), folder, engine)
    lake = connect(config("parquet://lake", "lake"), folder, engine)
    text = connect(config("csv://text", "text"), folder, engine)
    for other in (lake, text):
        joined = shop.table("orders").join(other.table("orders"), "id")
        assert joined.count().execute() == 2


def test_a_query_sees_its_own_source(folder: Path) -> None:
    engine = Engine(folder)
    shop = connect(config("duckdb://shop.duckdb"), folder, engine)
    connect(config("parquet://lake", "lake"), folder, engine)
    query = """
        with orders_seen as (select id from orders), big as (select id from big)
        select o.id, (select count(*) from orders) as n
        from orders_seen o join big using (id) join lake.orders l using (id)
    """
    assert shop.sql(query).to_pyarrow().to_pylist() == [{"id": 1, "n": 2}]
    assert shop.sql("select count(*) as n from 'text/orders.csv'").to_pyarrow()["n"][0].as_py() == 2


def test_a_duckdb_file_is_only_read(folder: Path) -> None:
    first = connect(config("duckdb://shop.duckdb"), folder)
    with duckdb.connect(str(folder / "shop.duckdb"), read_only=True) as other:
        assert other.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    with pytest.raises(duckdb.Error, match="read-only"):
        first.backend.con.execute("DELETE FROM shop.orders")


def test_the_engine_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def setting(engine: Engine, name: str) -> str:
        return str(engine.connection.execute(f"SELECT current_setting('{name}')").fetchone()[0])

    engine = Engine(tmp_path)
    assert setting(engine, "autoinstall_known_extensions") == "False"
    assert setting(engine, "TimeZone") == "UTC"
    assert not Path(setting(engine, "temp_directory")).is_relative_to(Path.cwd())
    engine.limit_memory("2GB")
    assert setting(engine, "memory_limit") == "1.8 GiB"
    monkeypatch.setenv("OPSNB_MEMORY_LIMIT", "3GiB")
    assert setting(Engine(tmp_path), "memory_limit") == "3.0 GiB"


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("shop.duckdb", "not of the form scheme://place"),
        ("duckdb://", "not of the form scheme://place"),
        ("duckbd://shop.duckdb", 'unknown scheme "duckbd". Fix: did you mean "duckdb"?'),
        ("duckdb://shp.duckdb", "there is no shp.duckdb in"),
        ("duckdb://shp.duckdb", "there is shop.duckdb"),
        ("duckdb://nowhere/shop.duckdb", "there is no folder"),
        ("duckdb://text/orders.csv", "cannot open orders.csv"),
        ("parquet://text", "no data files at text. Fix: files end in .parquet"),
        ("parquet://text/orders.csv", "cannot read orders.csv"),
        ("csv://*.csv", "no data files at"),
    ],
)
def test_what_cannot_be_opened(folder: Path, url: str, part: str) -> None:
    with pytest.raises(SourceError) as error:
        connect(config(url), folder).table("orders")
    assert str(error.value).startswith("sources.shop: ")
    assert part in str(error.value)


def test_names_that_duckdb_keeps(folder: Path) -> None:
    for url in ("duckdb://shop.duckdb", "parquet://lake", "csv://text"):
        with pytest.raises(SourceError, match="is a name of DuckDB itself"):
            connect(config(url, "memory"), folder)


def test_missing_tables_and_broken_queries(folder: Path) -> None:
    source = connect(config("duckdb://shop.duckdb"), folder)
    with pytest.raises(SourceError, match=r'no table "order". Fix: did you mean "orders"'):
        source.table("order")
    with pytest.raises(SourceError, match=r"the query cannot be run .*tables here: big, orders"):
        source.sql("select nothing from orders")
    with pytest.raises(SourceError, match=r'does not exist.*did you mean "orders"'):
        source.sql("select * from order_s")
    with pytest.raises(SourceError, match=r"name it alone, as orders"):
        source.sql("select * from lake.orders")
    assert source.sql("select * from orders").count().execute() == 2
    with pytest.raises(SourceError, match="the query cannot be run"):
        source.sql("selec * from")
    with pytest.raises(SourceError, match=r'cannot open the table "other.orders"'):
        source.table("other.orders")


@pytest.mark.parametrize("scheme", sorted(own_schemes().keys() - {"csv", "duckdb", "parquet"}))
def test_what_needs_more_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr("opsnb.analysis.sources._is_installed", lambda module: False)
    with pytest.raises(SourceError, match=rf"{scheme} needs [\w.]+, which is not.*pip install"):
        connect(config(f"{scheme}://host/db"), tmp_path)


def test_passwords_stay_out_of_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **_: object) -> None:
        raise OSError(f"could not reach {url}")

    monkeypatch.setattr("opsnb.analysis.sources._is_installed", lambda module: True)
    monkeypatch.setattr("ibis.connect", refuse)
    monkeypatch.setenv("SHOP_PW", "s3cret")
    monkeypatch.setenv("SHOP_KEY", "hush")
    with pytest.raises(SourceError) as error:
        connect(config("postgres://me:${SHOP_PW}@db/shop?sslpassword=${SHOP_KEY}"), tmp_path)
    assert "cannot connect to postgres://db/shop" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "hush" not in str(error.value)


# -- CSV -------------------------------------------------------------------------------


def csv(folder: Path, content: str | bytes, name: str = "t.csv", **more: str) -> Source:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    source = connect(config(f"csv://{name}", **more), folder)
    for table in source.tables():
        source.table(table)
    return source


def test_types_hold_for_every_value(tmp_path: Path) -> None:
    source = csv(
        tmp_path,
        "n,f,code,long,flag,day,at,instant,mixed,none\n"
        "1,1.5,007,12345678901234567890,TRUE,2026-10-01,2026-10-01 08:30,2026-10-01T00:00:00Z,1,\n"
        "2,,010,1,FALSE,2026/1/2,2026-10-02,2026-10-01T00:00:00+08:00,x,\n",
    )
    types = {name: str(kind) for name, kind in source.table("t").schema().items()}
    assert types == {
        "n": "int64",
        "f": "float64",
        "code": "string",
        "long": "string",
        "flag": "boolean",
        "day": "date",
        "at": "timestamp(6)",
        "instant": "timestamp('UTC', 6)",
        "mixed": "string",
        "none": "string",
    }
    assert rows(source, "t")[0]["code"] == "007"
    assert rows(source, "t")[1]["f"] is None


def test_late_values_do_not_lose_their_rows(tmp_path: Path) -> None:
    lines = [f"{number}" for number in range(3000)]
    source = csv(tmp_path, "n\n" + "\n".join([*lines, "oops"]) + "\n")
    assert source.table("t").count().execute() == 3001
    assert rows(source, "t")[-1]["n"] == "oops"
    assert source.rejected == {}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(tmp_path: Path, separator: str) -> None:
    source = csv(tmp_path, f'a{separator}"b, ; c"\n1{separator}"x{separator}y"\n')
    assert rows(source, "t") == [{"a": 1, "b, ; c": f"x{separator}y"}]


def test_names_are_trimmed_filled_and_told_apart(tmp_path: Path) -> None:
    source = csv(tmp_path, "﻿收货地址 ,,a,a\n上海,2,3,4\n")
    assert rows(source, "t") == [{"收货地址": "上海", "column_2": 2, "a": 3, "a_2": 4}]


def test_line_ends_of_two_kinds(tmp_path: Path) -> None:
    source = csv(tmp_path, b'a,b\r\n"x\ny",1\r\n\r\nz,2\r\n')
    assert rows(source, "t") == [{"a": "x\ny", "b": 1}, {"a": "z", "b": 2}]
    assert source.rejected == {}


def test_broken_rows_are_counted(tmp_path: Path) -> None:
    source = csv(tmp_path, 'a,b\n1,"two\nlines"\n2,x,EXTRA\n3\n4,y\n')
    assert [row["a"] for row in rows(source, "t")] == [1, 4]
    assert source.rejected["t"] == Rejected(2, 0, ("line 4: 2,x,EXTRA", "line 5: 3"))


def test_an_open_quote_tells_what_it_swallowed(tmp_path: Path) -> None:
    body = "".join(f"{number},x\n" for number in range(20))
    source = csv(tmp_path, 'a,b\n1,x\n2,"open\n' + body)
    found = source.rejected["t"]
    assert source.table("t").count().execute() + found.rows + found.lost == 22
    assert found.rows == 1


def test_files_of_a_folder_make_one_table(tmp_path: Path) -> None:
    (tmp_path / "data" / "orders").mkdir(parents=True)
    (tmp_path / "data" / "orders" / "1.csv").write_text("id,amount\n1,2\n")
    with gzip.open(tmp_path / "data" / "orders" / "2.csv.gz", "wt") as file:
        file.write("amount;id;note\n2.5;2;x\n")
    found = rows(connect(config("csv://data"), tmp_path), "orders")
    assert found == [
        {"id": 1, "amount": 2.0, "note": None},
        {"id": 2, "amount": 2.5, "note": "x"},
    ]


def test_encodings(tmp_path: Path) -> None:
    data = "订单编号,省份\n1,上海\n".encode("gb18030")
    with pytest.raises(
        SourceError, match=r't\.csv is not in UTF-8\. Fix: add encoding = "gb18030"'
    ):
        csv(tmp_path, data)
    assert rows(csv(tmp_path, data, encoding="gbk"), "t") == [{"订单编号": 1, "省份": "上海"}]
    with pytest.raises(SourceError, match=r"t\.csv is not in ascii"):
        csv(tmp_path, data, encoding="ascii")
    with pytest.raises(SourceError, match='unknown encoding "klingon"'):
        csv(tmp_path, data, encoding="klingon")


def test_empty_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"t.csv has no line of names"):
        csv(tmp_path, "")
    assert csv(tmp_path, "a,b\n").table("t").count().execute() == 0


def test_versions_that_work_together() -> None:
    """Ibis 12 breaks with DuckDB 2 (fetch_arrow_table) and with sqlglot 30.18 (DROP VIEW)."""
    assert version("ibis-framework").startswith("12.0.")
    assert version("duckdb").startswith("1.")
    assert tuple(int(part) for part in version("sqlglot").split(".")[:2]) < (30, 18)


def test_utf16_without_its_mark(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"t\.csv is not in utf-16 \("):
        csv(tmp_path, "a,b\n1,2\n".encode("utf-16-le"), encoding="utf-16")
