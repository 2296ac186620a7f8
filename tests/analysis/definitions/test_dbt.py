"""dbt's metrics give the numbers that their SQL gives; what has no equal is refused by name."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opsnb.analysis.definitions import Outcome, import_definitions
from opsnb.analysis.definitions.carried import Ids, MetricDraft, Refused
from opsnb.analysis.definitions.dbt import Manifest
from opsnb.analysis.definitions.places import Place
from opsnb.base.errors import DefinitionError, ParameterError
from opsnb.base.workspace import TableConfig, Workspace
from tests.analysis.definitions.conftest import MODEL, asked, measured, reasons, simple, where

FromDbt = Callable[..., Outcome]
OCTOBER = "ordered_at >= '2026-10-01' and ordered_at < '2026-11-01'"
JAFFLE = (
    Path(__file__).resolve().parents[4] / "shared/data/exports/dbt_semantic_manifest"
    "/semantic_manifest.json"
)

FOOD = "{{ Dimension('order_id__is_food_order') }} = true"


def carried(outcome: Outcome) -> Workspace:
    """The workspace after the import."""
    outcome.write()
    return Workspace.load(outcome.workspace.root)


@pytest.mark.parametrize(
    ("metric", "sql"),
    [
        (simple("total", "order_total"), "sum(order_total)"),
        (simple("count", "order_count"), "count(*)"),
        (simple("taxed", "taxed_orders"), "count(tax)"),
        (simple("people", "customers"), "count(distinct customer_id)"),
        (simple("food", "food_orders"), "count_if(is_food)"),
        (simple("mean_tax", "average_tax"), "avg(tax)"),
        (simple("middle", "median_total"), "median(order_total)"),
        (simple("p90", "p90_total"), "quantile_cont(order_total, 0.9)"),
        (simple("food_total", "order_total", FOOD), "sum(order_total) filter (is_food)"),
        (
            simple("big", "order_count", "{{ Dimension('order_id__is_big') }} and city <> 'C'"),
            "count(*) filter (order_total >= 20 and city <> 'C')",
        ),
        (
            simple("mine", "order_count", "{{ Entity('customer') }} = 'c1'"),
            "count(*) filter (customer_id = 'c1')",
        ),
        (
            simple("late", "order_count", "{{TimeDimension('metric_time', 'day')}} > '2026-10-20'"),
            "count(*) filter (date_trunc('day', ordered_at) > '2026-10-20')",
        ),
        (
            simple("both", "order_count", FOOD, filter=where("city = 'A' or city = 'B'")),
            "count(*) filter (is_food and (city = 'A' or city = 'B'))",
        ),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_a_simple_metric_is_what_its_sql_is(
    from_dbt: FromDbt, metric: dict[str, Any], sql: str
) -> None:
    outcome = from_dbt(metric)
    assert not outcome.refused
    [draft] = outcome.metrics
    expected = asked(f"select {sql} from fct_orders where {OCTOBER}")
    assert measured(carried(outcome), draft.id) == pytest.approx(expected)


def ratio(top: Any, bottom: Any, **more: Any) -> dict[str, Any]:
    params = {"numerator": top, "denominator": bottom}
    return {"name": "share", "type": "ratio", "type_params": params, **more}


@pytest.mark.parametrize(
    ("metric", "kind", "sql"),
    [
        (ratio({"name": "food_total"}, {"name": "total"}), "ratio",
         "sum(order_total) filter (is_food) / sum(order_total)"),
        (ratio({"name": "total", "filter": where("city = 'A'")},
               {"name": "count", "filter": where("city = 'B'")}), "ratio",
         "sum(order_total) filter (city = 'A') / count(*) filter (city = 'B')"),
        (ratio({"name": "total"}, {"name": "people"}), "quotient",
         "sum(order_total) / count(distinct customer_id)"),
        (ratio({"name": "total"}, {"name": "people"}, filter=where("city = 'A'")), "quotient",
         "sum(order_total) filter (city = 'A') / count(distinct customer_id) filter (city = 'A')"),
        ({"name": "share", "type": "derived", "type_params": {
            "expr": "1.0 * t / nullif(n, 0)",
            "metrics": [{"name": "people", "alias": "n"}, {"name": "total", "alias": "t"}]}},
         "quotient", "sum(order_total) / count(distinct customer_id)"),
    ],
)  # fmt: skip
def test_a_metric_of_two_is_their_quotient(
    from_dbt: FromDbt, metric: dict[str, Any], kind: str, sql: str
) -> None:
    base = [
        simple("total", "order_total"),
        simple("food_total", "order_total", FOOD),
        simple("count", "order_count"),
        simple("people", "customers"),
    ]
    outcome = from_dbt(*base, metric)
    assert not outcome.refused
    made = {draft.id: draft for draft in outcome.metrics}
    assert made["share"].fields["kind"] == kind
    expected = asked(f"select {sql} from fct_orders where {OCTOBER}")
    assert measured(carried(outcome), "share") == pytest.approx(expected)


def test_a_running_count_of_people_is_that_of_the_last_days(from_dbt: FromDbt) -> None:
    metric = {
        "name": "weekly_people",
        "type": "cumulative",
        "type_params": {
            "measure": {"name": "customers"},
            "cumulative_type_params": {"window": {"count": 1, "granularity": "week"}},
        },
    }
    workspace = carried(from_dbt(metric))
    expected = asked(
        "select count(distinct customer_id) from fct_orders "
        "where ordered_at >= '2026-10-25' and ordered_at < '2026-11-01'"
    )
    assert measured(workspace, "weekly_people") == expected


def test_measures_within_metrics_are_read_as_well(from_dbt: FromDbt) -> None:
    """As dbt writes them from 1.12 on: the metric says itself what it adds up."""
    params = {
        "measure": None,
        "expr": "order_total",
        "metric_aggregation_params": {"semantic_model": "orders", "agg": "sum"},
    }
    metric = {"name": "total", "type": "simple", "type_params": params, "filter": where(FOOD)}
    expected = asked(f"select sum(order_total) filter (is_food) from fct_orders where {OCTOBER}")
    assert measured(carried(from_dbt(metric)), "total") == expected


def test_sql_of_another_warehouse_is_translated(from_dbt: FromDbt) -> None:
    model = copy.deepcopy(MODEL)
    model["measures"] = [{"name": "t", "agg": "sum", "expr": "iff(is_food, order_total, 0)"}]
    outcome = from_dbt(simple("food", "t"), models=[model], dialect="snowflake")
    expected = asked(f"select sum(order_total) filter (is_food) from fct_orders where {OCTOBER}")
    assert measured(carried(outcome), "food") == expected
    with pytest.raises(ParameterError, match="did you mean"):
        from_dbt(simple("food", "t"), dialect="snowflaek")


DERIVED = {"name": "odd", "type": "derived"}


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (simple("odd", "largest"), "the max of rows"),
        (simple("odd", "balance"), "adds up over all dimensions but ordered_at"),
        (simple("odd", "order_total", "{{ Dimension('customer__city') }} = 'A'"),
         "customer__city, which is no dimension of its own model"),
        (simple("odd", "order_total", "{{ Metric('total', ['customer']) }} > 3"), "template"),
        (simple("odd", "average_tax", fill_nulls_with=0), "filled with 0"),
        (simple("odd", "order_total", fill_nulls_with=5), "filled with 5"),
        ({**DERIVED, "type_params": {"expr": "total - tax", "metrics": [
            {"name": "total"}, {"name": "tax"}]}}, "computed as total - tax"),
        ({**DERIVED, "type_params": {"expr": "100 * total / tax", "metrics": [
            {"name": "total"}, {"name": "tax"}]}}, "only a / b"),
        ({**DERIVED, "type_params": {"expr": "total / before", "metrics": [
            {"name": "total"}, {"name": "total", "alias": "before", "offset_window":
             {"count": 1, "granularity": "month"}}]}}, r"earlier period \(offset_window\)"),
        ({**DERIVED, "type_params": {"expr": "total / before", "metrics": [
            {"name": "total"}, {"name": "total", "alias": "before", "offset_to_grain":
             "month"}]}}, r"earlier period \(offset_to_grain\)"),
        ({"name": "odd", "type": "cumulative", "type_params": {
            "measure": {"name": "order_total"}}}, "accumulates a sum"),
        ({"name": "odd", "type": "cumulative", "type_params": {
            "measure": {"name": "customers"}}}, "without a window"),
        ({"name": "odd", "type": "cumulative", "type_params": {"measure": {"name": "customers"},
            "window": {"count": 1, "granularity": "month"}}}, "window is of months"),
        ({"name": "odd", "type": "conversion", "type_params": {}}, "a conversion metric"),
        (ratio({"name": "total"}, {"name": "top"}) | {"name": "odd"}, "the max of rows"),
        ({**DERIVED, "type_params": {"expr": "total / top", "metrics": [
            {"name": "total"}, {"name": "top"}]}}, "rests on top: the max of rows"),
        ({**DERIVED, "type_params": {"expr": "odd / total", "metrics": [
            {"name": "odd"}, {"name": "total"}]}}, "rests on itself: odd > odd"),
    ],
)  # fmt: skip
def test_what_has_no_equal_is_refused_by_name(
    from_dbt: FromDbt, metric: dict[str, Any], reason: str
) -> None:
    base = [simple("total", "order_total"), simple("tax", "tax"), simple("top", "largest")]
    outcome = from_dbt(*base, metric)
    found = {one.name: one.reason for one in outcome.refused}
    _match(found["odd"], reason)
    assert "odd" not in {draft.source for draft in outcome.metrics}
    assert {"total", "tax"} <= {draft.source for draft in outcome.metrics}  # its twins are there


def _match(text: str, pattern: str) -> None:
    assert re.search(pattern, text), text


def test_a_discrete_percentile_is_refused(from_dbt: FromDbt) -> None:
    model = copy.deepcopy(MODEL)
    model["measures"] = [
        {"name": "p", "agg": "percentile", "expr": "order_total",
         "agg_params": {"percentile": 0.5, "use_discrete_percentile": True}},
    ]  # fmt: skip
    assert "discrete" in reasons(from_dbt(simple("p", "p"), models=[model]))["p"]


def test_rows_dated_otherwise_are_refused(from_dbt: FromDbt) -> None:
    model = copy.deepcopy(MODEL)
    model["dimensions"].append({"name": "shipped_at", "type": "time", "expr": "ordered_at + 1"})
    model["measures"] = [{"name": "t", "agg": "sum", "expr": "tax",
                          "agg_time_dimension": "shipped_at"}]  # fmt: skip
    found = reasons(from_dbt(simple("t", "t"), models=[model]))["t"]
    assert found == "is counted by ordered_at + 1; rows of orders are counted by ordered_at"


def test_a_column_that_is_not_mapped_is_named(from_dbt: FromDbt) -> None:
    model = copy.deepcopy(MODEL)
    model["measures"] = [{"name": "t", "agg": "sum", "expr": "discount"}]
    outcome = from_dbt(simple("t", "t"), models=[model])
    assert reasons(outcome)["t"].startswith("[tables.orders] has no column discount (it has amount")


def test_a_column_of_one_name_and_another_meaning_is_not_taken(
    tmp_path: Path, shop: Workspace, from_dbt: FromDbt
) -> None:
    """`amount` of the table is the total in cents there, in yuan here."""
    file = tmp_path / "opsnb.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("order_total as amount, tax", "order_total / 100 as amount, tax as tax"),
        encoding="utf-8",
    )
    model = copy.deepcopy(MODEL)
    model["measures"] = [{"name": "t", "agg": "sum", "expr": "amount"}]
    outcome = from_dbt(simple("t", "t"), models=[model], workspace=Workspace.load(tmp_path))
    assert "no column amount" in reasons(outcome)["t"]
    model["measures"] = [{"name": "t", "agg": "sum", "expr": "order_total / 100"}]
    outcome = from_dbt(simple("t", "t"), models=[model], workspace=Workspace.load(tmp_path))
    assert outcome.metrics[0].fields["value"] == "amount"


@pytest.mark.parametrize("name", ["at", "group", "two words", "时间"])
def test_columns_of_any_name_are_quoted(tmp_path: Path, from_dbt: FromDbt, name: str) -> None:
    file = tmp_path / "opsnb.toml"
    text = file.read_text(encoding="utf-8").replace("amount, tax,", f"amount, tax as '{name}',")
    file.write_text(text, encoding="utf-8")
    outcome = from_dbt(simple("t", "tax"), workspace=Workspace.load(tmp_path))
    expected = asked(f"select sum(tax) from fct_orders where {OCTOBER}")
    assert not outcome.refused
    assert measured(carried(outcome), "t") == expected


def test_a_model_without_a_table_is_refused_with_the_lines_to_write(from_dbt: FromDbt) -> None:
    model = {**copy.deepcopy(MODEL), "name": "items", "node_relation": {"alias": "order_items"}}
    [refused] = from_dbt(simple("t", "tax"), models=[model]).refused
    assert refused.reason == "items is no table of opsnb.toml"
    lines = refused.hint.partition(":\n")[2]
    assert tomllib.loads(lines)["tables"]["order_items"]["day"] == "ordered_at"
    if "columns" in TableConfig.model_fields:
        TableConfig.model_validate(tomllib.loads(lines)["tables"]["order_items"])


def test_a_table_can_be_named(from_dbt: FromDbt) -> None:
    model = {**copy.deepcopy(MODEL), "name": "sales", "node_relation": {"alias": "mart_sales"}}
    outcome = from_dbt(simple("t", "tax"), models=[model], tables={"orders": "sales"})
    assert [draft.fields["table"] for draft in outcome.metrics] == ["orders"]
    with pytest.raises(ParameterError, match="did you mean"):
        from_dbt(simple("t", "tax"), models=[model], tables={"orders": "sails"})
    with pytest.raises(ParameterError, match=r"no \[tables.ordres\]"):
        from_dbt(simple("t", "tax"), models=[model], tables={"ordres": "sales"})


def test_a_table_that_is_only_called_alike_is_not_taken(from_dbt: FromDbt) -> None:
    model = {**copy.deepcopy(MODEL), "node_relation": {"alias": "mart_orders"}}
    [refused] = from_dbt(simple("t", "tax"), models=[model]).refused
    assert refused.reason == "[tables.orders] does not read mart_orders alone"
    assert refused.hint.endswith("say so: --table orders=orders")
    assert from_dbt(simple("t", "tax"), models=[model], tables={"orders": "orders"}).metrics


def test_columns_of_another_table_go_by_their_names(tmp_path: Path, from_dbt: FromDbt) -> None:
    """What the mapping makes of its own table's `tax` says nothing of the model's."""
    file = tmp_path / "opsnb.toml"
    text = file.read_text(encoding="utf-8").replace(
        "amount, tax,", "amount, tax as city_tax, 1 as tax,"
    )
    file.write_text(text, encoding="utf-8")
    model = {**copy.deepcopy(MODEL), "node_relation": {"alias": "mart_orders"}}
    model["defaults"] = {"agg_time_dimension": "created"}
    model["dimensions"] = [{"name": "created", "type": "time"}]
    outcome = from_dbt(
        simple("t", "tax"), models=[model], tables={"orders": "orders"},
        workspace=Workspace.load(tmp_path),
    )  # fmt: skip
    assert outcome.metrics[0].fields["value"] == "tax"
    model["dimensions"] = [{"name": "created", "type": "time", "expr": "city"}]
    outcome = from_dbt(
        simple("t", "tax"), models=[model], tables={"orders": "orders"},
        workspace=Workspace.load(tmp_path),
    )  # fmt: skip
    assert "is counted by city" in reasons(outcome)["t"]


def test_orders_are_not_counted_by_their_lines(tmp_path: Path, from_dbt: FromDbt) -> None:
    file = tmp_path / "opsnb.toml"
    file.write_text(file.read_text("utf-8") + 'grain = "line"\n', encoding="utf-8")
    workspace = Workspace.load(tmp_path)
    outcome = from_dbt(simple("n", "order_count"), simple("t", "tax"), workspace=workspace)
    assert "a line of one" in reasons(outcome)["n"]
    assert [draft.id for draft in outcome.metrics] == ["t"]


def test_a_taken_name_is_put_behind_the_tools(from_dbt: FromDbt) -> None:
    """`orders` is opsnb's own: a table of that name would only be laid over it."""
    outcome = from_dbt(simple("orders", "order_count"), ratio({"name": "orders"}, {"name": "p"}),
                       simple("p", "customers"))  # fmt: skip
    made = {draft.source: draft for draft in outcome.metrics}
    assert made["orders"].id == "dbt_orders" and outcome.renamed == {"dbt_orders": "orders"}
    assert made["share"].fields["numerator"] == "dbt_orders"
    assert measured(carried(outcome), "dbt_orders") == 11


