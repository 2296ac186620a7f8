"""Playbooks run cell by cell in this process, over the sample company and tiny workspaces."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest

from opsnb.analysis.session import Session
from opsnb.analysis.shown import Shown
from opsnb.base.messages import Language
from opsnb.base.traits import Traits
from opsnb.base.workspace import Workspace

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"


@dataclass
class Played:
    """What a playbook's cells showed, by cell id, and the session behind them."""

    ops: Session
    cells: Mapping[str, Shown]

    @cached_property
    def payloads(self) -> dict[str, dict[str, Any]]:
        return {cell: shown.payload() for cell, shown in self.cells.items()}

    def fact(self, key: str) -> dict[str, Any]:
        """The fact of that key, as it would enter report.json."""
        found = [f for p in self.payloads.values() for f in p["facts"] if f["key"] == key]
        return found[-1]

    def facts(self, id: str) -> list[dict[str, Any]]:
        return [f for p in self.payloads.values() for f in p["facts"] if f["id"] == id]

    def records(self, name: str, code: str = "en") -> list[dict[str, Any]]:
        """Checks, findings, decisions, actions, cards or predictions, in order."""
        return [r for p in self.payloads.values() for r in p["languages"][code][name]]

    def check(self, id: str) -> dict[str, Any]:
        return next(check for check in self.records("checks") if check["id"] == id)

    def verdict(self, code: str = "en") -> dict[str, Any]:
        return self.payloads["summary"]["languages"][code]["verdict"]

    @property
    def statuses(self) -> list[str]:
        return [p["status"]["status"] for p in self.payloads.values() if p["status"]]

    def html(self, cell: str, code: str = "en") -> str:
        return self.cells[cell].html(self.language(code))

    def text(self, code: str = "en") -> str:
        """All that the cells say, as plain text."""
        language = self.language(code)
        return "\n".join(shown.plain(language) for shown in self.cells.values())

    def language(self, code: str) -> Language:
        return next(language for language in self.ops.languages if language.code == code)


def play(workspace: Workspace, playbook: str, **parameters: Any) -> Played:
    """Run the cells of a playbook in order, with parameters in place of the defaults."""
    path = PLAYBOOKS / f"{playbook}.ipynb"
    notebook = nbformat.read(path, 4)
    traits = Traits.read(path)
    assert traits is not None
    names: dict[str, Any] = {}
    cells = {}
    patched = mock.patch.object(Workspace, "load", return_value=workspace)
    told = {"OPSNB_LANGUAGES": "en,zh", "OPSNB_PLAYBOOK": traits.as_json()}
    with mock.patch.dict("os.environ", told), patched:
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            value = run_cell(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                names.update(parameters)
            if isinstance(value, Shown):
                value.payload()  # rendered before the next cell runs, as in a kernel
                cells[cell.id] = value
    return Played(names["ops"], cells)


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        body, last = [*body, last], None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return (
        None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    )


@pytest.fixture(scope="session")
def played(sample: Workspace) -> Callable[..., Played]:
    """A playbook over the sample company; each set of parameters runs once."""
    runs: dict[Any, Played] = {}

    def get(playbook: str, **parameters: Any) -> Played:
        key = (playbook, *sorted(parameters.items()))
        if key not in runs:
            runs[key] = play(sample, playbook, **parameters)
        return runs[key]

    return get


@pytest.fixture(scope="session")
def truth(sample: Workspace) -> dict[str, Any]:
    """What was planted in the sample company."""
    return json.loads((sample.root / "data/truth.json").read_text(encoding="utf-8"))
