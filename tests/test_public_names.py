"""What `import opsnb` offers to people who write playbooks: those names, and no others."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import opsnb

PACKAGE = Path(opsnb.__file__).parent

OURS = {"__version__"}
"""Names with underscores that are meant for people."""


def test_the_names_are_sorted_and_told_once() -> None:
    assert opsnb.__all__ == sorted(set(opsnb.__all__))
    assert {name for name in opsnb.__all__ if name.startswith("_")} == OURS


@pytest.mark.parametrize("name", opsnb.__all__)
def test_every_name_can_be_imported(name: str) -> None:
    assert getattr(importlib.import_module("opsnb"), name) is not None


@pytest.mark.parametrize("name", [name for name in opsnb.__all__ if name not in OURS])
def test_every_name_says_what_it_is(name: str) -> None:
    """Whoever asks for help gets a docstring that the name itself has, and no inherited one."""
    named = getattr(opsnb, name)
    assert inspect.isclass(named) or inspect.isfunction(named) or inspect.ismodule(named)
    assert named.__doc__, f"opsnb.{name} has no docstring"
    assert named.__name__.rpartition(".")[2] == name


def test_a_star_brings_just_these() -> None:
    brought: dict[str, object] = {}
    exec("from opsnb import *", brought)
    assert set(brought) - {"__builtins__"} == set(opsnb.__all__)


USED = "\n".join(f"opsnb.{name}" for name in opsnb.__all__)


@pytest.mark.parametrize("used", ["", USED], ids=["at first", "after use"])
def test_completion_shows_what_is_meant_for_people(used: str) -> None:
    """In a new Python, and after the names were used, which loads the modules behind them."""
    shown = _said(f"import json, opsnb\n{used}\nprint(json.dumps(dir(opsnb)))")
    assert shown == sorted(shown)
    assert {n for n in shown if not n.startswith("__")} == set(opsnb.__all__) - OURS
    assert set(opsnb.__all__) <= set(shown)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'opsnb' has no attribute 'Expermient'"):
        opsnb.Expermient  # noqa: B018


def test_names_load_nothing_before_they_are_used() -> None:
    """`opsnb --help` must not wait for the analysis half."""
    loaded = _said(
        "import json, sys, opsnb\ndir(opsnb)\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('opsnb.')]))"
    )
    assert not [name for name in loaded if name.startswith("opsnb.analysis")]


def _said(script: str) -> list[str]:
    """What a script prints as JSON in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        cwd=PACKAGE.parent,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_type_checkers_are_told_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block, *_) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    told = {alias.name for n in block.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    told |= {n.target.id for n in block.body if isinstance(n, ast.AnnAssign)}
    assert told == set(opsnb.__all__)
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
    shown = sorted(name for name in opsnb.__all__ if not name.startswith("_"))
    assert done.stdout.strip() == f"[] {shown}"


def _with_examples() -> list[str]:
    paths = (p for p in PACKAGE.rglob("*.py") if ">>> " in p.read_text(encoding="utf-8"))
    names = (p.relative_to(PACKAGE.parent).with_suffix("").as_posix() for p in paths)
    return sorted(name.replace("/", ".").removesuffix(".__init__") for name in names)


@pytest.mark.parametrize("name", _with_examples())
def test_the_examples_of_docstrings_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0 and found.failed == 0
