"""Where engines differ in ways that change a number, and how they are made to agree.

Each class is Ibis's own compiler with some operations said in other words; a backend gets
its compiler when its source is opened. docs/engines.md lists the rules for people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.schema as sch
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import STAR
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler
from ibis.backends.sql.compilers.clickhouse import ClickHouseCompiler
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.compilers.trino import TrinoCompiler
from ibis.backends.sql.datatypes import ClickHouseType
from ibis.backends.sql.dialects import PySpark

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

NULL = sge.Null()
_CALENDAR_DAY = r"^(\d{4})-(\d{1,2})-(\d{1,2})"


class Postgres(PostgresCompiler):
    """PostgreSQL: flags become numbers of every type, and a cast that fails is NULL."""

    __slots__ = ()

    def visit_Cast(self, op: Any, *, arg: Any, to: dt.DataType) -> Any:
        if op.arg.dtype.is_boolean() and to.is_numeric():
            arg = self.cast(arg, dt.int32)
            return arg if to.is_int32() else self.cast(arg, to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op: Any, *, arg: Any, to: dt.DataType) -> Any:
        """Before version 16 PostgreSQL cannot ask whether a text is a time: a day must exist."""
        done = self.visit_Cast(op, arg=arg, to=to)
        if not (op.arg.dtype.is_string() and (to.is_timestamp() or to.is_date())):
            return done
        last = sg.parse_one(
            "EXTRACT(DAY FROM MAKE_DATE(CAST((p)[1] AS INT), CAST((p)[2] AS INT), 1) "
            "+ INTERVAL '1 month' - INTERVAL '1 day') >= CAST((p)[3] AS INT)",
            read="postgres",
        )
        parts = self.f.anon.regexp_match(arg, _CALENDAR_DAY)
        exists = last.transform(
            lambda node: parts.copy() if isinstance(node, sge.Column) and node.name == "p" else node
        )
        return self.if_(exists, done, NULL)


class _ClickHouseTypes(ClickHouseType):
    """Dates from 1900 on and times to the microsecond, where Ibis takes the short types."""

    @classmethod
    def from_ibis(cls, dtype: dt.DataType) -> sge.DataType:
        if dtype.is_timestamp() and dtype.scale is None:
            dtype = dtype.copy(scale=6)
        found: sge.DataType = super().from_ibis(dtype)
        if dtype.is_date():
            nullable = found.args.get("nullable")
            found = sge.DataType(this=sge.DataType.Type.DATE32, nullable=nullable)
        return found


class ClickHouse(ClickHouseCompiler):
    """ClickHouse: exact distinct counts, variances that keep their digits, long dates,
    microseconds, days before 1970, NULL for what is no time."""

    __slots__ = ()

    type_mapper = _ClickHouseTypes
    SIMPLE_OPS = {ops.Date: "toDate32", ops.CountDistinct: "uniqExact"}  # noqa: RUF012

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:
        return self.f.anon.toUnixTimestamp64Second(self.f.anon.toDateTime64(arg, 6))

    def visit_InMemoryTable(
        self, op: Any, *, name: str, schema: sch.Schema, data: Any
    ) -> sge.Expression:
        """Some rows as literals: a session that only reads has no tables of its own."""
        structure = ", ".join(
            f"`{column}` {self.type_mapper.to_string(kind)}" for column, kind in schema.items()
        )
        rows = [
            self.f.anon.tuple(*(sge.convert(value) for value in row.values()))
            for row in data.to_pyarrow(schema).to_pylist()
        ]
        return sg.select(STAR).from_(self.f.anon.values(structure, *rows)).subquery(name)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: dt.DataType) -> Any:
        if dtype.is_date():
            return self.f.anon.toDate32(value.isoformat())
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_TryCast(self, op: Any, *, arg: Any, to: dt.DataType) -> Any:
        if op.arg.dtype.is_string() and to.is_timestamp():
            zone = to.timezone or "UTC"
            return self.f.anon.parseDateTime64BestEffortOrNull(arg, 6, zone)
        if op.arg.dtype.is_string() and to.is_date():
            return self.f.anon.toDate32OrNull(arg)
        return super().visit_TryCast(op, arg=arg, to=to)

    def visit_StandardDevVariance(self, op: Any, *, how: Any, where: Any, **kw: Any) -> Any:
        """ClickHouse's plain forms subtract squares, and lose a small spread of large values."""
        plain = super().visit_StandardDevVariance(op, how=how, where=None, **kw)
        return self.agg[f"{plain.name}Stable"](*kw.values(), where=where)

    visit_StandardDev = visit_Variance = visit_Covariance = visit_StandardDevVariance

    def visit_Quantile(self, op: Any, *, arg: Any, quantile: Any, where: Any) -> Any:
        """Interpolated like everywhere else; ClickHouse's own `quantile` samples."""
        return self._visit_quantile("quantileExactInclusive", arg, quantile, where)


