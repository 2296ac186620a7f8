"""Where the data lives: a URL becomes a `Source` with an Ibis backend.

Embedded sources (DuckDB files, folders of Parquet and CSV) share one DuckDB, so that their
tables can be joined; servers are reached through their own driver, an extra of the package.
A scheme is a module of `files/` or `servers/`, or comes with a plug-in (`opsnb.base.connectors`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakKeyDictionary

from opsnb.analysis.sources.base import Rejected, Source
from opsnb.analysis.sources.column_roles import Ask
from opsnb.analysis.sources.embedded import Engine
from opsnb.base.connectors import Connector, find_connector, own_schemes
from opsnb.base.errors import SourceError, did_you_mean
from opsnb.base.plugins import Plugins
from opsnb.base.workspace import SourceConfig, Workspace

__all__ = ["Ask", "Engine", "Rejected", "Source", "connect", "open_source", "require_still"]

_engines: WeakKeyDictionary[Workspace, Engine] = WeakKeyDictionary()
_sources: WeakKeyDictionary[Workspace, dict[str, Source]] = WeakKeyDictionary()


def connect(
    config: SourceConfig,
    root: Path,
    engine: Engine | None = None,
    plugins: Plugins | None = None,
) -> Source:
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
    plugins : Plugins, optional
        That may bring further schemes; all by default.

    Raises
    ------
    PluginError
        The plug-in that brings the scheme cannot be used.
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
    connector = _connector(scheme, plugins or Plugins(), where)
    if connector.module and not _is_installed(connector.module):
        raise SourceError(
            f"{scheme} needs {connector.module}, which is not installed",
            where=where,
            hint=f'pip install "{connector.install}"',
        )
    source: Source = connector.open(config, url, engine or Engine(root))
    return source


def _connector(scheme: str, plugins: Plugins, where: str) -> Connector:
    """What opens a scheme's sources: opsnb's own, else a plug-in's."""
    own = own_schemes()
    if scheme in own:
        folder = "files" if own[scheme] else "servers"
        connector: Connector = importlib.import_module(f"{__name__}.{folder}.{scheme}").CONNECTOR
        return connector
    found = find_connector(scheme, plugins)
    if found is None:
        hint = did_you_mean(scheme, [*own, *plugins.names("sources")], kind="schemes")
        raise SourceError(f'unknown scheme "{scheme}"', where=where, hint=hint + plugins.remark)
    return found


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def open_source(
    workspace: Workspace, name: str, asks: Iterable[Ask] = (), *, noted: bool = True
) -> Source:
    """A source of the workspace by its name; opened once, kept as long as the workspace.

    `asks`: what the tables of the workspace read of its sources, which text files and workbooks
    are typed by. `noted`: whoever opens it may read all of it, so that a report rests on all of it.
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
            engine = Engine(workspace.root, asks, workspace.timezone)
            _engines[workspace] = engine
        config, plugins = workspace.sources[name], workspace.plugins
        opened[name] = connect(config, workspace.root, engine, plugins)
    return opened[name]


def require_still(workspace: Workspace) -> None:
    """Raises ChangedDataError where a file that was read has changed since it was opened."""
    if (engine := _engines.get(workspace)) is not None:
        engine.require_still()
