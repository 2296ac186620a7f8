"""Runs a playbook in this process, as a kernel would: its cells, what each ends in, its report."""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from opsnb.base.workspace import Workspace
from opsnb.publishing.reports import Run

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"


def executed(playbook: str, workspace: Path, **parameters: Any) -> NotebookNode:
    """A playbook with the outputs of its cells, in English and Chinese."""
    notebook = nbformat.read(PLAYBOOKS / f"{playbook}.ipynb", as_version=4)
    environment = {"OPSNB_WORKSPACE": str(workspace), "OPSNB_LANGUAGES": "en,zh"}
    names: dict[str, Any] = {}
    with mock.patch.dict(os.environ, environment):
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            shown = _value(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                assert parameters.keys() <= names.keys()
                names |= parameters
            elif hasattr(shown, "_repr_mimebundle_"):
                data = json.loads(json.dumps(shown._repr_mimebundle_(), allow_nan=False))
                cell.outputs = [new_output("execute_result", data=data)]
    return notebook


def _value(source: str, names: dict[str, Any]) -> Any:
    """What a cell ends in."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def run_of(notebook: NotebookNode, workspace: Workspace, cycle: str) -> Run:
    """A run that such a notebook could come from."""
    now = dt.datetime(2026, 11, 16, 9, 30, tzinfo=dt.UTC)
    name = notebook.metadata["opsnb"]["name"]
    return Run(
        playbook=name, title=name, subject=None, subject_label=None, cycle=cycle, slug=name,
        languages=("en", "zh"), currency=workspace.currency, workspace_name=workspace.name,
        root=workspace.root, parameters={}, provenance={}, started=now, ended=now,
        messages_folder=workspace.messages_folder,
    )  # fmt: skip
