"""What is said to people, in each language: one TOML file a language.

A text is named by a dotted key (`ab.verdict.ship`) and holds placeholders whose format
is part of the text, so that a language decides how its numbers are written:

    "{metric} rose by {lift:signed_percent} ({lift:signed_percent.interval})"

The analysis never writes sentences. It passes `Text` objects (a key and its arguments)
and labels (a plain string from the data, or a dict by language from TOML); a `Language`
turns them into words when a page is drawn.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel import Locale
from babel import dates as babel_dates
from babel import numbers as babel_numbers

from opsnb import resources
from opsnb.errors import MessageError, did_you_mean
from opsnb.texts import short

__all__ = ["FORMATS", "LANGUAGES", "Label", "Language", "Said", "Text", "known_languages"]


@dataclass(frozen=True)
class Text:
    """A sentence by its key in the language files, and the arguments that fill it."""

    key: str
    args: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, /, **args: Any) -> Text:
        return cls(key, args)


Label = str | Mapping[str, str]
"""A plain string (the same in each language), or a dict of language code to string."""

Said = Text | Label
"""Anything that `Language.say` can turn into words."""

_MISSING = "–"

_CROWDED = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d[\d,.]* [\u4e00-\u9fff])")
"""Where Chinese words run into a name that begins with a spaced number ("7 日留存率")."""

_LONGEST = 1e15
"""From here on floats hold no single units, and digits say nothing."""


def known_languages() -> list[str]:
    """Codes of the languages that have a file, English first."""
    codes = sorted(path.stem for path in resources.messages().glob("*.toml"))
    return sorted(codes, key=lambda code: code != "en")


@functools.cache
def _read(path: Path) -> dict[str, str]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise MessageError(
            f"cannot read the language file ({error})",
            where=path.name,
            hint="a language is a TOML file in UTF-8",
        ) from error
    return dict(_flatten(tree))


LONGER_CYCLES = ("quarter", "year")
"""Cycles that are told in the words of the month's report."""

_TOLD_OF_A_MONTH = ("month.", "playbook.monthly_retrospective.")


def _of_cycle(texts: Mapping[str, str], cycle: str) -> dict[str, str]:
    """The month's texts with the words of a longer cycle, the longest phrase first."""
    said = {key: text for key, text in texts.items() if key.startswith(f"cycle.{cycle}.")}
    phrases = [(texts[f"cycle.month.{key.split('.')[-1]}"], text) for key, text in said.items()]
    phrases.sort(key=lambda pair: -len(pair[0]))
    found = {}
    for key, text in texts.items():
        if key.startswith(_TOLD_OF_A_MONTH):
            for month, longer in phrases:
                text = text.replace(month, longer)
            found[key] = text
    return found


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{name}.")
        else:
            rows.append((name, str(value)))
    return rows


