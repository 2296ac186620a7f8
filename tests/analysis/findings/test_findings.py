"""Records: keys that set facts apart, and JSON that any reader can take."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import numpy as np
import pytest

from opsnb.analysis.findings import (
    Action,
    Card,
    Check,
    Decision,
    Fact,
    Finding,
    Prediction,
    Verdict,
)
from opsnb.base.messages import Language, Text

EN, ZH = Language("en"), Language("zh")
FACT = Fact("ab.diff", np.float64(0.02), "points", low=-math.inf, high=0.05, metric="m", n=10)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({}, "x"),
        ({"metric": "m"}, "x/m"),
        ({"metric": "m", "variant": "b"}, "x/m/b"),
        ({"variant": "b"}, "x//b"),
        ({"segment": "s=1"}, "x///s=1"),
        ({"metric": "m", "period": "net"}, "x/m///net"),
    ],
)
def test_keys(more: dict[str, str], key: str) -> None:
    assert Fact("x", 1, **more).key == key  # type: ignore[arg-type]


def test_keys_set_facts_apart() -> None:
    fields = ("metric", "variant", "segment", "period")
    keys = {Fact("x", 1, **{name: "same"}).key for name in fields}  # type: ignore[arg-type]
    assert len(keys) == 4


def test_a_fact_as_json() -> None:
    row = FACT.as_dict()
    assert row == {
        "key": "ab.diff/m", "id": "ab.diff", "value": 0.02, "unit": "points", "high": 0.05,
        "metric": "m", "n": 10,
    }  # fmt: skip
    assert type(row["value"]) is float
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (math.nan, None), (math.inf, None), (None, None), (np.int64(3), 3), (np.bool_(True), True),
        (dt.date(2026, 10, 1), "2026-10-01"), (dt.datetime(2026, 10, 1, 9), "2026-10-01T09:00:00"),
        (np.float32(0.5), 0.5), ("ship", "ship"),
    ],
)  # fmt: skip
def test_values_as_json(value: Any, plain: Any) -> None:
    row = Fact("x", value).as_dict()
    assert row["value"] == plain and type(row["value"]) is type(plain)
    json.dumps(row, allow_nan=False)


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        (9_747_747.934000001, 9_747_747.933999999, 9_747_747.934),
        (0.0015542191234567, 0.0015542191234561, 0.001554219123),
        (12_345_678_901.239999, 12_345_678_901.240002, 12_345_678_901.24),
        (-1 / 3, -0.33333333333333304, -0.3333333333),
        (1e-300, 1e-300, 1e-300), (0.0, -0.0, 0.0),
    ],
)  # fmt: skip
def test_the_last_digits_of_a_sum_do_not_reach_the_report(
    one: float, other: float, kept: float
) -> None:
    assert Fact("x", one, low=one).as_dict() == Fact("x", other, low=other).as_dict()
    assert Fact("x", one).as_dict()["value"] == kept


def test_records_in_each_language() -> None:
    said = Text("ab.word.ship")
    label = {"en": "Name", "zh": "名称"}
    check = Check("srm", "pass", said, (FACT,)).as_dict(ZH)
    assert check == {
        "id": "srm", "status": "pass", "message": ZH.text("ab.word.ship"),
        "evidence": ["ab.diff/m"],
    }  # fmt: skip
    finding = Finding(label, (FACT,), "A", "good", "primary").as_dict(ZH)
    assert finding == {
        "claim": "名称", "grade": "A", "tone": "good", "section": "primary",
        "evidence": ["ab.diff/m"],
    }  # fmt: skip
    verdict = Verdict(said, label, "A", "good").as_dict(EN)
    assert (verdict["word"], verdict["sentence"], verdict["rule"]) == ("SHIP", "Name", None)
    card = Card(label, Text.of("common.change", fact=FACT), FACT).as_dict(EN)
    assert (card["value"], card["target"], card["evidence"]) == ("+2.00 pp", None, ["ab.diff/m"])


def test_people_s_records() -> None:
    due = dt.date(2026, 11, 1)
    decision = Decision("Ship?", "Li Na", due=due, evidence=(FACT,)).as_dict(EN)
    assert (decision["due"], decision["recommendation"]) == ("2026-11-01", None)
    assert decision["evidence"] == ["ab.diff/m"]
    action = Action("Do it", "Li Na", source="2026-10").as_dict(EN)
    assert (action["status"], action["from"], action["due"]) == ("proposed", "2026-10", None)
    prediction = Prediction("GMV", "gmv_net", 10.0, low=5.0, due=due).as_dict(EN)
    assert (prediction["low"], prediction["high"], prediction["observed"]) == (5.0, None, None)
