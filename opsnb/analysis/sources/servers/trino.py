"""Trino."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.sources.server import server

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def _trino(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url, session_properties={"query_max_execution_time": f"{timeout}s"})


CONNECTOR = server(_trino, "trino", "ibis-framework[trino]==12.0.*")
