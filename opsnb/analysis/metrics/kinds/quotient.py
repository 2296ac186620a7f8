"""The quotient of two metrics."""

from __future__ import annotations

from collections.abc import Mapping

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.columns_read import Reads, together
from opsnb.analysis.metrics.metric import Kind, Metric, register
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import Rows


@register
class Quotient(Kind):
    """metric `numerator` / metric `denominator`"""

    name = "quotient"
    in_experiment = "the same over users, as a ratio"
    fields = ("numerator", "denominator")
    is_daily = True
    is_rate = True
    comparison = "ratios"

    def check(self, metric: Metric) -> None:
        if not (metric.numerator and metric.denominator):
            raise ValueError(f'kind "{self.name}" needs numerator and denominator (ids of metrics)')

    def parts(self, metric: Metric) -> list[str]:
        assert metric.numerator and metric.denominator
        return [metric.numerator, metric.denominator]

    def absent(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> str | None:
        parts = [catalogue[name] for name in self.parts(metric)]
        return next(filter(None, (one.kind.absent(one, rows, catalogue) for one in parts)), None)

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        parts = [catalogue[name] for name in self.parts(metric)]
        return {table for one in parts for table in one.kind.tables(one, rows, catalogue)}

    def reads(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> Reads:
        parts = [catalogue[name] for name in self.parts(metric)]
        return together(*(one.kind.reads(one, rows, catalogue) for one in parts))

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        top, bottom = (
            {(found.period, found.group): found for found in query.measure(name)}
            for name in self.parts(metric)
        )
        order = [period.key for period in query.periods]
        keys = sorted(set(top) | set(bottom), key=lambda key: (order.index(key[0]), key[1] or ""))
        return [_divided(*key, top.get(key), bottom.get(key)) for key in keys]


def _divided(
    period: str, group: str | None, top: Measured | None, bottom: Measured | None
) -> Measured:
    over = top.value if top is not None else None
    under = bottom.value if bottom is not None else None
    value = over / under if over is not None and under else None
    n = int(under) if under and under == int(under) else 0
    people = bottom.people if bottom is not None else None
    return Measured(period, group, value, over, under, n, people=people)
