"""Which table of the workspace holds another tool's rows, and what its columns are called there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import sqlglot as sg
import sqlglot.expressions as sge

from opsnb.analysis.definitions.carried import NotCarried, slug
from opsnb.analysis.definitions.expressions import (
    DUCKDB,
    canonical,
    read_sql,
    with_columns,
    written,
)
from opsnb.analysis.definitions.expressions import column as column_named
from opsnb.analysis.metrics.catalogue import Metric
from opsnb.analysis.metrics.sqltext import portable
from opsnb.analysis.sources.base import first_line
from opsnb.analysis.tables import Table, open_table
from opsnb.base.errors import OpsnbError, ParameterError, did_you_mean
from opsnb.base.workspace import TableConfig, Workspace


@dataclass(frozen=True)
class Model:
    """Rows as the other tool knows them: a semantic model, a fact table.

    Attributes
    ----------
    names : tuple of str
        What it goes by; the first one is shown.
    relation : str or None
        The table that it reads, without its schema; None for a query that is no plain one.
    to_map : tuple of str
        The keys of opsnb.toml by which it becomes a table here, but for its source.
    columns : dict
        What its columns are over that table, by their names in lower case.
    passes : bool
        The table's other columns are its columns too.
    where : expression, optional
        Which of the table's rows it keeps.
    """

    names: tuple[str, ...]
    relation: str | None
    to_map: tuple[str, ...]
    columns: Mapping[str, sge.Expression] = field(default_factory=dict)
    passes: bool = True
    where: sge.Expression | None = None


@dataclass(frozen=True)
class Place:
    """A table of the workspace that holds a model's rows.

    Attributes
    ----------
    table : str
        Its name in opsnb.toml.
    columns : dict
        Its columns as they are written, by their names in lower case; None: not known.
    clock : str or None
        The column that says when a row happened.
    made : dict
        By an expression over the table that it reads (`canonical`), the column that holds it.
    passes : bool
        Columns of the table that it reads keep their names.
    by_line : bool
        An order has several rows.
    follows : bool
        It reads the model's own table: expressions are followed to the columns made of them.
        Else columns are known by their names alone.
    """

    table: str
    model: Model
    columns: Mapping[str, str] | None = None
    clock: str | None = None
    made: Mapping[str, str] = field(default_factory=dict)
    passes: bool = True
    by_line: bool = False
    follows: bool = True

    def sql(self, text: str, dialect: str) -> str:
        """An expression of the model over the columns of this table.

        Raises
        ------
        NotCarried
            It needs a column that this table has not, or is no SQL of a row.
        """
        tree = read_sql(text, dialect)
        return written(self.placed(tree), text, dialect)

    def other_clock(self, text: str, dialect: str) -> str | None:
        """What dates the model's rows, where that is not what dates those of this table."""
        if self.clock is None:
            return None
        try:
            tree = self.placed(read_sql(text, dialect))
        except NotCarried:
            if self.follows:
                raise
            return None  # who named the table says that it holds the rows
        while isinstance(tree, sge.Cast | sge.Paren):
            tree = tree.this
        found = canonical(tree)
        return None if found == self.clock.lower() else found

    @property
    def where(self) -> str | None:
        """Which rows of this table are the model's; None: all."""
        if self.model.where is None:
            return None
        found = self._found(self.model.where)
        if found is None:
            raise NotCarried(
                f"{self.model.names[0]} keeps rows where {self.model.where.sql(DUCKDB)}, of which "
                f"[tables.{self.table}] lacks a column",
                f"add the column to [tables.{self.table}] in opsnb.toml",
            )
        return found.sql(dialect=DUCKDB)

    def placed(self, tree: sge.Expression) -> sge.Expression:
        """The expression with this table's names for the model's columns."""
        known = all(self._inner(column) is not None for column in tree.find_all(sge.Column))
        read = with_columns(tree, lambda column: self._inner(column) or column)
        whole = self._found(read) if known else None
        return with_columns(tree, self._column) if whole is None else whole

    def _inner(self, column: sge.Column) -> sge.Expression | None:
        """What a column of the model is over the table that the model reads."""
        inner = self.model.columns.get(column.name.lower())
        return column if inner is None and self.model.passes else inner

    def _column(self, column: sge.Column) -> sge.Expression:
        inner = self._inner(column)
        found = self._found(inner) if inner is not None else None
        if found is None and inner is not column:
            found = self._own(column.name)  # the table may hold what the query gives
        if found is None:
            has = ", ".join(sorted((self.columns or {}).values()))
            raise NotCarried(
                f"[tables.{self.table}] has no column {column.name} (it has {has})",
                f"add {column.name} to [tables.{self.table}] in opsnb.toml (in sql, or as a "
                "column of the file), then import again",
            )
        return found

    def _found(self, tree: sge.Expression) -> sge.Expression | None:
        """What an expression over the table that is read is called here; None: it is not here."""
        if (name := self.made.get(canonical(tree))) is not None:
            return column_named(name)
        if isinstance(tree, sge.Column):
            return self._own(tree.name) if self.passes else None
        lacks = []

        def each(column: sge.Column) -> sge.Expression:
            found = self._found(column)
            lacks.extend([column.name] if found is None else [])
            return found or column

        made = with_columns(tree, each)
        return None if lacks else made

    def _own(self, name: str) -> sge.Expression | None:
        if self.columns is None:
            return column_named(name)
        own = self.columns.get(name.lower())
        return None if own is None else column_named(own)


