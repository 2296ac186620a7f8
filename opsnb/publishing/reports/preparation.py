"""What publishing needs once a process, made ready while the first kernels work."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Sequence

from opsnb.base.errors import OpsnbError
from opsnb.publishing.reports.formats import Format

_once = threading.Lock()


def prepare(formats: Sequence[Format]) -> None:
    """Has a thread import and load what formats are drawn with; once a process."""
    if _once.acquire(blocking=False):  # and never given back
        # no daemon: an interpreter that ends amid the import of a library may crash
        threading.Thread(target=load, args=(formats,), name="prepare").start()


def load(formats: Sequence[Format]) -> None:
    """The same, at once."""
    from opsnb.publishing.reports import write  # noqa: F401  and all that it imports

    for each in formats:
        with contextlib.suppress(OpsnbError, OSError):  # publishing says what is wrong
            each.prepare()
    gc.freeze()  # nothing of this ever goes, and collections would look through it each time
