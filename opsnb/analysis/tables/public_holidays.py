"""Public holidays of a country, from the holidays package."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any


@functools.cache
def calendar_of(country: str) -> Any:
    """A country's holidays, years added as they are asked for; None where it is not known."""
    import holidays  # only where somebody asks

    try:
        return holidays.country_holidays(country)
    except NotImplementedError:  # what the package raises for a country it does not know
        return None


def public_holidays(country: str, first: dt.date, last: dt.date) -> frozenset[dt.date]:
    """Public holidays from `first` to `last`, both included."""
    calendar = calendar_of(country)
    if calendar is None:
        return frozenset()
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(day for day in days if day in calendar)
