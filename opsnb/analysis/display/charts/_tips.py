"""Spots of a chart that say their numbers when pointed at or touched.

They repeat what the drawing shows; whoever has no pointer finds it in the alt text, the labels
and the tables.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from opsnb.analysis.display.charts._check import is_number
from opsnb.analysis.display.charts._sheet import Sheet
from opsnb.analysis.display.svg import Spot
from opsnb.base.messages import Language

_NARROWEST = 0.022
"""Inches; thinner strips cannot be hit."""

Row = tuple[str, float | None, float | None, float | None]
"""Label, value, and the ends of its interval where it has one."""


def strips(sheet: Sheet, axes: Sequence[Axes], xs: Sequence[float], texts: Sequence[str]) -> None:
    """A strip around each x, from the top of the first axes to the bottom of the last."""
    pairs = sorted((x, text) for x, text in zip(xs, texts, strict=True) if text)
    if not pairs:
        return
    inches = [sheet.place(axes[0], x, 0)[0] for x, _ in pairs]
    box, last = axes[0].get_position(), axes[-1].get_position()
    first, end = box.x0 * sheet.width, box.x1 * sheet.width
    if (end - first) / len(pairs) < _NARROWEST:
        return
    top, bottom = (1 - box.y1) * sheet.height, (1 - last.y0) * sheet.height
    middles = [(a + b) / 2 for a, b in pairwise(inches)]
    reach = max((b - a for a, b in pairwise(inches)), default=end - first) / 2
    lefts = [max(inches[0] - reach, 0), *middles]
    rights = [*middles, min(inches[-1] + reach, sheet.width)]
    for left, right, (_, text) in zip(lefts, rights, pairs, strict=True):
        sheet.figure.spots.append(Spot(left, top, right - left, bottom - top, text))


def dots(sheet: Sheet, ax: Axes, points: Iterable[tuple[float, float, str]]) -> None:
    """A square around each point."""
    for x, y, text in points:
        left, top = sheet.place(ax, x, y)
        sheet.figure.spots.append(Spot(left - 0.1, top - 0.1, 0.2, 0.2, text))


def rows_text(head: str, rows: Iterable[Row], language: Language, format: str) -> str:
    """A head and a line a known value; nothing where no value is known."""
    lines = []
    for label, value, low, high in rows:
        if not is_number(value):
            continue
        said = language.format(value, format)
        if is_number(low) and is_number(high):
            said = language.text(
                "chart.tip_interval",
                value=said,
                low=language.format(low, format),
                high=language.format(high, format),
            )
        lines.append(language.text("chart.tip_row", label=label, value=said))
    return "\n".join([head, *lines]) if lines else ""


def day_texts(
    dates: Sequence[dt.date],
    observed: Sequence[float | None],
    expected: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    names: tuple[str, str],
    language: Language,
    format: str,
) -> list[str]:
    """What was observed and what was expected, with its range, on each date."""
    return [
        rows_text(
            head,
            [
                (names[0], at(observed, n), None, None),
                (names[1], at(expected, n), at(low, n), at(high, n)),
            ],
            language,
            format,
        )
        for n, head in enumerate(date_names(dates, language))
    ]


def date_names(dates: Sequence[dt.date], language: Language) -> list[str]:
    """Days by their date; firsts of months, where there is nothing else, by the month's name."""
    gaps = [(b - a).days for a, b in pairwise(sorted(dates))]
    monthly = bool(gaps) and min(gaps) >= 28 and all(date.day == 1 for date in dates)
    return [language.format(date, "month" if monthly else "date") for date in dates]


def at(values: Sequence[float | None], index: int) -> float | None:
    """The value at a place, None where there is none."""
    if index >= len(values):
        return None
    value = values[index]
    return None if value is None or not math.isfinite(value) else float(value)
