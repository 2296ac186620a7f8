"""From a metric's moments by arm to effects, with the method that fits its kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opsnb.findings.records import Unit
from opsnb.methods.compare import (
    Comparison,
    Detectable,
    difference,
    smallest_detectable,
    two_proportions,
)
from opsnb.methods.cuped import Cuped, cuped
from opsnb.methods.estimate import Estimate
from opsnb.methods.guardrail import Guardrail, non_inferiority
from opsnb.methods.moments import Joint, Moments, ratio_moments
from opsnb.metrics import ArmAggregates, Metric


@dataclass(frozen=True)
class Effect:
    """A treatment's effect on one metric.

    `plain` is the registered comparison; `adjusted` the same with CUPED where a covariate
    was planned and could be used. `deciding` is what the report decides on.
    """

    metric: Metric
    variant: str
    plain: Comparison
    adjusted: Comparison | None
    adjustment: Cuped | None
    detectable: Detectable
    control: Moments
    treatment: Moments
    capped: float
    cap: float | None

    @property
    def deciding(self) -> Comparison:
        return self.adjusted or self.plain

    @property
    def diff(self) -> Estimate:
        return self.deciding.diff

    @property
    def lift(self) -> Estimate | None:
        return self.deciding.lift

    @property
    def improved(self) -> bool:
        return self.diff.significant and self.metric.better(self.diff.value)

    @property
    def worsened(self) -> bool:
        return self.diff.significant and not self.metric.better(self.diff.value)


def diff_unit(metric: Metric) -> Unit:
    """The unit in which two values of a metric differ."""
    if metric.unit == "share":
        return "points"
    return "money" if metric.unit == "money" else "number"


def arm_moments(arm: ArmAggregates) -> Moments:
    """A metric's moments in an arm: of the value, or of the ratio of two sums."""
    if "y" in arm.mean:
        return ratio_moments(_joint(arm, ["x", "y"]))
    return Moments(arm.n, arm.mean["x"], arm.cov["x", "x"])


def compare_arms(
    metric: Metric,
    control: ArmAggregates,
    treatment: ArmAggregates,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Effect:
    """Treatment against control: shares by the score test, means and ratios by Welch's."""
    before, after = arm_moments(control), arm_moments(treatment)
    if metric.kind == "proportion":
        counts = [(round(arm.mean["x"] * arm.n), arm.n) for arm in (control, treatment)]
        plain = two_proportions(*counts[0], *counts[1], alpha=alpha)
    else:
        plain = difference(before, after, alpha=alpha)
    adjustment = _cuped(control, treatment)
    adjusted = None
    decided = (before, after)
    if adjustment is not None and adjustment.applied:
        decided = (adjustment.control, adjustment.treatment)
        adjusted = difference(*decided, alpha=alpha)
    return Effect(
        metric,
        treatment.variant,
        plain,
        adjusted,
        adjustment,
        smallest_detectable(*decided, alpha=alpha, power=power),
        *decided,
        capped=max(control.capped, treatment.capped),
        cap=treatment.cap,
    )


def guard(effect: Effect, margin: float, alpha: float) -> Guardrail:
    """Whether the effect keeps a guardrail's margin."""
    return non_inferiority(
        effect.control,
        effect.treatment,
        margin=margin,
        direction=effect.metric.direction,
        alpha=alpha,
    )


def merge_arms(parts: list[ArmAggregates]) -> ArmAggregates:
    """One arm from the moments of its disjoint parts (Chan, Golub and LeVeque 1979)."""
    names = list(parts[0].mean)
    n = sum(part.n for part in parts)
    mean = {a: sum(part.n * part.mean[a] for part in parts) / n for a in names}
    cov = {
        (a, b): sum(
            (part.n - 1) * part.cov[a, b]
            + part.n * (part.mean[a] - mean[a]) * (part.mean[b] - mean[b])
            for part in parts
        )
        / (n - 1)
        for a, b in parts[0].cov
    }
    capped = sum(part.n * part.capped for part in parts) / n
    return ArmAggregates(parts[0].variant, None, n, mean, cov, parts[0].cap, capped)


def _cuped(control: ArmAggregates, treatment: ArmAggregates) -> Cuped | None:
    names = ["x", "y", "px", "py"] if "y" in control.mean else ["x", "px"]
    if names[-1] not in control.mean:
        return None
    if any(arm.cov["px", "px"] == 0 for arm in (control, treatment)):
        return None
    return cuped(_joint(control, names), _joint(treatment, names))


def _joint(arm: ArmAggregates, names: list[str]) -> Joint:
    means = np.array([arm.mean[a] for a in names])
    cov = np.array([[arm.cov.get((a, b), arm.cov.get((b, a), 0.0)) for b in names] for a in names])
    return Joint(arm.n, means, cov)
