"""Rows and values that broke a rule, as they stand in the team's own table, and where.

Only asked for where a rule has found something: a sound table is not read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis.expr.types as ir

from opsnb.analysis.sources.base import TextFiles
from opsnb.analysis.sources.lines import places_of
from opsnb.analysis.tables.typed_table import MARK, TypedTable
from opsnb.base.personal_data import MASK, is_personal_name, without_personal

_ROWS, _VALUES = 5, 10
_SHOWN = 60

Sample = tuple[Mapping[str, str], ...]


def sample(
    table: TypedTable, rows: ir.Table, names: Sequence[str]
) -> tuple[Sample, tuple[str, ...]]:
    """Some rows as text, without what is personal, and the file and line of each.

    Parameters
    ----------
    names : sequence of str
        Columns to show, those that the rows have of them; else the first three.
    """
    shown = [name for name in dict.fromkeys(names) if name in rows.columns] or rows.columns[:3]
    picked = rows.select(**{name: _as_it_stood(rows, name) for name in shown}).limit(_ROWS)
    found = table.source.backend.to_pyarrow(picked).to_pylist()
    texts = [{name: _text(value) for name, value in row.items()} for row in found]
    places = places_of(_files(table), [list(row.values()) for row in texts])
    masked = tuple({name: _masked(name, text) for name, text in row.items()} for row in texts)
    return masked, tuple(places) if any(places) else ()


def values(table: TypedTable, rows: ir.Table, name: str) -> tuple[tuple[str, int], ...]:
    """The different values of a column, the most frequent first, each with its rows."""
    own = rows.select(value=_as_it_stood(rows, name).cast("string")).filter(
        lambda t: t.value.notnull()
    )
    counted = own.group_by("value").agg(n=lambda t: t.count())
    first = counted.order_by([counted.n.desc(), counted.value]).limit(_VALUES)
    found = table.source.backend.to_pyarrow(first).to_pylist()
    return tuple((_masked(name, row["value"]), int(row["n"])) for row in found)


def _files(table: TypedTable) -> list[TextFiles]:
    """The text files that the table is read from: of those that its name or query names."""
    named = table.config.table or table.config.sql or ""
    return [files for name, files in table.source.texts.items() if name in named]


def _as_it_stood(rows: ir.Table, name: str) -> ir.Value:
    own = f"{MARK}own_{name}"
    return rows[own if own in rows.columns else name]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _masked(name: str, text: str) -> str:
    return MASK if text and is_personal_name(name) else without_personal(text)[:_SHOWN]
