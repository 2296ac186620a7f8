"""Each preset on a made-up export in its platform's shape, traps and all, read by the product.

What is expected was worked out by hand and stands in the sample beside the rows.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from opsnb.analysis.mapping import preset as presets
from opsnb.analysis.mapping.preset import Preset, PresetTable
from opsnb.analysis.mapping.preset_sql import Columns, identifier, knows, normal, places
from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.sources import open_source
from opsnb.analysis.tables import CONTRACTS, Column, open_table
from opsnb.base.errors import WorkspaceError
from opsnb.base.periods import parse
from opsnb.base.workspace import Workspace

SAMPLES = Path(__file__).parent / "samples"
TO_COME = {"refund_amount", "is_test"}
"""Columns of the contract that presets name before every version of it has them."""


def sample(name: str) -> dict[str, Any]:
    return tomllib.loads((SAMPLES / f"{name}.toml").read_text(encoding="utf-8"))


def write_source(folder: Path, given: dict[str, Any]) -> str:
    """The sample's files; the URL of the folder."""
    folder.mkdir()
    for table, text in given.get("csv", {}).items():
        (folder / f"{table}.csv").write_text(text, encoding=given.get("encoding", "utf-8"))
    for table, query in given.get("parquet", {}).items():
        duckdb.sql(f"COPY ({query}) TO '{folder / table}.parquet' (FORMAT parquet)")
    return f"{'parquet' if 'parquet' in given else 'csv'}://{folder}"


def head(url: str, given: dict[str, Any]) -> str:
    options = "".join(f'{key} = "{given[key]}"\n' for key in ("encoding", "dates") if key in given)
    return (
        '[workspace]\nname = "Shop"\ncurrency = "CNY"\nas_of = 2026-11-16\nmin_cell = 0\n'
        f'timezone = "{given.get("timezone", "Asia/Shanghai")}"\n'
        f'[sources.here]\nurl = "{url}"\n{options}'
    )


def section(table: PresetTable) -> str:
    """What opsnb.toml says of a table."""
    grain = f'grain = "{table.grain}"\n' if table.grain else ""
    text = f"[tables.{table.contract}]\nsource = \"here\"\n{grain}sql = '''\n{table.sql}\n'''\n"
    for check in table.checks:
        text += (
            f'[[tables.{table.contract}.checks]]\nid = "{check.id}"\nlevel = "{check.level}"\n'
            f'where = """{check.where}"""\n'
        )
    return text


def columns_of(workspace: Workspace) -> dict[str, list[str]]:
    source = open_source(workspace, "here", noted=False)
    return {name: list(source.table(name).columns) for name in source.tables()}


def mapped(
    root: Path, url: str, given: dict[str, Any], preset: Preset
) -> tuple[Workspace, dict[str, PresetTable]]:
    """A workspace whose opsnb.toml holds what the preset makes of the source."""
    file = root / "opsnb.toml"
    file.write_text(head(url, given), encoding="utf-8")
    made = preset.tables(columns_of(Workspace.load(root)))
    text = head(url, given) + "".join(section(table) for table in made)
    file.write_text(text, encoding="utf-8")
    return Workspace.load(root), {table.contract: table for table in made}


def counted(workspace: Workspace, table: PresetTable) -> dict[str, int]:
    """Rows that the table leaves out, by rule; rules that meet none are absent."""
    source = open_source(workspace, "here", noted=False)
    found = {rest.id: int(source.sql(rest.count).to_pandas().iloc[0, 0]) for rest in table.left_out}
    return {name: count for name, count in found.items() if count}


def frame(workspace: Workspace, contract: str) -> pd.DataFrame:
    rows = open_table(workspace, contract).expr.to_pandas()
    known = CONTRACTS[contract]
    order = [name for name in (known.clock, *known.key, *known.people) if name in rows]
    return rows.sort_values(order, kind="stable").reset_index(drop=True)


