"""What a report says of earlier predictions: the score of those that stand, and how many do not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opsnb.analysis.reviews.shared.recall import recall
from opsnb.analysis.session import Session
from opsnb.base.predictions import Score, score
from opsnb.base.workspace import Workspace
from opsnb.publishing.runs.proposals import Making, record
from tests.attacks.shop import shop
from tests.conftest import MakeWorkspace

WHERE = "2026-09/monthly-retrospective"


def september(value: float, as_of: str, inputs: str) -> tuple[dict[str, Any], Making]:
    """A report of September that foretells revenue and orders of October."""
    rows = [
        {"what": metric, "metric": metric, "value": number, "low": 0.5 * number,
         "high": 2 * number, "due": "2026-10-31", "observed": None}
        for metric, number in (("gmv_net", value), ("orders", 1e9))
    ]  # fmt: skip
    primary = {
        "playbook": "monthly_retrospective", "subject": None, "cycle": "2026-09",
        "status": "ready", "actions": [], "decisions": [], "predictions": rows,
    }  # fmt: skip
    return {"en": primary}, Making(dt.date.fromisoformat(as_of), dt.date(2026, 10, 1), inputs)


@pytest.fixture
def made(workspace: MakeWorkspace) -> Workspace:
    return workspace(shop(), as_of="2026-11-16")


def remember(made: Workspace, *runs: tuple[float, str, str]) -> None:
    for run in runs:
        reports, making = september(*run)
        record(made.ledger, reports, WHERE, making)


def told(made: Workspace, code: str) -> tuple[Session, str]:
    ops = Session(made, "monthly_retrospective", cycle="2026-10")
    return ops, " ".join(part.plain(made.speak(code)) for part in recall(ops, related=False))


def revenue(made: Workspace) -> float:
    ops = Session(made, "monthly_retrospective", cycle="2026-10")
    value = ops.meter.value("gmv_net", ops.period).value
    assert value
    return value


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "1 superseded when their report was made again from other inputs, 0 withdrawn"),
        ("zh", "因报告用其他数据或口径重做而被取代 1 项，人工撤回 0 项"),
    ],
)
def test_a_bad_first_run_is_not_held_against_the_month(
    made: Workspace, code: str, words: str
) -> None:
    right = revenue(made)
    remember(made, (100 * right, "2026-10-02", "cents"), (right, "2026-10-02", "units"))
    ops, page = told(made, code)
    assert ops.facts["prediction.value/gmv_net"].value == right
    assert ops.facts["predictions.superseded"].value == 1
    assert ops.facts["predictions.hit_rate"].value == 0.5  # revenue held, orders did not
    assert words in page


def test_what_is_mended_while_the_month_runs_does_not_dodge_it(made: Workspace) -> None:
    right = revenue(made)
    remember(made, (100 * right, "2026-10-02", "first"), (right, "2026-10-20", "later"))
    ops, page = told(made, "en")
    assert ops.facts["prediction.value/gmv_net"].value == 100 * right
    assert ops.facts["predictions.hit_rate"].value == 0
    assert "superseded" not in page


@pytest.mark.parametrize(("code", "words"), [("en", "0 superseded"), ("zh", "人工撤回 2 项")])
def test_withdrawn_ones_are_told_where_nothing_is_left_to_score(
    made: Workspace, code: str, words: str
) -> None:
    remember(made, (1.0, "2026-10-02", "first"))
    for entry in made.ledger.entries("prediction"):
        made.ledger.withdraw(entry.id, "prediction")
    ops, page = told(made, code)
    assert words in page
    assert ops.facts["predictions.withdrawn"].value == 2
    assert "predictions.hit_rate" not in ops.facts


def test_the_report_and_the_ledger_have_one_score(made: Workspace) -> None:
    """What the report says before its outcomes are on record is what the ledger says after."""
    right = revenue(made)
    remember(made, (right, "2026-10-02", "first"))
    ops, _ = told(made, "en")
    rate = ops.facts["predictions.hit_rate"]
    seen = {m: ops.facts[f"prediction.observed/{m}"].value for m in ("gmv_net", "orders")}
    for entry in made.ledger.entries("prediction"):
        with made.ledger.locked() as write:
            line = {"event": "observe", "id": entry.id, "value": seen[entry.metric or ""]}
            write(entry.cycle, [line])
    found = score(made.ledger.entries())
    assert found == Score(n=2, hits=1, above=0, below=1)
    assert (rate.n, rate.value) == (found.n, found.hits / found.n)
