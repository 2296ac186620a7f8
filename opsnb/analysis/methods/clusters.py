"""Arms whose users came in clusters: randomised by household or store, measured below it.

What was randomised is what counts. Sums and sizes by cluster carry all that is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opsnb.analysis.methods.compare import difference
from opsnb.analysis.methods.estimate import Comparison, refuse
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments

MIN_CLUSTERS = 20
"""Clusters an arm below which the level is not assured.

Simulated false positives at .05: near-normal clusters .06 with four an arm, .05 from six on;
skewed sizes and levels .09 with four, .08 with ten, .06 with twenty, .05 with forty.
"""

FEWEST_CLUSTERS = 4
"""Clusters an arm below which nothing is concluded: three of six can be drawn in 20 ways only, so
that even the most extreme draw has a two-sided p of .1; with four of eight it is 2 / 70.
"""


def cluster_joint(
    clusters: Sequence[object] | np.ndarray, values: Sequence[float] | np.ndarray
) -> Joint:
    """(sum, size) by cluster, from observations.

    Parameters
    ----------
    clusters : array of shape (observations,)
        The cluster of each observation.
    values : array of shape (observations,)

    Raises
    ------
    MethodError
        When lengths differ, a value is missing, or there are fewer than two clusters.
    """
    keys, array = np.asarray(clusters), np.asarray(values, dtype=float)
    if keys.shape != array.shape or array.ndim != 1:
        refuse("values", f"of shape {array.shape}", f"of shape {keys.shape}, as clusters is")
    if not np.isfinite(array).all():
        refuse("values", "partly missing", "complete", hint="filter or fill them first")
    _, which = np.unique(keys, return_inverse=True)
    return Joint.from_values(np.bincount(which, array), np.bincount(which))


def cluster_moments(joint: Joint) -> Moments:
    """The mean over observations as moments over clusters.

    The mean is sum / size over all clusters together, `n` the number of clusters, and
    `var / n` the delta-method variance of that ratio: cluster-robust.

    Raises
    ------
    MethodError
        When sizes are zero on average.
    """
    return ratio_moments(joint)


def clustered_difference(control: Joint, treatment: Joint, *, alpha: float = 0.05) -> Comparison:
    """Welch's test over clusters of (sum, size); `n` and degrees of freedom count clusters.

    With equal sizes it is Welch's test of the clusters' means. Below `MIN_CLUSTERS` an arm
    the level holds only where clusters are near normal; say so beside the result.

    Raises
    ------
    MethodError
        As `difference` and `cluster_moments`.
    """
    return difference(cluster_moments(control), cluster_moments(treatment), alpha=alpha)


def design_effect(joint: Joint, var: float) -> float:
    """How many times the variance of the mean exceeds that of independent observations.

    Parameters
    ----------
    joint : Joint
        (sum, size) by cluster.
    var : float
        Sample variance of the observations.
    """
    if not (np.isfinite(var) and var > 0):
        refuse("var", float(var), "a finite number above 0")
    observations = joint.n * float(joint.means[1])
    return cluster_moments(joint).squared_error / (var / observations)
