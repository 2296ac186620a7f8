"""Mutated files against the readers of opsnb.toml, plans, ledger, playbooks and report.json.

    python -m benchmarks.fuzz [--minutes 10] [--seed 1] [--only ledger playbook]

Spends that many CPU minutes, split evenly over the readers; prints tries, documents accepted
and each kind of failure with a document that causes it, and exits 1 when there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.attacks.fuzzing import Target, attempt, mutated, targets
from tests.publishing.site.conftest import fact, record


def fuzz(target: Target, seconds: float, draw: random.Random) -> tuple[int, int, dict[str, bytes]]:
    """Tries, documents accepted, and the first document for each place that failed."""
    tries = accepted = 0
    failures: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        end = time.process_time() + seconds
        while time.process_time() < end:
            document = mutated(target, draw)
            tries += 1
            try:
                accepted += attempt(target, Path(folder), document)
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
                failures.setdefault(place, document)
    return tries, accepted, failures


def main() -> int:
    readers = targets(record(facts=[fact("a.share", 0.1, "share", low=0.08, high=0.12)]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", nargs="+", choices=readers, default=[*readers], metavar="READER")
    asked = parser.parse_args()
    failed = 0
    print(f"{'reader':<18}{'tries':>10}{'accepted':>10}{'failures':>10}")
    for name in asked.only:
        draw = random.Random(f"{asked.seed} {name}")
        found = fuzz(readers[name], asked.minutes * 60 / len(asked.only), draw)
        print(f"{name:<18}{found[0]:>10,}{found[1]:>10,}{len(found[2]):>10}", flush=True)
        for place, document in found[2].items():
            print(f"    {place}\n    {document[:2000]!r}")
        failed += len(found[2])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
