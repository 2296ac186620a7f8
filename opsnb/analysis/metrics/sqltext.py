"""A metric's SQL made to mean the same on every engine, before Ibis translates it."""

from __future__ import annotations

import sqlglot as sg
import sqlglot.expressions as sge

from opsnb.base.errors import MetricError

_SUNDAY, _MONDAY = "1970-01-04", "1970-01-05"


def portable(query: str, dialect: str) -> str:
    """The query in DuckDB's dialect, without what engines understand differently.

    - A division by zero is NULL (DuckDB says infinity, PostgreSQL refuses).
    - Days of the week are counted from dates (0 is Sunday; `isodow`: 1 is Monday).
    - `round` takes halves away from zero (PostgreSQL and ClickHouse take them to the even).
    - Weeks begin on Monday (on BigQuery they would on Sunday).

    Raises
    ------
    MetricError
        The query uses `//`, which DuckDB itself reads as a plain division of numbers that
        are not whole, or it cannot be parsed.
    """
    try:
        tree = sg.parse_one(query, read="duckdb")
    except sg.errors.ParseError as error:
        found = error.errors[0] if error.errors else {}
        reason = str(found.get("description") or error).split(" for <class")[0]
        near = f' near "{found["highlight"]}"' if found.get("highlight", "").strip() else ""
        hint = "value, per and where are DuckDB SQL, such as where = \"status = 'paid'\""
        raise MetricError(
            f"its SQL cannot be read ({reason.rstrip('.')}{near})", hint=hint
        ) from error
    if tree.find(sge.IntDiv):
        raise MetricError("// divides differently from engine to engine", hint="floor(a / b)")
    return tree.transform(_same_everywhere, dialect).sql(dialect="duckdb")


def _same_everywhere(node: sge.Expression, dialect: str) -> sge.Expression:
    if isinstance(node, sge.Div) and not isinstance(node.expression, sge.Nullif | sge.Literal):
        divisor = sge.Nullif(this=node.expression, expression=sge.Literal.number(0))
        return sge.Div(this=node.this, expression=divisor, **_kept(node))
    if isinstance(node, sge.DayOfWeek):
        return _weekday(node.this, _SUNDAY, 0)
    if isinstance(node, sge.DayOfWeekIso):
        return _weekday(node.this, _MONDAY, 1)
    if isinstance(node, sge.Extract) and node.name.lower() in ("dow", "dayofweek", "weekday"):
        return _weekday(node.expression, _SUNDAY, 0)
    if isinstance(node, sge.Extract) and node.name.lower() == "isodow":
        return _weekday(node.expression, _MONDAY, 1)
    if isinstance(node, sge.Round):
        return _rounded(node)
    if dialect == "bigquery" and isinstance(node, sge.DateTrunc | sge.TimestampTrunc):
        return _monday(node)
    return node


def _rounded(node: sge.Round) -> sge.Expression:
    places = int(node.args["decimals"].name) if node.args.get("decimals") else 0
    made = sg.parse_one(f"(SIGN(x) * FLOOR(ABS(x) * 1e{places} + 0.5) / 1e{places})", read="duckdb")
    rounded: sge.Expression = made.transform(
        lambda part: node.this.copy() if isinstance(part, sge.Column) and part.name == "x" else part
    )
    return rounded


def _kept(node: sge.Div) -> dict[str, object]:
    return {name: node.args.get(name) for name in ("typed", "safe")}


def _weekday(moment: sge.Expression, origin: str, first: int) -> sge.Expression:
    """Days since a known one, modulo seven; never negative."""
    made = sg.parse_one(
        f"(((DATE_DIFF('day', DATE '{origin}', CAST(moment AS DATE)) % 7) + 7) % 7 + {first})",
        read="duckdb",
    )
    return made.transform(
        lambda part: moment.copy() if isinstance(part, sge.Column) and part.name == "moment"
        else part
    )  # fmt: skip


def _monday(node: sge.Expression) -> sge.Expression:
    """A week cut on Sunday, of the day before: the same week cut on Monday."""
    unit = node.args.get("unit")
    if unit is None or unit.name.upper() != "WEEK" or isinstance(node.parent, sge.Add):
        return node
    day = sge.Interval(this=sge.Literal.string("1"), unit=sge.Var(this="DAY"))
    node.set("this", sge.Sub(this=node.this, expression=day.copy()))
    return sge.Add(this=node, expression=day)
