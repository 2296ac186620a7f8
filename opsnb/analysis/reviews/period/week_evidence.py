"""What is known of a week: its KPIs, and what their own past weeks let expect of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from opsnb.analysis.findings import Fact
from opsnb.analysis.methods.forecast import Forecast, next_period
from opsnb.analysis.reviews.period.evidence import PeriodEvidence
from opsnb.analysis.reviews.period.kpi import Kpi
from opsnb.base.errors import MethodError
from opsnb.base.periods import Period, containing

WEEKS, MONTHS = 6, 12
"""Periods that a KPI is shown over."""

HISTORY_WEEKS = 26
LEVEL = 0.95


@dataclass(frozen=True)
class WatchedKpi:
    """A KPI beside what its own past weeks let expect."""

    kpi: Kpi
    expected: Forecast | None

    @property
    def is_exception(self) -> bool:
        """Outside its range, by more than anybody would overlook."""
        value, expected = self.kpi.measured.value, self.expected
        if expected is None or value is None or expected.low <= value <= expected.high:
            return False
        gap = abs(value - expected.value)
        return gap >= self.kpi.metric.materiality * abs(expected.value)

    @property
    def is_good(self) -> bool:
        value, expected = self.kpi.measured.value, self.expected
        assert value is not None and expected is not None
        return self.kpi.metric.better(value - expected.value)

    @property
    def fact(self) -> Fact | None:
        """What was expected, with its range."""
        expected, metric = self.expected, self.kpi.metric
        if expected is None:
            return None
        return Fact(
            "week.expected", expected.value, metric.unit, low=expected.low, high=expected.high,
            metric=metric.id, n=expected.errors, method=expected.method,
        )  # fmt: skip


class WeekEvidence(PeriodEvidence):
    """What sections show of a week and what its verdict rests on.

    Parameters
    ----------
    ops : Recorder
    kpis : sequence of str, optional
        Metric ids; by default those with a target in this week, then the usual ones.
    """

    review = "week"
    texts: Mapping[str, str] = {
        "complete": "week.complete",
        "partial": "week.partial",
        "refunds_open": "week.refunds_open",
    }
    usual_kpis = (
        "gmv_net", "orders", "new_users", "active_users", "conversion_rate", "aov",
        "refund_rate", "retention_d7", "nps", "csat", "tickets_on_time", "tasks_on_time",
    )  # fmt: skip
    optional = ("users", "events", "surveys", "tickets", "tasks")

    @cached_property
    def watched(self) -> tuple[WatchedKpi, ...]:
        """Every KPI of the week with its expectation."""
        return tuple(WatchedKpi(kpi, self._expected(kpi)) for kpi in self.kpis)

    @property
    def exceptions(self) -> list[WatchedKpi]:
        return [one for one in self.watched if one.is_exception]

    @cached_property
    def weeks(self) -> list[Period]:
        """The last weeks up to this one."""
        return _up_to(self.period, WEEKS)

    @cached_property
    def months(self) -> list[Period]:
        """The last complete months up to the end of the week."""
        month = containing("month", self.period.end, self.period.calendar)
        return _up_to(month if month.end <= self.period.end else month.previous(), MONTHS)

    def _expected(self, kpi: Kpi) -> Forecast | None:
        """From the weeks before, without this one; None where they are too few."""
        if self.partial:
            return None
        weeks = [self.period.previous()]
        while len(weeks) < HISTORY_WEEKS:
            weeks.insert(0, weeks[0].previous())
        usual = [week for week in weeks if not self._is_disturbed(week)]
        usual = [week for week in usual if self.holds(kpi.metric, week)]
        values = self.values(kpi.metric.id, usual)
        if any(value is None for value in values) or not self.holds(kpi.metric, self.period):
            return None
        series = np.array(values, dtype=float)
        positive = kpi.metric.unit != "score" and bool((series > 0).all())
        try:
            found = next_period(series, season=52, level=LEVEL, logarithm=positive)
        except MethodError:
            return None
        highest = 1.0 if kpi.metric.unit == "share" else np.inf
        return replace(found, high=min(found.high, highest))

    def _is_disturbed(self, week: Period) -> bool:
        """Whether an outage or a tracking gap lay in a week: it does not teach what is usual."""
        return any(
            event.kind in ("outage", "tracking")
            and event.start <= week.end
            and event.period.end >= week.start
            for event in self.ops.workspace.events
        )


def _up_to(last: Period, count: int) -> list[Period]:
    """Periods up to the last, the oldest first."""
    periods = [last]
    while len(periods) < count:
        periods.insert(0, periods[0].previous())
    return periods
