"""Tests of the record: which of the experiment's days are not on record, and what that left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.findings import Fact
from opsnb.analysis.metrics import DailyCounts
from opsnb.analysis.reviews.experiment.experiment_data import ExperimentData
from opsnb.analysis.reviews.experiment.experiment_record import DAY
from opsnb.analysis.reviews.experiment.trust_tests import TrustTests, one_check
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.tables import Record


def record_tests(data: ExperimentData) -> TrustTests:
    """A warning for each table that metrics are read from and that lacks days of the experiment."""
    if isinstance(data.panel, DailyCounts):  # they have a test of their own
        return TrustTests()
    found = TrustTests()
    for record in data.on_record.of(list(data.panel.metrics)):
        found += _of_table(data, record)
    return found


def _of_table(data: ExperimentData, record: Record) -> TrustTests:
    """The days from the first exposure until outcomes end that are past and not on record."""
    plan, on_record, metrics = data.plan, data.on_record, list(data.panel.metrics)
    first, end = on_record.first_exposure, plan.end or data.assigned.last
    if first is None or end is None:
        return TrustTests()
    first = min(first, plan.start or first)
    window = on_record.windows(metrics).get(record.table)
    last = min(end + (window or 0) * DAY, data.ops.workspace.as_of - DAY)
    # Days after its end that are yet to come make windows open, which is said elsewhere.
    recorded = max(end, record.last or end)
    lacks = [day for day in record.lacks(first, last) if day <= recorded] if last >= first else []
    if not lacks:
        return TrustTests()
    fact = Fact("ab.days_not_recorded", len(lacks), "count", segment=record.table)
    state = ""
    if window is not None and record.gaps_in(first, last):
        state = "_avoided" if on_record.avoided(record.table, metrics) else "_short"
    text = Text.of(
        f"ab.trust.not_recorded{state}", table=record.table, days=fact,
        of=(last - first).days + 1, spans=said_days(lacks), window=window,
    )  # fmt: skip
    return one_check(f"not_recorded.{record.table}", "warn", text, fact)
