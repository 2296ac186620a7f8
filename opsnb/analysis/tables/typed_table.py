"""The team's table with canonical types, bad rows marked: what the data gate looks at."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opsnb.analysis.sources import Source
from opsnb.analysis.tables.contract import Column, Contract
from opsnb.analysis.tables.contracts import CONTRACTS
from opsnb.analysis.tables.own_tables import contract_from, require_declared
from opsnb.base.errors import ContractError, OpsnbError
from opsnb.base.workspace import WORDS_FOR_NOTHING, TableConfig

if TYPE_CHECKING:
    import ibis.expr.types as ir

MARK = "opsnb_"
"""Prefix of the helper columns that checks add; they never leave the package."""

WHOLE = f"{MARK}whole_"
"""Prefix of ids as the team's table has them, where those are whole numbers."""

MENDED = f"{MARK}mended_"
"""Prefix of whether a text is not what it is in the team's table."""

ALIAS = f"{MARK}alias"
"""The id that a row came with, where `aliases` say that it stands for a person's."""


@dataclass(frozen=True)
class Converted:
    """Amounts of a table in the workspace's currency.

    Attributes
    ----------
    column : str
        The one that says the currency.
    rows : ir.Table
        All rows with `code`, `day`, and the day `since` of the rate that was taken; NULL where
        there is none.
    columns : list of str
        What was turned.
    source : str
        Where the rates come from.
    """

    column: str
    rows: ir.Table
    columns: list[str]
    source: str


@dataclass(frozen=True)
class Excluded:
    """Rows that a workspace leaves out, and why.

    Attributes
    ----------
    rows : ir.Table
        All rows, those left out included, with a flag for each reason.
    reasons : list of str
        Names of the flags.
    """

    rows: ir.Table
    reasons: list[str]


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
    merged, converted, excluded
        What the workspace has of its rows put together, turned into its currency or left out
        (`adjusted`); None where it asks for nothing.
    """

    def __init__(
        self,
        config: TableConfig,
        source: Source,
        zone: str,
        as_of: dt.date,
        currency: str,
        nulls: list[str] | None = None,
        as_they_are: frozenset[str] = frozenset(),
    ) -> None:
        self.name = config.name
        self.config = config
        self.source = source
        self.zone = zone
        self.as_of = as_of
        self.currency = currency
        self.contract = contract_of(config)
        self._nulls = config.nulls if config.nulls is not None else nulls
        self._raw = raw = _mapped(config, source)
        self._own = _renamed(raw.columns, self.contract)
        require_declared(self.contract, self._own)
        self.texts = {name for own, name in self._own.items() if raw[own].type().is_string()}
        self.typed = self._typed(raw, as_they_are)
        self.merged: ir.Table | None = None
        self.converted: Converted | None = None
        self.excluded: Excluded | None = None

    def __repr__(self) -> str:
        return f"Table({self.name!r}: {', '.join(self.columns)})"

    @functools.cached_property
    def sound(self) -> ir.Table:
        """The rows with all required values, repeated ones included; `ALIAS` where it is known."""
        known = [ALIAS] if ALIAS in self.typed.columns else []
        return self.typed.filter(~self.typed[f"{MARK}out"]).select(*self.columns, *known)

    def some(self, share: float) -> ir.Table:
        """About this share of all typed rows, in blocks from all over the team's table."""
        return self._typed(self._raw.sample(min(share, 1.0), method="block", seed=1))

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

    def _typed(self, raw: ir.Table, as_they_are: frozenset[str] = frozenset()) -> ir.Table:
        """All rows in canonical types, with a mark for what does not fit and what is left out.

        `as_they_are`: columns of texts that need no tidying, as the gate has found.
        """
        import ibis

        from opsnb.analysis.tables.casts import cast, given, may_fail, one_of, tidy, usual
        from opsnb.analysis.tables.tidy_texts import Texts
        from opsnb.analysis.tables.unix_times import unit

        dialect = self.source.dialect
        columns = {column.name: column for column in self.contract.columns}
        needed = {o: w for o, w in self._texts(raw).items() if self._own[o] not in as_they_are}
        texts = Texts(raw, needed, dialect)
        raw = texts.rows
        values: dict[str, ir.Value] = {}
        marks: dict[str, ir.Value] = {}
        for own, name in self._own.items():
            value, column = raw[own], columns.get(name)
            if own in texts.words:
                mended = texts.mended(own)
                values[name] = mended.value
                marks[f"{MENDED}{name}"] = mended.mended
                if mended.word is not None:
                    marks[f"{MARK}null_{name}"] = mended.word
                continue
            if column is None:
                values[name] = tidy(value, self.zone, dialect)
                continue
            if name in as_they_are:
                values[name] = value
                continue
            if value.type().is_string() and (words := self._words_for_nothing(column)):
                marks[f"{MARK}null_{name}"] = word = one_of(value.strip(), words)
                value = ibis.ifelse(word.isnull(), value, ibis.null("string"))
            elif column.type in ("time", "date") and value.type().is_numeric():
                marks[f"{MARK}unit_{name}"] = unit(value)
            values[name] = cast(value, column, self.zone, dialect)
            if column.type == "text" and value.type().is_integer() and column.default is None:
                marks[f"{WHOLE}{name}"] = value
            if may_fail(value, column):
                marks[f"{MARK}misfit_{name}"] = given(value) & values[name].isnull()
                if value.type().is_string() and column.type != "flag":
                    read = values[name].notnull()
                    marks[f"{MARK}form_{name}"] = read & ~usual(value, column)
            if may_fail(value, column) or column.allowed:
                marks[f"{MARK}own_{name}"] = value  # as it stands, for samples
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
        lacks = {
            c.name: marks.get(f"{WHOLE}{c.name}", values[c.name]).isnull()
            for c in self.contract.columns
            if c.empty == "out"
        }
        out = [
            missing & ~waiting if waiting is not None and self.contract.awaits(name) else missing
            for name, missing in lacks.items()
        ]
        marks[f"{MARK}out"] = functools.reduce(lambda one, other: one | other, out)
        # by name and not as keywords: a team's column may be called self
        return raw.select([value.name(name) for name, value in {**values, **marks}.items()])

    def _texts(self, raw: ir.Table) -> dict[str, Sequence[str]]:
        """The team's columns that are texts of the contract, each with its words for nothing."""
        columns = {column.name: column for column in self.contract.columns}
        return {
            own: self._words_for_nothing(columns[name])
            for own, name in self._own.items()
            if name in columns and columns[name].type == "text" and not columns[name].allowed
            if raw[own].type().is_string()
        }

    def _words_for_nothing(self, column: Column) -> Sequence[str]:
        """The words that count as empty in a column: in texts that are no ids those asked for."""
        if column.name == self.contract.comment or column.allowed:
            return ()
        if self._nulls is not None:
            return self._nulls
        name = column.name  # a region may be called NA, no record is
        is_id = name in self.contract.ids or name.endswith("_id")
        return WORDS_FOR_NOTHING if column.type != "text" or is_id else ()

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


