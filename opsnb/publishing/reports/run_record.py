"""What is known of a run beside its notebook, and the texts that must not leave the machine."""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import re
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from opsnb.base.errors import PublishError
from opsnb.base.messages import Label, Language
from opsnb.base.periods import kind_of

_SURELY_DEAD = 3600.0
"""Seconds after which nobody writes a file any more that was begun."""


@dataclass(frozen=True)
class RunError:
    """Why a run stopped; the message is free of local paths.

    `cell_id` is None when no one cell is to blame (a deadline, a kernel that died).
    """

    cell_id: str | None
    name: str
    message: str


@dataclass(frozen=True)
class Run:
    """A run of a playbook: what it was asked, when, and by what code.

    Attributes
    ----------
    subject : str, optional
        Campaign or experiment id.
    languages : tuple of str
        Codes; the first is the primary one.
    root : Path
        The workspace's folder, cut out of every text that is shown.
    provenance : dict
        `opsnb`, `python`, `packages` (name: version), `git` (`commit`, `dirty`; or None),
        `playbook` (`name`, `sha256`, `subject`).
    message_folders : tuple of Path
        Language files of plug-ins and of the workspace.
    accessible : bool
        PDFs are tagged (PDF/UA).
    texts : str
        Name under which the language files hold the texts of its cells; empty: its own.
    before : dict
        `tables` of the report's last version; empty where there is none.
    """

    playbook: str
    title: Label
    subject: str | None
    subject_label: Label | None
    cycle: str
    slug: str
    languages: tuple[str, ...]
    currency: str
    workspace_name: Label
    root: Path
    parameters: dict[str, Any]
    provenance: dict[str, Any]
    started: datetime
    ended: datetime
    error: RunError | None = None
    message_folders: tuple[Path, ...] = ()
    accessible: bool = False
    texts: str = ""
    before: dict[str, Any] = field(default_factory=dict)

    def language(self, code: str) -> Language:
        """The language as this run's workspace words it."""
        return Language(code, self.currency, self.message_folders, cycle=kind_of(self.cycle))

    def scrub(self, text: str) -> str:
        """The text without the workspace's own path."""
        return strip_root(text, self.root)


_ABSOLUTE = re.compile(
    r"""(?<![\w:/.<])(?:[A-Za-z]:[\\/]|/)   # a drive or the root
        (?:[^\s/\\'"<>:|]+[/\\])+           # at least one folder
        (?P<name>[^\s/\\'"<>:|,;]*)""",
    re.VERBOSE,
)


def strip_root(text: str, root: Path) -> str:
    """Paths inside the workspace become relative to it."""
    for form in _forms(root):
        if form in text:
            text = text.replace(form + os.sep, "").replace(form + "/", "").replace(form, ".")
    return text


@functools.lru_cache(maxsize=64)
def _forms(root: Path) -> frozenset[str]:
    """The ways in which a folder is written; asked for with every text of a report."""
    forms = {str(root), root.as_posix(), str(root.resolve())}
    return frozenset(form for form in forms if len(form) > 1)


def strip_paths(text: str) -> str:
    """Absolute paths cut down to their last part: `/home/me/x.toml` becomes `x.toml`."""
    return _ABSOLUTE.sub(lambda match: match["name"] or "…", text)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see the old one or the new one, never half of it.

    Halves that killed writers left of it more than an hour ago are taken away.

    Raises
    ------
    PublishError
        The folder cannot be written to.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for half in path.parent.glob(f".{glob.escape(path.name)}.*-????????"):
            with contextlib.suppress(FileNotFoundError):  # it has just come to be whole
                if half.stat().st_mtime < time.time() - _SURELY_DEAD:
                    half.unlink()
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(
            f"cannot write the file ({error.strerror or error})",
            where=path.name,
            hint="check the reports folder's permissions and free space",
        ) from error


def file_name(language: str, primary: str, kind: str, stem: str = "report") -> str:
    """`report.html` for the primary language, `report.zh.html` for another."""
    return f"{stem}.{kind}" if language == primary else f"{stem}.{language}.{kind}"
