"""Memory for runs side by side: one that would not fit waits until another has ended."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

USUAL = 600 * 2**20
"""Bytes that a run is taken to need of which nothing is known yet."""

_LOOK_EVERY = 0.2


def available_memory() -> int:
    """Bytes that are free on this machine, or within this container's limit."""
    free = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())  # "max" where there is none
        free = min(free, limit - int((group / "memory.current").read_text()))
    return free


def release_memory() -> None:
    """Has the C library return memory that it keeps for later, where it can be told to.

    Pages and PDFs are drawn in several threads, each with a store of its own: a long cycle
    would come to hold twice of what it needs, and kernels beside it would wait for room.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)


class Room:
    """Lets runs in as far as memory goes; one alone is always let in.

    Parameters
    ----------
    available : callable
        Bytes that are free now.
    stopped : callable
        Whether to give up waiting.
    on_change : callable
        Told how many runs are in, whenever that changes.
    """

    def __init__(
        self,
        available: Callable[[], int] = available_memory,
        stopped: Callable[[], bool] = lambda: False,
        on_change: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._available, self._stopped, self._on_change = available, stopped, on_change
        self._budget = available()
        self._taken: list[int] = []
        self._left = threading.Condition()

    @contextlib.contextmanager
    def taking(self, need: int, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Holds room for a run while the block lasts.

        Parameters
        ----------
        need : int
            Bytes; 0 where it is not known.
        on_wait : callable
            Called once where the run has to wait.

        Raises
        ------
        KeyboardInterrupt
            It was stopped while it waited.
        """
        need = need or USUAL
        told = False
        with self._left:
            while not self._fits(need):
                if not told:
                    on_wait()
                told = True
                self._left.wait(_LOOK_EVERY)
                if self._stopped():
                    raise KeyboardInterrupt
            self._taken.append(need)
            self._on_change(len(self._taken))
        try:
            yield
        finally:
            with self._left:
                self._taken.remove(need)
                self._on_change(len(self._taken))
                self._left.notify_all()

    def _fits(self, need: int) -> bool:
        if not self._taken:
            return True
        return sum(self._taken) + need <= self._budget and need <= self._available()
