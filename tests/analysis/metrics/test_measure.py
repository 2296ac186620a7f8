"""Every kind of metric against tables small enough to be counted by hand."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.by_period import in_periods
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.errors import MetricError
from opsnb.base.periods import Period, parse
from opsnb.base.workspace import Workspace

MakeMeter = Callable[..., Meter]

SEP, OCT, NOV, DEC = (parse(text) for text in ("2026-09", "2026-10", "2026-11", "2026-12"))


def frame(columns: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows as a data frame; columns that end in _at become times."""
    data = pd.DataFrame(rows, columns=columns.split())
    for name in data.columns:
        if name.endswith("_at"):
            data[name] = pd.to_datetime(data[name])
    return data


USERS = frame(
    "user_id registered_at channel",
    ("u1", "2026-09-30 10:00", "wechat"),
    ("u2", "2026-10-01 10:00", "douyin"),
    ("u3", "2026-10-02 10:00", None),
    ("u4", "2026-10-10 10:00", "wechat"),
)
EVENTS = frame(
    "user_id event_at event",
    ("u1", "2026-10-01 08:00", "visit"),
    ("u1", "2026-10-01 09:00", "order"),
    ("u1", "2026-10-02 08:00", "visit"),
    ("u2", "2026-10-02 08:00", "visit"),
    ("u2", "2026-10-08 08:00", "visit"),
    ("u3", "2026-10-03 08:00", "visit"),
    ("u5", "2026-10-05 08:00", "visit"),  # not among the users
    (None, "2026-10-05 08:00", "visit"),
)
ORDERS = frame(
    "order_id user_id ordered_at amount cost status",
    ("o1", "u1", "2026-10-01 09:00", 100.0, 60.0, "paid"),
    ("o2", "u1", "2026-10-02 09:00", 50.0, 30.0, "refunded"),
    ("o3", "u3", "2026-10-03 09:00", 30.0, None, "paid"),
    ("o4", "u3", "2026-10-03 09:30", 20.0, 5.0, "cancelled"),
    ("o5", None, "2026-10-04 09:00", 10.0, None, "paid"),
    ("o6", "u1", "2026-11-02 09:00", 500.0, 300.0, "paid"),
)
SURVEYS = frame(
    "responded_at kind score user_id",
    *(("2026-10-05 09:00", "nps", score, "u1") for score in (10.0, 9.0, 9.0, 8.0, 0.0)),
    *(("2026-10-06 09:00", "csat", score, "u2") for score in (5.0, 4.0, 2.0)),
)
SPEND = frame(
    "campaign_id date channel kind amount",
    ("c", dt.date(2026, 10, 3), "wechat", "media", 90.0),
    ("c", dt.date(2026, 10, 4), "wechat", "reward", 30.0),
)
RECORDED = ("2026-09-01", "2026-11-15")
TABLES = {"users": USERS, "events": EVENTS, "orders": ORDERS, "surveys": SURVEYS, "spend": SPEND}


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("gmv_net", 100 + 30 + 10),
        ("gross_profit", 100 - 60),  # without a cost there is no profit to speak of
        ("orders", 4),
        ("buyers", 2),
        ("new_users", 3),
        ("active_users", 4),
        ("dau", (1 + 2 + 1 + 1 + 1) / 31),
        ("stickiness", 6 / 31 / 4),
        ("wau", 0),  # nobody in the last seven days
        ("paying_conversion", 2 / 4),
        ("conversion_rate", 1 / 7),
        ("arpu", 140 / 4),
        ("aov", 140 / 4),
        ("revenue_per_buyer", 140 / 2),
        ("repurchase_rate", 1 / 2),
        ("refund_rate", 1 / 4),
        ("retention_d1", 3 / 4),
        ("retention_d7", 1 / 4),
        ("nps", 100 * (3 - 1) / 5),
        ("csat", 2 / 3),
        ("spend", 120),
        ("cac", 120 / 3),
        ("orders_per_user", 3 / 4),
        ("revenue_per_user", (100 + 30) / 4),  # o5 belongs to nobody
        ("cart_rate", 0),
    ],
)
def test_a_month_by_hand(meter: MakeMeter, metric: str, value: float) -> None:
    found = meter(TABLES, recorded=RECORDED).value(metric, OCT)
    assert found.value == pytest.approx(value)


