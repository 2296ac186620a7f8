"""Tickets and tasks, with the shares on time that truth.py plants."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.sessions import Sessions
from opsnb.sample.words import Words

_TICKETS_A_VISIT = 0.013
_OUTAGE_TICKETS = 150  # a day, all about payment
_CATEGORIES = ("delivery", "refund", "product", "account", "payment", "app")
_CATEGORY_SHARES = (0.32, 0.24, 0.18, 0.10, 0.08, 0.08)
_PRIORITIES = (("urgent", 8), ("normal", 24), ("low", 72))  # hours until due
_PRIORITY_SHARES = (0.2, 0.6, 0.2)
_CHANNELS = ("in_app", "phone", "wechat")
_COMMENT_RATE = 0.35
_OPEN_SHARE_OF_LATE = 0.04  # of late tickets, still open
_TASKS_A_MONTH = (54, 66)


def on_time_shares(month: int) -> tuple[float, float]:
    """Planted shares on time of tickets and tasks in a month written YYYYMM."""
    plan = truth.SERVICE
    if month == plan.october:
        return plan.tickets_on_time_october, plan.tasks_on_time_october
    return plan.tickets_on_time, plan.tasks_on_time


def exactly(rng: np.random.Generator, n: int, share: float) -> NDArray[np.bool_]:
    """n flags of which the share, rounded to whole ones, is True, in random order."""
    return rng.permutation(np.arange(n) < round(n * share))


def tickets_table(seed: int, ids: NDArray[np.int64], sessions: Sessions, words: Words) -> pa.Table:
    """One row a ticket in order of opening; the outage brings its own."""
    rng = stream(seed, "tickets")
    chosen = np.flatnonzero(rng.random(len(sessions)) < _TICKETS_A_VISIT)
    category = rng.choice(len(_CATEGORIES), len(chosen), p=_CATEGORY_SHARES)
    hit = np.flatnonzero(days.between(sessions.day, truth.OUTAGE.start, truth.OUTAGE.end))
    extra = rng.choice(hit, 2 * _OUTAGE_TICKETS, replace=False)
    payment = np.full(len(extra), _CATEGORIES.index("payment"))
    chosen, category = np.concatenate([chosen, extra]), np.concatenate([category, payment])
    opened = sessions.start[chosen] + rng.integers(60, 900, len(chosen))
    by_time = np.argsort(opened, kind="stable")
    chosen, category, opened = chosen[by_time], category[by_time], opened[by_time]
    month = days.months()[opened // days.DAY_SECONDS]
    priority = rng.choice(3, len(chosen), p=_PRIORITY_SHARES)
    allowed = np.array([hours for _, hours in _PRIORITIES])[priority] * 3600
    on_time = np.concatenate(
        [exactly(rng, int((month == m).sum()), on_time_shares(m)[0]) for m in np.unique(month)]
    )
    used = np.where(
        on_time, rng.uniform(0.05, 0.97, len(chosen)), 1.02 + rng.exponential(0.5, len(chosen))
    )
    resolved = opened + (allowed * used).astype(np.int64)
    response = opened + (allowed * used * rng.uniform(0.02, 0.5, len(chosen))).astype(np.int64)
    still_open = ~on_time & (rng.random(len(chosen)) < _OPEN_SHARE_OF_LATE)
    still_open |= resolved >= days.end_of(truth.AS_OF)
    comments = [
        words.comment(rng, _CATEGORIES[c], "bad") if says else None
        for c, says in zip(category, rng.random(len(chosen)) < _COMMENT_RATE, strict=True)
    ]
    return pa.table(
        {
            "ticket_id": 70_001 + np.arange(len(chosen)),
            "opened_at": days.timestamps(opened),
            "user_id": ids[sessions.user[chosen]],
            "category": [_CATEGORIES[c] for c in category],
            "priority": [_PRIORITIES[p][0] for p in priority],
            "first_response_at": days.timestamps(response),
            "resolved_at": pa.array(days.timestamps(resolved), mask=still_open),
            "due_at": days.timestamps(opened + allowed),
            "channel": [_CHANNELS[c] for c in rng.choice(3, len(chosen), p=(0.6, 0.15, 0.25))],
            "comment": pa.array(comments, pa.string()),
        }
    )


def tasks_table(seed: int, words: Words) -> pa.Table:
    """One row a task of the operations team, by due date."""
    rng = stream(seed, "tasks")
    rows: list[tuple[dt.date, dt.date | None, str, str, str]] = []
    for month in np.unique(days.months()):
        first = dt.date(int(month) // 100, int(month) % 100, 1)
        length = ((first + dt.timedelta(days=32)).replace(day=1) - first).days
        due = np.sort(rng.integers(0, length, rng.integers(*_TASKS_A_MONTH, endpoint=True)))
        for day, on_time in zip(due, exactly(rng, len(due), on_time_shares(month)[1]), strict=True):
            due_on = first + dt.timedelta(days=int(day))
            slip = -int(rng.integers(0, 4)) if on_time else int(rng.integers(1, 12))
            done = due_on + dt.timedelta(days=slip)
            project, title, owner = words.task(rng)
            open_still = not on_time and rng.random() < 0.2 and due_on.year == truth.END.year
            rows.append((due_on, None if open_still else done, owner, project, title))
    names = ("due_on", "done_on", "owner", "project", "title")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table({"task_id": 1 + np.arange(len(rows)), **columns})
