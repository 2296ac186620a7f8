"""Whether a period can be judged: complete, still open, or empty; and which check says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check, Status
from opsnb.analysis.reviews.period.thin_numbers import collapse_check
from opsnb.analysis.tables import span_of
from opsnb.base.messages import Text
from opsnb.base.periods import latest

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.coverage import PeriodCoverage
    from opsnb.analysis.tables import Gap


MOST_NAMED = 3
"""Gaps that the status names; the data gate has them all."""


@dataclass(frozen=True)
class Completeness:
    """The report's status as far as the period decides it: ready, provisional or skipped."""

    status: Status
    check: Check

    @property
    def reason(self) -> Text:
        assert isinstance(self.check.message, Text)
        return self.check.message


def completeness(period: PeriodCoverage, *, is_empty: bool) -> Completeness:
    """Empty, cut short by the data's end, open while refunds may arrive, or complete."""
    as_of = period.as_of
    if is_empty:
        return Completeness("skipped", Check("complete", "warn", _why_empty(period)))
    if period.partial:
        return Completeness("provisional", Check("complete", "warn", period.why_partial))
    if (fallen := collapse_check(period)) is not None:
        return Completeness("provisional", fallen)
    if period.refunds_open:
        days = period.ops.workspace.refund_window_days
        reason = Text.of(period.texts["refunds_open"], days=days, as_of=as_of)
        return Completeness("provisional", Check("refunds", "warn", reason))
    return Completeness(
        "ready", Check("complete", "pass", Text.of(period.texts["complete"], as_of=as_of))
    )


def days_missing(period: PeriodCoverage, gaps: Sequence[tuple[str, Gap]]) -> Text:
    """Which days of which tables are not on record."""
    named = [_gap(period, table, gap) for table, gap in gaps[:MOST_NAMED]]
    if len(gaps) > MOST_NAMED:
        named.append(Text.of("month.days_missing_more", n=len(gaps) - MOST_NAMED))
    return Text.of("month.days_missing", gaps=named)


def _gap(period: PeriodCoverage, table: str, gap: Gap) -> Text:
    tracking = "_tracking" if gap.cause in ("witness", "tracking") else ""
    return Text.of(
        f"month.gap_of{tracking}",
        table=period.word("table", table),
        span=span_of(gap.start, gap.end),
    )


def _why_empty(period: PeriodCoverage) -> Text:
    if period.recorded_until is None:
        return Text.of("empty.reason_none", period=period.period.text)
    return Text.of("empty.reason", period=period.period.text, last=period.recorded_until)


def reach_check(period: PeriodCoverage) -> Check | None:
    """A warning, where later cycles are over by the calendar but not in the data."""
    last, kind, calendar = period.recorded_until, period.period.kind, period.period.calendar
    by_calendar = latest(kind, period.as_of, calendar)
    if last is None or last >= by_calendar.start or period.period == by_calendar:
        return None
    held = latest(kind, period.as_of, calendar, reached=last)
    if period.period != held:
        return None
    text = Text.of("empty.reach", period=held.text, last=last, calendar=by_calendar.text)
    return Check("reach", "warn", text)
