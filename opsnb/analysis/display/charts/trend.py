"""A line over time, with comparisons, targets, events and an interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import days
from opsnb.analysis.display.charts._check import need, need_rows
from opsnb.analysis.display.charts._sheet import LINES, Entry, Sheet, Sign, wrapped, zero_line
from opsnb.analysis.display.charts._time import (
    EndLabel,
    Event,
    Series,
    draw_end_labels,
    end_room,
    event_mark,
    extent,
    floats,
    time_panel,
)
from opsnb.analysis.display.charts._tips import Row, at, date_names, rows_text, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import DATE, Field, Plotted, bounds_of, column_id
from opsnb.analysis.display.style import INK, PAPER, SERIES, SMALL
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said

_STYLES: tuple[tuple[str, Sign, float], ...] = (
    (SERIES[0], "line", 2.2),
    (SERIES[1], "dashed", 1.6),
    (SERIES[2], "line", 1.5),
    (SERIES[2], "dotted", 1.5),
)


def trend(
    series: Series | Sequence[Series],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "number",
    target: Series | None = None,
    level: float = 0.95,
    events: Sequence[Event] = (),
    from_zero: bool = False,
    height: float = 2.9,
) -> Chart:
    """One to four lines over days, weeks or months; the first is the subject.

    Parameters
    ----------
    series : Series or sequence of Series
        The first strong, the others as comparisons. Its `low` and `high` draw a band.
    format : str
        A name of `FORMATS` for the axis and the last values.
    target : Series, optional
        Triangles at its dates.
    level : float
        Confidence of the band, as the key names it.
    events : sequence of Event
        Days or spans with a name above the plot.
    from_zero : bool
        Whether the axis must hold zero.

    Raises
    ------
    PublishError
        No values, more than four lines, or dates and values of unequal length.
    """
    lines = [series] if isinstance(series, Series) else list(series)
    _check(lines, "trend")
    marks = [target] if target else []
    every = [date for line in lines + marks for date in line.dates]
    start, end = min(every), max(every)
    inside = [e for e in events if e.start <= end and (e.end or e.start) >= start]

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        ends = [_end(line, index, format, language) for index, line in enumerate(lines)]
        limits = extent(
            [
                floats(values)
                for line in lines + marks
                for values in (line.values, line.low, line.high)
            ]
            + ([np.zeros(1)] if from_zero else [])
        )
        top = sheet.key(_key(lines, target, level, sheet))
        ax = time_panel(
            sheet,
            start=start,
            end=end,
            limits=limits,
            format=format,
            top=top + 0.05,
            bottom=0.0,
            right=end_room(sheet, ends),
            events=inside,
        )
        if ax.get_ylim()[0] < 0 < ax.get_ylim()[1]:
            zero_line(ax)
        for index, line in reversed(list(enumerate(lines))):
            draw_line(ax, line, *_STYLES[index])
        if target:
            draw_targets(ax, target)
        draw_end_labels(sheet, ax, ends)
        _tips(sheet, ax, lines, target, format)

    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=height,
        plotted=_plotted(lines, target, format, level, inside),
    )


def _plotted(
    lines: Sequence[Series],
    target: Series | None,
    format: str,
    level: float,
    events: Sequence[Event],
) -> Plotted:
    """A row a date of any line; the first line's columns have the plain names."""
    fields = [DATE]
    held: list[dict[dt.date, float | None]] = []
    for number, line in enumerate(lines):
        name = column_id("value", number)
        fields += [Field(name, line.label, "value", format)]
        held.append(dict(zip(line.dates, line.values, strict=True)))
        if line.low and line.high:
            fields += bounds_of(name, format, f"{name}_" if number else "")
            held += [dict(zip(line.dates, side, strict=True)) for side in (line.low, line.high)]
    if target:
        fields.append(Field("target", target.label, "target", format, of="value"))
        held.append(dict(zip(target.dates, target.values, strict=True)))
    dates = sorted({date for values in held for date in values})
    banded = any(line.low and line.high for line in lines)
    return Plotted(
        "trend",
        fields,
        [(date, *(values.get(date) for values in held)) for date in dates],
        list(map(event_mark, events)),
        level if banded else None,
    )


