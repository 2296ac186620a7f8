"""Metrics: definitions that cannot be used, and SQL that the tables' engine refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsnb.analysis.metrics.metric import Metric
from opsnb.analysis.readiness.known import Known
from opsnb.analysis.tables import CONTRACTS
from opsnb.base.concerns import Concern
from opsnb.base.errors import MetricError, OpsnbError, did_you_mean

_UNKNOWN = re.compile(r'[Cc]olumn "?([^"\s]+)"? (?:not found|does not exist)')


def concerns(known: Known) -> Iterator[Concern]:
    """Of every metric of the team's own; built-in ones are tested with opsnb."""
    for key, what, hint in known.mistakes:
        id_ = key.removeprefix("[").partition("]")[0]
        said = what.removesuffix(f"; {hint}")
        yield Concern("metrics", "unusable", "block", _file(known, id_), key, said, hint)
    for id_ in known.own_metrics:
        metric = known.catalogue.get(id_)
        if metric is not None and metric.table is not None:
            yield from _of_table(known, metric)


def _of_table(known: Known, metric: Metric) -> Iterator[Concern]:
    """The metric's table, its columns, and whether its SQL compiles: no row is read."""
    file, key, table = _file(known, metric.id), f"[{metric.id}]", metric.table or ""
    tables = {*CONTRACTS, *known.workspace.tables}
    if table not in tables:
        hint = did_you_mean(table, tables, kind="tables")
        what = f'there is no table "{table}"'
        yield Concern("metrics", "unknown_table", "block", file, f"{key} table", what, hint)
        return
    if not known.rows.has(table):
        hint = f"map [tables.{table}] in opsnb.toml, or remove the metric"
        what = f"cannot be measured: the table {table} is not mapped"
        yield Concern("metrics", "not_mapped", "note", file, key, what, hint)
        return
    if known.table(table) is None:
        return  # the data gate says why it cannot be opened
    try:
        known.rows.of(metric)
    except MetricError as error:
        columns = known.rows.table(table).columns
        unknown = _UNKNOWN.search(error.what)
        hint = did_you_mean(unknown[1], columns, kind="columns") if unknown else error.hint
        yield Concern("metrics", "sql", "block", file, key, error.what, hint)
    except OpsnbError as error:
        yield Concern("metrics", "sql", "block", file, key, error.what, error.hint)


def _file(known: Known, id_: str) -> str:
    return known.own_metrics.get(id_, "metrics.toml")
