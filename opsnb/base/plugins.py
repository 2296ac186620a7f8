"""Plug-ins: what other packages bring, found by the entry point group `opsnb.plugins`.

    [project.entry-points."opsnb.plugins"]
    acme = "acme_opsnb:plugin"

`plugin()` gives a `Plugin`, and the entry point's name is the plug-in's. Each is loaded apart:
one that cannot be used is left out with its reason, which `opsnb doctor` tells, and keeps
nothing else from working. docs/extending.md shows a whole one.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from opsnb.base.errors import PluginError
from opsnb.base.messages.language_files import read_texts

GROUP = "opsnb.plugins"

API = 1
"""The form of `Plugin`, a whole number: a minor release of opsnb only adds to it."""

Kind = Literal["sources", "formats"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plugin:
    """What a package brings; what it does not bring is left out.

    Attributes
    ----------
    api : int
        The form of this class that the package was written for.
    playbooks, messages : Path, optional
        Folders: of notebooks, and of the language files `en.toml` and `zh.toml`.
    metrics : Path, optional
        A file like a workspace's metrics.toml.
    sources : dict
        `opsnb.base.connectors.Connector` by URL scheme.
    formats : dict
        `opsnb.publishing.reports.formats.Format` by name. Instead of the object itself, here
        and in `sources`, "package.module:name" has it imported when it is first needed.
    """

    api: int
    playbooks: Path | None = None
    messages: Path | None = None
    metrics: Path | None = None
    sources: Mapping[str, Any] = field(default_factory=dict)
    formats: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.api != API:
            newer = "upgrade opsnb" if self.api > API else "upgrade the plug-in"
            raise PluginError(
                f"it was written for plug-ins of form {self.api}, and here is form {API}",
                hint=newer,
            )
        for name in ("playbooks", "messages"):
            place = getattr(self, name)
            if place is not None and not place.is_dir():
                raise PluginError(f"its folder of {name} is not there ({place.name})")
        if self.metrics is not None:
            _metrics_in(self.metrics)

    @property
    def summary(self) -> str:
        """What it brings, by kind."""
        kinds = [each.name for each in fields(self) if each.name != "api"]
        return ", ".join(kind for kind in kinds if getattr(self, kind))


@dataclass(frozen=True, eq=False)
class Installed:
    """A plug-in as it is installed here; `brings` is None where it cannot be used, for `reason`."""

    name: str
    distribution: str
    version: str
    brings: Plugin | None = None
    reason: str = ""
    home: Path | None = None
    """The package's folder, or its one file."""
    rival: str = ""
    """The package whose plug-in of the same name is used in its place."""

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"

    @functools.cached_property
    def stamp(self) -> str:
        """Name, version, and a hash of the package's files: its version may stand still."""
        home, content = self.home, sha256()
        files = sorted(home.rglob("*")) if home and home.is_dir() else [home or Path()]
        for path in files:
            if path.is_file() and path.suffix != ".pyc":
                content.update(f"{path.name} {path.stat().st_size} ".encode() + path.read_bytes())
        return f"{self} {content.hexdigest()[:32]}"


@functools.cache
def installed() -> tuple[Installed, ...]:
    """Every plug-in of this environment, by name; looked up once a process."""
    found: dict[str, Installed] = {}
    doubles: list[Installed] = []
    for distribution in metadata.distributions():
        # most have no plug-in: a look for the word takes a third of the time of parsing them all
        if GROUP in (distribution.read_text("entry_points.txt") or ""):
            for point in distribution.entry_points.select(group=GROUP):
                told = (point.name, distribution.metadata["Name"], distribution.version)
                first = found.get(point.name)
                if first is None:
                    found[point.name] = _load(point, told)
                elif first.distribution != told[1]:  # else an older one, later on the path
                    reason = f"{first} has the same name"
                    doubles.append(Installed(*told, reason=reason, rival=first.distribution))
    return tuple(sorted([*found.values(), *doubles], key=lambda one: one.name))


def _load(point: metadata.EntryPoint, told: tuple[str, str, str]) -> Installed:
    try:
        made = point.load()()
        if not isinstance(made, Plugin):
            raise PluginError(f"{point.value} gave {made!r}, which is no opsnb.Plugin")
        top = importlib.import_module(point.module.partition(".")[0])
        home = Path(top.__path__[0]) if hasattr(top, "__path__") else Path(str(top.__file__))
        return Installed(*told, made, home=home)
    except PluginError as error:
        return Installed(*told, reason=str(error))
    except (Exception, SystemExit) as error:  # another's code: whatever it raises, it is left out
        return Installed(*told, reason=f"{type(error).__name__}: {error}")


