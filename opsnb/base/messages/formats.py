"""How a language writes numbers, amounts and dates; each way has a name, for texts to use."""

from __future__ import annotations

import abc
import datetime as dt
import functools
import math
from collections.abc import Callable
from typing import Any

from babel import Locale
from babel import dates as babel_dates
from babel import numbers as babel_numbers

MISSING = "–"

_LONGEST = 1e15
"""From here on floats hold no single units, and digits say nothing."""


class Formats(abc.ABC):
    """The ways to write a value, in the language and the currency of who inherits them."""

    code: str
    currency: str
    locale: Locale

    @abc.abstractmethod
    def text(self, key: str, /, **args: Any) -> str:
        """The words of the language under a key."""

    def number(self, value: float) -> str:
        """About three significant digits: 12,345; 123.4; 1.23; 0.0123."""
        size = abs(value)
        if size >= 1000 or float(value).is_integer():
            digits = 0
        elif size >= 100:
            digits = 1
        elif size >= 1:
            digits = 2
        else:
            digits = min(6, 2 - math.floor(math.log10(size))) if size > 0 else 0
        return self._decimal(value, digits)

    def integer(self, value: float) -> str:
        return self._decimal(value, 0)

    def signed_integer(self, value: float) -> str:
        return self._sign(value, self.integer(abs(value)))

    def percent(self, value: float) -> str:
        return f"{self._decimal(100 * value, _percent_digits(value))}%"

    def signed_percent(self, value: float) -> str:
        return self._sign(value, self.percent(abs(value)))

    def points(self, value: float) -> str:
        """A difference of two shares, in percentage points."""
        return self.text("format.points", value=self._points(value))

    def _points(self, value: float) -> str:
        digits = 2 if abs(value) < 0.1 else 1
        return self._sign(value, self._decimal(abs(100 * value), digits))

    def money(self, value: float) -> str:
        """An amount, shortened from a million (English) or ten thousand (Chinese) up."""
        size = abs(value)
        steps = [(1e8, "亿"), (1e4, "万")] if self.code == "zh" else [(1e9, "bn"), (1e6, "m")]
        for step, suffix in steps:
            if size >= step:
                return self._money(value / step, 2) + suffix
        return self._money(value, 0 if size >= 1000 else 2)

    def signed_money(self, value: float) -> str:
        return self._sign(value, self.money(abs(value)))

    def absolute_money(self, value: float) -> str:
        """The amount without its sign, where the words say which way it goes."""
        return self.money(abs(value))

    def round_percent(self, value: float) -> str:
        """A percentage somebody chose, such as 5% or 2.5%: no trailing zeros."""
        text = f"{100 * value:.2f}".rstrip("0").rstrip(".")
        return f"{text}%"

    def exact_money(self, value: float) -> str:
        return self._money(value, 2)

    def signed_number(self, value: float) -> str:
        return self._sign(value, self.number(abs(value)))

    def factor(self, value: float) -> str:
        return f"{self._decimal(value, 2)}×"

    def p_value(self, value: float) -> str:
        return "< 0.001" if value < 0.001 else self._decimal(value, 3)

    def score(self, value: float) -> str:
        return self._decimal(value, 1)

    def signed_score(self, value: float) -> str:
        return self._sign(value, self.score(abs(value)))

    def date(self, value: dt.date) -> str:
        style = "y年M月d日" if self.code == "zh" else "d MMM y"
        return babel_dates.format_date(value, style, locale=self.locale)

    def short_date(self, value: dt.date) -> str:
        style = "M月d日" if self.code == "zh" else "d MMM"
        return babel_dates.format_date(value, style, locale=self.locale)

    def month(self, value: dt.date) -> str:
        style = "y年M月" if self.code == "zh" else "MMM y"
        return babel_dates.format_date(value, style, locale=self.locale)

    def long_month(self, value: dt.date) -> str:
        style = "y年M月" if self.code == "zh" else "MMMM y"
        return babel_dates.format_date(value, style, locale=self.locale)

    def time(self, value: dt.datetime) -> str:
        return f"{self.date(value)} {value:%H:%M}"

    def _decimal(self, value: float, digits: int) -> str:
        if abs(value) >= _LONGEST:
            return f"{value:.3g}".replace("-", "−")
        return _decimal(round(float(value), digits) + 0.0, digits, self.locale)

    def _money(self, value: float, digits: int) -> str:
        body = self._decimal(abs(value), digits)
        return ("−" if round(value, digits) < 0 else "") + self.currency_sign + body

    @property
    def currency_sign(self) -> str:
        """What stands before an amount: "¥", "$", "CHF "."""
        if self.currency == "CNY":
            return "¥"
        symbol = babel_numbers.get_currency_symbol(self.currency, locale=self.locale)
        return symbol + (" " if symbol.isalpha() else "")

    def _sign(self, value: float, body: str) -> str:
        if not any(c in "123456789" for c in body):
            return body
        return ("+" if value > 0 else "−") + body


@functools.lru_cache(maxsize=4096)
def _decimal(value: float, digits: int, locale: Locale) -> str:
    """A number's digits; kept, since a chart says its numbers once for each of its widths."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return babel_numbers.format_decimal(value, pattern, locale=locale).replace("-", "−")


def spec_of(fact: Any, name: str) -> str:
    """The format of a fact: the one asked for, else its unit's; "signed" is its unit's, signed."""
    if name and name != "signed":
        return name
    own = _SPEC_OF_UNIT.get(getattr(fact, "unit", None) or "", "")
    return f"signed_{own or 'number'}" if name and f"signed_{own}" in FORMATS else own


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NaT and NA: they differ from themselves, or cannot say."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True


def _percent_digits(value: float) -> int:
    size = abs(value)
    return 0 if size >= 10 else 1 if size >= 0.1 or size == 0 else 2


def default_spec(value: Any) -> str:
    """The format of a value whose text names none."""
    if isinstance(value, bool | str):
        return "text"
    if isinstance(value, dt.datetime):
        return "time"
    if isinstance(value, dt.date):
        return "date"
    return "number"


FORMATS: dict[str, Callable[[Any, Any], str]] = {
    "text": lambda language, value: (
        language.text("format.yes" if value else "format.no")
        if isinstance(value, bool)
        else str(value)
    ),
    "number": Formats.number,
    "signed_number": Formats.signed_number,
    "integer": Formats.integer,
    "signed_integer": Formats.signed_integer,
    "percent": Formats.percent,
    "signed_percent": Formats.signed_percent,
    "points": Formats.points,
    "money": Formats.money,
    "signed_money": Formats.signed_money,
    "exact_money": Formats.exact_money,
    "absolute_money": Formats.absolute_money,
    "round_percent": Formats.round_percent,
    "factor": Formats.factor,
    "p_value": Formats.p_value,
    "score": Formats.score,
    "signed_score": Formats.signed_score,
    "date": Formats.date,
    "short_date": Formats.short_date,
    "month": Formats.month,
    "long_month": Formats.long_month,
    "time": Formats.time,
}
"""Format specs of placeholders and table columns, by name."""

_SPEC_OF_UNIT = {
    "share": "percent",
    "points": "points",
    "relative": "signed_percent",
    "money": "money",
    "count": "integer",
    "factor": "factor",
    "score": "score",
    "number": "number",
    "p_value": "p_value",
    "date": "date",
}