class Language:
    """Says texts, numbers, and dates in one language.

    Parameters
    ----------
    code : str
        A language that has a file in `opsnb/messages/`: "en", "zh".
    currency : str
        ISO 4217 code for amounts of money.
    extra : Path, optional
        Folder with more language files (a workspace's own `messages/`), read on top.
    cycle : str, optional
        `quarter` or `year`: the month's report then says "last quarter" for "last month", by the
        tables `[cycle.*]` of the language's file.
    """

    def __init__(
        self,
        code: str,
        currency: str = "CNY",
        extra: Path | None = None,
        *,
        cycle: str | None = None,
    ) -> None:
        known = known_languages()
        if code not in known:
            raise MessageError(
                f'unknown language "{code}"',
                where="language",
                hint=did_you_mean(code, known, kind="languages"),
            )
        self.code = code
        self.currency = currency
        self.texts = dict(_read(resources.messages() / f"{code}.toml"))
        if extra is not None and (extra / f"{code}.toml").is_file():
            self.texts |= _read(extra / f"{code}.toml")
        if cycle in LONGER_CYCLES:
            self.texts |= _of_cycle(self.texts, cycle)
        self.locale = Locale.parse({"zh": "zh_Hans_CN"}.get(code, code))
        self._formatter = _Formatter(self)

    def __repr__(self) -> str:
        return f"Language({self.code!r})"

    @property
    def html_code(self) -> str:
        """What `<html lang>` and the PDF's /Lang carry."""
        return {"zh": "zh-CN"}.get(self.code, self.code)

    def has(self, key: str) -> bool:
        return key in self.texts

    def say(self, said: Said, /, **more: Any) -> str:
        """The words for a `Text`, a label by language, or a plain string."""
        if isinstance(said, Text):
            return self.text(said.key, **{**said.args, **more})
        if isinstance(said, Mapping):
            return said.get(self.code) or said.get("en") or next(iter(said.values()))
        return short(str(said))

    def text(self, key: str, /, **args: Any) -> str:
        """The text under a key, its placeholders filled."""
        if key not in self.texts:
            raise MessageError(
                f'no text "{key}"',
                where=f"messages/{self.code}.toml",
                hint=did_you_mean(key, self.texts, kind="keys")[:300],
            )
        filled = self._formatter.vformat(self.texts[key], (), args)
        return _CROWDED.sub(" ", filled) if self.code == "zh" else filled

    def format(self, value: Any, spec: str = "") -> str:
        """A value as the reader's language writes it; see `FORMATS` for the specs.

        A spec that ends in ".interval" writes `value.low` to `value.high` of a fact.
        Objects with a `value` attribute (facts) are taken by it. None and NaN give a dash.
        """
        name, _, part = spec.partition(".")
        if part == "interval" and value is not None:
            return self._interval(value, name)
        if _is_missing(value):
            return _MISSING
        if hasattr(value, "value") and not isinstance(value, (Text, Mapping, dt.date)):
            name = _spec_of(value, name)
            value = value.value
        if isinstance(value, (Text, Mapping)):
            return self.say(value)
        if isinstance(value, list | tuple):
            return self.join([self.format(item, spec) for item in value])
        if _is_missing(value):
            return _MISSING
        if not name:
            name = _default_spec(value)
        if name not in FORMATS:
            raise MessageError(
                f'unknown format "{name}"', hint=did_you_mean(name, FORMATS, kind="formats")
            )
        if isinstance(value, str):
            return short(value)
        return FORMATS[name](self, value)

    def join(self, words: list[str]) -> str:
        """Words as a list in the language's own punctuation."""
        return ("、" if self.code == "zh" else ", ").join(words)

    def _interval(self, fact: Any, name: str) -> str:
        name = _spec_of(fact, name) or "number"
        low, high = fact.low, fact.high
        no_low, no_high = (_is_missing(b) or abs(b) == math.inf for b in (low, high))
        if no_low and no_high:
            return _MISSING
        if no_low:
            return self.text("format.at_most", high=self.format(high, name))
        if no_high:
            return self.text("format.at_least", low=self.format(low, name))
        if name == "points":  # the unit once, where the language says it once
            points = {"low": self._points(low), "high": self._points(high)}
            return self.text("format.points_interval", **points)
        return self.text(
            "format.interval", low=self.format(low, name), high=self.format(high, name)
        )

    # -- the formats -----------------------------------------------------------------

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
        rounded = round(float(value), digits) + 0.0
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return babel_numbers.format_decimal(rounded, pattern, locale=self.locale).replace("-", "−")

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


def _spec_of(fact: Any, name: str) -> str:
    """The format of a fact: the one asked for, else its unit's; "signed" is its unit's, signed."""
    if name and name != "signed":
        return name
    own = _SPEC_OF_UNIT.get(getattr(fact, "unit", None) or "", "")
    return f"signed_{own or 'number'}" if name and f"signed_{own}" in FORMATS else own


def _is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NaT and NA: they differ from themselves, or cannot say."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True


def _percent_digits(value: float) -> int:
    size = abs(value)
    return 0 if size >= 10 else 1 if size >= 0.1 or size == 0 else 2


def _default_spec(value: Any) -> str:
    if isinstance(value, bool | str):
        return "text"
    if isinstance(value, dt.datetime):
        return "time"
    if isinstance(value, dt.date):
        return "date"
    return "number"


FORMATS: dict[str, Any] = {
    "text": lambda language, value: (
        language.text("format.yes" if value else "format.no")
        if isinstance(value, bool)
        else str(value)
    ),
    "number": Language.number,
    "signed_number": Language.signed_number,
    "integer": Language.integer,
    "signed_integer": Language.signed_integer,
    "percent": Language.percent,
    "signed_percent": Language.signed_percent,
    "points": Language.points,
    "money": Language.money,
    "signed_money": Language.signed_money,
    "exact_money": Language.exact_money,
    "absolute_money": Language.absolute_money,
    "round_percent": Language.round_percent,
    "factor": Language.factor,
    "p_value": Language.p_value,
    "score": Language.score,
    "signed_score": Language.signed_score,
    "date": Language.date,
    "short_date": Language.short_date,
    "month": Language.month,
    "long_month": Language.long_month,
    "time": Language.time,
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

LANGUAGES = known_languages()


class _Formatter(string.Formatter):
    """`str.format` whose format specs are `FORMATS` and whose arguments may be texts."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        # Only plain names: an attribute or index in a text could reach into objects.
        if field_name not in kwargs:
            raise MessageError(
                f'the text needs "{field_name}", which was not passed',
                where=f"messages/{self._language.code}.toml",
                hint=f"pass one of the names it gets: {', '.join(sorted(kwargs)) or 'none'}",
            )
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        return self._language.format(value, format_spec)
