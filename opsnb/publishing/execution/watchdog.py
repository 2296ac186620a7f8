"""Looks after a kernel while it runs: how much memory it holds, and whether its time is up."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from opsnb.publishing.execution.limits import Limits

LOOK_EVERY = 0.25
SHARES_EVERY = 2.0
"""Seconds after which the system is asked again how much of a kernel's memory is shared."""

GRACE = 2.0
"""Seconds between an interrupt, which lets a cell clear up, and the kill."""


class Watchdog:
    """Stops a kernel that runs out of its time or its memory: interrupted first, then killed.

    Attributes
    ----------
    peak : int
        Most memory that the kernel and what it started held, in bytes.
    verdict : tuple of str or None
        Name and message of the limit that was passed.
    """

    def __init__(self, limits: Limits, process: Callable[[], Any], kill: Callable[[], None]):
        self._limits, self._process, self._kill = limits, process, kill
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._shared, self._ask_again = 0, 0.0
        self._family: set[int] = set()
        self.peak = 0
        self.verdict: tuple[str, str] | None = None

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> int:
        """Bytes held now; asked for at each cell too, so that a short run has a peak."""
        held = self._held()
        self.peak = max(self.peak, held)
        return held

    def _watch(self) -> None:
        deadline = time.monotonic() + self._limits.run if self._limits.run else float("inf")
        while not self._over.wait(min(LOOK_EVERY, max(0.0, deadline - time.monotonic()))):
            held = self.look()
            if time.monotonic() >= deadline:
                seconds = self._limits.run
                message = f"the run took longer than {seconds} s and was stopped"
                return self._stop("RunTimeout", message)
            most = self._limits.memory * 2**20
            if most and held > most and (held := self._held(exactly=True)) > most:
                message = (
                    f"the run needed {held / 2**20:,.0f} MB, more than its limit of "
                    f"{self._limits.memory:,} MB, and was stopped"
                )
                return self._stop("MemoryLimit", message)
        return None

    def _stop(self, name: str, message: str) -> None:
        self.verdict = (name, message)
        process = self._process()
        if process is not None:
            with contextlib.suppress(OSError, ValueError):  # no such signal on Windows
                process.send_signal(signal.SIGINT)
        self._over.wait(GRACE)
        self._kill()

    def _held(self, exactly: bool = False) -> int:
        """Memory in bytes, pages shared with others counted in part: forks share imports.

        What is shared hardly changes, and takes a hundred times as long to find out as the rest.
        """
        process = self._process()
        if process is None or process.poll() is not None:
            return 0
        try:
            root = psutil.Process(process.pid)
            family = [root, *root.children(recursive=True)]
            resident = sum(each.memory_info().rss for each in family)
            known = {each.pid for each in family} == self._family
            if exactly or not known or time.monotonic() > self._ask_again:
                self._family = {each.pid for each in family}
                self._shared = resident - sum(map(_memory, family))
                self._ask_again = time.monotonic() + SHARES_EVERY
            return max(0, int(resident) - self._shared)
        except psutil.Error:  # it has just ended
            return 0


def _memory(process: psutil.Process) -> int:
    """Memory in bytes, shared pages counted in part where the system knows them."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:  # not Linux, or gone
        pass
    return int(process.memory_info().rss)
