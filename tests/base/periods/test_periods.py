"""Cycles: names, neighbours, comparisons, instants."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsnb.base.errors import PeriodError
from opsnb.base.messages import Language
from opsnb.base.periods import Calendar, Period, between, containing, latest, parse

KINDS = ["day", "week", "month", "quarter", "year"]
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2080, 12, 31))
CALENDARS = st.builds(Calendar, st.integers(1, 12), st.sampled_from(["monday", "sunday"]))


@pytest.mark.parametrize(
    ("text", "start", "end", "english", "chinese"),
    [
        ("2026-10", "2026-10-01", "2026-10-31", "October 2026", "2026年10月"),
        (
            "2026-W44",
            "2026-10-26",
            "2026-11-01",
            "week 44 of 2026 (26 Oct to 1 Nov)",
            "2026年第44周（10月26日至11月1日）",
        ),
        ("2026-Q4", "2026-10-01", "2026-12-31", "Q4 2026", "2026年第4季度"),
        ("2026", "2026-01-01", "2026-12-31", "2026", "2026年"),
        ("2026-10-05", "2026-10-05", "2026-10-05", "5 Oct 2026", "2026年10月5日"),
        (
            "2026-10-01..2026-10-08",
            "2026-10-01",
            "2026-10-08",
            "1 Oct 2026 to 8 Oct 2026",
            "2026年10月1日至2026年10月8日",
        ),
    ],
)
def test_names(text: str, start: str, end: str, english: str, chinese: str) -> None:
    period = parse(text)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)
    assert period.key == str(period) == text
    assert period.label == english
    assert period.say(Language("zh")) == chinese


def test_fiscal_periods_are_named_after_the_year_they_end_in_and_say_their_dates() -> None:
    period = parse("2026-Q1", 4)
    assert (period.start, period.end) == (dt.date(2025, 4, 1), dt.date(2025, 6, 30))
    assert period.key == "2026-Q1"
    assert period.label == "Q1 of fiscal 2026 (1 Apr 2025 to 30 Jun 2025)"
    assert period.say(Language("zh")) == "2026财年第1季度（2025年4月1日至2025年6月30日）"
    assert period.previous().key == "2025-Q4"
    assert parse("2026", 4).label == "fiscal 2026 (1 Apr 2025 to 31 Mar 2026)"
    assert parse("2026-10", 4).start == dt.date(2026, 10, 1), "months are not renamed"


def test_sunday_weeks_start_the_day_before_the_monday_that_names_them() -> None:
    period = parse("2026-W44", week_start="sunday")
    assert (period.start, period.end) == (dt.date(2026, 10, 25), dt.date(2026, 10, 31))
    sunday = containing("week", dt.date(2026, 10, 25), Calendar(week_start="sunday"))
    assert sunday == period


@given(DAYS, st.sampled_from(KINDS), CALENDARS)
def test_periods_tile_the_calendar(day: dt.date, kind: str, calendar: Calendar) -> None:
    period = containing(kind, day, calendar)
    assert period.contains(day)
    assert period.next().previous() == period
    assert period.next().start == period.end + dt.timedelta(days=1)
    assert sum(period.weekdays) == period.days == len(list(period.dates))
    again = parse(period.key, calendar.fiscal_month_start, week_start=calendar.week_start)
    assert again == period


@given(DAYS, st.sampled_from(KINDS))
def test_latest_is_over_before_the_day_and_the_next_is_not(day: dt.date, kind: str) -> None:
    period = latest(kind, day)
    assert period.end < day <= period.next().end


def test_latest_by_name() -> None:
    day = dt.date(2026, 11, 16)
    assert parse("latest", kind="month", as_of=day).key == "2026-10"
    assert parse("latest", kind="week", as_of=day).key == "2026-W46"
    assert latest("month", dt.date(2026, 10, 31)).key == "2026-09", "the day itself is not over"


@pytest.mark.parametrize(
    ("text", "before"),
    [("2026-10", "2025-10"), ("2026-W44", "2025-W44"), ("2026-Q4", "2025-Q4"), ("2026", "2025")],
)
def test_last_year_keeps_the_name(text: str, before: str) -> None:
    assert parse(text).last_year().key == before
    assert parse(text).last_year_note() is None


def test_week_53_is_compared_with_week_52_and_says_so() -> None:
    week = parse("2026-W53")
    assert week.last_year().key == "2025-W52"
    note = week.last_year_note()
    assert note is not None
    assert Language("en").say(note) == "2025 has no week 53; compared with week 52"
    assert Language("zh").say(note) == "2025年没有第53周，改与第52周对比"


def test_leap_february_says_that_lengths_differ() -> None:
    note = parse("2025-02").last_year_note()
    assert note is not None
    said = Language("en").say(note)
    assert said == "February 2024 had 29 days, this month has 28"


@given(DAYS, st.integers(0, 60))
def test_weekday_aligned_ranges(start: dt.date, length: int) -> None:
    campaign = between(start, start + dt.timedelta(days=length))
    for base in (campaign.same_weekdays_before(), campaign.last_year_same_weekdays()):
        assert base.days == campaign.days
        assert base.weekdays == campaign.weekdays
        assert base.start.weekday() == campaign.start.weekday()
        assert base.end < campaign.start


def test_bounds_follow_the_clocks() -> None:
    def hours(text: str, zone: str) -> float:
        first, after = parse(text).bounds(zone)
        return (after - first).total_seconds() / 3600

    assert hours("2026-03-08", "America/New_York") == 23
    assert hours("2026-11-01", "America/New_York") == 25
    assert hours("2026-10-05", "Asia/Shanghai") == 24
    first, _ = parse("2026-10").bounds("Asia/Shanghai")
    assert first == dt.datetime(2026, 9, 30, 16, tzinfo=dt.UTC)
    # In São Paulo the clocks of 4 November 2018 went from 0:00 to 1:00: no midnight.
    assert hours("2018-11-04", "America/Sao_Paulo") == 23


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("2026-13", "2026-01 to 2026-12"),
        ("2026-00", "2026-01 to 2026-12"),
        ("2026-W54", "2026-W01 to 2026-W53"),
        ("2025-W53", "2025-W01 to 2025-W52"),
        ("2026-Q5", "2026-Q1 to 2026-Q4"),
        ("2026-9", "did you mean 2026-09?"),
        ("202610", "did you mean 2026-10?"),
        ("2026年10月", "did you mean 2026-10?"),
        ("2026W3", "did you mean 2026-W03?"),
        ("2026q4", "did you mean 2026-Q4?"),
        ("2026-02-30", "write it as"),
        ("last month", "write it as"),
        ("", "write it as"),
        ("0000", "write it as"),
        ("2026-10-08..2026-10-40", "write it as"),
    ],
)
def test_bad_texts_offer_the_fix(text: str, fix: str) -> None:
    with pytest.raises(PeriodError) as error:
        parse(text)
    assert f'"{text}" is no period' in str(error.value)
    assert fix in str(error.value)


def test_other_mistakes() -> None:
    with pytest.raises(PeriodError, match='"latest" needs a kind'):
        parse("latest")
    with pytest.raises(PeriodError, match="swap the two dates"):
        parse("2026-10-08..2026-10-01")
    with pytest.raises(PeriodError, match="no calendar period of kind"):
        containing("moon", dt.date(2026, 1, 1))  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match="no month 13"):
        parse("2026-Q1", 13)
    with pytest.raises(PeriodError, match="a week cannot start"):
        Calendar(week_start="friday")  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match="no period -1 days"):
        Period("day", dt.date(1, 1, 1), dt.date(1, 1, 1)).previous()


@pytest.mark.parametrize(
    "text", ["0001", "9999-12", "1899-Q4", "2200-01-01", "2026-10-01..9999-12-31"]
)
def test_years_beyond_any_business_are_typing_mistakes(text: str) -> None:
    with pytest.raises(PeriodError, match="between 1900 and 2199"):
        parse(text)
