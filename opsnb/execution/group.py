"""Kernels that run side by side and can be stopped together."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from typing import Protocol


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A short-lived folder of this user alone, with a path short enough for sockets."""
    return tempfile.TemporaryDirectory(prefix="opsnb-", ignore_cleanup_errors=True)


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
