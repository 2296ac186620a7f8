"""When a table was recorded, read off its rows by day: cut, torn, strewn and sparse tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.tables import CONTRACTS, Record, open_table, record_of
from opsnb.analysis.tables.day_counts import Day, count_days
from opsnb.analysis.tables.recorded import record_issues
from opsnb.analysis.tables.recording import Stated, read_record
from opsnb.base.errors import WorkspaceError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]
DAY = dt.timedelta(days=1)
START = dt.date(2026, 1, 5)  # a Monday
AS_OF = dt.date(2026, 12, 31)
WEEK = np.array([1.1, 1.05, 1.0, 1.0, 1.1, 0.95, 0.8])

some = settings(max_examples=25, deadline=None, derandomize=True,
                suppress_health_check=[HealthCheck.too_slow])  # fmt: skip


def counted(numbers: Iterable[int], start: dt.date = START) -> dict[dt.date, Day]:
    """So many rows a day, from midnight to midnight."""
    return {
        start + k * DAY: Day(int(n), int(n), dt.time(0, 5), dt.time(23, 55))
        for k, n in enumerate(numbers)
        if n
    }


def steady(days: int, mean: float, seed: int, least: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.poisson(mean * WEEK[np.arange(days) % 7]), least)


def read(days: Mapping[dt.date, Day], *, until: dt.date = AS_OF, **more: object) -> Record:
    return read_record("t", days, as_of=until, **more)  # type: ignore[arg-type]


def gap_days(record: Record) -> set[dt.date]:
    return {day for gap in record.gaps for day in gap.days}


# -- edges ----------------------------------------------------------------------------------


@some
@given(seed=st.integers(0, 10**6), days=st.integers(30, 200), hour=st.integers(1, 22))
def test_a_table_cut_in_the_course_of_a_day_ends_with_the_last_whole_one(seed, days, hour):
    numbers = steady(days, 200, seed, least=50)
    table = counted(numbers)
    cut = START + (days - 1) * DAY
    left = int(numbers[-1] * hour / 24)
    if left:
        table[cut] = Day(left, left, dt.time(0, 5), dt.time(hour - 1, 50))
    else:
        del table[cut]
    record = read(table)
    partial = left and left < 0.8 * record_usual(numbers)
    if partial:
        assert record.ended == dt.datetime.combine(cut, dt.time(hour - 1, 50))
        assert record.last == cut - DAY
        assert record.state(cut) == "partial"
        assert cut in record.lacks(START, cut) and cut not in record.left_out(START, cut)
    assert record.first == START
    assert not record.gaps


def record_usual(numbers: np.ndarray) -> float:
    """Median of the last day's weekday before it, as far as six weeks back."""
    return float(np.median(numbers[:-1][::-1][6::7][:6]))


@some
@given(seed=st.integers(0, 10**6), days=st.integers(21, 120))
def test_a_table_cut_at_midnight_ends_there(seed, days):
    record = read(counted(steady(days, 60, seed, least=20)))
    assert (record.first, record.last) == (START, START + (days - 1) * DAY)
    assert not record.gaps and record.began is None and record.ended is None
    after = record.last + DAY
    assert record.state(after) == "after" and record.state(START - DAY) == "before"
    assert record.covers(START, record.last) and not record.covers(START, after)


@some
@given(
    seed=st.integers(0, 10**6),
    away=st.integers(30, 150),
    rows=st.integers(1, 2),
    before=st.booleans(),
)
def test_a_stray_row_moves_no_edge_and_is_told(seed, away, rows, before):
    numbers = steady(90, 40, seed, least=20)
    table = counted(numbers, START + 160 * DAY)
    whole = read(table, until=START + 500 * DAY)
    stray = START + (160 - away if before else 160 + 89 + away) * DAY
    strewn = table | {stray: Day(rows, rows, dt.time(9), dt.time(9))}
    record = read(strewn, until=START + 500 * DAY)
    assert (record.first, record.last, record.gaps) == (whole.first, whole.last, whole.gaps)
    assert [(one.start, one.end, one.rows) for one in record.strays] == [(stray, stray, rows)]
    assert record.strays[0].side == ("before" if before else "after")
    assert record.aside == {stray}


@pytest.mark.parametrize("mean", [0.5, 2])
def test_a_stray_row_moves_no_edge_of_a_sparse_table(mean):
    numbers = np.random.default_rng(8).poisson(mean, 200)
    table = counted(numbers, START + 200 * DAY)
    record = read(table | {START: Day(1, 1)}, until=START + 400 * DAY)
    assert record.first == read(table, until=START + 400 * DAY).first
    assert [one.start for one in record.strays] == [START]


def test_an_import_of_old_users_on_one_day_makes_no_strays_of_those_who_came_since():
    table = {START: Day(1000, 1000)} | counted([20] * 170, START + 180 * DAY)
    record = read(table, until=START + 350 * DAY)
    assert record.last == START + 349 * DAY
    assert not record.strays


def test_a_day_nearly_like_the_others_is_no_stray_however_far_away():
    table = {START: Day(2400, 2400), START + 14 * DAY: Day(3900, 3900)}
    record = read(table, until=START + 20 * DAY)
    assert record.first is not None and record.first <= START
    assert not record.strays


