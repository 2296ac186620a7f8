"""The SQL that ran is kept, once each, under names that do not change from run to run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from opsnb.sources import Engine


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
