"""Lanes and memory for runs side by side: one that would not fit waits until another has ended."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

USUAL = 600 * 2**20
"""Bytes that a run is taken to need of which nothing is known yet."""


def available_memory() -> int:
    """Bytes that are free on this machine, or within this container's limit."""
    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())  # "max" where there is none
        free = min(free, limit - int((group / "memory.current").read_text()))
    return free


def give_back() -> None:
    """Has the C library return memory that it keeps for later, where it can be told to.

    Pages and PDFs are drawn in several threads, each with a store of its own: a long cycle
    would come to hold twice of what it needs, and kernels beside it would wait for room.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)


class Room:
    """Lets runs in as far as lanes and memory go; one alone is always let in.

    Parameters
    ----------
    lanes : int
        Runs side by side, at most.
    available : callable
        Bytes that are free now.
    on_change : callable, optional
        Told how many runs are in, whenever that changes.
    """

    def __init__(
        self,
        lanes: int,
        available: Callable[[], int] = available_memory,
        on_change: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.lanes = lanes
        self._available, self._on_change = available, on_change
        self._budget = available()
        self._taken: dict[object, int] = {}
        self._lock = threading.Lock()

    @property
    def free(self) -> bool:
        """Whether a lane is free."""
        return len(self._taken) < self.lanes

    def fits(self, need: int) -> bool:
        """Whether a run would be let in that needs so many bytes; 0 where it is not known."""
        with self._lock:
            if not self._taken:
                return True
            wanted, taken = need or USUAL, sum(self._taken.values())
            return self.free and taken + wanted <= self._budget and wanted <= self._available()

    def enter(self, need: int) -> Callable[[], None]:
        """Takes room for a run; what comes back gives it up, once, however often it is called."""
        run = object()
        with self._lock:
            self._taken[run] = need or USUAL
            self._on_change(len(self._taken))

        def leave() -> None:
            with self._lock:
                if self._taken.pop(run, None) is not None:
                    self._on_change(len(self._taken))

        return leave
