"""Databases and clusters, through Ibis and the driver that an extra brings.

Connections only read wherever the engine can be told so, and a statement that runs longer
than the source's `timeout` is stopped by the engine.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.connection_errors import telling
from opsnb.analysis.sources.dialects import even_out
from opsnb.analysis.sources.embedded import Engine
from opsnb.analysis.sources.queries import compile_once, keep_queries
from opsnb.analysis.sources.spark import open_spark
from opsnb.base.credentials import secrets_in
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


class _Server(NamedTuple):
    module: str
    install: str


SERVERS = {
    "postgres": _Server("psycopg", "opsnb[postgres]"),
    "postgresql": _Server("psycopg", "opsnb[postgres]"),
    "clickhouse": _Server("clickhouse_connect", "opsnb[clickhouse]"),
    "chdb": _Server("chdb", "opsnb[clickhouse-embedded]"),
    "spark": _Server("pyspark", "opsnb[spark]"),
    "sc": _Server("pyspark", "opsnb[spark]"),
    "trino": _Server("trino", "ibis-framework[trino]==12.0.*"),
    "bigquery": _Server("google.cloud.bigquery", "ibis-framework[bigquery]==12.0.*"),
    "snowflake": _Server("snowflake.connector", "ibis-framework[snowflake]==12.0.*"),
}
"""URL scheme: the driver's module, and what to install for it."""


def open_server(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A server by its URL, such as `postgres://user:${PASSWORD}@host/shop`."""
    scheme, _, place = url.partition("://")
    server = SERVERS[scheme]
    where = f"sources.{config.name}"
    if not _installed(server.module):
        raise SourceError(
            f"{scheme} needs a driver that is not installed",
            where=where,
            hint=f'pip install "{server.install}"',
        )
    try:
        backend = _OPENERS.get(scheme, _through_ibis)(url, config.timeout)
    except SourceError as error:
        raise SourceError(error.what, where=where, hint=error.hint) from None
    except Exception as error:
        message = _without_secrets(first_line(error), url)
        address = place.rpartition("@")[2].partition("?")[0]
        raise SourceError(
            f"cannot connect to {scheme}://{address} ({message})",
            where=where,
            hint="check the address, the password and that the server is running",
        ) from None
    backend = telling(keep_queries(compile_once(even_out(backend)), scheme), config.name)
    return Source(config.name, backend)


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


def _clickhouse_settings(timeout: int) -> dict[str, Any]:
    """Level 2 reads only and leaves settings free; empty sides of outer joins are NULL."""
    return {
        "session_timezone": "UTC",
        "join_use_nulls": 1,
        "max_execution_time": timeout,
        "readonly": 2,
    }


def _clickhouse(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url, settings=_clickhouse_settings(timeout))


def _chdb(url: str, timeout: int) -> BaseBackend:
    """ClickHouse within this process, over a data folder: `chdb:///var/shop?database=ops`."""
    import clickhouse_connect
    import ibis

    parts = urlsplit(url)
    database = parse_qs(parts.query).get("database", ["default"])[0]
    settings = _clickhouse_settings(timeout)
    client = clickhouse_connect.get_client(
        dsn=f"chdb://{parts.netloc}{quote(parts.path)}", database=database, settings=settings
    )
    return ibis.clickhouse.from_connection(client)


def _snowflake(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(
        url, session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": timeout}, create_object_udfs=False
    )


def _trino(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url, session_properties={"query_max_execution_time": f"{timeout}s"})


def _through_ibis(url: str, timeout: int) -> BaseBackend:
    import ibis

    return ibis.connect(url)


_OPENERS: dict[str, Callable[[str, int], Any]] = {
    "postgres": _postgres,
    "postgresql": _postgres,
    "clickhouse": _clickhouse,
    "chdb": _chdb,
    "spark": open_spark,
    "sc": open_spark,
    "snowflake": _snowflake,
    "trino": _trino,
}


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _without_secrets(text: str, url: str) -> str:
    """The text without the passwords and tokens that the URL holds."""
    for secret in secrets_in(url):
        text = re.sub(re.escape(secret), "***", text)
    return text
