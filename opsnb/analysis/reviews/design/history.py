"""What the team's own data says of an experiment that has not begun: traffic, mean, variance.

The last weeks on record are read as if the experiment had run in them, with one arm. Days that
are not on record are left out: what is averaged is a recorded day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from opsnb.analysis.methods.moments import Moments
from opsnb.analysis.methods.quantiles import quantile_ranks
from opsnb.analysis.metrics import ArmAggregates, Assigned, Metric, ObservationWindow, Panel
from opsnb.analysis.metrics.catalogue import Catalogue
from opsnb.analysis.metrics.rows import Rows, on_days, without
from opsnb.analysis.metrics.user_panel import avoidable, parts_of
from opsnb.analysis.reviews.experiment.effects import arm_moments
from opsnb.analysis.tables import Gap, Record
from opsnb.base.errors import ParameterError, TableError

LEAST_SHARE = 0.9
"""Of the days asked for, the share on record below which the history reaches further back."""

LEAST_OF_WEEK = 4
"""Days on record that tell the pace of the last week."""

MIN_USERS = 100
"""Users below which a baseline says too little to plan on."""

ARM = "baseline"


@dataclass(frozen=True)
class Baseline:
    """A metric per user over the history.

    `reduction` is the share of its variance that its own past explains (CUPED).
    """

    metric: Metric
    moments: Moments
    reduction: float

    @property
    def mean(self) -> float:
        return self.moments.mean

    def variance(self, *, adjusted: bool) -> float:
        return self.moments.var * (1 - self.reduction if adjusted else 1)


@dataclass(frozen=True)
class History:
    """Users by day of their first exposure in the history, and each metric's baseline.

    Attributes
    ----------
    start, end : date
    days : tuple of date
        Days of the history on which exposures are on record.
    arrivals : array of shape (days,)
        Users first exposed on each of them.
    left_out : tuple of date
        Days of the history that are not on record, of exposures or of a metric.
    asked : int
        Days of history that were asked for.
    """

    start: dt.date
    end: dt.date
    days: tuple[dt.date, ...]
    arrivals: np.ndarray
    baselines: dict[str, Baseline]
    left_out: tuple[dt.date, ...] = ()
    asked: int = 0

    @property
    def users(self) -> int:
        return int(self.arrivals.sum())

    def users_after(self, days: int) -> float:
        """Users met in a run of `days`: as on the recorded days, then at the last week's pace.

        Those who come back are not new, so the curve bends.
        """
        known = min(days, len(self.arrivals))
        return float(self.arrivals[:known].sum()) + (days - known) * self.pace

    @property
    def pace(self) -> float:
        """New users on a recorded day of the last week; of more weeks where it has few."""
        age = np.array([(self.end - day).days for day in self.days])
        weeks = 1
        while (age < 7 * weeks).sum() < min(LEAST_OF_WEEK, len(age)):
            weeks += 1
        return float(self.arrivals[age < 7 * weeks].mean())

    def days_for(self, users: float, most: int = 3650) -> int | None:
        """Whole weeks until that many users have come; None where they never do."""
        for days in range(7, most + 1, 7):
            if self.users_after(days) >= users:
                return days
        return None


def read_history(
    rows: Rows,
    catalogue: Catalogue,
    metrics: Sequence[str],
    *,
    as_of: dt.date,
    days: int,
    exposure: str,
    covariate_days: int,
    window_days: int = 0,
) -> History:
    """Read the last `days` days before `as_of`, and whole weeks more where too few are on record.

    Parameters
    ----------
    days : int
        Whole weeks, so that weekdays count alike; fewer where the record is shorter.
    exposure : str
        The event that would expose a user; empty: any event (an order where events are not
        mapped).
    window_days : int
        Days after exposure in which outcomes count; users whose days are not over at the end
        count in the traffic only. 0: all days.

    Raises
    ------
    ParameterError
        `days` is no number of whole weeks, or nobody had the event.
    TableError
        Neither events nor orders are mapped, or too few users came.
    """
    if days < 7 or days % 7:
        raise ParameterError(
            f"{days} days of history are no whole weeks",
            where="parameter history_days",
            hint="take 28 or 56, so that every weekday counts alike",
        )
    end = as_of - dt.timedelta(days=1)
    exposed = _table_of_exposure(rows, exposure)
    windows = _windows(rows, catalogue, metrics, window_days)
    records = [rows.record(name) for name in sorted({exposed, *windows})]
    start = _start(records, end, days)
    assigned, arrivals = _exposed(rows, start, end, exposed, exposure)
    observed = ObservationWindow(
        end=end, through=end, window_days=window_days or None, covariate_days=covariate_days,
        gaps=tuple(
            (name, gap)
            for name, window in windows.items()
            for gap in _avoided(rows.record(name), start, end, window)
        ),
    )  # fmt: skip
    panel = Panel(rows, catalogue, metrics, assigned, observed=observed, ranks=quantile_ranks)
    for name in panel.metrics:
        if not panel.moments(name):
            raise ParameterError(
                f"{days} days of history hold no user with {panel.window(name)} days after the "
                f"first exposure, as {name} counts them",
                where="parameter history_days",
                hint="take a longer history, or fewer window_days",
            )
    baselines = {name: _baseline(catalogue[name], panel.moments(name)[0]) for name in panel.metrics}
    left_out = tuple(sorted(_lacking(records, start, end)))
    came = np.array(list(arrivals.values()))
    return History(start, end, tuple(arrivals), came, baselines, left_out, days)


def _lacking(records: Sequence[Record], start: dt.date, end: dt.date) -> frozenset[dt.date]:
    return frozenset[dt.date]().union(*(record.lacks(start, end) for record in records))


def _start(records: Sequence[Record], end: dt.date, days: int) -> dt.date:
    """Where a history starts that has nearly all of its days on record; at the earliest, where
    the records do."""
    first = max((record.first for record in records if record.first is not None), default=end)
    span = days
    while True:
        start = end - dt.timedelta(days=span - 1)
        if start <= first:
            return min(first, end)
        if span - len(_lacking(records, start, end)) >= LEAST_SHARE * days:
            return start
        span += 7


def _windows(
    rows: Rows, catalogue: Catalogue, metrics: Sequence[str], window_days: int
) -> dict[str, int]:
    """By table with moments that metrics are read from, the most days after exposure they count."""
    found: dict[str, int] = {}
    for part in (part for name in metrics for part in parts_of(catalogue[name], catalogue)):
        if part.table is not None and rows.has(part.table) and rows.moment(part.table):
            days = part.window_days or window_days
            found[part.table] = max(days, found.get(part.table, 0))
    return dict(sorted(found.items()))


def _avoided(record: Record, start: dt.date, end: dt.date, window: int) -> list[Gap]:
    last = max(end - dt.timedelta(days=window), start)
    return avoidable(record.gaps_in(start, end), start, last, window) if window else []


def last_recorded(
    rows: Rows, catalogue: Catalogue, metrics: Sequence[str], as_of: dt.date
) -> dt.date:
    """The last day on record of exposures and of the metrics' tables, before `as_of`."""
    tables = {_table_of_exposure(rows, ""), *_windows(rows, catalogue, metrics, 0)}
    lasts = [rows.record(name).last for name in sorted(tables) if rows.has(name)]
    yesterday = as_of - dt.timedelta(days=1)
    return min([yesterday, *(day for day in lasts if day is not None)])


