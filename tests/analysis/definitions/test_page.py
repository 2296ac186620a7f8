"""docs/importing.md says what the import does: its tables are tried row by row."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.definitions import Outcome
from tests.analysis.definitions.conftest import MODEL, simple
from tests.analysis.definitions.test_growthbook import (  # noqa: F401
    WINDOW,
    from_growthbook,
    metric,
    row_filter,
    side,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "importing.md"
REFUSED = "not carried over"

DBT: dict[str, list[tuple[str, Any]]] = {
    "`sum`": [("sum", "order_total")],
    "`sum` of 1": [("sum", "1")],
    "`count`": [("count", "tax")],
    "`sum_boolean`": [("sum_boolean", "is_food")],
    "`count_distinct`": [("count_distinct", "customer_id")],
    "`average`": [("average", "tax")],
    "`median`, `percentile`": [("median", "tax"), ("percentile", "tax")],
    "`min`, `max`": [("min", "tax"), ("max", "tax")],
}


def _derived(expr: str, **more: Any) -> dict[str, Any]:
    inputs = [{"name": "total"}, {"name": "tax", **more}]
    return {"name": "odd", "type": "derived", "type_params": {"expr": expr, "metrics": inputs}}


def _ratio(top: str, bottom: str) -> dict[str, Any]:
    params = {"numerator": {"name": top}, "denominator": {"name": bottom}}
    return {"name": "odd", "type": "ratio", "type_params": params}


def _cumulative(measure: str, granularity: str) -> dict[str, Any]:
    window = {"count": 2, "granularity": granularity}
    params = {"measure": {"name": measure}, "cumulative_type_params": {"window": window}}
    return {"name": "odd", "type": "cumulative", "type_params": params}


DBT_METRICS: dict[str, list[dict[str, Any]]] = {
    "ratio of two sums of one table": [_ratio("total", "tax")],
    "other ratios; derived `a / b`": [_ratio("total", "people"), _derived("total / tax")],
    "cumulative `count_distinct` over days or weeks": [
        _cumulative("customers", "day"), _cumulative("customers", "week"),
    ],
    "other cumulative and derived metrics (`a - b`), `offset_window`, `offset_to_grain`, "
    "conversion": [
        _cumulative("customers", "month"),
        _cumulative("order_total", "day"),
        _derived("total - tax"),
        _derived("total / tax", offset_window={"count": 1, "granularity": "month"}),
        _derived("total / tax", offset_to_grain="month"),
        {"name": "odd", "type": "conversion"},
    ],
    "a filter by a dimension, entity or time of the metric's own model": [
        simple("odd", "tax", "{{ Dimension('order_id__city') }} = 'A'"),
        simple("odd", "tax", "{{ Entity('customer') }} = 'c1'"),
        simple("odd", "tax", "{{ TimeDimension('order_id__ordered_at', 'month') }} > '2026-01-01'"),
    ],
    "a filter by another model's dimension, or by a metric": [
        simple("odd", "tax", "{{ Dimension('customer__city') }} = 'A'"),
        simple("odd", "tax", "{{ Metric('total', ['customer']) }} > 1"),
    ],
    "non-additive dimensions, discrete percentiles, `fill_nulls_with` other than 0": [
        simple("odd", "balance"),
        simple("odd", "discrete"),
        simple("odd", "tax", fill_nulls_with=1),
    ],
}  # fmt: skip

FACT: dict[str, list[dict[str, Any]]] = {
    "`proportion`": [
        metric("proportion", {"aggregateFilterColumn": "$$count", "aggregateFilter": ">= 2"}),
    ],
    "`mean`": [metric("mean", {"column": "$$count"})],
    "`ratio`": [metric("ratio", {"column": "revenue"}, denominator=side("$$count"))],
    "`quantile` of events": [
        metric("quantile", {"column": "revenue"},
               quantileSettings={"type": "event", "quantile": 0.5, "ignoreZeros": False}),
    ],
    "`retention`, `dailyParticipation`, quantiles of users, `max`, `count distinct`": [
        metric("retention"),
        metric("dailyParticipation"),
        metric("quantile", {"column": "revenue"},
               quantileSettings={"type": "unit", "quantile": 0.5, "ignoreZeros": False}),
        metric("mean", {"column": "revenue", "aggregation": "max"}),
        metric("mean", {"column": "city", "aggregation": "count distinct"}),
    ],
    "`inverse`": [metric("mean", {"column": "revenue"}, inverse=True)],
    "`minPercentChange`": [metric("mean", {"column": "revenue"}, minPercentChange=0.01)],
    "a conversion window of whole days": [metric("proportion", windowSettings=WINDOW)],
    "a percentile cap of a mean": [
        metric("mean", {"column": "revenue"}, cappingSettings={"type": "percentile", "value": 0.9}),
    ],
    "an absolute cap, a cap without zeros, lookback windows, delays": [
        metric("mean", {"column": "revenue"}, cappingSettings={"type": "absolute", "value": 9}),
        metric("mean", {"column": "revenue"}, cappingSettings={
            "type": "percentile", "value": 0.9, "ignoreZeros": True}),
        metric("proportion", windowSettings=WINDOW | {"type": "lookback"}),
        metric("proportion", windowSettings=WINDOW | {"delayValue": 1, "delayUnit": "days"}),
    ],
    "row filters, inline filters, saved filters": [
        metric("mean", {"column": "revenue", **row_filter("=", "A")}),
        metric("mean", {"column": "revenue", "inlineFilters": {"city": ["A"]}}),
        metric("mean", {"column": "revenue", "filters": ["flt_a"]}),
    ],
}  # fmt: skip


def table(name: str) -> dict[str, str]:
    """The rows of a table of the page: what there is, and what it becomes."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- {name}:")[2]
    lines = text.partition(f"<!-- end of {name} -->")[0].splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")][2:]
    return {there.strip(): here.strip() for there, here in rows}


