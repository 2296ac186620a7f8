"""From a metric's SQL texts to an Ibis expression over its table's rows."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import ibis
from pydantic import BaseModel, ConfigDict

from opsnb.analysis.metrics.sqltext import portable
from opsnb.analysis.tables import (
    CONTRACTS,
    Contract,
    Record,
    Table,
    contract_of,
    open_table,
    record_of,
    refund_rows,
    sla,
)
from opsnb.base.errors import MetricError, OpsnbError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from opsnb.base.workspace import Workspace

REFUNDS = "refunds"
"""Among a metric's `needs`: that orders tell of refunds, by their status or as rows."""

NET = "{net}"
"""Stands in a metric's SQL for what a paid order brings after refunds."""

ON_TIME = "{on_time}"
"""Stands in a metric's SQL for whether a ticket was on time; NULL while nobody can tell."""

PROFIT = "{profit}"
"""Stands in a metric's SQL for the gross profit of an order."""

_MOMENT_OF = {"_day": "_at"} | {
    day: moment for contract in CONTRACTS.values() for day, moment in contract.dates.items()
}
"""The column that a local date comes from, in the tables that come with opsnb."""

_IBIS_TYPE = {"text": "string", "number": "float64", "time": "timestamp", "date": "date",
              "flag": "boolean"}  # fmt: skip


