"""An effect as it builds up day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from opsnb.analysis.display.charts._axes import days
from opsnb.analysis.display.charts._check import is_number, need, need_rows
from opsnb.analysis.display.charts._sheet import LINES, Entry, Sheet, zero_line
from opsnb.analysis.display.charts._time import (
    EndLabel,
    Event,
    draw_end_labels,
    end_room,
    event_mark,
    extent,
    floats,
    time_panel,
)
from opsnb.analysis.display.charts._tips import date_names, rows_text, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import DATE, Field, Plotted, bounds_of
from opsnb.analysis.display.style import MUTED, SERIES
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Mark


@dataclass(frozen=True)
class SeriesPoint:
    """A value on a day, with its interval where there is one."""

    date: dt.date
    value: float
    low: float | None = None
    high: float | None = None


def cumulative_effect(
    points: Sequence[SeriesPoint],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "signed_percent",
    level: float = 0.95,
    reference: tuple[float, Said] | None = None,
    events: Sequence[Event] = (),
    holes: Collection[dt.date] = (),
    height: float = 2.7,
) -> Chart:
    """The estimate so far, day by day, with its interval and the zero line.

    The first days' intervals may leave the plot: they would flatten the rest.

    Parameters
    ----------
    points : sequence of SeriesPoint
        In order of time.
    format : str
        A name of `FORMATS` for the axis and the last value.
    level : float
        Confidence of the intervals, as the key names it.
    reference : (value, label), optional
        A line to read the effect against, such as the smallest effect that matters.
    holes : collection of date
        Days that are not on record: no line runs across them.

    Raises
    ------
    PublishError
        No points, or a value that is not finite.
    """
    need_rows(points, "effect")
    for point in points:
        need(
            is_number(point.value), f"a point has the value {point.value}", "effect", "leave it out"
        )
    last = points[-1]

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        entries = []
        if any(is_number(point.low) for point in points):
            entries.append(Entry("band", SERIES[0], language.text("chart.band", level=100 * level)))
        if reference:
            text = f"{language.say(reference[1])} {language.format(reference[0], format)}"
            entries.append(Entry("dotted", MUTED, text))
        end = EndLabel(last.value, "", language.format(last.value, format), SERIES[0], strong=True)
        ax = time_panel(
            sheet,
            start=points[0].date,
            end=last.date,
            limits=_limits(points, reference),
            format=format,
            top=sheet.key(entries) + 0.05,
            bottom=0.0,
            right=end_room(sheet, [end]),
            events=events,
        )
        xs = days([point.date for point in points])
        for run in _unbroken(points, holes):
            along = days([point.date for point in run])
            low, high = (floats(getattr(p, side) for p in run) for side in ("low", "high"))
            ax.fill_between(along, low, high, color=SERIES[0], alpha=0.18, linewidth=0)
            ax.plot(along, floats(point.value for point in run), color=SERIES[0], linewidth=2.0)
        ax.plot(xs[-1], last.value, "o", color=SERIES[0], markersize=5, markeredgewidth=0)
        zero_line(ax)
        if reference:
            ax.axhline(reference[0], color=MUTED, linewidth=1.2, linestyle=LINES["dotted"])
        draw_end_labels(sheet, ax, [end])
        name = language.text("chart.so_far")
        heads = date_names([point.date for point in points], language)
        texts = [
            rows_text(head, [(name, point.value, point.low, point.high)], language, format)
            for head, point in zip(heads, points, strict=True)
        ]
        strips(sheet, [ax], list(xs), texts)

    marks = (
        [Mark("reference", reference[1], reference[0], axis="y", format=format)]
        if reference
        else []
    )
    plotted = Plotted(
        "cumulative_effect",
        [DATE, Field("value", Text("chart.so_far"), "value", format), *bounds_of("value", format)],
        [(point.date, point.value, point.low, point.high) for point in points],
        [*marks, *map(event_mark, events)],
        level if any(is_number(point.low) for point in points) else None,
    )
    return Chart(claim=claim, draw=draw, alt=alt, source=source, height=height, plotted=plotted)


def _unbroken(points: Sequence[SeriesPoint], holes: Collection[dt.date]) -> list[list[SeriesPoint]]:
    """Runs of points with no hole between two of them."""
    runs = [[points[0]]]
    for before, point in pairwise(points):
        if any(before.date < day <= point.date for day in holes):
            runs.append([])
        runs[-1].append(point)
    return runs


def _limits(
    points: Sequence[SeriesPoint], reference: tuple[float, Said] | None
) -> tuple[float, float]:
    """Zero, the values of the later half, and the bounds up to three times the last ones."""
    later = points[len(points) // 2 :]
    kept = [0.0, *(point.value for point in later)] + ([reference[0]] if reference else [])
    reach = [abs(b - later[-1].value) for b in (later[-1].low, later[-1].high) if is_number(b)]
    for point in points:
        for bound in (point.low, point.high, point.value):
            if is_number(bound) and reach and abs(bound - later[-1].value) <= 3 * max(reach):
                kept.append(bound)
    return extent([np.array(kept)])
