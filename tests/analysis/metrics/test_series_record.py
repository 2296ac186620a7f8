"""What is on record of `series`, against dates that tell it by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsnb.analysis.metrics import Meter
from opsnb.analysis.metrics.series_record import step_of
from opsnb.analysis.metrics.stepwise import by_step
from opsnb.base.errors import MetricError
from opsnb.base.periods import EVERY, Calendar, Steps, containing, parse

MakeMeter = Callable[..., Meter]
METRIC = (
    '[metrics.y]\nlabel = "Y"\nkind = "sum"\ntable = "series"\nvalue = "value"\nunit = "number"\n'
)


def rows(index: pd.DatetimeIndex, unit: str = "all", value: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"date": index.date, "unit": unit, "metric": "y", "value": value})


def made(meter: MakeMeter, *parts: pd.DataFrame, more: str = "") -> Meter:
    return meter({"series": pd.concat(parts)}, more=METRIC + more)


@given(
    st.sampled_from(EVERY),
    st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)),
    st.integers(1, 12),
    st.sampled_from(["monday", "sunday"]),
)
def test_steps_are_the_periods_of_the_calendar(every, day, month, week_start) -> None:
    steps = Steps(every, Calendar(month, week_start))
    number, period = steps.number(day), containing(every, day, steps.calendar)
    assert (steps.start(number), steps.end(number)) == (period.start, period.end)
    assert steps.period(number) == period
    assert steps.number(period.end + dt.timedelta(days=1)) == number + 1
    assert list(steps.within(period.start, period.end)) == [number]
    if period.days > 1:
        assert not steps.within(period.start + dt.timedelta(days=1), period.end)


@pytest.mark.parametrize(
    ("frequency", "every"),
    [("D", "day"), ("B", "day"), ("W-SUN", "week"), ("W-FRI", "week"), ("MS", "month"),
     ("ME", "month"), ("QS", "quarter"), ("YS", "year")],
)  # fmt: skip
@pytest.mark.parametrize("lost", [0.0, 0.1, 0.3])
def test_the_step_is_recognised_with_rows_missing(frequency: str, every: str, lost: float) -> None:
    days = pd.date_range("2000-01-01", periods=60, freq=frequency)
    kept = days[np.random.default_rng(1).random(60) >= lost]
    assert step_of(stamp.date() for stamp in kept) == every


def test_too_few_rows_tell_no_step_and_a_metric_may_declare_it(meter: MakeMeter) -> None:
    two = rows(pd.DatetimeIndex(["2026-10-04", "2026-10-11"]))
    assert made(meter, two).every("y") == "day"
    assert made(meter, two, more='every = "week"\n').every("y") == "week"
    with pytest.raises(MetricError, match="every says in which step rows of the table series"):
        made(
            meter,
            two,
            more='every = "week"\n[metrics.orders]\nextends = "orders"\nevery = "week"\n',
        )


def test_a_day_without_a_row_or_a_value_is_missing_never_zero(meter: MakeMeter) -> None:
    days = rows(pd.date_range("2026-10-01", "2026-10-20"))
    days["value"] = days["value"].astype("object")
    days.loc[4, "value"] = None
    found = made(meter, days.drop(index=9))
    daily = found.daily("y", dt.date(2026, 9, 28), dt.date(2026, 10, 25)).set_index("day")["value"]
    missing = [stamp.day for stamp in daily.index[daily.isna()]]
    assert missing == [28, 29, 30, 5, 10, 21, 22, 23, 24, 25]
    assert (daily.dropna() == 1).all()
    record = found.record("y")
    assert [p.start.day for p in record.missing(record.first, record.last)] == [5, 10]
    assert (record.first, record.last) == (dt.date(2026, 10, 1), dt.date(2026, 10, 20))
    assert record.coverage(parse("2026-10")) == (18, 31)
    assert found.value("y", parse("2026-09")).value is None


def test_a_stray_row_moves_no_edge_and_is_told(meter: MakeMeter) -> None:
    days = rows(pd.date_range("2026-09-01", "2026-10-20"))
    stray = rows(pd.DatetimeIndex(["2026-03-02"]), value=900.0)
    record, plain = (made(meter, *t).record("y") for t in ((stray, days), (days,)))
    assert (record.first, record.held) == (plain.first, plain.held)
    assert (record.aside, plain.aside) == ((dt.date(2026, 3, 2),), ())


def test_working_days_lack_no_weekend(meter: MakeMeter) -> None:
    record = made(meter, rows(pd.date_range("2026-09-01", "2026-10-30", freq="B"))).record("y")
    assert not record.missing(record.first, record.last)
    assert record.coverage(parse("2026-10")) == (22, 22)


def test_a_total_is_not_on_record_where_a_region_lacks(meter: MakeMeter) -> None:
    index = pd.date_range("2026-09-01", "2026-10-20")
    gap = index.drop(pd.DatetimeIndex(["2026-09-15"]))
    young = pd.date_range("2026-10-10", "2026-10-20")  # opened long after: nothing is missing
    found = made(meter, rows(index, "a"), rows(gap, "b"), rows(young, "c"))
    record = found.record("y")
    assert [p.start for p in record.missing(record.first, record.last)] == [dt.date(2026, 9, 15)]
    daily = found.daily("y", dt.date(2026, 9, 14), dt.date(2026, 10, 10))["value"]
    assert (daily.iloc[0], daily.iloc[-1], daily.isna().sum()) == (2, 3, 1)
    by = found.records.by(found.catalogue["y"], "unit")
    assert {name: len(one.held) for name, one in by.items()} == {"a": 50, "b": 49, "c": 11}


def test_weekly_rows_are_counted_by_the_week(meter: MakeMeter) -> None:
    found = made(meter, rows(pd.date_range("2026-03-01", "2026-10-25", freq="W-SUN"), value=70.0))
    record = found.record("y")
    assert record.every == "week" and record.offset == 6
    assert (record.coverage(parse("2026-08")), record.coverage(parse("2026-09"))) == (
        (5, 5),
        (4, 4),
    )
    daily = found.daily("y", dt.date(2026, 10, 1), dt.date(2026, 10, 31))["value"]
    assert (daily.count(), daily.sum()) == (4, 280)
    weeks = by_step(found, "y", dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert weeks["value"].tolist() == [70, 70, 70]  # 5 to 25 October; the others are cut
    months = by_step(found, "y", dt.date(2026, 8, 1), dt.date(2026, 9, 30), every="month")
    assert months["value"].tolist() == [350, 280]


def test_days_make_a_week_only_where_all_are_on_record(meter: MakeMeter) -> None:
    index = pd.date_range("2026-09-07", "2026-10-04")
    found = made(meter, rows(index.drop(pd.DatetimeIndex(["2026-09-16"]))))
    weeks = by_step(found, "y", index[0].date(), index[-1].date(), every="week")["value"]
    assert weeks.isna().tolist() == [False, True, False, False]
    assert (weeks.dropna() == 7).all()