def test_periods_in_any_order_and_without_rows(meter: MakeMeter) -> None:
    found = meter(TABLES, recorded=RECORDED).measure("gmv_net", [DEC, NOV, SEP, OCT])
    assert [(m.period, m.value) for m in found] == [
        ("2026-12", None), ("2026-11", 500.0), ("2026-09", 0.0), ("2026-10", 140.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "by"),
    [(metric, by) for metric in ("gmv_net", "arpu", "dau", "refund_rate")
     for by in (None, "channel", "tenure")] + [("retention_d1", None), ("retention_d1", "channel")],
)  # fmt: skip
def test_a_period_is_asked_for_once_and_alone_says_the_same(
    meter: MakeMeter, monkeypatch: pytest.MonkeyPatch, metric: str, by: str | None
) -> None:
    whole = meter(TABLES)
    found = whole.measure(metric, [NOV, SEP], by) + whole.measure(metric, [OCT, SEP], by)
    alone = {p.key: meter(TABLES).measure(metric, [p], by) for p in (SEP, OCT, NOV)}
    assert found == [m for period in (NOV, SEP, OCT, SEP) for m in alone[period.key]]
    assert any(m.value for m in found)
    backend = whole.rows.table("orders").source.backend
    monkeypatch.setattr(backend, "execute", None)
    assert whole.measure(metric, [NOV, OCT], by) == alone[NOV.key] + alone[OCT.key]


def test_the_last_moment_of_a_day_is_inside_and_midnight_is_not(meter: MakeMeter) -> None:
    """Scans are bounded by the moment as well as by the day."""
    moments = ("2026-09-30 23:59:59.999999", "2026-10-01 00:00:00.000000",
               "2026-10-31 23:59:59.999999", "2026-11-01 00:00:00.000000")  # fmt: skip
    rows = [("u1", f"o{n}", at, 10.0**n) for n, at in enumerate(moments)]
    made = meter({"orders": frame("user_id order_id ordered_at amount", *rows)})
    assert [m.value for m in made.measure("gmv_net", [SEP, OCT, NOV])] == [1, 110, 1000]
    metric = made.catalogue["gmv_net"]
    sql = ibis.to_sql(in_periods(made.rows.of(metric), [SEP, NOV]), dialect="duckdb")
    assert sql.count('"_at" >=') == sql.count('"_at" <') == 3


@pytest.mark.parametrize(
    ("metric", "value"),
    [("paying_conversion", None), ("refund_rate", None), ("nps", None), ("aov", None),
     ("retention_d1", None), ("orders", 0.0), ("dau", 0.0)],
)  # fmt: skip
def test_no_rows_are_zero_or_nothing(meter: MakeMeter, metric: str, value: float | None) -> None:
    """Zero where the month is on record, nothing where it is not."""
    told = meter(TABLES, recorded=("2026-09-01", "2026-12-31"), as_of="2027-01-10")
    assert told.value(metric, DEC).value == value
    assert meter(TABLES).value(metric, DEC).value is None


def test_a_stock_is_what_was_there_at_the_end(meter: MakeMeter) -> None:
    more = (
        '[metrics.base]\nlabel = "Base"\nkind = "stock"\ntable = "users"\nvalue = "1"\n'
        'unit = "count"\n'
    )
    made = meter(TABLES, more=more)
    assert [m.value for m in made.measure("base", [SEP, OCT, DEC])] == [1, 4, 4]
    by_channel = made.measure("base", [OCT], by="channel")
    assert {m.group: m.value for m in by_channel} == {"(none)": 1, "douyin": 1, "wechat": 2}


def test_count_and_mean(meter: MakeMeter) -> None:
    more = (
        '[metrics.lines]\nlabel = "Lines"\nkind = "count"\ntable = "orders"\nunit = "count"\n'
        '[metrics.spent]\nlabel = "Spent"\nkind = "mean"\ntable = "orders"\nvalue = "amount"\n'
        'of = "buyers"\nunit = "money"\n'
    )
    made = meter(TABLES, more=more)
    assert made.value("lines", OCT).value == 5
    found = made.value("spent", OCT)
    assert (found.value, found.numerator, found.n) == (200 / 2, 200, 2)
    assert not found.binary


