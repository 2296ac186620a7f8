"""Effects with their intervals, a row a metric or segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from opsnb.analysis.display.charts._axes import number_ticks, tick_labels
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._plot import x_axis
from opsnb.analysis.display.charts._rows import Rows, rows_height
from opsnb.analysis.display.charts._sheet import LINE, LINES, Entry, Sheet, wrapped
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import LABEL, STRONG, Field, Plotted, bounds_of
from opsnb.analysis.display.style import BAD, INK, MUTED, PAPER, SERIES, SMALL, text_width
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Mark


@dataclass(frozen=True)
class Effect:
    """An estimate and its interval; an infinite or absent bound is an open side.

    `margin` is a limit that the interval is held against (a guardrail's accepted worsening).
    """

    label: Said
    value: float
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    strong: bool = False

    @property
    def excludes_zero(self) -> bool:
        return (is_number(self.low) and self.low > 0) or (is_number(self.high) and self.high < 0)

    @property
    def has_interval(self) -> bool:
        return is_number(self.low) or is_number(self.high)


def forest(
    rows: Sequence[Effect],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "signed_percent",
    sides: tuple[Said, Said] | None = None,
    mde: tuple[float, Said] | None = None,
) -> Chart:
    """Effects against zero, with the numbers at the right.

    Parameters
    ----------
    rows : sequence of Effect
        In the order to show.
    format : str
        A name of `FORMATS` for the values and the axis.
    sides : (left, right), optional
        What the two sides of zero mean ("control better", "treatment better").
    mde : (value, label), optional
        A line at the smallest effect that matters.

    Raises
    ------
    PublishError
        When there are no rows, or a value is not finite.
    """
    need_rows(rows, "forest")
    for row in rows:
        need(is_number(row.value), f"an effect has the value {row.value}", "forest", "leave it out")
    above, below = 0.26, 0.26 + (0.2 if sides else 0)

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = sheet.key(_key(rows, mde, format, language))
        frame = Rows(
            sheet,
            [language.say(row.label) for row in rows],
            [[_numbers(row, format, language)] for row in rows],
            top=top,
            bottom=below,
            strong=[row.strong for row in rows],
            axis=True,
        )
        ax = frame.ax
        ticks = number_ticks(*_limits(rows, mde), count=max(3, int(frame.inches / 0.62)))
        labels = tick_labels(ticks, language, format)
        x_axis(sheet, ax, ticks, labels, ruled=not sheet.is_narrow)
        frame.line(0, color=INK, linewidth=1.0, zorder=1.5)
        if mde:
            frame.line(mde[0], color=MUTED, linewidth=1.2, linestyle=LINES["dotted"])
        for row, y in zip(rows, frame.y, strict=True):
            _row(frame, row, y, (ticks[0], ticks[-1]))
        if sides:
            _sides(sheet, frame, [language.say(side) for side in sides])

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=rows_height(len(rows), above=above, below=below, phone=False),
        phone_height=rows_height(len(rows), above=above + 0.1, below=below, phone=True),
        plotted=_plotted(rows, format, sides, mde),
    )


def _plotted(
    rows: Sequence[Effect],
    format: str,
    sides: tuple[Said, Said] | None,
    mde: tuple[float, Said] | None,
) -> Plotted:
    value = Field("value", Text("chart.value"), "value", format)
    margin = Field("margin", Text("chart.margin"), "margin", format, of="value")
    return Plotted(
        "forest",
        [LABEL, value, *bounds_of("value", format), margin, STRONG],
        [(row.label, row.value, row.low, row.high, row.margin, row.strong) for row in rows],
        [
            *([Mark("mde", mde[1], mde[0], axis="x", format=format)] if mde else ()),
            *(Mark("side", side, axis="x") for side in sides or ()),
        ],
    )


def _row(frame: Rows, row: Effect, y: float, limits: tuple[float, float]) -> None:
    ax, colour = frame.ax, SERIES[0]
    if row.has_interval:
        ends: list[float] = []
        for bound, edge, arrow in ((row.low, limits[0], "<"), (row.high, limits[1], ">")):
            if is_number(bound) and limits[0] <= bound <= limits[1]:
                ends.append(bound)
            else:
                ends.append(edge)
                ax.plot(edge, y, marker=arrow, color=colour, markersize=5, clip_on=False, zorder=3)
        ax.plot(ends, [y, y], color=colour, linewidth=2.0, solid_capstyle="butt", zorder=2.5)
    if limits[0] <= row.value <= limits[1]:
        ax.plot(
            row.value,
            y,
            marker="o",
            markersize=6.5,
            markerfacecolor=colour if row.excludes_zero else PAPER,
            markeredgecolor=colour,
            markeredgewidth=1.6,
            linestyle="none",
            zorder=4,
        )
    if is_number(row.margin):
        half = frame.thick * 0.62
        ax.plot([row.margin] * 2, [y - half, y + half], color=BAD, linewidth=1.6, zorder=3)


def _numbers(row: Effect, format: str, language: Language) -> str:
    value = language.format(row.value, format)
    return f"{value} ({language.format(row, format + '.interval')})" if row.has_interval else value


def _key(
    rows: Sequence[Effect], mde: tuple[float, Said] | None, format: str, language: Language
) -> list[Entry]:
    entries = []
    with_interval = [row for row in rows if row.has_interval]
    if any(row.excludes_zero for row in with_interval):
        entries.append(Entry("dot", SERIES[0], language.text("chart.excludes_zero")))
    if any(not row.excludes_zero for row in with_interval):
        entries.append(Entry("hollow", SERIES[0], language.text("chart.includes_zero")))
    if any(is_number(row.margin) for row in rows):
        entries.append(Entry("bar", BAD, language.text("chart.margin")))
    if mde:
        text = f"{language.say(mde[1])} {language.format(mde[0], format)}"
        entries.append(Entry("dotted", MUTED, text))
    return entries


def _limits(rows: Sequence[Effect], mde: tuple[float, Said] | None) -> tuple[float, float]:
    """Limits of the axis; an interval far wider than the others leaves it by an arrow."""
    points = [0.0, *(row.value for row in rows), *([mde[0]] if mde else [])]
    points += [row.margin for row in rows if is_number(row.margin)]
    reach = [abs(b - row.value) for row in rows for b in (row.low, row.high) if is_number(b)]
    longest = 5 * sorted(reach)[len(reach) // 2] if reach else math.inf
    for row in rows:
        for bound, side in ((row.low, -1), (row.high, 1)):
            if is_number(bound):
                points.append(row.value + side * min(abs(bound - row.value), longest))
    return min(points), max(points)


def _sides(sheet: Sheet, frame: Rows, sides: Sequence[str]) -> None:
    """What the sides of zero mean, below the axis, cut to the room that each has."""
    place = frame.ax.get_position()
    left, right = place.x0 * sheet.width, place.x1 * sheet.width
    low, high = frame.ax.get_xlim()
    zero = left + (right - left) * (0 - low) / (high - low)
    y = sheet.height - LINE / 2
    half = sheet.width / 2 - 0.3
    left_side, right_side = (wrapped(side, half, size=SMALL, lines=1) for side in sides)
    texts = (f"← {left_side}", f"{right_side} →")
    widths = [text_width(text, SMALL) for text in texts]
    if zero - 0.08 - widths[0] < 0 or zero + 0.08 + widths[1] > sheet.width:
        sheet.text(0.02, y, texts[0], colour=MUTED)
        sheet.text(sheet.width - 0.02, y, texts[1], colour=MUTED, align="right")
        return
    sheet.text(zero - 0.08, y, texts[0], colour=MUTED, align="right")
    sheet.text(zero + 0.08, y, texts[1], colour=MUTED)
