"""The readout on days that are not on record: rows, windows and the past that count in no arm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import opsnb
from opsnb.analysis.metrics.user_panel import avoidable
from opsnb.analysis.session import Session
from opsnb.analysis.tables import Gap
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]

START = pd.Timestamp("2026-10-05")
GONE = ("2026-10-12", "2026-10-13")
GAPS = "gaps = [{start = 2026-10-12, end = 2026-10-13}]\n"
PLAN = """
name = "Test"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {control = 0.5, treatment = 0.5}
%s
[primary]
metric = "spent"
"""
METRICS = """
[metrics.spent]
label = "Spent"
kind = "mean"
table = "orders"
value = "amount"
unit = "money"
"""


def people(n: int = 1400) -> pd.DataFrame:
    """Two arms met evenly over two weeks, at noon."""
    index = np.arange(n)
    arms = [
        pd.DataFrame(
            {
                "user_id": [f"{arm}{i}" for i in index],
                "variant": arm,
                "assigned_at": START + pd.to_timedelta(index % 14, unit="D") + pd.Timedelta("12h"),
            }
        )
        for arm in ("control", "treatment")
    ]
    return pd.concat(arms, ignore_index=True)


def orders_of(users: pd.DataFrame, first: str = "2026-08-20", last: str = "2026-11-10"):
    """Some 90 a day, whoever; the treated spend more."""
    rng = np.random.default_rng(4)
    days = pd.date_range(first, last)
    number = rng.poisson(90, len(days))
    who = rng.integers(0, len(users), number.sum())
    frame = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(number.sum())],
            "user_id": users.user_id.to_numpy()[who],
            "ordered_at": np.repeat(days, number)
            + pd.to_timedelta(rng.integers(0, 86_400, number.sum()), unit="s"),
            "amount": rng.lognormal(3, 0.5, number.sum()).round(2),
        }
    )
    treated = frame.user_id.str.startswith("treatment")
    return frame.assign(amount=frame.amount.where(~treated, frame.amount * 1.2))


def readout(workspace: MakeWorkspace, orders: pd.DataFrame, plan: str = "", gaps: str = ""):
    users = people()
    made = workspace(
        {"assignments": users.assign(experiment_id="e"), "orders": orders},
        plans={"experiments/e.toml": PLAN % plan},
        more=gaps + METRICS,
    )
    ops = Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])
    return opsnb.Experiment(ops, "e")


def spent(orders: pd.DataFrame, window: int | None = None, gone: tuple[str, ...] = ()):
    """Amount of each user after exposure within the run (or a window), by pandas."""
    users = people()
    rows = orders.merge(users, on="user_id")
    after = rows.ordered_at >= rows.assigned_at
    if window is None:
        after &= rows.ordered_at < pd.Timestamp("2026-10-19")
    else:
        after &= rows.ordered_at < rows.assigned_at + pd.Timedelta(days=window)
    after &= ~rows.ordered_at.dt.strftime("%Y-%m-%d").isin(gone)
    each = rows[after].groupby("user_id").amount.sum()
    return users.assign(spent=users.user_id.map(each).fillna(0.0))


def means(found) -> dict[str, float]:
    return {name: arm.mean["x"] for name, arm in found.arms("spent").items()}


def test_rows_of_days_that_are_not_on_record_count_in_no_arm(workspace: MakeWorkspace) -> None:
    orders = orders_of(people())
    found = readout(workspace, orders, gaps=GAPS)
    truth = spent(orders, gone=GONE).groupby("variant").spent.mean()
    assert means(found) == pytest.approx(truth.to_dict())
    found.trust_gate()
    check = found.ops.checks["not_recorded.orders"]
    assert check.status == "warn"
    english, chinese = (language.say(check.message) for language in found.ops.languages)
    assert english == (
        "Days of the experiment that are not on record in orders: 2 of 14 "
        "(12 Oct to 13 Oct 2026). No arm counts them."
    )
    assert "2 天没有记录（共 14 天；2026年10月12日至10月13日）。这些天各组都不计入。" in chinese


def test_a_sound_experiment_has_no_such_check(workspace: MakeWorkspace) -> None:
    orders = orders_of(people())
    found = readout(workspace, orders)
    assert means(found) == pytest.approx(spent(orders).groupby("variant").spent.mean().to_dict())
    found.trust_gate()
    assert not [name for name in found.ops.checks if name.startswith("not_recorded")]


def test_users_whose_window_touches_a_gap_are_left_out(workspace: MakeWorkspace) -> None:
    orders = orders_of(people())
    found = readout(workspace, orders, "window_days = 3", GAPS)
    each = spent(orders, window=3)
    begun, ended = (each.assigned_at + pd.Timedelta(days=n) for n in (0, 3))
    touched = (begun.dt.normalize() <= GONE[1]) & (ended.dt.normalize() >= GONE[0])
    whole = each[~touched]
    assert means(found) == pytest.approx(whole.groupby("variant").spent.mean().to_dict())
    assert {name: arm.n for name, arm in found.arms("spent").items()} == (
        whole.groupby("variant").size().to_dict()
    )
    found.trust_gate()
    text = found.ops.languages[0].say(found.ops.checks["not_recorded.orders"].message)
    assert "users whose 3 days after exposure touch them are left out of all arms alike" in text


def test_windows_that_nearly_all_touch_a_gap_are_read_without_its_days(
    workspace: MakeWorkspace,
) -> None:
    orders = orders_of(people())
    found = readout(workspace, orders, "window_days = 14", GAPS)
    each = spent(orders, window=14, gone=GONE)
    assert means(found) == pytest.approx(each.groupby("variant").spent.mean().to_dict())
    found.trust_gate()
    text = found.ops.languages[0].say(found.ops.checks["not_recorded.orders"].message)
    assert "the 14 days after exposure are read without them, alike in all arms" in text


def test_users_whose_window_ends_on_a_day_that_is_not_whole_are_left_out(
    workspace: MakeWorkspace,
) -> None:
    orders = orders_of(people())
    orders = orders[orders.ordered_at < "2026-10-20 10:00"]
    found = readout(workspace, orders, "window_days = 3")
    assert found.through == dt.date(2026, 10, 19)
    each = spent(orders, window=3)
    over = each[(each.assigned_at + pd.Timedelta(days=3)).dt.date <= dt.date(2026, 10, 19)]
    assert {name: arm.n for name, arm in found.arms("spent").items()} == (
        over.groupby("variant").size().to_dict()
    )


@pytest.mark.parametrize(
    ("first", "days", "words"),
    [
        ("2026-08-20", 28, None),
        ("2026-09-25", 28, "that of the 10 of 28 days before the first exposure"),
        ("2026-10-05", 0, "none of the 28 days before the first exposure is on record"),
    ],
)
def test_the_past_is_that_of_the_days_on_record(workspace, first, days, words) -> None:
    found = readout(workspace, orders_of(people(), first=first), "covariate_days = 28")
    assert found.on_record.covariate_days == days
    problem = found.covariate_problem
    said = found.ops.languages[0].say(problem) if problem else None
    assert (words is None) == (said is None)
    assert words is None or words in said
    assert ("px" in found.arms("spent")["control"].mean) == bool(days)


def test_no_point_is_drawn_on_a_day_of_a_gap(workspace: MakeWorkspace) -> None:
    found = readout(workspace, orders_of(people()), gaps=GAPS)
    shown = found.cumulative()
    charts = [part for part in shown.payload()["parts"] if part["is"] == "chart"]
    dates = [row[0] for row in charts[0]["rows"]]
    assert "2026-10-11" in dates and "2026-10-14" in dates
    assert not set(GONE) & set(dates)
    text = shown.plain(found.ops.languages[0])
    assert "No point is drawn for days that are not on record: 12 Oct to 13 Oct 2026" in text


def test_gaps_are_avoided_where_that_leaves_half_of_the_days() -> None:
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 20)
    gap = Gap(dt.date(2026, 10, 18), dt.date(2026, 10, 19), 0, 80, "empty")
    assert avoidable([gap], first, last, 3) == [gap]
    assert avoidable([gap], first, last, 12) == []
    assert avoidable([], first, last, 12) == []