@pytest.mark.parametrize(
    ("value", "share"),
    [("amount > 40", 1 / 2), ("amount - 30", 1 / 2), ("order_id", 1.0), ("cost", 1 / 2)],
)
def test_a_proportion_counts_who_has_a_row_where_the_value_holds(
    meter: MakeMeter, value: str, share: float
) -> None:
    """Of the buyers u1 (100, 50) and u3 (30, no cost): false, zero and NULL do not hold."""
    more = (
        '[metrics.big]\nlabel = "Big"\nkind = "proportion"\ntable = "orders"\n'
        f'value = "{value}"\nwhere = "status <> \'cancelled\'"\nof = "buyers"\nunit = "share"\n'
    )
    assert meter(TABLES, more=more).value("big", OCT).value == pytest.approx(share)


def test_by_a_column_of_the_users(meter: MakeMeter) -> None:
    """Users without a channel, and users nobody knows, stay in a group of their own."""
    made = meter(TABLES, recorded=RECORDED)
    found = made.measure("paying_conversion", [OCT], by="channel")
    assert {m.group: (m.value, m.n) for m in found} == {
        "(none)": (0.5, 2), "douyin": (0.0, 1), "wechat": (1.0, 1),
    }  # fmt: skip
    sums = made.measure("gmv_net", [OCT], by="channel")
    assert {m.group: m.value for m in sums} == {"(none)": 40.0, "wechat": 100.0}
    came = made.measure("retention_d1", [OCT], by="channel")
    assert {m.group: m.value for m in came} == {"(none)": 1.0, "douyin": 1.0, "wechat": 0.5}
    dau = made.measure("dau", [OCT], by="channel")
    assert {m.group: m.numerator for m in dau} == {"(none)": 2, "douyin": 2, "wechat": 2}
    quotient = made.measure("arpu", [OCT], by="channel")
    assert {m.group: m.value for m in quotient} == {"(none)": 20.0, "douyin": None, "wechat": 100.0}


def test_parts_add_up_to_the_whole(meter: MakeMeter) -> None:
    made = meter(TABLES)
    for metric in ("gmv_net", "orders", "new_users"):
        parts = made.measure(metric, [OCT], by="channel")
        assert sum(m.value or 0 for m in parts) == made.value(metric, OCT).value, metric


def test_by_a_column_with_an_odd_name(meter: MakeMeter) -> None:
    orders = ORDERS.assign(**{"group": ["a", "b", "a", None, "b", "a"], "地区 名": "华东"})
    made = meter({**TABLES, "orders": orders})
    found = made.measure("gmv_net", [OCT], by="group")
    assert {m.group: m.value for m in found} == {"a": 130.0, "b": 10.0}
    assert [m.group for m in made.measure("orders", [OCT], by="地区 名")] == ["华东"]


@pytest.mark.parametrize(
    ("metric", "by", "hint"),
    [
        ("gmv_net", "city", "neither orders nor its users have a column city"),
        ("spend", "region", "neither spend nor its users have a column region"),
        ("retention_d1", "city", "neither events nor its users have a column city"),
        ("paying_conversion", "city", 'cannot break "active_users" down by "city"'),
    ],
)
def test_unknown_column(meter: MakeMeter, metric: str, by: str, hint: str) -> None:
    with pytest.raises(MetricError, match=hint):
        meter(TABLES).measure(metric, [OCT], by=by)


def test_overlapping_periods(meter: MakeMeter) -> None:
    with pytest.raises(MetricError, match=r"the periods 2026-W40 and 2026-10 overlap.*separate"):
        meter(TABLES).measure("gmv_net", [OCT, parse("2026-W40")])


def test_daily_series_have_no_gaps(meter: MakeMeter) -> None:
    made = meter(TABLES, recorded=RECORDED)
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 5)
    sums = made.daily("gmv_net", first, last)
    assert list(sums["day"].dt.date) == [first + dt.timedelta(days=d) for d in range(5)]
    assert list(sums["value"]) == [100, 0, 30, 10, 0]
    shares = list(made.daily("refund_rate", first, last)["value"])
    assert shares[:4] == [0, 1, 0, 0] and math.isnan(shares[4])
    heads = list(made.daily("arpu", first, last)["value"])
    assert heads[:3] == [100, 0, 30]
    assert math.isnan(heads[3]) and heads[4] == 0  # 10 by nobody; one visitor who bought nothing


def test_daily_by_group(meter: MakeMeter) -> None:
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 5)
    found = meter(TABLES).daily("gmv_net", first, last, by="channel")
    assert [(f"{row.day:%m-%d}", row.group, row.value) for row in found.itertuples()] == [
        ("10-01", "wechat", 100), ("10-03", "(none)", 30), ("10-04", "(none)", 10),
    ]  # fmt: skip