class Trino(TrinoCompiler):
    """Trino: an exact quantile, which it has only by estimate."""

    __slots__ = ()
    UNSUPPORTED_OPS = tuple(o for o in TrinoCompiler.UNSUPPORTED_OPS if o is not ops.Quantile)

    def visit_Quantile(self, op: Any, *, arg: Any, quantile: Any, where: Any) -> Any:
        there = arg.is_(NULL).not_()
        held = self.agg.array_agg(arg, where=there if where is None else sg.and_(where, there))
        values = self.f.array_sort(held)
        last = self.f.cardinality(values.copy()) - 1
        return _between(self, last, quantile, lambda at: self.f.element_at(values.copy(), at + 1))


class BigQuery(BigQueryCompiler):
    """BigQuery: an exact quantile, which it has only over windows."""

    __slots__ = ()
    UNSUPPORTED_OPS = tuple(o for o in BigQueryCompiler.UNSUPPORTED_OPS if o is not ops.Quantile)

    def visit_Quantile(self, op: Any, *, arg: Any, quantile: Any, where: Any) -> Any:
        held = arg if where is None else self.if_(where, arg, NULL)
        ordered = sge.Order(
            this=held, expressions=[sge.Ordered(this=held.copy(), nulls_first=True)]
        )
        values = sge.ArrayAgg(this=sge.IgnoreNulls(this=ordered))
        last = self.f.count(held.copy()) - 1
        return _between(
            self, last, quantile,
            lambda at: sge.Bracket(this=values.copy(), expressions=[at], offset=0, safe=True),
        )  # fmt: skip


class Spark(PySparkCompiler):
    """Spark: a number with a point is a double, not a decimal of its digits."""

    __slots__ = ()

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: dt.DataType) -> Any:
        literal = super().visit_NonNullLiteral(op, value=value, dtype=dtype)
        return self.cast(literal, dtype) if dtype.is_floating() else literal


def _between(compiler: Any, last: Any, quantile: Any, value: Callable[[Any], Any]) -> Any:
    """A quantile between two values in order, of which `value` gives those from 0 to `last`."""
    place = sge.Paren(this=sge.Paren(this=last) * quantile)
    low, high = (compiler.cast(round_(place.copy()), dt.int64)
                 for round_ in (compiler.f.floor, compiler.f.ceil))  # fmt: skip
    share = sge.Paren(this=place - compiler.f.floor(place.copy()))
    step = sge.Paren(this=value(high) - value(low))
    return value(low.copy()) + share * step


def even_out(backend: BaseBackend) -> BaseBackend:
    """Gives a backend what makes its answers those of the others."""
    if backend.name == "postgres":
        backend.compiler = Postgres()
    elif backend.name == "clickhouse":
        backend.compiler = ClickHouse()
        backend._get_schema_using_query = lambda query: _described(backend, query)
        backend._collect_in_memory_tables = lambda *_, **__: {}
        backend._get_sql_string_view_schema = lambda **view: _view(backend, **view)
    elif backend.name in ("trino", "bigquery"):
        backend.compiler = Trino() if backend.name == "trino" else BigQuery()
    elif backend.name == "pyspark":
        backend.compiler = Spark()
        backend.get_schema = lambda name, **place: _spark_schema(
            backend, backend._session.table(_spark_name(name, **place))
        )
        backend._get_schema_using_query = lambda query: _spark_schema(
            backend, backend.raw_sql(query)
        )
        backend._create_cached_table = lambda name, rows: _spark_kept(backend, name, rows)
        # Spark reads \v, \f and \a as these letters: texts would lose them with their blanks.
        for letter in "\v\f\a":
            PySpark.ESCAPED_SEQUENCES.pop(letter, None)
    return backend


def _described(backend: Any, query: str) -> sch.Schema:
    """Columns of a query without the view that Ibis makes, which a reader may not make."""
    with backend._safe_raw_sql(f"DESCRIBE ({query})") as result:
        names, types, *_ = result.result_columns
    return sch.Schema(
        {n: _ClickHouseTypes.from_string(t) for n, t in zip(names, types, strict=True)}
    )


def _view(backend: Any, *, name: str, table: Any, query: str) -> sch.Schema:
    """Columns of a query over a table: its flags stay flags, which ClickHouse calls UInt8."""
    sql = backend.compiler.add_query_to_expr(name=name, table=table, query=query)
    known = table.schema()
    return sch.Schema(
        {
            column: known[column] if column in known and known[column].is_boolean() else kind
            for column, kind in _described(backend, sql).items()
        }
    )


def _spark_name(name: str, catalog: str | None = None, database: str | None = None) -> str:
    return ".".join(f"`{part}`" for part in (catalog, database, name) if part)


def _spark_kept(backend: Any, name: str, rows: ir.Table) -> ir.Table:
    """Rows that Spark works out once; Ibis's own would keep each step's plan within the next."""
    frame = backend._session.sql(backend.compile(rows)).localCheckpoint()
    frame.createTempView(name)
    backend._cached_dataframes[name] = frame
    return backend.table(name)


def _spark_schema(backend: Any, frame: Any) -> sch.Schema:
    """Ibis takes Spark's instants for naive times; here they keep the session's zone, UTC."""
    from ibis.backends.pyspark.datatypes import PySparkType
    from pyspark.sql.types import TimestampType

    return sch.Schema(
        {
            field.name: dt.Timestamp("UTC")
            if isinstance(field.dataType, TimestampType)
            else PySparkType.to_ibis(field.dataType, nullable=field.nullable)
            for field in frame.schema.fields
        }
    )
