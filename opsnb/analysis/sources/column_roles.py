"""What a source is asked for: the contract's types, told before its columns are given theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """What a table of the workspace asks of a source.

    Attributes
    ----------
    source : str
    table, sql : str, optional
        The source's table, or a query in DuckDB's dialect.
    types : mapping
        The contract's columns: text, number, time or date by name in lower case.
    nulls : tuple of str, optional
        Words for nothing that hold for this table alone.
    """

    source: str
    table: str | None
    sql: str | None
    types: Mapping[str, str]
    nulls: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Roles:
    """What the columns of one table of a source are used as; names in lower case.

    Attributes
    ----------
    text : frozenset of str
        They reach a column that the contract calls text, or are matched with one that does.
    number, time : frozenset of str
        They reach a number, a time or a date as they are.
    faithful : frozenset of str
        They may be given a type only if it says every value to the letter: texts that a query
        reckons with, and what seems to become a text in a query that cannot be followed.
    nulls : tuple of str, optional
        Words for nothing of the tables that read this one; None where they name none.
    """

    text: frozenset[str] = frozenset()
    number: frozenset[str] = frozenset()
    time: frozenset[str] = frozenset()
    faithful: frozenset[str] = frozenset()
    nulls: tuple[str, ...] | None = None
