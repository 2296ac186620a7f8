"""The monthly retrospective, step by step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.reviews.period.evidence import PeriodEvidence
from opsnb.analysis.reviews.period.month_verdict import cards, case_of, missed, refusal, verdict
from opsnb.analysis.reviews.period.review import PeriodReview
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.analysis.reviews.shared.blocked import Block
    from opsnb.analysis.shown import Shown

MOST_PROPOSED = 4
"""Missed KPIs that somebody is asked to explain."""


class Month(PeriodReview):
    """One cycle's retrospective, step by step.

    Parameters
    ----------
    ops : Recorder
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this cycle, then the usual ones.
    """

    def __init__(self, ops: Recorder, kpis: Sequence[str] = ()) -> None:
        super().__init__(PeriodEvidence(ops, kpis))

    def _refused(self) -> Block | None:
        return refusal(self.evidence)

    def _first_screen(self) -> Shown:
        ops, evidence = self.ops, self.evidence
        short = missed(evidence)
        for kpi in short[:MOST_PROPOSED]:
            self._propose(kpi)
        if short:
            ops.decide(
                Text.of("month.decision.missed", metrics=[k.metric.label for k in short[:3]]),
                recommendation=Text("month.recommend.missed"),
                due=evidence.as_of + dt.timedelta(days=7),
                evidence=tuple(kpi.fact for kpi in short[:3]),
            )
        self._record_case(case_of(evidence))
        return ops.first_screen(verdict(evidence), cards(evidence))

    def _propose(self, kpi: Kpi) -> None:
        self.ops.finding(
            Text.of(
                "month.finding.missed", metric=kpi.metric.label, value=kpi.value_text,
                target=kpi.target_text,
            ),
            kpi.fact, tone="bad", section="scorecard",
        )  # fmt: skip
        self.ops.act(
            Text.of("month.action.missed", metric=kpi.metric.label),
            kpi.owner,
            due=self.evidence.as_of + dt.timedelta(days=14),
            source=self.period.key,
            evidence=(kpi.fact,),
        )
