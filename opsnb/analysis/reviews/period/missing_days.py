"""What a section says of days that are not on record: which, how many, and what they withhold."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from opsnb.analysis.display import Note, Part
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.coverage import PeriodCoverage
    from opsnb.analysis.tables import Gap
    from opsnb.base.periods import Period

MOST_SPANS = 3
"""Runs of missing days that a sentence names."""


def missing_days(coverage: PeriodCoverage, table: str, *spans: Period) -> list[Part]:
    """A sentence a span (default the period) that a table holds in part; nothing of whole ones."""
    notes: list[Part] = []
    for span in spans or (coverage.period,):
        lacks = coverage.table_lacks(table, span)
        if 0 < len(lacks) < span.days:
            notes.append(Note(_said(coverage, "month.days.note", table, span, lacks)))
    return notes


def withheld(coverage: PeriodCoverage, table: str, *spans: Period) -> Text | None:
    """What stands in place of a comparison, where too little of a span is on record."""
    short = next((span for span in spans if not coverage.table_holds(table, span)), None)
    if short is None:
        return None
    lacks = coverage.table_lacks(table, short)
    key = "month.days.none" if len(lacks) == short.days else "month.days.withheld"
    return _said(coverage, key, table, short, lacks)


def _said(
    coverage: PeriodCoverage, key: str, table: str, span: Period, lacks: frozenset[dt.date]
) -> Text:
    named = said_days(lacks)
    spans, more = named[:MOST_SPANS], len(named) - MOST_SPANS
    return Text.of(
        key, table=coverage.word("table", table), period=span.text, days=span.days - len(lacks),
        of=span.days, spans=[*spans, *([Text.of("month.days.more", n=more)] if more > 0 else [])],
    )  # fmt: skip


def cause_text(coverage: PeriodCoverage, table: str, gap: Gap) -> Text:
    """Why the days of a gap count as not recorded."""
    named = "_named" if gap.name is not None else ""
    witness = coverage.ops.rows.contract(table).witness
    return Text.of(
        f"month.gap.{gap.cause}{named}",
        table=coverage.word("table", table),
        witness=coverage.word("table", witness) if witness else "",
        share=None if gap.share is None else round(gap.share, 2),
        usual=gap.usual,
        name=gap.name or "",
    )
