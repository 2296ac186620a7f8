"""A playbook's notebook with the outputs of its cells, run in this process."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from opsnb.base.workspace import Workspace
from opsnb.publishing.reports import Run
from tests.analysis.reviews.conftest import PLAYBOOKS, play


def executed(workspace: Workspace, playbook: str, **parameters: Any) -> NotebookNode:
    """A playbook as a kernel leaves it, in English and Chinese."""
    notebook = nbformat.read(PLAYBOOKS / f"{playbook}.ipynb", as_version=4)
    shown = play(workspace, playbook, **parameters).cells
    for cell in notebook.cells:
        if cell.id in shown:
            data = json.loads(json.dumps(shown[cell.id]._repr_mimebundle_(), allow_nan=False))
            cell.outputs = [new_output("execute_result", data=data)]
    return notebook


def run_of(notebook: NotebookNode, workspace: Workspace, cycle: str) -> Run:
    """A run that such a notebook could come from."""
    now = dt.datetime(2026, 11, 16, 9, 30, tzinfo=dt.UTC)
    name = notebook.metadata["opsnb"]["texts"]
    return Run(
        playbook=name, title=name, subject=None, subject_label=None, cycle=cycle, slug=name,
        languages=("en", "zh"), currency=workspace.currency, workspace_name=workspace.name,
        root=workspace.root, parameters={}, provenance={}, started=now, ended=now,
    )  # fmt: skip
