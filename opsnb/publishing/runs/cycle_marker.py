"""Notes that a cycle is being made, so that the next one can say that it was never finished.

`reports/.work/CYCLE/under-way` holds the time when the making began. It is locked while it
lasts, and emptied at its end: one that is not empty and not locked was stopped or killed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two cycles at once cannot be told from a stopped one there
    fcntl = None  # type: ignore[assignment]

NOTE = "under-way"


@contextlib.contextmanager
def under_way(reports: Path, cycle: str) -> Iterator[dt.datetime | None]:
    """While the block lasts, and after it where it does not end well, the cycle is under way.

    Yields
    ------
    datetime or None
        When a making of this cycle began that did not come to its end.
    """
    path = reports / ".work" / cycle / NOTE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="ascii")
    except OSError:  # the reports will say what is wrong with the folder
        yield None
        return
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # another run is at it
                yield None
                return
        file.seek(0)
        stopped = _time(file.read())
        with contextlib.suppress(OSError):  # a full disk: the reports will say so
            file.truncate(0)
            file.write(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
            file.flush()
        yield stopped
        file.truncate(0)


def _time(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
