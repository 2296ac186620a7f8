"""What the data hold of one experiment: its plan, its arms, and its metrics' moments by arm."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.methods.cuped import CovariateWindow
from opsnb.analysis.methods.quantiles import quantile_ranks
from opsnb.analysis.metrics import (
    ArmAggregates,
    Assigned,
    DailyCounts,
    Panel,
    assigned_users,
)
from opsnb.analysis.metrics.columns_read import Reads, own_columns, together
from opsnb.analysis.metrics.paired_units import PairAggregates
from opsnb.analysis.metrics.user_panel import absent_by_user, parts_of
from opsnb.analysis.reviews.experiment.comparable import incomparable
from opsnb.analysis.reviews.experiment.experiment_record import DAY, ExperimentRecord
from opsnb.analysis.reviews.experiment.looks import Look, look_on
from opsnb.analysis.reviews.experiment.paired_effects import pairs_lack
from opsnb.analysis.reviews.experiment.registered_covariate import (
    RegisteredCovariate,
    registered_covariate,
)
from opsnb.analysis.reviews.experiment.unregistered_plan import unregistered_plan
from opsnb.analysis.reviews.shared.blocked import Blocked
from opsnb.analysis.reviews.shared.data_gate import DataGate, inspect_tables
from opsnb.analysis.tables import contracts_of, tables_where
from opsnb.base.errors import MethodError, MetricError, ParameterError, PlanError, did_you_mean
from opsnb.base.messages import Said, Text
from opsnb.base.plans import ExperimentPlan

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder


class ExperimentData:
    """One experiment: its plan, its arms and their moments, each read when first asked for.

    Parameters
    ----------
    ops : Recorder
    experiment : str
        Id: the name of a file in plans/experiments/, or of an experiment in the data.
    metric, control : str
        Primary metric and control arm of an experiment without a plan.
    looks : int
        How often the result has been read, this time included; 0: as planned.
    """

    def __init__(
        self, ops: Recorder, experiment: str, *, metric: str = "", control: str = "", looks: int = 0
    ) -> None:
        self.ops = ops
        self.looks_taken, self.found_paired = looks, False
        plan = ops.workspace.experiments.get(experiment)
        if plan is not None and metric and metric != plan.primary.metric:
            raise ParameterError(
                f'the plan registers "{plan.primary.metric}" as the primary metric',
                where="parameter metric",
                hint=f"leave metric empty; readout.primary({metric!r}) shows another one",
            )
        self._users: Assigned | None = None
        if plan is None or plan.daily is None:
            self._users = self._assigned(experiment, plan)
        self.plan = plan or unregistered_plan(
            ops.catalogue,
            experiment,
            self._assigned(experiment, None),
            metric=metric,
            control=control,
        )
        if self._users is not None and self._users.paired and not self.plan.is_paired:
            self.plan, self.found_paired = self.plan.as_paired(), True
        self.on_record = ExperimentRecord(ops, self.plan, self._users)
        self._others: dict[str, Panel | DailyCounts] = {}
        if self.assigned.several and not self.assigned.counts:
            raise PlanError(
                f"all {self.assigned.several} users were in several arms: what they did cannot be "
                "told to be of one",
                where=f"plans/experiments/{experiment}.toml",
                hint="where every user is in both arms on purpose, give each arm of a user a "
                "user_id of its own in assignments and in the metric's table, keep the user in a "
                'further column such as person, and write unit = "person" and design = "paired"',
            )

    def _assigned(self, experiment: str, plan: ExperimentPlan | None) -> Assigned:
        if self._users is not None:
            return self._users
        known = self.ops.workspace.experiments
        if experiment not in known and not self._in_data(experiment):
            raise ParameterError(
                f'unknown experiment "{experiment}"',
                where="parameter experiment",
                hint=did_you_mean(experiment, known, kind="experiments"),
            )
        unit, paired = (plan.cluster, plan.is_paired) if plan else (None, False)
        found = assigned_users(self.ops.rows, experiment, unit=unit, paired=paired)
        if unit and not paired and found.several > sum(found.counts.values()):
            # What most units do is the design, not a slip.
            return assigned_users(self.ops.rows, experiment, unit=unit, paired=True)
        return found

    def _in_data(self, experiment: str) -> bool:
        if "assignments" not in self.ops.workspace.tables:
            return False
        table = self.ops.rows.table("assignments").expr
        return bool(table.count(where=table.experiment_id == experiment).execute())

    # -- moments by arm ------------------------------------------------------------------

    @cached_property
    def panel(self) -> Panel | DailyCounts:
        """All metrics of the plan that the workspace can measure, read together."""
        return self._panel([name for name in self.plan.metrics if not self.absent(name)])

    def _panel(self, metrics: list[str]) -> Panel | DailyCounts:
        plan, ops = self.plan, self.ops
        if plan.daily is not None:
            return DailyCounts(
                ops.rows, ops.catalogue, metrics, list(plan.split),
                population=plan.daily.population, independent=plan.daily.unit == "count",
                start=plan.start, end=plan.end,
            )  # fmt: skip
        assert self._users is not None
        return Panel(
            ops.rows, ops.catalogue, metrics, self._users,
            observed=self.on_record.observed(metrics), since=plan.primary.metric,
            covariate=self.covariate or "", ranks=quantile_ranks,
            covariate_mean=self.registered_covariate.mean if self.registered_covariate else 0.0,
        )  # fmt: skip

    def panel_of(self, metric: str) -> Panel | DailyCounts:
        """The plan's panel, or one of its own for a metric that the plan does not name."""
        if metric in self.panel.metrics:
            return self.panel
        if metric not in self._others:
            self._others[metric] = self._panel([metric])
        return self._others[metric]

    @cached_property
    def assigned(self) -> Assigned:
        """Who was in which arm."""
        if isinstance(self.panel, DailyCounts):
            return self.panel.assigned
        return self.panel.assigned

    @property
    def treatments(self) -> list[str]:
        """The arms that were planned beside the control and have users."""
        return [
            a for a in self.plan.split if a != self.plan.control and self.assigned.counts.get(a)
        ]

    def aggregates(
        self, metric: str, by: str | None = None, *, capped: bool = True
    ) -> list[ArmAggregates]:
        """A metric's moments by arm, and by an attribute or the day of assignment."""
        return self.panel_of(metric).moments(metric, by, capped=capped)

    def arms(self, metric: str, *, capped: bool = True) -> dict[str, ArmAggregates]:
        """A metric's moments by arm.

        Raises
        ------
        MetricError
            An arm has no user whose window after exposure is over.
        """
        arms = {arm.variant: arm for arm in self.aggregates(metric, capped=capped)}
        empty = [arm for arm in (self.plan.control, *self.treatments) if arm not in arms]
        if empty:
            raise MetricError(
                f"no user of {empty[0]} can be read yet: the days after exposure that it counts "
                "are over for nobody",
                where=f"metrics.toml [{metric}]",
                hint=f"wait, or shorten window_days of the metric or of experiment {self.plan.id}",
            )
        return arms

    @property
    def is_paired(self) -> bool:
        """Whether every unit was in both arms and is compared with itself."""
        return self.plan.is_paired

    def pairs(self, metric: str, variant: str, *, capped: bool = True) -> PairAggregates:
        """A metric in the units that are in the control and in a treatment."""
        panel = self.panel_of(metric)
        assert isinstance(panel, Panel)
        return panel.pairs(metric, self.plan.control, variant, capped=capped)

    def pairs_lack(self, metric: str) -> Text | None:
        """Why a metric cannot be compared within units at the level that decides, or None."""
        level = self.look.level(self.plan.alpha / max(len(self.treatments), 1))
        return pairs_lack(
            self.ops.catalogue[metric], (self.pairs(metric, arm) for arm in self.treatments),
            level=level, unit=self.unit_word,
        )  # fmt: skip

    def absent(self, metric: str) -> str | None:
        """What the workspace lacks for a metric read per assigned user, or None."""
        return absent_by_user(self.ops.catalogue[metric], self.ops.rows, self.ops.catalogue)

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

    @property
    def counted(self) -> bool:
        """Whether the data are daily counts of independent units."""
        return self.plan.daily is not None and self.plan.daily.unit == "count"

    # -- how it is read ------------------------------------------------------------------

    @cached_property
    def look(self) -> Look:
        """The look at the result that is taken today."""
        plan, as_of = self.plan, self.ops.workspace.as_of
        units = self._units_of([self.assigned.counts.get(arm, 0) for arm in plan.split])
        if self.window and self.through:
            # What counts is not who came but whose days are over.
            if not self.unreadable(plan.primary.metric):
                found = self.aggregates(plan.primary.metric)
                units = self._units_of([arm.n for arm in found if arm.variant in plan.split])
            as_of = self.through + DAY - self.window * DAY
        return look_on(plan, as_of, max(units, 2), self.looks_taken)

    def _units_of(self, by_arm: list[int]) -> int:
        """Units altogether, from those of each arm: where they are paired, each is in all."""
        return max(by_arm, default=0) if self.is_paired else sum(by_arm)

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

    @cached_property
    def covariate(self) -> str | None:
        """The plan's covariate column, where it can be used."""
        found = self.registered_covariate
        return found.column if found and found.usable else None

    @cached_property
    def registered_covariate(self) -> RegisteredCovariate | None:
        """The values of the plan's covariate column, where the assignments hold it as a number."""
        column = self.plan.covariate.column if self.plan.covariate else ""
        users = self._users
        if users is None or column not in users.attributes:
            return None
        if not users.users[column].type().is_numeric():
            return None
        return registered_covariate(users.users, column, self.plan.split)

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

    # -- words -------------------------------------------------------------------------

    def dimension(self, name: str) -> Said:
        """An attribute's name for people."""
        key = f"dimension.{name}"
        return Text(key) if self.ops.language.has(key) else name

    @property
    def unit_word(self) -> Said:
        """What was randomised, for people."""
        key = f"ab.unit.{self.plan.unit}"
        return Text(key) if self.ops.language.has(key) else self.plan.unit

    @property
    def counts_users(self) -> bool:
        """Whether what was randomised and counted is the user."""
        return self.plan.cluster is None and self.plan.daily is None

    @property
    def who(self) -> Text:
        """What is counted, for people: users, or randomised units."""
        return Text("ab.who.users" if self.counts_users else "ab.who.units")

    @property
    def source(self) -> Text:
        """The source line of charts."""
        plan, users = self.plan, self._units_of(list(self.assigned.counts.values()))
        if plan.start is None or plan.end is None:
            return Text.of("ab.chart.source_undated", who=self.who, users=users)
        args = {"who": self.who, "users": users}
        return Text("ab.chart.source", args | {"start": plan.start, "end": plan.end})
