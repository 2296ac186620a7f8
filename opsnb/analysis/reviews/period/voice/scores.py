"""NPS and CSAT with intervals, answers, and change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.metrics.survey_responses import Answered, answered
from opsnb.analysis.reviews.period.kpi import Kpi
from opsnb.analysis.reviews.period.missing_days import missing_days
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

SCORES = {"nps": "nps.score", "csat": "csat.score"}

SMALL = 30
"""Surveys sent by a channel below which its response is not recorded."""


def survey_scores(evidence: PeriodEvidence) -> list[Part]:
    """Each score with its interval, the number of answers and the change on last month."""
    ops = evidence.ops
    if not ops.rows.has("surveys"):
        return [Absent(Text.of("month.absent", table="surveys"))]
    kpis = [kpi for kpi in evidence.kpis if kpi.metric.id in SCORES]
    if not kpis:
        return [Absent(Text("month.voice.no_answers"))]
    rates = _response(evidence)
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("value", Text("month.voice.interval"), "said", "right"),
        Column("answers", Text("month.voice.answers"), "integer"),
        Column("change", Text("month.scorecard.change"), "said", "right"),
    ]
    if rates:
        columns.insert(3, Column("rate", Text("month.voice.answered"), "said", "right"))
    parts: list[Part] = [Table(columns, [_row(evidence, kpi, rates) for kpi in kpis])]
    parts += [Paragraph(split) for kpi in kpis if (split := _split(kpi)) is not None]
    note = Text("month.voice.rates_note" if rates else "month.voice.no_rates_note")
    days = missing_days(evidence, "surveys", evidence.period.previous(), evidence.period)
    return [*parts, *days, Note(Text("month.voice.scores_note")), Note(note)]


def _response(evidence: PeriodEvidence) -> dict[str, Text]:
    """Share answered of the surveys sent in the month, by kind, beside that of the month before."""
    ops, before = evidence.ops, evidence.period.previous()
    # A share of those asked in waves: it is known as soon as some of them are on record.
    compared = not evidence.partial and len(evidence.table_lacks("surveys", before)) < before.days
    earlier = answered(ops.rows, before.start, before.end) if compared else []
    then = {one.kind: one for one in earlier}
    out = {
        one.kind: _rate(evidence, one, then.get(one.kind))
        for one in answered(ops.rows, evidence.period.start, evidence.period.end)
    }
    by_channel = answered(ops.rows, evidence.period.start, evidence.period.end, by_channel=True)
    hidden = {
        (kind, channel)
        for kind in {one.kind for one in by_channel}
        for channel in ops.groups_to_withhold(
            f"survey.response/{kind}",
            {one.channel: one.sent for one in by_channel if one.kind == kind},
            {one.channel: one.answered for one in by_channel if one.kind == kind},
        )
    }
    for one in by_channel:
        if one.channel and one.sent >= SMALL and (one.kind, one.channel) not in hidden:
            _response_fact(evidence, one)
    return out


def _response_fact(evidence: PeriodEvidence, one: Answered) -> Fact:
    segment = f"{one.kind}/{one.channel}" if one.channel else one.kind
    share = one.answered / one.sent
    return evidence.ops.fact("survey.response", share, "share", segment=segment, n=one.sent)


def _rate(evidence: PeriodEvidence, one: Answered, last: Answered | None) -> Text:
    """The response rate; a change beyond noise is a warning, for other people may have answered."""
    rate = _response_fact(evidence, one)
    plain = Text.of("month.voice.rate", rate=rate, n=one.sent)
    if last is None:
        return plain
    gap = newcombe(last.answered, last.sent, one.answered, one.sent)
    if not gap.significant:
        return plain
    change = evidence.ops.fact(
        "survey.response_change", gap.value, "points", low=gap.low, high=gap.high,
        segment=one.kind, n=one.sent, method="newcombe",
    )  # fmt: skip
    text = Text.of("month.voice.response_moved", kind=one.kind.upper(), change=change)
    evidence.ops.check(f"response.{one.kind}", "warn", text, change)
    return Text.of("month.voice.rate_change", rate=rate, n=one.sent, change=change)


def _row(evidence: PeriodEvidence, kpi: Kpi, rates: dict[str, Text]) -> dict[str, Any]:
    fact = kpi.fact
    evidence.ops.record_missing(*kpi.facts)
    evidence.ops.fact(
        SCORES[kpi.metric.id], fact.value, fact.unit, low=fact.low, high=fact.high, n=fact.n
    )
    return {
        "metric": kpi.metric.label,
        "value": Text.of("month.scorecard.with_interval", value=kpi.value_text, fact=fact),
        "answers": fact.n,
        "rate": rates.get(kpi.metric.id),
        "change": _change(kpi),
    }


def _split(kpi: Kpi) -> Said | None:
    """Shares of promoters, passives and detractors."""
    measured = kpi.measured
    if measured.plus is None or measured.minus is None or not measured.n:
        return None
    plus, minus = measured.plus / measured.n, measured.minus / measured.n
    return Text.of(
        "month.voice.votes", metric=kpi.metric.label, plus=plus, rest=1 - plus - minus, minus=minus
    )


def _change(kpi: Kpi) -> Said:
    """The change with its interval, whether it is noise or not."""
    change = kpi.change_fact
    if change is None or change.low is None:
        return kpi.change_text
    return Text.of("month.voice.change", change=change, bounds=_Signed(change))


class _Signed:
    """A fact whose bounds are written in its own unit, signed."""

    def __init__(self, fact: Fact) -> None:
        self.low, self.high = fact.low, fact.high
        self.unit = fact.unit
