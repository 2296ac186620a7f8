"""Ticks in the reader's language: numbers in one unit an axis, dates that do not collide."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence

import numpy as np
from babel import dates as babel_dates
from babel import numbers as babel_numbers
from matplotlib.ticker import MaxNLocator

from opsnb.analysis.display.style import SMALL, text_width
from opsnb.base.messages import Language


def number_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that enclose low to high."""
    if not high > low:
        low, high = low - (abs(low) or 1) * 0.1, high + (abs(high) or 1) * 0.1
    locator = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2)
    # Rounded so that 0.30000000000000004 is 0.3.
    return [float(f"{value:.12g}") for value in locator.tick_values(low, high)]


def tick_labels(values: Sequence[float], language: Language, spec: str) -> list[str]:
    """The labels of an axis: as many digits as the step needs, one unit for all."""
    biggest = max((abs(value) for value in values), default=0.0)
    step = min((b - a for a, b in itertools.pairwise(values)), default=biggest or 1)
    scale, suffix = _unit(biggest, language, spec)
    digits = _digits(step / scale)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    labels = []
    for value in values:
        shown = pattern if value or scale <= 1 else "0"
        size = abs(round(value / scale, digits))
        body = (
            babel_numbers.format_decimal(size, shown, locale=language.locale)
            if size < _MOST
            else f"{size:.3g}"
        )
        sign = "−" if value < 0 else "+" if value > 0 and spec in _SIGNED else ""
        unit = suffix if value or scale < 1 else ""
        labels.append(sign + _money_sign(language, spec) + body + unit)
    return labels


_MOST = 1e15
"""Babel writes digits one by one, and floats have no more of them."""

_SIGNED = {"signed_percent", "signed_money", "signed_number", "points"}


def _unit(biggest: float, language: Language, spec: str) -> tuple[float, str]:
    if spec in ("percent", "signed_percent", "points"):
        return 0.01, "%" if spec != "points" else language.text("chart.points_unit")
    if spec == "factor":
        return 1.0, "×"
    if language.code == "zh":
        steps = [(1e8, "亿"), (1e5, "万")]
    else:
        steps = [(1e9, "bn"), (1e6, "m"), (1e5, "k")]
    for start, suffix in steps:
        if biggest >= start:
            return {"亿": 1e8, "万": 1e4, "bn": 1e9, "m": 1e6, "k": 1e3}[suffix], suffix
    return 1.0, ""


def _digits(step: float) -> int:
    """Digits after the point that tell two ticks apart."""
    for digits in range(7):
        if math.isclose(step * 10**digits, round(step * 10**digits), abs_tol=1e-6):
            return digits
    return 6


def _money_sign(language: Language, spec: str) -> str:
    if spec not in ("money", "signed_money", "exact_money"):
        return ""
    return language.currency_sign


def widest(labels: Sequence[str], size: float = SMALL) -> float:
    """Inches that the widest label takes."""
    return max((text_width(line, size) for text in labels for line in text.split("\n")), default=0)


def days(dates: Sequence[dt.date]) -> np.ndarray:
    """Dates as day numbers, as matplotlib counts them (days since 1970-01-01)."""
    return np.array([day_number(date) for date in dates], dtype=float)


def day_number(date: dt.date) -> float:
    """Days since 1970-01-01."""
    return float((date.date() if isinstance(date, dt.datetime) else date).toordinal() - _EPOCH)


_EPOCH = dt.date(1970, 1, 1).toordinal()


def date_ticks(
    start: dt.date, end: dt.date, language: Language, width: float
) -> tuple[list[float], list[str]]:
    """Day numbers and labels for an axis of `width` inches; the year where it changes."""
    span = (end - start).days
    if span <= 75:
        room = max(2, int(width / (widest([language.short_date(dt.date(2026, 12, 28))]) + 0.22)))
        step = next(n for n in (1, 2, 3, 7, 14, 21, 28, 42) if span / n <= room - 0.5 or n == 42)
        dates = [start + dt.timedelta(days=n) for n in range(0, span + 1, step)]
        return [day_number(date) for date in dates], [language.short_date(d) for d in dates]
    room = max(2, int(width / (widest([_month_name(dt.date(2026, 12, 1), language)]) + 0.2)))
    months = _months(start, end)
    step = next(n for n in (1, 2, 3, 6, 12, 24, 60, 120) if len(months) / n <= room or n == 120)
    if step > 1:
        months = [m for m in months if (m.month - 1) % min(step, 12) == 0] or months[:1]
    if step > 12:
        months = [m for m in months if m.year % (step // 12) == 0] or months[:1]
    labels = []
    for index, month in enumerate(months):
        new_year = index == 0 or month.year != months[index - 1].year
        labels.append(month_label(month, language, with_year=new_year))
    return [day_number(month) for month in months], labels


def _months(start: dt.date, end: dt.date) -> list[dt.date]:
    first = start.replace(day=1)
    count = (end.year - first.year) * 12 + end.month - first.month + 1
    months = [
        dt.date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1)
        for n in range(count)
    ]
    return [month for month in months if month >= start]


def month_label(month: dt.date, language: Language, *, with_year: bool) -> str:
    """A month's short name, with the year on a second line where it is new."""
    year = f"\n{_year(month, language)}" if with_year else ""
    return _month_name(month, language) + year


def _month_name(month: dt.date, language: Language) -> str:
    pattern = "M月" if language.code == "zh" else "MMM"
    return babel_dates.format_date(month, pattern, locale=language.locale)


def _year(month: dt.date, language: Language) -> str:
    return f"{month.year}年" if language.code == "zh" else str(month.year)


def has_years(labels: Sequence[str]) -> bool:
    """Whether a date axis needs a second line."""
    return any("\n" in label for label in labels)
