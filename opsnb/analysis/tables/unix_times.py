"""Times that are numbers: counts since 1970, 20261005, serials of workbooks; told by their size."""

from __future__ import annotations

from typing import NamedTuple

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


class _Unit(NamedTuple):
    """A way to write a time as a number, and the numbers that can only mean it."""

    low: float
    high: float
    microseconds: float | None = None
    """One of its counts; None for what is no count since 1970."""


UNITS = {
    "seconds": _Unit(1e8, 4.1025e9, 1e6),
    "milliseconds": _Unit(3.2e11, 4.1025e12, 1e3),
    "microseconds": _Unit(1e14, 4.1025e15, 1),
    "nanoseconds": _Unit(1e17, 4.1025e18, 1e-3),
    "days": _Unit(19000101, 21001231),
    "moments": _Unit(19000101000000, 21001231235959),
    "serials": _Unit(20000, 80000),
}
"""From 1973 (milliseconds 1980, serials 1954) to the year 2100."""


@ibis.udf.scalar.builtin(name="make_timestamp")
def _of_microseconds(count: int) -> dt.timestamp:
    """DuckDB: the naive time so many microseconds after 1970."""


def unit(value: ir.NumericValue) -> ir.StringValue:
    """What each number can only be; NULL where it can be no time."""
    return ibis.cases(
        *((value.between(one.low, one.high), name) for name, one in UNITS.items()),
        else_=ibis.null("string"),
    )


def since_1970(value: ir.NumericValue, dialect: str) -> ir.TimestampValue:
    """The naive time in UTC of a count since 1970; whole seconds, in DuckDB microseconds."""
    whole = value.type().is_integer()
    value = value.try_cast("int64") if whole else value.cast("float64")
    step = 1.0 if dialect == "duckdb" else 1e6
    counts = [
        (value.between(one.low, one.high), _scaled(value, one.microseconds / step))
        for one in UNITS.values()
        if one.microseconds is not None
    ]
    count = ibis.cases(*counts, else_=ibis.null("int64"))
    return _of_microseconds(count) if dialect == "duckdb" else _after("1970-01-01", count)


def _scaled(value: ir.NumericValue, by: float) -> ir.IntegerValue:
    if not value.type().is_integer():
        return (value * by).floor().cast("int64")
    return value * int(by) if by >= 1 else (value // round(1 / by)).cast("int64")


def written(value: ir.NumericValue) -> ir.TimestampValue:
    """The local time of 20261005, 20261005153000, or a serial (days since 1899-12-30)."""
    value = value.try_cast("int64") if value.type().is_integer() else value.cast("float64")
    is_one = {name: value.between(one.low, one.high) for name, one in UNITS.items()}
    dated = ibis.ifelse(is_one["days"] | is_one["moments"], value, None)
    digits = dated.cast("int64").cast("string")
    day = digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2)
    clock = digits.substr(8, 2) + ":" + digits.substr(10, 2) + ":" + digits.substr(12, 2)
    text = ibis.ifelse(is_one["moments"], day + " " + clock, day)
    serial = (ibis.ifelse(is_one["serials"], value, None) * 86400).round().cast("int64")
    return ibis.coalesce(text.try_cast("timestamp"), _after("1899-12-30", serial))


def _after(day: str, seconds: ir.IntegerValue) -> ir.TimestampValue:
    return ibis.timestamp(f"{day} 00:00:00") + seconds.as_interval("s")
