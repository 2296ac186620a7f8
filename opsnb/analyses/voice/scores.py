"""NPS and CSAT with intervals, answers, and change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analyses.scorecard import Kpi
from opsnb.display import Absent, Column, Note, Paragraph, Part, Table
from opsnb.findings import Fact
from opsnb.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analyses.month import Month

SCORES = {"nps": "nps.score", "csat": "csat.score"}


def survey_scores(month: Month) -> list[Part]:
    """Each score with its interval, the number of answers and the change on last month."""
    ops = month.ops
    if not ops.rows.has("surveys"):
        return [Absent(Text.of("month.absent", table="surveys"))]
    kpis = [kpi for kpi in month.kpis if kpi.metric.id in SCORES]
    if not kpis:
        return [Absent(Text("month.voice.no_answers"))]
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("value", Text("month.voice.interval"), "said", "right"),
        Column("answers", Text("month.voice.answers"), "integer"),
        Column("change", Text("month.scorecard.change"), "said", "right"),
    ]
    parts: list[Part] = [Table(columns, [_row(month, kpi) for kpi in kpis])]
    parts += [Paragraph(split) for kpi in kpis if (split := _split(kpi)) is not None]
    return [*parts, Note(Text("month.voice.scores_note"))]


def _row(month: Month, kpi: Kpi) -> dict[str, Any]:
    fact = kpi.fact
    month.ops.fact(
        SCORES[kpi.metric.id], fact.value, fact.unit, low=fact.low, high=fact.high, n=fact.n
    )
    return {
        "metric": kpi.metric.label,
        "value": Text.of("month.scorecard.with_interval", value=kpi.value_text, fact=fact),
        "answers": fact.n,
        "change": _change(month, kpi),
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


def _change(month: Month, kpi: Kpi) -> Said:
    """The change with its interval, whether it is noise or not."""
    change = month.ops.facts.get(f"kpi.change/{kpi.metric.id}")
    if change is None or change.low is None:
        return kpi.change_text
    return Text.of("month.voice.change", change=change, bounds=_Signed(change))


class _Signed:
    """A fact whose bounds are written in its own unit, signed."""

    def __init__(self, fact: Fact) -> None:
        self.low, self.high = fact.low, fact.high
        self.unit = fact.unit
