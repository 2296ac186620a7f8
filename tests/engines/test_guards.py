"""Connections only read, and statements end, where the engine can be told so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.sources import connect, open_source
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig, Workspace
from tests.engines import nasty
from tests.engines.questions import Asked
from tests.engines.servers import spark

WRITES = {
    "postgres": ["CREATE TABLE t (a int)", "DELETE FROM orders", "DROP TABLE orders"],
    "clickhouse": [
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "INSERT INTO tasks (task_id) VALUES ('x')",
        "DROP TABLE orders",
    ],
    "duckdb": ["DELETE FROM here.orders", "CREATE TABLE here.t (a INT)"],
}
SLOW = {
    "postgres": "SELECT pg_sleep(20)",
    "clickhouse": "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))",
}


@pytest.mark.parametrize(
    ("engine", "statement"), [(engine, one) for engine, many in WRITES.items() for one in many]
)
def test_nothing_is_written(asked: Callable[[str], Asked], engine: str, statement: str) -> None:
    source = open_source(asked(engine).workspace, "here")
    before = source.table("orders").count().execute()
    with pytest.raises(Exception, match=r"(?i)read-?\s?only"):
        _run(source.backend, statement)
    assert source.table("orders").count().execute() == before


@pytest.mark.parametrize("engine", SLOW)
def test_a_statement_that_takes_too_long_is_stopped(
    asked: Callable[[str], Asked], engine: str
) -> None:
    workspace = asked(engine).workspace
    file = workspace.root / "opsnb.toml"
    text = file.read_text(encoding="utf-8")
    (workspace.root / "hasty").mkdir(exist_ok=True)
    hasty = workspace.root / "hasty" / "opsnb.toml"
    hasty.write_text(text.replace("[sources.here]\n", "[sources.here]\ntimeout = 1\n"))
    source = open_source(Workspace.load(hasty.parent), "here")
    with pytest.raises(Exception, match=r"(?i)time"):
        _run(source.backend, SLOW[engine])


def _run(backend: Any, statement: str) -> None:
    result = backend.raw_sql(statement)
    if hasattr(result, "fetchall"):
        result.fetchall()


def test_a_full_cluster_is_an_error_not_a_hang(tmp_path: Path) -> None:
    """A master without workers; in a process of its own, since one process has one Spark."""
    nasty.write(tmp_path / "data")
    with spark(workers=0) as place:
        url = f"{place.load(tmp_path / 'data')}&wait=1"
        (tmp_path / "opsnb.toml").write_text(nasty.settings(url), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "opsnb", "check"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "sources.here" in said
    assert "gave no core within 1 s" in said
    assert "spark.cores.max" in said
    assert "Traceback" not in said


def test_a_wait_is_a_number(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed (the extra spark)")
    config = SourceConfig(url="spark://local[1]?wait=long")
    with pytest.raises(SourceError, match=r'wait is "long".*number of seconds'):
        connect(config, tmp_path)
