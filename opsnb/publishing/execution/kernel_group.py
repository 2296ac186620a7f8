"""Kernels that run side by side and can be stopped together."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

try:
    import fcntl
except ImportError:  # Windows: what a killed run leaves stays until the system clears it away
    fcntl = None  # type: ignore[assignment]

_PREFIX = "opsnb-"
_LOCK = "lock"


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """A short-lived folder of this user alone, with a path short enough for sockets.

    Whoever makes one takes those away that killed processes have left: a folder is in use as
    long as its lock is held.
    """
    _sweep(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with contextlib.ExitStack() as stack:
            if not _held(folder, stack):
                continue  # another's sweep came between
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            yield str(folder)
            return


def _sweep(place: Path) -> None:
    for lock in place.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if _held(lock.parent, stack, mode="r"):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _held(folder: Path, stack: contextlib.ExitStack, mode: str = "w") -> bool:
    """Whether the folder's lock is ours, until the stack ends."""
    lock = folder / _LOCK
    try:
        file: IO[str] = stack.enter_context(lock.open(mode))
        if fcntl is None:
            return mode == "w"
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return lock.exists()


class Killable(Protocol):
    """What manages a kernel."""

    def kill(self) -> None: ...


class Kernels:
    """Kernels that run side by side and can be stopped all at once, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._managers: list[Killable] = []
        self.stopped = False

    @contextlib.contextmanager
    def holding(self, manager: Killable) -> Iterator[None]:
        """Keeps the manager's kernel within reach of `stop`, and leaves none of it behind."""
        with self._lock:
            if self.stopped:
                raise KeyboardInterrupt
            self._managers.append(manager)
        try:
            yield
        finally:
            manager.kill()
            with self._lock:
                self._managers.remove(manager)

    def stop(self) -> None:
        """Kills each kernel and what it started; none starts afterwards."""
        with self._lock:
            self.stopped = True
            managers = list(self._managers)
        for manager in managers:
            manager.kill()
