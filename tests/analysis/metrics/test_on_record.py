"""Metrics count the days on record: none of the others is a zero, in no sum and no mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics import Meter
from opsnb.base.periods import parse

MakeMeter = Callable[..., Meter]

SEP, OCT, NOV = (parse(text) for text in ("2026-09", "2026-10", "2026-11"))
LOST = ("2026-10-29", "2026-10-30")
A_DAY = 40


def events(
    start: str, end: str, *, lost: Collection[str] = (), few: Collection[str] = ()
) -> pd.DataFrame:
    """On each day the users u0 to u39 with a visit, every second one with an order as well."""
    rows = []
    for day in pd.date_range(start, end):
        name = f"{day:%Y-%m-%d}"
        users = 0 if name in lost else 2 if name in few else A_DAY
        for number in range(users):
            # a different forty each weekday, so that windows differ from days
            user = f"u{number + A_DAY * day.weekday()}"
            rows.append((user, day + pd.Timedelta(hours=number % 24), "visit"))
            if number % 2 == 0:
                rows.append((user, day + pd.Timedelta(hours=23), "order"))
    return pd.DataFrame(rows, columns=["user_id", "event_at", "event"])


def orders(start: str, end: str, a_day: int = 30) -> pd.DataFrame:
    days = pd.date_range(start, end).repeat(a_day)
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(days))],
            "user_id": [f"u{i % 280}" for i in range(len(days))],
            "ordered_at": days + pd.to_timedelta(np.arange(len(days)) % 24, unit="h"),
            "amount": 10.0,
        }
    )


def test_a_lost_day_is_no_zero_in_a_daily_mean(meter: MakeMeter) -> None:
    found = meter({"events": events("2026-08-01", "2026-11-10", lost=LOST)})
    assert found.value("dau", OCT).value == A_DAY  # 29 days of 40, not 29/31 of it
    assert found.value("dau", OCT).days == 29
    assert found.value("dau", SEP).days == 30
    daily = found.daily("active_users", dt.date(2026, 10, 28), dt.date(2026, 10, 31))["value"]
    assert daily.isna().tolist() == [False, True, True, False]


def test_a_window_ends_before_a_lost_day(meter: MakeMeter) -> None:
    found = meter({"events": events("2026-08-01", "2026-11-10", lost=LOST)}).value("wau", OCT)
    assert found.value == 7 * A_DAY  # the seven days to 28 October, all weekdays once
    assert found.until == dt.date(2026, 10, 28)


def test_few_rows_while_orders_held_are_left_out(meter: MakeMeter) -> None:
    tables = {
        "events": events("2026-08-01", "2026-11-10", few=LOST),
        "orders": orders("2026-08-01", "2026-11-10"),
    }
    found = meter(tables)
    assert found.value("dau", OCT).value == A_DAY
    assert found.value("gmv_net", OCT).value == 31 * 300  # orders were recorded on all days
    assert found.value("arpu", OCT).value == pytest.approx(29 * 300 / (7 * A_DAY))


def test_few_rows_while_orders_fell_too_are_what_happened(meter: MakeMeter) -> None:
    sold = orders("2026-08-01", "2026-11-10")
    shut = sold["ordered_at"].dt.strftime("%Y-%m-%d").isin(LOST)
    some = shut & (sold["ordered_at"].dt.hour > 0)
    tables = {"events": events("2026-08-01", "2026-11-10", few=LOST), "orders": sold[~some]}
    found = meter(tables).value("dau", OCT)
    assert found.days == 31
    assert found.value == pytest.approx((29 * A_DAY + 2 * 2) / 31)


def test_an_outage_on_the_list_is_real(meter: MakeMeter) -> None:
    plans = {
        "events.toml": '[[event]]\nstart = 2026-10-29\nend = 2026-10-30\nkind = "outage"\n'
        'name = "Site down"\n'
    }
    found = meter({"events": events("2026-08-01", "2026-11-10", lost=LOST)}, plans=plans)
    assert found.value("dau", OCT).value == pytest.approx(29 * A_DAY / 31)


def test_those_who_came_of_age_on_a_lost_day_are_on_neither_side(meter: MakeMeter) -> None:
    seen = events("2026-08-01", "2026-11-10", lost=LOST)
    # two users of each day, one of whom comes back the next day
    born = pd.date_range("2026-08-01", "2026-11-09")
    users = pd.DataFrame(
        {
            "user_id": [f"n{i}" for i in range(2 * len(born))],
            "registered_at": born.repeat(2) + pd.Timedelta(hours=9),
        }
    )
    back = users.iloc[::2]
    again = pd.DataFrame(
        {
            "user_id": back["user_id"],
            "event_at": back["registered_at"] + pd.Timedelta(days=1),
            "event": "visit",
        }
    )
    again = again[~again["event_at"].dt.strftime("%Y-%m-%d").isin(LOST)]
    found = meter({"events": pd.concat([seen, again]), "users": users}).value("retention_d1", OCT)
    assert (found.numerator, found.n) == (29, 58)


def test_a_period_without_a_day_on_record_has_no_value(meter: MakeMeter) -> None:
    found = meter({"events": events("2026-09-15", "2026-11-10")})
    before = found.value("active_users", parse("2026-08"))
    assert (before.value, before.days) == (None, 0)
    part = found.value("active_users", SEP)
    assert (part.value, part.days) == (7 * A_DAY, 16)


def test_a_stray_row_enters_no_number(meter: MakeMeter) -> None:
    stray = pd.DataFrame(
        {"user_id": ["x"], "event_at": [pd.Timestamp("2026-08-03 10:00")], "event": ["visit"]}
    )
    seen = events("2026-09-01", "2026-11-10")
    found = meter({"events": pd.concat([stray, seen])})
    assert found.value("active_users", parse("2026-08")).value is None
    whole = meter({"events": seen})
    for metric in ("active_users", "dau", "wau", "conversion_rate"):
        assert found.value(metric, SEP).value == whole.value(metric, SEP).value


def test_what_the_team_states_is_obeyed(meter: MakeMeter) -> None:
    tables = {"events": events("2026-08-01", "2026-11-10", few=("2026-10-12",))}
    more = (
        "recorded_from = 2026-08-10\nrecorded_until = 2026-10-31\n"
        "gaps = [{start = 2026-10-03, end = 2026-10-05}]\nclosed = [{start = 2026-10-12}]\n"
    )
    found = meter(tables, more=more)
    assert found.value("dau", OCT).days == 28
    assert found.value("dau", OCT).value == pytest.approx((27 * A_DAY + 2) / 28)
    assert found.value("dau", parse("2026-08")).days == 22
    assert found.value("dau", NOV).value is None


def test_days_may_be_left_out_by_hand(meter: MakeMeter) -> None:
    found = meter({"orders": orders("2026-08-01", "2026-11-10")})
    [less] = found.measure("gmv_net", [OCT], without=[dt.date(2026, 10, 1), dt.date(2026, 9, 1)])
    assert (less.value, less.days) == (30 * 300, 30)
    [rate] = found.measure("aov", [OCT], without=[dt.date(2026, 10, 1)])
    assert (rate.value, rate.numerator) == (10, 30 * 300)
