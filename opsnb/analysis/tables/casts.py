"""A team's own column types turned into the contract's four.

Each function takes an Ibis column and gives one of the canonical type; a value that cannot
be turned becomes NULL, and the caller counts it.
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from opsnb.analysis.tables.contracts import Column
from opsnb.base.errors import TableError

LARGEST = 2.0**53
"""From here on a float counts no single units: no amount, count or id can be that large."""

TRUE = ("true", "t", "yes", "y", "1", "是", "对", "√")
FALSE = ("false", "f", "no", "n", "0", "否", "错", "×")
"""What a flag may be written as, in any case."""

_NUMBER = r"^[-+]?(\d{1,40}(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?$"
"""A number in text. Engines would also take `inf`, `1d`, `0x1F`, `1_000`, each some of them."""

_MOMENT = (
    r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"( ([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?( ?(Z|[-+]\d{2}(:?\d{2})?))?)?$"
)
"""A time in text. PostgreSQL would also take `yesterday`, and 01/02/2026 in an order of its own."""

_OFFSET = r"\d:\d{2}(:\d{2}(\.\d+)?)? ?(Z|[-+]\d{2}(:?\d{2})?)$"
"""The end of a time that carries its own zone."""

_Instant = dt.Timestamp("UTC")
# Ibis reads the types of a signature as values, and mypy knows no type by a value: `valid-type`.


@ibis.udf.scalar.builtin(name="timezone")
def _timezone(zone: str, moment: _Instant) -> dt.timestamp:  # type: ignore[valid-type]
    """DuckDB and PostgreSQL: the naive local time of an instant."""


@ibis.udf.scalar.builtin(name="convert_timezone")
def _convert(source: str, zone: str, moment: _Instant) -> dt.timestamp:  # type: ignore[valid-type]
    """Spark and Snowflake: a naive time of one zone as that of another."""


@ibis.udf.scalar.builtin(name="to_timestamp_ntz")
def _spark_naive(moment: dt.timestamp) -> dt.timestamp:
    """Spark: the naive time of an instant in the session's zone, which is UTC."""


@ibis.udf.scalar.builtin(name="datetime")
def _datetime(moment: _Instant, zone: str) -> dt.timestamp:  # type: ignore[valid-type]
    """BigQuery: the naive local time of an instant."""


@ibis.udf.scalar.builtin(name="toTimeZone")
def _to_zone(moment: _Instant, zone: str) -> _Instant:  # type: ignore[valid-type]
    """ClickHouse: the same instant, shown in another zone."""


@ibis.udf.scalar.builtin(name="toString")
def _shown(moment: _Instant) -> str:  # type: ignore[valid-type, empty-body]
    """ClickHouse: the digits of a time in its zone."""


@ibis.udf.scalar.builtin(name="at_timezone")
def _at_zone(moment: _Instant, zone: str) -> _Instant:  # type: ignore[valid-type]
    """Trino: the same instant, shown in another zone."""


_LOCAL = {
    "duckdb": lambda moment, zone: _timezone(zone, moment),
    "postgres": lambda moment, zone: _timezone(zone, moment),
    "pyspark": lambda moment, zone: _convert("UTC", zone, moment),
    "snowflake": lambda moment, zone: _convert("UTC", zone, moment),
    "trino": lambda moment, zone: _at_zone(moment, zone).cast("timestamp"),
    "bigquery": _datetime,
    "clickhouse": lambda moment, zone: _shown(_to_zone(moment, zone)).try_cast("timestamp"),
}


def cast(value: ir.Value, column: Column, zone: str, dialect: str) -> ir.Value:
    """The value as the contract's type; NULL where it cannot be turned."""
    if column.type == "text":
        text = _text(value)
        text = text.strip().lower() if column.allowed else text
        return text if column.default is None else text.fill_null(column.default)
    if column.type == "number":
        return _number(value)
    if column.type == "flag":
        return _flag(value)
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
        return bool(kind.is_string())
    if column.type == "flag":
        return not kind.is_boolean()
    return column.type in ("time", "date") and bool(kind.is_string() or kind.is_numeric())


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
        text = value.strip()
        value = ibis.ifelse(text.re_search(_NUMBER), text, ibis.null("string"))
        value = value.try_cast("float64")
    elif kind.is_boolean():
        value = value.cast("int8").cast("float64")
    elif not kind.is_floating():
        return value.cast("float64")
    readable = ~value.isnan() & (value.abs() < LARGEST)
    return ibis.ifelse(readable, value, ibis.null(value.type())).cast("float64")


def _flag(value: ir.Value) -> ir.BooleanValue:
    if value.type().is_boolean():
        return value
    text = _text(value).strip().lower()
    return ibis.cases((text.isin(TRUE), True), (text.isin(FALSE), False))


def _time(value: ir.Value, zone: str, dialect: str) -> ir.TimestampValue:
    kind = value.type()
    if _is_instant(value):
        return _local(value, zone, dialect)
    if kind.is_timestamp() or kind.is_date():
        return value.cast("timestamp")
    text = _iso(value.cast("string"))
    naive = text.try_cast("timestamp")
    if dialect == "pyspark":
        naive = _spark_naive(naive)
    if dialect not in _LOCAL:
        return naive
    instant = _local(text.try_cast(_Instant), zone, dialect)
    return ibis.ifelse(text.re_search(_OFFSET), instant, naive)


def _iso(value: ir.StringValue) -> ir.StringValue:
    """2026/1/2T8:30 as 2026-01-02 08:30, which every engine reads alike; NULL if no time."""
    text = value.strip().replace("/", "-").re_replace(r"^(\d{4}-\d{1,2}-\d{1,2})T", r"\1 ")
    text = text.re_replace(r"-(\d)-", r"-0\1-").re_replace(r"^(\d{4}-\d{2})-(\d)( |$)", r"\1-0\2\3")
    text = text.re_replace(r"^(\d{4}-\d{2}-\d{2}) (\d):", r"\1 0\2:")
    return ibis.ifelse(text.re_search(_MOMENT), text, ibis.null("string"))


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
