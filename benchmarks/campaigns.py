"""Does the counterfactual of a campaign keep what it promises, and how fast is it?

    python -m benchmarks.campaigns [--series 200] [--seed 1]

Prints a table of simulated rates with the bands they have to lie in: intervals over series of
200 days with and without an effect, and what the review itself concludes where nothing
happened. Exits with 1 when anything lies outside.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

import opsnb
from opsnb.analysis.methods.did import difference_in_differences
from opsnb.analysis.methods.geo import synthetic_control
from opsnb.analysis.methods.structural import campaign_effect
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace

DAYS, BEFORE = 200, 170
MOST_SECONDS = 0.5
"""A series of 200 days, with the draws that a report takes."""

Draw = Callable[[np.random.Generator, float], tuple[float, float, float]]
"""The interval of the mean effect a day, and the seconds of processor time it took."""


def drifting(rng: np.random.Generator, effect: float) -> tuple[np.ndarray, np.ndarray]:
    """A drifting series with weekdays, shape (days,), and two controls, shape (days, 2)."""
    common = np.cumsum(rng.normal(0, 0.3, DAYS)) + rng.normal(0, 2, DAYS)
    controls = 100 + common[:, None] + rng.normal(0, 1, (DAYS, 2))
    week = np.tile([0, 0, 1, 1, 2, 6, 5], DAYS // 7 + 1)[:DAYS]
    y = 100 + 1.5 * common + week + rng.normal(0, 2, DAYS)
    y[BEFORE:] += effect
    return y, controls


def series(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """By the structural time series."""
    y, controls = drifting(rng, effect)
    started = time.process_time()
    found = campaign_effect(y, BEFORE, controls, seed=int(rng.integers(1 << 30))).average
    return found.low, found.high, time.process_time() - started


def regions(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """Twenty regions on two common factors, by the synthetic control."""
    factors = np.column_stack([np.sin(np.arange(DAYS) / 9), rng.normal(0, 1, DAYS)])
    loads = rng.uniform(0, 4, (2, 20))
    table = 50 + factors @ loads + rng.normal(0, 1, (DAYS, 20))
    treated = 55 + factors @ loads[:, :4].mean(axis=1) + rng.normal(0, 1, DAYS)
    treated[BEFORE:] += effect
    started = time.process_time()
    found = synthetic_control(treated, table, BEFORE, permutations=100)
    return found.low, found.high, time.process_time() - started


def few_regions(rng: np.random.Generator, effect: float) -> tuple[float, float, float]:
    """Three of thirteen regions have the campaign; by difference in differences."""
    unit, time_ = (grid.ravel() for grid in np.meshgrid(np.arange(13), np.arange(40)))
    treated, after = unit < 3, time_ >= 30
    own = rng.normal(0, 3, (2, 13))
    y = own[0][unit] + 0.3 * time_ + rng.normal(0, 1, len(unit)) + effect * (treated & after)
    y += 0.5 * own[1][unit] * after
    started = time.process_time()
    found = difference_in_differences(y, unit, time_, treated, 30).effect
    return found.low, found.high, time.process_time() - started


SETTINGS = """\
[workspace]
name = "Simulated"
timezone = "UTC"
currency = "USD"
as_of = 2026-12-31
gross_margin = 0.4
[sources.here]
url = "parquet://data"
[tables.series]
source = "here"
table = "series"
[tables.spend]
source = "here"
table = "spend"
[metrics.y]
label = "Sales"
definition = "Sales"
kind = "sum"
table = "series"
value = "value"
where = "metric = 'y'"
unit = "money"
direction = "up"
materiality = 0.01
"""
PLAN = """\
name = "Simulated"
start = {start}
end = {end}
post_days = 0
metric = "y"
controls = ["x1", "x2"]
budget = {{media = 100}}
"""


def verdict(rng: np.random.Generator, root: Path, effect: float) -> str:
    """The case that a whole review ends in."""
    first = dt.date(2026, 1, 1)
    index = pd.date_range(first, periods=DAYS)
    y, controls = drifting(rng, effect)
    columns = {"y": y, "x1": controls[:, 0], "x2": controls[:, 1]}
    table = pd.concat(
        pd.DataFrame({"date": index, "unit": "all", "metric": name, "value": values})
        for name, values in columns.items()
    )
    for folder in ("data", "plans/campaigns"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    table.to_parquet(root / "data" / "series.parquet", index=False)
    cost = {"campaign_id": "one", "date": index[BEFORE], "channel": "ads", "kind": "media"}
    pd.DataFrame([{**cost, "amount": 100.0}]).to_parquet(root / "data" / "spend.parquet")
    (root / "opsnb.toml").write_text(SETTINGS, encoding="utf-8")
    plan = PLAN.format(start=index[BEFORE].date(), end=index[-1].date())
    (root / "plans" / "campaigns" / "one.toml").write_text(plan, encoding="utf-8")
    review = opsnb.Campaign(Session(Workspace.load(root), "campaign_review"), "one")
    for step in ("costs", "effect", "returns", "summary"):
        getattr(review, step)()
    return str(review.ops.facts["campaign.verdict"].value)


def concluded(runs: int, seed: int) -> bool:
    """How often the review's verdict claims an effect, with none and with a large one."""
    rng = np.random.default_rng([seed, 99])
    claims = {"harmful", "paid", "loss", "unclear"}
    found = {}
    for effect in (0.0, 4.0):
        with tempfile.TemporaryDirectory() as root:
            found[effect] = [verdict(rng, Path(root) / str(n), effect) for n in range(runs)]
    false = np.mean([case in claims for case in found[0.0]])
    praised = np.mean([case in claims - {"harmful"} for case in found[0.0]])
    true = np.mean([case in claims - {"harmful"} for case in found[4.0]])
    fine = line("verdict, no effect: one is claimed", false, (0.0, band(0.05, runs, 0.01)[1]))
    fine &= line("verdict, no effect: it worked", praised, (0.0, band(0.025, runs, 0.01)[1]))
    return fine & line("verdict, effect 4: it worked", true, (0.9, 1.0))


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
    fine &= line(
        f"{what}: typical fit, processor s", float(np.median(seconds)), (0.0, MOST_SECONDS)
    )
    return fine


def line(what: str, value: float, limits: tuple[float, float]) -> bool:
    fine = bool(limits[0] <= value <= limits[1])
    shown = f"[{limits[0]:.4f}, {limits[1]:.4f}]"
    print(f"{what:<62}{value:>9.4f}   {shown:<19}{'' if fine else '  OUTSIDE'}", flush=True)
    return fine


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.campaigns", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--series", type=int, default=200, help="simulated series a row")
    parser.add_argument("--reviews", type=int, default=100, help="simulated reviews a row")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(arguments)
    print(f"{'':<62}{'value':>9}   {'band':<19}")
    fine = [
        judged(name, draw, effect, wanted.series, wanted.seed)
        for name, draw in (
            ("time series", series),
            ("synthetic control", regions),
            ("differences, 3 of 13 regions", few_regions),
        )
        for effect in (0.0, 4.0)
    ]
    fine.append(concluded(wanted.reviews, wanted.seed))
    print("all inside their bands" if all(fine) else "outside their bands")
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
