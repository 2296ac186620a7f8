"""The steps of an experiment's readout.

Each step can be called alone and in any order, with other metrics or options.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Column, Fold, Note, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.reviews.experiment import effect_over_time
from opsnb.analysis.reviews.experiment.cards import experiment_cards
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.analysis.reviews.experiment.evidence import Evidence
from opsnb.analysis.reviews.experiment.guardrails import guardrail_parts, record_guardrails
from opsnb.analysis.reviews.experiment.impact import impact_parts
from opsnb.analysis.reviews.experiment.primary import primary_parts, record_claims
from opsnb.analysis.reviews.experiment.registered_plan import plan_parts
from opsnb.analysis.reviews.experiment.results import Results
from opsnb.analysis.reviews.experiment.robustness import robustness_parts
from opsnb.analysis.reviews.experiment.ruling import rule
from opsnb.analysis.reviews.experiment.secondary import secondary_parts
from opsnb.analysis.reviews.experiment.segments import segment_parts
from opsnb.analysis.reviews.experiment.trust_gate import record_trust, trust_parts
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
        return self.ops.show(*plan_parts(self))

    def trust_gate(self) -> Shown:
        """Everything that must hold before a result may be read."""
        return self.ops.show(*trust_parts(self))

    def primary(self, metric: str | None = None) -> Shown:
        """The primary metric: both arms, difference and lift with intervals, the MDE."""
        metric = metric or self.plan.primary.metric
        return self._unless_kept_back(metric, lambda: primary_parts(self, metric))

    def _of_primary(self, parts: Callable[[Evidence], list[Part]]) -> Shown:
        """A section of the primary metric."""
        return self._unless_kept_back(self.plan.primary.metric, lambda: parts(self))

    def _unless_kept_back(self, metric: str, parts: Callable[[], list[Part]]) -> Shown:
        """A section of a metric, or why the metric is not read."""
        why = self.kept_back(metric)
        return self.ops.show(*([Absent(why)] if why else parts()))

    def record(self, effect: Effect) -> dict[str, Fact]:
        """Record the facts of one effect: by arm, and "diff", "lift" (that decide) and "mde"."""
        measured = self.measured_effect(effect)
        self.ops.record(*measured.facts)
        return measured.named

    def guardrails(self) -> Shown:
        """Each guardrail against its margin: pass, fail, or not proven."""
        return self.ops.show(*guardrail_parts(self))

    def secondary(self) -> Shown:
        """Secondary metrics, exploratory, with Benjamini and Hochberg's adjustment."""
        return self.ops.show(*secondary_parts(self))

    def cumulative(self) -> Shown:
        """The effect as users came in, with a band that may be read on any day."""
        return self._of_primary(effect_over_time.cumulative_parts)

    def novelty(self) -> Shown:
        """The effect by days since exposure."""
        return self._of_primary(effect_over_time.novelty_parts)

    def segments(self) -> Shown:
        """The effect within registered attributes, and whether it differs between them."""
        return self._of_primary(segment_parts)

    def impact(self) -> Shown:
        """What a year would bring, as a range, with its assumptions."""
        return self._of_primary(impact_parts)

    def robustness(self) -> Shown:
        """The same question asked in other ways, and the chance to win with its prior."""
        return self._of_primary(robustness_parts)

    def details(self) -> Shown:
        """Method, arms, and the definition of each metric read."""
        rows = [
            {"metric": metric.label, "definition": metric.definition, "kind": metric.kind.name}
            for metric in (self.ops.catalogue[name] for name in self.metrics_read)
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

        Rests on the evidence, whatever steps were taken before; what none of them recorded of
        it is recorded here.
        """
        ops = self.ops
        results = self.results.and_checks(ops.blocks_beside(self.known_checks))
        self._record_results(results)
        ruling = rule(results)
        ops.fact("ab.verdict", ruling.word, "text")
        own = ruling.reason in ("blocked", "early")
        question = ruling.reason if own else ruling.word
        ops.decide(
            Text.of(f"ab.decision.{question}", name=self.plan.name),
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
        return ops.first_screen(ruling.verdict(results), experiment_cards(results))

    def _record_results(self, results: Results) -> None:
        """Record what the verdict rests on; what is said twice stands in the report once."""
        record_trust(self, results.trust)
        if not results.trust.blocking:
            record_claims(self, self.plan.primary.metric)
            record_guardrails(self)
            self.ops.record(*self.impacts)