def _holds(here: str, outcome: Outcome, source: str) -> bool:
    """Whether the page's words are what came of it: the first word in code is kind or field."""
    if here == REFUSED:
        return source in {one.name for one in outcome.refused}
    fields = next(one.fields for one in outcome.metrics if one.source == source)
    said = here.split("`")[1]
    key, equals, value = said.partition(" = ")
    if equals:
        return str(fields[key]) == value.strip('"')
    return said in fields or fields["kind"] == said


def test_the_page_has_the_rows_that_are_tried() -> None:
    assert set(table("dbt")) == {*DBT, *DBT_METRICS}
    assert set(table("growthbook")) == set(FACT)


@pytest.mark.parametrize("row", [*DBT, *DBT_METRICS])
def test_dbt(from_dbt: Callable[..., Outcome], row: str) -> None:
    for number, made in enumerate(DBT.get(row, []) or DBT_METRICS[row]):
        model = copy.deepcopy(MODEL)
        model["measures"].append(
            {"name": "discrete", "agg": "percentile", "expr": "tax",
             "agg_params": {"percentile": 0.5, "use_discrete_percentile": True}}
        )  # fmt: skip
        if isinstance(made, tuple):
            agg, expr = made
            params = {"percentile": 0.5}
            model["measures"].append(
                {"name": "tried", "agg": agg, "expr": expr, "agg_params": params}
            )
            made = simple("odd", "tried")
        base = [simple("total", "order_total"), simple("tax", "tax"), simple("people", "customers")]
        outcome = from_dbt(*base, made, models=[model])
        assert _holds(table("dbt")[row], outcome, "odd"), (row, number)


@pytest.mark.parametrize("row", FACT)
def test_growthbook(from_growthbook: Callable[..., Outcome], row: str) -> None:  # noqa: F811
    for number, made in enumerate(FACT[row]):
        here = table("growthbook")[row]
        source = "Odd one (fact__odd)" if here == REFUSED else "fact__odd"
        assert _holds(here, from_growthbook(made), source), (row, number)
