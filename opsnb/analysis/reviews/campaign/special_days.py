"""Days that are not like others: public holidays, shopping festivals, the team's own events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import holidays
import numpy as np

from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

Span = tuple[dt.date, dt.date]

FESTIVALS = {
    "618": ((6, 1), (6, 20)),
    "double11": ((10, 20), (11, 11)),
    "double12": ((12, 8), (12, 12)),
}
"""Shopping festivals of China with their pre-sale, first and last (month, day) of each year."""


def festivals(country: str | None, first: dt.date, last: dt.date) -> Iterator[tuple[str, Span]]:
    """Shopping festivals that touch the days from first to last, by name."""
    if country != "CN":
        return
    for year in range(first.year, last.year + 1):
        for name, (start, end) in FESTIVALS.items():
            span = dt.date(year, *start), dt.date(year, *end)
            if _touch(span, (first, last)):
                yield name, span


def public_holidays(country: str | None, first: dt.date, last: dt.date) -> dict[str, list[dt.date]]:
    """Days off by law ("holiday") and weekends that are worked for them ("makeup")."""
    years = list(range(first.year, last.year + 1))
    if country is None or country not in holidays.list_supported_countries():
        return {"holiday": [], "makeup": []}
    known = holidays.country_holidays(country, years=years)
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    weekend = set(known.weekend)
    return {
        "holiday": [day for day in days if day in known],
        "makeup": [day for day in days if day.weekday() in weekend and known.is_working_day(day)],
    }


def special_days(country: str | None, first: dt.date, last: dt.date) -> dict[str, np.ndarray]:
    """Which days are special, a boolean array of shape (days,) a kind that occurs."""
    size = (last - first).days + 1
    out: dict[str, np.ndarray] = {}
    for kind, days in public_holidays(country, first, last).items():
        for day in days:
            out.setdefault(kind, np.zeros(size, dtype=bool))[(day - first).days] = True
    for name, (start, end) in festivals(country, first, last):
        low, high = max((start - first).days, 0), (end - first).days + 1
        out.setdefault(name, np.zeros(size, dtype=bool))[low:high] = True
    return out


@dataclass(frozen=True)
class Clash:
    """Something else that happened in the campaign's days or in those compared with them.

    `serious` marks what makes the data wrong (an outage, a tracking gap), not merely special.
    """

    what: Said
    where: str  # "window" | "before"
    serious: bool = False


def clashes(ops: Recorder, plan: CampaignPlan, window: Span, before: Span) -> list[Clash]:
    """Festivals, holidays, other campaigns and events that make the two spans unlike."""
    spans = {"window": window, "before": before}
    country = ops.workspace.country
    found: list[Clash] = []
    for where, span in spans.items():
        found += [Clash(Text(f"special.{name}"), where) for name, _ in festivals(country, *span)]
        found += [
            Clash(event.name, where, event.kind in {"outage", "tracking"})
            for event in ops.workspace.events
            if event.name != plan.name
            and event.kind != "holiday"
            and _touch((event.start, event.end or event.start), span)
        ]
        found += [
            Clash(other.name, where)
            for other in ops.workspace.campaigns.values()
            if other.id != plan.id
            and other.start
            and other.end
            and _touch((other.start, other.end), span)
        ]
        legal = public_holidays(country, *span)
        for kind, key in (("holiday", "days_off"), ("makeup", "makeup_days")):
            if legal[kind]:
                found.append(Clash(Text.of(f"special.{key}", days=len(legal[kind])), where))
    return found


def _touch(a: Span, b: Span) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]
