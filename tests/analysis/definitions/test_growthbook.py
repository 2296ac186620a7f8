"""GrowthBook's fact metrics give what their SQL gives; what has no equal is refused by name."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.definitions import Options, Outcome, import_definitions
from opsnb.analysis.metrics import load_catalogue
from opsnb.analysis.metrics.arms import arm_aggregates
from opsnb.analysis.metrics.assignments import assigned_users
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.reviews.experiment.effects import arm_moments
from opsnb.base.errors import DefinitionError
from opsnb.base.workspace import Workspace
from tests.analysis.definitions.conftest import asked, measured, reasons

OCTOBER = "ordered_at >= '2026-10-01' and ordered_at < '2026-11-01'"

TABLE: dict[str, Any] = {
    "id": "ftb_orders",
    "name": "Orders",
    "userIdTypes": ["user_id"],
    "sql": "SELECT ordered_at AS timestamp, customer_id AS user_id, order_total AS revenue, tax, "
    "city FROM dev.fct_orders WHERE ordered_at BETWEEN '{{startDate}}' AND '{{endDate}}'",
    "columns": [
        {"column": "revenue", "datatype": "number"},
        {"column": "city", "datatype": "string"},
    ],
}
FILTERS = [{"id": "flt_a", "name": "City A", "value": "city = 'A'"}]


def metric(kind: str, numerator: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A fact metric as the API answers it."""
    return {
        "id": "fact__odd",
        "name": "Odd one",
        "description": "",
        "metricType": kind,
        "numerator": side(**(numerator or {})),
        "inverse": False,
        "cappingSettings": {"type": "none"},
        "windowSettings": {"type": "none"},
        **more,
    }


def side(column: str = "", **more: Any) -> dict[str, Any]:
    return {"factTableId": "ftb_orders", "column": column, **more}


def row_filter(operator: str, *values: str, column: str = "city") -> dict[str, Any]:
    return {"rowFilters": [{"operator": operator, "values": list(values), "column": column}]}


FromGrowthBook = Callable[..., Outcome]


@pytest.fixture
def from_growthbook(shop: Workspace, export: Callable[..., Path]) -> FromGrowthBook:
    def run(
        *metrics: dict[str, Any],
        tables: list[dict[str, Any]] | None = None,
        filters: list[dict[str, Any]] | None = None,
        workspace: Workspace | None = None,
        **options: Any,
    ) -> Outcome:
        paths = [
            export("fact-metrics.json", {"factMetrics": list(metrics), "limit": 10}),
            export("fact-tables.json", {"factTables": [TABLE] if tables is None else tables}),
            export("filters.json", {"factTableFilters": FILTERS if filters is None else filters}),
        ]
        return import_definitions(workspace or shop, "growthbook", paths, Options(**options))

    return run


def carried(outcome: Outcome) -> Workspace:
    outcome.write()
    return Workspace.load(outcome.workspace.root)


