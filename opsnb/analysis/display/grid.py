"""Cells and columns of tables and charts as data: what the page shows of them, and no more."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opsnb.analysis.findings.words import Speaker
from opsnb.base.messages import Said, Text
from opsnb.base.messages.formats import default_spec, is_missing, spec_of
from opsnb.base.page_parts import Column, Mark, Role, Value
from opsnb.base.seam import Unit, plain

_WORDS = ("", "text", "said")
DAYS = ("date", "short_date", "month", "long_month")
_UNITS: dict[str, Unit] = {
    "percent": "share", "round_percent": "share", "signed_percent": "relative", "points": "points",
    "money": "money", "signed_money": "money", "exact_money": "money", "absolute_money": "money",
    "integer": "count", "signed_integer": "count", "factor": "factor", "score": "score",
    "signed_score": "score", "p_value": "p_value", "number": "number", "signed_number": "number",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A column of what a chart is drawn from; see `opsnb.base.page_parts.Column`."""

    id: str
    label: Said | None
    role: Role = "value"
    format: str = "text"
    of: str | None = None


LABEL = Field("label", None, "category")
DATE = Field("date", Text("chart.date"), "date", "date")
STRONG = Field("strong", Text("chart.strong"), "mark")


def bounds_of(id: str, format: str, prefix: str = "") -> tuple[Field, Field]:
    """The columns of the two ends of an interval around the column `id`."""
    return (
        Field(f"{prefix}low", Text("chart.low"), "low", format, of=id),
        Field(f"{prefix}high", Text("chart.high"), "high", format, of=id),
    )


def expected_fields(format: str, expected: Said) -> list[Field]:
    """The columns of a daily series and of what was expected of it."""
    return [
        DATE,
        Field("observed", Text("chart.observed"), "value", format),
        Field("expected", expected, "target", format, of="observed"),
        *bounds_of("expected", format),
    ]


def column_id(name: str, number: int) -> str:
    """The id of one of several like columns: `value`, `value_2`, `value_3`."""
    return f"{name}_{number + 1}" if number else name


@dataclass(frozen=True)
class Plotted:
    """What a chart is drawn from.

    Attributes
    ----------
    kind : str
        The chart's type.
    rows : sequence of sequences
        A value a field; a field that no row has a value of is left out.
    marks : sequence of Mark
        Events and lines to read the rows against, their labels not yet in words.
    level : float, optional
        Confidence of the intervals that are drawn.
    """

    kind: str
    fields: Sequence[Field] = ()
    rows: Sequence[Sequence[Any]] = ()
    marks: Sequence[Mark[Any]] = ()
    level: float | None = None

    def held(self) -> Plotted:
        """Without the columns that hold nothing."""
        kept = [
            index
            for index, field in enumerate(self.fields)
            if field.role == "category" or any(_holds(row[index]) for row in self.rows)
        ]
        fields = [self.fields[index] for index in kept]
        return replace(self, fields=fields, rows=[[row[i] for i in kept] for row in self.rows])


def _holds(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not (is_missing(value) or value is False or value == "")


def column(field: Field, say: Speaker) -> Column[Any]:
    """A column for report.json."""
    name, _, part = field.format.partition(".")
    return Column(
        id=field.id,
        label=say(field.label) if field.label is not None else None,
        type=_type(field, name, part),
        role=field.role,
        unit=_UNITS.get(name),
        format=None if field.role == "mark" or name in _WORDS else name,
        of=field.of,
    )


def _type(field: Field, name: str, part: str) -> Any:
    if field.role == "mark":
        return "bool"
    if part == "interval":
        return "interval"
    if name in _WORDS:
        return "text"
    if name in DAYS:
        return "date"
    return "time" if name == "time" else "number"


def cell(value: Any, spec: str, say: Speaker) -> Any:
    """A cell for report.json: a plain value, words, or a `Value` where it is more than that.

    Parameters
    ----------
    value
        All that a `Table` shows.
    spec : str
        The column's format.
    """
    if is_missing(value) or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    if hasattr(value, "cell"):
        return value.cell(spec, say)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Value):
        return value
    name, _, part = spec.partition(".")
    if part == "interval":
        return bounds(value.low, value.high)
    if isinstance(value, Text) and (alone := _alone(value, say)) is not None:
        return alone
    if isinstance(value, Text | Mapping | list | tuple):
        return say(value)
    if isinstance(value, str):
        return plain(value)
    if not isinstance(value, dt.date) and hasattr(value, "value"):
        return _of_fact(value, name, say)
    number = value if isinstance(value, int | float | dt.date) else float(value)
    return Value(v=plain(number), format=default_spec(value)) if name in _WORDS else plain(number)


_ONE_HOLE = re.compile(r"\{(\w+)(?::([\w.]*))?\}")


def _alone(text: Text, say: Speaker) -> Value[Any] | None:
    """The number or the fact that is all a text says, in each language in the same way."""
    templates = say.templates(text.key)
    hole = _ONE_HOLE.fullmatch(templates.pop()) if len(templates) == 1 else None
    value: Any = text.args.get(hole[1]) if hole else None
    if hole is None or is_missing(value) or isinstance(value, bool):
        return None
    name, _, part = (hole[2] or "").partition(".")
    if part == "interval":
        found = bounds(value.low, value.high)
    elif hasattr(value, "value") and hasattr(value, "key"):
        found = _of_fact(value, spec_of(value, name), say)
    elif isinstance(value, int | float) or hasattr(value, "item"):
        found = Value(v=plain(value))
    else:
        return None
    read = spec_of(value, name) or default_spec(getattr(value, "value", value))
    return replace(found, format=read) if found is not None else None


def _of_fact(fact: Any, name: str, say: Speaker) -> Value[Any]:
    """A fact's value and its key; in a column of words it is read as its unit says."""
    read = spec_of(fact, "") if name in _WORDS else ""
    inner = cell(fact.value, read or name, say)
    known = inner if isinstance(inner, Value) else Value(v=inner, format=read or None)
    return replace(known, fact=getattr(fact, "key", None))


def bounds(low: float | None, high: float | None) -> Value[Any] | None:
    """An interval as a cell; nothing where both sides are open."""
    ends = [None if is_missing(end) else plain(end) for end in (low, high)]
    return None if ends == [None, None] else Value(low=ends[0], high=ends[1])


def mark(mark: Mark[Any], say: Speaker) -> Mark[Any]:
    """A chart's mark with its texts in words."""
    said = {
        name: say(text) for name in ("label", "text") if (text := getattr(mark, name)) is not None
    }
    return replace(mark, **said)
