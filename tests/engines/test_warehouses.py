"""Trino, BigQuery and Snowflake, of which no server can be had here.

What playbooks ask is compiled to each engine's SQL, which is then translated back and run over
the nasty tables in DuckDB: it has to be valid in its own dialect, and mean what DuckDB's own says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlglot as sg
from ibis.backends.duckdb import Backend
from sqlglot import exp

import opsnb.analysis.sources
from opsnb.analysis.sources import open_source
from opsnb.analysis.sources.base import Source
from opsnb.analysis.sources.dialects import even_out
from opsnb.base.workspace import Workspace
from tests.engines import nasty
from tests.engines.questions import QUESTIONS, Asked, plain
from tests.engines.test_same_answers import differences

FEATURES = {
    "metrics: every kind, in periods",
    "active users: rolling, growth, levels",
    "cohorts and newcomers",
    "ordered funnels with a window",
    "RFM: scores with ties, segments, migration",
    "tickets: quantiles and on time",
    "experiments: arms, CUPED, ratios, caps, clusters",
}
CASES = [
    pytest.param(dialect, feature, name, id=f"{dialect}-{name}-{number}")
    for dialect in ("trino", "bigquery", "snowflake")
    for number, (feature, questions) in enumerate(QUESTIONS.items())
    if feature in FEATURES
    for name in questions
]


def pretend(dialect: str, duckdb: Backend) -> Backend:
    """DuckDB that is asked in another engine's words."""

    class Pretended(Backend):
        name = dialect
        compiler = import_module(f"ibis.backends.sql.compilers.{dialect}").compiler
        asked: list[str] = []  # noqa: RUF012

        def compile(self, expr: Any, /, **more: Any) -> str:
            self.asked.append(super().compile(expr, **more))
            # BigQuery's names have no brackets; its driver gives them back, and so does this.
            names = ", ".join(f'"{name}"' for name in expr.as_table().columns)
            return f"SELECT * FROM ({back(self.asked[-1])}) AS answer({names})"

        def get_schema(self, *where: Any, **more: Any) -> Any:
            return duckdb.get_schema(*where, **more)

        def _get_schema_using_query(self, query: str) -> Any:
            return super()._get_schema_using_query(back(query))

        def _create_cached_table(self, *_: Any) -> Any:
            raise PermissionError("no temporary tables")

    def back(sql: str) -> str:
        numbers = re.sub(r"-'(\d+)'", r"-\1", sql)  # Snowflake: DATEADD(DAY, -'1', day)
        return as_rows(sg.parse_one(numbers, read=dialect), dialect).sql("duckdb")

    made = Pretended()
    for name, value in vars(duckdb).items():
        if name != "compile":
            vars(made).setdefault(name, value)
    made.con = duckdb.con
    for macro in (
        "at_timezone(t, z) AS timezone(z, t)",
        "ieee_divide(a, b) AS a / b",
        "parse_duration(t) AS CAST(replace(t, 's', ' seconds') AS INTERVAL)",
    ):
        made.con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    return even_out(made)


def as_rows(tree: exp.Expression, dialect: str) -> exp.Expression:
    """A statement in which lists become rows as DuckDB says it; sqlglot translates that badly.

    BigQuery and Snowflake count the items of a list from 0, `WITH ORDINALITY` from 1; and
    Snowflake's FLATTEN gives six columns: seq, key, path, index, value, this.
    """
    for rows in list(tree.find_all(exp.TableFromRows)):
        items = rows.this.this.expression.sql("duckdb")
        said = (
            "SELECT NULL, NULL, NULL, n - 1, item, NULL FROM (SELECT UNNEST(items) AS item, "
            f"GENERATE_SUBSCRIPTS(items, 1) AS n FROM (SELECT {items} AS items))"
        )
        table = sg.parse_one(said, read="duckdb").subquery()
        table.set("alias", rows.args["alias"])
        rows.replace(table)
    if dialect == "bigquery":
        counted = (rows.args.get("offset") for rows in tree.find_all(exp.Unnest))
        positions = {offset.name for offset in counted if offset}
        for column in list(tree.find_all(exp.Column)):
            if column.name in positions:
                column.replace(exp.paren(exp.column(column.name) - 1))
    return tree


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Asked]:
    root: Path = tmp_path_factory.mktemp("warehouses")
    nasty.write(root / "data")
    (root / "opsnb.toml").write_text(
        nasty.settings(f"parquet://{root}/data", copies=False), encoding="utf-8"
    )

    @cache
    def ask(dialect: str) -> Asked:
        workspace = Workspace.load(root)
        source = open_source(workspace, "here")
        for name in source.tables():
            source.table(name)  # files are read when they are asked for
        if dialect != "duckdb":
            other = Source("here", pretend(dialect, source.backend), source.database)
            opsnb.analysis.sources._sources[workspace]["here"] = other
        return Asked(workspace)

    return ask


@pytest.fixture(scope="module")
def duckdb_says(asked: Callable[[str], Asked]) -> Callable[[str, str], Any]:
    return cache(lambda feature, name: plain(QUESTIONS[feature][name](asked("duckdb"))))


@pytest.mark.parametrize(("dialect", "feature", "name"), CASES)
def test_a_question_means_the_same_in_another_engines_sql(
    asked: Callable[[str], Asked],
    duckdb_says: Callable[[str, str], Any],
    dialect: str,
    feature: str,
    name: str,
) -> None:
    at = asked(dialect)
    statements = open_source(at.workspace, "here").backend.asked
    statements.clear()
    found = plain(QUESTIONS[feature][name](at))
    assert statements
    assert differences(duckdb_says(feature, name), found) == []
