"""Where a chart's marks lie: the ticks, rules and labels of its axes, drawn by the sheet itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opsnb.analysis.display.charts._sheet import Sheet
from opsnb.analysis.display.style import GRID, MUTED, SERIES, SMALL

_PAD = 4 / 72
"""Inches between an axis and its labels."""
_LENGTH = 2.5 / 72
"""Inches that a mark at a tick is long."""

_RULE: dict[str, Any] = {"color": GRID, "linewidth": 0.7, "zorder": 0.55}
_EDGE: dict[str, Any] = {
    "color": SERIES[2], "linewidth": 0.8, "solid_capstyle": "projecting", "clip_on": False,
    "zorder": 2.5,
}  # fmt: skip
_MARK: dict[str, Any] = {
    "color": GRID, "linewidth": 0.8, "solid_capstyle": "butt", "clip_on": False, "zorder": 2.5,
}  # fmt: skip

_Point = tuple[float, float]
_NOWHERE = (math.nan, math.nan)


def y_axis(sheet: Sheet, ax: Axes, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """Rules at the ticks, their labels at the left; the axis ends at the outer ticks."""
    ax.set_ylim(ticks[0], ticks[-1])
    _strokes(ax, [((0, t), (1, t)) for t in ticks], transform=ax.get_yaxis_transform(), **_RULE)
    left = ax.get_xlim()[0]
    for tick, label in zip(ticks, labels, strict=True):
        x, y = sheet.place(ax, left, tick)
        _label(sheet, x - _PAD, y + 0.44 * SMALL / 72, label, "right")


def x_axis(
    sheet: Sheet,
    ax: Axes,
    ticks: Sequence[float],
    labels: Sequence[str],
    *,
    hug: bool = True,
    ruled: bool = False,
    marked: bool = False,
    far: bool = False,
) -> None:
    """A line below the plot and labels under it, on two lines where they hold a break.

    With `hug` the axis ends at the outer ticks; `ruled` draws lines up from them, `marked`
    short ones down; `far` labels stand apart from those of the other axis.
    """
    if hug:
        ax.set_xlim(ticks[0], ticks[-1])
    up = ax.get_xaxis_transform()
    if ruled:
        _strokes(ax, [((t, 0), (t, 1)) for t in ticks], transform=up, **_RULE)
    _strokes(ax, [((0, 0), (1, 0))], transform=ax.transAxes, **_EDGE)
    bottom = (1 - ax.get_position().y0) * sheet.height
    low = ax.get_ylim()[0]
    first = bottom + (1.5 if far else 1) * _PAD + 0.88 * SMALL / 72
    if marked:
        down = -_LENGTH / (ax.get_position().height * sheet.height)
        _strokes(ax, [((t, 0), (t, down)) for t in ticks], transform=up, **_MARK)
        first += _LENGTH
    for tick, label in zip(ticks, labels, strict=True):
        x, _ = sheet.place(ax, tick, low)
        for number, text in enumerate(label.split("\n")):
            _label(sheet, x, first + number * SMALL / 72, text, "center")


def _label(
    sheet: Sheet, x: float, baseline: float, text: str, align: Literal["center", "right"]
) -> None:
    sheet.write(x, baseline, text, colour=MUTED, align=align)


def _strokes(ax: Axes, segments: Iterable[tuple[_Point, _Point]], **style: Any) -> None:
    """Straight lines as one mark."""
    xs, ys = zip(*(point for ends in segments for point in (*ends, _NOWHERE)), strict=True)
    ax.add_artist(Line2D(xs, ys, **style))
