"""Periods with hardly any rows: a fall to a tenth, and numbers that rest on a handful."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.findings import Check, Fact
from opsnb.analysis.metrics.data_range import LEADING
from opsnb.analysis.tables.row_level import collapsed, rows_within
from opsnb.base.messages import Said, Text
from opsnb.base.periods import Period

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.coverage import PeriodCoverage
    from opsnb.analysis.reviews.period.kpi import Kpi

HANDFUL = 30
"""Rows or users below which a rate, and a change, says little."""

_BEFORE = 6
_NAMED = 5


def collapse_check(period: PeriodCoverage) -> Check | None:
    """A warning, where a period over in the data holds under a tenth of the rows that are usual."""
    if period.partial:
        return None
    for name in LEADING:
        if not period.ops.rows.has(name):
            continue
        spans = _spans(period, name)
        count, *before = _counts(period, name, spans)
        found = collapsed(count, before)
        if found is not None:
            fact = Fact("data.collapse", count, "count", segment=name)
            text = Text.of(
                "month.collapse", table=name, period=period.period.text, count=found.count,
                usual=found.usual,
            )  # fmt: skip
            return Check("collapse", "warn", text, (fact,))
    return None


def handful_check(kpis: Iterable[Kpi]) -> Check | None:
    """A warning, where KPIs rest on a handful of rows: said of all at once."""
    few = [kpi for kpi in kpis if 0 < kpi.measured.n < HANDFUL and kpi.check is None]
    if not few:
        return None
    named: list[Said] = [kpi.metric.label for kpi in few[:_NAMED]]
    if len(few) > _NAMED:
        named.append(Text.of("month.handful_more", n=len(few) - _NAMED))
    text = Text.of("month.handful", limit=HANDFUL, metrics=named)
    return Check("handful", "warn", text)


def _spans(period: PeriodCoverage, table: str) -> list[Period]:
    """The period, and those before it that the table was recorded in."""
    first = period.ops.rows.record(table).first
    spans = [period.period]
    while len(spans) <= _BEFORE:
        before = spans[-1].previous()
        if first is None or before.start < first:
            break
        spans.append(before)
    return spans


def _counts(period: PeriodCoverage, table: str, spans: Sequence[Period]) -> list[float]:
    """Orders that were placed, or rows, in each of some periods."""
    if table == "orders" and period.ops.meter.absent("orders") is None:
        found = {one.period: one.value for one in period.ops.meter.measure("orders", spans)}
        return [found[span.key] or 0.0 for span in spans]
    days = period.ops.rows.record(table).rows
    return [rows_within(days, span.start, span.end) for span in spans]
