"""Heat tables: retention triangles and migrations, with the numbers in the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from opsnb.analysis.display.charts._axes import widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._sheet import LINE, Entry, Sheet, wrapped
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, Field, Plotted
from opsnb.analysis.display.style import INK, MUTED, PAPER, SERIES, SMALL, text_width
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text

_ROW = 0.25
_DARK = 0.66
"""From this depth of colour on, light text reads better than dark."""


@dataclass(frozen=True)
class Cohort:
    """A cohort: its size and its rate at each age; None where it is not yet observable."""

    label: Said
    size: int
    rates: Sequence[float | None]


class _Texts(TypedDict):
    claim: Said
    alt: Said
    source: Said


def cohort_triangle(
    cohorts: Sequence[Cohort],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    ages: Sequence[Said] | None = None,
    first: int = 0,
    format: str = "percent",
) -> Chart:
    """Retention by cohort (row) and age (column); cells that cannot be known yet are outlined.

    Parameters
    ----------
    cohorts : sequence of Cohort
        The oldest first.
    ages : sequence of Said, optional
        Heads of the columns; `first`, `first + 1`, ... when not given.
    format : str
        "percent" prints whole percents; another name of `FORMATS` prints as it does.

    Raises
    ------
    PublishError
        No cohorts, or none with a rate.
    """
    need_rows(cohorts, "cohort")
    columns = max(len(cohort.rates) for cohort in cohorts)
    cells = [list(c.rates) + [None] * (columns - len(c.rates)) for c in cohorts]
    heads = list(ages) if ages is not None else [str(first + n) for n in range(columns)]
    need(len(heads) == columns, f"{columns} ages and {len(heads)} heads", "cohort", "give one each")
    return _heat(
        [cohort.label for cohort in cohorts],
        heads,
        cells,
        sizes=[cohort.size for cohort in cohorts],
        texts={"claim": claim, "alt": alt, "source": source},
        format=format,
        may_be_immature=True,
        chart="cohort",
    )


def matrix(
    rows: Sequence[Said],
    columns: Sequence[Said],
    values: Sequence[Sequence[float | None]],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "percent",
) -> Chart:
    """A table of shares or counts, the greater the darker: a migration between segments.

    Raises
    ------
    PublishError
        No rows, no values, or rows of unequal length.
    """
    need_rows(rows, "matrix")
    need(
        len(values) == len(rows) and all(len(row) == len(columns) for row in values),
        "the values do not fit the rows and columns",
        "matrix",
        "give a value a row and column, None where there is none",
    )
    return _heat(
        rows, columns, values, sizes=None, texts={"claim": claim, "alt": alt, "source": source},
        format=format, may_be_immature=False, chart="matrix",
    )  # fmt: skip


def _heat(
    rows: Sequence[Said],
    heads: Sequence[Said],
    cells: Sequence[Sequence[float | None]],
    *,
    sizes: Sequence[int] | None,
    texts: _Texts,
    format: str,
    may_be_immature: bool,
    chart: str,
) -> Chart:
    known = [value for row in cells for value in row if is_number(value)]
    need(len(known) > 0, "no cell has a value", chart, "show an Absent part in its place")
    # The first column of a triangle is often 100 %: it must not bleach all others.
    top = _second_greatest_column(cells) if sizes is not None else max(known)
    has_empty = may_be_immature and len(known) < sum(len(row) for row in cells)
    key_room = 0.24 if has_empty else 0.02

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        if has_empty:
            sheet.key([Entry("hatch", SERIES[2], language.text("chart.immature"))])
        labels = [language.say(row) for row in rows]
        names = [language.say(head) for head in heads]
        size_texts = [language.format(size, "integer") for size in sizes] if sizes else []
        label_width = min(widest(labels) + 0.06, 0.3 * sheet.width)
        size_width = (
            max(widest(size_texts), widest([language.text("chart.people")])) + 0.14
            if sizes
            else 0.04
        )
        left = label_width + size_width
        head_lines = max(_head(name, sheet, left, len(names)).count("\n") + 1 for name in names)
        plot_top = key_room + head_lines * LINE + 0.06
        ax = sheet.panel(left, plot_top, 0.02, 0.02)
        _axes(ax, len(rows), len(names))
        step_x = (sheet.width - left - 0.02) / len(names)
        step_y = (sheet.height - plot_top - 0.02) / len(rows)
        for index, name in enumerate(names):
            head = _head(name, sheet, left, len(names))
            sheet.text(
                left + (index + 0.5) * step_x, plot_top - 0.04, head, colour=MUTED,
                align="center", valign="bottom",
            )  # fmt: skip
        if sizes:
            sheet.text(left - 0.08, plot_top - 0.04, language.text("chart.people"), colour=MUTED,
                       align="right", valign="bottom")  # fmt: skip
        for index, label in enumerate(labels):
            y = plot_top + (index + 0.5) * step_y
            sheet.text(0.02, y, wrapped(label, label_width, size=SMALL, lines=1))
            if sizes:
                sheet.text(left - 0.08, y, size_texts[index], colour=MUTED, align="right")
        shown, size = _fitting(cells, format, language, step_x)
        _draw_cells(sheet, ax, cells, shown, size, top, has_empty)

    height = key_room + LINE + 0.08 + _ROW * len(rows) + 0.02
    plotted = Plotted(
        chart,
        [
            LABEL,
            *([Field("size", Text("chart.people"), "size", "integer")] if sizes else ()),
            *(Field(f"column_{n}", head, "value", format) for n, head in enumerate(heads, start=1)),
        ],
        [
            (label, *([sizes[index]] if sizes else ()), *values)
            for index, (label, values) in enumerate(zip(rows, cells, strict=True))
        ],
    )
    return Chart(**texts, draw=draw, height=height, phone_height=height + LINE, plotted=plotted)


def _second_greatest_column(cells: Sequence[Sequence[float | None]]) -> float:
    columns = [[v for v in column if is_number(v)] for column in zip(*cells, strict=True)]
    peaks = sorted(max(column) for column in columns if column)
    return peaks[-2] if len(peaks) > 1 else peaks[-1]


def _head(name: str, sheet: Sheet, left: float, count: int) -> str:
    return wrapped(name, (sheet.width - left) / count - 0.04, size=SMALL)


def _axes(ax: Axes, rows: int, columns: int) -> None:
    ax.set_xlim(0, columns)
    ax.set_ylim(rows, 0)


def _fitting(
    cells: Sequence[Sequence[float | None]], format: str, language: Language, width: float
) -> tuple[list[list[str]], float]:
    """Texts and their size: percent signs go, then decimals, where cells are too narrow."""
    for sign, digits in (("%", 1), ("", 1), ("", 0)):
        texts = [[_cell(v, format, language, sign, digits) for v in row] for row in cells]
        wide = max(text_width(text, SMALL) for row in texts for text in row)
        if wide <= width - 0.04:
            return texts, SMALL
    return texts, SMALL * (width - 0.03) / wide


def _cell(value: float | None, format: str, language: Language, sign: str, digits: int) -> str:
    """A cell's number; a percent has a decimal only below ten."""
    if not is_number(value):
        return ""
    if format == "percent":
        return f"{100 * value:.{digits if 0 < abs(value) < 0.0995 else 0}f}{sign}"
    return language.format(value, format)


def _draw_cells(
    sheet: Sheet,
    ax: Axes,
    cells: Sequence[Sequence[float | None]],
    printed: Sequence[Sequence[str]],
    size: float,
    top: float,
    outline_empty: bool,
) -> None:
    for y, (row, texts) in enumerate(zip(cells, printed, strict=True)):
        for x, (value, text) in enumerate(zip(row, texts, strict=True)):
            corner = (x + 0.03, y + 0.05)
            if not is_number(value):
                if outline_empty:
                    ax.add_artist(
                        Rectangle(corner, 0.94, 0.9, facecolor="none", edgecolor=SERIES[3],
                                  linewidth=0.6, linestyle=(0, (2, 2)))
                    )  # fmt: skip
                continue
            depth = 0.06 + 0.94 * min(max(value / top, 0), 1) if top > 0 else 0.06
            depth = 0.0 if math.isclose(value, 0) else depth
            cell = Rectangle(corner, 0.94, 0.9, facecolor=SERIES[0], alpha=depth, clip_on=False)
            ax.add_artist(cell)
            colour = PAPER if depth > _DARK else INK
            place = sheet.place(ax, x + 0.5, y + 0.5)
            sheet.text(*place, text, size=size, align="center", colour=colour)
