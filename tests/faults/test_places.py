"""Where reports go: a full disk, a folder that cannot be written to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.floor import Floor


def can_mount() -> bool:
    """Whether a process may mount something for itself alone."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


mounts = pytest.mark.skipif(not can_mount(), reason="mounting is not allowed here")


def alone(script: str) -> list[str]:
    """A prefix that runs a command after a shell script, in mounts of its own."""
    return ["unshare", "--mount", "sh", "-ec", f'{script}; exec "$@"', "sh"]


@mounts
@pytest.mark.survives("disk full while a report is written (a small tmpfs over reports/)")
@pytest.mark.parametrize("room", [12, 48])
def test_a_full_disk(floor: Floor, record_property, room: int) -> None:
    """Room in kB: for a few files of a report, or for all but its PDFs and versions."""
    there, kept = floor.reports, floor.root.parent / "kept"
    size = subprocess.run(["du", "-sk", there], capture_output=True, text=True, check=True)
    before = content(floor.report())
    script = (
        f"cp -a {there} {kept}; mount -t tmpfs -o size={int(size.stdout.split()[0]) + room}k "
        f'tmpfs {there}; cp -a {kept}/. {there}; code=0; "$@" || code=$?; '
        f"rm -rf {kept}; cp -a {there} {kept}; exit $code"
    )
    floor.playbook(value=4)
    prefix = ["unshare", "--mount", "sh", "-ec", script, "sh"]
    done = floor.run("cycle", "2026-10", prefix=prefix)
    there.rename(floor.root.parent / "before")
    kept.rename(there)  # what was on the full disk
    floor.sound(done, 0 if room > 20 else 1)
    line = next(line for line in done.err.splitlines() if "No space left" in line)
    record_property("sees", line)
    if room > 20:  # the page is worth more than its PDF
        assert "there is no PDF" in line and floor.version() == 2
    else:
        assert floor.version() == 1 and content(floor.report()) == before
    assert floor.run("cycle", "2026-10").code == 0
    assert (floor.report() / "report.pdf").is_file() and floor.record()["facts"][0]["value"] == 4
    floor.tidy()


@pytest.mark.survives("no file may grow beyond 20 kB (RLIMIT_FSIZE), as with a quota")
def test_files_that_may_not_grow(floor: Floor, record_property) -> None:
    floor.playbook(value=4)
    done = floor.run(
        "run", "demo", prefix=["prlimit", "--fsize=20000"], PYTHONDONTWRITEBYTECODE="1"
    )  # nor may halves of those be left
    floor.sound(done, 2)
    record_property("sees", done.last)
    assert floor.version() == 1
    assert floor.run("run", "demo").code == 0
    floor.tidy()


@mounts
@pytest.mark.survives("reports/ is read-only (another mount of it)")
def test_a_folder_that_is_read_only(floor: Floor, record_property) -> None:
    floor.playbook(value=4)
    there = floor.reports
    prefix = alone(f"mount --bind {there} {there}; mount -o remount,bind,ro {there}")
    done = floor.run("run", "demo", prefix=prefix)
    floor.sound(done, 2)
    record_property("sees", done.last)
    assert "Read-only file system" in done.last and floor.version() == 1
    assert floor.run("run", "demo").code == 0
    floor.tidy()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
@pytest.mark.survives("reports/ belongs to somebody else (run as nobody)")
def test_a_folder_of_somebody_else(floor: Floor, record_property) -> None:
    floor.playbook(value=4)
    for folder in (floor.root.parent, *floor.root.parents):
        if folder != Path("/") and folder.owner() == "root":
            opened = folder.stat().st_mode | 0o755
            if folder.stat().st_mode != opened and "pytest" in str(folder):
                folder.chmod(opened)
    floor.temporary.chmod(0o777)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = floor.run("run", "demo", prefix=nobody, HOME="/nonexistent")
    floor.sound(done, 2)
    record_property("sees", done.last)
    assert "Permission denied" in done.last and floor.version() == 1
    assert floor.run("run", "demo").code == 0


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*") if p.is_file()}
