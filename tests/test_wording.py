"""What the language files owe the code, and how things are said.

The same keys in each language, none missing, none left over; no word that claims what the
statistics do not.
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
MODULES = sorted((ROOT / "opsnb").rglob("*.py"))
PACKAGE = ROOT / "opsnb"


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
