"""How numbers of a metric are written, by its unit."""

from __future__ import annotations

from opsnb.analysis.metrics import Metric

_FORMATS = {"share": "percent", "money": "money", "count": "integer", "score": "score"}


def format_of(metric: Metric) -> str:
    """Name of the format of a metric's values: percent, money, integer, score or number."""
    return _FORMATS.get(metric.unit, "number")
