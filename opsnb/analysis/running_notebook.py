"""Which playbook's notebook a session runs in: told by the runner, else found.

Jupyter's servers and editors name the notebook to its kernel, each in its own way; what executes
notebooks without a server (nbclient, papermill) names nothing, but the running cell itself
tells which of the notebooks around it is meant.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsnb.base import resources
from opsnb.base.errors import PlaybookError
from opsnb.base.traits import VARIABLE, Traits

_JUPYTER_VARIABLE = "JPY_SESSION_NAME"
_EDITORS_NAMES = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH")
"""Where VS Code, and papermill with `--inject-paths`, leave the notebook's path: as variables."""


def running_playbook(given: str, workspace: Path) -> Traits:
    """Name and traits of the playbook that runs.

    Parameters
    ----------
    given : str
        The name it shall go by; empty takes the notebook's own.
    workspace : Path
        The workspace's folder.

    Raises
    ------
    PlaybookError
        No name is given, and no notebook is found; or its metadata cannot be used.
    """
    told = os.environ.get(VARIABLE)
    found = Traits.from_json(told) if told else _of_the_notebook(workspace)
    if given and found is None:
        files = (folder / f"{given}.ipynb" for folder in _homes(workspace))
        found = next(filter(None, map(Traits.read, files)), Traits(given))
    if found is None:
        raise PlaybookError(
            "it cannot be told which playbook this is: the kernel knows no notebook",
            where="opsnb.begin",
            hint='save the notebook, or name the playbook: opsnb.begin(playbook="...")',
        )
    return replace(found, name=given) if given else found


def shell() -> Any:
    """IPython's shell where code runs in a kernel; else None."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if hasattr(found, "kernel") else None


def _of_the_notebook(workspace: Path) -> Traits | None:
    kernel = shell()
    if kernel is None:
        return None
    path = next(_named(kernel.user_ns), None) or _holder(_running_cell(kernel), workspace)
    return Traits.read(path) if path is not None else None


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


def _holder(cell: str, workspace: Path) -> Path | None:
    """The one notebook with this cell, of the nearest folder that has any."""
    for folder in dict.fromkeys((Path.cwd(), *_homes(workspace))):
        found = [path for path in sorted(folder.glob("*.ipynb")) if cell in _sources(path)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _homes(workspace: Path) -> tuple[Path, ...]:
    """Where playbooks lie: a workspace's own come before those that opsnb brings."""
    return workspace / "playbooks", resources.playbooks()


def _running_cell(kernel: Any) -> str:
    return str(kernel.history_manager.input_hist_raw[-1]).strip()


def _sources(path: Path) -> list[str]:
    """A notebook's code cells; none of a file that is no notebook, or that papermill wrote."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if "papermill" in document["metadata"]:
            return []
        code = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]
        return ["".join(source).strip() for source in code]
    except (OSError, ValueError, KeyError, TypeError):
        return []
