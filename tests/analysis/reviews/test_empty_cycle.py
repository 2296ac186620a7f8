"""A cycle without a row says so and shows no figure; `latest` does not leave the data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import nbformat
import pandas as pd
import pytest

from opsnb.analysis.metrics.data_range import holds_rows, last_day
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.session import Session
from opsnb.base import periods
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan

from .conftest import PLAYBOOKS, Played, play

FIGURES = {"kpi.value", "kpi.change", "week.expected", "outlook.expected", "active.mau",
           "funnel.stage", "anomaly.day", "change.mix"}  # fmt: skip


@pytest.mark.parametrize(
    ("playbook", "cycle"),
    [
        ("monthly_retrospective", "2026-11"),  # after the data
        ("monthly_retrospective", "2023-01"),  # before them
        ("monthly_retrospective", "2027-Q1"),
        ("weekly_review", "2026-W46"),
    ],
)
def test_a_month_with_no_data_does_not_crash(
    played: Callable[..., Played], playbook: str, cycle: str
) -> None:
    run = played(playbook, cycle=cycle)
    assert set(run.statuses) == {"skipped"}
    assert (run.verdict()["word"], run.verdict("zh")["word"]) == ("NO DATA", "没有数据")
    assert "end on 31 Oct 2026" in run.verdict()["sentence"]
    assert not [fact for id in FIGURES for fact in run.facts(id)]
    for name in ("cards", "findings", "decisions", "actions", "predictions"):
        assert not run.records(name)
    assert run.check("complete")["status"] == "warn"


def test_a_table_that_was_not_yet_recorded_gives_no_zero(played: Callable[..., Played]) -> None:
    """Users registered in 2023, orders and events begin in October 2024."""
    run = played("monthly_retrospective", cycle="2023-06")
    of_users = {"new_users", "referral_share"}
    assert {f["metric"] for f in run.facts("kpi.value")} == of_users


def test_a_workspace_without_any_row(workspace: Callable[..., Workspace]) -> None:
    rows = "order_id,user_id,ordered_at,amount\n"
    made = workspace({"orders": rows})
    run = play(made, "monthly_retrospective", cycle="2026-10")
    assert run.verdict()["word"] == "NO DATA" and "no dated row" in run.verdict()["sentence"]
    assert last_day(made) is None
    assert Session(made, "x").period.key == "2026-10"  # the calendar's


def orders(first: str, last: str) -> pd.DataFrame:
    days = pd.date_range(first, last)
    return pd.DataFrame(
        {
            "order_id": [str(n) for n in range(len(days))],
            "user_id": "u1",
            "ordered_at": days,
            "amount": 1.0,
        }
    )


@pytest.mark.parametrize(
    ("last", "week", "month"),
    [
        ("2026-11-15", "2026-W46", "2026-10"),  # up to date
        ("2026-11-11", "2026-W46", "2026-10"),  # they reach into the week: partial, and said so
        ("2026-11-08", "2026-W45", "2026-10"),
        ("2026-10-31", "2026-W43", "2026-10"),
        ("2026-09-29", "2026-W39", "2026-08"),
    ],
)
def test_latest_is_the_last_cycle_that_the_data_hold(
    workspace: Callable[..., Workspace], last: str, week: str, month: str
) -> None:
    made = workspace({"orders": orders("2026-01-01", last)}, as_of="2026-11-16")
    assert last_day(made) == dt.date.fromisoformat(last)
    for kind, key in (("week", week), ("month", month)):
        assert Session(made, "x", kind=kind).period.key == key  # type: ignore[arg-type]
        planned = plan(
            Playbook.read(PLAYBOOKS / "weekly_review.ipynb")
            if kind == "week"
            else Playbook.read(PLAYBOOKS / "monthly_retrospective.ipynb"),
            {},
            made,
            reach=lambda: last_day(made),
        )
        assert (planned.cycle, planned.parameters["cycle"]) == (key, key)


def test_rows_after_the_day_of_the_data_reach_nothing(workspace: Callable[..., Workspace]) -> None:
    made = workspace({"orders": pd.concat([orders("2026-08-01", "2026-10-05"),
                                           orders("2031-01-01", "2031-01-01")])})  # fmt: skip
    assert last_day(made) == dt.date(2026, 10, 5)


def test_events_speak_where_no_orders_are_mapped(workspace: Callable[..., Workspace]) -> None:
    days = pd.date_range("2026-08-20", "2026-09-30")
    events = pd.DataFrame({"user_id": "u", "event_at": days, "event": "visit"})
    made = workspace({"events": events})
    assert last_day(made) == dt.date(2026, 9, 30)
    assert holds_rows(Rows(made), periods.parse("2026-09"))
    assert not holds_rows(Rows(made), periods.parse("2026-07"))


def test_a_table_that_cannot_be_read_leaves_the_calendar(
    workspace: Callable[..., Workspace],
) -> None:
    made = workspace({"orders": "some,thing\n1,2\n"})
    assert last_day(made) is None


def test_the_default_of_each_playbook_runs_and_says_what_it_took(
    played: Callable[..., Played],
) -> None:
    for path in sorted(PLAYBOOKS.glob("*.ipynb")):
        run = played(path.stem)
        assert run.verdict()["word"] not in ("", "NO DATA"), path.stem
        assert "skipped" not in run.statuses
    week = played("weekly_review")
    assert week.ops.period.key == "2026-W43"
    said: dict[str, Any] = week.check("reach")
    assert said["status"] == "warn" and "week 46 of 2026" in said["message"]
    assert nbformat.read(PLAYBOOKS / "weekly_review.ipynb", 4).metadata["opsnb"]["period"] == "week"
