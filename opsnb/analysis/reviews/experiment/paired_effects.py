"""Effects where every unit was in both arms: within units."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.methods.paired import (
    MIN_PAIRS,
    paired_detectable,
    paired_difference,
    paired_moments,
)
from opsnb.analysis.metrics import ArmAggregates, Metric
from opsnb.analysis.metrics.paired_units import PairAggregates
from opsnb.analysis.reviews.experiment.effects import Effect
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text


def compare_pairs(
    metric: Metric,
    pairs: PairAggregates,
    control: ArmAggregates,
    treatment: ArmAggregates,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    level: float | None = None,
) -> Effect:
    """Treatment against control within units.

    Parameters
    ----------
    control, treatment : ArmAggregates
        Of the arms as they are, for what was capped.
    level : float, optional
        Of the interval that decides, where it is not alpha.

    Raises
    ------
    MethodError
        As `paired_difference`.
    """
    joint = _joint(pairs)
    plain = paired_difference(joint, alpha=alpha)
    deciding = plain
    if level is not None and level != alpha:
        deciding = paired_difference(joint, alpha=level)
    return Effect(
        metric,
        treatment.variant,
        plain,
        None,
        None,
        paired_detectable(plain, alpha=level or alpha, power=power),
        *paired_moments(joint),
        capped=max(control.capped, treatment.capped),
        cap=treatment.cap,
        deciding=deciding,
        pairs=joint,
    )


def pairs_lack(
    metric: Metric, pairs: Iterable[PairAggregates], *, level: float, unit: Said
) -> Text | None:
    """Why a metric cannot be compared within units, or None.

    Parameters
    ----------
    pairs : iterable of PairAggregates
        Of each treatment; not asked for where the metric has no moments.
    level : float
        The strictest level at which an interval is wanted.
    """
    if not metric.kind.has_moments:
        return Text.of("ab.unreadable.quantile_pairs", metric=metric.label)
    for found in pairs:
        args = {"metric": metric.label, "unit": unit}
        if found.n < MIN_PAIRS:
            return Text.of("ab.unreadable.few_pairs", units=found.n, least=MIN_PAIRS, **args)
        try:
            paired_difference(_joint(found), alpha=level)
        except MethodError:
            return Text.of("ab.unreadable.refused_pairs", **args)
    return None


def _joint(pairs: PairAggregates) -> Joint:
    return Joint(pairs.n, np.array(pairs.mean), np.array(pairs.cov))
