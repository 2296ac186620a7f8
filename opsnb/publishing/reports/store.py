"""Puts a finished report folder in place in one step; what was published stays as it was.

    reports/CYCLE/SLUG/                  the newest version: what readers see
    reports/CYCLE/SLUG/versions/v2/      each version under its own, lasting address
    reports/.work/CYCLE/SLUG/            lock, and new/ and old/ while a run lasts

A version is never changed once it is there. The newest lies in both places, as hard links
where the disk knows them, as copies elsewhere. Old and new folder change places in one step
where the system knows one (`swap.py`); elsewhere the report is absent for the instant
between two renames, and a run killed in it is made good by the next. The new folder's files are
on the disk before that step, and the step itself before the report is said to be made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from opsnb.base.durable import sync_file, sync_folder
from opsnb.base.errors import PublishError
from opsnb.publishing.reports.manifest import (
    VERSIONS,
    numbers,
    own_files,
    read_manifest,
    write_manifest,
)
from opsnb.publishing.reports.swap import exchange

try:
    import fcntl
except ImportError:  # Windows: two runs of one report are not kept apart there
    fcntl = None  # type: ignore[assignment]


_LOOK_EVERY = 0.1


@contextlib.contextmanager
def staged(reports: Path, cycle: str, slug: str) -> Iterator[tuple[Path, Path]]:
    """A folder to write a report into; it becomes the newest version when the block ends well.

    Yields
    ------
    new, final : Path
        Where to write, and where it will be.

    Raises
    ------
    PublishError
        Another run is making this report, or the folder cannot be written.
    """
    with report_lock(reports, cycle, slug), staging(reports, cycle, slug) as places:
        yield places


@contextlib.contextmanager
def report_lock(
    reports: Path, cycle: str, slug: str, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Keeps other runs from making a report while the block lasts.

    Parameters
    ----------
    on_wait : callable, optional
        Called about ten times a second while another run is making the report; what it raises
        ends the waiting. Without it, that is an error.

    Raises
    ------
    PublishError
        Another run is making this report, or the folder cannot be written.
    """
    work = reports / ".work" / cycle / slug
    with _writing(reports, cycle, slug):
        work.mkdir(parents=True, exist_ok=True)
        with (work / "lock").open("w") as file:
            while not _taken(file.fileno()):
                if on_wait is None:
                    raise PublishError(
                        "another run is making this report at the moment",
                        where=f"{cycle}/{slug}",
                        hint="wait until it has ended",
                    )
                on_wait()
                time.sleep(_LOOK_EVERY)
            yield


@contextlib.contextmanager
def staging(reports: Path, cycle: str, slug: str) -> Iterator[tuple[Path, Path]]:
    """As `staged`, for who holds the lock."""
    final, work = reports / cycle / slug, reports / ".work" / cycle / slug
    new, old = work / "new", work / "old"
    with _writing(reports, cycle, slug):
        _recover(new, old, final)
        new.mkdir()
        try:
            yield new, final
            _keep_versions(new, final)
            _sync(new)
            _put(new, old, final)
            for folder in (final.parent, reports):
                sync_folder(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)


@contextlib.contextmanager
def _writing(reports: Path, cycle: str, slug: str) -> Iterator[None]:
    """Says of what cannot be written which report it is."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"cannot write the report ({error.strerror or error})",
            where=f"{reports.name}/{cycle}/{slug}",
            hint="check the folder's permissions and the free space on its disk",
        ) from error


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _recover(new: Path, old: Path, final: Path) -> None:
    """Clears what a crashed run left; a report that it had moved away comes back."""
    final.parent.mkdir(parents=True, exist_ok=True)
    if old.exists() and not final.exists():
        old.replace(final)
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)


def _keep_versions(new: Path, final: Path) -> None:
    """Gives the new report its number and manifest, and takes the earlier versions along."""
    newest = read_manifest(final)
    if newest is None and any(own_files(final)):  # published before there were manifests
        number = max(numbers(final), default=0) + 1
        _link(final, new / VERSIONS / f"v{number}")
        write_manifest(new / VERSIONS / f"v{number}", number, None)
    for number in numbers(final):
        kept = final / VERSIONS / f"v{number}"
        if kept.is_dir():
            _link(kept, new / VERSIONS / kept.name)
        elif newest is not None and newest.number == number:
            _link(final, new / VERSIONS / kept.name)
    last = max([*numbers(new), *numbers(final)], default=0)
    write_manifest(new, last + 1, new / VERSIONS / f"v{last}")
    _link(new, new / VERSIONS / f"v{last + 1}")


def _link(source: Path, target: Path) -> None:
    """The files of one version in a second place."""
    for name in own_files(source):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / name, place)
        except OSError:  # a file share without hard links
            shutil.copy2(source / name, place)
            sync_file(place)


def _sync(new: Path) -> None:
    """Waits for the report's own files, which versions link to, and for all names."""
    for name in own_files(new):
        sync_file(new / name)
    for folder in sorted((path for path in new.rglob("*") if path.is_dir()), reverse=True):
        sync_folder(folder)
    sync_folder(new)


def _put(new: Path, old: Path, final: Path) -> None:
    if final.exists():
        if exchange(new, final):
            return
        final.replace(old)
    try:
        new.replace(final)
    except BaseException:
        if old.exists():
            old.replace(final)
        raise
    shutil.rmtree(old, ignore_errors=True)
