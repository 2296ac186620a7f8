"""DuckDB files."""

from __future__ import annotations

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.embedded import Engine, free_name, locate, named, quoted
from opsnb.base.connectors import Connector
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def open_duckdb(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A DuckDB file, attached read-only: other processes may read it at the same time."""
    where = f"sources.{config.name}"
    free_name(config.name, where)
    path = locate(url, engine.root, where)
    engine.opens([path])
    engine.limit_memory(config.memory_limit)
    try:
        engine.connection.execute(f"ATTACH {quoted(path)} AS {named(config.name)} (READ_ONLY)")
    except Exception as error:
        raise SourceError(
            f"cannot open {path.name} ({first_line(error)})",
            where=where,
            hint="close the program that writes to it, or check that it is a DuckDB file",
        ) from error
    place = (config.name, "main")
    return engine.keeps(Source(config.name, engine.backend, place, beside=engine.sources))


CONNECTOR = Connector(open_duckdb, files=True)
