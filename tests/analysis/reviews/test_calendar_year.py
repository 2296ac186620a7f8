"""Last year's value on this year's calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from opsnb.analysis.reviews.period.calendar_year import (
    base_period,
    day_type,
    project,
    spring_festival,
)
from opsnb.base.periods import parse


@pytest.mark.parametrize(
    ("day", "country", "kind"),
    [
        ("2026-10-01", "CN", "holiday"),
        ("2026-10-10", "CN", "makeup"),  # a Saturday worked for the holiday before
        ("2026-10-17", "CN", "sat"),
        ("2026-10-10", "US", "sat"),
        ("2026-10-01", None, "thu"),
        ("2026-10-01", "XX", "thu"),
    ],
)
def test_types_of_days(day: str, country: str | None, kind: str) -> None:
    assert day_type(dt.date.fromisoformat(day), country) == kind


@pytest.mark.parametrize(
    ("year", "day"), [(2024, "2024-02-10"), (2025, "2025-01-29"), (2026, "2026-02-17")]
)
def test_spring_festival(year: int, day: str) -> None:
    assert spring_festival(year) == dt.date.fromisoformat(day)


def test_the_festival_keeps_its_place_in_the_base() -> None:
    base, lunar = base_period(parse("2026-02"), "CN")
    assert lunar
    festival = dt.date(2026, 2, 17) - dt.date(2026, 2, 1)
    assert dt.date(2025, 1, 29) - base.start == festival
    assert base.days == 28
    assert base_period(parse("2026-02"), "US") == (parse("2025-02"), False)
    assert base_period(parse("2026-10"), "CN") == (parse("2025-10"), False)


def test_a_month_with_more_saturdays_is_not_better() -> None:
    """Saturdays bring 300, other days 100: on its own calendar nothing has grown."""

    def worth(day: dt.date) -> float:
        return 300.0 if day.weekday() == 5 else 100.0

    this, before = parse("2026-08"), parse("2025-08")  # five Saturdays each, other weekdays differ
    for now, base in ((this, before), (parse("2026-05"), parse("2025-06"))):
        laid = project({day: worth(day) for day in base.dates}, now.dates, None)
        assert laid == pytest.approx(sum(worth(day) for day in now.dates))


def test_days_without_their_like_take_the_nearest_mean() -> None:
    monday = {dt.date(2026, 10, 12): 10.0, dt.date(2026, 10, 19): 20.0}
    assert project(monday, [dt.date(2026, 10, 26)], None) == 15.0
    assert project(monday, [dt.date(2026, 10, 27)], None) == 15.0  # no Tuesday: all days
    assert project({}, [dt.date(2026, 10, 26)], None) is None