@pytest.mark.parametrize("metric", ["nps", "retention_d1", "paying_conversion"])
def test_kinds_without_a_daily_series(meter: MakeMeter, metric: str) -> None:
    with pytest.raises(MetricError, match=r"has no daily series.*of kind count, daily_distinct"):
        meter(TABLES).daily(metric, OCT.start, OCT.end)


def test_buyers_are_the_population_of_means_where_events_are_not_mapped(meter: MakeMeter) -> None:
    made = meter({"orders": ORDERS})
    found = made.value("revenue_per_user", OCT)
    assert (found.value, found.n) == ((100 + 30) / 2, 2)


def test_the_share_of_buyers_who_bought_is_no_metric(meter: MakeMeter) -> None:
    assert meter({"orders": ORDERS}).absent("paying_conversion") == "events"


def test_what_is_absent(meter: MakeMeter) -> None:
    made = meter({"orders": ORDERS.drop(columns=["cost", "status"])})
    assert made.absent("gmv_net") is None
    assert made.absent("gross_profit") == "orders.cost"
    # An absent status counts as paid, for sums; of refunds it says nothing.
    for name in ("refund_rate", "kept_share", "gmv_gross", "gross_order_value"):
        assert made.absent(name) == "orders.status"
    assert meter({"orders": ORDERS}).absent("kept_share") is None
    assert made.absent("nps") == "surveys"
    assert made.absent("arpu") == "events"
    assert meter({"events": EVENTS}).absent("retention_d1") == "users"
    assert meter({"users": USERS}).absent("paying_conversion") == "orders"


def test_bad_sql_names_the_metric_and_the_columns(meter: MakeMeter) -> None:
    more = (
        '[metrics.mine]\nlabel = "Mine"\nkind = "sum"\ntable = "orders"\nvalue = "amuont"\n'
        'unit = "money"\n'
    )
    with pytest.raises(MetricError) as caught:
        meter(TABLES, more=more).value("mine", OCT)
    said = str(caught.value)
    assert said.startswith("metrics.toml [mine]: the engine refuses its SQL: ")
    assert "amuont" in said and "DuckDB SQL over the columns of orders: order_id" in said


def test_order_lines_count_once(meter: MakeMeter) -> None:
    """Two orders of two lines and one line; the second was cancelled in part by refund."""
    lines = frame(
        "order_id user_id ordered_at amount status",
        ("o1", "u1", "2026-10-01 09:00", 60.0, "paid"),
        ("o1", "u1", "2026-10-01 09:00", 40.0, "paid"),
        ("o2", "u2", "2026-10-02 09:00", 30.0, "refunded"),
        ("o2", "u2", "2026-10-02 09:00", 20.0, "refunded"),
        ("o3", "u2", "2026-10-03 09:00", 10.0, "paid"),
    )
    made = meter({"orders": lines}, grain="line")
    values = {
        "orders": 3, "gmv_net": 110, "aov": 110 / 3, "repurchase_rate": 1 / 2,
        "refund_rate": 1 / 3, "orders_per_user": 3 / 2,
    }  # fmt: skip
    for metric, value in values.items():
        assert made.value(metric, OCT).value == pytest.approx(value), metric


def test_as_of_in_a_metric(meter: MakeMeter) -> None:
    """Tickets that are neither resolved nor due yet are not judged."""
    tickets = frame(
        "ticket_id opened_at resolved_at due_at",
        ("t1", "2026-10-01 09:00", "2026-10-01 10:00", "2026-10-02 09:00"),
        ("t2", "2026-10-01 09:00", "2026-10-03 10:00", "2026-10-02 09:00"),
        ("t3", "2026-10-30 09:00", None, "2026-11-15 09:00"),
        ("t4", "2026-10-31 09:00", None, "2026-11-20 09:00"),
        ("t5", "2026-10-31 09:00", None, None),
    )
    found = meter({"tickets": tickets}).value("tickets_on_time", OCT)
    assert (found.value, found.n, found.binary) == (pytest.approx(1 / 3), 3, True)


def test_counts_behind_a_score(meter: MakeMeter) -> None:
    found = meter(TABLES).value("nps", OCT)
    assert (found.n, found.plus, found.minus) == (5, 3, 1)
    csat = meter(TABLES).value("csat", OCT)
    assert (csat.numerator, csat.denominator, csat.binary) == (2, 3, True)


