"""Observed against expected, and the difference below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from opsnb.analysis.display.charts._axes import days, number_ticks, tick_labels, widest
from opsnb.analysis.display.charts._check import need, need_rows
from opsnb.analysis.display.charts._sheet import DASHES, LINE, Entry, Sheet, zero_line
from opsnb.analysis.display.charts._time import (
    Event,
    event_mark,
    event_room,
    extent,
    floats,
    time_panel,
)
from opsnb.analysis.display.charts._tips import day_texts, strips
from opsnb.analysis.display.figures import Chart
from opsnb.analysis.display.grid import Plotted, expected_fields
from opsnb.analysis.display.style import INK, MUTED, SERIES, SMALL
from opsnb.analysis.display.svg import Drawing
from opsnb.base.messages import Language, Said, Text


def counterfactual(
    dates: Sequence[dt.date],
    observed: Sequence[float | None],
    expected: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    claim: Said,
    alt: Said,
    source: Said,
    format: str = "number",
    level: float = 0.95,
    events: Sequence[Event] = (),
    expected_label: Said | None = None,
    difference_label: Said | None = None,
    height: float = 3.9,
) -> Chart:
    """What happened against what was expected, day by day, with the difference below.

    Parameters
    ----------
    dates, observed, expected, low, high : sequences of equal length
        Expected values and their band; None where there is none (before the window).
    format : str
        A name of `FORMATS` for the upper axis; the difference takes the same unit.
    level : float
        Confidence of the band, as the key names it.
    events : sequence of Event
        The campaign's window, shaded in both panels, and its phases.
    expected_label : Said, optional
        The expected line's name; "Expected without it" when not given.
    difference_label : Said, optional
        What the lower panel shows; "Difference a day" when not given.

    Raises
    ------
    PublishError
        No dates, or sequences of unequal length.
    """
    need_rows(dates, "counterfactual")
    for name, values in (
        ("observed", observed), ("expected", expected), ("low", low), ("high", high)
    ):  # fmt: skip
        need(
            len(values) == len(dates),
            f"{len(dates)} dates and {len(values)} values of {name}",
            "counterfactual",
            "give one a date, None where there is none",
        )
    seen, mean, least, most = floats(observed), floats(expected), floats(low), floats(high)
    xs = days(dates)
    has_band = bool(np.isfinite(most - least).any())

    def draw(figure: Drawing, language: Language) -> None:
        sheet = Sheet(figure, language)
        start, end = min(dates), max(dates)
        signed = _SIGNED.get(format, "signed_number")
        # With a band, days far outside it (which taught nothing) must not set the scale.
        shown = [seen - most, seen - least] if has_band else [seen - mean]
        difference = extent([*shown, np.zeros(1)])
        upper = extent([seen, mean, least, most])
        left = max(
            _labels_wide(upper, format, language, 4), _labels_wide(difference, signed, language, 3)
        )
        top = sheet.key(_key(expected_label, level if has_band else None, language)) + 0.05
        names = event_room(sheet, events, start, end, left, right=0.08)
        plot = sheet.height - top - names - 2 * LINE - 0.58
        lower_top = top + names + plot * 0.62 + LINE + 0.18
        above = time_panel(
            sheet, start=start, end=end, limits=upper, format=format, top=top, left=left,
            right=0.08, bottom=sheet.height - (lower_top - LINE - 0.12), events=events, dates=False,
        )  # fmt: skip
        _band(above, xs, least, most)
        above.plot(xs, mean, color=SERIES[1], linewidth=1.6, linestyle=DASHES)
        above.plot(xs, seen, color=INK, linewidth=1.8)
        sheet.text(
            0.02, lower_top - LINE / 2 - 0.01,
            language.say(difference_label or Text("chart.difference")), colour=MUTED,
        )  # fmt: skip
        below = time_panel(
            sheet, start=start, end=end, limits=difference, format=signed, top=lower_top + 0.09,
            left=left, right=0.08, bottom=0.0, events=events, named=False, count=3,
        )  # fmt: skip
        _band(below, xs, seen - most, seen - least)
        zero_line(below)
        below.plot(xs, seen - mean, color=SERIES[0], linewidth=1.6)
        without = language.say(expected_label or Text("chart.expected"))
        said = (language.text("chart.observed"), without)
        texts = day_texts(dates, observed, expected, low, high, said, language, format)
        strips(sheet, [above, below], list(xs), texts)

    without = expected_label or Text("chart.expected")
    plotted = Plotted(
        "counterfactual",
        expected_fields(format, without),
        list(zip(dates, observed, expected, low, high, strict=True)),
        list(map(event_mark, events)),
        level if has_band else None,
    )
    return Chart(claim=claim, draw=draw, alt=alt, source=source, height=height, plotted=plotted)


_SIGNED = {
    "money": "signed_money",
    "exact_money": "signed_money",
    "percent": "points",
    "signed_percent": "points",
}


def _band(ax: Axes, xs: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    ax.fill_between(xs, low, high, color=SERIES[1], alpha=0.22, linewidth=0)


def _labels_wide(limits: tuple[float, float], format: str, language: Language, count: int) -> float:
    return widest(tick_labels(number_ticks(*limits, count=count), language, format), SMALL) + 0.1


def _key(expected_label: Said | None, level: float | None, language: Language) -> list[Entry]:
    """The lines, and the band where there is one."""
    expected = language.say(expected_label or Text("chart.expected"))
    entries = [
        Entry("line", INK, language.text("chart.observed")),
        Entry("dashed", SERIES[1], expected),
    ]
    if level is not None:
        entries.append(Entry("band", SERIES[1], language.text("chart.band", level=100 * level)))
    return entries
