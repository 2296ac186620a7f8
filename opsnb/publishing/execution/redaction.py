"""Takes paths of this machine, secrets and people's addresses out of texts that leave it."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from nbformat import from_dict

from opsnb.base.credentials import Secrets
from opsnb.base.personal_data import personal, without_personal

_LONGEST_LINE = 100_000


class Scrubber:
    """Replaces local folders by plain names, secrets and people's addresses by `***`.

    What a secret is, `opsnb.base.credentials.Secrets` says. Of people, e-mail addresses, phone and
    identity numbers go, but for those that the team itself wrote into opsnb.toml and plans/:
    of owners, say.

    Parameters
    ----------
    workspace : Path
        Shown as nothing: paths in it become relative to it.
    environ : mapping, optional
        Environment to take secrets from; default the process's own.
    folders : mapping of Path to str, optional
        More folders, and the names to show for them.
    secrets : iterable of str
        More secrets, from four characters on: the passwords of the workspace's sources.
    """

    def __init__(
        self,
        workspace: Path,
        environ: Mapping[str, str] | None = None,
        folders: Mapping[Path, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self._secrets = Secrets(environ, secrets)
        self._workspace = workspace
        self._folders = _folder_patterns(workspace, folders or {})

    def text(self, text: str) -> str:
        text = self._secrets.hidden(text)
        for pattern, shown in self._folders:
            text = pattern.sub(shown, text)
        if any(personal(text)):
            text = without_personal(text, self._told)
        return text

    @functools.cached_property
    def _told(self) -> frozenset[str]:
        """What the team itself has written of people: shown where it is meant to be."""
        plans = self._workspace.glob("plans/**/*.toml")
        found: set[str] = set()
        for file in (self._workspace / "opsnb.toml", *plans):
            with contextlib.suppress(OSError):
                text = file.read_text(encoding="utf-8", errors="replace")
                found.update(match for _, match in personal(text))
        return frozenset(found)

    def value(self, value: Any) -> Any:
        """The same for every string within lists and mappings; keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def notebook(self, notebook: Any) -> None:
        """Texts of an executed notebook, in place; pictures stay as they are."""
        notebook.metadata.update(from_dict(self.value(notebook.metadata)))
        for cell in notebook.cells:
            cell.source = self.text(cell.source)
            for output in cell.get("outputs", []):
                for name in ("evalue", "traceback", "text"):
                    if name in output:
                        output[name] = self.value(output[name])
                for mime, body in output.get("data", {}).items():
                    if not mime.startswith("image/") or mime == "image/svg+xml":
                        output["data"][mime] = self.value(body)


class ScrubbedLog:
    """A text file that scrubs each line on its way; a line may arrive in pieces."""

    def __init__(self, file: TextIO, scrubber: Scrubber) -> None:
        self._file, self._scrubber, self._pending = file, scrubber, ""

    def write(self, text: str) -> int:
        lines, newline, self._pending = (self._pending + text).rpartition("\n")
        if len(self._pending) > _LONGEST_LINE:
            lines, newline, self._pending = lines + newline + self._pending, "", ""
        self._file.write(self._scrubber.text(lines) + newline)
        return len(text)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Writes the last line where it has no end; the file itself stays open."""
        self._file.write(self._scrubber.text(self._pending))
        self._pending = ""


def _folder_patterns(
    workspace: Path, more: Mapping[Path, str]
) -> list[tuple[re.Pattern[str], str]]:
    """What to look for, longest folder first, so that a folder within another is found."""
    shown = {
        Path(sysconfig.get_path("purelib")): "<packages>/",
        Path(sysconfig.get_path("stdlib")): "<python>/",
        Path(sys.prefix): "<environment>/",
        Path(sys.base_prefix): "<python>/",
        Path(tempfile.gettempdir()): "<temporary>/",
        Path.home(): "~/",
        workspace: "",
        **more,
    }
    folders = {str(form): name for path, name in shown.items() for form in (path, path.resolve())}
    folders = {path: name for path, name in folders.items() if len(Path(path).parts) > 1}
    return [
        (re.compile(re.escape(path) + r"(?:[/\\]|(?![\w.-]))"), folders[path] or "")
        for path in sorted(folders, key=len, reverse=True)
    ]
