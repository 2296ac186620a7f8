"""Files of Parquet."""

from __future__ import annotations

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.embedded import Engine, data_files, free_name, named
from opsnb.analysis.sources.parquet_types import rows_of
from opsnb.base.connectors import Connector
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def open_parquet(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A folder of Parquet files: one table a file; a subfolder's files make one table."""
    where = f"sources.{config.name}"
    free_name(config.name, where)
    tables = data_files(url, engine.root, (".parquet", ".pq"), where)
    engine.limit_memory(config.memory_limit)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    for name, paths in tables.items():
        engine.opens(paths)
        roles = engine.uses.of(config.name, name)
        try:
            rows = rows_of(engine.connection, paths, engine.zone, roles.text)
            engine.connection.execute(f"CREATE VIEW {named(config.name)}.{named(name)} AS {rows}")
        except Exception as error:
            raise SourceError(
                f"cannot read {paths[0].name} ({first_line(error)})",
                where=where,
                hint="check that it is a complete Parquet file",
            ) from error
    return Source(config.name, engine.backend, ("memory", config.name))


CONNECTOR = Connector(open_parquet, files=True)
