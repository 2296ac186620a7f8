"""Moments by arm against a plain pandas oracle over randomly drawn users and orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.metrics import (
    ArmAggregates,
    ObservationWindow,
    Panel,
    arm_aggregates,
    assigned_users,
    load_catalogue,
)
from opsnb.analysis.metrics.days_since_exposure import moments_since
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.reviews.experiment.effects import arm_moments, merge_arms
from opsnb.base.errors import MetricError, TableError
from opsnb.base.workspace import Workspace

START, END = dt.date(2026, 10, 1), dt.date(2026, 10, 14)
OWN = """
[metrics.spent]
label = "Spent"
kind = "sum"
table = "orders"
value = "amount"
unit = "money"
[metrics.spent_week]
label = "Spent in a week"
kind = "mean"
table = "orders"
value = "amount"
unit = "money"
window_days = 7
[metrics.spent_capped]
label = "Spent, capped"
kind = "mean"
table = "orders"
value = "amount"
unit = "money"
cap = 0.9
[metrics.refunded_value]
label = "Refunded value"
kind = "ratio"
table = "orders"
value = "case when status = 'refunded' then amount else 0 end"
per = "amount"
unit = "share"
direction = "down"
[metrics.twice]
label = "Ordered twice"
kind = "proportion"
table = "orders"
value = "order_id"
at_least = 2
unit = "share"
[metrics.devices]
label = "Devices"
kind = "distinct"
table = "orders"
value = "device"
unit = "number"
[metrics.per_order]
label = "Per order"
kind = "quotient"
numerator = "spent"
denominator = "order_count"
unit = "money"
[metrics.order_count]
label = "Order count"
kind = "count"
table = "orders"
unit = "count"
"""


def draw(seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assignments (some users in both arms, some repeated) and orders around them."""
    rng = np.random.default_rng(seed)
    n = 300
    begin = pd.Timestamp(START)
    assignments = pd.DataFrame(
        {
            "experiment_id": "e",
            "user_id": [f"u{i}" for i in range(n)],
            "variant": rng.choice(["control", "treatment"], n),
            "assigned_at": begin + pd.to_timedelta(rng.integers(0, 13 * 24 * 60, n), unit="min"),
            "channel": rng.choice(["wechat", "douyin", None], n, p=[0.5, 0.3, 0.2]),
        }
    )
    both = assignments.head(9).assign(variant=["treatment", "control", "treatment"] * 3)
    again = assignments.iloc[20:25].assign(
        assigned_at=lambda t: t.assigned_at + pd.Timedelta(hours=3)
    )
    other = assignments.head(50).assign(experiment_id="other", variant="control")
    m = 900
    at = begin + pd.to_timedelta(rng.integers(-20 * 1440, 20 * 1440, m), unit="min")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(m)],
            "user_id": [f"u{i}" for i in rng.integers(0, n + 40, m)],
            "ordered_at": at,
            "amount": np.round(rng.lognormal(4, 1, m), 2),
            "status": rng.choice(["paid", "refunded"], m, p=[0.8, 0.2]),
            "device": rng.choice(["ios", "android", "web"], m),
        }
    )
    exposed = orders.head(n // 2).assign(  # orders at the very moment of exposure
        order_id=[f"x{i}" for i in range(n // 2)],
        user_id=assignments.user_id.head(n // 2),
        ordered_at=assignments.assigned_at.head(n // 2),
    )
    return pd.concat([assignments, both, again, other]), pd.concat([orders, exposed])


ASSIGNMENTS, ORDERS = draw()


@pytest.fixture
def rows(workspace: Callable[..., Workspace]) -> Rows:
    return Rows(workspace({"assignments": ASSIGNMENTS, "orders": ORDERS}, more=OWN))


def users() -> pd.DataFrame:
    """The oracle's users: one row each, those of several arms left out."""
    mine = ASSIGNMENTS[ASSIGNMENTS.experiment_id == "e"]
    arms = mine.groupby("user_id").variant.nunique()
    kept = mine[mine.user_id.isin(arms.index[arms == 1])]
    return kept.groupby("user_id", as_index=False).agg(
        variant=("variant", "min"), start=("assigned_at", "min"), channel=("channel", "first")
    )


def oracle(
    amount: Callable[[pd.DataFrame], Any],
    *,
    per: Callable[[pd.DataFrame], Any] | None = None,
    window: int | None = None,
    before: int = 0,
    end: dt.date | None = None,
    start: dt.date | None = None,
) -> pd.DataFrame:
    """The users with their values x, y after and px, py before exposure; nobody is missing."""
    people = users()
    joined = ORDERS.merge(people, on="user_id")
    after = joined.ordered_at >= joined.start
    if window:
        after &= joined.ordered_at < joined.start + pd.Timedelta(days=window)
    if end:
        after &= joined.ordered_at.dt.date <= end
    if start:
        after &= joined.ordered_at.dt.date >= start
    earlier = (joined.ordered_at < joined.start) & (
        joined.ordered_at >= joined.start - pd.Timedelta(days=before)
    )
    parts = {"x": (amount, after), "y": (per, after), "px": (amount, earlier), "py": (per, earlier)}
    for name, (value, where) in parts.items():
        if value is None or (name.startswith("p") and not before):
            continue
        found = joined[where].groupby("user_id").apply(value)
        people[name] = people.user_id.map(found).fillna(0.0).astype(float)
    return people


def total(group: pd.DataFrame) -> float:
    return group.amount.sum()


def same(found: list[ArmAggregates], expected: pd.DataFrame, group: str | None = None) -> None:
    """Every mean and covariance of every arm, to the last digits."""
    names = [name for name in ("x", "y", "px", "py") if name in expected]
    keys = ["variant", *([group] if group else [])]
    wanted = dict(list(expected.groupby(keys)))
    assert len(found) == len(wanted)
    for arm in found:
        part = wanted[(arm.variant, arm.group) if group else (arm.variant,)]
        assert arm.n == len(part)
        assert list(arm.mean) == names
        cov = part[names].cov()
        for a in names:
            assert arm.mean[a] == pytest.approx(part[a].mean(), rel=1e-9, abs=1e-12)
        for (a, b), value in arm.cov.items():
            assert value == pytest.approx(cov.loc[a, b], rel=1e-9, abs=1e-9)
        assert set(arm.cov) == {(a, b) for i, a in enumerate(names) for b in names[i:]}


def measure(rows: Rows, metric: str, **more: Any) -> list[ArmAggregates]:
    catalogue = load_catalogue(rows.workspace.metrics)
    return arm_aggregates(rows, catalogue, metric, assigned_users(rows, "e"), **more)


def test_assigned_users(rows: Rows) -> None:
    found, expected = assigned_users(rows, "e"), users()
    mine = ASSIGNMENTS[ASSIGNMENTS.experiment_id == "e"]
    assert found.counts == expected.variant.value_counts().sort_index().to_dict()
    assert found.several == mine.user_id.nunique() - len(expected) > 0
    assert (found.first, found.last) == (
        mine.assigned_at.min().date(),
        mine.assigned_at.max().date(),
    )
    assert (found.unassigned, found.timed) == (0, True)


def test_after_exposure_only_and_nobody_missing(rows: Rows) -> None:
    same(measure(rows, "spent"), oracle(total))


def test_covariate_before_exposure(rows: Rows) -> None:
    same(
        measure(rows, "spent", observed=ObservationWindow(covariate_days=10)),
        oracle(total, before=10),
    )


def test_window_and_days(rows: Rows) -> None:
    same(measure(rows, "spent_week"), oracle(total, window=7))
    same(
        measure(rows, "spent_week", observed=ObservationWindow(end=END)),
        oracle(total, window=7, end=END),
    )
    first = dt.date(2026, 10, 8)
    found = measure(rows, "spent", observed=ObservationWindow(first, END))
    same(found, oracle(total, start=first, end=END))


def test_a_window_reaches_beyond_the_end_and_counts_those_it_is_over_for(rows: Rows) -> None:
    """Enrolment ends on 14 October; with data through 17 October a week is over for some."""
    through = dt.date(2026, 10, 17)
    expected = oracle(total, window=7)
    expected = expected[expected.start.dt.date + dt.timedelta(days=7) <= through]
    assert 0 < len(expected) < len(users())
    same(
        measure(rows, "spent_week", observed=ObservationWindow(end=END, through=through)), expected
    )
    # The same window given by the plan, for a metric that names none.
    observed = ObservationWindow(end=END, through=through, window_days=7)
    same(measure(rows, "spent", observed=observed), expected)
    panel = Panel(
        rows,
        load_catalogue(rows.workspace.metrics),
        ["spent"],
        assigned_users(rows, "e"),
        observed=observed,
    )
    assert sum(sum(arms.values()) for arms in panel.sizes("channel").values()) == len(users())


def test_without_times_the_first_day_stands_for_exposure(
    workspace: Callable[..., Workspace],
) -> None:
    """Orders before the plan's start are the covariate, not the outcome."""
    frame = ASSIGNMENTS[ASSIGNMENTS.experiment_id == "e"].drop(columns="assigned_at")
    made = Rows(workspace({"assignments": frame, "orders": ORDERS}, more=OWN))
    found = measure(made, "spent", observed=ObservationWindow(START, END, covariate_days=10))
    day = ORDERS.ordered_at.dt.date
    people = users().set_index("user_id")
    after = ORDERS[(day >= START) & (day <= END)].groupby("user_id").amount.sum()
    before = ORDERS[(day >= START - dt.timedelta(days=10)) & (day < START)]
    people = people.assign(x=after, px=before.groupby("user_id").amount.sum()).fillna(
        {"x": 0, "px": 0}
    )
    same(found, people.reset_index())


def test_ratio_with_its_covariances(rows: Rows) -> None:
    refunded = oracle(
        lambda g: g.amount[g.status == "refunded"].sum(), per=total, before=14, end=END
    )
    found = measure(rows, "refunded_value", observed=ObservationWindow(covariate_days=14, end=END))
    same(found, refunded)
    control = refunded[refunded.variant == "control"]
    assert arm_moments(found[0]).mean == pytest.approx(control.x.sum() / control.y.sum())


def test_proportions_and_distinct_values(rows: Rows) -> None:
    same(measure(rows, "order_conversion"), oracle(lambda g: float(len(g) > 0)))
    same(measure(rows, "twice"), oracle(lambda g: float(g.order_id.nunique() >= 2)))
    same(measure(rows, "devices"), oracle(lambda g: float(g.device.nunique())))
    same(measure(rows, "orders_per_user"), oracle(lambda g: float(len(g))))


def test_quotient_of_two_metrics(rows: Rows) -> None:
    same(measure(rows, "per_order"), oracle(total, per=lambda g: float(len(g))))


def test_cap_at_the_pooled_quantile(rows: Rows) -> None:
    expected = oracle(total, before=20)
    cap = expected.x.quantile(0.9)
    shares = (expected.x > cap).groupby(expected.variant).mean()
    for name in ("x", "px"):
        expected[name] = expected[name].clip(upper=cap)
    found = measure(rows, "spent_capped", observed=ObservationWindow(covariate_days=20))
    same(found, expected)
    for arm in found:
        assert arm.cap == pytest.approx(cap)
        assert arm.capped == pytest.approx(shares[arm.variant])
    assert measure(rows, "spent_capped", capped=False)[0].cap is None


def test_segments_and_days_of_assignment(rows: Rows) -> None:
    expected = oracle(total).fillna({"channel": "(none)"})
    same(measure(rows, "spent", by=["channel"]), expected, "channel")
    expected["day"] = expected.start.dt.date.astype(str)
    found = measure(rows, "spent", by=["assigned_date"])
    sizes = expected.groupby(["variant", "day"]).size()
    assert {(arm.variant, arm.group): arm.n for arm in found} == sizes.to_dict()


@pytest.mark.parametrize("metric", ["spent", "refunded_value"])
def test_parts_merge_to_the_whole(rows: Rows, metric: str) -> None:
    whole = {
        arm.variant: arm
        for arm in measure(rows, metric, observed=ObservationWindow(covariate_days=14))
    }
    parts = measure(rows, metric, observed=ObservationWindow(covariate_days=14), by=["channel"])
    for variant, arm in whole.items():
        merged = merge_arms([part for part in parts if part.variant == variant])
        assert merged.n == arm.n
        assert merged.mean == pytest.approx(arm.mean)
        assert merged.cov == pytest.approx(arm.cov)


def test_outcomes_of_this_experiment_only(workspace: Callable[..., Workspace]) -> None:
    """Rows that name another experiment do not count; rows that name none do."""
    assignments = pd.DataFrame(
        {"experiment_id": "e", "user_id": ["a", "b", "c", "d"], "variant": ["x", "x", "y", "y"]}
    )
    outcomes = pd.DataFrame(
        {
            "user_id": ["a", "a", "b", "c", "c"],
            "experiment_id": ["e", "f", None, "e", "f"],
            "rounds": [10.0, 99.0, 4.0, 6.0, 99.0],
        }
    )
    more = (
        '[metrics.rounds]\nlabel = "Rounds"\nkind = "mean"\ntable = "outcomes"\n'
        'value = "rounds"\nunit = "number"\n'
    )
    rows = Rows(workspace({"assignments": assignments, "outcomes": outcomes}, more=more))
    found = measure(rows, "rounds")
    assert {arm.variant: arm.mean["x"] for arm in found} == {"x": 7.0, "y": 3.0}
    assert not assigned_users(rows, "e").timed


def assigned(workspace: Callable[..., Workspace], **columns: Any) -> Rows:
    base = {"experiment_id": "e", "user_id": ["a", "b", "c"], "variant": ["x", "y", "y"]}
    return Rows(workspace({"assignments": pd.DataFrame({**base, **columns}), "orders": ORDERS}))


def test_a_user_without_a_time_is_left_out_where_others_have_one(
    workspace: Callable[..., Workspace],
) -> None:
    times = [pd.Timestamp("2026-10-01"), None, pd.Timestamp("2026-10-02")]
    found = assigned_users(assigned(workspace, assigned_at=times), "e")
    assert (found.counts, found.unassigned) == ({"x": 1, "y": 1}, 1)


def test_times_that_are_all_empty_are_no_times(workspace: Callable[..., Workspace]) -> None:
    times = pd.Series([None, None, None], dtype="datetime64[us]")
    found = assigned_users(assigned(workspace, assigned_at=times), "e")
    assert (found.counts, found.unassigned, found.timed) == ({"x": 1, "y": 2}, 0, False)


def test_unknown_experiment(rows: Rows) -> None:
    with pytest.raises(TableError, match=r'no assignment of experiment "othr".*mean "other"\?'):
        assigned_users(rows, "othr")


@pytest.mark.parametrize(
    ("metric", "by", "said"),
    [
        ("spent", ["city"], r'cannot split the experiment by "city".*channel'),
        ("retention_d1", [], r'kind "retention" cannot be read in an experiment'),
        ("nps", [], r'kind "nps" cannot be read in an experiment'),
        ("cart_rate", [], r"needs events, which the workspace does not map.*\[tables.events\]"),
        ("margin_per_user", [], r"needs orders.cost, .*\[tables.orders\]"),
    ],
)
def test_what_cannot_be_read(rows: Rows, metric: str, by: list[str], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        measure(rows, metric, by=by)


def test_a_table_without_users(workspace: Callable[..., Workspace]) -> None:
    spend = pd.DataFrame(
        {
            "campaign_id": ["c"],
            "date": [START],
            "channel": ["x"],
            "kind": ["media"],
            "amount": [1.0],
        }
    )
    rows = Rows(workspace({"assignments": ASSIGNMENTS, "spend": spend}))
    with pytest.raises(MetricError, match="table spend has no user_id"):
        measure(rows, "spend")


def test_stretches_of_days_since_exposure_with_their_covariances(rows: Rows) -> None:
    """Users whose stretch was over by the end, and how their values go together, by pandas."""
    catalogue = load_catalogue(rows.workspace.metrics)
    panel = Panel(
        rows,
        catalogue,
        ["spent"],
        assigned_users(rows, "e"),
        observed=ObservationWindow(end=END),
        since="spent",
    )
    people = users()
    joined = ORDERS.merge(people, on="user_id")
    age = (joined.ordered_at - joined.start) // pd.Timedelta(days=1)
    columns = {}
    for first, last in ((0, 0), (1, 2), (3, 6), (7, 13)):
        inside = joined[(joined.ordered_at >= joined.start) & age.between(first, last)]
        spent = people.user_id.map(inside.groupby("user_id").amount.sum()).fillna(0.0)
        over = people.start.dt.date + dt.timedelta(days=last) <= END
        columns[f"{first}-{last}"] = spent.where(over)
    table = pd.DataFrame(columns).assign(variant=people.variant)
    for arm in moments_since(panel, "spent"):
        mine = table[table.variant == arm.variant].drop(columns="variant")
        names = [str(stretch.group) for stretch in arm.stretches]
        assert names == [name for name in columns if mine[name].notna().sum() > 1]
        assert [s.n for s in arm.stretches] == [mine[name].notna().sum() for name in names]
        means = [stretch.mean["x"] for stretch in arm.stretches]
        assert means == pytest.approx([mine[name].mean() for name in names])
        for i, first in enumerate(names):
            for j, second in enumerate(names):
                expected = mine[[first, second]].dropna()
                assert arm.between[i, j, 0, 0] == pytest.approx(
                    expected.iloc[:, 0].cov(expected.iloc[:, 1])
                )


def test_a_quantile_as_part_of_a_quotient_is_refused(workspace: Callable[..., Workspace]) -> None:
    own = (
        OWN
        + """
[metrics.p90]
label = "P90"
kind = "quantile"
quantile = 0.9
table = "orders"
value = "amount"
unit = "money"
[metrics.odd]
label = "Odd"
kind = "quotient"
numerator = "p90"
denominator = "order_count"
unit = "money"
"""
    )
    made = Rows(workspace({"assignments": ASSIGNMENTS, "orders": ORDERS}, more=own))
    with pytest.raises(MetricError, match=r"\[p90\].*cannot be read in an experiment as a part of"):
        measure(made, "odd")
    with pytest.raises(MetricError, match=r"\[p90\]: a quantile cannot be read here"):
        measure(made, "p90")
