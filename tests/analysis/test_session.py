"""The session: what it records, and the seam's payload that carries it out of a cell."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from opsnb.analysis.display import Note, Paragraph
from opsnb.analysis.findings import MIME, Card, Prediction, Verdict
from opsnb.analysis.session import Session, begin
from opsnb.base.errors import (
    MessageError,
    ParameterError,
    PeriodError,
    PlaybookError,
    WorkspaceError,
)
from opsnb.base.messages import Text
from opsnb.base.traits import Traits
from opsnb.base.workspace import Workspace
from opsnb.publishing.reports.schema import Report

MakeWorkspace = Callable[..., Workspace]
ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2"],
        "user_id": ["u1", "u2"],
        "ordered_at": pd.to_datetime(["2026-10-01", "2026-10-02"]),
        "amount": [10.0, 20.0],
    }
)


@pytest.fixture
def ops(workspace: MakeWorkspace) -> Session:
    made = workspace({"orders": ORDERS})
    return Session(made, "mine", cycle="2026-10", languages=["en", "zh"])


def test_begin_finds_the_workspace_and_the_languages(
    workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace({"orders": ORDERS})
    monkeypatch.setenv("OPSNB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("OPSNB_LANGUAGES", "zh,en")
    ops = begin("mine")
    assert ops.period.key == "2026-10"  # the last month that was over
    assert [language.code for language in ops.languages] == ["zh", "en"]
    assert [language.code for language in begin("mine", language="en").languages] == ["en"]
    monkeypatch.delenv("OPSNB_LANGUAGES")
    assert [language.code for language in begin("mine").languages] == ["en"]
    assert "2026-10" in begin("mine", cycle="2026-10").period.key
    with pytest.raises(PeriodError):
        begin("mine", cycle="2026-13")
    with pytest.raises(MessageError, match='unknown language "fr"'):
        begin("mine", language="fr")
    monkeypatch.setenv("OPSNB_WORKSPACE", str(tmp_path / "nowhere"))
    with pytest.raises(WorkspaceError):
        begin("mine")


def test_a_name_that_no_playbook_has(
    workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace({"orders": ORDERS})
    (tmp_path / "playbooks").mkdir()
    own = json.dumps({"metadata": {"opsnb": {"memory": "everything"}}})
    (tmp_path / "playbooks" / "board_week.ipynb").write_text(own, encoding="utf-8")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "draft.ipynb").write_text(own, encoding="utf-8")
    monkeypatch.setenv("OPSNB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "beside")
    for slip, meant in {
        "monthly_retrospectiv": "monthly_retrospective",
        "bord_week": "board_week",
    }.items():
        with pytest.raises(PlaybookError, match=f'"{slip}". Fix: did you mean "{meant}"?'):
            begin(slip)
    assert begin("board_week").traits.memory == begin("draft").traits.memory == "everything"
    with pytest.warns(UserWarning, match='not those of "board_week". Fix: save it as') as told:
        assert begin("board_week_cn").traits == Traits("board_week_cn")
    assert told[0].filename == __file__
    assert begin("loyalty").traits == Traits("loyalty")


def test_each_cell_carries_what_was_recorded_since_the_last(ops: Session) -> None:
    first = ops.fact("x", 1)
    ops.check("c", "pass", Text("gate.clean"), first)
    one = ops.show(Note("one")).payload()
    ops.fact("y", 2)
    two = ops.show(Note("two")).payload()
    three = ops.show(Note("three")).payload()
    assert [[f["key"] for f in p["facts"]] for p in (one, two, three)] == [["x"], ["y"], []]
    assert [len(p["languages"]["en"]["checks"]) for p in (one, two, three)] == [1, 0, 0]
    assert set(ops.facts) == {"x", "y"}


def test_the_payload(ops: Session) -> None:
    fact = ops.fact("x", 0.5, "share")
    ops.check("c", "warn", {"en": "look", "zh": "看"}, fact)
    ops.finding({"en": "claim", "zh": "结论"}, fact, grade="A", section="s")
    ops.decide({"en": "Ship?", "zh": "上线？"}, "Li Na", due=dt.date(2026, 11, 1))
    ops.act({"en": "Do", "zh": "做"}, source="2026-10")
    ops.predict(Prediction("GMV", "gmv_net", 5.0))
    ops.status("provisional", {"en": "early", "zh": "尚早"})
    ops.inspect("orders", "events")
    shown = ops.show(Paragraph({"en": "Words", "zh": "文字"}))
    bundle = json.loads(json.dumps(shown._repr_mimebundle_(), allow_nan=False))
    assert set(bundle) == {"text/plain", "text/html", MIME}
    assert bundle["text/html"] == "<p>Words</p>" and bundle["text/plain"] == "Words"
    payload = bundle[MIME]
    assert payload["v"] == 2 and payload["status"] == {"status": "provisional"}
    assert payload["tables"]["orders"]["rows"] == 2 and set(payload["tables"]) == {"orders"}
    english, chinese = payload["languages"]["en"], payload["languages"]["zh"]
    assert "html" not in english and chinese["html"] == "<p>文字</p>"
    assert set(chinese) - {"html"} == set(english)
    for name, (text, words) in {
        "checks": ("message", ("look", "看")),
        "findings": ("claim", ("claim", "结论")),
        "decisions": ("question", ("Ship?", "上线？")),
        "actions": ("title", ("Do", "做")),
    }.items():
        assert (english[name][0][text], chinese[name][0][text]) == words
    assert (english["status_reason"], chinese["status_reason"]) == ("early", "尚早")
    assert english["actions"][0]["owner"] == "operations lead"
    assert english["predictions"][0]["value"] == 5.0


def test_the_payload_s_parts_fit_the_report(ops: Session) -> None:
    """What leaves a cell is named as report.json names it."""
    ops.fact("x", 1)
    texts = ops.show(Note("n")).payload()["languages"]["en"]
    assert set(texts) - {"status_reason"} <= set(Report.model_fields)


def test_a_cell_run_again_says_nothing_twice(ops: Session) -> None:
    for _ in range(2):
        fact = ops.fact("x", 1)
        ops.check("c", "warn", "look", fact)
        ops.finding("claim", fact, section="s")
        ops.decide("Ship?")
        ops.act("Do")
        ops.predict(Prediction("GMV", "gmv_net", 5.0))
    assert [len(r) for r in (ops.findings, ops.decisions, ops.actions)] == [1, 1, 1]
    payload = ops.show(Note("n")).payload()
    assert len(payload["facts"]) == 1
    for name in ("checks", "findings", "decisions", "actions", "predictions"):
        assert len(payload["languages"]["en"][name]) == 1, name


def test_the_worst_status_wins(ops: Session) -> None:
    for status in ("provisional", "invalid", "skipped", "ready"):
        ops.status(status, status)  # type: ignore[arg-type]
    payload = ops.show().payload()
    assert payload["status"] == {"status": "invalid"}
    assert payload["languages"]["en"]["status_reason"] == "invalid"
    with pytest.raises(ParameterError, match=r'no status "broken".*take one of ready'):
        ops.status("broken", "x")  # type: ignore[arg-type]


def verdict() -> Verdict:
    return Verdict("SHIP", "Roll it out", "A", "good")


def test_the_first_screen(ops: Session) -> None:
    fact = ops.fact("x", 1, "count")
    ops.finding("claim", fact, section="s")
    ops.show(Note("earlier")).payload()
    shown = ops.first_screen(verdict(), [Card("Users", "17", fact)])
    html = shown.html(ops.language)
    for piece in ("ob-verdict", "SHIP", "ob-card", "17", "ob-findings", "claim"):
        assert piece in html
    english = shown.payload()["languages"]["en"]
    assert english["verdict"]["word"] == "SHIP" and english["cards"][0]["evidence"] == ["x"]
    assert english["findings"] == []  # they left with the cell that found them


def test_an_invalid_report_opens_without_numbers(ops: Session) -> None:
    fact = ops.fact("x", 1, "count")
    ops.finding("claim", fact, section="s")
    ops.status("invalid", "broken split")
    ops.show(Note("earlier"))
    shown = ops.first_screen(verdict(), [Card("Users", "17", fact)])
    html = shown.html(ops.language)
    assert "SHIP" in html and "17" not in html and "claim" not in html
    assert shown.payload()["languages"]["en"]["cards"] == []


def test_a_table_is_inspected_once(ops: Session) -> None:
    first, again = ops.inspect("orders"), ops.inspect("orders")
    assert first == again
    assert set(ops.show().payload()["tables"]) == {"orders"}
    ops.inspect("orders")
    assert ops.show().payload()["tables"] == {}
    assert ops.inspect("events") == []


def test_the_session_as_a_cell(ops: Session) -> None:
    bundle = ops._repr_mimebundle_()
    assert "Test Shop" in bundle["text/plain"] and "October 2026" in bundle["text/plain"]
    assert bundle["text/html"].startswith("<style>")