def seen(rows: pd.DataFrame, contract: str, expected: dict[str, Any]) -> dict[str, Any]:
    """What the sample tells of a table, as the product reads it."""
    known = CONTRACTS[contract]
    found: dict[str, Any] = {"rows": len(rows)}
    if "first" in expected:
        found |= {"first": str(rows[known.clock].min()), "last": str(rows[known.clock].max())}
    if "people" in expected:
        found["people"] = rows[known.people[0]].nunique()
    aggregates = {
        "sums": lambda column: round(float(column.sum()), 2),
        "counts": lambda column: column.value_counts().to_dict(),
        "values": lambda column: [plain(one) for one in column],
    }
    for kind, aggregate in aggregates.items():
        if kind in expected:
            found[kind] = {name: aggregate(rows[name]) for name in expected[kind]}
    return found


def plain(value: Any) -> Any:
    if value is None or value != value:
        return ""
    return str(value) if isinstance(value, pd.Timestamp) else value


# -- samples ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets.names())
def test_a_sample_in_the_platforms_shape(name: str, tmp_path: Path) -> None:
    given = sample(name)
    url = write_source(tmp_path / "data", given)
    workspace, made = mapped(tmp_path, url, given, presets.get(name))
    assert set(made) == set(given["tables"])
    for contract, expected in given["tables"].items():
        rows = frame(workspace, contract)
        stated = {k: v for k, v in expected.items() if k not in ("left_out", "asked")}
        assert seen(rows, contract, expected) == stated, contract
        assert counted(workspace, made[contract]) == expected.get("left_out", {}), contract
        if "asked" in expected:
            assert [key for key, _ in made[contract].questions] == expected["asked"]
    partial = "refund_amount" in {column.name for column in CONTRACTS["orders"].columns}
    for section_, applies in (("metrics", True), ("metrics_less_partial_refunds", partial)):
        if section_ in given and applies:
            meter = Meter(Rows(workspace), load_catalogue(workspace.metrics))
            period = parse(given[section_].pop("period"))
            for metric, value in given[section_].items():
                (measured,) = meter.measure(metric, [period])
                assert measured.value == pytest.approx(value), metric


@pytest.mark.parametrize("name", presets.names())
def test_a_sample_gives_its_platform_away(name: str, tmp_path: Path) -> None:
    given = sample(name)
    url = write_source(tmp_path / "data", given)
    (tmp_path / "opsnb.toml").write_text(head(url, given), encoding="utf-8")
    for table, columns in columns_of(Workspace.load(tmp_path)).items():
        if table in given.get("side", []):  # it only adds to another file
            assert presets.detect(columns) is None, table
            continue
        found = presets.detect(columns)
        assert found is not None and found.name == name, table
        renamed = [f" {column.upper().replace('_', ' ')} " for column in columns]
        again = presets.detect(renamed)
        assert again is not None and again.name == name, table


# -- columns that are not there --------------------------------------------------------


