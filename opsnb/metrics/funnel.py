"""Ordered funnels: how many users took each step after the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis

from opsnb.errors import MetricError, did_you_mean
from opsnb.metrics.rows import Rows


@dataclass(frozen=True)
class FunnelCount:
    """A step of a funnel and the users who reached it in order."""

    step: str
    users: int


def ordered_funnel(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    *,
    within_days: int | None = None,
) -> list[FunnelCount]:
    """Users by step reached, in order, within a window of days.

    A user counts for a step when an event of that name happened at or after the earliest
    moment at which the step before was reached. Events of other names do not matter.

    Parameters
    ----------
    steps : sequence of str
        At least two event names, in order.
    start, end : date
        First and last day, both included.
    within_days : int, optional
        Days from the first step within which all others have to follow.
    """
    return _counted(_reached(rows, steps, start, end, within_days), steps)


def funnel_by(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    by: str,
    *,
    within_days: int | None = None,
) -> dict[str, list[FunnelCount]]:
    """The same by a column of events: a user belongs to the value of the first event in the window.

    Returns
    -------
    dict
        Value of the column ("(none)" where it is empty) to the steps; the largest first.
    """
    reached = _reached(rows, steps, start, end, within_days, by)
    group = reached._group.cast("string").coalesce("(none)")
    totals = reached.group_by(group=group).agg(
        **{name: reached[name].sum() for name in _names(steps)}
    )
    found = {
        str(row["group"]): [
            FunnelCount(step, int(row[name] or 0))
            for step, name in zip(steps, _names(steps), strict=True)
        ]
        for row in totals.execute().to_dict("records")
    }
    return dict(sorted(found.items(), key=lambda row: (-row[1][0].users, row[0])))


def _names(steps: Sequence[str]) -> list[str]:
    return [f"step_{number}" for number in range(len(steps))]


def _counted(reached: ibis.Table, steps: Sequence[str]) -> list[FunnelCount]:
    totals = reached.agg(**{name: reached[name].sum() for name in _names(steps)}).execute()
    counts = [totals[name].iloc[0] for name in _names(steps)]
    return [
        FunnelCount(step, int(count) if count == count and count is not None else 0)
        for step, count in zip(steps, counts, strict=True)
    ]


def _reached(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    within_days: int | None,
    by: str | None = None,
) -> ibis.Table:
    """One row a user: 1 for each step reached, and with `by` the user's group."""
    _check(steps)
    events = rows.table("events").expr
    if by is not None and by not in events.columns:
        raise MetricError(
            f'the events have no column "{by}"',
            where="funnel",
            hint=did_you_mean(by, events.columns, kind="columns"),
        )
    within = events.filter(
        events.event.isin(list(steps))
        & events.event_date.between(ibis.literal(start), ibis.literal(end))
        & events.user_id.notnull()
    ).select("user_id", "event_at", "event", *([by] if by else []))
    # A running maximum of the first step's moment keeps this to one scan and one window a step,
    # without self-joins; the latest chain of steps has the most time left.
    rank = ibis.cases(*[(within.event == step, number) for number, step in enumerate(steps)])
    ranked = within.mutate(_rank=rank).drop("event")  # windows carry every column along
    order = [ranked.event_at, ranked._rank]
    never = ibis.null().cast("timestamp")
    reached = ranked.mutate(_step_0=(ranked._rank == 0).ifelse(ranked.event_at, never))
    for number in range(1, len(steps)):
        window = ibis.window(group_by="user_id", order_by=order, preceding=None, following=0)
        began = reached[f"_step_{number - 1}"].max().over(window)
        hit = (reached._rank == number) & began.notnull()
        if within_days is not None:
            hit = hit & (reached.event_at <= began + ibis.interval(days=within_days))
        reached = reached.mutate(**{f"_step_{number}": hit.ifelse(began, never)})
    columns = {name: reached[f"_{name}"].max().notnull().cast("int64") for name in _names(steps)}
    if by is not None:
        columns["_group"] = reached[by].argmin(reached.event_at)
    return reached.group_by("user_id").agg(**columns)


def _check(steps: Sequence[str]) -> None:
    if len(steps) < 2:
        raise MetricError(
            f"a funnel of {len(steps)} step",
            where="funnel",
            hint='name two or more events: ["visit", "cart", "order"]',
        )
    twice = sorted({step for step in steps if list(steps).count(step) > 1})
    if twice:
        raise MetricError(
            f'the step "{twice[0]}" stands twice in the funnel',
            where="funnel",
            hint="name each event once",
        )
