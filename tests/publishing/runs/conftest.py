"""A small workspace with playbooks built cell by cell, without data."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from opsnb.base import resources
from opsnb.base.workspace import Workspace

TOML = """\
[workspace]
name = {en = "Test Shop", zh = "测试商店"}
timezone = "Asia/Shanghai"
currency = "CNY"
language = "en"
languages = ["en", "zh"]
as_of = 2026-11-16
"""

EXPERIMENT = """\
name = "One page"
hypothesis = "Fewer steps, more orders"
owner = "Wang Lei"
start = 2026-09-14
end = 2026-10-11
unit = "user"
control = "control"
split = {control = 0.5, treatment = 0.5}
[primary]
metric = "order_conversion"
mde = 0.03
"""

SEAM = """\
from IPython.display import display
bundle = {{
    "text/plain": "{text}",
    "text/html": "<p>{text}</p>",
    "application/vnd.opsnb.v1+json": {{
        "v": 1,
        "facts": [{{"key": "t.value", "id": "t.value", "value": {value}, "unit": "number"}}],
        "status": None,
        "tables": {{}},
        "languages": {{
            "en": {{}},
            "zh": {{"html": "<p>{text}</p>"}},
        }},
    }},
}}
display(bundle, raw=True)
"""
"""Source of a cell that publishes one fact, `t.value`."""

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_built_in_playbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test's own playbooks are there."""
    empty = tmp_path / "built-in"
    empty.mkdir()
    monkeypatch.setattr(resources, "playbooks", lambda: empty)
    monkeypatch.delenv("OPSNB_WORKSPACE", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "playbooks").mkdir(parents=True)
    (root / "plans/experiments").mkdir(parents=True)
    (root / "opsnb.toml").write_text(TOML, encoding="utf-8")
    (root / "plans/experiments/one_page.toml").write_text(EXPERIMENT, encoding="utf-8")
    return root


@pytest.fixture
def workspace(root: Path) -> Workspace:
    return Workspace.load(root)


@pytest.fixture
def make(root: Path) -> Make:
    """Writes a playbook: `make(name, *sources, parameters=..., opsnb={...})`.

    Cells get the ids `title`, `parameters`, `c0`, `c1`, ...; a source that starts with "#"
    and a space, and holds no line break, becomes a Markdown cell.
    """

    def write(
        name: str = "demo",
        *sources: str,
        parameters: str = "top = 3  # type: int  How many rows",
        opsnb: dict[str, object] | None = None,
        title: str = "# Demo report\n\nShows a number.",
        text: str = "seen",
        value: str = "top",
    ) -> Path:
        cells = [
            new_markdown_cell(title, id="title"),
            new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}),
        ]
        for number, source in enumerate(sources or (SEAM.format(text=text, value=value),)):
            new = new_markdown_cell if source.startswith("# ") else new_code_cell
            cells.append(new(source, id=f"c{number}"))
        notebook = new_notebook(cells=cells, metadata={"opsnb": opsnb or {}})
        path = root / "playbooks" / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


@pytest.fixture
def seam() -> str:
    return SEAM.format(text="seen", value="1")


@pytest.fixture
def leftovers(root: Path) -> Callable[[], list[str]]:
    """What is in `reports/.work` beside lock files."""

    def find() -> list[str]:
        work = root / "reports/.work"
        return sorted(str(p.relative_to(work)) for p in work.rglob("*") if p.name in ("new", "old"))

    return find


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
