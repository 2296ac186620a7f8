"""From a metric's moments by arm to effects, with the method that fits its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from opsnb.analysis.findings.records import Unit
from opsnb.analysis.methods.compare import (
    Detectable,
    difference,
    smallest_detectable,
    two_proportions,
)
from opsnb.analysis.methods.cuped import CovariateWindow, Cuped, cuped
from opsnb.analysis.methods.estimate import Comparison, Estimate
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments
from opsnb.analysis.methods.novelty import stretch_lifts
from opsnb.analysis.methods.quantiles import quantile_moments
from opsnb.analysis.metrics import ArmAggregates, Metric, merge_arms
from opsnb.analysis.metrics.days_since_exposure import Since

__all__ = [
    "Effect", "arm_moments", "compare_arms", "diff_unit", "is_share", "lifts_since",
    "merge_arms", "standardised",
]  # fmt: skip

Strata = Mapping[str, tuple[ArmAggregates, ArmAggregates]]


@dataclass(frozen=True)
class Effect:
    """A treatment's effect on one metric.

    Attributes
    ----------
    plain : Comparison
        The registered comparison at the plan's alpha.
    adjusted : Comparison or None
        The same with CUPED, where a covariate was planned and could be used.
    deciding : Comparison
        What the report decides on: adjusted where possible, at the level that several arms
        or an early reading demand. With one arm and one look it is `adjusted` or `plain`.
    p_adjusted : float or None
        Holm's or Dunnett's p-value over the arms, where there are several.
    pairs : Joint or None
        Control, treatment and weight by unit, where units were in both arms; the moments of the
        two arms are then not independent.
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
    deciding: Comparison
    p_adjusted: float | None = None
    pairs: Joint | None = None

    def with_adjusted_p(self, p_value: float | None) -> Effect:
        """The same with its p-value adjusted for several arms."""
        return replace(self, p_adjusted=p_value)

    @property
    def cov(self) -> np.ndarray | None:
        """Covariances of the arms' adjusted values; None where they are independent."""
        return self.adjustment.cov if self.adjustment else None

    @property
    def usual(self) -> Comparison:
        """At the plan's own alpha, adjusted where possible."""
        return self.adjusted or self.plain

    @property
    def diff(self) -> Estimate:
        return self.deciding.diff

    @property
    def lift(self) -> Estimate | None:
        return self.deciding.lift

    @property
    def benefit(self) -> float:
        """The difference that decides, positive where it is for the better."""
        return self.diff.value if self.metric.direction == "up" else -self.diff.value

    @property
    def most_gained(self) -> float | None:
        """The largest relative improvement that is plausible; None where there is no lift."""
        if self.lift is None:
            return None
        return self.lift.high if self.metric.direction == "up" else -self.lift.low

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
    """A metric's moments in an arm: of the value, of the ratio of two sums, of a quantile."""
    if arm.order is not None:
        found = arm.order
        bb, bs, ss = found.cov
        below = Joint(arm.n, np.array([found.below, found.size]), np.array([[bb, bs], [bs, ss]]))
        return quantile_moments(
            found.values, found.q, arm.mean["x"], found.low, found.high, below=below
        )
    if "y" in arm.mean:
        return ratio_moments(_joint(arm, ["x", "y"]))
    return Moments(arm.n, arm.mean["x"], arm.cov["x", "x"])


def is_share(metric: Metric, arm: ArmAggregates, *, counted: bool = False) -> bool:
    """Whether a metric's mean in an arm is a share of independent units."""
    return (counted or metric.kind.is_yes_or_no) and "y" not in arm.mean


