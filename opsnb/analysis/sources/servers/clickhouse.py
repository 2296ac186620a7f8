"""ClickHouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.sources.server import server

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def settings_for(timeout: int) -> dict[str, Any]:
    """Of a session: level 2 reads only and leaves settings free; empty sides of outer joins are
    NULL."""
    return {
        "session_timezone": "UTC",
        "join_use_nulls": 1,
        "max_execution_time": timeout,
        "readonly": 2,
    }


def _clickhouse(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url, settings=settings_for(timeout))


CONNECTOR = server(_clickhouse, "clickhouse_connect", "opsnb[clickhouse]")
