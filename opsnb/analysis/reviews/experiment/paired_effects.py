"""Effects where every unit was in both arms: within units."""

from __future__ import annotations

import numpy as np

from opsnb.analysis.methods.moments import Joint
from opsnb.analysis.methods.paired import paired_detectable, paired_difference, paired_moments
from opsnb.analysis.metrics import ArmAggregates, Metric
from opsnb.analysis.metrics.paired_units import PairAggregates
from opsnb.analysis.reviews.experiment.effects import Effect


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
    joint = Joint(pairs.n, np.array(pairs.mean), np.array(pairs.cov))
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
