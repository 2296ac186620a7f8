"""Words that stand for nothing ("NULL", "N/A", "-"): each that counts as empty is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opsnb.analysis.tables.contracts import Level
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import MARK, MENDED, TypedTable
from opsnb.base.messages import Text

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SHOWN = 5


def measures(table: TypedTable, rows: ir.Table, kept: ir.BooleanValue) -> dict[str, ir.Value]:
    """How many values of each column are such a word, where mended texts do not tell already."""
    return {
        f"null__{name}": rows[_mark(name)].count()
        for name in _columns(table, rows)
        if f"{MENDED}{name}" not in rows.columns
    }


def issues(table: TypedTable, found: Mapping[str, Any]) -> Iterator[Issue]:
    """A warning of ids, a note of the rest; with the words and how often each came."""
    counts: dict[str, Counter[str]] = {}
    for name in _columns(table, table.typed):
        some = found.get(f"null__{name}", found.get(f"{MENDED}{name}", 0))
        if some and (listed := _words(table, name)):
            counts[name] = listed
    for column, words in _of_the_files(table):
        name = column.strip().lower() if table.config.table else column
        counts.setdefault(name, Counter()).update(words)
    for name, words in counts.items():
        is_id = name in table.contract.ids
        shown = [
            Text.of("data.rule.of_null_word", word=word, count=count)
            for word, count in words.most_common(_SHOWN)
        ]
        args = {"count": words.total(), "column": name, "listed": shown}
        level: Level = "warn" if is_id else "note"
        own = name if name in table.columns else None
        yield Issue("null_words", level, words.total(), Text("data.rule.null_words", args), own)


def _mark(name: str) -> str:
    return f"{MARK}null_{name}"


def _columns(table: TypedTable, rows: ir.Table) -> list[str]:
    return [name for name in table.columns if _mark(name) in rows.columns]


def _words(table: TypedTable, name: str) -> Counter[str]:
    """How often each word came; asked only where there are some."""
    word = table.typed[_mark(name)]
    counted = (
        table.typed.filter(word.notnull()).group_by(word=word).agg(n=lambda rows: rows.count())
    )
    rows = table.source.backend.to_pyarrow(counted).to_pylist()
    return Counter({row["word"]: row["n"] for row in rows})


def _of_the_files(table: TypedTable) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Words that were taken for nothing when the table's text files were read."""
    config = table.config
    text = (config.sql or "").lower()
    for name, columns in table.source.nulls.items():
        for column, words in columns.items():
            read = column.lower() in text or "*" in text
            if name == config.table or (config.sql and name.lower() in text and read):
                yield column, words
