"""Files of Parquet."""

from __future__ import annotations

from pathlib import Path

from opsnb.analysis.sources.base import Source, first_line
from opsnb.analysis.sources.embedded import Engine, free_name, named, quoted
from opsnb.analysis.sources.file_source import FileSource
from opsnb.analysis.sources.folders import find_files
from opsnb.analysis.sources.parquet_types import rows_of
from opsnb.base.connectors import Connector
from opsnb.base.errors import SourceError
from opsnb.base.workspace import SourceConfig


def open_parquet(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A folder of Parquet files: one table a file; a subfolder's files make one table."""
    where = f"sources.{config.name}"
    free_name(config.name, where)
    found = find_files(url, engine.root, (".parquet", ".pq"), where)
    engine.limit_memory(config.memory_limit)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")

    def read(name: str, paths: list[Path]) -> None:
        engine.opens(paths)
        roles = engine.uses.of(config.name, name)
        try:
            rows = rows_of(engine.connection, paths, engine.zone, roles.text)
            engine.connection.execute(f"CREATE VIEW {named(config.name)}.{named(name)} AS {rows}")
        except Exception as error:
            broken = _broken(engine, paths)
            raise SourceError(
                f"cannot read {broken or paths[0].name} ({first_line(error)})",
                where=where,
                hint="write the file once more; it is no complete Parquet file"
                if broken
                else "write all files of the table with the same types of columns",
            ) from error

    return engine.keeps(
        FileSource(
            config.name, engine.backend, ("memory", config.name),
            found=found, read=read, beside=engine.sources,
        )
    )  # fmt: skip


def _broken(engine: Engine, paths: list[Path]) -> str | None:
    """The first file that cannot be read by itself either."""
    for path in paths:
        try:
            engine.connection.execute(f"SELECT * FROM read_parquet({quoted(path)}) LIMIT 0")
        except Exception:
            return path.name
    return None


CONNECTOR = Connector(open_parquet, files=True)