class RowDefinition(BaseModel):
    """Which rows of a table count, and what each is worth: the SQL of a metric's definition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    table: str | None = None
    value: str = ""
    per: str = "1"
    where: str = "true"
    needs: tuple[str, ...] = ()

    @property
    def value_sql(self) -> str:
        """The value of a row; 1 where none is given."""
        return self.value or "1"

    @property
    def divided(self) -> bool:
        """Whether `per` counts: what the values are divided by."""
        return False

    def tables(self, rows: Rows, catalogue: Mapping[str, Any]) -> set[str]:
        """The tables on whose days the value depends; none where it is no matter of days."""
        return {self.table} if self.table else set()


class Rows:
    """Opens the tables of a workspace once and gives metrics their rows.

    `open_table` is a parameter so that a caller may hand in tables it has opened already.
    """

    def __init__(
        self,
        workspace: Workspace,
        opener: Callable[[Workspace, str], Table] = open_table,
    ) -> None:
        self.workspace = workspace
        self._opener = opener
        self._tables: dict[str, Table] = {}
        self._made: dict[tuple[Any, ...], ibis.Table] = {}

    def has(self, table: str) -> bool:
        return table in self.workspace.tables

    def table(self, name: str) -> Table:
        """The opened table.

        Raises
        ------
        TableError
            The workspace maps no such table.
        """
        if name not in self._tables:
            self._tables[name] = self._opener(self.workspace, name)
        return self._tables[name]

    def contract(self, name: str) -> Contract:
        """What a table must hold: one of the ten, or of the team's own."""
        return contract_of(self.workspace, name)

    def day(self, name: str) -> str:
        """The column that places a row of a table in a day; empty where none does."""
        return self.contract(name).day or ""

    def moment(self, name: str | None) -> str | None:
        """The column that places it to the second, of tables that have one."""
        return None if name is None else self.contract(name).moment

    def record(self, name: str) -> Record:
        """What is on record of a table."""
        return record_of(self.workspace, name, self._opener)

    def expr(self, name: str) -> ibis.Table:
        """The table's rows on the days that are on record; all of them where no others are."""
        return self._on_record(name, self.table(name).expr)

    def _on_record(self, name: str, rows: ibis.Table) -> ibis.Table:
        column = self.day(name)
        return without(rows, self.record(name).aside, column) if column else rows

    def is_unique(self, metric: RowDefinition) -> bool:
        """Whether every row of a metric's table has a `value` of its own: its key, not repeated."""
        table = self.table(metric.table or "")
        return table.key == [metric.value_sql.strip()] and table.unique

    def absent(self, metric: RowDefinition) -> str | None:
        """What the workspace lacks for a metric of its own table: a table or column name."""
        assert metric.table is not None
        if not self.has(metric.table):
            return metric.table
        needs = metric.needs
        if ON_TIME in metric.where and self.judged_by_flag:
            needs = tuple(name for name in needs if name not in sla.TIMES)
        lacking = [name for name in needs if not self._known(metric.table, name)]
        if PROFIT in metric.value and self._profit is None:
            lacking.append("cost")
        if lacking[:1] == [REFUNDS] and not self.table(metric.table).has("status"):
            lacking = ["status"]
        return f"{metric.table}.{lacking[0]}" if lacking else None

    def _known(self, name: str, need: str) -> bool:
        """Whether a table tells of what a metric needs: what a default fills in tells nothing."""
        table = self.table(name)
        if need == REFUNDS and need not in table.expr.columns:
            return refund_rows.told(table, table.report)
        default = any(c.name == need and c.default is not None for c in table.contract.columns)
        return table.has(need) if default else need in table.expr.columns

    @functools.cached_property
    def orders(self) -> ibis.Table:
        """The orders, and by `is_refund` which rows are refunds: see `tables.refund_rows`."""
        table = self.table("orders")
        return refund_rows.marked(table, table.expr, table.report)

    @property
    def sold(self) -> ibis.Table:
        """The orders on days on record, without the rows that are refunds."""
        return self._on_record("orders", self.orders.filter(~self.orders.is_refund))

    def of(self, metric: RowDefinition, *, keep: tuple[str, ...] = ()) -> ibis.Table:
        """Rows that count for a metric.

        Returns
        -------
        ibis.Table
            Columns `_value`, `_per` (float64), `_day` (date), `_at` (timestamp) and `user_id`
            where the table has them, and the columns of `keep`.
        """
        # Kept, since the engine is asked for the columns of each text of SQL.
        key = (metric.table, metric.id, metric.where, metric.value_sql, metric.per, keep)
        if key not in self._made:
            self._made[key] = self._of(metric, keep)
        return self._made[key]

    def _of(self, metric: RowDefinition, keep: tuple[str, ...]) -> ibis.Table:
        assert metric.table is not None
        own = self.table(metric.table).expr.columns
        rows = self._with_optional_columns(metric.table)
        columns = {
            **self._places(metric.table, rows),
            "_value": metric.value_sql,
            "_per": metric.per,
        }
        columns |= {name: _quote(name) for name in keep if name in own}
        listed = ", ".join(f"{sql} as {_quote(name)}" for name, sql in columns.items())
        source = f"rows_of_{metric.id}"
        text = f"select {listed} from {source} where {metric.where}"
        return self._sql(rows.alias(source), text, metric)

    def together(
        self, metrics: Mapping[str, RowDefinition], *, keep: tuple[str, ...] = ()
    ) -> tuple[ibis.Table, dict[str, str]]:
        """Rows of one table for several metrics at once, so that it is scanned once.

        Parameters
        ----------
        metrics : mapping
            By a key of the caller's, metrics of the same table.

        Returns
        -------
        ibis.Table
            Every row of the table: `_day`, `_at`, `user_id`, the columns of `keep`, and what
            metrics need, each once.
        dict
            For each key the columns of `holds_KEY` (whether the row counts), `value_KEY` and,
            of a ratio, `per_KEY`; metrics that share a definition share columns.
        """
        name = next(iter(metrics.values())).table
        assert name is not None
        own = self.table(name).expr.columns
        rows = self._with_optional_columns(name)
        columns = {
            **self._places(name, rows),
            **{column: _quote(column) for column in keep if column in own},
        }
        texts: dict[str, str] = {}
        for key, metric in metrics.items():
            texts[f"holds_{key}"] = f"cast(({metric.where}) as boolean)"
            texts[f"value_{key}"] = f"case when ({metric.where}) then ({metric.value_sql}) end"
            if metric.divided:
                texts[f"per_{key}"] = f"case when ({metric.where}) then ({metric.per}) end"
        first = {text: f"_{what}" for what, text in reversed(texts.items())}
        columns |= {column: text for text, column in first.items()}
        listed = ", ".join(f"{sql} as {_quote(column)}" for column, sql in columns.items())
        source = f"rows_of_{name}"
        query = f"select {listed} from {source}"
        if (name, query) not in self._made:
            try:
                made = self._sql(rows.alias(source), query, next(iter(metrics.values())))
            except MetricError:
                for metric in metrics.values():
                    self.of(metric)  # the one at fault says so under its own name
                raise
            self._made[name, query] = made
        return self._made[name, query], {what: first[text] for what, text in texts.items()}

    def _places(self, name: str, rows: ibis.Table) -> dict[str, str]:
        """SQL of a row's day, and of its moment and user where the table has them."""
        day, moment = self.day(name), self.moment(name)
        places = {"_day": f"cast({_quote(day) if day in rows.columns else 'null'} as date)"}
        places |= {"_at": _quote(moment)} if moment else {}
        return places | ({"user_id": "user_id"} if "user_id" in rows.columns else {})

    @property
    def _order(self) -> str:
        """What a row of orders counts for: an order, or a line's part of its order."""
        lines = self.has("orders") and self.workspace.tables["orders"].grain == "line"
        return "(1.0 / count(*) over (partition by order_id))" if lines else "1"

    @property
    def _profit(self) -> str | None:
        """Gross profit of a row of orders: from its cost, else from the workspace's margin.

        Of an order that is refunded in part, the cost counts by the part that is kept.
        """
        if "cost" in self.table("orders").expr.columns:
            if not self._gives_amounts:
                return "(amount - cost)"
            return "(amount - cost) * (1 - coalesce(refund_amount / amount, 0))"
        margin = self.workspace.gross_margin
        return f"({self._net} * {margin})" if margin is not None else None

    @property
    def _net(self) -> str:
        return "(amount - refund_amount)" if self._gives_amounts else "amount"

    @property
    def _gives_amounts(self) -> bool:
        return self.has("orders") and self.table("orders").has(refund_rows.AMOUNT)

    def _with_optional_columns(self, name: str) -> ibis.Table:
        """The table with the contract's optional columns it lacks as NULLs, for SQL to name."""
        expr = self.orders if name == "orders" else self.table(name).expr
        lacking = {
            column.name: ibis.null().cast(_IBIS_TYPE[column.type])
            for column in self.contract(name).columns
            if column.name not in expr.columns
        }
        return expr.mutate(**lacking) if lacking else expr

    @property
    def judged_by_flag(self) -> bool:
        """Whether tickets say themselves that they were on time."""
        table = self.table("tickets")
        return table.has(sla.FLAG) and sla.by_flag(table, table.report)

    def _sql(self, rows: ibis.Table, text: str, metric: RowDefinition) -> ibis.Table:
        if ON_TIME in text:
            text = text.replace(ON_TIME, sla.sql(self.judged_by_flag))
        text = text.replace("{as_of}", f"'{self.workspace.as_of.isoformat()}'")
        text = text.replace("{order}", self._order)
        if NET in text:
            text = text.replace(NET, self._net)
        if PROFIT in text:
            text = text.replace(PROFIT, self._profit or "null")
        dialect = self.table(metric.table or "").source.dialect
        try:
            return rows.sql(portable(text, dialect), dialect="duckdb")
        except MetricError as error:
            where = f"metrics.toml [{metric.id}]"
            raise MetricError(error.what, where=where, hint=error.hint) from error
        except OpsnbError:
            raise
        except Exception as error:  # every engine has its own class for a bad expression
            reason = re.sub(r"\s+", " ", str(error)).partition(" LINE 1:")[0].strip()[:300]
            raise MetricError(
                f"the engine refuses its SQL: {reason}",
                where=f"metrics.toml [{metric.id}]",
                hint=f"value, per and where are DuckDB SQL over the columns of {metric.table}: "
                + ", ".join(rows.columns),
            ) from error


