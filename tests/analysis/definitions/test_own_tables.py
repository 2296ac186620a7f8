"""Measures over other models, on tables of the team's own, by the lines that a refusal names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.definitions import Outcome
from opsnb.base.workspace import TableConfig, Workspace
from tests.analysis.definitions.conftest import asked, measured, simple

pytestmark = pytest.mark.skipif(
    "columns" not in TableConfig.model_fields, reason="opsnb.toml has no tables of one's own yet"
)

ITEMS: dict[str, Any] = {
    "name": "order_item",
    "node_relation": {"alias": "order_items"},
    "defaults": {"agg_time_dimension": "ordered_at"},
    "entities": [
        {"name": "order_item", "type": "primary", "expr": "item_id"},
        {"name": "customer", "type": "foreign", "expr": "customer_id"},
    ],
    "dimensions": [
        {"name": "ordered_at", "type": "time"},
        {"name": "is_food", "type": "categorical"},
    ],
    "measures": [
        {"name": "revenue", "agg": "sum", "expr": "price"},
        {"name": "food", "agg": "sum", "expr": "case when is_food then price else 0 end"},
        {"name": "people", "agg": "count_distinct", "expr": "customer_id"},
    ],
}

ROWS = pd.DataFrame(
    {
        "item_id": [f"i{n}" for n in range(40)],
        "customer_id": [f"c{n % 7}" for n in range(40)],
        "ordered_at": pd.to_datetime("2026-09-28 12:00") + pd.to_timedelta(range(40), unit="D"),
        "is_food": [n % 3 == 0 for n in range(40)],
        "price": [float(n) for n in range(40)],
    }
)


def test_the_lines_that_are_named_work_as_they_stand(
    shop: Workspace, from_dbt: Callable[..., Outcome]
) -> None:
    ROWS.to_parquet(shop.root / "data" / "order_items.parquet", index=False)
    metrics = [
        simple("revenue", "revenue"),
        simple("people", "people", "{{ Dimension('order_item__is_food') }}"),
        simple("food", "food"),
        {"name": "food_share", "type": "ratio",
         "type_params": {"numerator": {"name": "food"}, "denominator": {"name": "revenue"}}},
    ]  # fmt: skip
    first = from_dbt(*metrics, models=[ITEMS])
    [hint] = {one.hint for one in first.refused}
    file = shop.root / "opsnb.toml"
    lines = hint.partition("opsnb.toml:\n")[2]
    file.write_text(file.read_text("utf-8") + "\n" + lines + "\n", encoding="utf-8")
    outcome = from_dbt(*metrics, models=[ITEMS], workspace=Workspace.load(shop.root))
    assert not outcome.refused
    outcome.write()
    workspace = Workspace.load(shop.root)
    for name, sql in {
        "revenue": "sum(price)",
        "people": "count(distinct customer_id) filter (is_food)",
        "food_share": "sum(price) filter (is_food) / sum(price)",
    }.items():
        october = "ordered_at >= '2026-10-01' and ordered_at < '2026-11-01'"
        expected = asked(f"select {sql} from items where {october}", items=ROWS)
        assert measured(workspace, name) == pytest.approx(expected), name
