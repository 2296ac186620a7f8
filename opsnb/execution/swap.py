"""Puts a finished report folder in place in one step; an earlier one is never lost.

reports/CYCLE/SLUG/                  what readers see
reports/.work/CYCLE/SLUG/            lock, and new/ and old/ while a run lasts
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from opsnb.errors import PublishError

try:
    import fcntl
except ImportError:  # Windows: two runs of one report are not kept apart there
    fcntl = None  # type: ignore[assignment]

_LONGEST_NAME = 100


def safe_name(text: str) -> str:
    """The text as one folder's name: no separators, no leading dot, not too long.

    What is changed gets a short hash, so that two texts never share a name.

    >>> safe_name("ab-readout-checkout_one_page")
    'ab-readout-checkout_one_page'
    """
    name = re.sub(r"[^\w.-]+", "-", text).lstrip(".-")[:_LONGEST_NAME].rstrip(".-")
    if name and name == text:
        return name
    return f"{name or 'report'}-{sha256(text.encode()).hexdigest()[:6]}"


@contextlib.contextmanager
def staged(reports: Path, cycle: str, slug: str) -> Iterator[tuple[Path, Path]]:
    """A folder to write a report into; it takes its place when the block ends well.

    Yields
    ------
    new, final : Path
        Where to write, and where it will be.

    Raises
    ------
    PublishError
        Another run is making this report, or the folder cannot be written.
    """
    final = reports / cycle / slug
    work = reports / ".work" / cycle / slug
    new, old = work / "new", work / "old"
    try:
        work.mkdir(parents=True, exist_ok=True)
        with _locked(work / "lock", f"{cycle}/{slug}"):
            _recover(new, old, final)
            new.mkdir()
            try:
                yield new, final
                _put(new, old, final)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise PublishError(
            f"cannot write the report ({error.strerror or error})",
            where=f"{reports.name}/{cycle}/{slug}",
            hint="check the folder's permissions and the free space on its disk",
        ) from error


@contextlib.contextmanager
def _locked(path: Path, report: str) -> Iterator[None]:
    with path.open("w") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PublishError(
                    "another run is making this report at the moment",
                    where=report,
                    hint="wait until it has ended",
                ) from None
        yield


def _recover(new: Path, old: Path, final: Path) -> None:
    """Clears what a crashed run left; a report that it had moved away comes back."""
    final.parent.mkdir(parents=True, exist_ok=True)
    if old.exists() and not final.exists():
        old.replace(final)
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)


def _put(new: Path, old: Path, final: Path) -> None:
    if final.exists():
        final.replace(old)
    try:
        new.replace(final)
    except BaseException:
        if old.exists():
            old.replace(final)
        raise
    shutil.rmtree(old, ignore_errors=True)
