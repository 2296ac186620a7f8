"""What the data hold of one experiment: its plan, its arms, and its metrics' moments by arm."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.methods.quantiles import quantile_ranks
from opsnb.analysis.metrics import (
    ArmAggregates,
    Assigned,
    DailyCounts,
    Panel,
    assigned_users,
)
from opsnb.analysis.metrics.paired_units import PairAggregates
from opsnb.analysis.metrics.user_panel import absent_by_user
from opsnb.analysis.reviews.experiment.experiment_record import ExperimentRecord
from opsnb.analysis.reviews.experiment.registered_covariate import (
    RegisteredCovariate,
    registered_covariate,
)
from opsnb.analysis.reviews.experiment.unregistered_plan import unregistered_plan
from opsnb.base.errors import MetricError, ParameterError, PlanError, did_you_mean
from opsnb.base.messages import Said, Text
from opsnb.base.plans import ExperimentPlan

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder


class ExperimentArms:
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

    def absent(self, metric: str) -> str | None:
        """What the workspace lacks for a metric read per assigned user, or None."""
        return absent_by_user(self.ops.catalogue[metric], self.ops.rows, self.ops.catalogue)

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
    def counted(self) -> bool:
        """Whether the data are daily counts of independent units."""
        return self.plan.daily is not None and self.plan.daily.unit == "count"

    def units_of(self, by_arm: list[int]) -> int:
        """Units altogether, from those of each arm: where they are paired, each is in all."""
        return max(by_arm, default=0) if self.is_paired else sum(by_arm)

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
        plan, users = self.plan, self.units_of(list(self.assigned.counts.values()))
        if plan.start is None or plan.end is None:
            return Text.of("ab.chart.source_undated", who=self.who, users=users)
        args = {"who": self.who, "users": users}
        return Text("ab.chart.source", args | {"start": plan.start, "end": plan.end})
