"""What is on record of an experiment's days: whole windows, the past behind CUPED, gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.metrics import ObservationWindow
from opsnb.analysis.metrics.user_panel import avoidable, parts_of
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Assigned
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.tables import Gap, Record
    from opsnb.base.plans import ExperimentPlan

DAY = dt.timedelta(days=1)


class ExperimentRecord:
    """The records of the tables that an experiment's metrics are read from, user by user.

    Rows of days that are not on record count nowhere, alike in all arms. A table of ready-made
    outcomes has no record: it holds values of users, not what happened on its days.

    Parameters
    ----------
    users : Assigned or None
        Who was in which arm; None where only daily totals are left.
    """

    def __init__(self, ops: Recorder, plan: ExperimentPlan, users: Assigned | None) -> None:
        self.ops, self.plan, self.users = ops, plan, users

    def tables(self, metrics: Sequence[str]) -> list[str]:
        """Tables with moments that metrics are read from, in the order of their names."""
        catalogue, rows = self.ops.catalogue, self.ops.rows
        parts = [part for name in metrics for part in parts_of(catalogue[name], catalogue)]
        named = {part.table for part in parts if part.table is not None}
        return sorted(name for name in named if rows.has(name) and rows.moment(name))

    def of(self, metrics: Sequence[str]) -> list[Record]:
        """Their records; none of a table without a row."""
        found = [self.ops.rows.record(table) for table in self.tables(metrics)]
        return [record for record in found if record.first is not None]

    @property
    def first_exposure(self) -> dt.date | None:
        return (self.users.first if self.users else None) or self.plan.start

    @property
    def timed(self) -> bool:
        return self.users is not None and self.users.timed

    # -- which rows count ----------------------------------------------------------------

    def observed(self, metrics: Sequence[str]) -> ObservationWindow:
        """Which rows of a user count, as the plan has it and the record allows."""
        plan, windows = self.plan, self.windows(metrics)
        lasts = [record.last for record in self.of([plan.primary.metric])]
        return ObservationWindow(
            None if self.timed else plan.start, plan.end, self.through(metrics),
            window_days=plan.window_days, covariate_days=self.covariate_days,
            gaps=tuple((name, gap) for name in windows for gap in self.avoided(name, metrics)),
            recorded=min((day for day in lasts if day is not None), default=None),
        )  # fmt: skip

    def windows(self, metrics: Sequence[str]) -> Mapping[str, int]:
        """By table, the most days after exposure that a metric counts, where they are limited."""
        catalogue, found = self.ops.catalogue, dict[str, int]()
        if not self.timed:
            return found
        for part in (part for name in metrics for part in parts_of(catalogue[name], catalogue)):
            days = part.window_days or self.plan.window_days
            if days and part.table is not None and self.ops.rows.moment(part.table):
                found[part.table] = max(days, found.get(part.table, 0))
        return dict(sorted(found.items()))

    def through(self, metrics: Sequence[str]) -> dt.date | None:
        """Last day on record behind metrics that have a window after exposure; else None."""
        windows = self.windows(metrics)
        if not windows:
            return None
        ends = [data_end(self.ops, table) for table in windows]
        return min([self.ops.workspace.as_of - DAY, *(end for end in ends if end)])

    def avoided(self, table: str, metrics: Sequence[str]) -> list[Gap]:
        """Gaps of a table that the windows that count do not touch; the others stay short."""
        days, through = self.windows(metrics).get(table), self.through(metrics)
        if self.users is None or self.users.first is None or self.users.last is None:
            return []
        if days is None or through is None:
            return []
        first, last = self.users.first, min(self.users.last, through - days * DAY)
        gaps = self.ops.rows.record(table).gaps_in(first, last + days * DAY)
        return avoidable(gaps, first, last, days) if last >= first else []

    # -- the past ------------------------------------------------------------------------

    @property
    def covariate_days(self) -> int:
        """Days before exposure that the covariate is of; 0 where none of them is on record."""
        return self.plan.covariate_days if self.past_days else 0

    @cached_property
    def past_days(self) -> int:
        """Of the covariate's days before the first exposure, those on record."""
        days, first = self.plan.covariate_days, self.first_exposure
        if not days or first is None:
            return days
        lacks = [
            r.lacks(first - days * DAY, first - DAY) for r in self.of([self.plan.primary.metric])
        ]
        return days - len(frozenset[dt.date]().union(*lacks))

    @property
    def past_problem(self) -> Text | None:
        """Of how many days the past behaviour is, where it is not of all that were planned."""
        days, known = self.plan.covariate_days, self.past_days
        if known == days:
            return None
        return Text.of(
            f"ab.covariate.{'partly' if known else 'unrecorded'}", days=days, known=known
        )
