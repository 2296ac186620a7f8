"""Fact tables of GrowthBook: the table that their query reads, and filters as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlglot as sg
import sqlglot.expressions as sge

from opsnb.analysis.definitions.carried import NotCarried
from opsnb.analysis.definitions.exports import Node
from opsnb.analysis.definitions.expressions import column as column_named
from opsnb.analysis.definitions.places import Model
from opsnb.analysis.definitions.toml_text import value_text

_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_DATES = "opsnb_template"
_MORE = ("joins", "group", "having", "distinct", "limit", "qualify", "with_", "laterals")
_COMPARED = {"=": "=", "!=": "<>", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
_ALONE = {
    "is_null": "{} is null",
    "not_null": "{} is not null",
    "is_true": "{} is true",
    "is_false": "{} is false",
}
_LIKE = {
    "contains": "{} like '%{}%'",
    "not_contains": "{} not like '%{}%'",
    "starts_with": "{} like '{}%'",
    "ends_with": "{} like '%{}'",
}


@dataclass(frozen=True)
class FactTable:
    """A fact table.

    Attributes
    ----------
    model : Model
    types : dict
        GrowthBook's types of its columns.
    clock : str or None
        Its column that dates a fact, where the query is read; it is called `timestamp`.
    dialect : str
        That the warehouse's SQL is written in.
    """

    model: Model
    types: Mapping[str, str]
    clock: str | None
    dialect: str

    def quoted(self, column: str) -> str:
        """A column as SQL of the warehouse."""
        if "." in column:
            raise NotCarried(f"reads {column}, a field within a column")
        return column_named(column).sql(dialect=self.dialect)


def fact_table(node: Node, dialect: str) -> FactTable:
    """A fact table; of a query over one table, what its columns are and which rows it keeps."""
    id, name, sql = node.text("id"), node.text("name", ""), node.sql("sql") or ""
    types = {c.text("column"): c.text("datatype", "") for c in node.nodes("columns")}
    names = tuple(one for one in (name, id) if one)
    select = _plain(sql, node.text("eventName", ""), dialect)
    to_map = (f"sql = {value_text(' '.join(sql.split()))}",)
    if select is None:
        return FactTable(Model(names, None, to_map), types, None, dialect)
    table = (select.args.get("from_") or select.args["from"]).this
    columns, passes = {}, False
    for item in select.expressions:
        if item.find(sge.Star):
            passes = True
        else:
            columns[item.alias_or_name.lower()] = item.this if isinstance(item, sge.Alias) else item
    where = select.args.get("where")
    model = Model(
        (*names, table.name), table.name, to_map, columns, passes, where.this if where else None
    )
    clock = columns.get("timestamp")
    plain = isinstance(clock, sge.Column) or (clock is None and passes)
    return FactTable(model, types, "timestamp" if plain else None, dialect)


def _plain(sql: str, event: str, dialect: str) -> sge.Select | None:
    """A query over the rows of one table, without the dates that GrowthBook fills in."""
    text = re.sub(r"\{\{\s*eventName\s*\}\}", event.replace("'", "''"), sql)
    try:
        tree = sg.parse_one(_TEMPLATE.sub(_DATES, text), read=dialect)
    except sg.errors.SqlglotError:
        return None
    if not isinstance(tree, sge.Select) or any(tree.args.get(part) for part in _MORE):
        return None
    first = tree.args.get("from_") or tree.args.get("from")
    if first is None or not isinstance(first.this, sge.Table):
        return None
    if tree.find(sge.AggFunc, sge.Window):
        return None
    where = tree.args.get("where")
    if where is not None:
        parts = where.this.flatten() if isinstance(where.this, sge.And) else [where.this]
        kept = [one for one in parts if _DATES not in one.sql(dialect)]
        tree.set("where", sge.Where(this=sge.and_(*kept)) if kept else None)
    return None if _DATES in tree.sql(dialect) else tree


def condition(side: Node, table: FactTable, filters: Mapping[str, Node]) -> Iterator[str]:
    """The conditions that a metric puts on the rows of its fact table, as SQL.

    Raises
    ------
    NotCarried
        A saved filter is not among the files, or an operator has no equal.
    """
    for id in side.texts("filters"):
        yield _saved(id, filters)
    inline = side.inner("inlineFilters")
    for column in inline.value if inline else ():
        assert inline is not None
        if values := [value for value in inline.texts(column) if value]:
            yield _in(table, column, values)
    for row in side.nodes("rowFilters"):
        yield _row(row, table, filters)


def _saved(id: str, filters: Mapping[str, Node]) -> str:
    if id not in filters:
        raise NotCarried(
            f"its filter {id} is not among the files",
            "save the answer of /api/v1/fact-tables/ID/filters and name that file as well",
        )
    return filters[id].sql("value") or "true"


def _row(row: Node, table: FactTable, filters: Mapping[str, Node]) -> str:
    operator, values = row.text("operator"), row.texts("values")
    if operator not in _ALONE and not values:
        raise row.wrong("values", "is missing")
    if operator == "saved_filter":
        return _saved(values[0], filters)
    if operator == "sql_expr":
        return values[0]
    column = row.text("column")
    name = table.quoted(column)
    if operator in _ALONE:
        return _ALONE[operator].format(name)
    if operator in _COMPARED:
        return f"{name} {_COMPARED[operator]} {_literal(values[0], table.types.get(column))}"
    if operator in ("in", "not_in"):
        found = _in(table, column, values)
        return found if operator == "in" else f"not ({found})"
    if operator in _LIKE:
        if set(values[0]) & set("%_\\"):
            raise NotCarried(f"filters by {operator} {values[0]!r}, which holds a wildcard")
        return _LIKE[operator].format(name, values[0].replace("'", "''"))
    raise NotCarried(f"filters by {operator}, which has no equal here")


def _in(table: FactTable, column: str, values: list[str]) -> str:
    listed = ", ".join(_literal(value, table.types.get(column)) for value in values)
    return f"{table.quoted(column)} in ({listed})"


def _literal(value: str, type: str | None) -> str:
    if type == "number":
        try:
            float(value)
        except ValueError:
            raise NotCarried(f"compares a number with {value!r}") from None
        return value
    return "'" + value.replace("'", "''") + "'"
