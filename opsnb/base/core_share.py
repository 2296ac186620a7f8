"""Each kernel's share of the cores while others of its cycle run beside it.

An engine that starts a thread a core in every kernel has them wait for each other. A cycle
therefore writes how many kernels it runs into the folder that they share; each asks before a
query. The last one left has all cores.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FOLDER = "OPSNB_CYCLE_CACHE"
"""Variable that names the folder."""

_FILE = "running"


def tell_running(folder: Path, count: int) -> None:
    """Lets the kernels of a cycle know how many run."""
    with contextlib.suppress(OSError):  # each then takes what it took before
        new = folder / f"{_FILE}.new"
        new.write_text(str(count), encoding="ascii")
        new.replace(folder / _FILE)


def share(cores: int) -> int:
    """How many of these cores are for this process."""
    try:
        running = int((Path(os.environ[FOLDER]) / _FILE).read_text(encoding="ascii"))
    except (KeyError, OSError, ValueError):  # no cycle, or it is over
        return cores
    return max(1, -(-cores // max(1, running)))
