"""The keys of a preset's file, and what a preset makes of an export's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from opsnb.analysis.mapping.preset_sql import Template, normal
from opsnb.base.messages import Said as Words
from opsnb.base.toml_model import Said, Strict


class FileShape(Strict):
    """[files.NAME]: by which names a file gives itself away.

    Attributes
    ----------
    detect : list of str
        Names of columns, variants of one with `|` between.
    least : int
        How many of them must be there.
    without : list of str
        Columns that only another export has.
    parts : list of str
        Forms of the names of tables that make one (`events_20261001`, ...), the best first.
    """

    detect: list[str] = Field(min_length=2)
    least: int = 3
    without: list[str] = Field(default=[])
    parts: list[str] = Field(default=[])

    def likeness(self, columns: Sequence[str]) -> tuple[int, float]:
        """How many of the names are there, and their share; (0, 0.0) where they are too few."""
        known = {normal(column) for column in columns}
        if known & {normal(name) for name in self.without}:
            return 0, 0.0
        hits = sum(any(normal(one) in known for one in names.split("|")) for names in self.detect)
        return (hits, hits / len(self.detect)) if hits >= self.least else (0, 0.0)


class Question(Strict):
    """What no column tells, and a person has to answer."""

    id: str
    ask: Said
    when_missing: str | None = None


class Comment(Strict):
    """Why a column, or the table (no column), reads as it does."""

    column: str | None = None
    say: Said


class LeftOut(Strict):
    """Rows that are left out of a table; the first rule that a row meets counts it.

    With `test`, they are left in and marked in `is_test` where the contract has that column: the
    data gate leaves them out, and counts them each time.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    where: Template
    test: bool = False
    label: Said


class Check(Strict):
    """Rows that are kept, and counted in the data gate; SQL over columns of the contract."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    needs: list[str] = Field(default=[])
    where: str
    level: Literal["note", "warn", "block"] = "note"
    label: Said


class Repeats(Strict):
    """Rows that are the same by `by`: the first in the order of `keep` stays."""

    by: list[Template] = Field(min_length=1)
    keep: Template
    label: Said


class Select(Strict):
    """Columns of a file's rows."""

    file: str
    columns: dict[str, Template]
    left_out: list[LeftOut] = Field(default=[])
    group: list[Template] = Field(default=[])
    repeats: Repeats | None = None


class Join(Select):
    """[tables.NAME.joins.ALIAS]: columns of another file; `on` names both sides' columns."""

    on: str


class TableShape(Select):
    """[tables.NAME]: a table of the contract.

    Attributes
    ----------
    words : dict
        By column, the contract's words with those of the platform; others stay as they are.
    joins : dict of Join
        Other files, by alias; one falls out where its file or one of its columns is absent.
    optional : bool
        It falls out where a column that cannot be empty is absent; else that is an error.
    """

    optional: bool = False
    grain: Literal["order", "line"] | None = None
    words: dict[str, dict[str, list[str]]] = Field(default={})
    joins: dict[str, Join] = Field(default={})
    questions: list[Question] = Field(default=[])
    comments: list[Comment] = Field(default=[])
    checks: list[Check] = Field(default=[])


@dataclass(frozen=True)
class Rest:
    """Rows that a table leaves out: what they are, and DuckDB SQL that counts them."""

    id: str
    label: Words
    count: str


@dataclass(frozen=True)
class PresetTable:
    """A table of the contract over an export's tables.

    Attributes
    ----------
    contract : str
        Its name.
    sql : str
        DuckDB SQL, a column a line; it names only columns that are there.
    grain : "order", "line" or None
        Of orders.
    sources : tuple of str
        The export's tables that it reads.
    columns : tuple of str
        Columns that found a source.
    comments : tuple of Comment
        Reasons, of those columns and of the table.
    questions : tuple of (id, words by language)
        What no column tells.
    checks : tuple of Check
        Rows to count in the data gate.
    left_out : tuple of Rest
        Rows that are left out; each is counted by the first rule it meets.
    """

    contract: str
    sql: str
    grain: Literal["order", "line"] | None
    sources: tuple[str, ...]
    columns: tuple[str, ...]
    comments: tuple[Comment, ...]
    questions: tuple[tuple[str, Words], ...]
    checks: tuple[Check, ...]
    left_out: tuple[Rest, ...]
