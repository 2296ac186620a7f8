"""The SQL of a mapped table: each column of the contract by a name or an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from opsnb.analysis.mapping.names import status_words, words
from opsnb.analysis.mapping.profile import ColumnProfile, TableProfile
from opsnb.analysis.mapping.score import Reading
from opsnb.analysis.sources.embedded import named, quoted
from opsnb.analysis.tables import CONTRACTS

__all__ = ["expression", "filler", "in_dialect", "meaning", "quantity_of", "unpivoted"]

_DIRTY = re.compile(r"^[\t\s'=\"]|[\t\s'\"]$")
_TRIMMED = "' =\"''' || chr(9)"
_PIECE = re.compile(r"\b(price|unit price)\b|单价")
_SITES = (
    "google", "facebook", "meta", "tiktok", "bing", "baidu", "douyin", "wechat", "xiaohongshu",
    "linkedin",
)  # fmt: skip
_QUANTITY = frozenset(
    ("quantity", "qty", "units", "lineitem quantity", "item quantity", "order quantity", "数量",
     "购买数量", "商品数量", "销售数量")
)  # fmt: skip


def expression(contract: str, column: str, one: ColumnProfile) -> str:
    """DuckDB SQL that reads a column of the contract from the team's own."""
    name, type = named(one.name), CONTRACTS[contract][column].type
    if type in ("time", "date") and "%" in one.moment:
        return f"try_strptime(trim({name}), {quoted(one.moment)})"
    if column == "status":
        return status_case(one, {value: meaning(value) for value in one.values})
    if type == "number" and "micros" in words(one.name).split():
        return f"{name} / 1000000"
    dirty = one.kind == "text" and any(_DIRTY.search(value) for value in one.values[:200])
    return f"trim({name}, {_TRIMMED})" if dirty and type == "text" else name


def meaning(status: str) -> str:
    """What a status means for the sale: paid, refunded, cancelled; "open" or "" undecided."""
    plain = words(status)
    for said, known in status_words().items():
        if plain in known or status.strip() in known:
            return said
    return ""


def status_case(one: ColumnProfile, meant: Mapping[str, str]) -> str:
    """SQL that turns statuses into paid, refunded, cancelled; what is open is no sale yet.

    A status without a meaning stays as it is: the data gate counts its rows.
    """
    own = {value: "cancelled" if said == "open" else said for value, said in meant.items() if said}
    if all(value.strip().lower() == said for value, said in own.items()) and len(own) == len(meant):
        return named(one.name)
    lines = []
    for said in ("paid", "refunded", "cancelled"):
        if listed := ", ".join(quoted(v) for v, m in own.items() if m == said):
            lines.append(f"when {named(one.name)} in ({listed}) then {quoted(said)}")
    if not lines:
        return named(one.name)
    return f"case {' '.join(lines)} else cast({named(one.name)} as varchar) end"


def quantity_of(table: TableProfile, amount: ColumnProfile) -> str | None:
    """The column that counts pieces, where the amount is the price of one piece."""
    if not _PIECE.search(words(amount.name)):
        return None
    return next((n for n in table.columns if words(n) in _QUANTITY), None)


def filler(reading: Reading, column: str) -> tuple[str, str] | None:
    """SQL for a column that has no source, and why it will do; None where nothing will."""
    contract, table = reading.contract, reading.table
    plain = re.sub(r"[^0-9a-z\u3400-\u9fff]+", "_", table.name.lower()).strip("_")
    score = reading.columns.get("score")
    known: dict[tuple[str, str], tuple[str, str]] = {
        ("events", "user_id"): (_nobody(), "no column says who it was"),
        ("orders", "order_id"): (
            "cast(row_number() over () as varchar)", "no column numbers the orders: each row is one"
        ),
        ("orders", "user_id"): (_nobody(), "no column says who bought: nothing by customer"),
        ("spend", "campaign_id"): ("'all'", "no column names a campaign"),
        ("spend", "date"): ("cast(null as date)", "no column has days: in no period's sum"),
        ("spend", "channel"): (quoted(_channel(plain)), "no column names a channel"),
        ("spend", "kind"): ("'media'", "advertising costs"),
        ("assignments", "experiment_id"): (quoted(plain), "no column names the experiment"),
        ("series", "unit"): ("'all'", "no column names a region"),
    }  # fmt: skip
    if (contract, column) == ("series", "metric"):
        value = reading.columns.get("value")
        named_so = words(value.column.name).replace(" ", "_") if value else plain
        return quoted(named_so), "the name of its value"
    if (contract, column) == ("surveys", "kind") and score:
        nps = score.column.high > 5 or "nps" in words(score.column.name)
        return ("'nps'", "scores to 10") if nps else ("'csat'", "scores to 5")
    return known.get((contract, column))


def _nobody() -> str:
    return "cast(null as varchar)"


def _channel(plain: str) -> str:
    return next((site for site in _SITES if site in plain), plain)


def unpivoted(reading: Reading, values: Sequence[str], date: str) -> str:
    """DuckDB SQL of a series out of a table with a metric in each column."""
    parts = [
        f"select {date} as date, 'all' as unit, {quoted(words(name).replace(' ', '_'))} as metric, "
        f"{named(name)} as value from {reading.table.origin}"
        for name in values
    ]
    return "\nunion all\n".join(parts)


def in_dialect(sql: str, dialect: str) -> str:
    """DuckDB SQL in the source's own dialect."""
    if dialect == "duckdb":
        return sql
    import sqlglot

    target = {"pyspark": "spark"}.get(dialect, dialect)
    return sqlglot.transpile(sql, read="duckdb", write=target)[0]
