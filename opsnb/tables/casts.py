"""A team's own column types turned into the contract's four.

Each function takes an Ibis column and gives one of the canonical type; a value that cannot
be turned becomes NULL, and the caller counts it.
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from opsnb.errors import TableError
from opsnb.tables.contracts import Column

_OFFSET = r"\d:\d{2}(:\d{2}(\.\d+)?)? ?(Z|[-+]\d{2}(:?\d{2})?)$"
"""The end of a time that carries its own zone."""


@ibis.udf.scalar.builtin(name="timezone")
def _timezone(zone: str, moment: dt.Timestamp("UTC")) -> dt.timestamp:  # type: ignore[valid-type]
    """DuckDB and PostgreSQL: the naive local time of an instant."""


@ibis.udf.scalar.builtin(name="from_utc_timestamp")
def _from_utc(moment: dt.Timestamp("UTC"), zone: str) -> dt.timestamp:  # type: ignore[valid-type]
    """Spark: the naive local time of an instant, in a session whose zone is UTC."""


@ibis.udf.scalar.builtin(name="datetime")
def _datetime(moment: dt.Timestamp("UTC"), zone: str) -> dt.timestamp:  # type: ignore[valid-type]
    """BigQuery: the naive local time of an instant."""


_LOCAL = {
    "duckdb": lambda moment, zone: _timezone(zone, moment),
    "postgres": lambda moment, zone: _timezone(zone, moment),
    "pyspark": _from_utc,
    "bigquery": _datetime,
}


def cast(value: ir.Value, column: Column, zone: str, dialect: str) -> ir.Value:
    """The value as the contract's type; NULL where it cannot be turned."""
    if column.type == "text":
        text = _text(value)
        text = text.strip().lower() if column.allowed else text
        return text if column.default is None else text.fill_null(column.default)
    if column.type == "number":
        return _number(value)
    return (_time if column.type == "time" else _date)(value, zone, dialect)


def tidy(value: ir.Value, zone: str, dialect: str) -> ir.Value:
    """An extra column: instants become local times, NaN becomes NULL, the rest stays."""
    if _is_instant(value):
        return _local(value, zone, dialect)
    return _number(value) if value.type().is_floating() else value


def may_fail(value: ir.Value, column: Column) -> bool:
    """Whether turning this column can meet values that do not fit."""
    kind = value.type()
    if column.type == "number":
        return kind.is_string()
    return column.type in ("time", "date") and (kind.is_string() or kind.is_numeric())


def given(value: ir.Value) -> ir.BooleanValue:
    """Whether there is a value at all: an empty text is none."""
    return value.notnull() & (value.strip() != "") if value.type().is_string() else value.notnull()


def _text(value: ir.Value) -> ir.StringValue:
    kind = value.type()
    if kind.is_string():
        return value.nullif("")
    if kind.is_floating() or kind.is_decimal():
        # An integer column with gaps comes as 17850.0: the id is 17850.
        value = _number(value)
        whole = value == value.floor()
        return ibis.ifelse(whole, value.cast("int64").cast("string"), value.cast("string"))
    return value.cast("string")


def _number(value: ir.Value) -> ir.FloatingValue:
    kind = value.type()
    if kind.is_string():
        value = value.strip().try_cast("float64")
    elif kind.is_boolean():
        value = value.cast("int8").cast("float64")
    elif not kind.is_floating():
        return value.cast("float64")
    finite = ~(value.isnan() | value.isinf())
    return ibis.ifelse(finite, value, ibis.null(value.type())).cast("float64")


def _time(value: ir.Value, zone: str, dialect: str) -> ir.TimestampValue:
    kind = value.type()
    if _is_instant(value):
        return _local(value, zone, dialect)
    if kind.is_timestamp() or kind.is_date():
        return value.cast("timestamp")
    text = value.cast("string").strip()
    if dialect not in _LOCAL:
        return text.try_cast("timestamp")
    instant = _local(text.try_cast(dt.Timestamp("UTC")), zone, dialect)
    return ibis.ifelse(text.re_search(_OFFSET), instant, text.try_cast("timestamp"))


def _date(value: ir.Value, zone: str, dialect: str) -> ir.DateValue:
    kind = value.type()
    if kind.is_date():
        return value
    if kind.is_numeric():  # 20261001
        text = value.cast("int64").cast("string")
        dashed = text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2)
        return ibis.ifelse(text.length() == 8, dashed.try_cast("date"), ibis.null("date"))
    return _time(value, zone, dialect).date()


def _is_instant(value: ir.Value) -> bool:
    return value.type().is_timestamp() and value.type().timezone is not None


def _local(value: ir.Value, zone: str, dialect: str) -> ir.TimestampValue:
    """The naive local time of an instant; Ibis's own cast to a zone would give UTC."""
    if dialect not in _LOCAL:
        raise TableError(
            f'the column "{value.get_name()}" has times with a zone, which {dialect} cannot '
            "turn into local times here",
            hint=f"convert it in the table's sql to naive times of {zone}",
        )
    return _LOCAL[dialect](value, zone)
