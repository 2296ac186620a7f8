"""The weekly review: quiet where nothing happened, loud in the week of the outage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from opsnb.publishing.runs.cycle import expand

from .conftest import Played


@pytest.fixture(scope="module")
def outage(played: Callable[..., Played]) -> Played:
    return played("weekly_review", cycle="2026-W42")


def test_the_week_of_the_outage(outage: Played) -> None:
    left = {f["metric"] for f in outage.facts("week.expected")}
    assert {"gmv_net", "orders", "conversion_rate", "csat"} <= left
    for fact in outage.facts("week.expected"):
        value = outage.fact(f"kpi.value/{fact['metric']}")["value"]
        assert not fact["low"] <= value <= fact["high"]
    assert outage.verdict()["word"] == "LOOK HERE" and outage.records("decisions")
    assert outage.verdict("zh")["word"] == "需要关注"
    days = {f["period"] for f in outage.facts("anomaly.day") if f["metric"] == "orders"}
    assert {"2026-10-14", "2026-10-15"} <= days
    assert "Payment outage" in outage.cells["unusual_days"].plain(outage.language("en"))


def test_an_outage_does_not_teach_what_is_usual(
    outage: Played, played: Callable[..., Played]
) -> None:
    after = played("weekly_review", cycle="2026-W43")
    assert "orders" not in {f["metric"] for f in after.facts("week.expected")}


def test_a_quiet_week_names_few(played: Callable[..., Played]) -> None:
    counts = [
        played("weekly_review", cycle=cycle).fact("week.exceptions")
        for cycle in ("2026-W32", "2026-W34", "2026-W36")
    ]
    assert sum(f["value"] for f in counts) <= 5  # of some 36 KPIs, about 2 by chance
    assert all(f["n"] >= 10 for f in counts)


def test_boxes_and_last_year(outage: Played) -> None:
    page = outage.html("course_chart")
    for words in ("Month to date", "Last 6 weeks", "Last 12 months", "Last year"):
        assert words in page


def test_a_week_that_is_not_over(played: Callable[..., Played]) -> None:
    run = played("weekly_review", cycle="2026-W44")
    assert run.verdict()["word"] == "PROVISIONAL" and "provisional" in run.statuses
    assert not run.facts("week.expected")


def test_the_cycle_asks_for_it(sample: Workspace) -> None:
    assert [entry.playbook for entry in expand(sample, "2026-W43")] == ["weekly_review"]


def week_of(workspace: Callable[..., Workspace], last: int) -> Any:
    from opsnb.analysis.reviews.period.week import Week

    rng = np.random.default_rng(5)
    days = pd.date_range("2026-05-04", "2026-10-25")
    counts = np.where(days >= "2026-10-19", last, rng.integers(28, 33, len(days)))
    stamps = days.repeat(counts)
    orders = pd.DataFrame(
        {
            "order_id": [str(i) for i in range(len(stamps))],
            "user_id": [f"u{i % 40}" for i in range(len(stamps))],
            "ordered_at": stamps,
            "amount": 10.0,
        }
    )
    made = workspace({"orders": orders})
    return Week(Session(made, "weekly_review", cycle="2026-W43", kind="week"), ["orders"])


@pytest.mark.parametrize(("last", "word"), [(30, "ON ITS PATH"), (15, "LOOK HERE"), (60, "BETTER")])
def test_the_verdict_follows_the_exceptions(
    workspace: Callable[..., Workspace], last: int, word: str
) -> None:
    week = week_of(workspace, last)
    week.exceptions()
    assert week.ops.language.say(
        week.summary().payload()["languages"]["en"]["verdict"]["word"]
    ) == (word)


def test_due_actions_come_from_any_cycle(workspace: Callable[..., Workspace]) -> None:
    week = week_of(workspace, 30)
    ledger, as_of = week.ops.workspace.ledger, week.ops.workspace.as_of
    assert "No action is late" in week.due().plain(week.ops.language)
    ledger.add("action", "2026-08", "Long overdue", due=as_of.replace(month=9))
    ledger.add("action", "2026-10", "Next month", due=as_of.replace(month=12))
    page = week.due().plain(week.ops.language)
    assert "Long overdue" in page and "Next month" not in page
    assert week.ops.facts["actions.late"].value == 1
