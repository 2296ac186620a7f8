"""Folders of JSON lines: `jsonl://data` makes a table of each `data/*.jsonl`."""

from __future__ import annotations

from opsnb.analysis.sources import Engine, Source
from opsnb.analysis.sources.embedded import data_files, named, quoted
from opsnb.base.connectors import Connector
from opsnb.base.workspace import SourceConfig


def open_json_lines(config: SourceConfig, url: str, engine: Engine) -> Source:
    tables = data_files(url, engine.root, (".jsonl",), f"sources.{config.name}")
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    for name, paths in tables.items():
        engine.opens(paths)
        files = ", ".join(quoted(path) for path in paths)
        engine.connection.execute(
            f"CREATE VIEW {named(config.name)}.{named(name)} AS "
            f"SELECT * FROM read_json([{files}], format = 'newline_delimited')"
        )
    return Source(config.name, engine.backend, ("memory", config.name))


CONNECTOR = Connector(open_json_lines, files=True)
