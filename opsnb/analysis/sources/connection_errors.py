"""A server that goes away or takes too long in the middle of a query, said in plain words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from opsnb.analysis.sources.base import first_line
from opsnb.base.errors import SourceError

_LATE = ("timeout", "timed out", "time limit", "execution time", "deadline")
_ASKING = ("execute", "to_pyarrow", "to_pyarrow_batches", "_get_schema_using_query")


def telling(backend: Any, name: str) -> Any:
    """The backend of a server; where it does not answer a query, a SourceError says so.

    Drivers name such errors OperationalError (PEP 249); ClickHouse says TIMEOUT_EXCEEDED. What
    is wrong with a query itself stays the driver's own error.
    """
    for method in _ASKING:
        if hasattr(backend, method):
            setattr(backend, method, _told(getattr(backend, method), name))
    return backend


def _told(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except Exception as error:
            if not _of_server(error):
                raise
            late = any(word in str(error).lower() for word in _LATE)
            raise SourceError(
                f"the server {'stopped a query' if late else 'did not finish a query'} "
                f"({first_line(error)})",
                where=f"sources.{name}",
                hint=f"raise timeout in [sources.{name}], or ask when it is less busy"
                if late
                else "see that it is up and reachable, then run it again",
            ) from None

    return call


def _of_server(error: Exception) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return "OperationalError" in names or "TIMEOUT_EXCEEDED" in str(error)
