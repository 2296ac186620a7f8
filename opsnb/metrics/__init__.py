"""One definition of each metric, for all playbooks: TOML -> Ibis expressions -> aggregates."""

from opsnb.metrics.arms import ArmAggregates, arm_aggregates, assigned_users
from opsnb.metrics.catalogue import Metric, load_catalogue
from opsnb.metrics.measure import Meter

__all__ = [
    "ArmAggregates",
    "Meter",
    "Metric",
    "arm_aggregates",
    "assigned_users",
    "load_catalogue",
]
