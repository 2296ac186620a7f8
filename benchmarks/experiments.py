"""Do the experiment methods keep what they promise, and how fast are they?

    python -m benchmarks.experiments [--runs 2000] [--seed 1] [--only coverage ...]
    python -m benchmarks.experiments --only readouts_without readouts_with

Prints a table of simulated rates with the bands they have to lie in, then the time a metric
takes from aggregates to results. Whole readouts take most of an hour: only where asked for.
Exits with 1 when anything lies outside.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from benchmarks.readouts import READOUTS
from benchmarks.simulations import SIMULATIONS, Row
from benchmarks.timing import timings


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.experiments", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    usual = [*SIMULATIONS, "timing"]
    names = [*usual, *READOUTS]
    parser.add_argument("--runs", type=int, default=2000, help="simulated experiments a row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=names, default=usual, metavar="PART")
    wanted = parser.parse_args(arguments)
    outside = 0
    print(f"{'':<64}{'value':>9}   {'band':<19}")
    for name in wanted.only:
        started = time.perf_counter()
        if name == "timing":
            rows = timings()
        else:
            # A seed of its own for each part: running one alone repeats its figures.
            rng = np.random.default_rng([wanted.seed, names.index(name)])
            rows = {**SIMULATIONS, **READOUTS}[name](rng, wanted.runs)
        for row in rows:
            print(_line(row))
        outside += sum(not row.ok for row in rows)
        print(f"  {name}: {time.perf_counter() - started:.1f} s\n", flush=True)
    print("all inside their bands" if not outside else f"{outside} outside their band")
    return 1 if outside else 0


def _line(row: Row) -> str:
    band = f"[{row.low:.4f}, {row.high:.4f}]"
    return f"{row.what:<64}{row.value:>9.4f}   {band:<19}{'' if row.ok else '  OUTSIDE'}"


if __name__ == "__main__":
    sys.exit(main())
