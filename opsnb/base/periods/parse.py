"""What people write for a period, and what they probably meant."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from opsnb.base.errors import PeriodError
from opsnb.base.periods.period import Calendar, Kind, Period, containing, latest, week_of, weeks_in

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
"""Days outside are typing mistakes; inside, each day has a week, month and year around it."""

_EXAMPLES = "write it as 2026-10, 2026-W44, 2026-Q4, 2026, 2026-10-05 or 2026-10-01..2026-10-08"
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "week": re.compile(r"(\d{4})-[Ww](\d{1,2})"),
    "quarter": re.compile(r"(\d{4})-[Qq](\d)"),
    "year": re.compile(r"(\d{4})"),
    "day": re.compile(r"(\d{4}-\d{2}-\d{2})"),
    "range": re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})"),
}


def parse(
    text: str,
    fiscal_month_start: int = 1,
    *,
    week_start: Literal["monday", "sunday"] = "monday",
    kind: Kind | None = None,
    as_of: dt.date | None = None,
    reached: dt.date | None = None,
) -> Period:
    """The period a text names.

    Parameters
    ----------
    text : str
        `2026-10`, `2026-W44`, `2026-Q4`, `2026`, `2026-10-05`, `2026-10-01..2026-10-08`;
        with `kind` and `as_of` also `latest`.
    kind, as_of
        What `latest` means: the last period of that kind that was over before that day.
    reached : date, optional
        The last day that the data hold; `latest` does not name a period beyond it.

    Raises
    ------
    PeriodError
        The text names no period.

    Examples
    --------
    >>> quarter = parse("2026-Q4")
    >>> quarter.start, quarter.end, quarter.days
    (datetime.date(2026, 10, 1), datetime.date(2026, 12, 31), 92)
    >>> parse("2026-W44").previous().key
    '2026-W43'
    >>> parse("latest", kind="month", as_of=dt.date(2026, 11, 16)).key
    '2026-10'
    """
    calendar = Calendar(fiscal_month_start, week_start)
    said = str(text).strip()
    if said.lower() == "latest":
        if kind is None or as_of is None:
            raise PeriodError(
                '"latest" needs a kind of period and a day to count from',
                where="cycle",
                hint=_EXAMPLES,
            )
        return latest(kind, as_of, calendar, reached=reached)
    for known, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(said):
            return _named(known, match.groups(), calendar, said)
    raise PeriodError(f'"{said}" is no period', where="cycle", hint=_likely(said))


def kind_of(key: str) -> Kind | None:
    """The kind of cycle that a key names; None for one that names none, such as `undated`."""
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(key)), None)


def _named(kind: Kind, parts: tuple[str, ...], calendar: Calendar, said: str) -> Period:
    years = [int(part[:4]) for part in (parts if kind == "range" else parts[:1])]
    if not all(EARLIEST.year <= year <= LATEST.year for year in years):
        raise PeriodError(
            f'"{said}" is no period between {EARLIEST.year} and {LATEST.year}',
            where="cycle",
            hint=f"check the year; {_EXAMPLES}",
        )
    try:
        if kind in ("day", "range"):
            days = [dt.date.fromisoformat(part) for part in parts]
            return Period(kind, days[0], days[-1], calendar)
        year, number = int(parts[0]), int(parts[-1])
        if kind == "week":
            return week_of(year, number, calendar)
        if kind == "month":
            return containing("month", dt.date(year, number, 1), calendar)
        if kind == "quarter" and number not in (1, 2, 3, 4):
            raise ValueError("quarters are Q1 to Q4")
        month = 3 * (number - 1) if kind == "quarter" else 0
        return containing(kind, calendar.fiscal_start(year, month), calendar)
    except (ValueError, OverflowError) as error:
        raise PeriodError(f'"{said}" is no period', where="cycle", hint=_likely(said)) from error


def _likely(said: str) -> str:
    """The likely fix for a text that names no period."""
    if match := _PATTERNS["week"].fullmatch(said):
        year = max(int(match[1]), 1)
        return f"{year} has the weeks {year}-W01 to {year}-W{weeks_in(year):02d}"
    if match := _PATTERNS["quarter"].fullmatch(said):
        return f"{match[1]} has the quarters {match[1]}-Q1 to {match[1]}-Q4"
    if match := _PATTERNS["month"].fullmatch(said):
        return f"{match[1]} has the months {match[1]}-01 to {match[1]}-12"
    if match := re.fullmatch(r"(\d{4})[-/._年 ]?(0?[1-9]|1[0-2])月?", said):
        return f"did you mean {match[1]}-{int(match[2]):02d}?"
    if match := re.fullmatch(r"(\d{4})[-/. ]?([WwQq])-?(\d{1,2})", said):
        number = f"{int(match[3]):02d}" if match[2] in "Ww" else match[3]
        return f"did you mean {match[1]}-{match[2].upper()}{number}?"
    return _EXAMPLES
