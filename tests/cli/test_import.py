"""`opsnb import`: what it prints, what it writes, and that it ends by telling how to compare."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from opsnb.base.workspace import Workspace
from opsnb.cli import app
from tests.analysis.definitions.conftest import MODEL, export, shop, simple  # noqa: F401

Call = Callable[..., Result]


@pytest.fixture
def call(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> Call:  # noqa: F811
    monkeypatch.chdir(shop.root)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["import", *arguments], prog_name="opsnb")

    return invoke


@pytest.fixture
def manifest(export: Callable[..., Path]) -> str:  # noqa: F811
    metrics = [
        simple("total", "order_total"),
        simple("orders", "order_count"),
        simple("top", "largest"),
        simple("worst", "largest"),
    ]
    tree = {"semantic_models": [MODEL], "metrics": metrics}
    return str(export("semantic_manifest.json", tree))


def test_what_is_new_is_written_and_what_is_not_is_named(call: Call, manifest: str) -> None:
    result = call("dbt", manifest)
    assert result.exit_code == 0, result.output
    assert "metric top, worst: the max of rows has no equal here." in result.stdout
    assert "orders is a metric here already; theirs is called dbt_orders" in result.stderr
    assert "compare one month with dbt. There: mf query --metrics total" in result.stderr
    assert "plans/targets/MONTH.toml" in result.stderr and "opsnb check" in result.stderr
    assert set(tomllib.loads(Path("metrics.toml").read_text("utf-8"))) == {"total", "dbt_orders"}
    again = call("dbt", manifest)
    assert "there already: total, dbt_orders" in again.stderr and "Nothing new" in again.stderr


def test_a_dry_run_shows_what_would_be_written(call: Call, manifest: str) -> None:
    result = call("dbt", manifest, "--dry-run")
    shown = result.stdout.partition("# --- metrics.toml, to be added ---")[2]
    assert set(tomllib.loads(shown)) == {"total", "dbt_orders"}
    assert not Path("metrics.toml").exists() and "Nothing was written" in result.stderr


def test_files_that_hold_nothing_are_said_to(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text('{"data": []}', encoding="utf-8")
    assert "hold no metric and no experiment" in call("statsig", str(path)).stderr


def test_json_holds_all_of_it(call: Call, manifest: str) -> None:
    found = json.loads(call("dbt", manifest, "--json", "--dry-run").stdout)
    assert found["written"] is False
    assert [one["id"] for one in found["metrics"]] == ["total", "dbt_orders"]
    assert {one["name"] for one in found["not_carried"]} == {"top", "worst"}
    assert found["renamed"] == {"dbt_orders": "orders"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["looker"], 'unknown tool "looker"'),
        (["dbt", "--table", "orders"], '--table: "orders" is not NAME=NAME'),
        (["dbt", "--metric", "a=b", "--metric", "a=c"], '--metric: "a" is given twice'),
        (["dbt", "--end", "soon"], '--end: "soon" is no date. Fix: write --end 2026-12-31'),
        (["dbt", "--dialect", "dukcdb"], 'did you mean "duckdb"'),
        (["dbt", "--exposures", "x"], "dbt has no exposures"),
    ],
)
def test_mistakes_are_named(call: Call, manifest: str, arguments: list[str], said: str) -> None:
    result = call(arguments[0], manifest, *arguments[1:])
    assert result.exit_code == 2 and said in result.stderr
    assert not Path("metrics.toml").exists()