def _tips(
    sheet: Sheet, ax: Axes, lines: Sequence[Series], target: Series | None, format: str
) -> None:
    """Each date of the lines, with the value of every line on it."""
    language = sheet.language
    known: dict[dt.date, list[Row]] = {}
    for line in [*lines, *([target] if target else [])]:
        label = language.say(line.label)
        for n, date in enumerate(line.dates):
            row = (label, at(line.values, n), at(line.low, n), at(line.high, n))
            known.setdefault(date, []).append(row)
    dates = sorted(known)
    heads = date_names(dates, language)
    texts = [rows_text(h, known[d], language, format) for h, d in zip(heads, dates, strict=True)]
    strips(sheet, [ax], [float(x) for x in days(dates)], texts)


def draw_line(ax: Axes, line: Series, colour: str, sign: Sign, width: float) -> None:
    """A line, its interval if it has one, and dots where it has few or lone values."""
    xs, ys = days(line.dates), floats(line.values)
    if line.low and line.high:
        ax.fill_between(
            xs, floats(line.low), floats(line.high), color=colour, alpha=0.18, linewidth=0
        )
    few = len(xs) <= 14
    ax.plot(
        xs,
        ys,
        color=colour,
        linestyle=LINES[sign],
        linewidth=width,
        marker="o" if few or _has_lone_value(ys) else None,
        markersize=width * 1.8 if few else 2.5,
        markeredgewidth=0,
        zorder=3,
        clip_on=False,
    )


def draw_targets(ax: Axes, target: Series) -> None:
    """Targets as triangles."""
    ax.plot(
        days(target.dates), floats(target.values), linestyle="none", marker="^", markersize=5.5,
        markerfacecolor=PAPER, markeredgecolor=INK, markeredgewidth=1.1, zorder=4, clip_on=False,
    )  # fmt: skip


def _has_lone_value(values: np.ndarray) -> bool:
    """Whether some value has no neighbour to be joined with."""
    held = np.concatenate([[False], np.isfinite(values), [False]])
    return bool((held[1:-1] & ~held[:-2] & ~held[2:]).any())


def _end(line: Series, index: int, format: str, language: Language) -> EndLabel:
    last = next(
        value for value in reversed(line.values) if value is not None and np.isfinite(value)
    )
    return EndLabel(
        last,
        wrapped(language.say(line.label), 1.6, size=SMALL, lines=1),
        language.format(last, format),
        _STYLES[index][0],
        strong=index == 0,
    )


def _key(lines: Sequence[Series], target: Series | None, level: float, sheet: Sheet) -> list[Entry]:
    language = sheet.language
    entries = []
    if sheet.is_narrow:
        entries = [
            Entry(_STYLES[index][1], _STYLES[index][0], language.say(line.label))
            for index, line in enumerate(lines)
        ]
    if any(line.low and line.high for line in lines):
        entries.append(Entry("band", SERIES[0], language.text("chart.band", level=100 * level)))
    if target:
        entries.append(Entry("triangle", INK, language.say(target.label)))
    return entries


def _check(lines: Sequence[Series], chart: str) -> None:
    need_rows(lines, chart)
    need(len(lines) <= 4, f"{len(lines)} lines cannot be told apart", chart, "show at most four")
    for line in lines:
        for name, values in (("values", line.values), ("low", line.low), ("high", line.high)):
            need(
                len(values) == len(line.dates) or (name != "values" and len(values) == 0),
                f"a line has {len(line.dates)} dates and {len(values)} {name}",
                chart,
                "give one a date",
            )
        need(
            bool(np.isfinite(floats(line.values)).any()),
            "a line has no value",
            chart,
            "show an Absent part in its place",
        )
