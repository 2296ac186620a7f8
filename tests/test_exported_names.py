"""What `import opsnb` offers: to people, to editors, to type checkers."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

import opsnb

PACKAGE = Path(opsnb.__file__).resolve().parent

NAMES = [
    "Campaign", "Column", "Design", "Experiment", "Fold", "Interval", "Month", "Note",
    "Paragraph", "Prediction", "Session", "Table", "Text", "Toned", "Week", "__version__",
    "begin", "charts",
]  # fmt: skip


def test_the_exported_names() -> None:
    assert opsnb.__all__ == dir(opsnb) == sorted(NAMES)
    assert all(getattr(opsnb, name) for name in NAMES)
    assert isinstance(opsnb.charts, ModuleType)
    with pytest.raises(AttributeError, match="no attribute 'Campain'"):
        opsnb.Campain  # type: ignore[attr-defined] # noqa: B018
    star: dict[str, object] = {}
    exec("from opsnb import *", star)
    assert {*NAMES} <= {*star}


def test_type_checkers_are_told_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block, *_) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    told = {alias.name for n in block.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    told |= {n.target.id for n in block.body if isinstance(n, ast.AnnAssign)}
    assert told == {*NAMES}
    assert (PACKAGE / "py.typed").is_file()


def test_a_bare_import_loads_neither_half_and_completes() -> None:
    code = dedent("""
        import sys, opsnb
        names = dir(opsnb)
        halves = [n for n in sys.modules if n.startswith(("opsnb.", "pandas", "ibis"))]
        from IPython.core.completer import IPCompleter
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell(user_ns={"opsnb": opsnb})
        shell.Completer.use_jedi = False
        import opsnb.base.errors
        found = shell.complete("opsnb.", "opsnb.")[1]
        print(halves, sorted(name.rpartition(".")[2] for name in found))
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown = sorted(name for name in NAMES if not name.startswith("_"))
    assert done.stdout.strip() == f"[] {shown}"


def _with_examples() -> list[str]:
    paths = (p for p in PACKAGE.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8"))
    names = (p.relative_to(PACKAGE.parent).with_suffix("").as_posix() for p in paths)
    return sorted(name.replace("/", ".").removesuffix(".__init__") for name in names)


@pytest.mark.parametrize("name", _with_examples())
def test_the_examples_of_docstrings_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0 and found.failed == 0
