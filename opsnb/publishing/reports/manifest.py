"""The manifest of a published report: its version, its files and their hashes.

`manifest.json` is written last and names every other file of the version; it names the
manifest of the version before it too, so that a chain of versions cannot be rewritten in the
middle without showing.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from opsnb.base.json_text import read_json

MANIFEST = "manifest.json"
VERSIONS = "versions"
SCHEMA = "opsnb.manifest/1"


@dataclass(frozen=True)
class Version:
    """A version of a report as its manifest tells of it.

    Attributes
    ----------
    folder : Path
        Where its files are.
    number : int
        From 1; the newest has the highest.
    published : datetime
        When it was put in place, UTC.
    status : str or None
        The report's status; None where the folder holds no report.json.
    languages : tuple of str
        The report's languages, the primary one first.
    files : dict
        By name relative to the folder: `sha256` and `bytes`.
    supersedes : dict or None
        `version` and `sha256` (of the manifest) of the version before.
    """

    folder: Path
    number: int
    published: dt.datetime
    status: str | None
    languages: tuple[str, ...]
    files: dict[str, dict[str, Any]]
    supersedes: dict[str, Any] | None

    @cached_property
    def seal(self) -> str:
        """Hash of the manifest itself, which stands for the whole version."""
        return _hash(self.folder / MANIFEST)


def own_files(folder: Path) -> Iterator[str]:
    """Files of a version by name relative to its folder, without the versions kept inside."""
    top = Path(folder)
    for place, below, files in os.walk(top):  # not by `rglob`, which would enter all versions
        within = Path(place).relative_to(top)
        below[:] = sorted(name for name in below if within / name != Path(VERSIONS))
        yield from sorted((within / name).as_posix() for name in files)


def numbers(report: Path) -> list[int]:
    """The versions that a report's folder knows of, the oldest first."""
    kept = {int(p.name[1:]) for p in (report / VERSIONS).glob("v*") if p.name[1:].isdecimal()}
    newest = read_manifest(report)
    return sorted(kept | ({newest.number} if newest else set()))


def versions(report: Path) -> list[Version]:
    """The versions that are kept of a report, the newest first."""
    found = (read_manifest(report / VERSIONS / f"v{number}") for number in numbers(report))
    return [version for version in found if version is not None][::-1]


def write_manifest(folder: Path, number: int, before: Path | None) -> None:
    """Writes the manifest of a finished version and makes its files read-only.

    Parameters
    ----------
    before : Path, optional
        Folder of the version that this one supersedes; it need not exist any more.
    """
    names = [name for name in own_files(folder) if name != MANIFEST]
    earlier = read_manifest(before) if before else None
    (folder / MANIFEST).unlink(missing_ok=True)
    content = {
        "schema": SCHEMA,
        "version": number,
        "published": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        **_said(folder),
        "supersedes": {"version": earlier.number, "sha256": earlier.seal} if earlier else None,
        "files": {
            name: {"sha256": _hash(folder / name), "bytes": (folder / name).stat().st_size}
            for name in names
        },
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    if os.name == "posix":  # elsewhere a read-only file could not be taken away again
        for name in (*names, MANIFEST):
            (folder / name).chmod(0o444)


def read_manifest(folder: Path) -> Version | None:
    """The version in a folder; None where there is no manifest that can be read."""
    try:
        content = read_json((folder / MANIFEST).read_text(encoding="utf-8"))
        return Version(
            folder,
            int(content["version"]),
            dt.datetime.fromisoformat(content["published"]),
            content["status"],
            tuple(content["languages"]),
            dict(content["files"]),
            content["supersedes"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


Trouble = Literal["changed", "missing", "added", "unsealed"]


def faults(version: Version, chain: list[Version]) -> Iterator[tuple[Trouble, str]]:
    """What is not as it was published: files changed, missing or added, a broken chain.

    Parameters
    ----------
    chain : list of Version
        All versions that are kept of the report.

    Yields
    ------
    trouble, name : str
        `changed`, `missing` or `added` with a file; `unsealed` with the version before, whose
        manifest is not the one that this version was published after.
    """
    there = set(own_files(version.folder)) - {MANIFEST}
    for name, known in version.files.items():
        if name not in there:
            yield "missing", name
        elif _hash(version.folder / name) != known["sha256"]:
            yield "changed", name
    for name in sorted(there - set(version.files)):
        yield "added", name
    before = version.supersedes
    for other in chain:
        if before and other.number == before["version"] and other.seal != before["sha256"]:
            yield "unsealed", f"v{other.number}"


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _said(folder: Path) -> dict[str, Any]:
    """What the catalogue lists of a version without reading its record."""
    try:
        report = read_json((folder / "report.json").read_text(encoding="utf-8"))
        return {
            name: report.get(name) or none for name, none in (("status", None), ("languages", []))
        }
    except (OSError, ValueError, AttributeError):
        return {"status": None, "languages": []}
