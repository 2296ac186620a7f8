"""Conditions on the rows of a table that the data gate counts: the contract's, and the team's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from opsnb.analysis.sources.base import first_line
from opsnb.analysis.tables.casts import is_among
from opsnb.analysis.tables.contracts import Level
from opsnb.analysis.tables.currencies import AMOUNT
from opsnb.analysis.tables.exchange import UNPRICED
from opsnb.analysis.tables.typed_table import MARK, TypedTable, as_told
from opsnb.base.errors import TableError
from opsnb.base.workspace import WORDS_FOR_NOTHING

_LONGEST = max(map(len, WORDS_FOR_NOTHING))


@dataclass(frozen=True)
class Probe:
    """A condition on rows, and what it is worth where it holds."""

    rule: str
    level: Level
    broken: ir.BooleanValue
    column: str | None = None
    show: tuple[str, ...] = ()
    label: Any = None

    @property
    def key(self) -> str:
        return f"{self.rule}__{self.column or ''}"


def with_team_checks(table: TypedTable) -> ir.Table:
    """All typed rows, with a helper column for each of the team's own checks."""
    checks = table.config.checks
    if not checks:
        return table.typed
    name = f"{MARK}{table.name}"

    def flagged(conditions: list[tuple[str, str]]) -> ir.Table:
        flags = ", ".join(
            f'CAST(coalesce(({where}), false) AS boolean) AS "{MARK}team_{id}"'
            for id, where in conditions
        )
        query = f"SELECT *, {flags} FROM {name}"
        return table.typed.alias(name).sql(query, dialect="duckdb")

    conditions = [(check.id, check.where) for check in checks]
    try:
        return flagged(conditions)
    except Exception:  # find out which one
        for condition in conditions:
            try:
                flagged([condition])
            except Exception as error:
                raise TableError(
                    f"the condition cannot be read ({first_line(error)})",
                    where=f"tables.{table.name}.checks: {condition[0]}",
                    hint=f"where is DuckDB SQL over the columns {', '.join(table.columns)}",
                ) from error
        raise


def probes(table: TypedTable, rows: ir.Table) -> Iterator[Probe]:
    """Every condition the table is asked for."""
    kept = ~rows[f"{MARK}out"]
    waiting = f"{MARK}waiting"
    due = ~rows[waiting] if waiting in rows.columns else True
    for column in table.contract.columns:
        name = column.name
        if name not in table.columns:
            continue
        misfit = f"{MARK}misfit_{name}"
        fits = ~rows[misfit] if misfit in rows.columns else True
        if misfit in rows.columns:
            rule = "misfit_out" if column.empty == "out" else "misfit"
            yield Probe(rule, "warn", rows[misfit], name)
        if f"{MARK}form_{name}" in rows.columns:
            yield Probe("other_form", "note", rows[f"{MARK}form_{name}"], name)
        if column.empty == "out":
            expected = due if table.contract.awaits(name) else True
            missing = as_told(rows, name).isnull() & fits & expected
            if name == AMOUNT and UNPRICED in rows.columns:
                missing &= ~rows[UNPRICED]
            yield Probe("empty_out", "warn", missing, name)
        elif column.empty is not None:
            yield Probe("empty", column.empty, kept & as_told(rows, name).isnull() & fits, name)
        if f"{MARK}default_{name}" in rows.columns:
            yield Probe("default", "note", kept & rows[f"{MARK}default_{name}"], name)
        if column.allowed:
            unknown = rows[name].notnull() & ~rows[name].isin(column.allowed)
            yield Probe("unknown_value", "warn", kept & unknown, name)
        if name in table.texts:
            yield from _of_texts(table, rows, kept, name)
        if column.low is not None:
            yield Probe("below", "warn", kept & (rows[name] < column.low), name)
        if column.high is not None:
            yield Probe("above", "warn", kept & (rows[name] > column.high), name)
        if column.past:
            day = rows[name].date() if column.type == "time" else rows[name]
            yield Probe("future", "warn", kept & (day > table.as_of), name)
    for own in table.contract.rules:
        if table.has(*own.needs):
            yield Probe(own.id, own.level, kept & own.broken(rows), show=own.needs)
    for check in table.config.checks:
        broken = kept & rows[f"{MARK}team_{check.id}"]
        yield Probe(check.id, check.level, broken, label=check.label or check.id)


def _of_texts(
    table: TypedTable, rows: ir.Table, kept: ir.BooleanValue, name: str
) -> Iterator[Probe]:
    """Words for nothing in texts that are no ids; not of logs, which have no key."""
    column = table.contract[name]
    if column.type != "text" or column.allowed or name == table.contract.comment or not table.key:
        return
    if f"{MARK}null_{name}" in rows.columns:  # they count as empty
        return
    # Only short texts are looked up in the list, which is most of what it would cost.
    nothing = ibis.cases(
        (rows[name].length() <= _LONGEST, is_among(rows[name], WORDS_FOR_NOTHING)), else_=False
    )
    yield Probe("word_for_nothing", "note", kept & nothing, name)