class Places:
    """The workspace's tables, asked for the one that holds a model's rows.

    Parameters
    ----------
    named : dict
        By a table of opsnb.toml, the model that it holds: what `--table` says.
    """

    def __init__(self, workspace: Workspace, named: Mapping[str, str]) -> None:
        self._workspace = workspace
        self._named = named
        self._opened: dict[str, Place | NotCarried] = {}
        for table in named:
            if table not in workspace.tables:
                hint = f"add [tables.{table}] there; " + did_you_mean(table, workspace.tables)
                raise ParameterError(
                    f"opsnb.toml has no [tables.{table}]", where="--table", hint=hint
                )

    def require_models(self, models: Iterable[Model]) -> None:
        """Raises ParameterError where `--table` names a model that is not there."""
        known = [name for model in models for name in model.names]
        for table, model in self._named.items():
            if model.lower() not in {name.lower() for name in known}:
                hint = did_you_mean(model, known, kind="models")
                raise ParameterError(
                    f'no model "{model}" in these files', where=f"--table {table}", hint=hint
                )

    def of(self, model: Model) -> Place:
        """Where a model's rows are.

        Raises
        ------
        NotCarried
            No table holds them, or that table cannot be opened.
        """
        name = model.names[0]
        if name not in self._opened:
            try:
                self._opened[name] = self._open(model)
            except NotCarried as reason:
                self._opened[name] = reason
        found = self._opened[name]
        if isinstance(found, NotCarried):
            raise found
        return found

    def _open(self, model: Model) -> Place:
        table = self._table_of(model)
        config = self._workspace.tables[table]
        try:
            opened = open_table(self._workspace, table)
        except OpsnbError as error:
            raise NotCarried(f"[tables.{table}] cannot be read: {error.what}", error.hint) from None
        follows = _reads(config, model)
        made, passes = _projections(config, opened.source.dialect) if follows else ({}, True)
        if not follows:
            model = replace(model, columns={}, passes=True)
        own = [column for column in opened.columns if opened.has(column)]
        return Place(
            table=table,
            model=model,
            columns={column.lower(): column for column in own},
            clock=opened.contract.clock,
            made=made,
            passes=passes,
            by_line=config.grain == "line",
            follows=follows,
        )

    def _table_of(self, model: Model) -> str:
        """The table that `--table` names, else the one that reads the same table."""
        names = {name.lower() for name in model.names}
        said = [table for table, one in self._named.items() if one.lower() in names]
        reading = [table for table, c in self._workspace.tables.items() if _reads(c, model)]
        for found in (said, reading):
            if len(found) == 1:
                return found[0]
            if found:
                raise NotCarried(
                    f"{model.names[0]} may be {' or '.join(sorted(found))} of opsnb.toml",
                    f"say which: --table {sorted(found)[0]}={model.names[0]}",
                )
        for table in self._workspace.tables:
            if table.lower() in names:
                raise NotCarried(
                    f"[tables.{table}] does not read {model.relation or 'its query'} alone",
                    f"if it holds the rows of {model.names[0]}, say so: "
                    f"--table {table}={model.names[0]}",
                )
        source = next(iter(self._workspace.sources), "shop")
        name = slug(model.relation or model.names[0])
        lines = [f"[tables.{name}]", f'source = "{source}"', *model.to_map]
        raise NotCarried(
            f"{model.names[0]} is no table of opsnb.toml",
            f"say which table holds its rows (--table NAME={model.names[0]}), or add to "
            "opsnb.toml:\n" + "\n".join(lines),
        )

    def refusal(self, metric: Metric) -> str | None:
        """What the engine says of a metric's SQL, where it refuses it; None: it does not."""
        if metric.table is None or metric.table not in self._workspace.tables:
            return None
        table = open_table(self._workspace, metric.table)
        alias = f"rows_of_{metric.id}"
        text = f"select {metric.value_sql}, {metric.per} from {alias} where {metric.where}"
        try:
            _columns_of(table, alias, portable(text, table.source.dialect))
        except OpsnbError as error:
            return str(error)
        except Exception as error:  # every engine has its own class for a bad expression
            return first_line(error)
        return None


