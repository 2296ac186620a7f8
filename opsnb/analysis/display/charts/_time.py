"""Axes over days, with labelled events above and names of lines at the right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import (
    date_ticks,
    day_number,
    has_years,
    number_ticks,
    tick_labels,
    widest,
)
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import LINE, Sheet, lanes, spread, wrapped
from opsnb.analysis.display.style import GRID, INK, MUTED, SMALL, text_width
from opsnb.base.messages import Said
from opsnb.base.page_parts import Mark


@dataclass(frozen=True)
class Series:
    """A line: a value a date, None where there is none; optionally an interval."""

    label: Said
    dates: Sequence[dt.date]
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True)
class Event:
    """A day or a span of days (end inclusive) with a name above the plot."""

    start: dt.date
    label: Said
    end: dt.date | None = None


def event_mark(event: Event) -> Mark[Said]:
    """An event as data."""
    return Mark("event", event.label, event.start, event.end, "x", "date")


@dataclass(frozen=True)
class EndLabel:
    """The name and last value at the right end of a line."""

    value: float
    name: str
    shown: str
    colour: str
    strong: bool = False

    @property
    def width(self) -> float:
        return max(
            text_width(self.name, SMALL, self.strong), text_width(self.shown, SMALL, self.strong)
        )


def floats(values: Iterable[float | None]) -> np.ndarray:
    """Values as floats, NaN where there is none or no finite one."""
    array = np.array([np.nan if value is None else value for value in values], dtype=float)
    return np.where(np.isfinite(array), array, np.nan)


def extent(arrays: Iterable[np.ndarray]) -> tuple[float, float]:
    """The least and greatest finite value."""
    joined = np.concatenate([np.asarray(array, dtype=float).ravel() for array in arrays])
    finite = joined[np.isfinite(joined)]
    return float(finite.min()), float(finite.max())


def event_room(
    sheet: Sheet, events: Sequence[Event], start: dt.date, end: dt.date, left: float, right: float
) -> float:
    """Inches that the names of events take above a plot with these margins."""
    if not events:
        return 0.0
    return (
        1 + max(lane for _, lane in _placed(sheet, events, start, end, left, right))
    ) * LINE + 0.04


def _placed(
    sheet: Sheet, events: Sequence[Event], start: dt.date, end: dt.date, left: float, right: float
) -> list[tuple[float, int]]:
    """Centre in inches and lane of each event's name."""
    margin = _margin(start, end)
    scale = (sheet.width - left - right) / ((end - start).days + 2 * margin)
    spans, centres = [], []
    for event in events:
        middle = (day_number(event.start) + day_number(event.end or event.start)) / 2
        half = text_width(_name(sheet, event), SMALL) / 2
        centre = left + (middle - day_number(start) + margin) * scale
        centre = min(max(centre, left + half), max(sheet.width - half - 0.02, left + half))
        centres.append(centre)
        spans.append((centre - half, centre + half))
    return list(zip(centres, lanes(spans), strict=True))


def _margin(start: dt.date, end: dt.date) -> float:
    """Days before the first and after the last date, so that their marks are whole."""
    return max(0.5, 0.012 * (end - start).days)


def _name(sheet: Sheet, event: Event) -> str:
    return wrapped(sheet.language.say(event.label), 0.45 * sheet.width, size=SMALL, lines=1)


def time_panel(
    sheet: Sheet,
    *,
    start: dt.date,
    end: dt.date,
    limits: tuple[float, float],
    format: str,
    top: float,
    bottom: float,
    right: float,
    left: float | None = None,
    events: Sequence[Event] = (),
    named: bool = True,
    dates: bool = True,
    count: int = 4,
) -> Axes:
    """Axes from start to end with round ticks; `bottom` is what lies below the date labels."""
    ticks = number_ticks(*limits, count=count)
    labels = tick_labels(ticks, sheet.language, format)
    left = widest(labels) + 0.1 if left is None else left
    room = event_room(sheet, events, start, end, left, right) if named else 0.0
    width = sheet.width - left - right
    days, names = date_ticks(start, end, sheet.language, width)
    below = (LINE * (2 if has_years(names) else 1) + 0.1) if dates else 0.05
    ax = sheet.panel(left, top + room, right, bottom + below)
    y_axis(sheet, ax, ticks, labels)
    margin = _margin(start, end)
    ax.set_xlim(day_number(start) - margin, day_number(end) + margin)
    x_axis(sheet, ax, days, names if dates else [""] * len(days), hug=False, marked=True)
    _draw_events(sheet, ax, events, start, end, left, right, top + room if named else None)
    return ax


def _draw_events(
    sheet: Sheet,
    ax: Axes,
    events: Sequence[Event],
    start: dt.date,
    end: dt.date,
    left: float,
    right: float,
    baseline: float | None,
) -> None:
    for index, event in enumerate(events):
        first, last = day_number(event.start), day_number(event.end or event.start)
        if event.end is None or event.end == event.start:
            ax.axvline(first, color=MUTED, linewidth=0.9, linestyle=(0, (1, 1.6)), zorder=0.6)
        else:
            ax.axvspan(
                first - 0.5, last + 0.5, color=GRID, alpha=0.55 + 0.4 * (index % 2), zorder=0.5
            )
    if baseline is None:
        return
    for event, (centre, lane) in zip(
        events, _placed(sheet, events, start, end, left, right), strict=True
    ):
        y = baseline - 0.04 - (lane + 0.5) * LINE
        sheet.text(centre, y, _name(sheet, event), colour=MUTED, align="center")


def end_room(sheet: Sheet, labels: Sequence[EndLabel]) -> float:
    """Inches at the right of a plot for the names of its lines."""
    if not labels:
        return 0.06
    return max(_end_width(sheet, label) for label in labels) + 0.12


def _end_width(sheet: Sheet, label: EndLabel) -> float:
    return text_width(label.shown, SMALL, True) if sheet.is_narrow else label.width


def draw_end_labels(sheet: Sheet, ax: Axes, labels: Sequence[EndLabel]) -> None:
    """Names and last values beside the ends of the lines, moved apart where they would touch."""
    place = ax.get_position()
    low, high = ax.get_ylim()
    top, bottom = (1 - place.y1) * sheet.height, (1 - place.y0) * sheet.height
    rows = 1 if sheet.is_narrow else 2
    half = rows * 0.085
    wanted = [bottom - (label.value - low) / (high - low) * (bottom - top) for label in labels]
    gap = rows * 0.135 + 0.04
    x = place.x1 * sheet.width + 0.07
    for label, y in zip(labels, spread(wanted, gap, top + half, bottom - half), strict=True):
        colour = label.colour if label.strong else MUTED
        if sheet.is_narrow or not label.name:
            sheet.text(x, y, label.shown, colour=colour, bold=label.strong)
            continue
        sheet.text(x, y - 0.068, label.name, colour=colour, bold=label.strong)
        sheet.text(
            x, y + 0.068, label.shown, colour=INK if label.strong else MUTED, bold=label.strong
        )
