"""Whether a metric's arms can be compared at all, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping

from opsnb.analysis.metrics import ArmAggregates, Metric
from opsnb.analysis.reviews.experiment.effects import arm_moments, is_share
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text


def incomparable(
    metric: Metric,
    label: Said,
    arms: Mapping[str, ArmAggregates],
    control: str,
    *,
    counted: bool = False,
) -> Text | None:
    """Why no treatment can be compared with the control on a metric; None: some can.

    Shares are compared whatever they are, 0 and 1 too: the score test needs no variance.
    """
    for arm in arms.values():
        order = arm.order
        if order is not None and order.low == order.high:
            args = {"quantile": metric.quantile, "value": arm.mean["x"]}
            return Text("ab.unreadable.tied", {"metric": label, **args})
    try:
        for arm in arms.values():
            arm_moments(arm)
    except MethodError:
        return Text.of("ab.unreadable.refused", metric=label)
    if all(is_constant(metric, arms[control], arms[a], counted=counted) for a in arms):
        return Text.of("ab.unreadable.constant", metric=label)
    return None


def is_constant(
    metric: Metric, control: ArmAggregates, treatment: ArmAggregates, *, counted: bool = False
) -> bool:
    """Whether a metric that is no share is the same for everybody of each of two arms."""
    if is_share(metric, control, counted=counted):
        return False
    return arm_moments(control).var + arm_moments(treatment).var == 0
