"""The parts of a page as data, beside their HTML: what other formats, diffs and people draw from.

A table or chart is a `Grid` of columns with roles and rows of values; the rest is words or
records. Numbers stand once; `Words` are a string, or by language on their way (`said`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import KW_ONLY, dataclass
from typing import Generic, Literal

from opsnb.base.seam import CardRow, Check, Finding, Tone, Unit, Verdict, Words, strict

Role = Literal[
    "category", "date", "x", "y", "value", "interval", "low", "high", "target", "margin", "size",
    "mark", "text",
]  # fmt: skip
"""What a column is in its table or chart: `category` names a row, `low` and `high` bound another
column (`of`), `target` and `margin` are read against it, `mark` sets rows off."""


@dataclass(frozen=True)
class Column(Generic[Words]):
    """A column of a table or chart.

    Attributes
    ----------
    id : str
        Of its own within the grid; the column's name in a data frame.
    format : str, optional
        A name of `opsnb.base.messages.FORMATS`, which says how people read its numbers.
    of : str, optional
        Of a bound: the id of the column that it bounds.
    """

    id: str
    type: Literal["number", "date", "time", "text", "bool", "interval"]
    role: Role
    label: Words | None = None
    unit: Unit | None = None
    format: str | None = None
    of: str | None = None

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Value(Generic[Words]):
    """A cell that is more than a number, a word, an ISO date, a truth or nothing.

    Attributes
    ----------
    v : number or words
        The value; none where the cell is an interval, a line or withheld.
    fact : str
        The key of the fact that it is.
    format : str
        How it is read, where not as its column says.
    tone, word
        Its status.
    low, high : float
        An interval; a side that is not given is open.
    withheld : int
        It is not shown, for the sake of groups of fewer people than this.
    line : list of float or None
        Values in order of time.
    """

    v: float | int | bool | Words | None = None
    fact: str | None = None
    format: str | None = None
    tone: Tone | None = None
    word: Words | None = None
    low: float | None = None
    high: float | None = None
    withheld: int | None = None
    line: tuple[float | None, ...] | None = None

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Mark(Generic[Words]):
    """What a chart shows beside its rows.

    Attributes
    ----------
    kind : str
        `event` (a day or span), `reference` (a line to read against), `mde` (the smallest effect
        that matters), `point` (one that is asked for), `start` (of an axis that is cut), `side`
        (what a side of zero means), `number` (a number in words beside the chart).
    at : float or date
        Where on the axis named by `axis`; of a point its x.
    end : float or date, optional
        Of a span, inclusive; of a point its y.
    """

    kind: Literal["event", "reference", "mde", "point", "start", "side", "number"]
    label: Words | None = None
    at: float | dt.date | None = None
    end: float | dt.date | None = None
    axis: Literal["x", "y"] | None = None
    format: str | None = None
    text: Words | None = None

    __pydantic_config__ = strict()


@dataclass(frozen=True)
class Part(Generic[Words]):
    """Something that a page shows.

    Attributes
    ----------
    cell : str
        Id of the notebook's cell that shows it.
    place : str, optional
        `summary` (on the first screen) or `details` (folded) where the cell is tagged so.
    """

    _: KW_ONLY
    cell: str | None = None
    place: Literal["summary", "details"] | None = None

    __pydantic_config__ = strict(is_="is")


@dataclass(frozen=True)
class Grid(Part[Words]):
    """A table, or what a chart was drawn from: columns with roles, and rows of cells.

    Attributes
    ----------
    kind : str, optional
        Of a chart its type ("forest", "trend", ...); of a table of records their name.
    title : words, optional
        A table's caption, a chart's claim.
    alt, source : words, optional
        Of a chart: what it shows, for who does not see it; tables, period and filter.
    notes : tuple of words
        What stands below: the order of the rows, remarks.
    level : float, optional
        Confidence of the intervals.
    """

    is_: Literal["table", "chart"]
    columns: tuple[Column[Words], ...]
    rows: tuple[tuple[float | int | bool | str | Value[Words] | None, ...], ...]
    kind: str | None = None
    title: Words | None = None
    alt: Words | None = None
    source: Words | None = None
    notes: tuple[Words, ...] = ()
    marks: tuple[Mark[Words], ...] = ()
    level: float | None = None


@dataclass(frozen=True)
class Passage(Part[Words]):
    """Words: a paragraph, a remark, why a section is left out, the notebook's own text
    (`markdown`), or what an output that is not of opsnb says in plain text (`other`)."""

    is_: Literal["text"]
    kind: Literal["paragraph", "note", "absent", "markdown", "other"]
    text: Words
    tone: Tone | None = None


@dataclass(frozen=True)
class Listing(Part[Words]):
    """Records of the report's own lists where a page shows them, in its order."""

    is_: Literal["verdict", "cards", "checks", "findings"]
    items: tuple[
        Verdict[Words, str] | CardRow[Words] | Check[Words, str] | Finding[Words, str], ...
    ]


@dataclass(frozen=True)
class Folded(Part[Words]):
    """Parts behind a line that opens them."""

    is_: Literal["fold"]
    title: Words
    parts: tuple[Grid[Words] | Passage[Words] | Listing[Words] | Folded[Words], ...]
