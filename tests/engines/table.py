"""Writes docs/engines.md's table from the tests that ran.

python -m tests.engines.table
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.engines.questions import QUESTIONS
from tests.engines.servers import ENGINES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "engines.md"
BEGIN, END = "<!-- table: python -m tests.engines.table -->", "<!-- end of table -->"


class Outcomes:
    """Counts of passed tests by engine and number of the feature."""

    def __init__(self) -> None:
        self.passed: Counter[tuple[str, int]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            engine, *_, number = report.nodeid.partition("[")[2].rstrip("]").split("-")
            self.passed[engine, int(number)] += 1


def table(outcomes: Outcomes) -> str:
    """A row a feature: on how many of its questions each engine gives DuckDB's answer."""
    engines = [engine for engine in ENGINES if engine != "duckdb"]
    lines = [
        f"| answers equal to a DuckDB file's, to 1e-9 | {' | '.join(engines)} |",
        "|---" * (len(engines) + 1) + "|",
    ]
    for number, (feature, questions) in enumerate(QUESTIONS.items()):
        cells = [f"{outcomes.passed[engine, number]} of {len(questions)}" for engine in engines]
        lines.append(f"| {feature} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    outcomes = Outcomes()
    tests = Path(__file__).with_name("test_same_answers.py")
    code = pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", str(tests)], [outcomes])
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{table(outcomes)}\n{END}{tail}", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
