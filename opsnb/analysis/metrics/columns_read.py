"""Which columns of which tables a metric's value is taken from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsnb.analysis.metrics.rows import NET, ON_TIME, PROFIT, RowDefinition

Reads = Mapping[str, frozenset[str]]
"""Columns by table."""

_STANDS_FOR = {
    NET: "amount refund_amount",
    ON_TIME: "due_at resolved_at on_time",
    PROFIT: "amount cost refund_amount",
}
_NAME = re.compile(r"[^\W\d]\w*")
_QUOTED = re.compile(r'"([^"]+)"')


def own_columns(metric: RowDefinition) -> Reads:
    """What the SQL of a metric's own table names; a word of a text counts as well."""
    sql = f"{metric.value_sql} {metric.per} {metric.where}"
    for text, columns in _STANDS_FOR.items():
        sql = sql.replace(text, columns)
    named = (*_NAME.findall(sql), *_QUOTED.findall(sql), *metric.needs)
    return {metric.table or "": frozenset(named)}


def together(*reads: Reads) -> Reads:
    """What several metrics read."""
    tables = dict.fromkeys(table for one in reads for table in one)
    return {table: frozenset[str]().union(*(r.get(table, ()) for r in reads)) for table in tables}