def tables_in(given: dict[str, Any], texts: bool) -> duckdb.DuckDBPyConnection:
    """The sample's files in a DuckDB: all columns texts, or each of its own type."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table, text in given.get("csv", {}).items():
        path = Path(given["folder"]) / "one.csv"
        path.write_text(text, encoding="utf-8")
        connection.execute(
            f'CREATE OR REPLACE TABLE "{table}" AS '
            f"SELECT * FROM read_csv('{path}', header = true, all_varchar = {texts})"
        )
    for table, query in given.get("parquet", {}).items():
        connection.execute(f'CREATE TABLE "{table}" AS {query}')
    return connection


@pytest.mark.parametrize("texts", [True, False], ids=["texts", "typed"])
@pytest.mark.parametrize("name", presets.names())
def test_a_column_that_is_absent_falls_out(name: str, texts: bool, tmp_path: Path) -> None:
    """Without any one column the queries run or an error names what lacks; never a broken one."""
    given = sample(name) | {"folder": str(tmp_path)}
    connection = tables_in(given, texts)
    names = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
    whole = {table: [row[0] for row in connection.execute(f'DESCRIBE "{table}"').fetchall()]
             for table in names}  # fmt: skip
    for table, columns in whole.items():
        for left in [None, *columns]:
            kept = [column for column in columns if column != left]
            try:
                made = presets.get(name).tables({**whole, table: kept})
            except WorkspaceError as error:
                assert left is not None and error.hint, (table, left)
                continue
            chosen = ", ".join(identifier(column) for column in kept)
            view = f'CREATE OR REPLACE TEMP VIEW "{table}"'
            connection.execute(f'{view} AS SELECT {chosen} FROM memory.main."{table}"')
            for one in made:
                for sql in (one.sql, *(rest.count for rest in one.left_out)):
                    connection.execute(f"EXPLAIN {sql}")
        connection.execute(f'DROP VIEW IF EXISTS temp."{table}"')


# -- the files themselves --------------------------------------------------------------


def shapes() -> list[Any]:
    return [
        pytest.param(preset, contract, shape, id=f"{preset.name}-{contract}")
        for preset in map(presets.get, presets.names())
        for contract, shape in preset.shapes.items()
    ]


@pytest.mark.parametrize(("preset", "contract", "shape"), shapes())
def test_a_preset_names_what_there_is(preset: Preset, contract: str, shape: Any) -> None:
    known = CONTRACTS[contract]
    columns = {column.name for column in known.columns}
    extra = {"cancelled_at", "last_day", "line_id"}
    assert set(shape.columns) <= columns | TO_COME | extra
    assert {column.name for column in known.columns if column.empty == "out"} <= set(shape.columns)
    for name, words in shape.words.items():
        assert name in shape.columns
        assert not known[name].allowed or set(words) <= set(known[name].allowed)
    for select in (shape, *shape.joins.values()):
        assert select.file in preset.files
        templates = [*select.columns.values(), *(rule.where for rule in select.left_out)]
        for template in (*templates, *select.group):
            readings = {reading for _, reading in places(template) if reading}
            assert all(knows(reading) for reading in readings), template
    assert {one.column for one in shape.comments} <= {None, *shape.columns}
    for check in shape.checks:
        assert set(check.needs) <= set(shape.columns)


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_speaks_both_languages(name: str) -> None:
    preset = presets.get(name)
    said = [preset.title, *preset.notes]
    for shape in preset.shapes.values():
        said += [one.ask for one in shape.questions] + [one.say for one in shape.comments]
        said += [one.label for one in (*shape.left_out, *shape.checks)]
        said += [shape.repeats.label] if shape.repeats else []
    assert all(isinstance(one, dict) and set(one) == {"en", "zh"} for one in said)
    for file in preset.files.values():
        assert file.least >= 3
        assert len(file.detect) >= file.least


# -- the interface ---------------------------------------------------------------------


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(
        WorkspaceError, match=r'no preset "shopfy".*did you mean "shopify"'
    ) as error:
        presets.get("shopfy")
    assert error.value.where == "--preset"


def test_nobodys_columns_are_no_ones() -> None:
    assert presets.detect(["id", "name", "amount", "created_at", "status", "user_id"]) is None
    assert presets.detect([]) is None


def test_an_export_of_another_platform_is_told_what_was_looked_for() -> None:
    with pytest.raises(WorkspaceError, match='looks like the file "orders" of the preset shopify'):
        presets.get("shopify").tables({"sales": ["id", "total"]})


def test_a_column_that_cannot_be_empty_is_named() -> None:
    columns = ["Name", "Email", "Financial Status", "Created at", "Lineitem quantity", "Currency"]
    with pytest.raises(WorkspaceError, match=r'no column for amount.*made from "Total"'):
        presets.get("shopify").tables({"orders": columns})


def test_tables_that_look_the_same_are_not_added_up() -> None:
    columns = sample("shopify")["csv"]["orders_export"].splitlines()[0].split(",")
    (table,) = presets.get("shopify").tables({"orders": columns, "orders_old": columns})
    assert table.sources == ("orders",)
    asked = dict(table.questions)["further_tables"]
    assert "orders_old" in asked["en"] and "orders_old" in asked["zh"]


def test_rows_of_tests_are_marked_where_the_contract_can(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = CONTRACTS["orders"]
    known = [column for column in orders.columns if column.name != "is_test"]
    columns = ["id", "total_price", "financial_status", "created_at", "customer_id", "test"]
    preset = presets.get("shopify_warehouse")
    monkeypatch.setitem(CONTRACTS, "orders", replace(orders, columns=tuple(known)))
    (plain_table,) = preset.tables({"order": columns})
    assert 'WHERE (lower(CAST("test" AS VARCHAR))' in plain_table.sql
    marked = (*known, Column("is_test", "text"))
    monkeypatch.setitem(CONTRACTS, "orders", replace(orders, columns=marked))
    (table,) = preset.tables({"order": columns})
    assert 'AS "is_test"' in table.sql and "WHERE" not in table.sql
    assert table.left_out == plain_table.left_out


# -- templates -------------------------------------------------------------------------


def test_names_are_compared_without_case_blanks_brackets_and_signs() -> None:
    assert normal("Amount spent (USD)") == normal("amount_spent") == normal(" AMOUNT SPENT ")
    assert normal("商品金额（元）") == normal("商品金额 ")
    assert normal("$insert_id") == normal("_insert_id")
    assert normal("(元)") != normal("(分)")


def test_a_template_takes_the_first_alternative_that_is_there() -> None:
    columns = Columns(["B", 'odd"name', "How likely is it"], "t", {"j": ["x"]})
    assert columns.fill("{A|b}") == '"t"."B"'
    assert columns.fill(["{A}", "{B} + {j.x}"]) == '"t"."B" + "j"."x"'
    assert columns.fill("{odd name}") == '"t"."odd""name"'
    assert columns.fill("{~likely}") == '"t"."How likely is it"'
    assert columns.fill("{B} + {C}") is None


@pytest.mark.parametrize(
    ("reading", "value", "expected"),
    [
        ("number", "'¥1,234.50'", "1234.5"),
        ("number", "'-12'", "-12.0"),
        ("number", "1e-7", "1e-07"),
        ("number", "'1.234,50'", None),
        ("number", "'--'", None),
        ("text", "'=\"0012\"'", "0012"),
        ("text", "chr(9) || '69'", "69"),
        ("text", "' '", None),
        ("id", "17850.0::DOUBLE", "17850"),
        ("id", "'10.0'", "10.0"),
        ("flag", "true", "true"),
        ("flag", "'FALSE'", "false"),
        ("UTC", "'2026-10-01 09:00:00 -0430'", "2026-10-01 13:30:00+00"),
        ("UTC", "'2026-10-01 09:00:00 UTC'", "2026-10-01 09:00:00+00"),
        ("UTC", "'2026-10-01T09:00:00.5Z'", "2026-10-01 09:00:00.5+00"),
        ("UTC", "timestamp '2026-10-01 09:00:00'", "2026-10-01 09:00:00+00"),
        ("UTC", "date '2026-10-01'", "2026-10-01 00:00:00+00"),
        ("UTC", "'soon'", None),
        ("s", "1790868600", "2026-10-01 15:30:00+00"),
        ("ms", "'1790868600123'", "2026-10-01 15:30:00.123+00"),
        ("us", "1790868600000001", "2026-10-01 15:30:00.000001+00"),
        ("us", "'2026-10-01 15:30:00'", "2026-10-01 15:30:00+00"),
        ("Asia/Shanghai", "'2026-10-01 08:00:00'", "2026-10-01 00:00:00+00"),
        ("Asia/Shanghai", "timestamptz '2026-10-01 08:00:00+00'", "2026-10-01 08:00:00+00"),
        ("%d/%b/%y %I:%M %p ; %d/%b/%y", "'14/Jul/25 3:42 PM'", "2025-07-14 15:42:00"),
        ("%d/%b/%y %I:%M %p ; %d/%b/%y", "'14/Jul/25'", "2025-07-14 00:00:00"),
        ("%d/%m/%y", "timestamp '2026-10-01 08:00:00'", "2026-10-01 08:00:00"),
    ],
)
def test_readings(reading: str, value: str, expected: str | None) -> None:
    assert knows(reading)
    sql = Columns(["x"], "t").fill(f"{{x @ {reading}}}")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    query = f"SELECT CAST({sql} AS VARCHAR) FROM (SELECT {value} AS x)"
    assert connection.execute(query).fetchall() == [(expected,)]
    assert not knows(f"{reading}?") or reading.startswith("%")
