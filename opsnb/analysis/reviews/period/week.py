"""The weekly review: one page of what left its path, what is due, and the lead KPI's course."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.reviews.period.review import PeriodReview, unless_empty
from opsnb.analysis.reviews.period.unusual_days import unusual_days
from opsnb.analysis.reviews.period.week_course import course
from opsnb.analysis.reviews.period.week_evidence import WeekEvidence
from opsnb.analysis.reviews.period.week_exceptions import exceptions
from opsnb.analysis.reviews.period.week_verdict import bad, cards, case_of, refusal, verdict
from opsnb.analysis.reviews.shared.recall import open_actions
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.reviews.shared.blocked import Block
    from opsnb.analysis.shown import Shown

DUE_DAYS = 7


class Week(PeriodReview):
    """One week's review; the sections of a month serve it as well.

    Parameters
    ----------
    ops : Recorder
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this week, then the usual ones.
    """

    evidence: WeekEvidence
    folded_gate = True

    def __init__(self, ops: Recorder, kpis: Sequence[str] = ()) -> None:
        super().__init__(WeekEvidence(ops, kpis))

    # -- steps -------------------------------------------------------------------------

    def due(self) -> Shown:
        """Actions that are late or fall due within a week."""
        return self.ops.show(*open_actions(self.ops, DUE_DAYS))

    @unless_empty
    def exceptions(self) -> Shown:
        """KPIs outside what their own past lets expect, six weeks beside twelve months.

        The others follow in the same form behind a line.
        """
        return self.ops.show(*exceptions(self.evidence))

    @unless_empty
    def course(self, metric: str = "gmv_net") -> Shown:
        """Six weeks beside twelve months, this year and last, with the numbers under it."""
        return self.ops.show(*course(self.evidence, metric))

    @unless_empty
    def unusual(self, metrics: Sequence[str] = ("orders", "active_users")) -> Shown:
        """Days of the week outside expectation, as a table."""
        return self.ops.show(*unusual_days(self.evidence, metrics, timelines=False))

    # -- the first screen --------------------------------------------------------------

    def _refused(self) -> Block | None:
        return refusal(self.evidence)

    def _first_screen(self) -> Shown:
        ops, evidence = self.ops, self.evidence
        worse = bad(evidence)
        if worse:
            ops.decide(
                Text.of("week.decision", metrics=[one.kpi.metric.label for one in worse[:3]]),
                recommendation=Text("week.recommend"),
                due=evidence.as_of + dt.timedelta(days=2),
                evidence=tuple(one.kpi.fact for one in worse[:3]),
            )
        self._record_case(case_of(evidence))
        return ops.first_screen(verdict(evidence), cards(evidence))
