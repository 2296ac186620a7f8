"""SQL of another tool's definitions: read in its dialect, written as opsnb's metrics are."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, cast

import duckdb
import sqlglot as sg
import sqlglot.expressions as sge

from opsnb.analysis.definitions.carried import NotCarried
from opsnb.base.errors import ParameterError, did_you_mean

DUCKDB = "duckdb"

_TEMPLATE = re.compile(r"\{\{|\{%|\{(as_of|order|profit)\}")
"""Templates, and what opsnb's own metrics write in braces."""


def require_dialect(name: str) -> str:
    """A dialect that SQL can be read in.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    known = [one for one in sg.Dialect.classes if one]
    if name not in known:
        hint = did_you_mean(name, known, kind="dialects")
        raise ParameterError(f'unknown dialect "{name}"', where="--dialect", hint=hint)
    return name


def read_sql(text: str, dialect: str) -> sge.Expression:
    """One expression over the columns of a row.

    Raises
    ------
    NotCarried
        It cannot be read, or is more than that: a template, an aggregate, a query.
    """
    if _TEMPLATE.search(text):
        raise NotCarried(f"its SQL is a template: {_short(text)}")
    try:
        tree = cast(sge.Expression, sg.parse_one(text, read=dialect))
    except sg.errors.SqlglotError as error:
        raise NotCarried(
            f"its SQL cannot be read as {dialect}: {_short(text)}",
            "name your warehouse's dialect: --dialect snowflake",
        ) from error
    for kind, what in _NO_ROWS.items():
        if tree.find(kind):
            raise NotCarried(f"its SQL {what}: {_short(text)}")
    return tree


_NO_ROWS: dict[Any, str] = {
    sge.Query: "holds a query of its own",
    sge.AggFunc: "aggregates over rows",
    sge.Window: "looks at other rows",
}


def column(name: str) -> sge.Column:
    """A column by its name, quoted where the name is no plain word."""
    plain = name.isidentifier() and name.lower() not in _reserved()
    return sg.column(name, quoted=not plain)


@functools.cache
def _reserved() -> frozenset[str]:
    """Words that DuckDB takes for no column unless they are quoted."""
    words = duckdb.sql("from duckdb_keywords()").fetchall()
    return frozenset(word for word, kind in words if kind in ("reserved", "type_function"))


def written(tree: sge.Expression, text: str, dialect: str) -> str:
    """The expression as DuckDB SQL; the text itself where nothing has to change."""
    if dialect == DUCKDB and sg.parse_one(text, read=DUCKDB) == tree:
        return text
    return tree.sql(dialect=DUCKDB)


def canonical(tree: sge.Expression) -> str:
    """A form in which equal expressions are equal texts: without tables' names, in lower case."""
    plain = tree.copy()
    for column in plain.find_all(sge.Column):
        column.set("table", None)
        column.set("db", None)
        column.set("catalog", None)
    for name in plain.find_all(sge.Identifier):
        name.set("this", name.this.lower())
        name.set("quoted", False)
    return plain.sql(dialect=DUCKDB)


def with_columns(
    tree: sge.Expression, replaced: Callable[[sge.Column], sge.Expression]
) -> sge.Expression:
    """The expression with each of its columns replaced."""

    def each(node: sge.Expression) -> sge.Expression:
        if not isinstance(node, sge.Column):
            return node
        made = replaced(node)
        return sge.paren(made) if isinstance(made, sge.Binary) and node.parent else made

    return tree.copy().transform(each)


def both(*conditions: str | None) -> str | None:
    """Conditions that must all hold; None where there is none."""
    known = list(dict.fromkeys(one for one in conditions if one))
    return " and ".join(known if len(known) == 1 else [f"({one})" for one in known]) or None


def is_constant(tree: sge.Expression) -> bool:
    """Whether a row's value does not depend on the row: `1`, `*`."""
    return isinstance(tree, sge.Literal | sge.Star)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 80 else f"{plain[:77]}..."
