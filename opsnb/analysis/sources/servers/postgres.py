"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opsnb.analysis.sources.server import server

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def _postgres(url: str, timeout: int) -> BaseBackend:
    import ibis

    options = f"-c default_transaction_read_only=on -c statement_timeout={timeout * 1000}"
    backend = ibis.connect(url, options=options)
    backend.con.read_only = True
    # Temporary objects of this session are no change to the data: Ibis learns the columns of a
    # query from a temporary view, and keeps the users of an experiment in a temporary table.
    for name in (
        "_get_schema_using_query",
        "_create_cached_table",
        "_drop_cached_table",
        "_register_in_memory_table",
    ):
        setattr(backend, name, _writing(backend, getattr(backend, name)))
    return backend


def _writing(backend: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method in transactions that may write."""

    def call(*arguments: Any, **named: Any) -> Any:
        backend.con.read_only = False
        try:
            return method(*arguments, **named)
        finally:
            backend.con.read_only = True

    return call


CONNECTOR = server(_postgres, "psycopg", "opsnb[postgres]")
