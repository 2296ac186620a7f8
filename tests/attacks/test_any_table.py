"""Any values in any column: the data gate counts every row, and drops none in silence."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.tables import CONTRACTS, open_table
from opsnb.base.errors import OpsnbError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from tests.conftest import HEAD

EXAMPLES = 4
texts = st.one_of(
    st.none(), st.text(max_size=6),
    st.sampled_from(["", " ", "paid", "PAID", "u1", "17850.0", "1e400", "-0", "nan", "2026-10-01",
                     "31/12/2026", "金额", "\u202ex", "'; drop table x; --", "0001-01-01"]),
)  # fmt: skip
numbers = st.one_of(
    st.none(),
    st.floats(width=64),
    st.integers(-(2**62), 2**62).map(float),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, float("inf"), float("nan"), 5e-324]),
)
times = st.one_of(
    st.none(),
    st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)),
    st.sampled_from([dt.datetime(1969, 12, 31), dt.datetime(2101, 1, 1), dt.datetime(2026, 10, 1)]),
)
flags = st.one_of(st.none(), st.booleans())
POOLS = {"text": texts, "number": numbers, "time": times, "date": times, "flag": flags}


@st.composite
def frames(draw: st.DrawFn, table: str) -> pd.DataFrame:
    """Some rows of a contract's columns, a few of them absent or of another type."""
    n = draw(st.sampled_from([0, 1, 2, 7]))
    columns: dict[str, Any] = {}
    for column in CONTRACTS[table].columns:
        if draw(st.integers(0, 9)) == 0:
            continue
        kind = draw(st.sampled_from([column.type] * 6 + ["text", "number"]))
        values = draw(st.lists(POOLS[kind], min_size=n, max_size=n))
        if draw(st.integers(0, 4)) == 0:
            values = values[:1] * n
        dtype = {"text": "string", "number": "float64", "flag": "boolean"}.get(
            kind, "datetime64[us]"
        )
        columns[column.name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def opened(root: Path, table: str, frame: pd.DataFrame) -> Workspace:
    (root / "data").mkdir(exist_ok=True)
    frame.to_parquet(root / "data" / f"{table}.parquet", index=False)
    head = HEAD.format(as_of="2026-11-16", kind="parquet", min_cell=10)
    mapped = f'[tables.{table}]\nsource = "here"\ntable = "{table}"\n'
    (root / "opsnb.toml").write_text(head + mapped, encoding="utf-8")
    return Workspace.load(root)


@pytest.mark.survives(
    "tables of any values: NULL, infinite, of other types, before 1970, after 2100, no rows",
    sees="every row counted, kept or set aside; or a named error with table and column",
)
@pytest.mark.parametrize("table", ["users", "orders", "assignments", "outcomes", "surveys"])
def test_every_row_is_kept_or_counted(table: str, tmp_path: Path, record_property: Any) -> None:
    tries = []

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(frames(table))
    def tried(frame: pd.DataFrame) -> None:
        tries.append(len(frame))
        try:
            found = open_table(opened(tmp_path, table, frame), table)
            report, kept = found.report, int(found.expr.count().execute())
        except OpsnbError as error:
            assert table in str(error)
            return
        reasons = [one.count for one in report.issues if one.rule.startswith("left_out_")]
        assert report.rows + max(reasons, default=0) == len(frame)
        assert kept + report.quarantined == report.rows
        assert report.quarantined == 0 or report.issues
        for issue in report.issues:
            assert 0 < issue.count <= len(frame) or issue.rule in ("no_rows", "old")  # 0; days
            for code in ("en", "zh"):
                assert Language(code).say(issue.message)
        json.dumps(report.as_dict(), default=str)

    tried()
    record_property("tries", len(tries))
