"""What may be recorded: a wrong value is an error of the cell that says it, not of the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, get_args

from opsnb.analysis.findings import Fact
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.messages import Said, Text
from opsnb.base.messages.formats import is_missing

_PLAIN = (bool, int, float, str, dt.date)
_PARTS = ("html", "plain", "data")


def held(value: Any, fact: str) -> Any:
    """A fact's value as it can be recorded: of engines' decimals the number, of NA nothing.

    Raises
    ------
    ParameterError
        It is no number, text, date or truth.
    """
    inner = value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
    if isinstance(inner, Decimal):
        return float(inner)
    if not isinstance(inner, float) and not hasattr(inner, "__len__") and is_missing(inner):
        return None
    if isinstance(inner, _PLAIN):
        return value
    raise ParameterError(
        f"a fact cannot hold a value of type {type(value).__name__}",
        where=f"fact {fact}",
        hint="record a number, a text, a date, true or false, or None; of a frame, one cell",
    )


def require_word(word: Any, known: Any, where: str) -> None:
    """Holds a word against those of a `Literal`."""
    if word not in (words := get_args(known)):
        hint = did_you_mean(str(word), words, kind="words")
        raise ParameterError(f"no such word: {word!r}", where=where, hint=hint)


def require_said(said: Any, where: str) -> Said:
    """A sentence: a string, one by language, or a `Text`."""
    if isinstance(said, str | Text | Mapping):
        return said
    raise ParameterError(
        f"a sentence cannot be of type {type(said).__name__}",
        where=where,
        hint='give a string, or one by language: {"en": "...", "zh": "..."}',
    )


def require_facts(evidence: Iterable[Any], where: str) -> None:
    """Evidence is facts, such as `ops.fact(...)` returns."""
    for one in evidence:
        if not isinstance(one, Fact):
            raise ParameterError(
                f"evidence cannot be of type {type(one).__name__}",
                where=where,
                hint="give the facts themselves: fact = ops.fact(...)",
            )


def as_day(due: Any, where: str) -> dt.date | None:
    """A day that something is due: a date, or its text such as 2026-12-01."""
    if isinstance(due, dt.datetime):
        return due.date()
    if due is None or isinstance(due, dt.date):
        return due
    try:
        return dt.date.fromisoformat(due)
    except (TypeError, ValueError):
        raise ParameterError(
            f"{due!r} is no day", where=where, hint='write due="2026-12-01" or give a date'
        ) from None


def require_parts(parts: Iterable[Any]) -> None:
    """What `ops.show` takes: parts of a page."""
    for part in parts:
        if not all(hasattr(part, name) for name in _PARTS):
            raise ParameterError(
                f"a {type(part).__name__} is no part of a page",
                where="ops.show",
                hint='wrap it: ops.show(opsnb.Paragraph("...")), opsnb.Table(columns, rows), ...;'
                " or end the cell in it, without ops.show",
            )
