"""One definition of each metric, for all playbooks: TOML -> Ibis expressions -> aggregates."""

from opsnb.analysis.metrics.arms import (
    ArmAggregates,
    Assigned,
    ObservationWindow,
    Panel,
    arm_aggregates,
    assigned_users,
    merge_arms,
)
from opsnb.analysis.metrics.catalogue import Metric, load_catalogue
from opsnb.analysis.metrics.daily_totals import DailyCounts
from opsnb.analysis.metrics.measure import Meter

__all__ = [
    "ArmAggregates",
    "Assigned",
    "DailyCounts",
    "Meter",
    "Metric",
    "ObservationWindow",
    "Panel",
    "arm_aggregates",
    "assigned_users",
    "load_catalogue",
    "merge_arms",
]
