"""Amounts of several currencies in one: each by the rate of its day, from the table `rates`.

The rate of a day is the last one on or before it. An amount without a rate is no number: it is
NULL, counted, and blocks what would add it up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import ibis
import ibis.expr.types as ir

from opsnb.analysis.tables import currencies
from opsnb.analysis.tables.engine_copies import beside, kept
from opsnb.analysis.tables.table_report import Issue
from opsnb.analysis.tables.typed_table import MARK, Converted, TypedTable
from opsnb.base.messages import Text

RATES = "rates"

MONEY = ("amount", "cost", "refund_amount")
"""Columns of the contract that are amounts of money."""

OLD = 7
"""Days after which a rate is old: over a holiday, none is set."""

UNPRICED = f"{MARK}unpriced"
"""Whether a row's amount has no rate, and is NULL for that."""

_CODE, _DAY, _RATE, _SINCE = (f"{MARK}{name}" for name in ("code", "day", "rate", "since"))
_SHOWN = 5


def convert(table: TypedTable, rates: TypedTable) -> None:
    """Has a table's amounts in the workspace's currency, where it says that some are in others."""
    column, day = currencies.column_of(table), table.contract.day
    if column is None or day is None:
        return
    rows = table.typed.mutate(**{_CODE: currencies.code_of(table.typed, column)})
    own = ibis.literal(table.currency)
    foreign = rows.filter(rows[_CODE] != own)
    keys = kept(foreign.select(_code=foreign[_CODE], _day=foreign[day]).distinct())
    if not int(keys.count().execute()):
        return
    found = _found(keys, beside(table, rates, _spans(rates)))
    rows = rows.left_join(found, [rows[_CODE] == found._of, rows[day] == found[_DAY]])
    rows = rows.drop("_of", _DAY)
    factor = ibis.cases((rows[_CODE] == own, 1.0), else_=rows[_RATE])
    columns = [name for name in MONEY if name in rows.columns]
    amounts = rows.filter(rows[currencies.AMOUNT].notnull() & ~rows[f"{MARK}out"])
    asked = amounts.select(
        code=amounts[_CODE],
        day=amounts[day],
        since=ibis.cases((amounts[_CODE] == own, amounts[day]), else_=amounts[_SINCE]),
    )
    table.converted = Converted(column, asked, columns, _source(rates))
    rows = rows.mutate(
        **{UNPRICED: rows[currencies.AMOUNT].notnull() & factor.isnull()},
        **{name: rows[name] * factor for name in columns},
    )
    table.typed = rows.drop(_CODE, _RATE, _SINCE)


def _spans(rates: TypedTable) -> ir.Table:
    """Rates with the day on which the next one begins; NULL where two say different things."""
    rows = rates.sound
    rows = rows.mutate(code=currencies.code_of(rows, "currency"))
    days = rows.group_by(["code", "date"]).agg(low=rows.rate.min(), high=rows.rate.max())
    rate = ibis.ifelse((days.low == days.high) & (days.low > 0), days.low, ibis.null("float64"))
    ahead = days.date.lead().over(ibis.window(group_by="code", order_by="date"))
    return days.select("code", "date", rate=rate, until=ahead)


def _found(keys: ir.Table, spans: ir.Table) -> ir.Table:
    """The rate of each currency and day that is asked for, and since when it holds."""
    held = spans.select(_held="code", _since="date", _rate="rate", _until="until")
    met = keys.inner_join(held, [keys._code == held._held, keys._day >= held._since])
    met = met.filter(met._until.isnull() | (met._day < met._until))
    met = met.filter(met._rate.notnull())
    return kept(met.select(**{"_of": met._code, _DAY: met._day, _RATE: met._rate,
                              _SINCE: met._since}))  # fmt: skip


def _source(rates: TypedTable) -> str:
    return ".".join(filter(None, (rates.config.source, rates.config.table)))


# -- what the gate says ------------------------------------------------------------------------


def issues(table: TypedTable) -> Iterator[Issue]:
    """What was converted from which currencies, and what could not be; one query."""
    if table.converted is None:
        return
    by_code = _by_code(table)
    foreign = [row for row in by_code if row["code"] != table.currency]
    base = {"own": table.currency, "source": table.converted.source}
    named = [row for row in foreign if row["code"] is not None]
    if priced := _listed(named, "priced"):
        args = base | {"listed": priced, "columns": table.converted.columns}
        count = sum(row["priced"] for row in named)
        yield Issue("converted", "note", count, Text("data.rule.converted", args))
    if lacking := _listed(named, "unpriced"):
        without = [row for row in named if row["unpriced"]]
        count = sum(row["unpriced"] for row in without)
        args = base | {
            "count": count,
            "listed": lacking,
            "first": min((row["first"] for row in without if row["first"]), default=None),
            "last": max((row["last"] for row in without if row["last"]), default=None),
        }
        rule = "unpriced" if args["first"] is not None else "unpriced_undated"
        text = Text(f"data.rule.{rule}", args)
        yield Issue("unpriced", "block", count, text, currencies.AMOUNT)
    if old := _listed(named, "old"):
        count = sum(row["old"] for row in named)
        args = base | {"count": count, "listed": old, "limit": OLD}
        yield Issue("old_rate", "warn", count, Text("data.rule.old_rate", args), table.contract.day)
    for row in foreign:
        if row["code"] is None:
            args = {"count": row["n"], "column": table.converted.column}
            text = Text("data.rule.no_currency", args)
            yield Issue("no_currency", "block", row["n"], text, currencies.AMOUNT)


def _by_code(table: TypedTable) -> list[dict[str, Any]]:
    """Rows by currency: with a rate, without, on which days, and with an old one."""
    assert table.converted is not None
    rows = table.converted.rows
    lacking = rows.since.isnull()
    age = rows.day.delta(rows.since, unit="day")
    counts = rows.group_by("code").agg(
        n=rows.count(),
        priced=(~lacking).sum(),
        unpriced=lacking.sum(),
        first=rows.day.min(where=lacking),
        last=rows.day.max(where=lacking),
        old=(age > OLD).sum(),
    )
    found: list[dict[str, Any]] = table.source.backend.to_pyarrow(counts).to_pylist()
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value


def _listed(rows: list[dict[str, Any]], what: str) -> list[Text]:
    """The currencies with the most such rows."""
    ranked = sorted((row for row in rows if row[what]), key=lambda row: (-row[what], row["code"]))
    return [
        Text.of("data.rule.of_currency", code=row["code"], count=row[what])
        for row in ranked[:_SHOWN]
    ]