class Plugins:
    """The plug-ins that a workspace uses: all that are installed but those it switched off.

    Parameters
    ----------
    off : iterable of str
        Names, from `[plugins] off` of opsnb.toml.
    """

    def __init__(self, off: Iterable[str] = ()) -> None:
        self.off = frozenset(off)

    @property
    def used(self) -> list[Installed]:
        return [one for one in installed() if one.brings and one.name not in self.off]

    @property
    def left_out(self) -> list[Installed]:
        """Those that cannot be used, and were not switched off."""
        return [one for one in installed() if one.brings is None and one.name not in self.off]

    @property
    def versions(self) -> dict[str, str]:
        """The version of each one's package by the plug-in's name."""
        return {one.name: one.version for one in self.used}

    @property
    def stamp(self) -> str:
        """Changes with each of them; empty where there are none."""
        return "\n".join(one.stamp for one in self.used)

    def messages(self) -> list[Path]:
        """Their folders of language files.

        Raises
        ------
        PluginError
            Two of them have a text under one key.
        """
        found = [(one, one.brings.messages) for one in self.used if one.brings]
        folders = [(one, folder) for one, folder in found if folder is not None]
        if len(folders) > 1:
            files = [(one, path) for one, folder in folders for path in folder.glob("*.toml")]
            keys = ((f"{path.stem}: {k}", one) for one, path in files for k in read_texts(path))
            _one_owner("text", keys)
        return [folder for _, folder in folders]

    def playbooks(self) -> dict[str, Path]:
        """Their playbooks by name.

        Raises
        ------
        PluginError
            Two of them bring one.
        """
        found = [
            (path.stem, path, one)
            for one in self.used
            if one.brings and one.brings.playbooks
            for path in sorted(one.brings.playbooks.glob("[!.]*.ipynb"))
        ]
        _one_owner("playbook", ((name, one) for name, _, one in found))
        return {name: path for name, path, _ in found}

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Their definitions of metrics by id.

        Raises
        ------
        PluginError
            Two of them define one.
        """
        files = [
            (one, one.brings.metrics) for one in self.used if one.brings and one.brings.metrics
        ]
        found = [(id, fields, one) for one, p in files for id, fields in _metrics_in(p).items()]
        _one_owner("metric", ((id, one) for id, _, one in found))
        return {id: fields for id, fields, _ in found}

    def names(self, kind: Kind) -> list[str]:
        """The schemes or formats that they bring."""
        return sorted({name for one in self.used for name in getattr(one.brings, kind)})

    def owner(self, kind: Kind, name: str) -> Installed | None:
        """The one that brings something under a name; None where none does.

        Raises
        ------
        PluginError
            Two of them bring it.
        """
        owners = [one for one in self.used if name in getattr(one.brings, kind)]
        _one_owner(kind.removesuffix("s"), ((name, one) for one in owners))
        return owners[0] if owners else None

    def find(self, kind: Kind, name: str) -> Any:
        """What one of them brings under a name; None where none does.

        Raises
        ------
        PluginError
            Two of them bring it, or it cannot be imported.
        """
        owner = self.owner(kind, name)
        if owner is None:
            return None
        brought = getattr(owner.brings, kind)[name]
        if not isinstance(brought, str):
            return brought
        try:
            return pkgutil.resolve_name(brought)
        except (Exception, SystemExit) as error:  # another's code
            raise PluginError(
                f'its {kind.removesuffix("s")} "{name}" cannot be imported '
                f"({type(error).__name__}: {error})",
                where=f"plug-in {owner}",
                hint="install its package again, or switch it off: " + _off(owner.name),
            ) from error

    @property
    def remark(self) -> str:
        """What an answer "there is no such thing" adds: plug-ins that might have brought it."""
        lost = "; ".join(f"plug-in {one} is left out: {one.reason}" for one in self.left_out)
        return f". {lost}" if lost else ""


def _one_owner(what: str, owned: Iterable[tuple[str, Installed]]) -> None:
    """PluginError where two plug-ins bring one thing."""
    owners: dict[str, Installed] = {}
    for name, one in owned:
        first = owners.setdefault(name, one)
        if first is not one:
            raise PluginError(
                f'plug-ins {first} and {one} both bring the {what} "{name}"',
                where="opsnb.toml",
                hint=f"switch one of them off: {_off(one.name)}",
            )


def _off(name: str) -> str:
    return f'[plugins] off = ["{name}"]'


def _metrics_in(path: Path) -> dict[str, dict[str, Any]]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PluginError(f"its file of metrics cannot be read ({error})") from error
    odd = [id for id, fields in tree.items() if not isinstance(fields, dict)]
    if odd:
        raise PluginError(f'"{odd[0]}" in its {path.name} is no metric but a value')
    return tree
