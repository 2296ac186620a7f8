"""The house of docs/architecture.md: imports run one way, the halves meet only in a notebook."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest

from tests.house import (
    BEGIN,
    END,
    HOUSE,
    MODULES,
    NAMES,
    PACKAGE,
    PAGE,
    TOP,
    first_line,
    imports,
    name_of,
    origin,
    origins,
    place,
    plan,
)

MOST_LINES = 400
MOST_THINGS = 20
"""Directly under opsnb/."""


def allowed(half: str, part: str) -> set[tuple[str, str]]:
    """Where a part may import from."""
    base = {("base", each) for each in HOUSE["base"]}
    if half == "top":
        inner = {(half, each) for half, parts in HOUSE.items() for each in parts}
        return inner | {("top", each) for each in TOP}
    if (half, part) == ("analysis", "methods"):
        return {("base", "errors"), (half, part)}
    before = HOUSE[half][: HOUSE[half].index(part) + 1]
    return {(half, each) for each in before} | (base if half != "base" else set())


def test_every_module_has_its_place() -> None:
    places = {place(name) for name in NAMES}
    known = {(half, part) for half, parts in HOUSE.items() for part in parts}
    assert places <= known | {(half, "") for half in HOUSE} | {("top", part) for part in TOP}
    assert known <= places


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    half, part = place(name_of(path))
    if not part:  # the half's own __init__ says what it is and imports nothing
        assert not list(imports(path))
        return
    own = ("top", "__init__")  # `import opsnb` for its version and its folder
    wrong = {name for name in imports(path) if place(name) not in {*allowed(half, part), own}}
    assert not wrong


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports for types alone are counted: who needs a type needs to know what it is.

    What a package hands on is imported from where it is defined; a package that defines nothing
    is no module.
    """
    real = {
        name
        for name, path in NAMES.items()
        if path.name != "__init__.py"
        or any(
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    }
    graph = {name: (set(origins(NAMES[name])) & real) - {name} for name in real}
    assert origin("opsnb", "charts") == "opsnb.analysis.display.charts"
    assert origin("opsnb.analysis.tables", "check") in graph["opsnb.analysis.recorder"]
    graphlib.TopologicalSorter(graph).prepare()


def test_no_module_is_too_long() -> None:
    lengths = {name: len(p.read_text("utf-8").splitlines()) for name, p in NAMES.items()}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_the_door_is_narrow() -> None:
    things = [p for p in PACKAGE.iterdir() if p.name != "__pycache__"]
    assert len(things) <= MOST_THINGS


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_module_says_what_it_holds_in_one_line(name: str) -> None:
    line = first_line(NAMES[name])
    assert line and len(line) <= 200, line


def test_the_page_shows_the_house() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == plan(), "run python -m tests.house"


COUNTS_PEOPLE = {
    "newcomers", "funnel_by", "monthly_cohorts", "segments", "migration", "moves", "growth",
    "ticket_times", "answered", "registered",
}  # fmt: skip
"""What counts people by group: who calls it asks the session what must be left out."""


def test_breakdowns_of_people_ask_the_session() -> None:
    """Small groups are withheld at one place, which no analysis goes round."""
    asking = {"groups_to_withhold", "small_channels", "min_cell", "too_few"}
    for path in sorted((PACKAGE / "analysis" / "reviews").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {getattr(node, "attr", getattr(node, "id", "")) for node in nodes}
        for call in (node for node in nodes if isinstance(node, ast.Call)):
            is_grouped = len(call.args) > 2 or any(k.arg == "by" for k in call.keywords)
            if getattr(call.func, "attr", "") == "measure" and is_grouped:
                guarded = path.name == "breakdowns.py" or "put_together" in names
                assert guarded, (
                    f"{path.name}:{call.lineno} goes round opsnb.analysis.reviews.shared.breakdowns"
                )
        imported = {
            alias.name
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("opsnb.analysis.metrics")
            for alias in node.names
        }
        unasked = not names & asking and imported & COUNTS_PEOPLE
        assert not unasked, f"{path.name} counts people by group and does not ask the session"


RECORDED = {"facts", "checks", "findings", "decisions", "actions", "is_invalid", "_pending"}
"""What a recorder was told so far, which depends on the cells that ran."""


def recorders(tree: ast.AST) -> set[str]:
    """Names that a recorder goes by in a module."""
    annotated = {
        arg.arg
        for arg in ast.walk(tree)
        if isinstance(arg, ast.arg)
        and arg.annotation is not None
        and {"Recorder", "Session"} & set(re.findall(r"\w+", ast.unparse(arg.annotation)))
    }
    return {"ops", "recorder", *annotated}


@pytest.mark.parametrize(
    "path",
    sorted((PACKAGE / "analysis" / "reviews").rglob("*.py")),
    ids=lambda p: str(p.relative_to(PACKAGE / "analysis" / "reviews")),
)
def test_recording_is_an_output(path: Path) -> None:
    """Reviews tell a recorder what they found, and rest on nothing that it was told."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = recorders(tree)
    read = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in RECORDED
        and getattr(node.value, "attr", getattr(node.value, "id", "")) in names
    ]
    assert not read, "take it from the review's evidence"
