"""Exports with anything in any place are read, refused in part, or an error that names the file."""

from __future__ import annotations

import copy
import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.definitions import Options, import_definitions
from opsnb.analysis.metrics import load_catalogue
from opsnb.base.errors import OpsnbError
from opsnb.base.plans import ExperimentPlan
from opsnb.base.workspace import Workspace
from tests.analysis.definitions.conftest import MODEL, simple, where
from tests.analysis.definitions.test_experiments import GROWTHBOOK, OPTIMIZELY, STATSIG
from tests.analysis.definitions.test_growthbook import FILTERS, TABLE, metric, row_filter, side

EXPORTS: dict[str, Any] = {
    "dbt": {
        "semantic_models": [MODEL],
        "metrics": [
            simple("total", "order_total", "{{ Dimension('order_id__city') }} = 'A'"),
            simple("people", "customers"),
            {"name": "each", "type": "ratio", "filter": where("city = 'A'"), "type_params": {
                "numerator": {"name": "total"}, "denominator": {"name": "people"}}},
            {"name": "other", "type": "derived", "type_params": {
                "expr": "total / n", "metrics": [{"name": "total"}, {"name": "people",
                                                                   "alias": "n"}]}},
            {"name": "weekly", "type": "cumulative", "type_params": {
                "measure": {"name": "customers"}, "window": {"count": 7, "granularity": "day"}}},
        ],
    },
    "growthbook": {
        "factTables": [TABLE],
        "factTableFilters": FILTERS,
        "factMetrics": [
            metric("mean", {"column": "revenue", **row_filter("in", "A", "B")}),
            metric("ratio", {"column": "revenue"}, denominator=side("$$distinctUsers")),
        ],
        "experiments": [GROWTHBOOK],
    },
    "statsig": {"data": [STATSIG]},
    "optimizely": [OPTIMIZELY],
}  # fmt: skip
JUNK = [None, 0, -1, 2.5, "", "x", "a'b", '"', "{{ x }}", [], {}, [1], {"a": 1}, True, 1e300, "😀"]


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value within a tree."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    out = [(*path, key) for key, _ in inner]
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inner:
        if isinstance(value, dict | list):
            out += places(value, (*path, key))
    return out


@pytest.mark.parametrize("tool", EXPORTS)
def test_anything_anywhere(shop: Workspace, tmp_path: Path, tool: str) -> None:
    rng = random.Random(tool)
    ways = places(EXPORTS[tool])
    read = 0
    for _ in range(120):
        tree = copy.deepcopy(EXPORTS[tool])
        for way in rng.sample(ways, k=rng.choice([1, 1, 2])):
            at = tree
            try:
                for key in way[:-1]:
                    at = at[key]
                if rng.random() < 0.2:
                    del at[way[-1]]
                else:
                    at[way[-1]] = copy.deepcopy(rng.choice(JUNK))
            except (KeyError, IndexError, TypeError):
                continue  # the other change took the place away
        path = tmp_path / "export.json"
        path.write_text(json.dumps(tree), encoding="utf-8")
        names = {"fact__aov": "aov", "purchase_rate": "aov", "77": "aov"}
        try:
            outcome = import_definitions(shop, tool, [path], Options(metrics=names))
        except OpsnbError as error:
            assert "export.json" in error.where, tree
        else:
            read += 1
            load_catalogue(shop.metrics | tomllib.loads(outcome.metrics_text))
            for plan in outcome.plans:
                ExperimentPlan.model_validate(tomllib.loads(outcome.plan_text(plan)))
    assert read > 12
