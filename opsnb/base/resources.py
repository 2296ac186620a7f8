"""Finds playbooks, templates, fonts and messages, in a checkout or in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def _folder(name: str) -> Path:
    """The folder as the wheel carries it (`opsnb/_NAME`), else as the checkout has it."""
    packed = _PACKAGE / f"_{name}"
    return packed if packed.is_dir() else _PACKAGE.parent / name


def playbooks() -> Path:
    """Folder of the playbooks that come with opsnb."""
    return _folder("playbooks")


def templates() -> Path:
    """Folder of the report, catalogue and workspace templates."""
    return _folder("templates")


def messages() -> Path:
    """Folder of the language files."""
    return _PACKAGE / "base" / "messages"


def fonts() -> Path:
    """Folder of the fonts that come with opsnb (Noto Sans SC, SIL OFL 1.1)."""
    return _PACKAGE / "fonts"


def metrics() -> Path:
    """The file of the metrics that come with opsnb, for their names."""
    return _PACKAGE / "analysis" / "metrics" / "metrics.toml"


def connectors(kind: str) -> Path:
    """Folder of the connectors that come with opsnb, for their names: `files` or `servers`."""
    return _PACKAGE / "analysis" / "sources" / kind


def modules_in(folder: Path) -> list[str]:
    """The modules of a package's folder by name, without loading one."""
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def sample() -> Path:
    """Folder of the sample company's opsnb.toml and plans."""
    packed = _PACKAGE / "_sample"
    return packed if packed.is_dir() else _PACKAGE.parent
