"""Databases and clusters, through Ibis and the driver that an extra brings.

Connections only read wherever the engine can be told so, and a statement that runs longer
than the source's `timeout` is stopped by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.connection_errors import telling
from opsnb.analysis.sources.dialects import even_out
from opsnb.analysis.sources.embedded import Engine
from opsnb.analysis.sources.queries import compile_once, keep_queries
from opsnb.base.connectors import Connector
from opsnb.base.credentials import secrets_in
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

Connect = Callable[[str, int], "BaseBackend"]
"""Gives the backend at a url, with its limit on a statement, in seconds."""


def server(connect: Connect, module: str, install: str) -> Connector:
    """The connector of a server, such as `postgres://user:${PASSWORD}@host/shop`.

    Parameters
    ----------
    connect : callable
    module, install : str
        As of a `Connector`.
    """

    def open_server(config: SourceConfig, url: str, engine: Engine) -> Source:
        scheme, _, place = url.partition("://")
        where = f"sources.{config.name}"
        try:
            backend = connect(url, config.timeout)
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

    return Connector(open_server, module=module, install=install)


def _without_secrets(text: str, url: str) -> str:
    """The text without the passwords and tokens that the URL holds."""
    for secret in secrets_in(url):
        text = re.sub(re.escape(secret), "***", text)
    return text
