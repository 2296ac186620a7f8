"""What every source offers: its tables and queries as Ibis expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from opsnb.analysis.sources.queries import name_query, name_rows
from opsnb.base.errors import SourceError, did_you_mean

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend


@dataclass(frozen=True)
class Rejected:
    """Lines of a text file that could not be read as rows.

    `rows` counts rejected lines, `lost` further lines of the file that became neither a
    row nor a rejected line (an open quote swallows what follows it); `sample` shows some.
    """

    rows: int
    lost: int = 0
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextFiles:
    """Text files that a table was read from.

    Attributes
    ----------
    paths : sequence of Path
    encoding : str
    root : Path
        What their paths are shown from.
    above : int
        Lines above the rows: that of the names, and those that are skipped.
    """

    paths: Sequence[Path]
    encoding: str
    root: Path
    above: int = 1


@dataclass(frozen=True)
class Remark:
    """What is to be known of how the files of a table were read.

    Attributes
    ----------
    rule : str
        Names its sentence, `data.rule.RULE` of the language files.
    count : int
        Files concerned.
    args : dict
        What the sentence's placeholders take, besides `count`.
    sample : tuple of dict
        The files, a row each.
    """

    rule: str
    level: Literal["note", "warn", "block"]
    count: int
    args: Mapping[str, Any] = field(default_factory=dict)
    sample: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Source:
    """An opened source.

    Attributes
    ----------
    name : str
        The name in [sources.NAME].
    backend : ibis backend
        Shared by all embedded sources of a workspace.
    database : str or tuple, optional
        Where in the backend the source's tables lie; None is the backend's own default.
    rejected : dict
        Unreadable lines by table, for text files; tables without any are absent.
    texts : dict
        The text files by table, where there are such.
    nulls : dict
        Words for nothing that text files were read with: rows by table, column and word.
    workbook : bool
        Its cells are those of a spreadsheet, which keeps 15 digits of a number.
    remarks : dict
        What is to be known of the files of a table, by table.
    beside : dict
        The embedded sources of the workspace by name: queries may name their tables.
    """

    name: str
    backend: BaseBackend
    database: str | tuple[str, str] | None = None
    rejected: Mapping[str, Rejected] = field(default_factory=dict)
    texts: Mapping[str, TextFiles] = field(default_factory=dict)
    nulls: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    workbook: bool = False
    remarks: dict[str, list[Remark]] = field(default_factory=dict)
    beside: Mapping[str, Source] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """Name of the backend's SQL dialect."""
        name: str = self.backend.name
        return name

    def tables(self) -> list[str]:
        """Names of the source's tables."""
        return sorted(self.backend.list_tables(database=self.database))

    def table(self, name: str) -> ir.Table:
        """A table by its name; `schema.table` reaches into another schema of a server."""
        place, _, bare = name.rpartition(".")
        tables = self.tables()
        if name not in tables and not place:
            raise SourceError(
                f'no table "{name}"',
                where=f"sources.{self.name}",
                hint=did_you_mean(name, tables, kind="tables"),
            )
        if name in tables:
            place, bare = "", name
        try:
            return self.backend.table(bare, database=place or self.database)
        except Exception as error:
            raise SourceError(
                f'cannot open the table "{name}" ({first_line(error)})',
                where=f"sources.{self.name}",
                hint="look at it in the database itself"
                if name in tables
                else did_you_mean(name, tables, kind="tables"),
            ) from error

    def ready(self, name: str) -> None:
        """Reads a table that was not read yet; SourceError where it cannot be."""

    def sql(self, query: str) -> ir.Table:
        """The result of a query in the source's own dialect."""
        broken = self._read_those_in(query)
        try:
            if self.database is None:
                return self.backend.sql(query)
            return name_query(self.backend, self.database, query)
        except Exception as error:
            if broken:
                raise broken[0] from None
            raise SourceError(
                f"the query cannot be run ({first_line(error)})",
                where=f"sources.{self.name}",
                hint=self._mend(str(error)),
            ) from error

    def _read_those_in(self, query: str) -> list[SourceError]:
        """Reads the tables that a query may mean; gives the errors of those that cannot be read.

        They matter only if it cannot be run: a column may be called like a broken file.
        """
        broken = []
        for place, source in {**self.beside, self.name: self}.items():
            if source is not self and not _named_in(query, place):
                continue
            for name in source.tables() if self.database is not None else ():
                try:
                    if _named_in(query, name):
                        source.ready(name)
                except SourceError as error:
                    broken.append(error)
        return broken

    def view(self, name: str, rows: ir.Table) -> ir.Table:
        """Rows under a name, where the engine is our own; elsewhere as they are."""
        return name_rows(self.backend, name, rows) if self.dialect == "duckdb" else rows

    def _mend(self, message: str) -> str:
        """The likely fix of a query, by what the engine says of it."""
        tables = self.tables()
        shown = f"tables here: {', '.join(tables[:20]) or 'none'}"
        if lost := re.search(r"Table with name \"?(.+?)\"? does not exist", message):
            bare = lost[1].rpartition(".")[2]
            if bare not in tables:
                return did_you_mean(bare, tables, kind="tables")
            return f"name it alone, as {bare}; a table of another source is SOURCE.{bare}"
        if "PIVOT statements with pivot elements extracted" in message:
            return (
                "name the values of the column in it: pivot t on COLUMN in ('one', 'two') using ..."
            )
        if "Parser Error" in message:
            return f"write one query that gives rows, such as select * from {(tables or ['t'])[0]}"
        if "Referenced column" in message:
            return f"take a name that the tables have, or write a text in 'single quotes'; {shown}"
        return f"run it by itself against the source; {shown}"


def _named_in(query: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", query, re.IGNORECASE) is not None


def first_line(error: BaseException) -> str:
    """The first line of an engine's message, without its full stop.

    A signal that met DuckDB in a query is no message: it goes on as the interrupt that it is.
    """
    if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
        raise KeyboardInterrupt from error
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".")[:300]
