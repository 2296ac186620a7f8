"""The chart of a business review: six weeks at the left, twelve months at the right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import month_label, number_ticks, tick_labels, widest
from opsnb.analysis.display.charts._check import need, need_rows
from opsnb.analysis.display.charts._plot import x_axis, y_axis
from opsnb.analysis.display.charts._sheet import LINE, LINES, Entry, Sheet, wrapped
from opsnb.analysis.display.charts._time import Event, event_mark, extent, floats
from opsnb.analysis.display.charts._tips import at, rows_text, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import DATE, Field, Plotted
from opsnb.analysis.display.style import GRID, INK, MUTED, PAPER, SERIES, SIZE, SMALL, text_width
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text
from opsnb.base.page_parts import Mark

_BOX = 0.42


@dataclass(frozen=True)
class KpiSpan:
    """Weeks or months: this year's values, last year's, and targets where there are any.

    Each sequence has a value a date (the first day of the week or month), None where there
    is none; `before` and `target` may be empty. `end` is the last day of the last week or month.
    """

    dates: Sequence[dt.date]
    values: Sequence[float | None]
    before: Sequence[float | None] = ()
    target: Sequence[float | None] = ()
    end: dt.date | None = None

    @property
    def is_known(self) -> bool:
        """Whether any week or month has a value."""
        return bool(np.isfinite(floats(self.values)).any())

    def place(self, event: Event) -> tuple[int, int] | None:
        """The first and last week or month that an event touches; None where it lies outside."""
        first, last = event.start, event.end or event.start
        if last < self.dates[0] or first > (self.end or self.dates[-1]):
            return None
        at_or_before = [sum(date <= day for date in self.dates) - 1 for day in (first, last)]
        return max(at_or_before[0], 0), at_or_before[1]


def kpi_trend(
    weeks: KpiSpan,
    months: KpiSpan,
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "number",
    boxes: Sequence[tuple[Said, Said]] = (),
    events: Sequence[Event] = (),
    height: float = 2.7,
) -> Chart:
    """Weeks and months side by side with axes of their own; this year bold, last year faint.

    A span without any value is left out, and the other takes its place.

    Parameters
    ----------
    weeks, months : KpiSpan
        Usually six and twelve, the oldest first.
    format : str
        A name of `FORMATS` for both axes.
    boxes : sequence of (label, value)
        Numbers under the chart: last week, week on week, year on year, month to date, ...
    events : sequence of Event
        Marked at their weeks and months by their number, from 1 on, in this order; the source
        line is the place to say their names.

    Raises
    ------
    PublishError
        No value in either span, or values that do not fit the dates.
    """
    for span in (weeks, months):
        _check(span)
    known = [span for span in (weeks, months) if span.is_known]
    need(bool(known), "no week or month has a value", "kpi", "show an Absent part in its place")
    phone_rows = -(-len(boxes) // 3)

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        top = sheet.key(_key(weeks, months, language)) + 0.04
        rows = (phone_rows if sheet.is_narrow else 1) if boxes else 0
        bottom = rows * _BOX + (0.08 if rows else 0)
        if len(known) == 1:
            areas = [(0.0, top, 0.0, bottom)]
        elif sheet.is_narrow:
            half = (sheet.height - top - bottom) / 2
            areas = [(0.0, top, 0.0, bottom + half), (0.0, top + half, 0.0, bottom)]
        else:
            split = 0.37 * sheet.width
            areas = [
                (0.0, top, sheet.width - split + 0.12, bottom),
                (split + 0.06, top, 0.0, bottom),
            ]
        for span, area in zip(known, areas, strict=True):
            label = language.short_date if span is weeks else None
            name = language.text(f"chart.{'weeks' if label else 'months'}", n=len(span.dates))
            ax = _panel(sheet, span, name, label, area, format)
            _mark(sheet, ax, span, events)
        if boxes:
            _boxes(sheet, boxes, sheet.height - rows * _BOX, 3 if sheet.is_narrow else len(boxes))

    extra = _BOX + 0.08 if boxes else 0.0
    phone_extra = phone_rows * _BOX + 0.08 if boxes else 0.0
    return Chart(
        claim=claim,
        draw=draw,
        alt=alt,
        source=source,
        height=height + extra,
        phone_height=1.75 * height + phone_extra,
        plotted=_plotted(weeks, months, format, boxes, events),
    )


def _plotted(
    weeks: KpiSpan,
    months: KpiSpan,
    format: str,
    boxes: Sequence[tuple[Said, Said]],
    events: Sequence[Event],
) -> Plotted:
    """Weeks, then months, the first column saying which."""
    both = ((weeks, "chart.weeks"), (months, "chart.months"))
    spans = [(span, name) for span, name in both if span.is_known]
    return Plotted(
        "kpi_trend",
        [
            Field("span", None, "category"),
            DATE,
            Field("value", Text("chart.this_year"), "value", format),
            Field("before", Text("chart.last_year"), "value", format),
            Field("target", Text("chart.target"), "target", format, of="value"),
        ],
        [
            (
                Text.of(name, n=len(span.dates)), date,
                at(span.values, n), at(span.before, n), at(span.target, n),
            )
            for span, name in spans
            for n, date in enumerate(span.dates)
        ],
        [*map(event_mark, events), *(Mark("number", label, text=value) for label, value in boxes)],
    )  # fmt: skip


def _panel(
    sheet: Sheet,
    span: KpiSpan,
    name: str,
    label: Callable[[dt.date], str] | None,
    area: tuple[float, float, float, float],
    format: str,
) -> Axes:
    """One span in an area given by its margins (left, top, right, bottom)."""
    left, top, right, bottom = area
    ticks = number_ticks(*extent([floats(v) for v in (span.values, span.before, span.target)]), 4)
    labels = tick_labels(ticks, sheet.language, format)
    inset = widest(labels) + 0.12
    index, last = _last(span)
    shown = sheet.language.format(last, format)
    room = text_width(shown, SMALL, True) + 0.06
    sheet.text(left + 0.02, top + LINE / 2, name, colour=MUTED)
    ax = sheet.panel(left + inset, top + LINE + 0.16, right + room, bottom + 2 * LINE + 0.12)
    y_axis(sheet, ax, ticks, labels)
    count = len(span.dates)
    ax.set_xlim(-0.35, count - 0.75)
    texts = _names(span, label, sheet, sheet.width - left - inset - right - room)
    x_axis(sheet, ax, range(count), texts, hug=False)
    xs = np.arange(count)
    if len(span.before):
        ax.plot(xs, floats(span.before), color=SERIES[2], linewidth=1.4, linestyle=LINES["dashed"])
    ax.plot(
        xs, floats(span.values), color=SERIES[0], linewidth=2.3, marker="o", markersize=4.5,
        markeredgewidth=0,
    )  # fmt: skip
    if len(span.target):
        ax.plot(
            xs, floats(span.target), linestyle="none", marker="^", markersize=5.5,
            markerfacecolor=PAPER, markeredgecolor=INK, markeredgewidth=1.1, zorder=4,
        )  # fmt: skip
    _tips(sheet, ax, span, label, format)
    x, y = sheet.place(ax, index, last)
    sheet.text(x + 0.09, y, shown, bold=True)
    return ax


def _mark(sheet: Sheet, ax: Axes, span: KpiSpan, events: Sequence[Event]) -> None:
    """The numbers of events above their weeks or months, those of one together."""
    numbers: dict[float, list[str]] = {}
    for number, event in enumerate(events, 1):
        place = span.place(event)
        if place is not None:
            numbers.setdefault(sum(place) / 2, []).append(str(number))
            ax.axvspan(place[0] - 0.12, place[1] + 0.12, color=GRID, alpha=0.7, zorder=0.5)
    y = (1 - ax.get_position().y1) * sheet.height - 0.07
    for x, own in numbers.items():
        sheet.text(sheet.place(ax, x, 0)[0], y, " ".join(own), colour=MUTED, align="center")


def _tips(
    sheet: Sheet,
    ax: Axes,
    span: KpiSpan,
    label: Callable[[dt.date], str] | None,
    format: str,
) -> None:
    """This year, last year and the target of each week or month."""
    language = sheet.language
    names = [language.text(f"chart.{name}") for name in ("this_year", "last_year", "target")]
    texts = []
    for n, date in enumerate(span.dates):
        head = label(date) if label else language.format(date, "month")
        values = (at(span.values, n), at(span.before, n), at(span.target, n))
        rows = [(name, value, None, None) for name, value in zip(names, values, strict=True)]
        texts.append(rows_text(head, rows, language, format))
    strips(sheet, [ax], list(range(len(span.dates))), texts)


def _names(
    span: KpiSpan, label: Callable[[dt.date], str] | None, sheet: Sheet, width: float
) -> list[str]:
    """Names of the dates; every second or third where they would touch, the last always."""
    language, count = sheet.language, len(span.dates)
    name = label or (lambda date: month_label(date, language, with_year=False))
    wide = widest([name(date) for date in span.dates]) + 0.08
    step = next(n for n in range(1, count + 1) if wide <= width / count * n or n == count)
    shown = [n for n in range(count) if (count - 1 - n) % step == 0]
    texts = [""] * count
    year = None
    for index in shown:
        date = span.dates[index]
        texts[index] = (
            name(date) if label else month_label(date, language, with_year=date.year != year)
        )
        year = date.year
    return texts


def _last(span: KpiSpan) -> tuple[int, float]:
    """The last known value and its place."""
    values = floats(span.values)
    index = int(np.flatnonzero(np.isfinite(values))[-1])
    return index, float(values[index])


def _boxes(sheet: Sheet, boxes: Sequence[tuple[Said, Said]], top: float, columns: int) -> None:
    """Labels over their values, in columns of equal width."""
    width = sheet.width / columns
    for index, (label, value) in enumerate(boxes):
        x = (index % columns) * width + 0.04
        y = top + (index // columns) * _BOX
        name = wrapped(sheet.language.say(label), width - 0.1, size=SMALL, lines=1)
        sheet.text(x, y + 0.1, name, colour=MUTED)
        sheet.text(x, y + 0.28, sheet.language.say(value), size=SIZE, bold=True)


def _key(weeks: KpiSpan, months: KpiSpan, language: Language) -> list[Entry]:
    entries = [Entry("line", SERIES[0], language.text("chart.this_year"))]
    if len(weeks.before) or len(months.before):
        entries.append(Entry("dashed", SERIES[2], language.text("chart.last_year")))
    if len(weeks.target) or len(months.target):
        entries.append(Entry("triangle", INK, language.text("chart.target")))
    return entries


def _check(span: KpiSpan) -> None:
    need_rows(span.dates, "kpi")
    for values in (span.values, span.before, span.target):
        need(
            len(values) == len(span.dates) or (values is not span.values and not len(values)),
            f"{len(span.dates)} dates and {len(values)} values",
            "kpi",
            "give one a date, None where there is none",
        )
