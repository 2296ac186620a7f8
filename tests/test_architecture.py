"""The house of docs/architecture.md: imports run one way, the halves meet only in a notebook.

And what its language files owe the code: the same keys in each language, none missing, none
left over.
"""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsnb.base.messages import FORMATS, Language, known_languages

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "opsnb"
MODULES = sorted(PACKAGE.rglob("*.py"))

BASE = (
    "errors", "texts", "personal", "resources", "messages", "periods", "credentials", "tomlfiles",
    "plans", "cores", "lasting", "ledger", "reads", "workspace", "bookkeeping",
)  # fmt: skip
ANALYSIS = (
    "sources", "tables", "metrics", "methods", "findings", "display", "analyses", "session",
)  # fmt: skip
PUBLISHING = (
    "parameters", "notebookfile", "playbook", "kernels", "execution", "runplan", "arrivals",
    "publish", "unchanged", "minutes", "underway", "making", "run", "site", "compare", "verify",
    "cycle", "serve",
)  # fmt: skip
TOP = ("sample", "doctor", "cli", "__main__", "__init__")
BACKWARDS = {("analyses", "session")}
"""Named for its type only: analyses are handed the session."""

MOST_LINES = 600


def part(module: str) -> str:
    """The part of the house that a dotted name lies in: `opsnb.base.plans.files` -> `plans`."""
    return module.split(".")[1] if "." in module else "__init__"


def parts_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Parts of opsnb that a module imports, and whether for its types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            own = node.module == "opsnb"
            names = [f"opsnb.{a.name}" for a in node.names] if own else [node.module]
        for name in names:
            if name.split(".")[0] == "opsnb":
                yield part(name), node in typing_only


def allowed(here: str) -> set[str]:
    """The parts that a part may import."""
    if here in TOP:
        return {*BASE, *ANALYSIS, *PUBLISHING, *TOP}
    if here == "methods":
        return {"errors", "methods"}
    half = next(half for half in (BASE, ANALYSIS, PUBLISHING) if here in half)
    before = half[: half.index(here) + 1]
    return {*before, *(() if half is BASE else BASE)}


def test_every_module_has_its_place() -> None:
    known = {*BASE, *ANALYSIS, *PUBLISHING, *TOP}
    assert {parts_of(path) for path in MODULES} <= known


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    here = parts_of(path)
    wrong = {
        name
        for name, typing_only in imports(path)
        if name not in allowed(here)
        and name not in {"__init__", "__version__"}  # `import opsnb` for its version
        and not (typing_only and (here, name) in BACKWARDS)
    }
    assert not wrong


def test_no_module_is_too_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in MODULES}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


# -- the language files ------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def formats(text: str) -> set[str]:
    names = {spec.partition(".")[0] for _, _, spec, _ in string.Formatter().parse(text) if spec}
    return names - {"", "signed"}  # a fact in its own unit, or that with a sign


@pytest.mark.parametrize("code", known_languages())
def test_languages_hold_the_same_texts(code: str) -> None:
    english, other = Language("en").texts, Language(code).texts
    assert set(other) == set(english)
    different = {
        key: (placeholders(english[key]), placeholders(other[key]))
        for key in english
        if placeholders(english[key]) != placeholders(other[key])
    }
    assert not different
    unknown = {key: formats(text) - set(FORMATS) for key, text in other.items()}
    assert not {key: names for key, names in unknown.items() if names}


TEXTS = Language("en").texts


