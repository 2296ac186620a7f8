"""What an experiment's data allow: what blocks, what cannot be compared, and how it is read."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.methods.cuped import CovariateWindow
from opsnb.analysis.metrics import (
    DailyCounts,
)
from opsnb.analysis.metrics.columns_read import Reads, own_columns, together
from opsnb.analysis.metrics.user_panel import parts_of
from opsnb.analysis.reviews.experiment.comparable import incomparable
from opsnb.analysis.reviews.experiment.experiment_arms import ExperimentArms
from opsnb.analysis.reviews.experiment.experiment_record import DAY
from opsnb.analysis.reviews.experiment.looks import Look, look_on
from opsnb.analysis.reviews.experiment.paired_effects import pairs_lack
from opsnb.analysis.reviews.shared.blocked import Blocked
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables
from opsnb.analysis.tables import contracts_of, tables_where
from opsnb.base.errors import MethodError, MetricError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    pass


class ExperimentData(ExperimentArms):
    """One experiment: what of it can be read, and on which terms."""

    # -- what blocks ---------------------------------------------------------------------

    @cached_property
    def gate(self) -> DataGate:
        """What the contracts found of the split's table and of those that metrics read."""
        read = together(*map(self._reads, self.plan.metrics))
        tables = dict.fromkeys((self.split_table, *read))
        mapped = [table for table in tables if table in self.ops.workspace.tables]
        return inspect_tables(self.ops, mapped)

    def _reads(self, metric: str) -> Reads:
        """What a metric is read from in an experiment: its rows, user by user."""
        parts = parts_of(self.ops.catalogue[metric], self.ops.catalogue)
        by_user = ({part.table or "": frozenset({"user_id"})} for part in parts)
        return together(*map(own_columns, parts), *by_user)

    @property
    def split_table(self) -> str:
        """The table that says who was in which arm."""
        return "series" if self.plan.daily else "assignments"

    def decides(self, table: str) -> bool:
        """Whether the verdict rests on a table: it holds the split, or the primary metric."""
        return table in (self.split_table, *self._reads(self.plan.primary.metric))

    @cached_property
    def withheld(self) -> Blocked:
        """The blocks that touch guardrails and secondary metrics only."""
        blocked, primary = self.gate.blocked, self._reads(self.plan.primary.metric)
        deciding = [*blocked.that_touch(primary), *blocked.of_tables(self.split_table)]
        return Blocked(tuple(block for block in blocked.blocks if block not in deciding))

    @cached_property
    def empty_arms(self) -> list[str]:
        """Arms of the plan that nobody is in."""
        return [arm for arm in self.plan.split if not self.assigned.counts.get(arm)]

    @property
    def nobody(self) -> Text | None:
        """Why no arm can be compared: nobody is in the control, or in any treatment."""
        if self.treatments and self.plan.control not in self.empty_arms:
            return None
        seen = sorted(arm for arm, users in self.assigned.counts.items() if users)
        return Text.of("ab.unreadable.nobody", arms=self.empty_arms, seen=seen)

    def kept_back(self, metric: str) -> Text | None:
        """Why a metric is not shown: no arms, what is not mapped, or what blocks; None: it is."""
        if self.nobody:
            return self.nobody
        if lacking := self.absent(metric):
            label = self.ops.label(metric)
            return Text.of("ab.unreadable.absent", metric=label, lacking=lacking)
        blocked = self.gate.blocked
        found = blocked.of_tables(self.split_table) + blocked.that_touch(self._reads(metric))
        if found:
            return found[0].why
        return self.pairs_lack(metric) if self.is_paired else None

    def pairs_lack(self, metric: str) -> Text | None:
        """Why a metric cannot be compared within units at the level that decides, or None."""
        level = self.look.level(self.plan.alpha / max(len(self.treatments), 1))
        return pairs_lack(
            self.ops.catalogue[metric], (self.pairs(metric, arm) for arm in self.treatments),
            level=level, unit=self.unit_word,
        )  # fmt: skip

    def unreadable(self, metric: str) -> Text | None:
        """Why a metric cannot be compared, or None."""
        if why := self.kept_back(metric):
            return why
        definition, label = self.ops.catalogue[metric], self.ops.label(metric)
        try:
            found = {arm.variant: arm for arm in self.aggregates(metric)}
        except (MethodError, MetricError):
            return Text.of("ab.unreadable.refused", metric=label)
        arms = {arm: found.get(arm) for arm in (self.plan.control, *self.treatments)}
        if empty := [name for name, arm in arms.items() if arm is None]:
            panel = self.panel_of(metric)
            days = None if isinstance(panel, DailyCounts) else panel.window(metric)
            key = "waiting" if days else "no_values"
            return Text.of(f"ab.unreadable.{key}", metric=label, arms=empty, days=days)
        read = {name: arm for name, arm in arms.items() if arm is not None}
        return incomparable(definition, label, read, self.plan.control, counted=self.counted)

    # -- how it is read ------------------------------------------------------------------

    @cached_property
    def look(self) -> Look:
        """The look at the result that is taken today."""
        plan, as_of = self.plan, self.ops.workspace.as_of
        units = self.units_of([self.assigned.counts.get(arm, 0) for arm in plan.split])
        if self.window and self.through:
            # What counts is not who came but whose days are over.
            if not self.unreadable(plan.primary.metric):
                found = self.aggregates(plan.primary.metric)
                units = self.units_of([arm.n for arm in found if arm.variant in plan.split])
            as_of = self.through + DAY - self.window * DAY
        return look_on(plan, as_of, max(units, 2), self.looks_taken)

    @cached_property
    def window(self) -> int | None:
        """Days after exposure in which the primary metric counts; None: all of the run."""
        panel, metric = self.panel, self.plan.primary.metric
        if isinstance(panel, DailyCounts) or metric not in panel.metrics:
            return None
        return panel.window(metric)

    @property
    def through(self) -> dt.date | None:
        """Last day of the data, where days after exposure are counted."""
        return None if isinstance(self.panel, DailyCounts) else self.panel.observed.through

    @property
    def is_early(self) -> bool:
        """Whether the planned end is not yet over."""
        return self.look.share < 1

    @property
    def at_planned_look(self) -> bool:
        """Whether it is read at one of several looks that the plan has."""
        return self.look.method == "lan_demets"

    @cached_property
    def planned_shares(self) -> dict[str, float]:
        """The split that the plan expects over the whole run: the mean of its ramp's days."""
        plan = self.plan
        if not plan.ramp or not self.panel.dated:
            return plan.shares()
        sizes = self.panel.sizes("assigned_date")
        users = {day: sum(arms.get(a, 0) for a in plan.split) for day, arms in sizes.items()}
        total = sum(users.values())
        return {
            arm: sum(n * plan.shares(dt.date.fromisoformat(day))[arm] for day, n in users.items())
            / total
            for arm in plan.split
        }

    @property
    def covariate_problem(self) -> Text | None:
        """Why the plan's covariate is not used, or not of all its days; None where all is well."""
        if self.plan.covariate is None:
            return self.on_record.past_problem if self._users is not None else None
        if self.registered_covariate:
            return self.registered_covariate.problem
        column, rows = self.plan.covariate.column, self.ops.rows
        if self._users is not None and column in self._users.attributes:
            return Text.of("ab.covariate.no_number", column=column)
        for table in self.after_exposure:
            if rows.has(table) and column in rows.table(table).columns:
                return Text.of("ab.covariate.post_treatment", column=column, table=table)
        return Text.of("ab.covariate.absent", column=column)

    @property
    def after_exposure(self) -> tuple[str, ...]:
        """Tables whose columns a treatment may have changed."""
        known = contracts_of(self.ops.workspace)
        return tables_where(lambda contract: contract.post_treatment, known)

    @cached_property
    def covariate_window(self) -> CovariateWindow | None:
        """When the covariate was measured; None where nothing is known of it."""
        plan = self.plan
        first = self.assigned.first or plan.start
        if first is None:
            return None
        if plan.covariate is not None:
            until = plan.covariate.until
            return CovariateWindow(until, until, first) if until else None
        days = self.on_record.covariate_days
        if not days:
            return None
        # Each user's own days before exposure, as days before the first one's.
        return CovariateWindow(first - days * DAY, first - DAY, first)
