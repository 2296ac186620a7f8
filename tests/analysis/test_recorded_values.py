"""What a cell of a team's own may record; what it may not is an error of that cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.display import Paragraph
from opsnb.analysis.session import Session
from opsnb.base.errors import ParameterError
from opsnb.base.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]


@pytest.fixture
def ops(workspace: MakeWorkspace) -> Session:
    return Session(workspace(), "own", cycle="2026-10", languages=["en", "zh"])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Decimal("1.50"), 1.5),
        (pd.NA, None),
        (pd.NaT, None),
        (float("nan"), None),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (dt.date(2026, 10, 1), "2026-10-01"),
        (pd.Timestamp("2026-10-01 12:00"), "2026-10-01T12:00:00"),
        ("a word", "a word"),
        (None, None),
    ],
    ids=repr,
)
def test_values_that_engines_and_frames_give_are_facts(ops: Session, value: Any, told: Any) -> None:
    ops.fact("own.value", value)
    (fact,) = ops.show().payload()["facts"]
    assert fact["value"] == told


@pytest.mark.parametrize(
    "value", [pd.Series([1.0]), [1, 2], {"a": 1}, object(), pd.DataFrame(), 1j], ids=type
)
def test_what_is_no_single_value_is_refused_where_it_is_said(ops: Session, value: Any) -> None:
    ops.fact("own.kept", 1)
    with pytest.raises(ParameterError, match=r"fact own\.amount: a fact cannot hold .* one cell"):
        ops.fact("own.amount", value)
    with pytest.raises(ParameterError, match=r"fact own\.amount, low: "):
        ops.fact("own.amount", 1.0, low=value)
    assert [fact["id"] for fact in ops.show().payload()["facts"]] == ["own.kept"]


WRONG: dict[str, tuple[Callable[[Session], Any], str]] = {
    "unit": (lambda ops: ops.fact("x", 1, "zloty"), r"fact x, unit: no such word: 'zloty'"),
    "status": (lambda ops: ops.check("x", "bad", "!"), r"check x, status: .*block, pass, warn"),
    "message": (lambda ops: ops.check("x", "warn", 12), r'check x: .*int.*"zh"'),
    "grade": (lambda ops: ops.finding("c", grade="Z", section="s"), "finding, grade: .*'Z'"),
    "tone": (lambda ops: ops.finding("c", tone="fine", section="s"), "finding, tone: .*'fine'"),
    "evidence": (lambda ops: ops.finding("c", "f", section="s"), r"finding: .*str.*ops\.fact"),
    "evidence of an action": (lambda ops: ops.act("a", evidence=("f",)), r"action: .*ops\.fact"),
    "title": (lambda ops: ops.act(123), "action: a sentence cannot be of type int"),
    "due": (lambda ops: ops.act("a", due="soon"), "action, due: 'soon' is no day.*2026-12-01"),
    "question": (lambda ops: ops.decide(None), "decision: a sentence .* NoneType"),
    "part": (lambda ops: ops.show("just text"), r"ops\.show: a str is no part.*Paragraph"),
    "frame": (lambda ops: ops.show(pd.DataFrame()), r"ops\.show: a DataFrame .*without ops\.show"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_word_is_an_error_of_its_cell(ops: Session, wrong: str) -> None:
    call, said = WRONG[wrong]
    ops.fact("own.kept", 1)
    with pytest.raises(ParameterError, match=said):
        call(ops)
    payload = ops.show().payload()
    assert [fact["id"] for fact in payload["facts"]] == ["own.kept"]
    assert not any(payload["languages"]["en"][name] for name in ("checks", "findings", "actions"))


def test_a_day_may_be_given_as_its_text(ops: Session) -> None:
    assert ops.act("Ask", due="2026-12-01").due == dt.date(2026, 12, 1)
    assert ops.decide("Ask?", due=dt.datetime(2026, 12, 1, 9)).due == dt.date(2026, 12, 1)


def test_a_part_that_cannot_be_drawn_takes_no_record_along(ops: Session) -> None:
    class Broken(Paragraph):
        def data(self, say: Any) -> Any:
            raise RuntimeError("no data")

    ops.fact("own.kept", 1)
    with pytest.raises(RuntimeError, match="no data"):
        ops.show(Broken("x")).payload()
    assert [fact["id"] for fact in ops.show().payload()["facts"]] == ["own.kept"]