def test_rows_that_show_no_recording_move_no_edge():
    """Orders that were cancelled after the shop stopped."""
    table = counted([40] * 60)
    for k in range(60, 75):
        table[START + k * DAY] = Day(3, 0)
    record = read(table)
    assert record.last == START + 59 * DAY
    assert record.strays[0].side == "after" and record.strays[0].rows == 45


def test_a_month_without_a_record_before_the_data_changes_nothing():
    table = counted(steady(120, 50, 1))
    record = read(table)
    assert record.lacks(START - 31 * DAY, START - DAY) == {START - k * DAY for k in range(1, 32)}
    assert read(dict(sorted(table.items()))) == record


# -- gaps -----------------------------------------------------------------------------------


@some
@given(
    seed=st.integers(0, 10**6),
    days=st.integers(60, 200),
    torn=st.sets(st.integers(0, 199), min_size=1, max_size=5),
)
def test_exactly_the_days_taken_out_are_gaps(seed, days, torn):
    numbers = steady(days, 45, seed, least=20)
    gone = {k for k in torn if k < days}
    numbers[sorted(gone)] = 0
    record = read(counted(numbers))
    kept = [k for k in range(days) if k not in gone]
    assert record.first == START + kept[0] * DAY
    assert record.last == START + kept[-1] * DAY
    inside = {START + k * DAY for k in gone if kept[0] < k < kept[-1]}
    assert gap_days(record) == inside
    assert {gap.cause for gap in record.gaps} <= {"empty"}
    assert record.lacks(START, record.last) >= inside
    assert record.aside == set()


@pytest.mark.parametrize(("days", "gone"), [(120, range(40, 75)), (400, range(200, 290))])
def test_a_long_gap_is_one(days, gone):
    numbers = steady(days, 60, 4, least=20)
    numbers[list(gone)] = 0
    record = read(counted(numbers))
    assert [(gap.start, gap.end) for gap in record.gaps] == [
        (START + gone[0] * DAY, START + gone[-1] * DAY)
    ]


