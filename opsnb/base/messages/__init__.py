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
import math
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel import Locale

from opsnb.base import resources
from opsnb.base.errors import MessageError, did_you_mean
from opsnb.base.messages.formats import FORMATS, MISSING, Formats, default_spec, is_missing, spec_of
from opsnb.base.messages.language_files import (
    LANGUAGES,
    LONGER_CYCLES,
    known_languages,
    of_cycle,
    read_texts,
)
from opsnb.base.unsafe_text import short

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

_CROWDED = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d[\d,.]* [\u4e00-\u9fff])")
"""Where Chinese words run into a name that begins with a spaced number ("7 日留存率")."""


class Language(Formats):
    """Says texts, numbers, and dates in one language.

    Parameters
    ----------
    code : str
        A language that has a file in `opsnb/base/messages/`: "en", "zh".
    currency : str
        ISO 4217 code for amounts of money.
    extra : Path or sequence of Path, optional
        Folders with more language files (of plug-ins, a workspace's own `messages/`), each read
        on top of those before it.
    names : mapping of str to label, optional
        What a workspace calls its own tables and columns, by key (`table.live`).
    cycle : str, optional
        `quarter` or `year`: the month's report then says "last quarter" for "last month", by the
        tables `[cycle.*]` of the language's file.
    """

    def __init__(
        self,
        code: str,
        currency: str = "CNY",
        extra: Path | Sequence[Path] = (),
        *,
        names: Mapping[str, Label] | None = None,
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
        self.texts = dict(read_texts(resources.messages() / f"{code}.toml"))
        for key, label in (names or {}).items():  # a label is no template
            self.texts[key] = self.say(label).replace("{", "{{").replace("}", "}}")
        for folder in (extra,) if isinstance(extra, Path) else extra:
            if (folder / f"{code}.toml").is_file():
                self.texts |= read_texts(folder / f"{code}.toml")
        if cycle in LONGER_CYCLES:
            self.texts |= of_cycle(self.texts, cycle)
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

        >>> Language("en", "CNY").format(1_234_567.8, "money")
        '¥1.23m'
        >>> Language("zh", "CNY").format(1_234_567.8, "money")
        '¥123.46万'
        >>> Language("en").format(-0.031, "signed_percent")
        '−3.10%'
        """
        name, _, part = spec.partition(".")
        if part == "interval" and value is not None:
            return self._interval(value, name)
        if is_missing(value):
            return MISSING
        if hasattr(value, "value") and not isinstance(value, (Text, Mapping, dt.date)):
            name = spec_of(value, name)
            value = value.value
        if isinstance(value, (Text, Mapping)):
            return self.say(value)
        if isinstance(value, list | tuple):
            return self.join([self.format(item, spec) for item in value])
        if is_missing(value):
            return MISSING
        if not name:
            name = default_spec(value)
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
        name = spec_of(fact, name) or "number"
        low, high = fact.low, fact.high
        no_low, no_high = (is_missing(b) or abs(b) == math.inf for b in (low, high))
        if no_low and no_high:
            return MISSING
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
