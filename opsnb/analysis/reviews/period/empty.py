"""A cycle in which nothing was recorded: it is said once, and no figure is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Verdict
from opsnb.base.messages import Text
from opsnb.base.periods import latest

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence


def empty_verdict(evidence: PeriodEvidence) -> Verdict:
    """The verdict of a cycle without a row, and where the data can be looked at instead."""
    period, last = evidence.period, evidence.recorded_until
    rule = Text("empty.rule")
    if last is not None:
        held = latest(period.kind, evidence.as_of, period.calendar, reached=last)
        rule = Text.of("empty.rule_held", key=held.key, period=held.text)
    return Verdict(
        word=Text("empty.word"),
        sentence=evidence.completeness.reason,
        grade="E",
        tone="warn",
        rule=rule,
    )


def verdict_without_kpi(evidence: PeriodEvidence) -> Verdict:
    """The verdict of a cycle whose tables have rows, and no column that a KPI is measured on."""
    return Verdict(
        word=Text("empty.word_no_kpi"),
        sentence=Text.of("empty.no_kpi", period=evidence.period.text),
        grade="E",
        tone="neutral",
        rule=Text("empty.rule_no_kpi"),
    )
