"""What is said to be written lasts through a power cut: it is on the disk by then."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_file(path: Path) -> None:
    """Waits until a file's content is on its disk.

    Raises
    ------
    OSError
        It cannot get there.
    """
    if os.name != "posix":  # Windows syncs no file that is open for reading only
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on its disk, where the system can."""
    with contextlib.suppress(OSError):
        sync_file(folder)