def _table_of_exposure(rows: Rows, exposure: str) -> str:
    name = "events" if rows.has("events") else "orders"
    if exposure and name == "orders":
        raise ParameterError(
            f'the event "{exposure}" cannot be looked for: no events are mapped',
            where="parameter exposure",
            hint="leave it empty, or map [tables.events]",
        )
    return name


def _exposed(
    rows: Rows, start: dt.date, end: dt.date, name: str, exposure: str
) -> tuple[Assigned, dict[dt.date, int]]:
    """Users by their first exposure, and how many on each day on record."""
    record = rows.record(name)
    table = rows.table(name).expr  # who came on a day of a gap is not new on the next one
    moment = table[rows.moment(name)]
    inside = on_days(table, start, end, rows.day(name)) & table.user_id.notnull()
    if exposure:
        inside &= table.event == exposure
    first = table.filter(inside).group_by("user_id").agg(assigned_at=moment.min())
    first = without(first.mutate(_day=first.assigned_at.date()), record.lacks(start, end))
    users = first.drop("_day").mutate(variant=ibis.literal(ARM)).cache()
    counts = users.group_by(_day=users.assigned_at.date()).agg(n=users.count()).execute()
    by_day = {pd.Timestamp(row["_day"]).date(): int(row["n"]) for row in counts.to_dict("records")}
    lacks, total = record.lacks(start, end), sum(by_day.values())
    span = (start + dt.timedelta(days=n) for n in range((end - start).days + 1))
    arrivals = {day: by_day.get(day, 0) for day in span if day not in lacks}
    if total < MIN_USERS:
        what = f'had the event "{exposure}"' if exposure else f"have a row in {name}"
        raise TableError(
            f"{total} users {what} from {start} to {end}; a baseline needs {MIN_USERS}",
            where=f"table {name}",
            hint="take a longer history, or another exposure",
        )
    return Assigned("", users, {ARM: total}, 0, 0, start, end), arrivals


MOST_REDUCTION = 0.99


def _baseline(metric: Metric, arm: ArmAggregates) -> Baseline:
    return Baseline(metric, arm_moments(arm), _reduction(arm))


def _reduction(arm: ArmAggregates) -> float:
    """Squared correlation of the metric with its own past; of a ratio, of its linear part."""
    names: list[str] = [name for name in ("x", "y", "px", "py") if name in arm.mean]
    if "px" not in names:
        return 0.0
    cov = np.array([[arm.cov.get((a, b), arm.cov.get((b, a), 0.0)) for b in names] for a in names])
    after, before = np.zeros(len(names)), np.zeros(len(names))
    for weights, top, bottom in ((after, "x", "y"), (before, "px", "py")):
        weights[names.index(top)] = 1.0
        if bottom in names:
            if not arm.mean[bottom]:
                return 0.0
            weights[names.index(bottom)] = -arm.mean[top] / arm.mean[bottom]
    spread = float(after @ cov @ after) * float(before @ cov @ before)
    found = float(after @ cov @ before) ** 2 / spread if spread > 0 else 0.0
    # A past that tells everything is the coincidence of a few users: no plan can rest on it.
    return found if found < MOST_REDUCTION else 0.0
