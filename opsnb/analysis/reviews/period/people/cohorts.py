"""Retention by month of arrival: the newest cohort beside the one before, and curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Column, Note, Part, Table, charts
from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.metrics.cohorts import CohortCounts, monthly_cohorts
from opsnb.analysis.reviews.period.missing_days import missing_days
from opsnb.analysis.reviews.shared import return_curves
from opsnb.analysis.reviews.shared.return_curves import SmallCells
from opsnb.base.messages import Said, Text
from opsnb.base.periods import containing

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence
    from opsnb.base.periods import Period

Shares = Mapping[tuple[dt.date, int], Fact]
"""Share still active by month of arrival and age, of those that may be shown."""

COMPARED_AGES = 3
"""Months after arrival at which the newest cohort of that age meets the one before."""


def cohort_retention(evidence: PeriodEvidence, months: int = 9) -> list[Part]:
    """Month-on-month comparison, curves, and the triangle.

    Cohorts from before activity was recorded are left out: nothing is known of their return.
    So are those of months in which not everybody who came is on record.
    """
    last = evidence.period.end if not evidence.partial else evidence.period.previous().end
    rows, born = evidence.ops.rows, _births(evidence)
    for table in (evidence.activity, born):
        if not rows.has(table):
            return [Absent(Text.of("month.absent", table=table))]
    since = evidence.first_recorded(evidence.activity)
    found = [
        cohort
        for cohort in monthly_cohorts(rows, last, months)
        if cohort.size
        and since is not None
        and cohort.month >= since
        and evidence.table_holds(born, _month(evidence, cohort.month))
    ]
    if len(found) < 2:
        return [Absent(Text("month.cohorts.none"))]
    found = [cohort for cohort in found if cohort.size >= evidence.ops.workspace.min_cell]
    if len(found) < 2:
        return [Absent(Text.of("month.cohorts.few", minimum=evidence.ops.workspace.min_cell))]
    counted = {(c.month, age): n for c in found for age, n in enumerate(c.active) if age}
    unknown = _unknown(evidence, counted)
    few = _few(evidence, {cell: n for cell, n in counted.items() if cell not in unknown})
    if few | unknown >= counted.keys():
        return [Absent(Text.of("month.cohorts.few", minimum=evidence.ops.workspace.min_cell))]
    facts = {
        (cohort.month, age): evidence.ops.fact(
            "retention.cohort", active / cohort.size, "share", n=cohort.size,
            segment=f"{cohort.month:%Y-%m}+{age}",
        )
        for cohort in found
        for age, active in enumerate(cohort.active[1:], 1)
        if (cohort.month, age) not in few | unknown
    }  # fmt: skip
    source = Text.of("month.cohorts.source", last=last)
    return [
        _triangle(found, facts, source, unknown),
        *([Note(evidence.ops.withheld.cells(len(few)))] if few else []),
        *_days(evidence, found),
        *_comparison(evidence, found, few, unknown),
        *return_curves.curves(evidence.ops, found, few | unknown, source),
        Note(Text("month.cohorts.note")),
    ]


def _births(evidence: PeriodEvidence) -> str:
    """The table that tells who came in a month."""
    return "users" if evidence.ops.rows.has("users") else "orders"


def _month(evidence: PeriodEvidence, first: dt.date, age: int = 0) -> Period:
    """The month some months after the one that begins on a day."""
    months = first.year * 12 + first.month - 1 + age
    day = dt.date(months // 12, months % 12 + 1, 1)
    return containing("month", day, evidence.period.calendar)


def _unknown(evidence: PeriodEvidence, counted: Mapping[tuple[dt.date, int], int]) -> SmallCells:
    """Cells of months of whose activity too little is on record."""
    months = {cell: _month(evidence, *cell) for cell in counted}
    holds = {m.key: evidence.table_holds(evidence.activity, m) for m in months.values()}
    return frozenset(cell for cell, month in months.items() if not holds[month.key])


def _days(evidence: PeriodEvidence, found: Sequence[CohortCounts]) -> list[Part]:
    """Which months' activity is on record in part, or not at all."""
    ages = range(len(found[0].active))
    months = [_month(evidence, found[0].month, age) for age in ages]
    empty = [m for m in months if not evidence.table_holds(evidence.activity, m)]
    short = [m for m in months if m not in empty]
    said = Text.of("month.cohorts.unknown", months=[m.text for m in empty])
    return [
        *([Note(said)] if empty else []),
        *(missing_days(evidence, evidence.activity, *short) if short else []),
    ]