def without(rows: ibis.Table, days: Collection[dt.date], day: str = "_day") -> ibis.Table:
    """Rows but for those of some days; rows without a day stay."""
    if not days:
        return rows
    among = rows[day].cast("date").isin([ibis.literal(one) for one in sorted(days)])
    return rows.filter(~among.fill_null(False))


def on_days(
    rows: ibis.Table, first: dt.date | None, last: dt.date | None, day: str = "_day"
) -> ir.BooleanValue:
    """Whether a row lies on the days from `first` to `last`, both included; None is open.

    It says so of the moment as well, where the rows have the one that the day is of: an engine
    then skips what lies outside (row groups, partitions, indexes), which it does not for a day
    that it has to compute from each row.
    """
    inside = rows[day].notnull()
    if first is not None:
        inside &= rows[day] >= ibis.literal(first)
    if last is not None:
        inside &= rows[day] <= ibis.literal(last)
    moment = _MOMENT_OF.get(day)
    if moment in rows.columns:
        if first is not None:
            inside &= rows[moment] >= _midnight(first)
        if last is not None:
            inside &= rows[moment] < _midnight(last + dt.timedelta(days=1))
    return inside


def _midnight(day: dt.date) -> Any:
    return ibis.literal(dt.datetime.combine(day, dt.time()))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def number(value: Any) -> float | None:
    """A Python float, or None for NULL and NaN."""
    if value is None or value != value:
        return None
    return float(value)
