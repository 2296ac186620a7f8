"""What a month comes to: verdict and cards, out of its evidence and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from opsnb.analysis.findings import Card, Tone, Verdict
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.analysis.reviews.period.kpi import Kpi
    from opsnb.analysis.reviews.shared.blocked import Block

Case = Literal["partial", "no_targets", "on_track", "mixed", "off_track"]

ON_TRACK, MIXED = 0.8, 0.5
"""Shares of the agreed targets that are reached, from which on the month is so called."""

LEAD = "gmv_net"
MOST_CARDS = 6

_TONE: dict[Case, Tone] = {"on_track": "good", "off_track": "bad", "no_targets": "neutral"}
_RANK = {"missed": 0, "near": 1}


def case_of(evidence: PeriodEvidence) -> Case:
    """How the month stands against the targets that the team agreed on."""
    scored = _scored(evidence)
    if evidence.partial:
        return "partial"
    if not scored:
        return "no_targets"
    return _of_share(_hit(scored) / len(scored))


def _of_share(share: float) -> Case:
    """What a month is called by the share of its targets that are reached."""
    return "on_track" if share >= ON_TRACK else "mixed" if share >= MIXED else "off_track"


def refusal(evidence: PeriodEvidence) -> Block | None:
    """The block that leaves the month without a verdict.

    It keeps back the lead KPI, or an agreed target on whose outcome the verdict turns.
    """
    known = evidence.recorded_kpis
    lead = evidence.withheld_kpis.get(LEAD if LEAD in known else known[0])
    unknown = [name for name in evidence.withheld_kpis if name in evidence.targets]
    if lead or evidence.partial or not unknown:
        return lead
    scored = _scored(evidence)
    hit, n = _hit(scored), len(scored) + len(unknown)
    settled = scored and _of_share(hit / n) == _of_share((hit + len(unknown)) / n)
    return None if settled else evidence.withheld_kpis[unknown[0]]


def missed(evidence: PeriodEvidence) -> list[Kpi]:
    """KPIs that missed a target which the team agreed on."""
    return [kpi for kpi in evidence.kpis if kpi.agreed == "missed"]


def verdict(evidence: PeriodEvidence) -> Verdict:
    """The month's verdict; a month without a KPI has none of these."""
    case, scored = case_of(evidence), _scored(evidence)
    lead = evidence.kpi(LEAD) or evidence.kpis[0]
    return Verdict(
        word=Text(f"month.word.{case}"),
        sentence=Text.of(
            f"month.verdict.{case}",
            period=evidence.period.text,
            hit=_hit(scored),
            n=len(scored),
            metric=lead.metric.label,
            value=lead.value_text,
            change=lead.change_text,
            last=evidence.ends_on,
        ),
        grade="E",
        tone=_TONE.get(case, "warn"),
        rule=Text("month.rule.partial" if case == "partial" else "month.rule.targets"),
        evidence=(lead.fact,),
    )


def cards(evidence: PeriodEvidence) -> list[Card]:
    """The first KPI, then what was missed, then the rest in the team's order."""
    lead, *rest = evidence.kpis
    rest.sort(key=lambda kpi: _RANK.get(kpi.status or "", len(_RANK)))
    return [kpi.card for kpi in (lead, *rest)][:MOST_CARDS]


def _scored(evidence: PeriodEvidence) -> list[Kpi]:
    return [kpi for kpi in evidence.kpis if kpi.agreed is not None]


def _hit(scored: list[Kpi]) -> int:
    return sum(kpi.agreed == "hit" for kpi in scored)
