"""Lays down a new workspace."""

from __future__ import annotations

import shutil
from pathlib import Path

from opsnb import resources
from opsnb.errors import WorkspaceError


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
    names = sorted(path.relative_to(template) for path in template.rglob("*") if path.is_file())
    names.sort(key=lambda name: (len(name.parts), name))
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
        (folder / "playbooks").mkdir(exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write here ({error.strerror})",
            where=str(folder),
            hint="check the folder's permissions",
        ) from error
    return [folder / name for name in names]