def as_told(rows: ir.Table, name: str) -> ir.Value:
    """A column of typed rows, as the whole number that it is in the team's own table if it is one.

    To be counted and told apart, numbers need not be turned into text first.
    """
    return rows[f"{WHOLE}{name}"] if f"{WHOLE}{name}" in rows.columns else rows[name]


def contract_of(config: TableConfig) -> Contract:
    """The table's contract; an order in several lines has no key and may have negative lines."""
    contract = contract_from(config)
    if config.grain != "line":
        return contract
    of_orders = ("negative_amount", "refund_above_amount", "refunded_in_part")
    rules = tuple(rule for rule in contract.rules if rule.id not in of_orders)
    return replace(contract, key=(), rules=rules)


def has_column(config: TableConfig, source: Source, name: str) -> bool:
    """Whether the team's table has a column of the contract, without opening more of it."""
    return name in _renamed(_mapped(config, source).columns, CONTRACTS[config.name]).values()


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
    in_any_case = {name.lower(): name for name in known}
    names = {name: f"own_{name}" if name.lower().startswith(MARK) else name for name in own}
    for name in own:
        meant = in_any_case.get(name.strip().lower())
        if meant is not None and meant not in own and meant not in names.values():
            names[name] = meant
    missing = [name for name in contract.required if name not in names.values()]
    if missing:
        free = [name for name in own if name not in known]
        likely = {name: difflib.get_close_matches(name, free, n=1) for name in missing}
        near = [f'{name}: did you mean "{found[0]}"?' for name, found in likely.items() if found]
        raise ContractError(
            f"lacks {', '.join(missing)}",
            where=f"tables.{contract.name}",
            hint=("" if contract.name in CONTRACTS else "correct the name under columns, or ")
            + f"map it in sql (select ... as {missing[0]}). "
            + (f"{'; '.join(near)} " if near else "")
            + f"The table has: {', '.join(own)}",
        )
    return names
