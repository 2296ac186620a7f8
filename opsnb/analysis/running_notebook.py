"""Which playbook's notebook a session runs in: told by the runner, else found.

Jupyter's servers and editors name the notebook to its kernel, each in its own way; what executes
notebooks without a server (nbclient, papermill) names nothing, but the running cell itself
tells which of the notebooks around it is meant.
"""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsnb.base import resources
from opsnb.base.errors import PlaybookError
from opsnb.base.json_text import read_json
from opsnb.base.traits import VARIABLE, Traits
from opsnb.base.workspace import Workspace

_JUPYTER_VARIABLE = "JPY_SESSION_NAME"
_EDITORS_NAMES = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH")
"""Where VS Code, and papermill with `--inject-paths`, leave the notebook's path: as variables."""


def running_playbook(given: str, workspace: Workspace) -> Traits:
    """Name and traits of the playbook that runs.

    Parameters
    ----------
    given : str
        The name it shall go by; empty takes the notebook's own.
    workspace : Workspace

    Raises
    ------
    PlaybookError
        No name is given, and not one notebook is found; the name is that of no playbook but
        nearly that of one; or the notebook's metadata cannot be used.
    """
    if told := os.environ.get(VARIABLE):
        found: Traits | None = Traits.from_json(told)
    else:
        paths = _notebooks(workspace)
        found = Traits.read(paths[0]) if len(paths) == 1 else None
        if found is None and not given:
            raise _untold(paths)
    if found is None:
        found = _of_the_name(given, workspace)
    return replace(found, name=given) if given else found


def _untold(paths: list[Path]) -> PlaybookError:
    """What is said where several notebooks may be the one that runs, or none is known."""
    what = "it cannot be told which playbook this is: "
    if not paths:
        return PlaybookError(
            f"{what}the kernel knows no notebook",
            where="opsnb.begin",
            hint='save the notebook, or name the playbook: opsnb.begin(playbook="...")',
        )
    files = ", ".join(path.name for path in paths[:6])
    more = f" and {len(paths) - 6} more" if len(paths) > 6 else ""
    return PlaybookError(
        f"{what}the running cell stands in {files}{more} of {paths[0].parent.name}/",
        where="opsnb.begin",
        hint='name the playbook by its file, without the ending: opsnb.begin(playbook="NAME")',
    )


def _of_the_name(given: str, workspace: Workspace) -> Traits:
    """Those of the playbook of a name; the usual ones where there is none.

    A name that merely looks like a playbook's is a slip, and the usual traits would be wrong
    for it; one that holds a playbook's whole name may be a copy's that is not saved yet.
    """
    folders = _folders(workspace)
    found = next(filter(None, (Traits.read(folder / f"{given}.ipynb") for folder in folders)), None)
    if found is not None:
        return found
    known = sorted({path.stem for folder in folders for path in folder.glob("[!.]*.ipynb")})
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.8)
    if near and near[0] not in given:
        raise PlaybookError(
            f'there is no playbook "{given}"',
            where="opsnb.begin",
            hint=f'did you mean "{near[0]}"? Else save the notebook as playbooks/{given}.ipynb',
        )
    if near:
        warnings.warn(
            f'opsnb.begin: no notebook "{given}" is found, so that it has the traits of a new '
            f'playbook, not those of "{near[0]}". Fix: save it as playbooks/{given}.ipynb.',
            stacklevel=4,
        )
    return Traits(given)


def shell() -> Any:
    """IPython's shell where code runs in a kernel; else None."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if hasattr(found, "kernel") else None


def _notebooks(workspace: Workspace) -> list[Path]:
    """The notebook that runs; all that it may be where that cannot be told."""
    kernel = shell()
    if kernel is None:
        return []
    named = next(_named(kernel.user_ns), None)
    return [named] if named else _holders(_running_cell(kernel), workspace)


def _named(variables: dict[str, Any]) -> Iterator[Path]:
    """Notebooks that begin a session, among those that an application has named.

    Another notebook's name may have been inherited from the kernel that started this one.
    """
    told = [os.environ.get(_JUPYTER_VARIABLE), *(variables.get(name) for name in _EDITORS_NAMES)]
    for text in told:
        if isinstance(text, str) and text:
            path = Path(text)  # a server's own name for it may start at another folder
            for place in (path, Path.cwd() / path.name):
                if any("begin(" in source for source in _sources(place)):
                    yield place


def _holders(cell: str, workspace: Workspace) -> list[Path]:
    """The notebooks with this cell, of the nearest folder that has any."""
    for folder in _folders(workspace):
        found = [path for path in sorted(folder.glob("*.ipynb")) if cell in _sources(path)]
        if found:
            return found
    return []


def _folders(workspace: Workspace) -> list[Path]:
    """Where playbooks lie, the nearest first: those of plug-ins come before opsnb's."""
    brought = [path.parent for path in workspace.plugins.playbooks().values()]
    own = workspace.root / "playbooks"
    return list(dict.fromkeys((Path.cwd(), own, *brought, resources.playbooks())))


def _running_cell(kernel: Any) -> str:
    return str(kernel.history_manager.input_hist_raw[-1]).strip()


def _sources(path: Path) -> list[str]:
    """A notebook's code cells; none of a file that is no notebook, or that papermill wrote."""
    try:
        document = read_json(path.read_text(encoding="utf-8"))
        if "papermill" in document["metadata"]:
            return []
        code = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]
        return ["".join(source).strip() for source in code]
    except (OSError, ValueError, KeyError, TypeError):
        return []
