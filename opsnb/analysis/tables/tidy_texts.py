"""Texts of the contract without blanks around them, and NULL where they say nothing.

To mend every text costs many times what it costs to see that nearly none needs it. So each is
looked at first, in a step of its own, and only those that may need it are mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from opsnb.analysis.tables.casts import one_of

_BLANKS = (" ", "\t", "\n", "\r")


class TidyText(NamedTuple):
    """A column of texts, mended.

    Attributes
    ----------
    value : string column
    mended : boolean column
        Whether that is not what stood there; with a value, for the blanks around it.
    word : string column, optional
        The word for nothing that stood there; None where none is looked for.
    """

    value: ir.Value
    mended: ir.Value
    word: ir.Value | None


class Texts:
    """A team's rows, whose texts have been looked at.

    Each step is a query around the one before, so that no engine works out a thing twice.

    Parameters
    ----------
    raw : table
    words : mapping
        By column of `raw` the words that stand for nothing in it.
    """

    def __init__(self, raw: ir.Table, words: Mapping[str, Sequence[str]], dialect: str) -> None:
        self.words = words
        self._numbers = {own: n for n, own in enumerate(words)}
        self.rows = raw
        if not words:
            return
        look = {own: _may_need_mending(raw[own], words[own], dialect) for own in words}
        self.rows = raw.mutate(**self._named("doubtful", look))
        bare = {own: _where(self._of("doubtful", own), self.rows[own].strip()) for own in words}
        self.rows = self.rows.mutate(**self._named("bare", bare))
        found = {own: one_of(self._of("bare", own), some) for own, some in words.items() if some}
        if found:
            self.rows = self.rows.mutate(**self._named("word", found))

    def mended(self, own: str) -> TidyText:
        """A column of `rows`, mended."""
        value, doubtful, bare = self.rows[own], self._of("doubtful", own), self._of("bare", own)
        word = self._of("word", own) if self.words[own] else None
        tidy = bare.nullif("") if word is None else ibis.cases((word.isnull(), bare.nullif("")))
        return TidyText(
            ibis.cases((doubtful, tidy), else_=value),
            ibis.cases((doubtful, tidy.isnull() | (tidy != value)), else_=False),
            word,
        )

    def _named(self, step: str, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
        return {f"opsnb_{step}_{self._numbers[own]}": value for own, value in values.items()}

    def _of(self, step: str, own: str) -> ir.Value:
        return self.rows[f"opsnb_{step}_{self._numbers[own]}"]


def _where(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.cases((condition, value))


@ibis.udf.scalar.builtin(name="strlen")
def _bytes_of(text: str) -> int:  # type: ignore[empty-body]
    """DuckDB: how many bytes a text has, which it knows; letters have to be counted."""


def _may_need_mending(value: ir.StringValue, words: Sequence[str], dialect: str) -> ir.BooleanValue:
    """Whether a text may have blanks around it, be empty, or be one of the words for nothing."""
    ends = [value.endswith(blank) for blank in (_BLANKS if words else _BLANKS[:1])]
    if dialect != "duckdb":
        short = [value.length() <= max(map(len, words))] if words else []
        return ibis.or_(value.strip() != value, value == "", *short)
    # DuckDB compares texts by their bytes; blanks come first.
    longest = max((len(word.encode()) for word in words), default=0)
    return ibis.or_(value < "!", *ends, *([_bytes_of(value) <= longest] if words else []))
