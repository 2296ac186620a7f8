"""Snowflake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.sources.server import server

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def _snowflake(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(
        url, session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": timeout}, create_object_udfs=False
    )


CONNECTOR = server(_snowflake, "snowflake.connector", "ibis-framework[snowflake]==12.0.*")
