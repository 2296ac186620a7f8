"""What a week comes to: verdict and cards, out of its evidence and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from opsnb.analysis.findings import Card, Tone, Verdict
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.week_evidence import WatchedKpi, WeekEvidence
    from opsnb.analysis.reviews.shared.blocked import Block

Case = Literal["partial", "bad", "good", "quiet"]

MOST_CARDS = 6

_TONE: dict[Case, Tone] = {"bad": "warn", "partial": "warn", "quiet": "neutral", "good": "good"}


def case_of(evidence: WeekEvidence) -> Case:
    """Whether KPIs left what their own past lets expect, and to which side."""
    if evidence.partial:
        return "partial"
    return "bad" if bad(evidence) else "good" if evidence.exceptions else "quiet"


def refusal(evidence: WeekEvidence) -> Block | None:
    """The block that leaves the week without a verdict: it keeps back the lead KPI."""
    return evidence.withheld_kpis.get(evidence.recorded_kpis[0])


def bad(evidence: WeekEvidence) -> list[WatchedKpi]:
    """KPIs outside expectation on the side that nobody wants."""
    return [one for one in evidence.exceptions if not one.is_good]


def verdict(evidence: WeekEvidence) -> Verdict:
    """The week's verdict; a week without a KPI has none of these."""
    case, lead = case_of(evidence), evidence.kpis[0]
    return Verdict(
        word=Text(f"week.word.{case}"),
        sentence=Text.of(
            f"week.verdict.{case}",
            period=evidence.period.text,
            n=len(evidence.exceptions),
            bad=len(bad(evidence)),
            metric=lead.metric.label,
            value=lead.value_text,
            change=lead.change_text,
            last=evidence.ends_on,
        ),
        grade="E",
        tone=_TONE[case],
        rule=Text("week.rule"),
        evidence=(lead.fact,),
    )


def cards(evidence: WeekEvidence) -> list[Card]:
    """A KPI that went as ever, then the exceptions, then the rest in the team's order."""
    first = [one.kpi for one in evidence.exceptions]
    rest = [kpi for kpi in evidence.kpis if kpi not in first]
    ordered = [*rest[:1], *first, *rest[1:]]
    return [kpi.card_of("week.card_change") for kpi in ordered][:MOST_CARDS]
