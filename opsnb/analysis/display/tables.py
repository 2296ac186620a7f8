"""Tables: typed columns, numbers in the reader's language, cells with a status or an interval."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from opsnb.analysis.display.grid import DAYS, Field, bounds, cell
from opsnb.analysis.display.grid import column as described
from opsnb.analysis.display.parts import SHAPES, Part, escape
from opsnb.analysis.display.sparks import Spark
from opsnb.analysis.findings.words import Speaker
from opsnb.base.errors import MessageError, did_you_mean
from opsnb.base.messages import FORMATS, Language, Said, Text
from opsnb.base.page_parts import Grid, Role, Value
from opsnb.base.seam import Tone, as_json

__all__ = ["Column", "Interval", "Table", "Toned", "Withheld"]


_ONE_LINE = 12
"""Columns of text, a Chinese character taking two, that stay on one line on a phone."""


_RUN = re.compile(r"[!-~\u00a1-\u2fff]+")  # what stands without a space; not Chinese
_LONG_WORD = 20


@dataclass(frozen=True)
class Column:
    """A column of a `Table`.

    `format` is a name of `FORMATS` ("percent"), such a name with ".interval" (writes the
    bounds of a fact), or "text" / "said" for words. `align` follows from it when not given.
    """

    key: str
    label: Said
    format: str = "text"
    align: Literal["left", "right"] | None = None

    def __post_init__(self) -> None:
        name = self.format.partition(".")[0]
        if name not in FORMATS and name != "said":
            raise MessageError(
                f'unknown format "{self.format}"',
                where=f'column "{self.key}"',
                hint=did_you_mean(name, [*FORMATS, "said"], kind="formats"),
            )

    @property
    def is_numeric(self) -> bool:
        if self.align is not None:
            return self.align == "right"
        return self.format not in ("text", "said")

    def role(self, position: int) -> Role:
        """What the column is in its table."""
        if position == 0:
            return "category"
        if self.format.endswith(".interval"):
            return "interval"
        return "date" if self.format in DAYS else "value" if self.is_numeric else "text"

    def shown(self, value: Any, language: Language) -> str:
        if isinstance(value, Interval):
            return language.format(value, f"{self.format.partition('.')[0]}.interval")
        spec = "" if self.format in ("text", "said") else self.format
        return language.format(value, spec)


@dataclass(frozen=True)
class Toned:
    """A cell with a status: its colour never stands without the word.

    A value of None shows the word alone.
    """

    value: Any
    tone: Tone
    word: Said

    def cell(self, spec: str, say: Speaker) -> Value[Any]:
        inner = cell(self.value, spec, say)
        known = inner if isinstance(inner, Value) else Value(v=inner)
        return replace(known, tone=self.tone, word=say(self.word))


@dataclass(frozen=True)
class Interval:
    """A cell that shows two bounds; None or infinity is an open side."""

    low: float | None
    high: float | None

    def cell(self, spec: str, say: Speaker) -> Value[Any] | None:
        return bounds(self.low, self.high)


@dataclass(frozen=True)
class Withheld:
    """A cell that is not shown, lest people of a group smaller than `minimum` be made out."""

    minimum: int

    def shown(self, language: Language) -> str:
        return language.text("display.withheld")

    def cell(self, spec: str, say: Speaker) -> Value[Any]:
        return Value(withheld=self.minimum)

    @property
    def whole(self) -> Text:
        """What stands in the place of a section that is left out for it."""
        return Text.of("display.withheld_whole", minimum=self.minimum)

    def rows(self, held: int, rows: int) -> Text:
        """What stands below a table with such cells in some of its rows."""
        return Text.of("display.withheld_rows", minimum=self.minimum, held=held, rows=rows)

    def cells(self, held: int) -> Text:
        """What stands below a chart of which some cells are left empty for it."""
        return Text.of("display.withheld_cells", minimum=self.minimum, held=held)


@dataclass(frozen=True)
class Table(Part):
    """Rows under typed columns.

    Attributes
    ----------
    columns : sequence of Column
    rows : sequence of dict
        Column key to Fact, number, date, text, `Toned`, `Interval`, `Spark`, `Withheld` or
        None (a dash).
    caption, order, note : texts, optional
        What the table shows, how it is sorted, and a remark below.
    stacked : bool
        A phone shows each row as a list of its cells: for rows of sentences.
    """

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    caption: Said | None = None
    order: Said | None = None
    note: Said | None = None
    stacked: bool = False

    def __post_init__(self) -> None:
        for column in self.columns:
            if self.rows and not any(column.key in row for row in self.rows):
                held = sorted({str(key) for row in self.rows for key in row})
                raise MessageError(
                    f'no row has a cell "{column.key}"',
                    where="table",
                    hint=did_you_mean(column.key, held, kind="cells"),
                )

    def html(self, language: Language) -> str:
        caption = f"<caption>{escape(language.say(self.caption))}</caption>" if self.caption else ""
        heads = "".join(
            f'<th scope="col"{_class(column, label)}>{escape(label)}</th>'
            for column in self.columns
            for label in [_heading(column, language)]
        )
        body = "".join(f"<tr>{self._row(row, language)}</tr>" for row in self.rows)
        if not self.rows:
            empty = escape(language.text("display.no_rows"))
            body = f'<tr><td class="ob-empty" colspan="{len(self.columns)}">{empty}</td></tr>'
        classes = "ob-stack ob-table" if self.stacked and self.rows else "ob-table"
        notes = "".join(
            f'<p class="ob-note">{escape(language.say(note))}</p>' for note in self._notes()
        )
        return (
            f'<div class="ob-table-wrap"><table class="{classes}">{caption}<thead><tr>{heads}</tr>'
            f"</thead><tbody>{body}</tbody></table></div>{notes}"
        )

    def plain(self, language: Language) -> str:
        heads = [_heading(column, language) for column in self.columns]
        rows = [
            [_plain_cell(row.get(column.key), column, language) for column in self.columns]
            for row in self.rows
        ]
        widths = [max(map(_columns_wide, cells)) for cells in zip(heads, *rows, strict=True)]
        lines = [
            "  ".join(
                _padded(cell, width, column.is_numeric)
                for cell, width, column in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in [heads, *rows]
        ]
        caption = [language.say(self.caption)] if self.caption else []
        empty = [] if self.rows else [language.text("display.no_rows")]
        return "\n".join([*caption, *lines, *empty, *map(language.say, self._notes())])

    def data(self, say: Speaker) -> dict[str, Any]:
        fields = [
            Field(column.key, None, column.role(position), column.format)
            for position, column in enumerate(self.columns)
        ]
        labels = [say.each(partial(_heading, column)) for column in self.columns]
        rows = tuple(
            tuple(cell(row.get(field.id), field.format, say) for field in fields)
            for row in self.rows
        )
        return as_json(
            Grid(
                "table",
                tuple(
                    replace(described(field, say), label=label)
                    for field, label in zip(fields, labels, strict=True)
                ),
                rows,
                title=say(self.caption) if self.caption else None,
                notes=tuple(map(say, self._notes())),
            )
        )

    def _row(self, row: Mapping[str, Any], language: Language) -> str:
        cells = []
        for position, column in enumerate(self.columns):
            tag, scope = ("th", ' scope="row"') if position == 0 else ("td", "")
            if self.stacked:
                scope += f' data-label="{escape(_heading(column, language))}"'
            cells.append(_cell(row.get(column.key), column, language, tag, scope))
        return "".join(cells)

    def _notes(self) -> list[Said]:
        order = Text.of("display.sorted_by", order=self.order) if self.order else None
        return [note for note in (order, self.note, self._withheld()) if note is not None]

    def _withheld(self) -> Said | None:
        """How many rows have a cell that is withheld, and why; None where none has."""
        keys = [column.key for column in self.columns]
        first = [
            next((row[key] for key in keys if isinstance(row.get(key), Withheld)), None)
            for row in self.rows
        ]
        held = [cell for cell in first if cell is not None]
        return held[0].rows(len(held), len(first)) if held else None


def _cell(value: Any, column: Column, language: Language, tag: str, scope: str) -> str:
    if isinstance(value, Spark):
        return f"<{tag}{scope}{_num(column)}>{value.html(language)}</{tag}>"
    if isinstance(value, Withheld):
        right = "ob-num " if column.is_numeric else ""
        shown = escape(value.shown(language))
        return f'<{tag}{scope} class="{right}ob-withheld">{shown}</{tag}>'
    if not isinstance(value, Toned):
        shown = column.shown(value, language)
        return f"<{tag}{scope}{_class(column, shown)}>{escape(shown)}</{tag}>"
    classes = f' class="{"ob-num " if column.is_numeric else ""}ob-toned ob-{value.tone}"'
    shape = f'<span class="ob-shape" aria-hidden="true">{SHAPES[value.tone]}</span>'
    shown = "" if value.value is None else f"{escape(column.shown(value.value, language))} "
    return (
        f"<{tag}{scope}{classes}>{shown}"
        f'<span class="ob-tag">{shape} '
        f"{escape(language.say(value.word))}</span></{tag}>"
    )


def _plain_cell(value: Any, column: Column, language: Language) -> str:
    if isinstance(value, Spark):
        return value.plain()
    if isinstance(value, Withheld):
        return value.shown(language)
    if isinstance(value, Toned):
        shown = "" if value.value is None else f"{column.shown(value.value, language)} "
        return f"{shown}{SHAPES[value.tone]} {language.say(value.word)}"
    return column.shown(value, language)


def _num(column: Column) -> str:
    return ' class="ob-num"' if column.is_numeric else ""


def _class(column: Column, shown: str) -> str:
    """Numbers keep to the right; words that a phone has room for stay on one line.

    Ordinary words are told from runs so long that paper has to cut them: its engine, allowed to
    cut anywhere, cuts ordinary words too.
    """
    if column.is_numeric:
        return ' class="ob-num"'
    if _columns_wide(shown) <= _ONE_LINE:
        return ' class="ob-word"'
    longest = max(map(len, _RUN.findall(shown)), default=0)
    return ' class="ob-text"' if longest <= _LONG_WORD else ""


def _heading(column: Column, language: Language) -> str:
    """A message heads its column like a sentence ("channel"); names of the data stay, and "p"."""
    label = language.say(column.label)
    first = label.partition(" ")[0]
    if isinstance(column.label, Text) and first.isascii() and len(first) > 1:
        return label[0].upper() + label[1:]
    return label


def _columns_wide(text: str) -> int:
    """Width in a terminal: a Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int, right: bool) -> str:
    gap = " " * (width - _columns_wide(text))
    return gap + text if right else text + gap
