"""Where the data lives: a URL becomes a `Source` with an Ibis backend.

Embedded sources (DuckDB files, folders of Parquet and CSV) share one DuckDB, so that their
tables can be joined; servers are reached through their own driver, an extra of the package.
A new family is one file with an opener, and one line in `_OPENERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

from opsnb.analysis.sources.base import Rejected, Source
from opsnb.analysis.sources.csv_files import open_csv
from opsnb.analysis.sources.duckdb_files import open_duckdb, open_parquet
from opsnb.analysis.sources.embedded import Engine
from opsnb.analysis.sources.excel import open_excel
from opsnb.analysis.sources.servers import SERVERS, open_server
from opsnb.base.errors import SourceError, did_you_mean
from opsnb.base.workspace import SourceConfig, Workspace

__all__ = ["Engine", "Rejected", "Source", "connect", "open_source", "require_still"]

_OPENERS: dict[str, Callable[[SourceConfig, str, Engine], Source]] = {
    "duckdb": open_duckdb,
    "parquet": open_parquet,
    "csv": open_csv,
    "excel": open_excel,
    **dict.fromkeys(SERVERS, open_server),
}

_engines: WeakKeyDictionary[Workspace, Engine] = WeakKeyDictionary()
_sources: WeakKeyDictionary[Workspace, dict[str, Source]] = WeakKeyDictionary()


def connect(config: SourceConfig, root: Path, engine: Engine | None = None) -> Source:
    """Opens a source.

    Parameters
    ----------
    config : SourceConfig
        Its `url`: `duckdb://FILE`, `parquet://FOLDER`, `csv://FOLDER`, `excel://FILE` (a
        single file and a glob do too; absolute paths have three slashes), `postgres://...`,
        `spark://...`.
    root : Path
        Where relative paths start.
    engine : Engine, optional
        The DuckDB that embedded sources share; a fresh one by default.

    Raises
    ------
    SourceError
        Unknown scheme, missing file, missing driver, or a server that does not answer.
    """
    url = config.expanded_url
    scheme, separator, rest = url.partition("://")
    where = f"sources.{config.name}"
    if not separator or not rest:
        raise SourceError(
            "the url is not of the form scheme://place",
            where=where,
            hint='write url = "duckdb://data/shop.duckdb"',
        )
    if scheme not in _OPENERS:
        hint = did_you_mean(scheme, _OPENERS, kind="schemes")
        raise SourceError(f'unknown scheme "{scheme}"', where=where, hint=hint)
    return _OPENERS[scheme](config, url, engine or Engine(root))


def open_source(workspace: Workspace, name: str, *, noted: bool = True) -> Source:
    """A source of the workspace by its name; opened once, kept as long as the workspace.

    `noted`: whoever opens it may read all of it, so that a report rests on all of it.
    """
    if noted:
        workspace.reads.sources.add(name)
    if name not in workspace.sources:
        hint = did_you_mean(name, workspace.sources, kind="sources")
        raise SourceError(f'no source "{name}"', where="opsnb.toml", hint=hint)
    opened = _sources.setdefault(workspace, {})
    if name not in opened:
        engine = _engines.get(workspace)
        if engine is None:
            engine = _engines[workspace] = Engine(workspace.root)
        opened[name] = connect(workspace.sources[name], workspace.root, engine)
    return opened[name]


def require_still(workspace: Workspace) -> None:
    """Raises ChangedDataError where a file that was read has changed since it was opened."""
    if (engine := _engines.get(workspace)) is not None:
        engine.require_still()
