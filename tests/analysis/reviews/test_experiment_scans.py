"""However many metrics and segments: one scan of each table."""

from __future__ import annotations

import re

import opsnb
from opsnb.analysis.metrics import Panel
from opsnb.analysis.metrics.daily_totals import DailyCounts
from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.experiments import STEPS


def scans(backend: object, table: str) -> int:
    """Queries that read the rows of a table since logging began."""
    log = backend.con.execute(  # type: ignore[attr-defined]
        "select message from duckdb_logs where type = 'QueryLog'"
    ).fetchall()
    asked = [text for (text,) in log if not text.startswith(("DESCRIBE", "CREATE OR REPLACE VIEW"))]
    return sum(bool(re.search(rf"\b{table}(_[0-9a-f]{{8}})?\b", text)) for text in asked)


def test_a_readout_reads_each_table_once(sample: Workspace) -> None:
    """Five metrics, two segments, every day, days since exposure and covariates over one table."""
    ops = Session(sample, "ab_readout", languages=["en", "zh"])
    backend = ops.rows.table("orders").source.backend
    ops.inspect("orders", "assignments", "events")
    backend.con.execute("CALL truncate_duckdb_logs()")
    backend.con.execute("CALL enable_logging('QueryLog', storage = 'memory')")
    try:
        readout = opsnb.Experiment(ops, "checkout_one_page")
        for step in STEPS:
            getattr(readout, step)()
        assert len(readout.plan.metrics) == 5 and len(readout.plan.segments) == 2
        assert isinstance(readout.panel, Panel) and not isinstance(readout.panel, DailyCounts)
        assert scans(backend, "orders") == 1
        assert scans(backend, "assignments") == 2  # what is missing, and the users
    finally:
        backend.con.execute("CALL disable_logging()")


def test_metrics_of_two_tables_take_a_scan_each(sample: Workspace) -> None:
    ops = Session(sample, "ab_readout")
    backend = ops.rows.table("orders").source.backend
    ops.inspect("orders", "assignments", "events")
    backend.con.execute("CALL truncate_duckdb_logs()")
    backend.con.execute("CALL enable_logging('QueryLog', storage = 'memory')")
    try:
        readout = opsnb.Experiment(ops, "badge_wall")
        for metric in readout.plan.metrics:
            readout.effects(metric)
        assert (scans(backend, "orders"), scans(backend, "events")) == (1, 1)
    finally:
        backend.con.execute("CALL disable_logging()")