def test_what_people_wrote_stays_byte_for_byte(tmp_path: Path, from_dbt: FromDbt) -> None:
    own = "# ours, since 2024\r\n[total]  # net\r\nlabel = \"Ours\"\r\nkind = 'count'\r\n"
    own += 'table = "orders"'
    (tmp_path / "metrics.toml").write_bytes(own.encode())
    outcome = from_dbt(simple("total", "order_total"), workspace=Workspace.load(tmp_path))
    assert [draft.id for draft in outcome.metrics] == ["dbt_total"]
    outcome.write()
    written = (tmp_path / "metrics.toml").read_bytes()
    assert written.startswith(own.encode())
    assert b"\n" not in written.replace(b"\r\n", b"")  # its own line ends
    assert tomllib.loads(written.decode())["total"]["label"] == "Ours"


def test_the_second_import_changes_nothing(tmp_path: Path, from_dbt: FromDbt) -> None:
    metrics = [simple("total", "order_total"), simple("people", "customers"),
               ratio({"name": "total"}, {"name": "people"}, filter=where(FOOD))]  # fmt: skip
    workspace = carried(from_dbt(*metrics))
    before = (tmp_path / "metrics.toml").read_bytes()
    again = from_dbt(*metrics, workspace=workspace)
    assert not again.metrics and not again.kept
    assert sorted(again.there) == sorted(tomllib.loads(before.decode()))
    again.write()
    assert (tmp_path / "metrics.toml").read_bytes() == before