def test_every_built_in_metric_on_the_sample_company(sample: Workspace) -> None:
    """Each can be measured in a month, and is of the size its unit allows."""
    catalogue = load_catalogue(sample.metrics)
    made = Meter(Rows(sample), catalogue)
    assert made.absent("churn_rate") == "users.ended_at"  # a shop has no contracts
    for name, metric in catalogue.items():
        if name == "churn_rate":
            continue
        assert made.absent(name) is None, name
        value = made.value(name, OCT).value
        assert value is not None, name
        if metric.unit == "share":
            assert 0 < value < 1, name
        elif metric.unit == "score":
            assert -100 <= value <= 100, name
        else:
            assert value > 0, name


def test_a_period_of_any_length(meter: MakeMeter) -> None:
    days = Period("range", dt.date(2026, 10, 2), dt.date(2026, 10, 3))
    assert meter(TABLES).value("gmv_net", days).value == 30


# -- users by age --------------------------------------------------------------------------


def test_the_last_days_of_a_period(meter: MakeMeter) -> None:
    """The last seven days that the data can hold: of October, or of what was over."""
    tables = {"events": EVENTS}
    assert meter(tables, as_of="2026-10-09").value("wau", OCT).value == 4  # 2 to 8 October
    assert meter(tables, as_of="2026-10-10").value("wau", OCT).value == 3  # 3 to 9 October
    later = meter(tables, as_of="2026-11-16", recorded=RECORDED)
    assert later.value("wau", OCT).value == 0


def test_what_first_days_brought(meter: MakeMeter) -> None:
    """Gross profit within 90 days of users whose 90th day falls in the month."""
    day90 = {"u1": "2026-12-29", "u2": "2026-12-30", "u3": "2026-12-31", "u4": "2027-01-08"}
    assert set(day90) == set(USERS["user_id"])
    told = {"as_of": "2027-02-01", "recorded": ("2026-09-01", "2027-01-31")}
    made = meter(TABLES, **told)
    found = made.value("ltv_90", DEC)
    assert (found.n, found.value) == (3, pytest.approx((40 + 200) / 3))  # o6 on u1's 34th day
    no_cost = {**TABLES, "orders": ORDERS.drop(columns="cost")}
    made = meter(no_cost, **told)  # the workspace's margin of 40 %
    assert made.value("ltv_90", DEC).value == pytest.approx(0.4 * (100 + 500 + 30) / 3)
    assert made.value("ltv_cac", DEC).value is None  # nothing was spent in December


def test_who_is_too_young_is_not_counted(meter: MakeMeter) -> None:
    """Taken on 31 December, u3's 90th day is not over: neither bought nor not bought."""
    told = ("2026-09-01", "2026-12-30")
    assert meter(TABLES, as_of="2026-12-31", recorded=told).value("ltv_90", DEC).n == 2
    told = ("2026-09-01", "2026-10-08")
    young = meter(TABLES, as_of="2026-10-09", recorded=told).value("retention_d7", OCT)
    assert (young.n, young.value) == (2, 0.5)  # u3's 7th day is the 9th itself


def test_churn_of_contracts(meter: MakeMeter) -> None:
    users = frame(
        "user_id registered_at ended_at contract",
        ("a", "2026-08-01", "2026-10-05", "month"),
        ("b", "2026-08-01", "2026-11-05", "month"),
        ("c", "2026-10-01", None, "year"),
        ("d", "2026-10-05", "2026-10-20", "month"),  # was not there as October began
        ("e", "2026-08-01", "2026-09-20", "month"),  # had ended
    )
    made = meter({"users": users})
    found = made.value("churn_rate", OCT)
    assert (found.numerator, found.n, found.binary) == (1, 3, True)
    groups = {m.group: m.value for m in made.measure("churn_rate", [OCT], by="contract")}
    assert groups == {"month": 0.5, "year": 0}
    assert meter({"users": USERS}).absent("churn_rate") == "users.ended_at"


