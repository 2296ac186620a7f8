"""Days outside expectation, each with the known event that explains it, or none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, Toned, charts
from opsnb.analysis.reviews.period.day_scores import (
    ScoredDays,
    UnrecordedDays,
    UnusualDay,
    score_days,
    shifts,
    unrecorded_days,
    unusual_days_of,
)
from opsnb.analysis.reviews.period.timeline import marks
from opsnb.analysis.tables import span_of
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence


def unusual_days(
    evidence: PeriodEvidence, metrics: Sequence[str], *, timelines: bool = True
) -> list[Part]:
    """A timeline a metric and one table of flagged days."""
    ops = evidence.ops
    scored: list[ScoredDays] = []
    parts: list[Part] = []
    for metric in metrics:
        if lacking := evidence.lacking(metric):
            parts.append(Absent(lacking))
            continue
        if (every := ops.meter.every(metric)) != "day":
            each = Text(f"step.each.{every}")
            parts.append(
                Absent(Text.of("month.unusual.steps", metric=ops.label(metric), each=each))
            )
            continue
        try:
            scored.append(score_days(evidence, metric))
        except MethodError:
            parts.append(Absent(Text.of("month.unusual.short", metric=ops.label(metric))))
    missing = unrecorded_days(evidence, [m for m in metrics if ops.meter.absent(m) is None])
    _record_missing(evidence, missing)
    if not scored:
        return [*parts, *([_table(evidence, [], missing)] if missing else [])]
    days = [day for one in scored for day in unusual_days_of(evidence, one)]
    _record(evidence, days)
    parts.insert(0, Paragraph(_line(scored, days)))
    if timelines:
        parts += [_timeline(evidence, one) for one in scored]
        parts += [part for one in scored for part in _shifts(evidence, one)]
    if days or missing:
        parts.append(_table(evidence, days, missing))
    return [*parts, Note(Text("month.unusual.note"))]


def _record(evidence: PeriodEvidence, days: Sequence[UnusualDay]) -> None:
    """The days as facts, those without a known cause as a finding."""
    ops = evidence.ops
    ops.record(*(day.fact for day in days))
    unexplained = [day for day in days if not day.known]
    if unexplained:
        first = unexplained[0]
        ops.finding(
            Text.of("month.unusual.finding", n=len({day.day for day in unexplained}),
                    first=first.day, note=first.reading),
            *(day.fact for day in unexplained), tone="warn", section="anomalies",
        )  # fmt: skip


def _record_missing(evidence: PeriodEvidence, missing: Sequence[UnrecordedDays]) -> None:
    """Days that are not on record as a check and as a finding."""
    if not missing:
        return
    gaps = [
        Text.of("month.unusual.gap_of", span=span_of(one.start, one.end), reading=one.reading)
        for one in missing
    ]
    said, facts = Text.of("month.unusual.gap_check", gaps=gaps), [one.fact for one in missing]
    evidence.ops.record(*facts)
    evidence.ops.check("tracking_gap", "warn", said, *facts)
    evidence.ops.finding(said, *facts, tone="warn", section="anomalies")


def _line(scored: Sequence[ScoredDays], days: Sequence[UnusualDay]) -> Text:
    """How many days were flagged, of how many, and how many of them by chance."""
    tested = sum(int(one.inside.sum()) for one in scored)
    expected = sum(
        one.result.false_alarms * one.inside.sum() / max(one.result.tested, 1) for one in scored
    )
    return Text.of("month.unusual.line", days=len(days), tested=tested, expected=expected)


def _shifts(evidence: PeriodEvidence, one: ScoredDays) -> list[Part]:
    parts: list[Part] = []
    for shift in shifts(evidence, one):
        evidence.ops.record(shift.fact)
        unknown = Text("month.unusual.unknown")
        reading: Said = shift.event.name if shift.event is not None else unknown
        label = evidence.ops.label(one.metric)
        line = Text.of("month.unusual.shift", metric=label, change=shift.fact, day=shift.day,
                       reading=reading)  # fmt: skip
        parts.append(Paragraph(line))
    return parts


def _timeline(evidence: PeriodEvidence, one: ScoredDays) -> Part:
    """The period and the six weeks before it."""
    since = evidence.period.start - dt.timedelta(days=42)
    keep = [i for i, day in enumerate(one.dates) if day >= since]
    result = one.result
    flagged = [one.dates[i] for i in keep if result.flagged[i]]
    floor = 0.0 if np.nanmin(one.values) >= 0 else -np.inf  # counts cannot fall below zero
    return charts.anomaly_timeline(
        [one.dates[i] for i in keep],
        [_number(one.values[i]) for i in keep],
        [_number(result.expected[i]) for i in keep],
        [_number(max(result.low[i], floor)) for i in keep],
        [_number(result.high[i]) for i in keep],
        flagged=flagged,
        claim=Text.of(
            "month.unusual.claim",
            metric=evidence.ops.label(one.metric),
            n=sum(evidence.period.contains(day) for day in flagged),
        ),
        alt=Text.of("month.unusual.alt", metric=evidence.ops.label(one.metric), days=len(keep)),
        source=Text.of("month.source", start=one.dates[keep[0]], end=one.dates[keep[-1]]),
        format="integer",
        events=marks(
            evidence,
            evidence.ops.catalogue[one.metric],
            one.dates[keep[0]],
            one.dates[keep[-1]],
        ),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _table(
    evidence: PeriodEvidence, days: Sequence[UnusualDay], missing: Sequence[UnrecordedDays]
) -> Table:
    """Flagged days, and those of which nothing is known, in the order of days."""
    rows: list[dict[str, Any]] = [
        {
            "day": day.day,
            "metric": evidence.ops.label(day.metric),
            "value": day.value,
            "gap": day.fact.value,
            "state": Toned(None, "neutral" if day.known else "warn", day.reading),
        }
        for day in days
    ]
    rows += [
        {
            "day": day,
            "metric": evidence.word("table", one.table),
            "value": None,
            "gap": None,
            "state": Toned(
                None, "warn", Text.of("month.unusual.not_recorded", reading=one.reading)
            ),
        }
        for one in missing
        for day in between(one.start, one.end).dates
    ]
    rows.sort(key=lambda row: row["day"])
    return Table(
        [
            Column("day", Text("month.unusual.day"), "date"),
            Column("metric", Text("ab.column.metric"), "said"),
            Column("value", Text("month.scorecard.value"), "number"),
            Column("gap", Text("month.unusual.gap"), "signed_percent"),
            Column("state", Text("month.unusual.reading"), "said"),
        ],
        rows,
        order=Text("month.unusual.order"),
    )
