"""The data gate on the command line, and ids that only the data know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from opsnb.analysis.tables import CONTRACTS, Issue, TableReport, compared, open_table, report_of
from opsnb.base.errors import OpsnbError
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

COLUMNS = ["table", "rows", "first", "last", "freshness", "quarantined", "level"]

_ORDER = {"block": 0, "warn": 1, "note": 2, None: 3}


@dataclass(frozen=True)
class Gate:
    """What was found in the tables that could be read, and why others could not."""

    reports: list[TableReport]
    unreadable: dict[str, OpsnbError] = field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        return bool(self.unreadable) or any(report.level == "block" for report in self.reports)

    @property
    def rows(self) -> list[list[str]]:
        """A row a table under `COLUMNS`, the worst first."""
        worst_first = sorted(self.reports, key=lambda report: _ORDER[report.level])
        lost = [[name, "-", "-", "-", "-", "-", "unreadable"] for name in self.unreadable]
        return lost + [_row(report) for report in worst_first]

    @property
    def lines(self) -> list[str]:
        """A line for each thing found, the worst first."""
        english = Language("en")
        found = [(issue, report) for report in self.reports for issue in report.issues]
        found.sort(key=lambda pair: (_ORDER[pair[0].level], -pair[0].count))
        lost = [f"unreadable  {name}: {error}" for name, error in self.unreadable.items()]
        return lost + [_line(issue, report, english) for issue, report in found]

    def as_dict(self) -> dict[str, Any]:
        return {
            "blocked": self.blocked,
            "tables": [report.as_dict() for report in self.reports],
            "unreadable": {
                name: {"what": error.what, "where": error.where, "hint": error.hint}
                for name, error in self.unreadable.items()
            },
        }


def check_tables(workspace: Workspace, names: list[str], say: Callable[[str], None]) -> Gate:
    """The gate of the tables named, or of all that are mapped; `say` hears of each first.

    Raises
    ------
    TableError
        The only table asked for cannot be checked.
    """
    reports, unreadable = [], {}
    for name in names or list(workspace.tables):
        say(name)
        try:
            reports.append(report_of(workspace, name))
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


def _line(issue: Issue, report: TableReport, language: Language) -> str:
    column = f".{issue.column}" if issue.column else ""
    return f"{issue.level:<12}{report.table}{column}: {language.say(issue.message)}"


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
