"""Files of CSV."""

from __future__ import annotations

from opsnb.analysis.sources.base import Source, TextFiles
from opsnb.analysis.sources.embedded import Engine, data_files, free_name, named
from opsnb.analysis.sources.text_files import load
from opsnb.base.connectors import Connector
from opsnb.base.workspace import SourceConfig

_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def open_csv(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A folder of CSV files: one table a file; a subfolder's files make one table.

    The first line holds the names; the separator is the one it uses (comma, semicolon, tab
    or bar); quotes are double. Files that are not in UTF-8 need `encoding`.
    """
    where = f"sources.{config.name}"
    free_name(config.name, where)
    tables = data_files(url, engine.root, _ENDINGS, where)
    engine.limit_memory(config.memory_limit)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    rejected = {}
    for name, paths in tables.items():
        engine.opens(paths)
        found = load(engine, config, name, paths, where)
        if found.rows or found.lost:
            rejected[name] = found
    texts = {name: TextFiles(p, config.encoding, engine.root) for name, p in tables.items()}
    nulls = engine.nulls.get(config.name, {})
    place = ("memory", config.name)
    return Source(config.name, engine.backend, place, rejected, texts=texts, nulls=nulls)


CONNECTOR = Connector(open_csv, files=True)
