"""What a contract is: columns, and what they are to the table's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir

Level = Literal["note", "warn", "block"]
"""note: worth knowing; warn: results may suffer; block: results would mislead."""

Type = Literal["text", "number", "time", "date", "flag"]
"""text: string; number: float64; time: naive local timestamp; date: local date; flag: boolean."""


@dataclass(frozen=True)
class Column:
    """A column of a contract.

    Attributes
    ----------
    required : bool
        The table must have the column.
    empty : "out", note or warn
        What an empty value costs: the row is left out, or it is only counted. Optional
        columns may be empty without a word.
    allowed : tuple of str
        The values that playbooks know, in lower case.
    low, high : float, optional
        Range of a number, both ends inside.
    past : bool
        May not lie after the day the data was taken.
    default : str, optional
        What a missing column or an empty value stands for.
    note : str
        What else it may hold, for docs/data.md.
    """

    name: str
    type: Type
    required: bool = False
    empty: Literal["out", "note", "warn"] | None = None
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    past: bool = False
    default: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Rule:
    """Rows that contradict themselves; counted where the table has all the columns needed."""

    id: str
    level: Level
    needs: tuple[str, ...]
    broken: Callable[[ir.Table], ir.BooleanValue]


@dataclass(frozen=True)
class Contract:
    """What a table must hold, and what its columns are to quality, privacy, periods and metrics.

    Key, clock and people have no default: a table says that it has none.

    Attributes
    ----------
    key : tuple of str
        Columns (those that the table has) that together name a row; empty: none do.
    clock : str or None
        The column that says when a row happened.
    people : tuple of str
        Columns that say who somebody is, the one whose row it is first; empty: the rows are
        not about single people. Groups of such a table are withheld where they are small.
    dates : dict
        Local dates to add, by the time they come from.
    refers : dict
        By a column of ids, the columns ("users.user_id") where the same ids should stand, each
        with what it is worth when none does: block where most sections join the two.
    rules : tuple of Rule
    repeats : Level
        What rows of the same key that differ are worth.
    awaited : (str, tuple of str), optional
        A row with a value in the first column and none in all the others is no bad row: what
        it waits for has not come (a survey that was sent and not answered).
    comment : str, optional
        The text that a report quotes, masked.
    total : str, optional
        The amount whose sum over all rows the data gate tells.
    subjects : dict
        Columns of ids that a report can be made about, by what they are ids of.
    by_day : bool
        Metrics are measured by the day of its rows.
    planned : bool
        Its rows may lie ahead: they do not show how far the data reach.
    ledger : bool
        Rows are entered when there is something to enter: a day without any is no gap.
    shows : callable, optional
        Which rows show that recording went on; by default all.
    witness : str, optional
        A table that goes on where the recording of this one fails: days on which few rows came
        while it held were not recorded.
    sampled : bool
        Its rows are a sample: metrics of them carry an interval. Others are complete counts.
    post_treatment : bool
        What its columns hold may be an effect of an experiment's treatment.
    extra : str
        Which columns of the team's own it is made for, for docs/data.md.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(kw_only=True)
    clock: str | None = field(kw_only=True)
    people: tuple[str, ...] = field(kw_only=True)
    dates: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    repeats: Level = "block"
    awaited: tuple[str, tuple[str, ...]] | None = None
    comment: str | None = None
    total: str | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)
    by_day: bool = True
    planned: bool = False
    ledger: bool = False
    shows: Callable[[ir.Table], ir.BooleanValue] | None = None
    witness: str | None = None
    sampled: bool = False
    post_treatment: bool = False
    extra: str = ""

    @property
    def day(self) -> str | None:
        """The column that places a row in a day: the local date of the clock, or the clock."""
        dates = [day for day, moment in self.dates.items() if moment == self.clock]
        return (dates[0] if dates else self.clock) if self.by_day else None

    @property
    def moment(self) -> str | None:
        """The column that places a row in time to the second, where it has one."""
        return self.dates.get(self.day) if self.day else None

    @property
    def ids(self) -> list[str]:
        """The columns that hold ids, as texts."""
        named = {*self.key, *self.people, *self.refers, *self.subjects.values()}
        return [c.name for c in self.columns if c.name in named and c.type == "text"]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    @property
    def optional(self) -> list[str]:
        return [column.name for column in self.columns if not column.required]

    def awaits(self, name: str) -> bool:
        """Whether a column may be empty because an answer has not come."""
        return self.awaited is not None and name in self.awaited[1]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
