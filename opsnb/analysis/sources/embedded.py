"""The embedded DuckDB, and the paths that embedded sources read."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from opsnb.analysis.sources.column_roles import Ask
from opsnb.analysis.sources.folders import data_files, locate
from opsnb.analysis.sources.queries import compile_once, keep_queries
from opsnb.analysis.sources.shared_results import share
from opsnb.base import core_share
from opsnb.base.errors import ChangedDataError, SourceError

if TYPE_CHECKING:
    import duckdb
    from ibis.backends.duckdb import Backend

    from opsnb.analysis.sources.column_uses import ColumnUses

__all__ = ["Engine", "data_files", "free_name", "locate", "named", "quoted"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


S = TypeVar("S", bound=_Named)

_Stamp = tuple[int, ...]


def _stamp(path: Path) -> _Stamp:
    """Which file it is, its size and time; nothing where it is away."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


_TAKEN = {"memory", "main", "system", "temp"}


class Engine:
    """One DuckDB in memory, opened at first use; sources are attached to it read-only.

    Limits: half of the machine's memory (OPSNB_MEMORY_LIMIT, or a source's
    `memory_limit`), then it spills to the system's folder for temporary files. It
    downloads no extensions. Times with a zone are UTC.
    """

    def __init__(self, root: Path, asks: Iterable[Ask] = (), zone: str = "UTC") -> None:
        self.root = root
        self.zone = zone
        """That of naive times, where files hold them beside times with a zone."""
        self.asks = list(asks)
        self.files: dict[Path, _Stamp] = {}
        """What its sources read, each as it was when it was opened."""
        self.sources: dict[str, Any] = {}
        """Its sources of files by name: the queries of each may name tables of the others."""
        self.nulls: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
        """Words for nothing that text files were read with: rows by source, table, column, word."""

    @functools.cached_property
    def uses(self) -> ColumnUses:
        """What the tables of the workspace make of the columns of its sources."""
        from opsnb.analysis.sources.column_uses import ColumnUses

        return ColumnUses(self.asks)

    def keeps(self, source: S) -> S:
        """The source, which queries of others may name from now on."""
        self.sources[source.name] = source
        return source

    def opens(self, paths: Iterable[Path]) -> None:
        """Notes files that a source is about to read."""
        for path in paths:
            self.files.setdefault(path, _stamp(path))

    def require_still(self) -> None:
        """Raises ChangedDataError where a file is not the one that was opened.

        What was read before and after would not be of one and the same state.
        """
        changed = [path for path, was in self.files.items() if _stamp(path) != was]
        if changed:
            names = ", ".join(sorted({path.name for path in changed})[:5])
            raise ChangedDataError(
                f"{names} changed while it was being read, so that numbers may come from before "
                "and after",
                where="data",
                hint="run it again when the data hold still; best write them beside and rename",
            )

    @functools.cached_property
    def backend(self) -> Backend:
        import duckdb
        import ibis

        folder = Path(tempfile.gettempdir()) / f"opsnb-{os.getpid()}"
        connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "memory_limit": os.environ.get("OPSNB_MEMORY_LIMIT") or _half_of_memory(),
                "temp_directory": str(folder),
                "file_search_path": str(self.root),
            }
        )
        connection.execute("SET TimeZone = 'UTC'")
        backend = keep_queries(compile_once(ibis.duckdb.from_connection(connection)), "duckdb")
        if core_share.FOLDER in os.environ:
            _take_turns(backend)
        share(backend, lambda: self.files)
        return backend

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        connection: duckdb.DuckDBPyConnection = self.backend.con
        return connection

    def limit_memory(self, limit: str | None) -> None:
        """Sets another memory limit, such as "4GB"."""
        if limit:
            self.connection.execute(f"SET memory_limit = {quoted(limit)}")


def _take_turns(backend: Backend) -> None:
    """Has a backend run its queries in this kernel's share of the cores."""
    (all_of_them,) = backend.con.execute("SELECT current_setting('threads')").fetchone() or (1,)
    threads = all_of_them

    def in_share(plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def run(*given: Any, **named: Any) -> Any:
            nonlocal threads
            if threads != (now := core_share.share(all_of_them)):
                backend.con.execute(f"SET threads = {now}")
                threads = now
            return plain(*given, **named)

        return run

    for method in ("execute", "to_pyarrow", "_create_cached_table"):
        setattr(backend, method, in_share(getattr(backend, method)))


def free_name(name: str, where: str) -> None:
    """SourceError where DuckDB keeps the name for itself."""
    if name.lower() in _TAKEN:
        raise SourceError(
            f'"{name}" is a name of DuckDB itself', where=where, hint="rename the source"
        )


def quoted(text: object) -> str:
    """A SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def named(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _half_of_memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on Windows
        return "4GB"
    return f"{max(total // 2, 2**30) // 2**20}MiB"
