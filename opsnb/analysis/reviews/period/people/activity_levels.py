"""Activity levels by frozen thresholds, and how users moved between them since last month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Note, Part, charts
from opsnb.analysis.metrics.levels import AFTER, BEFORE, Cuts, cuts, moves
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.base.messages import Said, Text
from opsnb.base.periods import containing

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence


def level_moves(evidence: PeriodEvidence) -> list[Part]:
    """Shares of each level of last month (and of who is new or returns) at each level now."""
    if evidence.partial:
        return [Absent(Text("month.levels.partial"))]
    limits = _limits(evidence)
    if limits is None:
        return [Absent(Text("month.active.young"))]
    table, previous = evidence.activity, evidence.period.previous()
    if (reason := withheld(evidence, table, evidence.period, previous)) is not None:
        return [Absent(reason)]
    found = moves(evidence.ops.rows, evidence.period, limits)
    totals = {start: sum(n for (s, _), n in found.items() if s == start) for start in BEFORE}
    ends = {end: sum(n for (_, e), n in found.items() if e == end) for end in AFTER[:-1]}
    few = evidence.ops.groups_to_withhold("levels.move", found, crossed=True)
    small = evidence.ops.groups_to_withhold("levels.users", totals, ends)
    shares: list[list[float | None]] = []
    for start in BEFORE:
        total = 0 if start in small else totals[start]
        row = [found.get((start, end), 0) / total if total else None for end in AFTER]
        row = [None if (start, end) in few else s for end, s in zip(AFTER, row, strict=True)]
        shares.append(row)
        for end, share in zip(AFTER, row, strict=True):
            if share is not None:
                evidence.ops.fact("levels.move", share, "share", segment=f"{start}>{end}", n=total)
    for end, users in ends.items():
        if end not in small:
            evidence.ops.fact("levels.users", users, "count", segment=end)
    if all(share is None for row in shares for share in row):
        return [Absent(evidence.ops.withheld.whole)]
    rows: list[Said] = [
        Text(f"month.levels.{start}")
        if start in small
        else Text.of("month.levels.row", level=Text(f"month.levels.{start}"), n=totals[start])
        for start in BEFORE
    ]
    chart = charts.matrix(
        rows,
        [Text(f"month.levels.{end}") for end in AFTER],
        shares,
        claim=Text("month.levels.claim_withheld")
        if ("heavy", "heavy") in few or "heavy" in small
        else _claim(evidence, found, totals),
        alt=Text.of("month.levels.alt", n=len(BEFORE)),
        source=evidence.source,
    )
    note = Text.of(
        "month.levels.note", medium=limits.medium + 1, heavy=limits.heavy + 1, day=limits.day
    )
    hidden = sum(s in small or (s, e) in few for s in BEFORE for e in AFTER)
    hidden_note = [Note(evidence.ops.withheld.cells(hidden))] if few or small else []
    days = missing_days(evidence, table, previous, evidence.period)
    return [chart, *hidden_note, *days, Note(note)]


def _limits(evidence: PeriodEvidence) -> Cuts | None:
    """Frozen for a year: those of the last month of the year before, else of last month.

    A month that is not on record has none.
    """
    first = evidence.first_recorded(evidence.activity)
    before = evidence.period.previous()
    if first is None or before.start < first:
        return None
    december = containing("month", dt.date(evidence.period.end.year - 1, 12, 31))
    known = december.start >= first and evidence.table_holds(evidence.activity, december)
    return cuts(evidence.ops.rows, december if known else before)


def _claim(
    evidence: PeriodEvidence, found: Mapping[tuple[str, str], int], totals: Mapping[str, int]
) -> Text:
    """How many of the most active slipped, and how many of the others rose to them."""
    slipped = totals["heavy"] - found.get(("heavy", "heavy"), 0)
    rose = sum(n for (start, end), n in found.items() if end == "heavy" and start != "heavy")
    facts = {
        "slipped": evidence.ops.fact("levels.slipped", slipped, "count", n=totals["heavy"]),
        "rose": evidence.ops.fact("levels.rose", rose, "count"),
    }
    return Text.of("month.levels.claim", before=totals["heavy"], **facts)
