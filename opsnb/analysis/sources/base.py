"""What every source offers: its tables and queries as Ibis expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from opsnb.analysis.sources.queries import name_rows
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
    """Text files that a table was read from; `root` is what their paths are shown from."""

    paths: Sequence[Path]
    encoding: str
    root: Path


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
    """

    name: str
    backend: BaseBackend
    database: str | tuple[str, str] | None = None
    rejected: Mapping[str, Rejected] = field(default_factory=dict)
    texts: Mapping[str, TextFiles] = field(default_factory=dict)
    nulls: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    workbook: bool = False

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
            hint = did_you_mean(name, tables, kind="tables")
            raise SourceError(f'no table "{name}"', where=f"sources.{self.name}", hint=hint)
        if name in tables:
            place, bare = "", name
        try:
            return self.backend.table(bare, database=place or self.database)
        except Exception as error:
            raise SourceError(
                f'cannot open the table "{name}" ({first_line(error)})',
                where=f"sources.{self.name}",
                hint=did_you_mean(name, tables, kind="tables"),
            ) from error

    def sql(self, query: str) -> ir.Table:
        """The result of a query in the source's own dialect."""
        try:
            return self.backend.sql(self._placed(query))
        except Exception as error:
            raise SourceError(
                f"the query cannot be run ({first_line(error)})",
                where=f"sources.{self.name}",
                hint=f"tables here: {', '.join(self.tables()[:20]) or 'none'}",
            ) from error

    def view(self, name: str, rows: ir.Table) -> ir.Table:
        """Rows under a name, where the engine is our own; elsewhere as they are."""
        return name_rows(self.backend, name, rows) if self.dialect == "duckdb" else rows

    def _placed(self, query: str) -> str:
        """The query with the source's own tables named in full, where it shares a backend."""
        if self.database is None:
            return query
        import sqlglot as sg
        from sqlglot.optimizer.scope import traverse_scope

        tree = sg.parse_one(query, read=self.dialect)
        catalog, schema = (
            self.database if isinstance(self.database, tuple) else (None, self.database)
        )
        own = {name.lower() for name in self.tables()}
        for scope in traverse_scope(tree):
            for table in scope.sources.values():
                if isinstance(table, sg.exp.Table) and table.name.lower() in own and not table.db:
                    table.set("db", sg.to_identifier(schema, quoted=True))
                    if catalog:
                        table.set("catalog", sg.to_identifier(catalog, quoted=True))
        return tree.sql(dialect=self.dialect)


def first_line(error: BaseException) -> str:
    """The first line of an engine's message, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".")[:300]
