"""Every playbook of the folder, present and future: its form, and a run as JupyterLab does it."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from opsnb.analysis.findings import MIME

PLAYBOOKS = sorted((Path(__file__).resolve().parent.parent / "playbooks").glob("*.ipynb"))

FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.With, ast.Lambda)


def _named(paths: list[Path]) -> list:
    return [pytest.param(path, id=path.stem) for path in paths]


@pytest.mark.parametrize("path", _named(PLAYBOOKS))
def test_a_playbook_is_easy_to_read(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert "name" not in notebook.metadata["opsnb"]  # the file's own is enough
    assert notebook.metadata["opsnb"]["texts"] == path.stem
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("parameters") == tags.count("setup") == tags.count("summary") == 1
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        assert not any(isinstance(node, FORBIDDEN) for node in ast.walk(tree)), cell["id"]
        if "parameters" not in cell.metadata.get("tags", []):
            assert isinstance(tree.body[-1], ast.Expr), f"{cell['id']} ends in nothing to show"


@pytest.mark.parametrize("path", _named(PLAYBOOKS))
def test_a_playbook_runs_top_to_bottom_with_its_defaults(
    path: Path, sample_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a kernel started in the folder of the notebook, as JupyterLab does; no command line."""
    for name in list(os.environ):
        if name.startswith("OPSNB_"):
            monkeypatch.delenv(name)
    folder = sample_root / "playbooks"
    folder.mkdir(exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    shown = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.get("text")
            data = output.get("data", {})
            if set(data) == {MIME}:  # what the setup read, which no output of it could say
                assert cell.metadata.tags == ["setup"] and data[MIME]["facts"] == []
            elif MIME in data:
                shown += 1
                assert data["text/plain"].strip()
                assert "<script" not in data["text/html"]
                # One language in the kernel unless a runner asks for more.
                assert list(data[MIME]["languages"]) == ["en"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert shown == len(code) - 2  # all but the parameters and the setup
