"""Databases and clusters, through Ibis and the driver that an extra brings."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from opsnb.errors import SourceError
from opsnb.sources.base import Source, first_line
from opsnb.sources.engine import Engine
from opsnb.workspace import SourceConfig

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


class _Server(NamedTuple):
    module: str
    install: str


SERVERS = {
    "postgres": _Server("psycopg", "opsnb[postgres]"),
    "postgresql": _Server("psycopg", "opsnb[postgres]"),
    "clickhouse": _Server("clickhouse_connect", "opsnb[clickhouse]"),
    "spark": _Server("pyspark", "opsnb[spark]"),
    "sc": _Server("pyspark", "opsnb[spark]"),
    "trino": _Server("trino", "ibis-framework[trino]==12.0.*"),
    "bigquery": _Server("google.cloud.bigquery", "ibis-framework[bigquery]==12.0.*"),
    "snowflake": _Server("snowflake.connector", "ibis-framework[snowflake]==12.0.*"),
}
"""URL scheme: the driver's module, and what to install for it."""


def open_server(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A server by its URL; `spark://local[2]`, `spark://host:7077`, `sc://host:15002`."""
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
        return Source(config.name, _backend(scheme, url))
    except Exception as error:
        message = _without_secrets(first_line(error), url)
        address = place.rpartition("@")[2].partition("?")[0]
        raise SourceError(
            f"cannot connect to {scheme}://{address} ({message})",
            where=where,
            hint="check the address, the password and that the server is running",
        ) from None


def _backend(scheme: str, url: str) -> BaseBackend:
    import ibis

    if scheme not in ("spark", "sc"):
        return ibis.connect(url)
    return ibis.pyspark.connect(_spark_session(scheme, url))


def _spark_session(scheme: str, url: str) -> Any:
    from pyspark.sql import SparkSession

    address = url.partition("?")[0]
    builder = SparkSession.builder.appName("opsnb").config("spark.sql.session.timeZone", "UTC")
    if scheme == "sc":
        return builder.remote(address).getOrCreate()
    place = address.partition("://")[2]
    return builder.master(place if place.startswith("local") else address).getOrCreate()


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _without_secrets(text: str, url: str) -> str:
    """The text without the password that the URL holds."""
    for secret in re.findall(r"://[^:/@]*:([^@]+)@|[?&][^=]*(?:password|token)[^=]*=([^&]+)", url):
        text = text.replace(secret[0] or secret[1], "***")
    return text