def pattern(node: ast.AST) -> str | None:
    """What a key may look like: itself, or an f-string with its holes open."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            re.escape(piece.value) if isinstance(piece, ast.Constant) else ".+"
            for piece in node.values
        )
    if isinstance(node, ast.IfExp):
        return f"(?:{pattern(node.body)}|{pattern(node.orelse)})"
    return None


def asked(path: Path) -> Iterator[str]:
    """Keys that a module says outright: `Text("a.b")`, `Text.of(f"a.{x}")`, `.text("a.b")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        owner = getattr(getattr(function, "value", None), "id", "")
        if name in {"Text", "text"} or (name == "of" and owner == "Text"):
            found = pattern(node.args[0])
            if found is not None and r"\." in found:
                yield found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_text_that_the_code_says_exists(path: Path) -> None:
    missing = [key for key in asked(path) if not any(re.fullmatch(key, k) for k in TEXTS)]
    assert not missing


def test_no_text_is_left_over() -> None:
    """Each key is said somewhere: outright, by an f-string, or in a page's template."""
    literals, patterns = set(), set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = pattern(node)
            if isinstance(node, ast.Constant) and found:
                literals.add(node.value)
            elif found and re.match(r"[a-z_]+\\\.", found):
                patterns.add(found)
    templates = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "templates").rglob("*") if p.suffix == ".j2"
    )
    said = {
        key
        for key in TEXTS
        if key in literals
        or any(re.fullmatch(p, key) for p in patterns)
        or any(key.startswith(f"{text}_") for text in literals if "." in text)
        or re.search(rf"\b{re.escape(key.split('.')[-1])}\b", templates)
        or key.split(".")[0] in {"playbook", "page", *FROM_DATA}
    }
    assert set(TEXTS) - said == set()


FROM_DATA = {"event", "dimension", "kind", "tenure", "cycle"}
"""Tables of words for what data name: events, columns, kinds of cost."""

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda p: p.stem)
def test_playbooks_are_said_in_every_language(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = {
        f"playbook.{path.stem}.{cell['id']}": "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
    }
    assert cells == {k: v for k, v in TEXTS.items() if k.startswith(f"playbook.{path.stem}.")}
    chinese = Language("zh").texts
    for key, english in cells.items():
        heading = english.split(" ")[0]
        assert chinese[key].startswith(f"{heading} "), key  # the same level of heading
        assert re.search(r"[\u4e00-\u9fff]", chinese[key]), key


# -- how things are said -----------------------------------------------------------------

ENGLISH = (
    r"no (significant )?effect", r"95 ?% (sure|certain|confident|probab)",
    r"\btrends? toward", r"\btrending\b", r"almost significant", r"marginally significant",
    r"approach\w* significance", r"proves?\b(?! nothing)", r"accept the null",
)  # fmt: skip
CHINESE = (
    "没有效果", "没有影响", "不存在效应", "无效果", "无影响", "95% 的把握", "95% 的概率",
    "有 95%", "接近显著", "边缘显著", "几乎显著", "趋于显著", "趋向显著", "呈上升趋势",
    "呈下降趋势",
)  # fmt: skip


@pytest.mark.parametrize("phrase", ENGLISH)
def test_no_english_text_says(phrase: str) -> None:
    found = {k: t for k, t in TEXTS.items() if re.search(phrase, t, re.IGNORECASE)}
    assert not found


@pytest.mark.parametrize("phrase", CHINESE)
def test_no_chinese_text_says(phrase: str) -> None:
    assert not {k: t for k, t in Language("zh").texts.items() if phrase in t}


def test_chinese_is_written_in_its_own_punctuation() -> None:
    """No comma, colon, bracket or question mark of English right beside a Chinese character."""
    odd = re.compile(r"[\u4e00-\u9fff”」][,:;?!()]|[,:;?!()][\u4e00-\u9fff“「]")
    texts = Language("zh").texts
    assert not {key: text for key, text in texts.items() if odd.search(text)}


COUNTS_PEOPLE = {
    "newcomers", "funnel_by", "monthly_cohorts", "segments", "migration", "moves", "growth",
    "ticket_times", "answered", "registered",
}  # fmt: skip
"""What counts people by group: who calls it asks the session what must be left out."""


def test_breakdowns_of_people_ask_the_session() -> None:
    """Small groups are withheld at one place, which no analysis goes round."""
    asking = {"people", "small_channels", "min_cell", "too_few"}
    for path in sorted((PACKAGE / "analyses").rglob("*.py")):
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
