"""What the data gate says of times that are numbers: what they were taken for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opsnb.analysis.tables.contracts import Level
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import MARK, TypedTable
from opsnb.analysis.tables.unix_times import UNITS
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import ibis.expr.types as ir


def mark(name: str) -> str:
    """The helper column that tells what a number was taken for."""
    return f"{MARK}unit_{name}"


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """How many rows each unit was taken for; for columns of numbers alone."""
    return {
        f"unit__{name}__{one}": (rows[mark(name)] == one).sum()
        for name in table.columns
        if mark(name) in rows.columns
        for one in UNITS
    }


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """What the numbers of a time column were taken for; a warning where it was several things."""
    for name in table.columns:
        counts = {one: count for one in UNITS if (count := found.get(f"unit__{name}__{one}"))}
        if not counts or (set(counts) == {"days"} and table.contract[name].type == "date"):
            continue
        said = [Text(f"data.unit.{unit}", {"count": count}) for unit, count in counts.items()]
        args = {"column": name, "units": said, "zone": table.zone}
        several = len(counts) > 1
        rule = "time_units" if several else "time_unit"
        level: Level = "warn" if several else "note"
        yield Issue(rule, level, sum(counts.values()), Text(f"data.rule.{rule}", args), name)
