"""ClickHouse within this process."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from opsnb.analysis.sources.server import server
from opsnb.analysis.sources.servers.clickhouse import settings_for

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


def _chdb(url: str, timeout: int) -> BaseBackend:
    """ClickHouse within this process, over a data folder: `chdb:///var/shop?database=ops`."""
    import clickhouse_connect
    import ibis

    parts = urlsplit(url)
    database = parse_qs(parts.query).get("database", ["default"])[0]
    settings = settings_for(timeout)
    client = clickhouse_connect.get_client(
        dsn=f"chdb://{parts.netloc}{quote(parts.path)}", database=database, settings=settings
    )
    return ibis.clickhouse.from_connection(client)


CONNECTOR = server(_chdb, "chdb", "opsnb[clickhouse-embedded]")
