"""Ordered funnels: how many users took each step after the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import ibis
import pandas as pd

from opsnb.analysis.metrics.rows import Rows, on_days, without
from opsnb.base.errors import MetricError, did_you_mean


@dataclass(frozen=True)
class FunnelCount:
    """A step of a funnel and the users who reached it in order."""

    step: str
    users: int


@dataclass(frozen=True)
class Funnel:
    """A funnel over some days.

    Attributes
    ----------
    steps : tuple of FunnelCount
        Everybody.
    by : dict
        For each column asked for, its values ("(none)" where it is empty) to their steps; the
        largest first.
    """

    steps: tuple[FunnelCount, ...]
    by: Mapping[str, Mapping[str, list[FunnelCount]]]


def funnel(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    *,
    by: Sequence[str] = (),
    within_days: int | None = None,
    leaving_out: Collection[dt.date] = (),
) -> Funnel:
    """Users by step reached, in order, within a window of days; one query.

    A user counts for a step when an event of that name happened at or after the earliest
    moment at which the step before was reached. Events of other names do not matter.

    Parameters
    ----------
    steps : sequence of str
        At least two event names, in order.
    start, end : date
        First and last day, both included.
    by : sequence of str
        Columns of events: a user belongs to the values of the first event in the window.
    within_days : int, optional
        Days from the first step within which all others have to follow.
    leaving_out : collection of date
        Days that are not to count, beside those that are not on record.
    """
    reached = _reached(rows, steps, start, end, within_days, by, leaving_out)
    names = _names(steps)
    groups = {f"_by_{number}": column for number, column in enumerate(by)}
    sums = {name: reached[name].sum() for name in names}
    if not by:
        counts = reached.agg(**sums).execute()[names].fillna(0)
        return Funnel(tuple(_counts(steps, counts.iloc[0])), {})
    keys = {name: reached[name].cast("string").coalesce("(none)") for name in groups}
    counts = reached.group_by(**keys).agg(**sums).execute()
    return Funnel(
        tuple(_counts(steps, counts[names].sum())),
        {column: _by_group(steps, counts, name) for name, column in groups.items()},
    )


def ordered_funnel(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    *,
    within_days: int | None = None,
) -> list[FunnelCount]:
    """`funnel` of everybody."""
    return list(funnel(rows, steps, start, end, within_days=within_days).steps)


def funnel_by(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    by: str,
    *,
    within_days: int | None = None,
) -> dict[str, list[FunnelCount]]:
    """`funnel` by one column of events."""
    return dict(funnel(rows, steps, start, end, by=[by], within_days=within_days).by[by])


def _names(steps: Sequence[str]) -> list[str]:
    return [f"step_{number}" for number in range(len(steps))]


def _counts(steps: Sequence[str], row: pd.Series) -> list[FunnelCount]:
    names = _names(steps)
    return [FunnelCount(step, int(row[name])) for step, name in zip(steps, names, strict=True)]


def _by_group(
    steps: Sequence[str], counts: pd.DataFrame, group: str
) -> dict[str, list[FunnelCount]]:
    totals = counts.groupby(group)[_names(steps)].sum()
    found = {str(name): _counts(steps, row) for name, row in totals.iterrows()}
    return dict(sorted(found.items(), key=lambda row: (-row[1][0].users, row[0])))


def _reached(
    rows: Rows,
    steps: Sequence[str],
    start: dt.date,
    end: dt.date,
    within_days: int | None,
    by: Sequence[str],
    leaving_out: Collection[dt.date],
) -> ibis.Table:
    """One row a user: 1 for each step reached, and the user's groups."""
    _check(steps)
    events = without(rows.expr("events"), leaving_out, "event_date")
    for column in by:
        if column not in events.columns:
            raise MetricError(
                f'the events have no column "{column}"',
                where="funnel",
                hint=did_you_mean(column, events.columns, kind="columns"),
            )
    groups = {f"_by_{number}": events[column] for number, column in enumerate(by)}
    within = events.filter(
        on_days(events, start, end, "event_date")
        & events.event.isin(list(steps))
        & events.user_id.notnull()
    ).select("user_id", "event_at", "event", **groups)
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
    columns |= {name: reached[name].argmin(reached.event_at) for name in groups}
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
