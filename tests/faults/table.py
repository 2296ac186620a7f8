"""Writes docs/reliability.md's tables from the tests that ran.

    python -m tests.faults.table [--tries 100] [FOLDER...]

A test with a row of its own is marked `@pytest.mark.survives("what is done", sees="what the
user sees")`; it lies in tests/faults, tests/attacks, or wherever its subject does. Each passed
case of it is one try survived; a test that tries more than once says so itself, by
`record_property("tries", n)`. `sees` may be left out where the test tells it from what came:
`record_property("sees", line)`.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- {name}: python -m tests.faults.table -->", "<!-- end of {name} -->"
TABLES = {"faults": ("tests/faults",), "attacks": ("tests",)}
"""Table by the folders of its tests; a test is in the first that fits."""

TRIES = "OPSNB_FAULT_TRIES"
"""Environment variable: how often what happens at random is tried, 10 unless it is set."""


@dataclass
class Row:
    """What a test did and what came of it."""

    what: str
    sees: str
    tries: int = 0
    survived: int = 0
    skipped: str = ""


def marked(folder: Path = ROOT / "tests") -> Iterator[tuple[Path, str]]:
    """Each test's file and the words of its mark, read from the sources."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.survives":
                yield path, ast.literal_eval(node.args[0])


@dataclass(eq=False)
class Ledger:
    """Counts tries as pytest reports them."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    _marks: dict[str, tuple[tuple[str, str], str]] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            mark = item.get_closest_marker("survives")
            if mark is not None:
                place = item.path.relative_to(ROOT).as_posix()
                table = next(n for n, roots in TABLES.items() if place.startswith(roots))
                key = (table, mark.args[0])
                self._marks[item.nodeid] = key, mark.kwargs.get("sees", "")
                self.rows.setdefault(key, Row(mark.args[0], mark.kwargs.get("sees", "")))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self._marks:
            return
        row = self.rows[self._marks[report.nodeid][0]]
        if report.skipped:
            row.skipped = str(report.longrepr[2] if report.longrepr else "")
        elif report.when == "call" or report.failed:
            said = dict(report.user_properties)
            tries = int(str(said.get("tries", 1)))
            row.tries += tries
            row.survived += tries if report.passed else 0
            row.sees = row.sees or str(said.get("sees", ""))


def drawn(row: Row) -> str:
    """A row as Markdown."""
    tries = f"{row.tries:,}" if row.tries else f"not run: {row.skipped}"
    sees = row.sees.replace("|", "\\|").replace("\n", " ")
    return f"| {row.what} | {tries} | {row.survived:,} | {sees} |"


def renewed(page: str, name: str, first: str, rows: Iterable[Row]) -> str:
    """The page with a table's new rows; those of tests that did not run stay as they are."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    head, _, rest = page.partition(begin)
    table, _, tail = rest.partition(end)
    known = {what for _, what in marked()}
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in table.strip().split("\n")}
    found = {what: line for what, line in kept.items() if what in known}
    found |= {row.what: drawn(row) for row in rows}
    top = [f"| {first} | tries | survived | what the user sees |", "|---|---:|---:|---|"]
    return "\n".join([head + begin, *top, *found.values(), end + tail])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("folders", nargs="*", help="only these tests; other rows stay")
    asked = parser.parse_args()
    os.environ[TRIES] = str(asked.tries)
    ledger = Ledger()
    files = asked.folders or sorted({str(path) for path, _ in marked()})
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-m", "survives"]
    code = pytest.main([*options, *files], [ledger])
    page = PAGE.read_text(encoding="utf-8")
    for name, first in (("faults", "fault"), ("attacks", "attack or bad input")):
        rows = [row for (table, _), row in ledger.rows.items() if table == name]
        page = renewed(page, name, first, rows)
    PAGE.write_text(page, encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
