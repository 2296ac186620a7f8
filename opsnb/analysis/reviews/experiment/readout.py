"""The steps of an experiment's readout.

Each step can be called alone and in any order, with other metrics or options.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks, Column, Fold, Note, Paragraph, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.multiplicity import benjamini_hochberg
from opsnb.analysis.reviews.experiment import (
    effect_over_time,
    guardrails,
    primary,
    registered,
    robustness,
)
from opsnb.analysis.reviews.experiment.cards import experiment_cards
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.ruling import rule
from opsnb.analysis.reviews.experiment.segments import segment_parts
from opsnb.analysis.reviews.shared.data_gate import kept_queries
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.shown import Shown


class Experiment(Evidence):
    """One experiment and the steps of its readout.

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
        return self.ops.show(*primary.primary_parts(self, metric or self.plan.primary.metric))

    def record(self, effect: Effect) -> dict[str, Fact]:
        """The facts of one effect."""
        return primary.record(self, effect)

    def guardrails(self) -> Shown:
        """Each guardrail against its margin: pass, fail, or not proven."""
        return self.ops.show(*guardrails.guardrail_parts(self))

    def secondary(self) -> Shown:
        """Secondary metrics, exploratory, with Benjamini and Hochberg's adjustment."""
        reasons = {row.metric: self.unreadable(row.metric) for row in self.plan.secondary}
        effects = [e for metric, why in reasons.items() if not why for e in self.effects(metric)]
        parts: list[Part] = [Absent(why) for why in reasons.values() if why]
        if effects:
            adjusted = benjamini_hochberg([effect.usual.diff.p_value for effect in effects])
            parts.insert(0, primary.secondary_table(self, effects, adjusted))
        return self.ops.show(*(parts or [Absent(Text("ab.secondary.none"))]))

    def cumulative(self) -> Shown:
        """The effect as users came in, with a band that may be read on any day."""
        return self.ops.show(*effect_over_time.cumulative_parts(self))

    def novelty(self) -> Shown:
        """The effect by days since exposure."""
        return self.ops.show(*effect_over_time.novelty_parts(self))

    def segments(self) -> Shown:
        """The effect within registered attributes, and whether it differs between them."""
        return self.ops.show(*segment_parts(self))

    def impact(self) -> Shown:
        """What a year would bring, as a range, with its assumptions."""
        return self.ops.show(*primary.impact_parts(self))

    def robustness(self) -> Shown:
        """The same question asked in other ways, and the chance to win with its prior."""
        return self.ops.show(*robustness.robustness_parts(self))

    def details(self) -> Shown:
        """Method, arms, and the definition of each metric read."""
        rows = [
            {"metric": metric.label, "definition": metric.definition, "kind": metric.kind.name}
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
        parts = [Note(Text("ab.details.method")), table, *kept_queries()]
        fold = Fold(Text("ab.details.title"), parts)
        return self.ops.show(fold)

    def summary(self) -> Shown:
        """Verdict by the registered rule, cards, what to decide, findings, next steps.

        Works out by itself what the verdict rests on, where that was not shown before.
        """
        ops = self.ops
        self._complete()
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

    def _complete(self) -> None:
        """Record the facts and findings of the steps that a verdict rests on."""
        metric = self.plan.primary.metric
        if not self.valid:
            if self.ops.is_invalid:
                return
            blocking = [c.message for c in self.ops.checks.values() if c.status == "block"]
            self.ops.status("invalid", Text.of("ab.trust.invalid", reason=blocking[0]))
            return
        if not any(fact.id == "ab.diff" for fact in self.ops.facts.values()):
            primary.primary_parts(self, metric)
        if not self.guardrail_results:
            guardrails.guardrail_parts(self)
        if not any(fact.id == "ab.impact" for fact in self.ops.facts.values()):
            primary.impact_parts(self)
