"""What a table's columns hold: forms from a sample of its rows, uniqueness from all of them."""

from __future__ import annotations

import datetime as dt
import math
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from opsnb.analysis.mapping.names import nulls, words
from opsnb.analysis.sources import Source
from opsnb.analysis.sources.embedded import named
from opsnb.base.personal_data import MASK, without_personal

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

__all__ = ["ROWS", "ColumnProfile", "TableProfile", "profile_table"]

ROWS = 20_000
"""Rows that forms are read from; fewer of tables with hundreds of columns."""

_CELLS = 2_000_000
_KEPT = 1000
"""Distinct values whose form is looked at, the most frequent ones first."""

_COUNTED = 40
"""Columns that may be ids, whose distinct values are counted in the whole table."""

Kind = Literal["text", "number", "time", "date", "flag", "other"]

_NUMBER = re.compile(
    r"[-+]?[¥￥$€£]?\s?[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][-+]?\d+)?\s?(元|%)?"
)
_PLAIN_TIME = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[-+]\d{2}(:?\d{2})?))?)?"
)
_CHINESE = re.compile("[\u3400-\u9fff]")
_OFFSET = re.compile(r":\d{2}(\.\d+)? ?(Z|UTC|[-+]\d{2}(:?\d{2})?)$")
_PERSONAL_NAME = re.compile(
    r"(?i)(^|[ _])(e?mail|phone|mobile|tel|address|street|zip|postal|postcode|birth\w*|"
    r"(first|last|full|real|user|nick|customer|billing|shipping|contact|recipient|guest)[ _]?name|"
    r"recipient|passport|id[ _]?card|ssn|alias|signature|nick|ip)($|[ _])|"
    r"姓名|手机|电话|身份证|邮箱|地址|生日|昵称|微信|收件人|收货人|联系人"
)
_FORMATS = (
    "%d/%m/%y", "%m/%d/%y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y",
    "%Y-%m-%d %H", "%Y年%m月%d日", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M:%S",
    "%d/%b/%y %I:%M %p", "%d/%b/%y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%b %d, %Y %I:%M %p", "%Y.%m.%d",
    "%Y.%m.%d %H:%M:%S", "%Y%m%d %H:%M:%S", "%Y%m%d%H%M%S", "%a, %d %b %Y %H:%M:%S",
)  # fmt: skip
"""Forms of times that the readers of text do not know, and a query must."""


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds.

    Attributes
    ----------
    kind : str
        What its type says; text whose values are all numbers or times stays text.
    filled : float
        Share of the sampled rows with a value; words for nothing are none.
    distinct : int
        Different values in the sample.
    unique : float
        Different values as a share of the rows that have one; of the whole table for
        columns that may be ids.
    values : tuple of str
        Different values as texts, the most frequent first.
    numeric : float
        Share of values that are numbers; `whole`: all of these are integers.
    low, middle, high : float
        Of the numbers; nan without any.
    moment : str
        How its values are times: "" (they are none), "time", "day", "seconds",
        "milliseconds", "microseconds", "yyyymmdd", "ambiguous" (day and month), "yearless",
        or a format of strptime.
    zoned : bool
        Times carry their zone, or count from 1970 in UTC.
    length : float
        Letters of a value, on average.
    ids : frozenset of str
        All different values of the sample, for columns that may be ids.
    """

    name: str
    kind: Kind
    filled: float
    distinct: int
    unique: float
    values: tuple[str, ...]
    numeric: float = 0.0
    whole: bool = False
    low: float = math.nan
    middle: float = math.nan
    high: float = math.nan
    moment: str = ""
    zoned: bool = False
    length: float = 0.0
    ids: frozenset[str] = frozenset()

    @property
    def is_time(self) -> bool:
        return self.moment in ("time", "day", "ambiguous", "yearless") or "%" in self.moment

    @property
    def is_number(self) -> bool:
        return self.kind == "number" or (self.kind == "text" and self.numeric > 0.9)

    @property
    def is_free_text(self) -> bool:
        """People wrote it: several words, or several signs of Chinese."""
        some = self.values[:100]
        said = sum(
            value.strip().count(" ") > 1 or len(_CHINESE.findall(value)) > 7 for value in some
        )
        return self.kind == "text" and not self.moment and said > 0.5 * len(some)

    @property
    def personal(self) -> bool:
        """Whether its name says that it tells who somebody is."""
        return bool(_PERSONAL_NAME.search(words(self.name)))

    @property
    def samples(self) -> list[str]:
        """Up to three values, without anything personal."""
        if self.personal:
            return [MASK] if self.values else []
        return [without_personal(" ".join(v.split()))[:40] for v in self.values[:3]]

    def share_in(self, known: frozenset[str]) -> float:
        """Share of its different values that are among known words."""
        some = self.values[:50]
        return sum(words(value) in known or value.strip() in known for value in some) / max(
            len(some), 1
        )


@dataclass(frozen=True)
class TableProfile:
    """What a table holds.

    Attributes
    ----------
    source, name : str
        The source and the name it is opened by.
    origin : str
        SQL that stands for it after `from`.
    rows : int
    columns : dict
    dialect : str
        Of the source's SQL.
    """

    source: str
    name: str
    origin: str
    rows: int
    columns: Mapping[str, ColumnProfile]
    dialect: str = "duckdb"

    @property
    def example(self) -> str:
        """Up to three values of each column, personal ones masked, for people to look at."""
        shown = [
            f"{name}: {', '.join(one.samples) or 'empty'}" for name, one in self.columns.items()
        ]
        return "; ".join(shown[:8])

    @property
    def headless(self) -> bool:
        """Whether the first line seems to be data: what should be names are values."""
        names = list(self.columns)
        odd = sum(_looks_like_value(name) for name in names)
        return bool(names) and odd >= max(1, 0.5 * len(names))


def _looks_like_value(name: str) -> bool:
    bare = re.sub(r"_\d+$", "", name.strip())
    return bool(re.fullmatch(r"[-+]?[\d.,:/ -]+(e[-+]?\d+)?", bare, re.I)) or bool(
        _PLAIN_TIME.fullmatch(bare)
    )


def profile_table(source: Source, name: str, origin: str = "") -> TableProfile:
    """Looks at a table of an opened source; `origin`: SQL to read it by, in place of its name.

    Raises
    ------
    SourceError
        It cannot be opened or read.
    """
    table = source.sql(f"select * from {origin}") if origin else source.table(name)
    rows = int(table.count().execute())
    sample = _sample(table, rows, source.dialect)
    columns = {column: _column(column, sample[column], table) for column in table.columns}
    unique = _unique(table, columns)
    columns = {
        n: replace(one, unique=unique[n]) if n in unique else one for n, one in columns.items()
    }
    return TableProfile(source.name, name, origin or named(name), rows, columns, source.dialect)


def _sample(table: ir.Table, rows: int, dialect: str) -> pa.Table:
    """Rows from all over the table where the engine is our own, else the first ones."""
    import ibis

    most = min(ROWS, max(_CELLS // max(len(table.columns), 1), 200))
    if dialect == "duckdb" and rows > most:
        number = "opsnb row number"
        step = -(-rows // most)
        every = table.mutate(**{number: ibis.row_number()})
        table = every.filter(every[number] % step == 0).drop(number)
    return table.limit(most).to_pyarrow()


def _kind(table: ir.Table, name: str) -> Kind:
    kind = table[name].type()
    if kind.is_string() or str(kind).lower().startswith(("uuid", "!uuid")):
        return "text"
    if kind.is_boolean():
        return "flag"
    if kind.is_numeric():
        return "number"
    if kind.is_timestamp():
        return "time"
    return "date" if kind.is_date() else "other"


def _column(name: str, cells: pa.ChunkedArray, table: ir.Table) -> ColumnProfile:
    kind, rows = _kind(table, name), len(cells)
    counts: Counter[str] = Counter()
    if kind != "other":
        empty = nulls()
        for pair in cells.value_counts().to_pylist():
            text = _text(pair["values"])
            if text.strip().lower() not in empty:
                counts[text] += pair["counts"]
    filled = counts.total()
    shown = tuple(value for value, _ in counts.most_common(_KEPT))
    basic = ColumnProfile(
        name, kind, filled / max(rows, 1), len(counts), len(counts) / max(filled, 1), shown
    )
    if not filled:
        return basic
    zoned = kind == "time" and table[name].type().timezone is not None
    formed = _formed(basic, counts, zoned)
    return replace(formed, ids=frozenset(counts)) if _may_be_id(formed) else formed


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def _formed(basic: ColumnProfile, counts: Counter[str], zoned: bool) -> ColumnProfile:
    """The profile with what its values look like."""
    texts = [value.strip() for value in basic.values]
    numbers = (
        [n for n in map(number_in, texts) if n is not None]
        if basic.kind in ("number", "text")
        else []
    )
    told: dict[str, Any] = {
        "numeric": len(numbers) / len(texts),
        "length": sum(map(len, texts)) / len(texts),
    }
    if numbers:
        told |= {
            "whole": all(n.is_integer() for n in numbers),
            "low": min(numbers), "middle": statistics.median(numbers), "high": max(numbers),
        }  # fmt: skip
    moment = _moment(basic.kind, texts, told)
    if basic.kind == "text" and moment == "time":
        zoned = sum(bool(_OFFSET.search(text)) for text in texts) > 0.5 * len(texts)
    told |= {"moment": moment, "zoned": zoned or moment.endswith("seconds")}
    return replace(basic, **told)


def number_in(text: str) -> float | None:
    """The number that a text is, without its currency or thousands commas; None if none."""
    if not _NUMBER.fullmatch(text) or not any(sign.isdigit() for sign in text):
        return None
    return float(re.sub(r"[^0-9.eE+-]", "", text.replace("元", "")))


def _moment(kind: Kind, texts: Sequence[str], told: Mapping[str, Any]) -> str:
    if kind in ("time", "date"):
        return "day" if all(len(text) == 10 for text in texts) else "time"
    if kind not in ("text", "number"):
        return ""
    if told["numeric"] > 0.98 and told.get("whole"):
        return _counted(texts, told["low"], told["middle"])
    if kind == "number":
        return ""
    plain = [text for text in texts if _PLAIN_TIME.fullmatch(text)]
    if len(plain) >= 0.95 * len(texts):
        return "day" if all(len(text) <= 10 for text in plain) else "time"
    return _format(texts)


def _counted(texts: Sequence[str], low: float, middle: float) -> str:
    """Which unit integers count time in, by their size; 1992 to 2039."""
    for unit, scale in (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6)):
        if 7e8 * scale <= middle <= 2.2e9 * scale and low >= 0:
            return unit
    days = [
        t for t in texts[:200] if len(t) == 8 and t[:2] in ("19", "20") and _parses(t, "%Y%m%d")
    ]
    return "yyyymmdd" if len(days) >= 0.98 * len(texts[:200]) else ""


def _format(texts: Sequence[str]) -> str:
    """The format that all values have; "ambiguous" where day and month could change places."""
    if not all(any(sign.isdigit() for sign in text) for text in texts[:20]):
        return ""
    some = texts[:400]
    fits = [f for f in _FORMATS if all(_parses(t, f) for t in some[:20]) and _mostly(some, f)]
    if not fits:
        return "yearless" if _mostly(some, "%a, %b %d") or _mostly(some, "%b %d") else ""
    swapped = {f.replace("%d", "%x").replace("%m", "%d").replace("%x", "%m") for f in fits}
    return "ambiguous" if fits[0] in swapped and len(fits) > 1 and "%b" not in fits[0] else fits[0]


def _mostly(texts: Sequence[str], form: str) -> bool:
    return sum(_parses(text, form) for text in texts) >= 0.98 * len(texts)


def _parses(text: str, form: str) -> bool:
    try:
        dt.datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _may_be_id(one: ColumnProfile) -> bool:
    return (
        one.kind in ("text", "number") and one.length < 80 and not one.moment
        and (one.unique > 0.3 or one.distinct > 20) and (one.kind == "text" or one.numeric > 0.9)
    )  # fmt: skip


def _unique(table: ir.Table, columns: Mapping[str, ColumnProfile]) -> dict[str, float]:
    """Different values as a share of those given, of the whole table, for what may be ids."""
    likely = sorted((n for n, one in columns.items() if one.ids), key=lambda n: -columns[n].unique)
    looked = [name for name in likely if columns[name].unique > 0.3][:_COUNTED]
    if not looked:
        return {}
    asked = {}
    for place, name in enumerate(looked):
        asked[f"d{place}"], asked[f"n{place}"] = table[name].nunique(), table[name].count()
    found = table.aggregate(**asked).to_pyarrow().to_pylist()[0]
    return {n: found[f"d{p}"] / max(found[f"n{p}"], 1) for p, n in enumerate(looked)}