def test_what_was_edited_here_or_there_is_kept_and_named(tmp_path: Path, from_dbt: FromDbt) -> None:
    carried(from_dbt(simple("total", "order_total")))
    file = tmp_path / "metrics.toml"
    file.write_text(file.read_text("utf-8").replace("[total]", "[turnover]"), encoding="utf-8")
    changed = from_dbt(simple("total", "order_total", FOOD), workspace=Workspace.load(tmp_path))
    assert changed.kept == ["turnover (differs in where)"] and not changed.metrics


def test_units_and_definitions(from_dbt: FromDbt) -> None:
    described = simple("total", "order_total") | {"description": "What was\n  ordered."}
    outcome = from_dbt(described, simple("tax", "tax"), simple("people", "customers"))
    units = {draft.id: draft.fields["unit"] for draft in outcome.metrics}
    assert units == {"total": "money", "tax": "number", "people": "count"}
    assert outcome.metrics[0].fields["definition"] == "What was ordered (dbt: total)"


ONE_METRIC = '{"semantic_models": [], "metrics": [{"name": "a", "type": %s}]}'


@pytest.mark.parametrize(
    ("content", "where_", "what"),
    [
        ("{", "semantic_manifest.json", "is no JSON: .* line 1"),
        ("[" * 100_000, "semantic_manifest.json", "nested too deeply"),
        ("[]", "semantic_manifest.json", "holds a list"),
        ("{}", "semantic_manifest.json", 'has no "semantic_models"'),
        ('{"semantic_models": 3, "metrics": []}', "semantic_models", "is a number, not a list"),
        ('{"semantic_models": [3], "metrics": []}', r"semantic_models\[0\]", "not an object"),
        ('{"semantic_models": [{"name": null}], "metrics": []}', r"semantic_models\[0\].name",
         "is missing"),
        ('{"semantic_models": [], "metrics": [{"name": "a"}]}', r"metrics\[0\].type", "is missing"),
        (ONE_METRIC % '"simple", "type_params": {"measure": {"name": "b"}}',
         r"metrics\[0\].type_params.measure.name",
         "which no semantic model has"),
        (ONE_METRIC % '"ratio", "type_params": {"numerator": {"name": "b"}}',
         r"metrics\[0\].type_params.numerator.name",
         "no metric of the file"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, shop: Workspace, content: str, where_: str, what: str
) -> None:
    path = tmp_path / "semantic_manifest.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DefinitionError, match=what) as error:
        import_definitions(shop, "dbt", [path])
    _match(error.value.where, where_)
    _match(error.value.where, "semantic_manifest.json")


def test_metrics_that_the_file_says_nothing_of_are_refused_alone(from_dbt: FromDbt) -> None:
    """As a parse that knew no semantic models leaves them: every parameter is null."""
    none = dict.fromkeys(("measure", "numerator", "denominator", "expr", "metrics"))
    empty = [
        {"name": kind, "type": kind, "type_params": none, "filter": None}
        for kind in ("simple", "ratio", "derived", "cumulative")
    ]
    outcome = from_dbt(*empty, simple("total", "order_total"))
    assert [draft.id for draft in outcome.metrics] == ["total"]
    assert set(reasons(outcome)) == {"simple", "ratio", "derived", "cumulative"}
    assert {one.hint for one in outcome.refused} == {"run dbt parse again"}


def test_filters_as_they_were_before_are_read(from_dbt: FromDbt) -> None:
    metric = simple("total", "order_total") | {"filter": {"where_sql_template": FOOD}}
    assert from_dbt(metric).metrics[0].fields["where"] == "is_food = true"


def test_a_project_folder_will_do(tmp_path: Path, shop: Workspace) -> None:
    target = tmp_path / "project" / "target"
    target.mkdir(parents=True)
    tree = {"semantic_models": [MODEL], "metrics": [simple("t", "tax")]}
    (target / "semantic_manifest.json").write_text(json.dumps(tree), encoding="utf-8")
    assert import_definitions(shop, "dbt", [target.parent]).metrics
    with pytest.raises(DefinitionError, match="No such file"):
        import_definitions(shop, "dbt", [tmp_path / "data"])


@pytest.mark.skipif(not JAFFLE.is_file(), reason="../shared/data is not here")
def test_of_the_jaffle_shop_all_but_three_are_carried_over() -> None:
    def place(model: Any) -> Place:  # a table of its own for each model, by its own names
        return Place(model.relation, model)

    found = list(Manifest(JAFFLE).carried(place, Ids("dbt", {})))
    refused = {one.name for one in found if isinstance(one, Refused)}
    assert refused == {"revenue_growth_mom", "order_gross_profit", "cumulative_revenue"}
    made = {one.source: one.fields for one in found if isinstance(one, MetricDraft)}
    assert len(made) == 16
    assert made["food_revenue_pct"] | {"label": "", "definition": ""} == {
        "kind": "ratio", "table": "order_items", "unit": "number", "per": "product_price",
        "value": "case when is_food_item then product_price else 0 end", "label": "",
        "definition": "",
    }  # fmt: skip
    assert made["median_revenue"]["quantile"] == 0.5
    assert made["average_order_value"]["kind"] == "quotient"


@pytest.mark.skipif(not JAFFLE.is_file(), reason="../shared/data is not here")
def test_the_jaffle_shops_own_orders(tmp_path: Path) -> None:
    """Its metrics over its orders and payments: 99 orders of 1,672.00 in all."""
    raw = JAFFLE.parents[1] / "jaffle_shop"
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "orders.parquet"
    duckdb.sql(
        f"""copy (select o.id as order_id, user_id as customer_id,
                order_date::timestamp as ordered_at, coalesce(sum(amount), 0) / 100 as order_total
            from '{raw}/raw_orders.csv' o left join '{raw}/raw_payments.csv' p on p.order_id = o.id
            group by all) to '{target}'"""
    )
    (tmp_path / "opsnb.toml").write_text(
        '[workspace]\nname = "Jaffle"\ntimezone = "UTC"\ncurrency = "USD"\nas_of = 2018-05-01\n'
        '[sources.shop]\nurl = "parquet://data"\n[tables.orders]\nsource = "shop"\n'
        'sql = "select order_id, customer_id as user_id, ordered_at, order_total as amount '
        'from orders"\n',
        encoding="utf-8",
    )
    outcome = import_definitions(Workspace.load(tmp_path), "dbt", [JAFFLE])
    assert {draft.source for draft in outcome.metrics} == {"order_total", "orders", "large_orders"}
    assert "no column is_food" in reasons(outcome)["food_orders"]
    workspace = carried(outcome)
    rows = f"from '{target}' where ordered_at < '2018-02-01'"
    for name, sql in {
        "order_total": "sum(order_total)",
        "dbt_orders": "count(*)",
        "large_orders": "count(*) filter (order_total >= 20)",
    }.items():
        [(expected,)] = duckdb.sql(f"select {sql} {rows}").fetchall()
        assert measured(workspace, name, "2018-01") == pytest.approx(expected)
    assert measured(workspace, "dbt_orders", "2018") == 99
    assert measured(workspace, "order_total", "2018") == pytest.approx(1672)