def test_profit_needs_a_cost_or_a_margin(workspace: Callable[..., Workspace]) -> None:
    made = workspace({**TABLES, "orders": ORDERS.drop(columns="cost")})
    made.gross_margin = None
    assert Meter(Rows(made), load_catalogue()).absent("ltv_90") == "orders.cost"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "trailing", "table": "events"}, "needs day"),
        ({"kind": "first_days", "table": "orders", "day": 9}, "needs value"),
        ({"kind": "sum", "table": "orders", "value": "1", "target": 1, "growth": 1}, "not both"),
    ],
)
def test_definitions_that_lack_something(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        load_catalogue({"mine": {"label": "x", "unit": "count", **fields}})


def test_a_quantile_over_the_rows_of_a_period(meter: MakeMeter) -> None:
    """Amounts of October: 100, 50, 30, 20 and 10; by day, and no value where there is no row."""
    own = """
[metrics.median_order]
label = "Median order"
kind = "quantile"
quantile = 0.5
table = "orders"
value = "amount"
unit = "money"
"""
    made = meter({"orders": ORDERS}, more=own)
    october, november, december = made.measure("median_order", [OCT, NOV, DEC])
    assert (october.value, october.n) == (30.0, 5)
    assert november.value == 500.0 and december.value is None
    days = made.daily("median_order", dt.date(2026, 10, 3), dt.date(2026, 10, 5))["value"]
    assert days.iloc[0] == 25.0 and math.isnan(days.iloc[2])


def test_retention_of_clickhouse(meter: MakeMeter) -> None:
    """ClickHouse's documented example: users 0-4, 0-9, 0-14 on three days give 5, 5, 5."""
    days = pd.date_range("2026-10-01", periods=3)
    events = pd.DataFrame(
        [(f"u{u}", day + pd.Timedelta(hours=9), "visit")
         for day, last in zip(days, (5, 10, 15), strict=True) for u in range(last)],
        columns=["user_id", "event_at", "event"],
    )  # fmt: skip
    users = pd.DataFrame({"user_id": [f"u{u}" for u in range(5)], "registered_at": days[0]})
    own = '[metrics.retention_d2]\nlabel = "D2"\nkind = "retention"\ntable = "events"\n'
    own += 'day = 2\nunit = "share"\n'
    made = meter({"users": users, "events": events}, more=own)
    first, second = (made.value(f"retention_d{day}", OCT) for day in (1, 2))
    assert [first.n, first.numerator, second.numerator] == [5, 5, 5]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.integers(0, 7), st.integers(0, 75), min_size=1),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 90)), max_size=60),
    st.integers(45, 92),
)
def test_retention_and_active_users_by_brute_force(
    workspace: Callable[..., Workspace],
    born: dict[int, int],
    seen: list[tuple[int, int]],
    taken: int,
) -> None:
    """D1, D7, D30, DAU, MAU and stickiness from their definitions, on data taken on any day."""
    start = dt.date(2026, 9, 1)
    as_of = start + dt.timedelta(days=taken)
    users = pd.DataFrame(
        [(f"u{u}", pd.Timestamp(start) + pd.Timedelta(days=d, hours=8)) for u, d in born.items()],
        columns=["user_id", "registered_at"],
    )
    events = pd.DataFrame(
        [(f"u{u}", pd.Timestamp(start) + pd.Timedelta(days=d, hours=9), "visit") for u, d in seen]
        or [("u99", pd.Timestamp("2026-08-01"), "visit")],
        columns=["user_id", "event_at", "event"],
    )
    until = as_of - dt.timedelta(days=1)
    made_workspace = workspace(
        {"users": users, "events": events}, as_of=f"{as_of}", recorded=("2026-08-01", f"{until}")
    )
    made = Meter(Rows(made_workspace), load_catalogue())
    active = {(u, start + dt.timedelta(days=d)) for u, d in seen}
    for period in (SEP, OCT):
        for day in (1, 7, 30):
            ripe = {
                u: target
                for u, d in born.items()
                if period.contains(target := start + dt.timedelta(days=d + day)) and target < as_of
            }
            found = made.value(f"retention_d{day}", period)
            back = sum((u, target) in active for u, target in ripe.items())
            assert (found.n, found.value) == (
                len(ripe), pytest.approx(back / len(ripe)) if ripe else None,
            )  # fmt: skip
        days = sum(day <= until for day in period.dates)  # those after were not recorded
        inside = {(u, d) for u, d in active if period.contains(d) and d <= until}
        people = {u for u, _ in inside}
        assert made.value("active_users", period).value == len(people)
        assert made.value("dau", period).value == pytest.approx(len(inside) / days)
        sticky = made.value("stickiness", period).value
        expected = len(inside) / days / len(people) if people else None
        assert sticky == (None if expected is None else pytest.approx(expected))
