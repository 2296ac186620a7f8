"""What `opsnb check` found, as lines, a table and JSON; and ids that only the data know."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from opsnb.analysis.tables import CONTRACTS, Issue, TableReport, compared, open_table, report_of
from opsnb.base.concerns import WEIGHTS, Concern
from opsnb.base.errors import OpsnbError, PlanError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

COLUMNS = ["table", "rows", "first", "last", "freshness", "quarantined", "level"]

_ORDER = {"block": 0, "warn": 1, "note": 2, None: 3}


@dataclass(frozen=True)
class Gate:
    """What was found in the tables that could be read, why others could not, and what else would
    fail."""

    reports: list[TableReport]
    unreadable: dict[str, OpsnbError] = field(default_factory=dict)
    concerns: list[Concern] = field(default_factory=list)

    @property
    def blocked(self) -> bool:
        levels = {*(report.level for report in self.reports), *(one.level for one in self.concerns)}
        return bool(self.unreadable) or "block" in levels

    @property
    def rows(self) -> list[list[str]]:
        """A row a table under `COLUMNS`, the worst first."""
        worst_first = sorted(self.reports, key=lambda report: _ORDER[report.level])
        lost = [[name, "-", "-", "-", "-", "-", "unreadable"] for name in self.unreadable]
        return lost + [_row(report) for report in worst_first]

    @property
    def lines(self) -> list[str]:
        """What was found, the worst first, that of a table or a file together.

        A line each for what it is, the values that are wrong, and the fix.
        """
        english = Language("en")
        groups = [(-1, [f"unreadable  {name}: {error}"]) for name, error in self.unreadable.items()]
        for report in self.reports:
            issues = sorted(report.issues, key=lambda one: (_ORDER[one.level], -one.count))
            said = [line for issue in issues for line in _lines(issue, report, english)]
            groups.append((_ORDER[report.level], said))
        for _, concerns in itertools.groupby(self.concerns, key=lambda one: one.file):
            of_file = list(concerns)
            said = [line for one in of_file for line in _said(one)]
            groups.append((_ORDER[of_file[0].level], said))
        return [line for _, said in sorted(groups, key=lambda group: group[0]) for line in said]

    @property
    def summary(self) -> str:
        """How much of what weight was found: "2 block, 1 warn, 3 note"."""
        levels = [issue.level for report in self.reports for issue in report.issues]
        levels += [one.level for one in self.concerns] + ["block"] * len(self.unreadable)
        counts = [f"{levels.count(level)} {level}" for level in WEIGHTS if level in levels]
        return f"Found: {', '.join(counts)}" if counts else "Nothing found"

    def as_dict(self) -> dict[str, Any]:
        return {
            "blocked": self.blocked,
            "tables": [report.as_dict() for report in self.reports],
            "unreadable": {
                name: {"what": error.what, "where": error.where, "hint": error.hint}
                for name, error in self.unreadable.items()
            },
            "concerns": [one.as_dict() for one in self.concerns],
        }


def check_tables(workspace: Workspace, names: list[str], say: Callable[[str], None]) -> Gate:
    """The gate of the tables named, or of all that are mapped; `say` hears of each first.

    Raises
    ------
    TableError
        The only table asked for cannot be checked.
    """
    reports: list[TableReport] = []
    unreadable: dict[str, OpsnbError] = {}
    for name in names or list(workspace.tables):
        say(name)
        try:
            reports.append(report_of(workspace, name))
        except PlanError as error:
            if names:
                raise
            # Only what is on record needs plans/; what is wrong there is said of its file.
            try:
                reports.append(open_table(workspace, name).report)
            except OpsnbError:
                unreadable[name] = error
        except OpsnbError as error:
            if len(names) == 1:
                raise
            unreadable[name] = error
    return Gate(compared(workspace, reports), unreadable)


def _row(report: TableReport) -> list[str]:
    def day(value: Any) -> str:
        return f"{value:%Y-%m-%d}" if value is not None else "-"

    age = report.age_days
    fresh = "-" if age is None else "today" if age == 0 else f"{age} d old" if age > 0 else "future"
    return [
        report.table,
        f"{report.rows:,}",
        day(report.first),
        day(report.last),
        fresh,
        f"{report.quarantined:,}",
        report.level or "clean",
    ]


def _lines(issue: Issue, report: TableReport, language: Language) -> Iterator[str]:
    column = f".{issue.column}" if issue.column else ""
    yield f"{issue.level:<12}{report.table}{column}: {language.say(issue.message)}"
    if issue.values:
        listed = ", ".join(f'"{value}" ({rows:,})' for value, rows in issue.values)
        yield f"{'':<12}Values: {listed}"
    places = [place for place in issue.places if place]
    if places:
        yield f"{'':<12}Lines: {', '.join(places)}"
    if fix := issue.fix(language):
        yield f"{'':<12}Fix: {fix}"


def _said(concern: Concern) -> Iterator[str]:
    yield f"{concern.level:<12}{concern.where}: {concern.what}"
    if concern.fix:
        yield f"{'':<12}Fix: {concern.fix}"


def ids_in_data(workspace: Workspace, kind: str) -> Iterator[str]:
    """Ids of experiments or campaigns that the data hold.

    Raises
    ------
    OpsnbError
        A table that would hold them cannot be opened.
    """
    for name, contract in CONTRACTS.items():
        column = contract.subjects.get(kind)
        if column is None or name not in workspace.tables:
            continue
        rows = open_table(workspace, name).expr
        if column in rows.columns:
            found = rows.select(column).distinct().to_pyarrow()[column].to_pylist()
            yield from sorted(str(value) for value in found if value is not None)
