"""Forms of values in text files, and the SQL that reads each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

WIDE = "０１２３４５６７８９．，－＋％（）：／　"
NARROW = "0123456789.,-+%():/ "
"""Full-width signs as Chinese input methods write them, and what they stand for."""

CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
PARTED = r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"
"""A date that begins with its day, or with its month."""

CURRENCY = r"(¥|￥|\$|€|£|￡|RMB|CNY|USD|EUR|GBP|HKD)"
_POINT = r"(\d{1,3}(,\d{3})+|0|[1-9]\d{0,17})?(\.\d+)?"
_COMMA = r"(\d{1,3}([. ]\d{3})+|0|[1-9]\d{0,14})(,\d+)?"
THOUSANDS = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"
"""Groups of three alone: 1.234 may be a thousand and some, or one and some."""

_UNITS = {"万": "1e4", "亿": "1e8", "%": "1e-2"}
_MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|January|February|March|April|June|July"
_MONTH += "|August|September|October|November|December)"


class Form(NamedTuple):
    """A type: the form of all its values, and SQL that turns a trimmed text into it."""

    name: str
    form: str
    sql: Callable[[str], str]


def _cast(type: str) -> Callable[[str], str]:
    return lambda v: f"TRY_CAST({v} AS {type})"


def _without_sign(v: str, drop: str) -> str:
    """A text without what is no part of the number; brackets around a number are its minus."""
    bare = f"regexp_replace({v}, '{drop}', '', 'g')"
    return rf"regexp_replace({bare}, '^\((.*)\)$', '-\1')"


def _amount(decimal: str) -> Callable[[str], str]:
    drop = rf"{CURRENCY}|[\s元{',' if decimal == '.' else '.'}]"

    def sql(v: str) -> str:
        text = f"replace({_without_sign(v, drop)}, ',', '.')"
        times = " ".join(f"WHEN contains({v}, '{sign}') THEN {by}" for sign, by in _UNITS.items())
        number = f"TRY_CAST(regexp_replace({text}, '[万亿%]', '') AS DOUBLE)"
        return f"({number} * CASE {times} ELSE 1 END)"

    return sql


def _money(number: str) -> str:
    body = rf"{CURRENCY}? ?[-+]?{number} ?(元|{CURRENCY}|[万亿]元?|%)?"
    return rf"[-+]?{body}|\({body}\)"


def _moment(v: str) -> str:
    """A time with its offset, as DuckDB wants it: no blank before, no name of the zone."""
    close = rf"regexp_replace({v}, ' +([-+]\d)', '\1')"
    return f"TRY_CAST(regexp_replace({close}, ' ?(UTC|GMT)$', 'Z') AS TIMESTAMPTZ)"


def _chinese(v: str) -> str:
    day = rf"regexp_replace({v}, '^(\d{{4}})年(\d{{1,2}})月(\d{{1,2}})日 ?', '\1-\2-\3 ')"
    clock = rf"regexp_replace({day}, '(\d{{1,2}})[时点](\d{{2}})分((\d{{2}})秒)?', '\1:\2:0\4')"
    return f"TRY_CAST(trim(regexp_replace({clock}, ':0(\\d{{2}})$', ':\\1')) AS TIMESTAMP)"


def _spelled(v: str) -> str:
    days = ("%d/%b/%y", "%d/%b/%Y", "%d/%B/%y", "%d/%B/%Y", "%b/%d/%Y", "%B/%d/%Y")
    clocks = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
    formats = ", ".join(f"'{day}{clock}'" for day in days for clock in clocks)
    # One separator for all: 14-Jul-25, 14 Jul 2025, Jul 14, 2025.
    even = rf"regexp_replace({v}, '^(\w+)[-/ ](\w+)(,? |[-/])(\d+)', '\1/\2/\4')"
    return f"try_strptime({even}, [{formats}])"


WHOLE = Form("BIGINT", r"[-+]?(0|[1-9]\d{0,17})", _cast("BIGINT"))
FRACTION = Form("DOUBLE", r"[-+]?(0|[1-9]\d{0,14})?(\.\d*)?([eE][-+]?\d+)?", _cast("DOUBLE"))
COMMA = Form(
    "decimal comma",
    r"[-+]?(0|[1-9]\d{0,14}|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?",
    lambda v: f"TRY_CAST(replace(replace({v}, '.', ''), ',', '.') AS DOUBLE)",
)
PARTS = Form("parted", rf"({PARTED}|{DAY})([ T]{CLOCK}( ?[AaPp][Mm])?)?", str)
SHORT_YEAR = r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}"

PLAIN = (
    WHOLE,
    FRACTION,
    COMMA,
    Form("BOOLEAN", r"true|false|TRUE|FALSE|True|False", _cast("BOOLEAN")),
    Form("DATE", DAY, _cast("DATE")),
    Form("TIMESTAMPTZ", rf"{DAY}[ T]{CLOCK} ?(Z|[-+]\d{{2}}(:?\d{{2}})?)", _moment),
    Form("TIMESTAMP", rf"{DAY}([ T]{CLOCK})?", _cast("TIMESTAMP")),
    PARTS,
)
"""A column has the first whose form all its values have."""

AMOUNT = Form("amount", _money(_POINT), _amount("."))
AMOUNT_COMMA = Form("amount, decimal comma", _money(_COMMA), _amount(","))

NUMBERS = (WHOLE, FRACTION, COMMA, AMOUNT, AMOUNT_COMMA)
"""Of a column that reaches a number: money and shares too."""

TIMES = (
    *PLAIN,
    Form("TIMESTAMPTZ", rf"{DAY}[ T]{CLOCK} ?(UTC|GMT)", _moment),
    Form("hours", rf"{DAY} \d{{1,2}}", lambda v: f"TRY_CAST({v} || ':00' AS TIMESTAMP)"),
    Form(
        "Chinese",
        r"\d{4}年\d{1,2}月\d{1,2}日"
        rf"( ?({CLOCK}|\d{{1,2}}[时点]\d{{2}}分(\d{{2}}秒)?))?",
        _chinese,
    ),
    Form(
        "spelled",
        rf"(\d{{1,2}}[-/ ]{_MONTH}(,? |[-/])(\d{{4}}|\d{{2}})|{_MONTH} \d{{1,2}},? \d{{4}})"
        rf"( {CLOCK}( [AaPp][Mm])?)?",
        _spelled,
    ),
)  # fmt: skip
"""Of a column that reaches a time or a date: months in letters and Chinese signs too."""
