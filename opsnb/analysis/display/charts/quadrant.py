"""Two measures of each channel or segment against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import number_ticks, tick_labels, widest
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import LINE, Box, Sheet, is_free, text_box, wrapped
from opsnb.analysis.display.charts._tips import dots
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, Field, Plotted
from opsnb.analysis.display.style import MUTED, SERIES, SMALL, text_width
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said
from opsnb.base.page_parts import Mark


@dataclass(frozen=True)
class Point:
    """A channel or segment: x and y in the units of the axes."""

    label: Said
    x: float
    y: float


def quadrant(
    points: Sequence[Point],
    *,
    x_label: Said,
    y_label: Said,
    claim: Said,
    alt: Said,
    source: Said,
    x_format: str = "money",
    y_format: str = "signed_percent",
    x_line: float | None = None,
    y_line: float | None = 0.0,
    height: float = 3.3,
) -> Chart:
    """Labelled points with a line on each axis that tells good from poor.

    A label that finds no free place beside its point is left out of the drawing: give the
    numbers in a table too.

    Raises
    ------
    PublishError
        No points, or a coordinate that is not finite.
    """
    need_rows(points, "quadrant")
    for point in points:
        need(
            is_number(point.x) and is_number(point.y),
            f"a point lies at {point.x}, {point.y}",
            "quadrant",
            "leave it out",
        )

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        xs = number_ticks(*_range([p.x for p in points], x_line), 4 if sheet.is_narrow else 6)
        ys = number_ticks(*_range([p.y for p in points], y_line), 5)
        y_texts = tick_labels(ys, language, y_format)
        x_name, y_name = (
            wrapped(language.say(label), sheet.width - 0.04, size=SMALL, lines=1)
            for label in (x_label, y_label)
        )
        sheet.text(0.02, 0.09, y_name, colour=MUTED)
        sheet.text(sheet.width - 0.02, sheet.height - 0.09, x_name, colour=MUTED, align="right")
        ax = sheet.panel(widest(y_texts) + 0.1, 0.3, 0.24, 2 * LINE + 0.12)
        y_axis(sheet, ax, ys, y_texts)
        x_axis(sheet, ax, xs, tick_labels(xs, language, x_format), ruled=True, far=True)
        if x_line is not None:
            ax.axvline(x_line, color=MUTED, linewidth=1.0)
        if y_line is not None:
            ax.axhline(y_line, color=MUTED, linewidth=1.0)
        ax.plot(
            [p.x for p in points], [p.y for p in points], linestyle="none", marker="o",
            markersize=7, color=SERIES[0], markeredgewidth=0, clip_on=False, zorder=3,
        )  # fmt: skip
        _labels(sheet, ax, points)
        dots(sheet, ax, [(p.x, p.y, said(p, language)) for p in points])

    def said(point: Point, language: Language) -> str:
        rows = ((x_label, point.x, x_format), (y_label, point.y, y_format))
        lines = [
            language.text("chart.tip_row", label=name, value=language.format(value, format))
            for name, value, format in rows
        ]
        return "\n".join([language.say(point.label), *lines])

    plotted = Plotted(
        "quadrant",
        [LABEL, Field("x", x_label, "x", x_format), Field("y", y_label, "y", y_format)],
        [(point.label, point.x, point.y) for point in points],
        [
            *(
                [Mark("reference", at=x_line, axis="x", format=x_format)]
                if x_line is not None
                else ()
            ),
            *(
                [Mark("reference", at=y_line, axis="y", format=y_format)]
                if y_line is not None
                else ()
            ),
        ],
    )
    return Chart(claim=claim, draw=draw, alt=alt, source=source, height=height, plotted=plotted)


def _range(values: Sequence[float], line: float | None) -> tuple[float, float]:
    every = [*values, *([line] if line is not None else [])]
    return min(every), max(every)


def _labels(sheet: Sheet, ax: Axes, points: Sequence[Point]) -> None:
    """Each label at the first free place beside its point."""
    places = [sheet.place(ax, point.x, point.y) for point in points]
    taken: list[Box] = [(x - 0.06, y - 0.06, x + 0.06, y + 0.06) for x, y in places]
    lowest = (1 - ax.get_position().y0) * sheet.height
    for point, (x, y) in zip(points, places, strict=True):
        text = wrapped(sheet.language.say(point.label), 1.7, size=SMALL, lines=1)
        wide = text_width(text, SMALL)
        for dx, dy in ((0.1, 0.0), (-0.1 - wide, 0.0), (-wide / 2, -0.15), (-wide / 2, 0.15)):
            box = text_box(x + dx, y + dy, text)
            inside = box[0] >= 0 and box[2] <= sheet.width and box[1] >= 0.16 and box[3] <= lowest
            if inside and is_free(box, taken):
                sheet.text(x + dx, y + dy, text)
                taken.append(box)
                break
