"""What the data gate says of a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opsnb.analysis.tables.contracts import Level
from opsnb.base.messages import Language, Text
from opsnb.base.periods import Period

LEVELS: tuple[Level, ...] = ("note", "warn", "block")


@dataclass(frozen=True)
class Issue:
    """One thing found in a table.

    Attributes
    ----------
    rule : str
        Stable id: `empty`, `misfit`, `repeated_key`, `negative_amount`, a team's own, ...
    level : note, warn or block
    count : int
        Rows concerned.
    message : Text
        The sentence, under [data.rule] of the language files.
    sample : tuple of dict
        Up to five rows, values as text, as they stand in the team's own table; what is personal
        is masked.
    places : tuple of str
        Of each row of the sample the file and its line ("data/orders.csv:12"); "" where a row
        comes from no text file, or from a query that changed it. Empty: of none it is known.
    values : tuple of (str, int)
        The values of `column` that broke the rule, the most frequent first, each with its rows.
    """

    rule: str
    level: Level
    count: int
    message: Text
    column: str | None = None
    sample: tuple[Mapping[str, str], ...] = ()
    places: tuple[str, ...] = ()
    values: tuple[tuple[str, int], ...] = ()

    def fix(self, language: Language) -> str:
        """The likely fix, as a sentence without its full stop; empty where there is none."""
        key = f"data.fix.{self.rule}"
        if not language.has(key):
            if not self.sample or self.level == "note" or self.message.key == "data.rule.team":
                return ""
            key = "data.fix.rows"
        value = self.values[0][0] if self.values else "..."
        known = next(iter(self.message.args.get("allowed") or ()), "...")
        return language.text(key, column=self.column or "", value=value, known=known)

    def as_dict(self, language: Language) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "level": self.level,
            "column": self.column,
            "count": self.count,
            "message": language.say(self.message),
            "fix": self.fix(language),
            "sample": [dict(row) for row in self.sample],
            "places": list(self.places),
            "values": [{"value": value, "rows": rows} for value, rows in self.values],
        }


@dataclass(frozen=True)
class TableReport:
    """What was found in a table.

    Attributes
    ----------
    rows : int
        All rows, bad ones included.
    quarantined : int
        Rows left out of the analysis: required values missing, identical repeats.
    identical : int
        Those among them that repeat another row in every column.
    first, last : datetime or date, optional
        Bounds of the contract's clock over the rows analysed.
    nulls : dict
        Empty values by column, over all rows.
    fingerprint : str
        16 hex digits; changes when a row does.
    tidy : frozenset of str
        Columns of texts that are as they should be: none is empty, has blanks around it, or is a
        word for nothing.
    total_amount : float, optional
        Orders only: the amount over all rows, bad ones included.
    """

    table: str
    rows: int
    quarantined: int
    identical: int
    first: dt.datetime | dt.date | None
    last: dt.datetime | dt.date | None
    as_of: dt.date
    nulls: Mapping[str, int]
    fingerprint: str
    issues: tuple[Issue, ...] = ()
    tidy: frozenset[str] = frozenset()
    total_amount: float | None = None
    extra: tuple[str, ...] = field(default=())

    @property
    def level(self) -> Level | None:
        """The worst level found; None when nothing was."""
        return max((issue.level for issue in self.issues), key=LEVELS.index, default=None)

    @property
    def age_days(self) -> int | None:
        """Days from the last row to the day the data was taken."""
        return (self.as_of - _day(self.last)).days if self.last is not None else None

    def plus(self, issue: Issue) -> TableReport:
        """The report with one more issue, the worst first."""
        issues = sorted((*self.issues, issue), key=lambda one: -LEVELS.index(one.level))
        return replace(self, issues=tuple(issues))

    def covers(self, period: Period) -> bool:
        """Whether the rows reach to the last day of a period."""
        return self.last is not None and _day(self.last) >= period.end

    def provenance(self) -> dict[str, Any]:
        """What report.json says of the table."""
        return {
            "fingerprint": self.fingerprint,
            "rows": self.rows,
            "quarantined": self.quarantined,
            "from": self.first.isoformat() if self.first is not None else None,
            "to": self.last.isoformat() if self.last is not None else None,
        }

    def as_dict(self, language: Language | None = None) -> dict[str, Any]:
        """The report as JSON holds it; messages in the language, English by default."""
        language = language or Language("en")
        return {
            "table": self.table,
            "level": self.level,
            **self.provenance(),
            "identical": self.identical,
            "as_of": self.as_of.isoformat(),
            "age_days": self.age_days,
            "total_amount": self.total_amount,
            "nulls": dict(self.nulls),
            "extra_columns": list(self.extra),
            "issues": [issue.as_dict(language) for issue in self.issues],
        }


def _day(time: dt.datetime | dt.date) -> dt.date:
    return time.date() if isinstance(time, dt.datetime) else time
