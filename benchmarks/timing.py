"""Time from aggregates to a metric's results, beside tea-tasting in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import tea_tasting as tt
from tea_tasting.aggr import Aggregates

from benchmarks.simulations import Row
from opsnb.analysis.methods.compare import difference, smallest_detectable, two_proportions
from opsnb.analysis.methods.cuped import cuped
from opsnb.analysis.methods.dunnett import dunnett
from opsnb.analysis.methods.guardrail import non_inferiority
from opsnb.analysis.methods.moments import Joint, Moments, ratio_moments
from opsnb.analysis.methods.sequential import sequential_difference

LIMIT = 5.0
"""Milliseconds a metric may take."""


def timings() -> list[Row]:
    """Milliseconds a metric for all that a readout asks, and as a multiple of tea-tasting's."""
    rng = np.random.default_rng(1)
    control, treatment = (_arm(rng, shift) for shift in (0.0, 0.1))
    means = {"a": _part(control, [0, 2]), "b": _part(treatment, [0, 2])}
    plain = [ratio_moments(_part(arm, [0, 1])) for arm in (control, treatment)]

    def ratio() -> None:
        adjusted = cuped(control, treatment)
        difference(ratio_moments(control), ratio_moments(treatment))
        difference(adjusted.control, adjusted.treatment)
        smallest_detectable(adjusted.control, adjusted.treatment)
        non_inferiority(adjusted.control, adjusted.treatment, margin=0.02)
        sequential_difference(adjusted.control, adjusted.treatment, planned_n=20_000)

    def mean() -> None:
        adjusted = cuped(means["a"], means["b"])
        difference(adjusted.control, adjusted.treatment)

    aggregates = {name: _aggregates(arm) for name, arm in (("a", control), ("b", treatment))}
    theirs_mean = tt.Experiment({"m": tt.Mean("y", "py")})
    theirs_ratio = tt.Experiment({"m": tt.RatioOfMeans("y", "d", "py", "pd")})
    reference = {
        "mean": _time(lambda: theirs_mean.analyze(aggregates, "a")),
        "ratio": _time(lambda: theirs_ratio.analyze(aggregates, "a")),
    }
    three: dict[str, Moments] = dict.fromkeys(("b", "c", "d"), plain[1])
    ours = {
        "mean with CUPED": _time(mean),
        "share": _time(lambda: two_proportions(500, 10_000, 540, 10_000)),
        "ratio: plain, CUPED, MDE, guardrail, sequential": _time(ratio),
        "Dunnett, an arm of three": _time(lambda: dunnett(plain[0], three)) / 3,
    }
    rows = [Row(f"ms a metric: {name}", taken, 0.0, LIMIT) for name, taken in ours.items()]
    rows += [Row(f"ms a metric: tea-tasting, {k}", v, 0.0, np.inf) for k, v in reference.items()]
    times = ours["mean with CUPED"] / reference["mean"]
    return [*rows, Row("mean with CUPED, as a multiple of tea-tasting", times, 0.0, 5.0)]


def _time(call: Callable[[], object], repeats: int = 200) -> float:
    """Median milliseconds of a call."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return 1000 * float(np.median(taken))


def _arm(rng: np.random.Generator, shift: float) -> Joint:
    """Numerator, denominator, and both before exposure."""
    taste = rng.gamma(10, 1, 10_000)
    orders, earlier = rng.poisson(2, 10_000) + 1.0, rng.poisson(2, 10_000) + 1.0
    return Joint.from_values(orders * (taste + shift), orders, earlier * taste, earlier)


def _part(arm: Joint, which: list[int]) -> Joint:
    return Joint(arm.n, arm.means[which], arm.cov[np.ix_(which, which)])


def _aggregates(arm: Joint) -> Aggregates:
    names = ("y", "d", "py", "pd")
    return Aggregates(
        arm.n,
        {name: float(arm.means[i]) for i, name in enumerate(names)},
        {name: float(arm.cov[i, i]) for i, name in enumerate(names)},
        {
            tuple(sorted((a, b))): float(arm.cov[i, j])
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if i < j
        },
    )
