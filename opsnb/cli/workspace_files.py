"""Lays down a new workspace: an empty one, or the sample company's."""

from __future__ import annotations

import shutil
from pathlib import Path

from opsnb.base import resources
from opsnb.base.errors import WorkspaceError
from opsnb.base.workspace import Workspace

SAMPLE_URL = "parquet://data/shop"


def lay_down(folder: Path) -> list[Path]:
    """Copies the workspace template into a folder; nothing that is there is touched.

    Returns
    -------
    list of Path
        The files written, opsnb.toml first.

    Raises
    ------
    WorkspaceError
        The folder has one of the files already, or cannot be written.
    """
    template = resources.templates() / "workspace"
    written = _copy(template, _files(template), folder)
    (folder / "playbooks").mkdir(exist_ok=True)
    return written


def lay_down_sample(folder: Path) -> list[Path]:
    """Copies the sample company's opsnb.toml and plans into a folder; see `lay_down`."""
    company = resources.sample()
    names = [Path("opsnb.toml"), *(Path("plans") / name for name in _files(company / "plans"))]
    return _copy(company, names, folder)


def is_sample(workspace: Workspace) -> bool:
    """Whether a workspace reads the sample company's data, so that it may be written anew."""
    return any(config.url == SAMPLE_URL for config in workspace.sources.values())


def _files(folder: Path) -> list[Path]:
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(names, key=lambda name: (len(name.parts), name))


def _copy(template: Path, names: list[Path], folder: Path) -> list[Path]:
    there = [name.as_posix() for name in names if (folder / name).exists()]
    if there:
        raise WorkspaceError(
            f"this folder has {', '.join(there)} already",
            where=str(folder),
            hint="choose another folder, or edit what is there",
        )
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(template / name, folder / name)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write here ({error.strerror})",
            where=str(folder),
            hint="check the folder's permissions",
        ) from error
    return [folder / name for name in names]