def compare_arms(
    metric: Metric,
    control: ArmAggregates,
    treatment: ArmAggregates,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    level: float | None = None,
    weighted: bool = False,
    counted: bool = False,
    window: CovariateWindow | None = None,
) -> Effect:
    """Treatment against control: shares by the score test, means and ratios by Welch's.

    Parameters
    ----------
    level : float, optional
        Of the interval that decides, where it is not alpha.
    weighted : bool
        Whether the arms are `standardised`: then shares are compared as means, unless nothing
        varies in either arm.
    counted : bool
        Whether "x" without "y" is a share of n independent units, whatever the metric's kind.
    window : CovariateWindow, optional
        When the covariate was measured; one that reaches into the experiment is refused.
    """
    adjustment = _cuped(control, treatment, window)
    before, after = arm_moments(control), arm_moments(treatment)
    weighted = weighted and before.var + after.var > 0
    by_score = is_share(metric, control, counted=counted) and not weighted

    def plainly(level: float) -> Comparison:
        if by_score:
            pairs = [(round(arm.mean["x"] * arm.n), arm.n) for arm in (control, treatment)]
            return two_proportions(*pairs[0], *pairs[1], alpha=level)
        return difference(before, after, alpha=level)

    plain, adjusted, decided = plainly(alpha), None, (before, after)
    if adjustment is not None and adjustment.applied:
        decided = (adjustment.control, adjustment.treatment)
        adjusted = difference(*decided, alpha=alpha, cov=adjustment.cov)
    deciding = adjusted or plain
    if level is not None and level != alpha:
        deciding = plainly(level)
        if adjusted and adjustment:
            deciding = difference(*decided, alpha=level, cov=adjustment.cov)
    return Effect(
        metric,
        treatment.variant,
        plain,
        adjusted,
        adjustment,
        smallest_detectable(*decided, alpha=level or alpha, power=power),
        *decided,
        capped=max(control.capped, treatment.capped),
        cap=treatment.cap,
        deciding=deciding,
    )


def lifts_since(
    control: Since, treatment: Since, ages: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Lifts in several stretches of days since exposure, with their covariances."""
    return stretch_lifts(*_stretches(control, ages), *_stretches(treatment, ages))


def _stretches(arm: Since, ages: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """An arm's values by stretch, and their covariances.

    Stretches are nested: two of them share the users of the later one, so the covariance of
    their means is that of the values over the users of the earlier one.
    """
    where = [i for i, stretch in enumerate(arm.stretches) if stretch.group in ages]
    stretches = [arm.stretches[i] for i in where]
    slopes = [_slope(stretch) for stretch in stretches]
    n = np.array([stretch.n for stretch in stretches])
    cov = np.array(
        [
            [slopes[a] @ arm.between[i, j] @ slopes[b] for b, j in enumerate(where)]
            for a, i in enumerate(where)
        ]
    )
    values = np.array([arm_moments(stretch).mean for stretch in stretches])
    return values, cov / np.maximum.outer(n, n)


def _slope(arm: ArmAggregates) -> np.ndarray:
    """How an arm's value moves with its means: of a mean itself, of a ratio by its parts."""
    if "y" not in arm.mean:
        return np.ones(1)
    return _joint(arm, ["x", "y"]).ratio()[1]


def standardised(strata: Strata) -> tuple[ArmAggregates, ArmAggregates]:
    """Both arms with every stratum weighted by its users of both (Crook et al. 2009).

    Their difference is the difference within strata, so that a split that changed between
    them cannot reverse it. `cov / n` is the covariance of the weighted means.
    """
    total = sum(control.n + treatment.n for control, treatment in strata.values())
    weights = {name: (c.n + t.n) / total for name, (c, t) in strata.items()}
    control, treatment = (
        _weighted({name: pair[side] for name, pair in strata.items()}, weights) for side in (0, 1)
    )
    return control, treatment


def _weighted(parts: Mapping[str, ArmAggregates], weights: Mapping[str, float]) -> ArmAggregates:
    first = next(iter(parts.values()))
    n = sum(part.n for part in parts.values())
    mean = {a: sum(weights[s] * part.mean[a] for s, part in parts.items()) for a in first.mean}
    cov = {
        pair: n * sum(weights[s] ** 2 * part.cov[pair] / part.n for s, part in parts.items())
        for pair in first.cov
    }
    return replace(first, group=None, n=n, mean=mean, cov=cov)


def _cuped(
    control: ArmAggregates, treatment: ArmAggregates, window: CovariateWindow | None
) -> Cuped | None:
    names = ["x", "y", "px", "py"] if "y" in control.mean else ["x", "px"]
    if names[-1] not in control.mean:
        return None
    if any(arm.cov["px", "px"] == 0 for arm in (control, treatment)):
        return None
    return cuped(_joint(control, names), _joint(treatment, names), window=window)


def _joint(arm: ArmAggregates, names: list[str]) -> Joint:
    means = np.array([arm.mean[a] for a in names])
    cov = np.array([[arm.cov.get((a, b), arm.cov.get((b, a), 0.0)) for b in names] for a in names])
    return Joint(arm.n, means, cov)
