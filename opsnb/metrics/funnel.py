"""Ordered funnels: how many users took each step after the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis

from opsnb.errors import MetricError
from opsnb.metrics.rows import Rows


@dataclass(frozen=True)
class FunnelCount:
    """A step of a funnel and the users who reached it in order."""

    step: str
    users: int


def ordered_funnel(
    rows: Rows, steps: Sequence[str], start: dt.date, end: dt.date
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
    """
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
    events = rows.table("events").expr
    within = events.filter(
        events.event.isin(list(steps))
        & events.event_date.between(ibis.literal(start), ibis.literal(end))
        & events.user_id.notnull()
    ).select("user_id", "event_at", "event")
    # Running maxima keep this to one scan and one window a step, without self-joins.
    ranked = within.mutate(_rank=ibis.cases(*[(within.event == s, i) for i, s in enumerate(steps)]))
    order = [ranked.event_at, ranked._rank]
    reached = ranked.mutate(_step_0=(ranked._rank == 0).cast("int64"))
    for number in range(1, len(steps)):
        before = f"_step_{number - 1}"
        window = ibis.window(group_by="user_id", order_by=order, preceding=None, following=0)
        came = reached[before].max().over(window)
        hit = (reached._rank == number) & (came == 1)
        reached = reached.mutate(**{f"_step_{number}": hit.cast("int64")})
    per_user = reached.group_by("user_id").agg(
        **{f"step_{number}": reached[f"_step_{number}"].max() for number in range(len(steps))}
    )
    totals = per_user.agg(
        **{f"step_{number}": per_user[f"step_{number}"].sum() for number in range(len(steps))}
    ).execute()
    counts = [totals[f"step_{number}"].iloc[0] for number in range(len(steps))]
    return [
        FunnelCount(step, int(count) if count == count and count is not None else 0)
        for step, count in zip(steps, counts, strict=True)
    ]
