"""A team's own column types turned into the contract's four.

Each function takes an Ibis column and gives one of the canonical type; a value that cannot
be turned becomes NULL, and the caller counts it.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from opsnb.analysis.tables.contracts import Column
from opsnb.analysis.tables.unix_times import since_1970, written
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

_NAIVE = r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
_OFFSET = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[-+]\d{2}(:?\d{2})?)$"
"""A time that carries its own zone."""

_DIGITS = r"^[1-3]\d{9}(\d{3}|\d{6}|\d{9})?$"
"""A count since 1970 in text."""

_WIDE, _NARROW = "０１２３４５６７８９．，－＋％（）", "0123456789.,-+%()"
_SIGN = r"(¥|￥|\$|€|£|元|RMB|CNY|USD|EUR|GBP)"
_GROUPS = r"\d{1,3}(,\d{3})+"
_SURE = rf"({_GROUPS}\.\d+|\d{{1,3}}(,\d{{3}}){{2,}}|\d+(\.\d+)?)"
_ANY = rf"({_GROUPS}|\d+)(\.\d+)?"
_UNIT = rf"({_SIGN}|[万亿]元?|%)"
_BODY = rf"({_SIGN} ?[-+]?{_ANY} ?{_UNIT}?|[-+]?{_ANY} ?{_UNIT}|[-+]?{_SURE})"
_AMOUNT = rf"^([-+]?{_BODY}|\({_BODY}\))$"
"""A number as people write amounts; without a sign of money 1,234 can mean two things."""

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


@ibis.udf.scalar.builtin(name="try")
def _try(text: str) -> str:  # type: ignore[empty-body]
    """DuckDB: NULL where its argument fails."""


@ibis.udf.scalar.builtin(name="decode")
def _decode(value: bytes) -> str:  # type: ignore[empty-body]
    """DuckDB: bytes as UTF-8."""


@ibis.udf.scalar.builtin(name="hex")
def _hex(value: bytes) -> str:  # type: ignore[empty-body]
    """DuckDB: bytes as hexadecimal digits."""


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
        text = _text(value, dialect)
        text = text.lower() if column.allowed else text
        return text if column.default is None else text.fill_null(column.default)
    if column.type == "number":
        return _number(value)
    if column.type == "flag":
        return _flag(value, dialect)
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


def usual(value: ir.StringValue, column: Column) -> ir.BooleanValue:
    """Whether a text is a number or time as programs write them, not as people do."""
    form = _NUMBER if column.type == "number" else r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{8,19}$)"
    return value.strip().re_search(form)


def one_of(text: ir.StringValue, words: Sequence[str]) -> ir.StringValue:
    """The word that a text without blanks around it is; NULL where it is none of them."""
    # Only short texts are looked up in the list, which is most of what it would cost.
    short = text.length() <= max(map(len, words))
    return ibis.ifelse(ibis.cases((short, is_among(text, words)), else_=False), text, None)


def is_among(text: ir.StringValue, words: Sequence[str]) -> ir.BooleanValue:
    """Whether a text is one of many words; DuckDB would join a long IN with every row first."""
    return text.cases(*((word, True) for word in words), else_=False)


def given(value: ir.Value) -> ir.BooleanValue:
    """Whether there is a value at all: an empty text is none."""
    return value.notnull() & (value.strip() != "") if value.type().is_string() else value.notnull()


def _text(value: ir.Value, dialect: str) -> ir.StringValue:
    kind = value.type()
    if kind.is_string():
        return value.strip().nullif("")
    if kind.is_binary() and dialect == "duckdb":
        # Never both ways alike: what is no UTF-8 is told by its bytes, marked as such.
        return ibis.coalesce(_try(_decode(value)), "\\x" + _hex(value).lower()).strip().nullif("")
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
        value = ibis.coalesce(_match(text, _NUMBER).try_cast("float64"), _amount(text))
        return ibis.ifelse(value.abs() < LARGEST, value, ibis.null("float64"))
    if kind.is_boolean():
        value = value.cast("int8").cast("float64")
    elif not kind.is_floating():
        return value.cast("float64")
    readable = ~value.isnan() & (value.abs() < LARGEST)
    return ibis.ifelse(readable, value, ibis.null(value.type())).cast("float64")


def _flag(value: ir.Value, dialect: str) -> ir.BooleanValue:
    if value.type().is_boolean():
        return value
    text = _text(value, dialect).lower()
    return text.cases(*((w, True) for w in TRUE), *((w, False) for w in FALSE))


def _amount(value: ir.StringValue) -> ir.FloatingValue:
    """1,234.50 and ¥12, (3.5), 12.5%, 1.2万, full-width digits; 1,234 alone can mean two things."""
    text = _match(value.translate(_WIDE, _NARROW), _AMOUNT)
    digits = text.re_replace(r"^\((.*)\)$", r"-\1").re_replace(r"[^-0-9.]", "")
    times = ibis.cases(
        (text.contains("%"), 0.01),
        (text.contains("万"), 1e4),
        (text.contains("亿"), 1e8),
        else_=1.0,
    )
    return digits.try_cast("float64") * times


def _time(value: ir.Value, zone: str, dialect: str) -> ir.TimestampValue:
    kind = value.type()
    if _is_instant(value):
        return _local(value, zone, dialect)
    if kind.is_timestamp() or kind.is_date():
        return value.cast("timestamp")
    if kind.is_boolean():
        return ibis.null("timestamp")
    if kind.is_numeric():
        return _counted(value, zone, dialect)
    text = _iso(value.cast("string"))
    if dialect not in _LOCAL:
        return text.try_cast("timestamp")
    naive = _match(text, _NAIVE).try_cast("timestamp")
    if dialect == "pyspark":
        naive = _spark_naive(naive)
    instant = _match(text, _OFFSET).try_cast(_Instant)
    return ibis.coalesce(
        naive, _local(instant, zone, dialect), _local(_count(value), zone, dialect)
    )


def _count(value: ir.StringValue) -> ir.TimestampValue:
    """Text of 10, 13, 16 or 19 digits: seconds since 1970, and what follows is their fraction."""
    seconds = _match(value.strip(), _DIGITS).substr(0, 10).try_cast("int64")
    return (ibis.timestamp("1970-01-01 00:00:00") + seconds.as_interval("s")).cast(_Instant)


def _counted(value: ir.NumericValue, zone: str, dialect: str) -> ir.TimestampValue:
    """A time that is a number, by its size (`numeric_times.unit`)."""
    instant = since_1970(value, dialect).cast(_Instant)
    local = _local(instant, zone, dialect) if dialect in _LOCAL else ibis.null("timestamp")
    return ibis.coalesce(local, written(value))


def _iso(value: ir.StringValue) -> ir.StringValue:
    """2026/1/2T8:30 as 2026-01-02 08:30, which every engine reads alike; NULL if no time."""
    # Each step names the text once: engines get the whole as one expression.
    text = value.strip().replace("/", "-")
    text = text.re_replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日 *", r"\1-\2-\3 ").strip()
    text = text.re_replace(r"^(\d{4}-\d{1,2}-\d{1,2})T", r"\1 ")
    text = text.re_replace(r"^([12]\d{3})(\d{2})(\d{2})$", r"\1-\2-\3")
    text = text.re_replace(r"-(\d)-", r"-0\1-").re_replace(r"^(\d{4}-\d{2})-(\d)( |$)", r"\1-0\2\3")
    text = text.re_replace(r"^(\d{4}-\d{2}-\d{2}) (\d):", r"\1 0\2:")
    text = text.re_replace(r" ?(UTC|GMT)$", "Z").re_replace(r" ([-+]\d{2}|Z)", r"\1")
    return _match(text, _MOMENT)


def _match(text: ir.StringValue, form: str) -> ir.StringValue:
    """The text where all of it has a form, else NULL."""
    return ibis.ifelse(text.re_search(form), text, ibis.null("string"))


def _date(value: ir.Value, zone: str, dialect: str) -> ir.DateValue:
    kind = value.type()
    if kind.is_date():
        return value
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
