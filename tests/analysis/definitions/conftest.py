"""A shop's orders, and exports of other tools that define metrics and experiments over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from opsnb.analysis.definitions import Options, Outcome, import_definitions
from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.workspace import Workspace

ORDERS = pd.DataFrame(
    {
        "order_id": [f"o{n}" for n in range(12)],
        "customer_id": ["c1", "c1", "c2", "c3", "c2", "c1", "c4", None, "c5", "c5", "c2", "c9"],
        "ordered_at": pd.to_datetime(
            [f"2026-10-{day:02} 12:00" for day in (1, 2, 3, 5, 8, 13, 21, 22, 25, 26, 31)]
            + ["2026-09-30 12:00"]
        ),
        "order_total": [30.0, 10, 20, 25, 8, 12, 40, 5, 60, 7, 33, 99],
        "tax": [1.0, None, 2, 2.5, 0, 1, 4, 0.5, 6, None, 3, 9],
        "is_food": [True, False, True, True, False, False, True, False, True, True, False, True],
        "city": ["A", "B", "A", "A", "B", "B", "A", "B", "C", "C", "A", "A"],
    }
)

MAPPED = """
[tables.orders]
source = "here"
sql = "select order_id, customer_id as user_id, ordered_at, order_total as amount, tax, is_food, \
city from fct_orders"
"""

MODEL: dict[str, Any] = {
    "name": "orders",
    "node_relation": {"alias": "fct_orders", "schema_name": "dev"},
    "defaults": {"agg_time_dimension": "ordered_at"},
    "entities": [
        {"name": "order_id", "type": "primary"},
        {"name": "customer", "type": "foreign", "expr": "customer_id"},
    ],
    "dimensions": [
        {"name": "ordered_at", "type": "time", "type_params": {"time_granularity": "day"}},
        {"name": "is_food_order", "type": "categorical", "expr": "is_food"},
        {"name": "city", "type": "categorical"},
        {"name": "is_big", "type": "categorical", "expr": "order_total >= 20"},
    ],
    "measures": [
        {"name": "order_total", "agg": "sum"},
        {"name": "tax", "agg": "sum"},
        {"name": "order_count", "agg": "sum", "expr": "1"},
        {"name": "taxed_orders", "agg": "count", "expr": "tax"},
        {"name": "customers", "agg": "count_distinct", "expr": "customer_id"},
        {"name": "food_orders", "agg": "sum_boolean", "expr": "is_food"},
        {"name": "average_tax", "agg": "average", "expr": "tax"},
        {"name": "median_total", "agg": "median", "expr": "order_total"},
        {"name": "p90_total", "agg": "percentile", "expr": "order_total",
         "agg_params": {"percentile": 0.9}},
        {"name": "largest", "agg": "max", "expr": "order_total"},
        {"name": "balance", "agg": "sum", "expr": "order_total",
         "non_additive_dimension": {"name": "ordered_at", "window_choice": "max"}},
    ],
}  # fmt: skip


def simple(name: str, measure: str, only: str = "", **more: Any) -> dict[str, Any]:
    """A simple metric of a manifest."""
    made: dict[str, Any] = {"name": name, "type": "simple", "label": name.title()}
    made["type_params"] = {"measure": {"name": measure, **more}}
    return made | ({"filter": where(only)} if only else {})


def where(*templates: str) -> dict[str, Any]:
    return {"where_filters": [{"where_sql_template": template} for template in templates]}


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """A workspace whose orders are read from `fct_orders` under the contract's names."""
    (tmp_path / "data").mkdir()
    ORDERS.to_parquet(tmp_path / "data" / "fct_orders.parquet", index=False)
    head = (
        '[workspace]\nname = "Shop"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
        'as_of = 2026-11-16\nmin_cell = 0\n[sources.here]\nurl = "parquet://data"\n'
    )
    more = "recorded_from = 2026-09-30\nrecorded_until = 2026-10-31\n"
    (tmp_path / "opsnb.toml").write_text(head + MAPPED + more, encoding="utf-8")
    return Workspace.load(tmp_path)


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Writes an export: `export("experiments.json", {...})`."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / "exports" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def from_dbt(shop: Workspace, export: Callable[..., Path]) -> Callable[..., Outcome]:
    """What metrics of a manifest come to in the shop."""

    def run(
        *metrics: Mapping[str, Any],
        models: Iterable[Mapping[str, Any]] = (MODEL,),
        workspace: Workspace | None = None,
        **options: Any,
    ) -> Outcome:
        tree = {"semantic_models": list(models), "metrics": list(metrics)}
        path = export("semantic_manifest.json", tree)
        return import_definitions(workspace or shop, "dbt", [path], Options(**options))

    return run


def measured(workspace: Workspace, id: str, month: str = "2026-10") -> float | None:
    """A metric of the workspace in a month, by opsnb."""
    meter = Meter(Rows(workspace), load_catalogue(workspace.metrics))
    return meter.measure(id, [workspace.period(month)])[0].value


def asked(query: str, **tables: pd.DataFrame) -> Any:
    """What a query that was written by hand gives, by DuckDB alone."""
    connection = duckdb.connect()
    for name, frame in {"fct_orders": ORDERS, **tables}.items():
        connection.register(name, frame)
    return connection.execute(query).fetchone()[0]  # type: ignore[index]


def reasons(outcome: Outcome) -> dict[str, str]:
    """Why things were not carried over, by name."""
    return {one.name: one.reason for one in outcome.refused}
