"""Each preset on a made-up export in its platform's shape, traps and all, read by the product.

What is expected was worked out by hand and stands in the sample beside the rows.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from opsnb.analysis.mapping import preset as presets
from opsnb.analysis.mapping.preset import Preset, PresetTable
from opsnb.analysis.mapping.preset_sql import Columns, knows, normal, places
from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.sources import open_source
from opsnb.analysis.tables import CONTRACTS, open_table
from opsnb.base.errors import WorkspaceError
from opsnb.base.messages import Language
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
    for kind, aggregate in (("sums", lambda name: round(float(rows[name].sum()), 2)),
                            ("counts", lambda name: rows[name].value_counts().to_dict()),
                            ("values", lambda name: [plain(one) for one in rows[name]])):  # fmt: skip
        if kind in expected:
            found[kind] = {name: aggregate(name) for name in expected[kind]}
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
    if "metrics" in given:
        meter = Meter(Rows(workspace), load_catalogue(workspace.metrics))
        period = parse(given["metrics"].pop("period"))
        for metric, value in given["metrics"].items():
            (measured,) = meter.measure(metric, [period])
            assert measured.value == pytest.approx(value), metric


@pytest.mark.parametrize("name", presets.names())
def test_a_sample_gives_its_platform_away(name: str, tmp_path: Path) -> None:
    given = sample(name)
    url = write_source(tmp_path / "data", given)
    (tmp_path / "opsnb.toml").write_text(head(url, given), encoding="utf-8")
    for table, columns in columns_of(Workspace.load(tmp_path)).items():
        if table in given.get("common", []):
            assert presets.detect(columns) is None, table
            continue
        found = presets.detect(columns)
        assert found is not None and found.name == name, table
        renamed = [f" {column.upper().replace('_', ' ')} " for column in columns]
        again = presets.detect(renamed)
        assert again is not None and again.name == name, table
