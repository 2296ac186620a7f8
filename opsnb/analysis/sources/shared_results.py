"""Results that several reports of a cycle need are computed once a cycle.

A cycle gives its kernels a folder (`OPSNB_CYCLE_CACHE`) that only it can read and that goes
with it. A result is kept there under a hash of its SQL, the engine's version, and the sizes and
times of every file that embedded sources read: whatever changes, the name changes. Two kernels
that want the same result at the same time compute it once; the second waits.

Only embedded sources: what a server holds may change between two queries, unseen.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # Windows: the same result may be computed twice there
    fcntl = None  # type: ignore[assignment]

from opsnb.base import core_share

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

MOST = 4 * 2**20
"""Bytes of a result that is kept; larger ones are rare and quickly read again."""

_NEVER = ("memtable", "random(", "now(", "current_", "uuid(", "read_", "glob(")
"""What in a query makes its result belong to one moment or one kernel."""


def share(backend: Backend, files: Any) -> None:
    """Has a backend look for results that another kernel of the cycle has computed.

    Parameters
    ----------
    files : callable
        Gives the paths that its tables are read from, as they are known by then.
    """
    folder = os.environ.get(core_share.FOLDER)
    if not folder or not Path(folder).is_dir():
        return
    for method in ("execute", "to_pyarrow"):
        setattr(backend, method, _shared(backend, method, Path(folder), files))


def _shared(backend: Backend, method: str, folder: Path, files: Any) -> Any:
    """A method of the backend that takes an expression, its results looked for first."""
    plain = getattr(backend, method)

    @functools.wraps(plain)
    def run(expr: Any, /, **options: Any) -> Any:
        asked = expr.as_table()  # held while it runs, and with it its SQL
        name = None if options.get("params") else _name(backend, asked, files(), options)
        if name is None:
            return plain(expr, **options)
        return _once(folder / f"{name}-{method}", lambda: plain(expr, **options))

    return run


def _name(
    backend: Backend, expr: Any, files: Iterable[Path], options: Mapping[str, Any]
) -> str | None:
    import duckdb

    try:
        sql = str(backend.compile(expr, limit=options.get("limit")))
    except Exception:  # running it says what is wrong
        return None
    if any(word in sql.lower() for word in _NEVER):
        return None
    stamps = sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.is_file())
    asked = (duckdb.__version__, expr.schema(), sql, sorted(options.items()))
    text = repr((*asked, stamps))
    return sha256(text.encode()).hexdigest()


def _once(path: Path, compute: Any) -> Any:
    with _turn(path.with_suffix(".lock")):
        with contextlib.suppress(OSError, pickle.UnpicklingError, EOFError):
            return pickle.loads(path.read_bytes())
        result = compute()
        data = pickle.dumps(result, protocol=5)
        if len(data) <= MOST:
            temporary = path.with_suffix(f".{os.getpid()}")
            with contextlib.suppress(OSError):  # no room: it is computed again
                temporary.write_bytes(data)
                temporary.replace(path)
        return result


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    try:
        file = path.open("w")
    except OSError:  # the cycle is over and its folder gone
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