def _columns_of(table: Table, alias: str, text: str) -> list[str]:
    """Has the engine read a query over the table, whose rows it need not look at."""
    return list(table.typed.alias(alias).sql(text, dialect=DUCKDB).columns)


def _projections(config: TableConfig, dialect: str) -> tuple[dict[str, str], bool]:
    """What the columns of a mapped query hold, and whether others keep their names."""
    select = _select(config, dialect)
    if select is None:
        return {}, True
    made: dict[str, str] = {}
    for item in select.expressions:
        if isinstance(item, sge.Alias | sge.Column):
            inner = item.this if isinstance(item, sge.Alias) else item
            if not inner.find(sge.Star):
                made[canonical(inner)] = item.alias_or_name
    return made, any(item.find(sge.Star) for item in select.expressions)


def _select(config: TableConfig, dialect: str) -> sge.Select | None:
    """The query of a mapping, where it takes its rows from tables; None for any other."""
    if config.sql is None:
        return None
    try:
        tree = sg.parse_one(config.expanded_sql or "", read=dialect)
    except (sg.errors.SqlglotError, OpsnbError):
        return None
    if not isinstance(tree, sge.Select) or tree.args.get("with_") or tree.args.get("with"):
        return None
    return tree if all(isinstance(one, sge.Table) for one in _sources(tree)) else None


def _sources(tree: sge.Select) -> list[sge.Expression]:
    first = tree.args.get("from_") or tree.args.get("from")
    joins = tree.args.get("joins") or []
    return [cast(sge.Expression, part.this) for part in [first, *joins] if part is not None]


def _reads(config: TableConfig, model: Model) -> bool:
    """Whether a mapping reads the model's table, and no other."""
    if model.relation is None:
        return False
    if config.table is not None:
        return config.table.rpartition(".")[2].lower() == model.relation.lower()
    select = _select(config, DUCKDB)
    tables = _sources(select) if select is not None else []
    return [table.name.lower() for table in tables] == [model.relation.lower()]