@pytest.mark.parametrize(
    ("made", "sql"),
    [
        (metric("ratio", {"column": "revenue"}, denominator=side("$$count")),
         "sum(order_total) / count(*)"),
        (metric("ratio", {"column": "revenue"}, denominator=side("$$distinctUsers")),
         "sum(order_total) / count(distinct customer_id)"),
        (metric("ratio", {"column": "$$count", "filters": ["flt_a"]}, denominator=side("$$count")),
         "count(*) filter (city = 'A') / count(*)"),
        (metric("quantile", {"column": "revenue"},
                quantileSettings={"type": "event", "quantile": 0.75, "ignoreZeros": False}),
         "quantile_cont(order_total, 0.75)"),
        (metric("quantile", {"column": "tax"},
                quantileSettings={"type": "event", "quantile": 0.25, "ignoreZeros": True}),
         "quantile_cont(tax, 0.25) filter (tax <> 0)"),
    ],
    ids=["mean of rows", "a user", "a share", "quantile", "without zeros"],
)  # fmt: skip
def test_a_fact_metric_is_what_its_sql_is(
    from_growthbook: FromGrowthBook, made: dict[str, Any], sql: str
) -> None:
    outcome = from_growthbook(made)
    assert not outcome.refused
    id = next(draft.id for draft in outcome.metrics if draft.source == "fact__odd")
    expected = asked(f"select {sql} from fct_orders where {OCTOBER}")
    assert measured(carried(outcome), id) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("filters", "sql"),
    [
        (row_filter("=", "A"), "city = 'A'"),
        (row_filter("!=", "A"), "city <> 'A'"),
        (row_filter(">=", "20", column="revenue"), "order_total >= 20"),
        (row_filter("in", "A", "C"), "city in ('A', 'C')"),
        (row_filter("not_in", "A", "C"), "city not in ('A', 'C')"),
        (row_filter("is_null", column="tax"), "tax is null"),
        (row_filter("not_null", column="tax"), "tax is not null"),
        (row_filter("contains", "A"), "city like '%A%'"),
        (row_filter("not_contains", "A"), "city not like '%A%'"),
        (row_filter("starts_with", "B"), "city like 'B%'"),
        (row_filter("ends_with", "C"), "city like '%C'"),
        (row_filter("sql_expr", "revenue > 10 or city = 'B'"), "order_total > 10 or city = 'B'"),
        (row_filter("saved_filter", "flt_a"), "city = 'A'"),
        ({"inlineFilters": {"city": ["A", "B"]}}, "city in ('A', 'B')"),
        ({"filters": ["flt_a"], **row_filter(">", "25", column="revenue")},
         "city = 'A' and order_total > 25"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_filters_keep_the_rows_that_they_keep_there(
    from_growthbook: FromGrowthBook, filters: dict[str, Any], sql: str
) -> None:
    made = metric("ratio", {"column": "$$count", **filters}, denominator=side("$$count"))
    workspace = carried(from_growthbook(made))
    expected = asked(f"select count(*) filter ({sql}) / count(*) from fct_orders where {OCTOBER}")
    assert measured(workspace, "odd_one") == pytest.approx(expected)


def test_a_quote_in_a_value_is_no_sql(from_growthbook: FromGrowthBook) -> None:
    made = metric("ratio", {"column": "$$count", **row_filter("=", "A' or 'b' = 'b")},
                  denominator=side("$$count"))  # fmt: skip
    assert measured(carried(from_growthbook(made)), "odd_one") == 0


def test_means_and_shares_of_users(from_growthbook: FromGrowthBook) -> None:
    outcome = from_growthbook(
        metric("proportion", {"aggregateFilterColumn": "$$count", "aggregateFilter": "> 1"}),
        metric("mean", {"column": "revenue"}, id="fact__mean", name="Revenue per User",
               inverse=True, minPercentChange=0.005,
               cappingSettings={"type": "percentile", "value": 0.99, "ignoreZeros": False},
               windowSettings={"type": "conversion", "windowValue": 72, "windowUnit": "hours"}),
        metric("mean", {"column": "$$count"}, id="fact__n", name="人均订单数"),
    )  # fmt: skip
    made = {draft.source: draft for draft in outcome.metrics}
    assert made["fact__odd"].fields["kind"] == "proportion"
    assert made["fact__odd"].fields["at_least"] == 2
    mean = made["fact__mean"]
    assert mean.id == "growthbook_revenue_per_user"  # opsnb has one of that name
    expected = {
        "kind": "mean", "table": "orders", "value": "amount", "direction": "down", "cap": 0.99,
        "window_days": 3, "materiality": 0.005, "unit": "money", "label": "Revenue per User",
        "definition": "(GrowthBook: fact__mean)",
    }  # fmt: skip
    assert mean.fields == expected
    assert made["fact__n"].id == "fact__n" and made["fact__n"].fields["value"] == "1"
    assert Workspace.load(carried(outcome).root).metrics[mean.id]["kind"] == "mean"


def test_rows_that_the_fact_table_leaves_out_are_left_out(from_growthbook: FromGrowthBook) -> None:
    table = copy.deepcopy(TABLE)
    table["sql"] += " AND city <> 'C'"
    made = metric("ratio", {"column": "revenue"}, denominator=side("$$count"))
    workspace = carried(from_growthbook(made, tables=[table]))
    expected = asked(f"select avg(order_total) from fct_orders where {OCTOBER} and city <> 'C'")
    assert measured(workspace, "odd_one") == pytest.approx(expected)
    table["sql"] += " AND NOT is_test"
    outcome = from_growthbook(made | {"name": "Other", "id": "f"}, tables=[table])
    assert "keeps rows where" in reasons(outcome)["Other (f)"]


def test_the_same_name_of_another_column_is_not_taken(from_growthbook: FromGrowthBook) -> None:
    """`amount` is the tax there; the table's own `amount` is the order's total."""
    table = copy.deepcopy(TABLE) | {"columns": []}
    table["sql"] = "select ordered_at as timestamp, tax as amount from fct_orders"
    made = metric("ratio", {"column": "amount"}, denominator=side("$$count"))
    outcome = from_growthbook(made, tables=[table])
    assert outcome.metrics[0].fields["value"] == "tax"


def test_a_query_that_is_not_plain_is_taken_for_a_table_only_where_it_is_named(
    from_growthbook: FromGrowthBook,
) -> None:
    table = copy.deepcopy(TABLE)
    table["sql"] = "select o.*, c.x from fct_orders o join customers c using (customer_id)"
    made = metric("ratio", {"column": "tax"}, denominator=side("$$count"))
    other = table | {"name": "Joined"}
    assert (
        "no table of opsnb.toml"
        in reasons(from_growthbook(made, tables=[other]))["Odd one (fact__odd)"]
    )
    named = import_named(from_growthbook, made, other)
    assert named.metrics[0].fields["value"] == "tax"


def import_named(run: FromGrowthBook, made: dict[str, Any], table: dict[str, Any]) -> Outcome:
    first = run(made, tables=[table])
    paths = sorted((first.workspace.root / "exports").glob("*.json"))
    return import_definitions(
        first.workspace, "growthbook", paths, Options(tables={"orders": "ftb_orders"})
    )


WINDOW = {"type": "conversion", "windowValue": 3, "windowUnit": "days"}


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (metric("retention"), "type retention"),
        (metric("dailyParticipation"), "type dailyParticipation"),
        (metric("mean", {"column": "revenue"}, cappingSettings={"type": "absolute", "value": 50}),
         "at the amount 50"),
        (metric("mean", {"column": "revenue"}, cappingSettings={
            "type": "percentile", "value": 0.99, "ignoreZeros": True}), "zeros count"),
        (metric("mean", {"column": "revenue"}, cappingSettings={
            "type": "percentile", "value": 1.5}), "between 0.5 and 1"),
        (metric("ratio", {"column": "revenue"}, denominator=side("$$count"), cappingSettings={
            "type": "percentile", "value": 0.99}), "no mean of users"),
        (metric("proportion", windowSettings={"type": "lookback", "windowValue": 3,
                                              "windowUnit": "days"}), "a lookback window"),
        (metric("proportion", windowSettings=WINDOW | {"windowUnit": "hours"}), "whole days"),
        (metric("proportion", windowSettings=WINDOW | {"delayValue": 6, "delayUnit": "hours"}),
         "6 hours after exposure"),
        (metric("proportion", windowSettings={"type": "none", "delayValue": 1,
                                              "delayUnit": "days"}), "1 days after exposure"),
        (metric("proportion", {"aggregateFilterColumn": "revenue", "aggregateFilter": ">= 10"}),
         "keeps users of revenue >= 10"),
        (metric("mean", {"column": "revenue", "aggregation": "max"}), "maximum of revenue"),
        (metric("mean", {"column": "city", "aggregation": "count distinct"}), "distinct city"),
        (metric("mean", {"column": "$$distinctDates"}), r"\$\$distinctDates"),
        (metric("mean", {"column": "meta.price"}), "a field within a column"),
        (metric("mean", {"column": "$$distinctUsers"}), "averages a distinct count"),
        (metric("quantile", {"column": "revenue"}, quantileSettings={
            "type": "unit", "quantile": 0.5, "ignoreZeros": False}), "over users' sums"),
        (metric("mean", {"column": "revenue", "filters": ["flt_gone"]}), "flt_gone is not among"),
        (metric("mean", {"factTableId": "ftb_gone", "column": "x"}), "ftb_gone is not among"),
        (metric("mean", {"column": "revenue", **row_filter("contains", "50%")}), "a wildcard"),
        (metric("mean", {"column": "revenue", **row_filter(">", "x", column="revenue")}),
         "a number with 'x'"),
        (metric("mean", {"column": "revenue"}, archived=True), "is archived"),
        (metric("mean", {"column": "discount"}), "no column discount"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_has_no_equal_is_refused_by_name(
    from_growthbook: FromGrowthBook, made: dict[str, Any], reason: str
) -> None:
    twin = metric("mean", {"column": "revenue"}, id="fact__twin", name="Twin")
    outcome = from_growthbook(made, twin)
    assert [draft.source for draft in outcome.metrics] == ["fact__twin"]
    [refused] = outcome.refused
    assert refused.name == "Odd one (fact__odd)"
    assert re.search(reason, refused.reason), refused.reason


def test_legacy_metrics_are_named(shop: Workspace, export: Callable[..., Path]) -> None:
    path = export("metrics.json", {"metrics": [{"id": "met_1", "name": "Old", "type": "count"}]})
    outcome = import_definitions(shop, "growthbook", [path])
    assert "legacy" in reasons(outcome)["Old (met_1)"]


def test_files_of_a_bulk_import_are_read(shop: Workspace, export: Callable[..., Path]) -> None:
    """There everything but the id stands under `data`."""
    made = metric("mean", {"column": "revenue"})
    tree = {
        "factTables": [{"id": made["numerator"]["factTableId"], "data": TABLE}],
        "factMetrics": [{"id": "fact__bulk", "data": {k: v for k, v in made.items() if k != "id"}}],
    }
    [draft] = import_definitions(shop, "growthbook", [export("facts.json", tree)]).metrics
    assert draft.source == "fact__bulk" and draft.fields["value"] == "amount"


def test_arms_have_the_means_that_the_definition_gives_them(
    from_growthbook: FromGrowthBook,
) -> None:
    """Revenue of three days after first exposure, a user; and orders a buyer."""
    outcome = from_growthbook(
        metric("mean", {"column": "revenue"}, id="fact__mean", name="Spent", windowSettings=WINDOW),
        metric("ratio", {"column": "$$count"}, id="fact__ratio", name="Often",
               denominator=side("$$distinctUsers"), windowSettings=WINDOW),
    )  # fmt: skip
    root = carried(outcome).root
    days = [1, 2, 2, 20, 24, 25, 3]
    viewed = pd.DataFrame(
        {
            "experiment_id": "e",
            "user_id": ["c1", "c2", "c3", "c4", "c5", "c6", "c2"],
            "variant": ["A", "B", "A", "B", "A", "B", "B"],
            "assigned_at": [pd.Timestamp(f"2026-10-{day:02} 06:00") for day in days],
        }
    )
    viewed.to_parquet(root / "data" / "viewed.parquet", index=False)
    file = root / "opsnb.toml"
    mapped = '\n[tables.assignments]\nsource = "here"\ntable = "viewed"\n'
    file.write_text(file.read_text("utf-8") + mapped, encoding="utf-8")
    workspace = Workspace.load(root)
    rows, catalogue = Rows(workspace), load_catalogue(workspace.metrics)
    for id, sql in {
        "spent": "sum(coalesce(spent, 0)) / count(*)",
        "often": "sum(n) / count(n)",
    }.items():
        found = arm_aggregates(rows, catalogue, id, assigned_users(rows, "e"))
        for arm in found:
            expected = asked(
                f"""with first as (select user_id, min(assigned_at) seen, any_value(variant) variant
                    from viewed group by 1),
                 users as (select user_id, variant, sum(order_total) spent,
                    nullif(count(order_id), 0) n from first left join fct_orders
                    on customer_id = user_id and ordered_at >= seen
                    and ordered_at < seen + interval 3 day group by 1, 2)
                 select {sql} from users where variant = '{arm.variant}'""",
                viewed=viewed,
            )
            assert arm_moments(arm).mean == pytest.approx(expected), (id, arm.variant)
        assert {arm.variant for arm in found} == {"A", "B"}


def test_facts_dated_otherwise_are_refused(from_growthbook: FromGrowthBook) -> None:
    table = copy.deepcopy(TABLE)
    table["sql"] = "select paid_at as timestamp, customer_id as user_id, tax from fct_orders"
    outcome = from_growthbook(metric("mean", {"column": "tax"}), tables=[table])
    assert "no column timestamp" in reasons(outcome)["Odd one (fact__odd)"]


def test_the_second_import_changes_nothing(from_growthbook: FromGrowthBook) -> None:
    made = metric("ratio", {"column": "revenue"}, denominator=side("$$distinctUsers"))
    workspace = carried(from_growthbook(made))
    before = (workspace.root / "metrics.toml").read_bytes()
    again = from_growthbook(made, workspace=workspace)
    assert not again.metrics and not again.kept and len(again.there) == 3
    again.write()
    assert (workspace.root / "metrics.toml").read_bytes() == before


def test_a_file_of_something_else_is_named(shop: Workspace, export: Callable[..., Path]) -> None:
    with pytest.raises(DefinitionError, match="holds none of factMetrics"):
        import_definitions(shop, "growthbook", [export("x.json", {"features": []})])
    broken = {"factMetrics": [metric("mean") | {"cappingSettings": "none"}]}
    with pytest.raises(DefinitionError) as error:
        import_definitions(shop, "growthbook", [export("y.json", broken)])
    assert error.value.where == "y.json: factMetrics[0].cappingSettings"
