"""Adds text to a TOML file of the team's, and writes new files: what is there stays as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from pathlib import Path

from opsnb.base.durable import sync_file, sync_folder
from opsnb.base.errors import WorkspaceError


def append(path: Path, text: str) -> Path:
    """Add text behind all that a TOML file holds, in one step; its bytes stay.

    Raises
    ------
    WorkspaceError
        It could not be read afterwards: a table is defined twice.
    """
    path = path.resolve()
    old = path.read_bytes() if path.exists() else b""
    newline = "\r\n" if b"\r\n" in old else "\n"
    gap = "" if not old.strip() else newline if old.endswith(b"\n") else newline * 2
    new = old + (gap + text.replace("\n", newline)).encode("utf-8")
    try:
        tomllib.loads(new.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"cannot be added to: {error}", where=str(path), hint="mend the file, then try again"
        ) from error
    _put(path, new)
    return path


def write_new(path: Path, text: str) -> Path:
    """Write a file that is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    sync_file(path)
    return path


def _put(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if path.exists():
            shutil.copymode(path, temporary)
        else:
            temporary.chmod(0o666 & ~_umask())
        sync_file(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
