"""What is recorded of a period: which tables cover it, from when on, and up to what day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from opsnb.analysis.metrics.data_range import ended_on, holds_rows, reached
from opsnb.analysis.metrics.lifespans import recorded
from opsnb.base.messages import Said, Text
from opsnb.base.periods import containing

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.recorder import Recorder
    from opsnb.analysis.tables import Gap
    from opsnb.base.periods import Period
    from opsnb.base.plans import Target

LEAST_SHARE = 0.9
"""Share of a period's days on record from which it is compared; months differ by as much."""


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
        """The last day on record in the workspace, up to the day the data was taken."""
        last = reached(self.ops.rows)
        return None if last is None else min(last, self.as_of)

    @property
    def ends_on(self) -> dt.date | None:
        """The last day of the data as it is said: the one on which recording ended, too."""
        ended = ended_on(self.ops.rows)
        return ended if ended is not None and ended <= self.as_of else self.recorded_until

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
        return Text.of(self.texts["partial"], period=self.period.text, last=self.ends_on)

    @property
    def refunds_open(self) -> bool:
        """Whether refunds of the period may still arrive."""
        window = self.ops.workspace.refund_window_days
        return self.as_of < self.period.end + dt.timedelta(days=window)

    @property
    def source(self) -> Text:
        return Text.of("month.source", start=self.period.start, end=self.period.end)

    # -- what is on record -------------------------------------------------------------

    def covers(self, metric: Metric, span: Period | None = None) -> bool:
        """Whether any day of a span (default the period) is on record: else a zero says nothing."""
        span = span or self.period
        if metric.kind.follows_ends:
            since = recorded(self.ops.rows, self.period.end)
            return since is not None and span.start >= since.first
        if (series := self.ops.meter.record(metric.id)) is not None:
            return series.coverage(span)[0] > 0
        return len(self.ops.meter.on_record.lacks(metric, span.start, span.end)) < span.days

    def holds(self, metric: Metric, span: Period) -> bool:
        """Whether so much of a span is on record that its value may stand beside another's."""
        if metric.kind.follows_ends:
            return self.covers(metric, span)
        if (series := self.ops.meter.record(metric.id)) is not None:
            held, of = series.coverage(span)
            return _is_enough(held, of)
        lacks = self.ops.meter.on_record.lacks(metric, span.start, span.end)
        return _is_enough(span.days - len(lacks), span.days)

    def values(self, metric: str, periods: Sequence[Period]) -> list[float | None]:
        """A metric in periods; None where too little of one is on record.

        What adds up day by day is laid on whole periods where some days are missing.
        """
        defined = self.ops.catalogue[metric]
        held = [span for span in periods if self.holds(defined, span)]
        found = {one.period: one for one in self.ops.meter.measure(metric, held)} if held else {}

        def of(span: Period) -> float | None:
            one = found.get(span.key)
            if one is None or one.value is None:
                return None
            if one.days in (None, 0, span.days) or not defined.kind.adds_up(defined, self.ops.rows):
                return one.value
            return one.value * span.days / one.days

        return [of(span) for span in periods]

    def gaps(self, metric: Metric) -> list[tuple[str, Gap]]:
        """Gaps of the period in the tables that a metric is read from."""
        return self.ops.meter.on_record.gaps(metric, self.period.start, self.period.end)

    @property
    def activity(self) -> str:
        """The table that tells who was active: events; where they are not mapped, orders."""
        return "events" if self.ops.rows.has("events") else "orders"

    def table_lacks(self, table: str, span: Period) -> frozenset[dt.date]:
        """Days of a span that a table does not hold as a whole."""
        return self.ops.rows.record(table).lacks(span.start, span.end)

    def table_holds(self, table: str, *spans: Period) -> bool:
        """Whether so much of each span is on record in a table that they may be compared."""
        return all(
            _is_enough(span.days - len(self.table_lacks(table, span)), span.days) for span in spans
        )

    def not_recorded(self, metric: str) -> Text:
        """What stands in place of a metric that `covers` denies."""
        return Text.of("month.not_recorded", metric=self.ops.label(metric), period=self.period.text)

    def first_recorded(self, table: str | None) -> dt.date | None:
        """The first day on record of a table; of its month, where that lacks next to nothing."""
        if table is None or not self.ops.rows.has(table):
            return None
        first = self.ops.rows.record(table).first
        if first is None:
            return None
        month = containing("month", first, self.period.calendar)
        lacking = (first - month.start).days
        return month.start if _is_enough(month.days - lacking, month.days) else first

    # -- words -------------------------------------------------------------------------

    def word(self, kind: str, name: str) -> Said:
        """The name of a dimension, an event or a segment for people, where one is known."""
        key = f"{kind}.{name}"
        return Text(key) if self.ops.language.has(key) else name


def _is_enough(held: int, of: int) -> bool:
    """Whether so many of so many days may stand beside a whole period."""
    return held >= LEAST_SHARE * of - 1e-9 and held > 0
