"""Does the counterfactual of a campaign keep what it promises, and how fast is it?

    python -m benchmarks.campaigns [--series 200] [--seed 1]

Prints a table of simulated rates with the bands they have to lie in, over series of 200 days
with and without an effect. Exits with 1 when anything lies outside.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from opsnb.methods.geo import synthetic_control
from opsnb.methods.structural import campaign_effect

DAYS, BEFORE = 200, 170
MOST_SECONDS = 0.5
"""A series of 200 days, with the draws that a report takes."""

Draw = Callable[[np.random.Generator, float], tuple[float, float, float]]
"""The interval of the mean effect a day, and the seconds it took."""


def series(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """A drifting series with weekdays and two controls, by the structural time series."""
    common = np.cumsum(rng.normal(0, 0.3, DAYS)) + rng.normal(0, 2, DAYS)
    controls = common[:, None] + rng.normal(0, 1, (DAYS, 2))
    week = np.tile([0, 0, 1, 1, 2, 6, 5], DAYS // 7 + 1)[:DAYS]
    y = 100 + 1.5 * common + week + rng.normal(0, 2, DAYS)
    y[BEFORE:] += effect
    started = time.perf_counter()
    found = campaign_effect(y, BEFORE, controls, seed=int(rng.integers(1 << 30))).average
    return found.low, found.high, time.perf_counter() - started


def regions(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """Twenty regions on two common factors, by the synthetic control."""
    factors = np.column_stack([np.sin(np.arange(DAYS) / 9), rng.normal(0, 1, DAYS)])
    loads = rng.uniform(0, 4, (2, 20))
    table = 50 + factors @ loads + rng.normal(0, 1, (DAYS, 20))
    treated = 55 + factors @ loads[:, :4].mean(axis=1) + rng.normal(0, 1, DAYS)
    treated[BEFORE:] += effect
    started = time.perf_counter()
    found = synthetic_control(treated, table, BEFORE, permutations=100)
    return found.low, found.high, time.perf_counter() - started


def band(share: float, runs: int, slack: float) -> tuple[float, float]:
    """What chance leaves of a share in this many runs (99.9 %), widened by `slack`."""
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, share) / runs
    return max(0.0, low - slack), min(1.0, high + slack)


def judged(name: str, draw: Draw, effect: float, runs: int, seed: int) -> bool:
    """Coverage, false alarms (or finds) and time of one method; prints a line each."""
    rng = np.random.default_rng([seed, int(effect), len(name)])
    rows = [draw(rng, effect) for _ in range(runs)]
    low, high, seconds = (np.array(column) for column in zip(*rows, strict=True))
    what = f"{name}, effect {effect:g}"
    # The model's prior is not the truth that drew the series: one point is granted.
    fine = line(f"{what}: interval covers", ((low < effect) & (effect < high)).mean(),
                band(0.95, runs, 0.01))  # fmt: skip
    if effect == 0:
        shown = ((low > 0) | (high < 0)).mean()
        fine &= line(f"{what}: false alarms", shown, (0.0, band(0.05, runs, 0.01)[1]))
    fine &= line(f"{what}: typical fit, seconds", float(np.median(seconds)), (0.0, MOST_SECONDS))
    return fine


def line(what: str, value: float, limits: tuple[float, float]) -> bool:
    fine = bool(limits[0] <= value <= limits[1])
    shown = f"[{limits[0]:.4f}, {limits[1]:.4f}]"
    print(f"{what:<56}{value:>9.4f}   {shown:<19}{'' if fine else '  OUTSIDE'}", flush=True)
    return fine


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.campaigns", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--series", type=int, default=200, help="simulated series a row")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    print(f"{'':<56}{'value':>9}   {'band':<19}")
    fine = [
        judged(name, draw, effect, wanted.series, wanted.seed)
        for name, draw in (("time series", series), ("synthetic control", regions))
        for effect in (0.0, 4.0)
    ]
    print("all inside their bands" if all(fine) else "outside their bands")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
