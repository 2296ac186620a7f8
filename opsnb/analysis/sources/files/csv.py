"""Files of CSV."""

from __future__ import annotations

from pathlib import Path

from opsnb.analysis.sources.base import Rejected, Remark, Source, TextFiles
from opsnb.analysis.sources.embedded import Engine, free_name, named
from opsnb.analysis.sources.file_source import FileSource
from opsnb.analysis.sources.folders import find_files
from opsnb.analysis.sources.text_files import load
from opsnb.base.connectors import Connector
from opsnb.base.workspace import SourceConfig

_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def open_csv(config: SourceConfig, url: str, engine: Engine) -> Source:
    """A folder of CSV files: one table a file; a subfolder's files make one table.

    The first line holds the names; the separator is the one it uses (comma, semicolon, tab
    or bar); quotes are double. Files that are written otherwise need a word in opsnb.toml, for
    the source or under [sources.NAME.tables.TABLE]. A table is read when it is first asked for.
    """
    where = f"sources.{config.name}"
    free_name(config.name, where)
    found = find_files(url, engine.root, _ENDINGS, where)
    engine.limit_memory(config.memory_limit)
    engine.connection.execute(f"CREATE SCHEMA {named(config.name)}")
    rejected: dict[str, Rejected] = {}
    remarks: dict[str, list[Remark]] = {}

    def read(name: str, paths: list[Path]) -> dict[Path, int]:
        engine.opens(paths)
        loaded = load(engine, config.name, name, config.text_of(name), paths, where)
        if loaded.rejected.rows or loaded.rejected.lost:
            rejected[name] = loaded.rejected
        remarks[name] = loaded.remarks
        return loaded.rows

    def written(name: str, paths: list[Path]) -> TextFiles:
        text = config.text_of(name)
        return TextFiles(paths, text.encoding, engine.root, text.skip + text.header)

    return engine.keeps(
        FileSource(
            config.name,
            engine.backend,
            ("memory", config.name),
            rejected,
            texts={name: written(name, paths) for name, paths in found.tables.items()},
            nulls=engine.nulls.setdefault(config.name, {}),
            remarks=remarks,
            beside=engine.sources,
            found=found,
            read=read,
        )
    )


CONNECTOR = Connector(open_csv, files=True)
