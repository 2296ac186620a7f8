"""What a section says of days that are not on record: which, how many, and what they withhold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from opsnb.analysis.display import Note, Part
from opsnb.analysis.tables import CONTRACTS
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
    runs = runs_of(lacks)
    spans = [span_text(*run) for run in runs[:MOST_SPANS]]
    more = len(runs) - len(spans)
    return Text.of(
        key, table=coverage.word("table", table), period=span.text, days=span.days - len(lacks),
        of=span.days, spans=[*spans, *([Text.of("month.days.more", n=more)] if more else [])],
    )  # fmt: skip


def runs_of(days: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last of days in a row, in order."""
    ordered = sorted(days)
    if not ordered:
        return []
    breaks = [(a, b) for a, b in pairwise(ordered) if (b - a).days > 1]
    firsts = [ordered[0], *(after for _, after in breaks)]
    lasts = [*(before for before, _ in breaks), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def span_text(start: dt.date, end: dt.date) -> Text:
    """Days as a sentence names them."""
    key = "data.days.one" if start == end else "data.days.span"
    return Text.of(key, start=start, end=end)


def cause_text(coverage: PeriodCoverage, table: str, gap: Gap) -> Text:
    """Why the days of a gap count as not recorded."""
    named = "_named" if gap.name is not None else ""
    witness = CONTRACTS[table].witness
    return Text.of(
        f"month.gap.{gap.cause}{named}",
        table=coverage.word("table", table),
        witness=coverage.word("table", witness) if witness else "",
        share=None if gap.share is None else round(gap.share, 2),
        usual=gap.usual,
        name=gap.name or "",
    )
