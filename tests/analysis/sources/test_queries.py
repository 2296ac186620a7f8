"""The SQL that ran is kept, once each, under names that do not change from run to run."""

from __future__ import annotations

import gc
from pathlib import Path

import duckdb
import ibis
import pytest
from ibis.backends.duckdb import Backend

from opsnb.analysis.sources import Engine
from opsnb.analysis.sources.queries import name_rows
from opsnb.base import core_share


def _run(root: Path) -> str:
    backend = Engine(root).backend
    backend.con.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
    table = backend.table("t")
    for _ in range(2):
        assert table.filter(table.a > 4).count().execute() == 4
    kept = table.mutate(b=table.a * 2).cache()
    assert kept.b.sum().execute() == 72
    return (root / "queries.sql").read_text(encoding="utf-8")


def test_queries_are_kept_and_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSNB_QUERIES", str(tmp_path / "queries.sql"))
    text = _run(tmp_path)
    assert text.count("-- duckdb, ") == 3
    assert '"t0"."a" > ' in text
    assert '"a" * ' in text
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
        first = text.split(";\n\n")[0].partition("\n")[2]
        assert connection.execute(first).fetchall() == [(4,)]
    (tmp_path / "queries.sql").unlink()
    assert _run(tmp_path) == text


def test_nothing_is_kept_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSNB_QUERIES", raising=False)
    with pytest.raises(FileNotFoundError):
        _run(tmp_path)


def test_an_expression_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    plain = Backend.compile

    def counted(self: Backend, expr: object, /, **options: object) -> str:
        compiled.append(expr)
        return plain(self, expr, **options)

    monkeypatch.setattr(Backend, "compile", counted)
    backend = Engine(tmp_path).backend
    backend.con.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
    table = backend.table("t")
    large = table.filter(table.a > 4)
    for _ in range(3):
        assert len(large.execute()) == 4
    assert len(compiled) == 1
    assert len(table.filter(table.a > 5).execute()) == 3
    assert len(compiled) == 2
    for values in ([1, 2], [3]):
        assert backend.execute(ibis.memtable({"a": values}).a.sum()) == sum(values)


@pytest.mark.parametrize("scalar", [False, True])
def test_a_shared_result_is_compiled_once_and_holds_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scalar: bool
) -> None:
    compiled: list[str] = []
    plain = Backend.compile

    def counted(self: Backend, expr: object, /, **options: object) -> str:
        compiled.append(plain(self, expr, **options))
        return compiled[-1]

    (tmp_path / "cycle").mkdir()
    monkeypatch.setenv(core_share.FOLDER, str(tmp_path / "cycle"))
    monkeypatch.setattr(Backend, "compile", counted)
    backend = Engine(tmp_path).backend
    backend.con.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
    kept = backend.table("t").filter(ibis._.a > 4).cache()
    name = kept.op().name
    compiled.clear()
    asked = kept.a.sum() if scalar else kept.group_by("a").agg(n=ibis._.count())
    backend.execute(asked)
    assert len(compiled) == 1
    del kept, asked
    gc.collect()
    assert name not in backend.list_tables()


def test_named_rows_are_kept_as_a_view_that_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSNB_QUERIES", str(tmp_path / "queries.sql"))
    backend = Engine(tmp_path).backend
    backend.con.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
    table = backend.table("t")
    large = name_rows(backend, "large", table.filter(table.a > 4))
    other = name_rows(backend, "large", table.filter(table.a > 7))
    assert (large.count().execute(), other.count().execute()) == (4, 1)
    assert large.schema() == table.schema()
    statements = [
        part.partition("\n")[2]
        for part in (tmp_path / "queries.sql").read_text(encoding="utf-8").split(";\n\n")
    ]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS a FROM range(9)")
        answers = [connection.execute(text).fetchall() for text in statements if text]
    assert [len(answer) for answer in answers] == [0, 0, 1, 1]
    assert answers[2:] == [[(4,)], [(1,)]]
