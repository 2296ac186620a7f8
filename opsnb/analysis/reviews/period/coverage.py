"""What is recorded of a period: which tables cover it, from when on, and up to what day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsnb.analysis.metrics.data_range import holds_rows
from opsnb.analysis.metrics.lifespans import recorded
from opsnb.analysis.reviews.shared.data_gate import data_end
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.periods import Period
    from opsnb.base.plans import Target


class PeriodCoverage:
    """A period, its targets, and what the workspace's tables hold of it.

    Parameters
    ----------
    ops : Recorder
        Asked for tables and metrics; nothing is recorded here.
    """

    review = "month"
    """`month` or `week`: which review is made of the period."""

    texts: Mapping[str, str] = {
        "complete": "month.complete",
        "partial": "month.partial",
        "refunds_open": "month.refunds_open",
    }
    """What is said of the period's state, as keys of the language files."""

    def __init__(self, ops: Recorder) -> None:
        self.ops = ops
        self.period: Period = ops.period
        self.targets: dict[str, Target] = ops.workspace.targets(ops.period)

    @property
    def as_of(self) -> dt.date:
        """The day the data was taken."""
        return self.ops.workspace.as_of

    @cached_property
    def recorded_until(self) -> dt.date | None:
        return data_end(self.ops, "orders")

    @cached_property
    def holds_rows(self) -> bool:
        """Whether any table of what happened has a row in the period."""
        return holds_rows(self.ops.rows, self.period)

    @property
    def partial(self) -> bool:
        """Whether the data ends before the period does."""
        return self.recorded_until is None or self.recorded_until < self.period.end

    @property
    def why_partial(self) -> Text:
        return Text.of(self.texts["partial"], period=self.period.text, last=self.recorded_until)

    @property
    def refunds_open(self) -> bool:
        """Whether refunds of the period may still arrive."""
        window = self.ops.workspace.refund_window_days
        return self.as_of < self.period.end + dt.timedelta(days=window)

    @property
    def source(self) -> Text:
        return Text.of("month.source", start=self.period.start, end=self.period.end)

    # -- from when on ------------------------------------------------------------------

    def first_recorded_of(self, metric: Metric) -> dt.date | None:
        """`first_recorded` of the table that a metric is counted in."""
        while metric.numerator:
            metric = self.ops.catalogue[metric.numerator]
        if metric.kind.follows_ends:
            since = recorded(self.ops.rows, self.period.end)
            return since.first if since else None
        return self.first_recorded(metric.table)

    def covers(self, metric: Metric) -> bool:
        """Whether the metric's table was recorded in the period: else its zero says nothing."""
        while metric.numerator:
            metric = self.ops.catalogue[metric.numerator]
        first = self.first_recorded(metric.table)
        if first is None or self.period.end < first:
            return False
        if metric.kind.follows_ends:  # ends go on where nobody arrives any more
            return True
        last = data_end(self.ops, metric.table or "orders")
        return last is None or last >= self.period.start

    def not_recorded(self, metric: str) -> Text:
        """What stands in place of a metric that `covers` denies."""
        return Text.of("month.not_recorded", metric=self.ops.label(metric), period=self.period.text)

    def first_recorded(self, table: str | None) -> dt.date | None:
        """First day of the first month that the table covers from its first day on."""
        reports = self.ops.inspect(table or "orders")
        if not reports or reports[0].first is None:
            return None
        return _date(reports[0].first).replace(day=1)

    # -- words -------------------------------------------------------------------------

    def word(self, kind: str, name: str) -> Said:
        """The name of a dimension, an event or a segment for people, where one is known."""
        key = f"{kind}.{name}"
        return Text(key) if self.ops.language.has(key) else name


def _date(moment: Any) -> dt.date:
    day: dt.date = moment.date() if hasattr(moment, "date") else moment
    return day