def _few(evidence: PeriodEvidence, counted: Mapping[tuple[dt.date, int], int]) -> SmallCells:
    """Cells of the triangle with too few people; it has no totals that would give them back."""
    return evidence.ops.groups_to_withhold("retention.cohort", counted, totals=False)


def _triangle(
    found: Sequence[CohortCounts], facts: Shares, source: Text, unknown: SmallCells
) -> Part:
    longest = max(len(cohort.active) for cohort in found) - 1
    return charts.cohort_triangle(
        [
            charts.Cohort(
                _label(cohort),
                cohort.size,
                [
                    fact.value if (fact := facts.get((cohort.month, age))) else None
                    for age in range(1, longest + 1)
                ],
            )
            for cohort in found
        ],
        claim=_claim(found, facts, unknown),
        alt=Text.of("month.cohorts.alt", cohorts=len(found), ages=longest),
        source=source,
        first=1,
    )


def _label(cohort: CohortCounts) -> Text:
    return Text.of("month.cohorts.label", month=cohort.month)


def _claim(found: Sequence[CohortCounts], facts: Shares, unknown: SmallCells) -> Text:
    """Month-one retention of the newest mature cohort, beside the one before."""
    mature = [c for c in found if len(c.active) > 1 and (c.month, 1) not in unknown]
    if not mature:
        return Text("month.cohorts.claim_unknown")
    newest, before = mature[-1], mature[-2] if len(mature) > 1 else mature[-1]
    now, then = facts.get((newest.month, 1)), facts.get((before.month, 1))
    if now is None or then is None:
        return Text("month.cohorts.claim_withheld")
    return Text.of("month.cohorts.claim", month=newest.month, now=now, before=then)


def _comparison(
    evidence: PeriodEvidence,
    found: Sequence[CohortCounts],
    few: SmallCells,
    unknown: SmallCells,
) -> list[Part]:
    """At each age, the newest cohort that has reached it against the one a month older."""
    rows: list[dict[str, Any]] = []
    for age in range(1, COMPARED_AGES + 1):
        mature = [cohort for cohort in found if len(cohort.active) > age]
        if len(mature) < 2:
            break
        before, newest = mature[-2:]
        if {(before.month, age), (newest.month, age)} & unknown:
            unsaid = dict.fromkeys(("rate", "before", "gap"))
            reading = Text("month.cohorts.not_recorded")
            rows.append({"age": age, "cohort": _label(newest), **unsaid, "reading": reading})
            continue
        if {(before.month, age), (newest.month, age)} & few:
            cells = dict.fromkeys(("rate", "before", "gap", "reading"), evidence.ops.withheld)
            rows.append({"age": age, "cohort": _label(newest), **cells})
            continue
        gap = newcombe(before.active[age], before.size, newest.active[age], newest.size)
        fact = evidence.ops.fact(
            "retention.change", gap.value, "points", low=gap.low, high=gap.high,
            segment=f"{newest.month:%Y-%m}+{age}", n=newest.size, method="newcombe",
        )  # fmt: skip
        word: Said = Text("month.change_noise")
        if gap.significant:
            word = Text("month.cohorts.higher" if gap.value > 0 else "month.cohorts.lower")
        rows.append(
            {
                "age": age,
                "cohort": _label(newest),
                "rate": newest.active[age] / newest.size,
                "before": before.active[age] / before.size,
                "gap": Text.of("month.cohorts.gap", gap=fact),
                "reading": word,
            }
        )
    columns = [
        Column("age", Text("month.cohorts.age"), "integer"),
        Column("cohort", Text("month.cohorts.cohort"), "said"),
        Column("rate", Text("month.cohorts.rate"), "percent"),
        Column("before", Text("month.cohorts.before"), "percent"),
        Column("gap", Text("month.cohorts.difference"), "said", "right"),
        Column("reading", Text("month.cohorts.reading"), "said"),
    ]
    return [Table(columns, rows, note=Text("month.cohorts.compared"))] if rows else []
