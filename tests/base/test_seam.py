"""The seam stands once: neither half repeats its names, words or fields."""

from __future__ import annotations

import ast
import datetime as dt
import json
import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

import opsnb
from opsnb.analysis import findings
from opsnb.base import page_parts, seam
from opsnb.base.messages import Language
from opsnb.publishing.reports.schema import Report

PACKAGE = Path(opsnb.__file__).parent
SEAM = "base/seam.py"


@pytest.mark.parametrize("text", [seam.MIME, seam.SCHEMA, "opsnb.report/1"])
def test_its_names_stand_in_one_module(text: str) -> None:
    assert _where(lambda node: isinstance(node, ast.Constant) and node.value == text) == {SEAM}


@pytest.mark.parametrize("word", ["provisional", "neutral", "p_value", "proposed"])
def test_its_words_are_listed_in_one_module(word: str) -> None:
    def lists(node: ast.AST) -> bool:
        literal = isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal"
        return literal and f"'{word}'" in ast.unparse(node)

    assert _where(lists) == {SEAM}


def _where(holds: Callable[[ast.AST], bool]) -> set[str]:
    """Modules with such a node."""
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(holds(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }


RECORDS = ("Fact", "Check", "Finding", "Verdict", "Card", "Decision", "Action", "Prediction")


@pytest.mark.parametrize("name", RECORDS)
def test_the_analysis_adds_no_field_to_a_record(name: str) -> None:
    own, shared = (getattr(module, name).__dataclass_fields__ for module in (findings, seam))
    assert own.keys() - shared.keys() == ({"fact"} if name == "Card" else set())


def test_both_halves_read_the_same_order_of_statuses() -> None:
    assert seam.STATUSES == ("ready", "provisional", "skipped", "invalid", "failed")
    schema = Report.model_json_schema()
    assert schema["properties"]["status"]["enum"] == list(seam.STATUSES)


def test_it_is_read_without_pydantic() -> None:
    """The command line and each kernel import it."""
    code = (
        "import sys, opsnb.base.page_parts; "
        "print(sorted({'pydantic', 'pandas', 'babel', 'matplotlib'} & set(sys.modules)))"
    )
    asked = [sys.executable, "-c", code]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_records_of_the_analysis_have_the_layout_of_the_seam() -> None:
    fact = findings.Fact("ab.diff", np.float64(0.02), "points", low=-math.inf, high=0.05, n=10)
    english = Language("en")
    rows = {
        seam.FactRow: fact.as_dict(),
        seam.Check[str, str]: findings.Check("id", "warn", "text", (fact,)).as_dict(english),
        seam.Finding[str, str]: findings.Finding("so", (fact,)).as_dict(english),
        seam.Verdict[str, str]: findings.Verdict("YES", "so", "A", "good").as_dict(english),
        seam.CardRow[str]: findings.Card("a", "b", fact, target="c").as_dict(english),
        seam.Decision[str, str]: findings.Decision("so?", "me").as_dict(english),
        seam.Action[str, str]: findings.Action("do", "me", dt.date(2026, 1, 2)).as_dict(english),
        seam.Prediction[str]: findings.Prediction("it", "gmv_net", 1.0).as_dict(english),
    }
    for layout, row in rows.items():
        TypeAdapter(layout).validate_python(json.loads(json.dumps(row, allow_nan=False)))
        with pytest.raises(ValidationError):
            TypeAdapter(layout).validate_python({**row, "more": 1})
    assert rows[seam.CardRow[str]]["evidence"] == ["ab.diff"]
    assert rows[seam.Action[str, str]]["from"] is None


def test_json_leaves_out_what_is_not_given_and_writes_plain_values() -> None:
    mark = page_parts.Mark("event", {"said": {"en": "a", "zh": "b"}}, dt.date(2026, 1, 2))
    cell = page_parts.Value(v=np.int64(3), low=math.inf, line=(1.0, math.nan))
    assert seam.as_json([mark, cell]) == [
        {"kind": "event", "label": {"said": {"en": "a", "zh": "b"}}, "at": "2026-01-02"},
        {"v": 3, "low": None, "line": [1.0, None]},
    ]
    passage = page_parts.Passage(is_="text", kind="note", text="so")
    assert seam.as_json(passage) == {"is": "text", "kind": "note", "text": "so"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1 + 0.2, 0.3), (1234567890.123456, 1234567890.12), (1 / 3e9, 3.333333333e-10),
        (np.float32(0.5), 0.5), (math.nan, None), (-math.inf, None), (True, True), (None, None),
        (dt.datetime(2026, 1, 2, 3), "2026-01-02T03:00:00"), (Decimal("1.5"), Decimal("1.5")),
    ],
)  # fmt: skip
def test_numbers_keep_the_digits_that_are_the_same_each_time(value: object, shown: object) -> None:
    assert seam.plain(value) == shown
