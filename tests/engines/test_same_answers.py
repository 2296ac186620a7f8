"""Every metric, contract and analysis on every engine: DuckDB's answer to 1e-9."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from opsnb.analysis.sources import connect, open_source
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig
from tests.engines.questions import QUESTIONS, Asked, plain
from tests.engines.servers import ENGINES

RELATIVE = 1e-9

CASES = [
    pytest.param(engine, feature, name, id=f"{engine}-{name}-{number}")
    for engine in ENGINES
    if engine != "duckdb"
    for number, (feature, questions) in enumerate(QUESTIONS.items())
    for name in questions
]


@pytest.fixture(scope="module")
def duckdb_says(asked: Callable[[str], Asked]) -> Callable[[str, str], Any]:
    return cache(lambda feature, name: plain(QUESTIONS[feature][name](asked("duckdb"))))


@pytest.mark.parametrize(("engine", "feature", "name"), CASES)
def test_an_engine_says_what_duckdb_says(
    asked: Callable[[str], Asked],
    duckdb_says: Callable[[str, str], Any],
    engine: str,
    feature: str,
    name: str,
) -> None:
    found = plain(QUESTIONS[feature][name](asked(engine)))
    assert differences(duckdb_says(feature, name), found) == []


def test_clickhouse_counts_exactly_and_keeps_small_spreads(
    asked: Callable[[str], Asked],
) -> None:
    """Ibis takes `uniq`, which estimates large counts, and variances as differences of squares."""
    source = open_source(asked("clickhouse").workspace, "here")
    rows = source.sql("SELECT toString(number) AS a, 1e9 + number % 2 AS b FROM numbers(200000)")
    b = rows.b
    found = rows.agg(
        all=rows.a.nunique(), odd=rows.a.nunique(where=b > 1e9),
        var=b.var(how="sample"), cov=b.cov(b, how="sample"),
    ).execute().iloc[0]  # fmt: skip
    assert (found["all"], found["odd"]) == (200_000, 100_000)
    spread = 0.25 * 200_000 / 199_999
    assert found["var"] == pytest.approx(spread, rel=1e-9)
    assert found["cov"] == pytest.approx(spread, rel=1e-9)


def test_two_clusters_are_not_taken_for_one(asked: Callable[[str], Asked]) -> None:
    workspace = asked("spark").workspace
    before = open_source(workspace, "here").tables()
    with pytest.raises(SourceError, match=r"local\[1\] cannot be opened beside spark://127\.0"):
        connect(SourceConfig(url="spark://local[1]"), workspace.root)
    assert connect(workspace.sources["here"], workspace.root).tables() == before


def test_spark_leaves_no_warehouse_in_the_working_folder(asked: Callable[[str], Asked]) -> None:
    session = open_source(asked("spark").workspace, "here").backend._session
    session.sql("SHOW DATABASES").collect()
    place = Path(unquote(urlsplit(session.conf.get("spark.sql.warehouse.dir")).path))
    assert Path.cwd() not in place.parents
    assert list(place.iterdir()) == []


def differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """Where two answers are not the same, at most ten."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        parts = [differences(wanted.get(key), found.get(key), f"{where}.{key}") for key in keys]
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return [f"{where}: {len(wanted)} rows against {len(found)}"]
        parts = [
            differences(one, other, f"{where}[{number}]")
            for number, (one, other) in enumerate(zip(wanted, found, strict=True))
        ]
    elif isinstance(wanted, float) and isinstance(found, float):
        close = math.isclose(wanted, found, rel_tol=RELATIVE, abs_tol=1e-12)
        parts = [] if close else [[f"{where}: {wanted!r} against {found!r}"]]
    else:
        parts = [] if wanted == found else [[f"{where}: {wanted!r} against {found!r}"]]
    return [line for part in parts for line in part][:10]
