"""What a chart over time marks: the events of the calendar, and days that are not on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.display import charts
from opsnb.analysis.tables import runs
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.metrics import Metric
    from opsnb.analysis.reviews.period.coverage import PeriodCoverage
    from opsnb.base.periods import Period


def marks(
    coverage: PeriodCoverage, metric: Metric, start: dt.date, end: dt.date
) -> list[charts.Event]:
    """Events that touch a span of days, and the days of it on which a metric is not on record.

    An event that says of days that they were not recorded stands there as the hole it makes.
    """
    on_record = coverage.ops.meter.on_record
    lacks = on_record.lacks(metric, start, end)
    names = {gap.start: gap.name for _, gap in on_record.gaps(metric, start, end)}
    holes = [charts.Event(run[0], _hole(names.get(run[0])), run[-1]) for run in runs(lacks)]
    events = [
        charts.Event(event.start, event.name, event.end)
        for event in coverage.ops.workspace.events
        if event.start <= end
        and event.period.end >= start
        and not (event.kind == "tracking" and lacks.issuperset(event.period.dates))
    ]
    return sorted([*events, *holes], key=lambda one: one.start)


def marks_by_period(
    coverage: PeriodCoverage, periods: Sequence[Period], values: Sequence[float | None]
) -> list[charts.Event]:
    """Events on the periods in which they lie, where a chart has a point a period.

    Periods between others that have no value are marked as not recorded.
    """

    def place(day: dt.date) -> dt.date:
        return max(p.start for p in periods if p.start <= max(day, periods[0].start))

    events = [
        charts.Event(place(event.start), event.name, place(event.period.end))
        for event in coverage.ops.workspace.events
        if event.start <= periods[-1].end and event.period.end >= periods[0].start
    ]
    holes = [
        charts.Event(period.start, _hole(None))
        for period, value in zip(periods, values, strict=True)
        if value is None
    ]
    return sorted([*events, *holes], key=lambda one: one.start)


def _hole(name: Said | None) -> Text:
    if name is None:
        return Text("chart.not_recorded")
    return Text.of("chart.not_recorded_named", name=name)
