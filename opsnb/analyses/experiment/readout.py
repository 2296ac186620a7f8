"""One experiment: its plan, its arms, and the steps of its readout.

Each step can be called alone, with other metrics or options.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analyses.effects import Effect, compare_arms, standardised
from opsnb.analyses.experiment import guardrails, outcome, registered, robustness, timeline
from opsnb.analyses.experiment.cards import experiment_cards
from opsnb.analyses.experiment.looks import Reading, holm_levels, reading
from opsnb.analyses.experiment.ruling import rule
from opsnb.analyses.experiment.segments import segment_parts
from opsnb.analyses.experiment.trust import trust_checks
from opsnb.display import Absent, Checks, Column, Fold, Note, Paragraph, Table
from opsnb.errors import ParameterError, PlanError, did_you_mean
from opsnb.findings import Fact, Grade
from opsnb.messages import Said, Text
from opsnb.methods.guardrail import Guardrail
from opsnb.methods.multiplicity import benjamini_hochberg, holm
from opsnb.metrics import ArmAggregates, Assigned, DailyCounts, Panel, assigned_users
from opsnb.plans import ExperimentPlan

if TYPE_CHECKING:
    from opsnb.session import Session, Shown


class Experiment:
    """One experiment: its plan, its arms, and the steps of its readout.

    Parameters
    ----------
    ops : Session
    experiment : str
        Id: the name of a file in plans/experiments/, or of an experiment in the data.
    metric, control : str
        Primary metric and control arm of an experiment without a plan.
    looks : int
        How often the result has been read, this time included; 0: as planned.
    """

    def __init__(
        self, ops: Session, experiment: str, *, metric: str = "", control: str = "", looks: int = 0
    ) -> None:
        self.ops = ops
        self.looks_taken = looks
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
        self.plan = plan or registered.stand_in(
            ops, experiment, self._assigned(experiment, None), metric=metric, control=control
        )
        self._effects: dict[str, list[Effect]] = {}
        self._others: dict[str, Panel | DailyCounts] = {}
        self.guardrail_results: list[tuple[Effect, Guardrail]] = []
        if not self.assigned.counts.get(self.plan.control):
            raise PlanError(
                f'no user was assigned to the control "{self.plan.control}"',
                where=f"plans/experiments/{experiment}.toml, key control",
                hint=f"arms in the data: {', '.join(self.assigned.counts)}",
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
        return assigned_users(self.ops.rows, experiment, unit=plan.cluster if plan else None)

    def _in_data(self, experiment: str) -> bool:
        if "assignments" not in self.ops.workspace.tables:
            return False
        table = self.ops.rows.table("assignments").expr
        return bool(table.count(where=table.experiment_id == experiment).execute())

    # -- numbers -----------------------------------------------------------------------

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
            end=plan.end, covariate_days=plan.covariate_days,
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
        """A metric's moments by arm."""
        return {arm.variant: arm for arm in self.aggregates(metric, capped=capped)}

    def absent(self, metric: str) -> str | None:
        """What the workspace lacks for a metric read per assigned user, or None."""
        defined = self.ops.catalogue[metric]
        parts = [
            self.ops.catalogue[name] for name in (defined.numerator, defined.denominator) if name
        ]
        lacking = [self.ops.rows.absent(part) for part in parts or [defined]]
        return next((name for name in lacking if name), None)

    def is_constant(self, metric: str) -> bool:
        """Whether a metric is the same for every user of the arms: nothing to compare."""
        arms = (self.arms(metric)[a] for a in (self.plan.control, *self.treatments))
        return all(arm.cov["x", "x"] == 0 for arm in arms)

    def effects(self, metric: str) -> list[Effect]:
        """Each treatment against the control, at the level that decides."""
        if metric not in self._effects:
            pairs = [self.pair(metric, variant) for variant in self.treatments]
            usual = [self.compare(metric, *pair) for pair in pairs]
            p_values = [effect.usual.diff.p_value or 0.0 for effect in usual]
            levels = holm_levels(p_values, self.reading.level, self.plan.alpha)
            several = holm(p_values) if len(usual) > 1 else [None] * len(usual)
            self._effects[metric] = [
                self.compare(metric, *pair, level=level, p_adjusted=p_value)
                for pair, level, p_value in zip(pairs, levels, several, strict=True)
            ]
        return self._effects[metric]

    def compare(
        self,
        metric: str,
        control: ArmAggregates,
        treatment: ArmAggregates,
        *,
        level: float | None = None,
        p_adjusted: float | None = None,
        pooled: bool = False,
    ) -> Effect:
        """One arm against the control, as the plan has it.

        `pooled` compares the arms as they are, whatever the split or the counts were.
        """
        effect = compare_arms(
            self.ops.catalogue[metric],
            control,
            treatment,
            alpha=self.plan.alpha,
            power=self.plan.power,
            level=level,
            weighted=self.stratified and not pooled,
            counted=self.plan.daily is not None and self.plan.daily.unit == "count",
        )
        return effect.with_adjusted_p(p_adjusted)

    def pair(
        self, metric: str, variant: str, *, until: str = "9999"
    ) -> tuple[ArmAggregates, ArmAggregates]:
        """(control, treatment); weighted by day (up to one) where the split changed."""
        if self.stratified:
            return self._by_day(metric, variant, until)
        arms = self.arms(metric)
        return arms[self.plan.control], arms[variant]

    def _by_day(self, metric: str, variant: str, until: str) -> tuple[ArmAggregates, ArmAggregates]:
        control, days = self.plan.control, dict[str, dict[str, ArmAggregates]]()
        for arm in self.aggregates(metric, "assigned_date"):
            if arm.n > 1 and str(arm.group) <= until:
                days.setdefault(str(arm.group), {})[arm.variant] = arm
        both = {day: arms for day, arms in days.items() if {control, variant} <= set(arms)}
        if not both:  # no day has users of both: nothing to weight by
            pooled = self.arms(metric)
            return pooled[control], pooled[variant]
        return standardised({day: (arms[control], arms[variant]) for day, arms in both.items()})

    @cached_property
    def reading(self) -> Reading:
        """At which level the result may be read today."""
        users = sum(self.assigned.counts.get(arm, 0) for arm in self.plan.split)
        return reading(self.plan, self.ops.workspace.as_of, max(users, 2), self.looks_taken)

    @property
    def is_early(self) -> bool:
        """Whether the planned end is not yet over."""
        return self.reading.share < 1

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
    def stratified(self) -> bool:
        """Whether the split changed on the way, so that arms are compared within days."""
        return bool(self.plan.ramp) or self.split_drifted

    @cached_property
    def split_drifted(self) -> bool:
        """Whether the split differs between days by more than chance; asking runs the gate."""
        drift = self.ops.facts.get("ab.split_drift")
        if drift is None and "srm" not in self.ops.checks:
            trust_checks(self)
            drift = self.ops.facts.get("ab.split_drift")
        return drift is not None and drift.value < 0.001

    @cached_property
    def valid(self) -> bool:
        """Whether no trust check blocks; asking runs the gate."""
        if "srm" not in self.ops.checks:
            trust_checks(self)
        return all(check.status != "block" for check in self.ops.checks.values())

    @property
    def grade(self) -> Grade:
        """Evidence grade: A randomised as registered; B without a plan; E invalid."""
        if not self.valid:
            return "E"
        return "A" if self.plan.registered else "B"

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
        plan, users = self.plan, sum(self.assigned.counts.values())
        if plan.start is None or plan.end is None:
            return Text.of("ab.chart.source_undated", who=self.who, users=users)
        args = {"who": self.who, "users": users}
        return Text("ab.chart.source", args | {"start": plan.start, "end": plan.end})

    # -- steps -------------------------------------------------------------------------

    def show_plan(self) -> Shown:
        """The plan as registered, and every deviation from it."""
        return self.ops.show(*registered.plan_parts(self))

    def trust_gate(self) -> Shown:
        """Everything that must hold before a result may be read."""
        table = "series" if self.plan.daily else "assignments"
        self.ops.inspect(table, self.ops.catalogue[self.plan.primary.metric].table or "")
        valid = self.valid
        if not valid:
            blocking = [c.message for c in self.ops.checks.values() if c.status == "block"]
            self.ops.status("invalid", Text.of("ab.trust.invalid", reason=blocking[0]))
        key = "ab.trust.summary_pass" if valid else "ab.trust.summary_block"
        gate = [c for id, c in self.ops.checks.items() if not id.startswith("deviation.")]
        return self.ops.show(Paragraph(Text(key), "good" if valid else "bad"), Checks(gate))

    def primary(self, metric: str | None = None) -> Shown:
        """The primary metric: both arms, difference and lift with intervals, the MDE."""
        return self.ops.show(*outcome.primary_parts(self, metric or self.plan.primary.metric))

    def record(self, effect: Effect) -> dict[str, Fact]:
        """The facts of one effect."""
        return outcome.record(self, effect)

    def guardrails(self) -> Shown:
        """Each guardrail against its margin: pass, fail, or not proven."""
        return self.ops.show(*guardrails.guardrail_parts(self))

    def secondary(self) -> Shown:
        """Secondary metrics, exploratory, with Benjamini and Hochberg's adjustment."""
        planned = [
            s.metric
            for s in self.plan.secondary
            if not self.absent(s.metric) and not self.is_constant(s.metric)
        ]
        effects = [effect for metric in planned for effect in self.effects(metric)]
        if not effects:
            return self.ops.show(Absent(Text("ab.secondary.none")))
        adjusted = benjamini_hochberg([effect.usual.diff.p_value for effect in effects])
        return self.ops.show(outcome.secondary_table(self, effects, adjusted))

    def cumulative(self) -> Shown:
        """The effect as users came in, with a band that may be read on any day."""
        return self.ops.show(*timeline.cumulative_parts(self))

    def novelty(self) -> Shown:
        """The effect by days since exposure."""
        return self.ops.show(*timeline.novelty_parts(self))

    def segments(self) -> Shown:
        """The effect within registered attributes, and whether it differs between them."""
        return self.ops.show(*segment_parts(self))

    def impact(self) -> Shown:
        """What a year would bring, as a range, with its assumptions."""
        return self.ops.show(*outcome.impact_parts(self))

    def robustness(self) -> Shown:
        """The same question asked in other ways, and the chance to win with its prior."""
        return self.ops.show(*robustness.robustness_parts(self))

    def details(self) -> Shown:
        """Method, arms, and the definition of each metric read."""
        rows = [
            {"metric": metric.label, "definition": metric.definition, "kind": metric.kind}
            for metric in (self.ops.catalogue[name] for name in self._effects)
        ]
        table = Table(
            [
                Column("metric", Text("ab.column.metric"), "said"),
                Column("definition", Text("ab.column.definition"), "said"),
                Column("kind", Text("ab.column.kind")),
            ],
            rows,
        )
        fold = Fold(Text("ab.details.title"), [Note(Text("ab.details.method")), table])
        return self.ops.show(fold)

    def summary(self) -> Shown:
        """Verdict by the registered rule, cards, what to decide, findings, next steps."""
        ops = self.ops
        ruling = rule(self)
        verdict = ruling.verdict(self)
        ops.fact("ab.verdict", ruling.word, "text")
        ops.decide(
            Text.of(f"ab.decision.{ruling.word}", name=self.plan.name),
            self.plan.owner or None,
            recommendation=Text(f"ab.recommend.{ruling.reason}"),
            due=ops.workspace.as_of + dt.timedelta(days=7),
        )
        ops.act(
            Text(f"ab.action.{ruling.reason}"),
            self.plan.owner or None,
            due=ops.workspace.as_of + dt.timedelta(days=14),
            source=ops.period.key,
        )
        return ops.first_screen(verdict, experiment_cards(self))
