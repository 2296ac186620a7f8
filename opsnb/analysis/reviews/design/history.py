"""What the team's own data says of an experiment that has not begun: traffic, mean, variance.

The last complete weeks are read as if the experiment had run in them, with one arm.
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
from opsnb.analysis.metrics.rows import DAY_COLUMN, TIME_COLUMN, Rows, on_days
from opsnb.analysis.reviews.experiment.effects import arm_moments
from opsnb.base.errors import ParameterError, TableError

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
    arrivals : array of shape (days,)
        Users first exposed on each day.
    """

    start: dt.date
    end: dt.date
    arrivals: np.ndarray
    baselines: dict[str, Baseline]

    @property
    def users(self) -> int:
        return int(self.arrivals.sum())

    def users_after(self, days: int) -> float:
        """Users met in a run of `days`: as in the history, then at its last week's pace.

        Those who come back are not new, so the curve bends.
        """
        known = min(days, len(self.arrivals))
        return float(self.arrivals[:known].sum()) + (days - known) * self.pace

    @property
    def pace(self) -> float:
        """New users a day in the history's last week."""
        return float(self.arrivals[-7:].mean())

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
    """Read the last `days` days before `as_of`.

    Parameters
    ----------
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
    start, end = as_of - dt.timedelta(days=days), as_of - dt.timedelta(days=1)
    assigned, arrivals = _exposed(rows, start, end, exposure)
    observed = ObservationWindow(
        end=end, through=end, window_days=window_days or None, covariate_days=covariate_days
    )
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
    return History(start, end, arrivals, baselines)


def _exposed(
    rows: Rows, start: dt.date, end: dt.date, exposure: str
) -> tuple[Assigned, np.ndarray]:
    """Users by their first exposure in the history, and how many a day."""
    name = "events" if rows.has("events") else "orders"
    if exposure and name == "orders":
        raise ParameterError(
            f'the event "{exposure}" cannot be looked for: no events are mapped',
            where="parameter exposure",
            hint="leave it empty, or map [tables.events]",
        )
    table = rows.table(name).expr
    moment = table[TIME_COLUMN[name]]
    inside = on_days(table, start, end, DAY_COLUMN[name]) & table.user_id.notnull()
    if exposure:
        inside &= table.event == exposure
    first = table.filter(inside).group_by("user_id").agg(assigned_at=moment.min())
    users = first.mutate(variant=ibis.literal(ARM)).cache()
    counts = users.group_by(_day=users.assigned_at.date()).agg(n=users.count()).execute()
    by_day = {pd.Timestamp(row["_day"]).date(): int(row["n"]) for row in counts.to_dict("records")}
    arrivals = np.array(
        [by_day.get(start + dt.timedelta(days=i), 0) for i in range((end - start).days + 1)]
    )
    total = int(arrivals.sum())
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
