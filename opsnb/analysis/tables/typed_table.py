"""The team's table with canonical types, bad rows marked: what the data gate looks at."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from opsnb.analysis.sources import Source
from opsnb.analysis.tables.contracts import CONTRACTS, Contract
from opsnb.base.errors import ContractError, OpsnbError, TableError, did_you_mean
from opsnb.base.workspace import TableConfig

if TYPE_CHECKING:
    import ibis.expr.types as ir

MARK = "opsnb_"
"""Prefix of the helper columns that checks add; they never leave the package."""


class TypedTable:
    """A table of the workspace before its bad rows are left out.

    Attributes
    ----------
    name : str
        Its name in the contract.
    contract : Contract
        What it must hold; for orders by line, without a key.
    source : Source
        Where it lives.
    typed : Ibis table
        All rows in canonical types, bad ones too, with helper columns; for checks.
    texts : set of str
        Columns that are texts in the team's own table too.
    """

    def __init__(
        self, config: TableConfig, source: Source, zone: str, as_of: dt.date, currency: str
    ) -> None:
        self.name = config.name
        self.config = config
        self.source = source
        self.zone = zone
        self.as_of = as_of
        self.currency = currency
        self.contract = _contract(config)
        raw = _mapped(config, source)
        self._own = _renamed(raw.columns, self.contract)
        self.texts = {name for own, name in self._own.items() if raw[own].type().is_string()}
        self.typed = self._typed(raw)

    def __repr__(self) -> str:
        return f"Table({self.name!r}: {', '.join(self.columns)})"

    @functools.cached_property
    def sound(self) -> ir.Table:
        """The rows with all required values, repeated ones included."""
        return self.typed.filter(~self.typed[f"{MARK}out"]).select(self.columns)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of `expr`."""
        return [name for name in self.typed.columns if not name.startswith(MARK)]

    def has(self, *names: str) -> bool:
        """Whether the team's own table has all these columns (a default does not count)."""
        return all(name in self._own.values() for name in names)

    @property
    def key(self) -> list[str]:
        """The columns of the key that the table has."""
        return [name for name in self.contract.key if name in self.columns]

    def _typed(self, raw: ir.Table) -> ir.Table:
        """All rows in canonical types, with a mark for what does not fit and what is left out."""
        import ibis

        from opsnb.analysis.tables.casts import cast, given, may_fail, tidy

        dialect = self.source.dialect
        columns = {column.name: column for column in self.contract.columns}
        values: dict[str, ir.Value] = {}
        marks: dict[str, ir.Value] = {}
        for own, name in self._own.items():
            value, column = raw[own], columns.get(name)
            if column is None:
                values[name] = tidy(value, self.zone, dialect)
                continue
            values[name] = cast(value, column, self.zone, dialect)
            if may_fail(value, column):
                marks[f"{MARK}misfit_{name}"] = given(value) & values[name].isnull()
            if column.default is not None:
                marks[f"{MARK}default_{name}"] = ~given(value)
        for column in self.contract.columns:
            if column.default is not None and column.name not in values:
                values[column.name] = ibis.literal(column.default)
        for name, time in self.contract.dates.items():
            if time in values:
                values[name] = values[time].date()
        waiting = self._waiting(values, marks)
        if waiting is not None:
            marks[f"{MARK}waiting"] = waiting
        out = [
            values[c.name].isnull() & ~waiting
            if waiting is not None and self.contract.awaits(c.name)
            else values[c.name].isnull()
            for c in self.contract.columns
            if c.empty == "out"
        ]
        marks[f"{MARK}out"] = functools.reduce(lambda one, other: one | other, out)
        # by name and not as keywords: a team's column may be called self
        return raw.select([value.name(name) for name, value in {**values, **marks}.items()])

    def _waiting(
        self, values: dict[str, ir.Value], marks: dict[str, ir.Value]
    ) -> ir.BooleanValue | None:
        """Rows whose answer has not come; None where the table cannot hold such."""
        if self.contract.awaited is None or self.contract.awaited[0] not in values:
            return None
        sign, awaited = self.contract.awaited
        waiting = values[sign].notnull()
        for name in awaited:
            waiting = waiting & values[name].isnull()
            if (misfit := marks.get(f"{MARK}misfit_{name}")) is not None:
                waiting = waiting & ~misfit
        return waiting


def _contract(config: TableConfig) -> Contract:
    """The table's contract; an order in several lines has no key and may have negative lines."""
    if config.name not in CONTRACTS:
        hint = did_you_mean(config.name, CONTRACTS, kind="tables")
        raise TableError(f'the contract has no table "{config.name}"', where="tables", hint=hint)
    contract = CONTRACTS[config.name]
    if config.grain != "line":
        return contract
    rules = tuple(rule for rule in contract.rules if rule.id != "negative_amount")
    return replace(contract, key=(), rules=rules)


def _mapped(config: TableConfig, source: Source) -> ir.Table:
    try:
        if config.table is not None:
            return source.table(config.table)
        return source.sql(config.expanded_sql or "")
    except OpsnbError as error:
        where = f"tables.{config.name}: {error.where}"
        raise type(error)(error.what, where=where, hint=error.hint) from error


def _renamed(columns: Iterable[str], contract: Contract) -> dict[str, str]:
    """The team's columns and what they are called here; ContractError when some are missing.

    Names of the contract are found in any case (`Order_ID`); those that begin as the checks'
    helper columns do are set apart from them.
    """
    own = list(columns)
    known = {column.name for column in contract.columns}
    names = {name: f"own_{name}" if name.lower().startswith(MARK) else name for name in own}
    for name in own:
        lower = name.strip().lower()
        if lower in known and lower not in own and lower not in names.values():
            names[name] = lower
    missing = [name for name in contract.required if name not in names.values()]
    if missing:
        free = [name for name in own if name not in known]
        likely = {name: difflib.get_close_matches(name, free, n=1) for name in missing}
        near = [f'{name}: did you mean "{found[0]}"?' for name, found in likely.items() if found]
        raise ContractError(
            f"lacks {', '.join(missing)}",
            where=f"tables.{contract.name}",
            hint=f"map it in sql (select ... as {missing[0]}). "
            + (f"{'; '.join(near)} " if near else "")
            + f"The table has: {', '.join(own)}",
        )
    return names
