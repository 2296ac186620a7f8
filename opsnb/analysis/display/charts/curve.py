"""Curves over a number: what one gets for how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import number_ticks, tick_labels, widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import LINE, LINES, Entry, Sheet, Sign, wrapped
from opsnb.analysis.display.charts._tips import rows_text, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import Field, Plotted, column_id
from opsnb.analysis.display.style import INK, MUTED, SERIES, SMALL
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said
from opsnb.base.page_parts import Mark

FEW = 14
"""Up to so many points each has a dot."""

_STYLES: tuple[tuple[Sign, float], ...] = (("line", 2.2), ("dashed", 1.6), ("dotted", 1.6))


@dataclass(frozen=True)
class Curve:
    """A named line through (x, y), in rising order of x."""

    label: Said
    xs: Sequence[float]
    ys: Sequence[float]


def curves(
    lines: Sequence[Curve],
    *,
    x_label: Said,
    y_label: Said,
    claim: Said,
    alt: Said,
    source: Said,
    x_format: str = "integer",
    y_format: str = "percent",
    mark: tuple[float, float] | None = None,
    height: float = 2.9,
) -> Chart:
    """One to three curves from zero, with a point that is asked for.

    Parameters
    ----------
    mark : (x, y), optional
        A point with dotted lines to both axes.

    Raises
    ------
    PublishError
        No curves, more than three, or a value that is not finite.
    """
    need_rows(lines, "curves")
    need(len(lines) <= len(_STYLES), f"{len(lines)} curves", "curves", "show at most three")
    for line in lines:
        fine = all(is_number(value) for value in (*line.xs, *line.ys))
        need(fine and len(line.xs) > 1, "a curve has too few numbers", "curves", "leave it out")

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        y_name, x_name = (
            wrapped(language.say(label), sheet.width - 0.04, size=SMALL, lines=1)
            for label in (y_label, x_label)
        )
        sheet.text(0.02, 0.09, y_name, colour=MUTED)
        sheet.text(sheet.width - 0.02, sheet.height - 0.09, x_name, colour=MUTED, align="right")
        top = 0.3
        if len(lines) > 1:
            entries = [
                Entry(sign, SERIES[index], language.say(line.label))
                for index, ((sign, _), line) in enumerate(zip(_STYLES, lines, strict=False))
            ]
            top = sheet.key(entries, y=0.3) + 0.05
        marked = [mark] if mark else []
        furthest = max(max(line.xs) for line in lines)
        highest = max(max(line.ys) for line in lines)
        xs = number_ticks(0, max([furthest, *(x for x, _ in marked)]), 4 if sheet.is_narrow else 7)
        if x_format == "integer":
            xs = [x for x in xs if x.is_integer()]
        ys = number_ticks(0, max([highest, *(y for _, y in marked)]), 5)
        texts = tick_labels(ys, language, y_format)
        ax = sheet.panel(widest(texts) + 0.1, top, 0.3, 2 * LINE + 0.12)
        y_axis(sheet, ax, ys, texts)
        x_axis(sheet, ax, xs, tick_labels(xs, language, x_format), far=True)
        for index, (line, (sign, width)) in enumerate(zip(lines, _STYLES, strict=False)):
            ax.plot(
                np.asarray(line.xs), np.asarray(line.ys), color=SERIES[index],
                linestyle=LINES[sign], linewidth=width, markeredgewidth=0,
                marker="o" if len(line.xs) <= FEW else None, markersize=width * 1.8,
            )  # fmt: skip
        for x, y in marked:
            style = {"color": MUTED, "linewidth": 1.0, "linestyle": LINES["dotted"]}
            ax.plot([x, x, 0], [0, y, y], **style)
            ax.plot([x], [y], "o", color=INK, markersize=6, markeredgewidth=0, clip_on=False)

        _tips(sheet, ax, lines, x_name, x_format, y_format)

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=height,
        plotted=_plotted(lines, x_label, x_format, y_format, mark),
    )


def _plotted(
    lines: Sequence[Curve],
    x_label: Said,
    x_format: str,
    y_format: str,
    mark: tuple[float, float] | None,
) -> Plotted:
    known = [dict(zip(line.xs, line.ys, strict=True)) for line in lines]
    return Plotted(
        "curves",
        [
            Field("x", x_label, "x", x_format),
            *(Field(column_id("y", n), line.label, "y", y_format) for n, line in enumerate(lines)),
        ],
        [(x, *(ys.get(x) for ys in known)) for x in sorted({x for ys in known for x in ys})],
        [Mark("point", at=mark[0], end=mark[1], axis="x", format=y_format)] if mark else (),
    )


def _tips(
    sheet: Sheet, ax: Axes, lines: Sequence[Curve], x_name: str, x_format: str, y_format: str
) -> None:
    """What the curves say at each x, where all are known at the same ones."""
    xs = list(lines[0].xs)
    if any(list(line.xs) != xs for line in lines):
        return
    language = sheet.language
    texts = []
    for n, x in enumerate(xs):
        head = language.text("chart.tip_row", label=x_name, value=language.format(x, x_format))
        rows = [(language.say(line.label), line.ys[n], None, None) for line in lines]
        texts.append(rows_text(head, rows, language, y_format))
    strips(sheet, [ax], xs, texts)
