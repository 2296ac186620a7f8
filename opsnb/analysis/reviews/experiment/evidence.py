"""The evidence of an experiment: trust tests, effects, guardrails, impact, each worked out once.

Which cells a playbook has, and in what order, changes nothing here: sections read the evidence
and record it, and the verdict rests on it alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from opsnb.analysis.findings import Check, Fact, Grade
from opsnb.analysis.metrics import ArmAggregates
from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair, arm_pairs
from opsnb.analysis.reviews.experiment.comparable import is_constant
from opsnb.analysis.reviews.experiment.data_tests import data_tests, not_tested
from opsnb.analysis.reviews.experiment.effect_facts import (
    MeasuredEffect,
    measured_effect,
    yearly_impact,
)
from opsnb.analysis.reviews.experiment.effects import Effect, compare_arms, standardised
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.guardrail_tests import GuardrailResult, guardrail_result
from opsnb.analysis.reviews.experiment.looks import levels_across_arms
from opsnb.analysis.reviews.experiment.outcome_tests import outcome_tests, plausibility
from opsnb.analysis.reviews.experiment.paired_effects import compare_pairs
from opsnb.analysis.reviews.experiment.record_tests import record_tests
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.analysis.reviews.experiment.split_tests import has_drifted, split_tests
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text


class Evidence(ExperimentData):
    """One experiment: what its data hold, and what follows from them.

    Parameters are those of `ExperimentData`.
    """

    # -- trust ---------------------------------------------------------------------------

    @cached_property
    def split_tests(self) -> TrustTests:
        """Tests of who was assigned, when and to which arm."""
        return split_tests(self)

    @cached_property
    def trust(self) -> TrustTests:
        """Every test that comes before a result; one that blocks makes it invalid."""
        tests = self.split_tests + record_tests(self) + data_tests(self)
        metric = self.plan.primary.metric
        if self.kept_back(metric):
            return tests + not_tested(self)
        tests += outcome_tests(self)
        if why := self.unreadable(metric):
            return tests + one_check("comparable", "warn", why)
        if tests.blocking:
            return tests
        return tests + self._constant_arms() + plausibility(self.effects(metric))

    def _constant_arms(self) -> TrustTests:
        """Treatments that cannot be compared on the primary metric, though others can."""
        metric, found = self.plan.primary.metric, TrustTests()
        compared = {effect.variant for effect in self.effects(metric)}
        for arm in self.treatments:
            if arm not in compared:
                label = self.ops.label(metric)
                why = Text.of("ab.unreadable.constant_arm", metric=label, variant=arm)
                found += one_check(f"comparable.{arm}", "warn", why)
        return found

    @property
    def known_checks(self) -> tuple[Check, ...]:
        """All that the readout itself checks."""
        return (*self.trust.checks, *(block.check for block in self.withheld.blocks))

    @property
    def valid(self) -> bool:
        """Whether no trust test blocks."""
        return not self.trust.blocking

    @property
    def grade(self) -> Grade:
        """Evidence grade: A randomised and read as registered; B not as registered; E invalid."""
        as_planned = not self.is_early or self.at_planned_look
        return self.trust.grade(registered=self.plan.registered and as_planned)

    # -- effects -------------------------------------------------------------------------

    @cached_property
    def stratified(self) -> bool:
        """Whether the split changed on the way, so that arms are compared within days."""
        return bool(self.plan.ramp) or has_drifted(self.split_tests)

    def weighted(self, metric: str) -> bool:
        """Whether a metric is compared within days; a quantile of days cannot be added up."""
        return self.stratified and self.ops.catalogue[metric].kind.has_moments

    @cached_property
    def _effects(self) -> dict[str, tuple[Effect, ...]]:
        return {}

    def effects(self, metric: str) -> tuple[Effect, ...]:
        """Each treatment against the control, at the level that decides.

        Without those in which, as in the control, the metric is the same for everybody.
        """
        if metric not in self._effects:
            definition = self.ops.catalogue[metric]
            usual = {
                variant: self.effect_of(metric, variant)
                for variant in self.treatments
                if not is_constant(definition, *self.pair(metric, variant), counted=self.counted)
            }
            levels = levels_across_arms(
                usual, self.look.level, self.plan.alpha, self.plan.across_arms
            )
            self._effects[metric] = tuple(
                self.effect_of(metric, variant, level=level.level).with_adjusted_p(
                    level.p_value if len(usual) > 1 else None
                )
                for variant, level in levels.items()
            )
        return self._effects[metric]

    def effect_of(
        self, metric: str, variant: str, *, level: float | None = None, capped: bool = True
    ) -> Effect:
        """A treatment against the control as the plan has it: within units, days, or as it is."""
        plan, arms = self.plan, self.arms(metric, capped=capped)
        arm_pair = (arms[plan.control], arms[variant])
        if self.is_paired:
            return compare_pairs(
                self.ops.catalogue[metric], self.pairs(metric, variant, capped=capped), *arm_pair,
                alpha=plan.alpha, power=plan.power, level=level,
            )  # fmt: skip
        return self.compare(
            metric, *(self.pair(metric, variant) if capped else arm_pair), level=level
        )

    def arm_pairs(self, metric: str) -> tuple[ArmPair, ...]:
        """The treatments compared with each other, all pairs; none with one treatment.

        Nor within units: those of two treatments are others than those of one and the control.
        """
        if self.is_paired:
            return ()

        def compare(base: str, variant: str, level: float | None) -> Effect:
            return self.compare(metric, *self.pair(metric, variant, base=base), level=level)

        return arm_pairs(self.effects(metric), compare, self.look.level, self.plan.alpha)

    def measured_effect(self, effect: Effect) -> MeasuredEffect:
        """An effect with its facts."""
        return measured_effect(
            effect,
            self.plan.control,
            across_arms=self.plan.across_arms,
            stratified=self.stratified,
        )

    def compare(
        self,
        metric: str,
        control: ArmAggregates,
        treatment: ArmAggregates,
        *,
        level: float | None = None,
        pooled: bool = False,
    ) -> Effect:
        """One arm against the control, as the plan has it.

        `pooled` compares the arms as they are, whatever the split or the counts were.
        """
        return compare_arms(
            self.ops.catalogue[metric],
            control,
            treatment,
            alpha=self.plan.alpha,
            power=self.plan.power,
            level=level,
            weighted=self.weighted(metric) and not pooled,
            counted=self.counted,
            window=self.covariate_window,
        )

    def comparison(
        self, metric: str, pair: tuple[ArmAggregates, ArmAggregates], **options: Any
    ) -> Effect | None:
        """`compare` of a part of the users; None where it has too little in it to be compared."""
        try:
            return self.compare(metric, *pair, **options)
        except MethodError:
            return None

    def pair(
        self, metric: str, variant: str, *, until: str = "9999", base: str | None = None
    ) -> tuple[ArmAggregates, ArmAggregates]:
        """(control, treatment); weighted by day (up to one) where the split changed.

        `base` is another arm in the control's place.
        """
        base = base or self.plan.control
        if self.weighted(metric):
            return self._by_day(metric, base, variant, until)
        arms = self.arms(metric)
        return arms[base], arms[variant]

    def _by_day(
        self, metric: str, control: str, variant: str, until: str
    ) -> tuple[ArmAggregates, ArmAggregates]:
        days = dict[str, dict[str, ArmAggregates]]()
        for arm in self.aggregates(metric, "assigned_date"):
            if arm.n > 1 and str(arm.group) <= until:
                days.setdefault(str(arm.group), {})[arm.variant] = arm
        both = {day: arms for day, arms in days.items() if {control, variant} <= set(arms)}
        if not both:  # no day has users of both: nothing to weight by
            pooled = self.arms(metric)
            return pooled[control], pooled[variant]
        return standardised({day: (arms[control], arms[variant]) for day, arms in both.items()})

    @property
    def metrics_read(self) -> list[str]:
        """The plan's metrics that can be compared, and others that were."""
        planned = [name for name in self.plan.metrics if not self.unreadable(name)]
        return list(dict.fromkeys([*planned, *self._effects]))

    # -- what follows --------------------------------------------------------------------

    @cached_property
    def unread_guardrails(self) -> dict[str, Text]:
        """Why a guardrail cannot be compared, by metric."""
        found = {row.metric: self.unreadable(row.metric) for row in self.plan.guardrails}
        return {metric: why for metric, why in found.items() if why}

    @cached_property
    def guardrail_results(self) -> tuple[GuardrailResult, ...]:
        """Each guardrail that can be compared against its margin, in the plan's order."""
        return tuple(
            guardrail_result(self.measured_effect(effect), row.margin, self.plan.alpha)
            for row in self.plan.guardrails
            if row.metric not in self.unread_guardrails
            for effect in self.effects(row.metric)
        )

    @property
    def no_impact(self) -> Text | None:
        """Why there is no year's effect, or None."""
        plan = self.plan
        if not plan.annual_users:
            return Text("ab.impact.absent")
        if not self.valid:
            return Text("ab.impact.invalid")
        if why := self.unreadable(plan.primary.metric):
            return why
        primary = self.ops.catalogue[plan.primary.metric]
        if not (primary.kind.is_user_mean or (primary.parts and self.counted)):
            return Text.of("ab.impact.no_sum", metric=primary.label)
        return None

    @cached_property
    def impacts(self) -> tuple[Fact, ...]:
        """A year's effect of each treatment, where there is one."""
        users = self.plan.annual_users
        if not users or self.no_impact:
            return ()
        return tuple(yearly_impact(e, users) for e in self.effects(self.plan.primary.metric))

    @cached_property
    def results(self) -> Results:
        """What the verdict rests on; of an invalid experiment the trust tests alone."""
        unread = self.unreadable(self.plan.primary.metric)
        effects = self.effects(self.plan.primary.metric) if self.valid and not unread else ()
        return Results(
            plan=self.plan,
            trust=self.trust,
            effects=tuple(self.measured_effect(effect) for effect in effects),
            pairs=self.arm_pairs(self.plan.primary.metric) if effects else (),
            guardrails=self.guardrail_results if self.valid else (),
            impacts=self.impacts,
            who=self.who,
            is_early=self.is_early,
            unread=unread,
            at_planned_look=self.at_planned_look,
        )
