"""A daily series in its expected range, with the days that left it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import day_number, days
from opsnb.analysis.display.charts._check import need, need_rows
from opsnb.analysis.display.charts._sheet import DASHES, LINE, Box, Entry, Sheet, is_free, text_box
from opsnb.analysis.display.charts._time import Event, event_mark, extent, floats, time_panel
from opsnb.analysis.display.charts._tips import day_texts, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import Field, Plotted, expected_fields
from opsnb.analysis.display.style import INK, SERIES, SMALL, WARN, text_width
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text


def anomaly_timeline(
    dates: Sequence[dt.date],
    observed: Sequence[float | None],
    expected: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    flagged: Sequence[dt.date],
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "number",
    events: Sequence[Event] = (),
    height: float = 3.1,
) -> Chart:
    """Days that left their expected range, marked by a triangle and dated.

    Parameters
    ----------
    dates, observed, expected, low, high : sequences of equal length
        In order of time; None where there is none.
    flagged : sequence of date
        Days to mark; each must be one of `dates` with an observed value.
    events : sequence of Event
        Known days and spans, named above the plot.

    Raises
    ------
    PublishError
        No dates, sequences of unequal length, or a flagged day without a value.
    """
    need_rows(dates, "anomaly")
    for values in (observed, expected, low, high):
        need(
            len(values) == len(dates),
            f"{len(dates)} dates and {len(values)} values",
            "anomaly",
            "give one a date, None where there is none",
        )
    seen, mean, least, most = floats(observed), floats(expected), floats(low), floats(high)
    place = {date: index for index, date in enumerate(dates)}
    for day in flagged:
        known = day in place and bool(np.isfinite(seen[place[day]]))
        need(known, f"the flagged day {day} has no value", "anomaly", "flag days of the series")
    inside = [e for e in events if e.start <= dates[-1] and (e.end or e.start) >= dates[0]]
    marks = [(day, float(seen[place[day]]), _is_above(place[day], seen, mean)) for day in flagged]
    runs = _runs(sorted(marks))

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = sheet.key(_key(marks, language)) + 0.05
        bottom, ceiling = extent([seen, least, most])
        # Room for the dates above the highest and below the lowest mark.
        room = 0.16 * (ceiling - bottom)
        ceiling += room if any(above for *_, above in marks) else 0
        bottom -= room if any(not above for *_, above in marks) else 0
        ax = time_panel(
            sheet, start=dates[0], end=dates[-1], limits=(bottom, ceiling), format=format,
            top=top, bottom=0.0, right=0.1, events=inside,
        )  # fmt: skip
        xs = days(dates)
        ax.fill_between(xs, least, most, color=SERIES[1], alpha=0.22, linewidth=0)
        ax.plot(xs, mean, color=SERIES[1], linewidth=1.1, linestyle=DASHES)
        ax.plot(xs, seen, color=INK, linewidth=1.5)
        for day, value, above in marks:
            ax.plot(
                day_number(day), value, linestyle="none", marker="^" if above else "v",
                markersize=7, color=WARN, markeredgewidth=0, zorder=4,
            )  # fmt: skip
        _label(sheet, ax, runs)
        names = (language.text("chart.observed"), language.text("chart.expected_range"))
        texts = day_texts(dates, observed, expected, low, high, names, language, format)
        strips(sheet, [ax], list(xs), texts)

    columns = (dates, observed, expected, low, high, [day in flagged for day in dates])
    plotted = Plotted(
        "anomalies",
        [
            *expected_fields(format, Text("chart.expected_range")),
            Field("flagged", Text("chart.flagged"), "mark"),
        ],
        list(zip(*columns, strict=True)),
        list(map(event_mark, inside)),
    )
    return Chart(claim=claim, draw=draw, alt=alt, source=source, height=height, plotted=plotted)


Mark = tuple[dt.date, float, bool]


def _is_above(index: int, seen: np.ndarray, mean: np.ndarray) -> bool:
    return bool(seen[index] >= (mean[index] if np.isfinite(mean[index]) else np.nanmedian(seen)))


def _runs(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Marks on days in a row and on one side share a label."""
    runs: list[list[Mark]] = []
    for mark in marks:
        joins = runs and (mark[0] - runs[-1][-1][0]).days == 1 and runs[-1][-1][2] == mark[2]
        if joins:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    return runs


def _label(sheet: Sheet, ax: Axes, runs: Sequence[list[Mark]]) -> None:
    """Dates beyond the outermost mark of each run, farther out where two would touch.

    A date that finds no place within the plot is left out.
    """
    language, place = sheet.language, ax.get_position()
    top, bottom = (1 - place.y1) * sheet.height, (1 - place.y0) * sheet.height
    taken: list[Box] = []
    for run in runs:
        above = run[0][2]
        first, last = language.short_date(run[0][0]), language.short_date(run[-1][0])
        text = first if len(run) == 1 else f"{first}–{last}"
        outermost = (max if above else min)(value for _, value, _ in run)
        middle = (day_number(run[0][0]) + day_number(run[-1][0])) / 2
        x, y = sheet.place(ax, middle, outermost)
        wide = text_width(text, SMALL)
        left = min(max(x - wide / 2, 0.02), sheet.width - wide - 0.02)
        for lane in range(4):
            down = y + (-1 if above else 1) * (0.15 + lane * LINE)
            box = text_box(left, down, text)
            if top <= down <= bottom - 0.06 and is_free(box, taken):
                sheet.text(left, down, text)
                taken.append(box)
                break


def _key(marks: Sequence[Mark], language: Language) -> list[Entry]:
    entries = [
        Entry("line", INK, language.text("chart.observed")),
        Entry("band", SERIES[1], language.text("chart.expected_range")),
    ]
    sides = {above for *_, above in marks}
    if True in sides:
        entries.append(Entry("up", WARN, language.text("chart.flagged_above")))
    if False in sides:
        entries.append(Entry("down", WARN, language.text("chart.flagged_below")))
    return entries