@pytest.mark.parametrize("mean", [0.2, 0.5, 1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_sparse_tables_have_no_gaps_and_reach_to_the_end_of_a_period_that_is_over(mean, seed):
    numbers = np.random.default_rng(seed).poisson(mean, 361)
    record = read(counted(numbers), until=START + 361 * DAY)
    assert not record.gaps
    assert record.last is not None and record.first is not None
    assert record.last >= START + 358 * DAY
    assert record.first <= START + 2 * DAY


def test_batches_once_a_month_have_no_gaps_and_reach_beyond_the_last():
    """Surveys of the first three days of each month."""
    table = {
        day: Day(80, 80)
        for month in range(1, 11)
        for day in (dt.date(2026, month, 1) + k * DAY for k in range(3))
    }
    record = read(table, until=dt.date(2026, 11, 2))
    assert not record.gaps and not record.strays
    assert record.last is not None and record.last >= dt.date(2026, 10, 29)


def test_rows_that_come_once_a_week_have_no_gaps():
    table = {START + 7 * k * DAY: Day(300, 300) for k in range(40)}
    record = read(table, until=START + 280 * DAY)
    assert not record.gaps
    assert record.last == START + 279 * DAY


def test_closed_weekdays_and_public_holidays_are_zeros():
    numbers = steady(140, 80, 2, least=40)
    numbers[6::7] = 0
    holidays = {START + k * DAY for k in (30, 31, 32)}
    numbers[[30, 31, 32]] = 0
    record = read(counted(numbers), resting=holidays)
    assert not record.gaps
    assert holidays <= record.zeros
    assert START + 6 * DAY in record.zeros
    assert record.state(START + 31 * DAY) == "zero"
    assert not record.lacks(START, START + 138 * DAY)


def test_a_table_that_grows_tenfold_in_a_month_keeps_its_days():
    mean = 30 * 10 ** (np.clip(np.arange(120) - 40, 0, 30) / 30)
    record = read(counted(np.random.default_rng(3).poisson(mean)))
    assert (record.first, record.last) == (START, START + 119 * DAY)
    assert not record.gaps


def test_an_outage_that_is_listed_is_what_happened():
    numbers = steady(90, 60, 5, least=20)
    numbers[[40, 41]] = 0
    down = frozenset(START + k * DAY for k in (40, 41))
    assert gap_days(read(counted(numbers))) == down
    record = read(counted(numbers), stated=Stated(real=down))
    assert not record.gaps and down <= record.zeros


def test_what_the_team_states_is_obeyed():
    gone = {START + k * DAY: ("stated", None) for k in (10, 11)}
    stated = Stated(START + 3 * DAY, START + 50 * DAY, gone)
    record = read(counted(steady(90, 60, 6, least=20)), stated=stated)
    assert (record.first, record.last) == (START + 3 * DAY, START + 50 * DAY)
    assert gap_days(record) == set(gone)
    assert record.state(START + 10 * DAY) == "known gap"
    assert set(gone) <= record.aside


# -- tables that are held against another ---------------------------------------------------


@pytest.mark.parametrize("mean", [100, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_events_that_fall_while_orders_hold_are_a_gap(mean, seed):
    events, orders = steady(200, mean, seed), counted(steady(200, 30, seed + 1, least=20))
    events[[80, 81]] = np.round(events[[80, 81]] * 0.05)
    record = read(counted(events), witness=orders)
    assert gap_days(record) == {START + k * DAY for k in (80, 81)}
    assert {gap.cause for gap in record.gaps} == {"witness"}
    assert record.gaps[0].rows == events[[80, 81]].sum()


@pytest.mark.parametrize("seed", range(5))
def test_events_that_fall_with_orders_are_what_happened(seed):
    events, orders = steady(200, 500, seed), steady(200, 50, seed + 1, least=20)
    events[[80, 81]] = np.round(events[[80, 81]] * 0.05)
    orders[[80, 81]] = 2
    record = read(counted(events), witness=counted(orders))
    assert not record.gaps


# -- false alarms ---------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [3, 25, 60, 400])
@pytest.mark.parametrize("spread", [0, 20, 5], ids=["poisson", "nb20", "nb5"])
def test_gaps_are_found_where_there_are_none_less_than_once_in_a_hundred_years(mean, spread):
    """Two years a table, with a weekly season; of counts that spread by themselves, and more."""
    tables, found = 6, 0
    for seed in range(tables):
        rng = np.random.default_rng(1000 * mean + seed)
        expected = mean * WEEK[np.arange(730) % 7]
        numbers = (
            rng.negative_binomial(spread, spread / (spread + expected))
            if spread
            else rng.poisson(expected)
        )
        alone = read(counted(numbers, dt.date(2024, 1, 1)))
        orders = counted(rng.poisson(expected / 5 + 5), dt.date(2024, 1, 1))
        held = read(counted(numbers, dt.date(2024, 1, 1)), witness=orders)
        found += bool(alone.gaps) + bool(held.gaps)
    assert found == 0


# -- rows by day, and what is said ----------------------------------------------------------


def orders_on(workspace: MakeWorkspace, days: Mapping[str, int], more: str = "") -> Workspace:
    stamps = [
        pd.Timestamp(day) + pd.Timedelta(minutes=30 + 20 * n)
        for day, number in days.items()
        for n in range(number)
    ]
    frame = pd.DataFrame({"ordered_at": stamps, "amount": 10.0})
    names = [f"o{n}" for n in range(len(frame))]
    return workspace({"orders": frame.assign(order_id=names, user_id="u")}, more=more)


def test_rows_are_counted_by_day_with_the_first_and_last_time(workspace):
    made = orders_on(workspace, {"2026-10-01": 3, "2026-10-03": 1})
    days = open_table(made, "orders").days
    assert days == {
        dt.date(2026, 10, 1): Day(3, 3, dt.time(0, 30), dt.time(1, 10)),
        dt.date(2026, 10, 3): Day(1, 1, dt.time(0, 30), dt.time(0, 30)),
    }
    assert count_days(CONTRACTS["orders"], open_table(made, "orders").expr) == days


def test_cancelled_orders_are_rows_that_show_nothing(workspace):
    frame = pd.DataFrame(
        {
            "order_id": ["a", "b"],
            "user_id": "u",
            "ordered_at": pd.to_datetime(["2026-10-01 09:00", "2026-10-01 11:00"]),
            "amount": 1.0,
            "status": ["paid", "cancelled"],
        }
    )
    days = open_table(workspace({"orders": frame}), "orders").days
    assert days == {dt.date(2026, 10, 1): Day(2, 1, dt.time(9), dt.time(9))}


def test_issues_name_gap_stray_and_cut_in_both_languages(workspace):
    days = {str(START + k * DAY): 30 for k in range(90) if k not in (50, 51)}
    days["2026-09-01"] = 1
    record = record_of(orders_on(workspace, days), "orders")
    issues = list(record_issues(record, CONTRACTS["orders"]))
    said = {
        code: {issue.rule: Language(code).say(issue.message) for issue in issues}
        for code in ("en", "zh")
    }
    assert said["en"].keys() == said["zh"].keys() == {"gap_empty", "stray_after"}
    assert "24 Feb to 25 Feb 2026" in said["en"]["gap_empty"]
    assert "60" in said["en"]["gap_empty"] and "60" in said["zh"]["gap_empty"]
    assert "2026" in said["zh"]["stray_after"] and "1 Sep 2026" in said["en"]["stray_after"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("recorded_from = 2026-10-09\nrecorded_until = 2026-10-01\n", "recorded_until"),
        ("gaps = [{start = 2026-10-09, end = 2026-10-01}]\n", "end"),
        ("closed = [{start = 2026-10-09, end = 2026-10-01}]\n", "end"),
    ],
)
def test_dates_the_wrong_way_round_are_refused_by_name(workspace, lines, words):
    with pytest.raises(WorkspaceError) as caught:
        orders_on(workspace, {"2026-10-01": 1}, more=lines)
    assert words in str(caught.value) and "tables.orders" in str(caught.value)
