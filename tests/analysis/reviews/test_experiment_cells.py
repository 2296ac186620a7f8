"""A readout's verdict rests on the evidence: cells may be left out, moved, or run twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import opsnb
from opsnb.analysis.session import Session
from opsnb.base.messages import Text
from opsnb.base.workspace import Workspace

from .test_experiment_trust import STEPS, people
from .test_experiment_trust import session as planned
from .test_rulings import CASES, GUARDRAIL, arm, session

MakeWorkspace = Callable[..., Workspace]
Payloads = dict[str, dict[str, Any]]

RESTS_ON = ("trust_gate", "primary", "guardrails", "secondary", "impact")
SECONDARY = '[[secondary]]\nmetric = "complained"\n'


def opened(workspace: MakeWorkspace, case: str) -> Workspace:
    """A workspace in which the rule comes to that case, with a year's users and a secondary."""
    bought, complained, users, _ = CASES[case]
    arms = [arm("control", 0.5, 0.2), arm("treatment", bought, complained, users)]
    made = session(workspace, arms, GUARDRAIL + SECONDARY).workspace
    path = made.root / "plans" / "experiments" / "e.toml"
    path.write_text("annual_users = 1000\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    return Workspace.load(made.root)


def read(workspace: Workspace, steps: Sequence[str]) -> Payloads:
    ops = Session(workspace, "ab_readout", cycle="2026-10", languages=["en", "zh"])
    readout = opsnb.Experiment(ops, "e")
    return {step: getattr(readout, step)().payload() for step in steps}


def records(payloads: Payloads, name: str) -> list[dict[str, Any]]:
    """The records of that name, each once, as report.json holds them."""
    found = [r for p in payloads.values() for r in p["languages"]["en"][name]]
    return [r for i, r in enumerate(found) if r not in found[:i]]


def facts(payloads: Payloads) -> dict[str, dict[str, Any]]:
    return {fact["key"]: fact for p in payloads.values() for fact in p["facts"]}


def statuses(payloads: Payloads) -> set[str]:
    return {p["status"]["status"] for p in payloads.values() if p["status"]}


def without(*left_out: str) -> list[str]:
    return [step for step in STEPS if step not in left_out]


COPIES = {
    **{f"without {step}": without(step) for step in RESTS_ON},
    "without trust and result": without(*RESTS_ON),
    "the verdict alone": ["summary"],
    "the verdict first": ["summary", *without("summary")],
    "backwards": list(reversed(STEPS)),
}


@pytest.mark.parametrize("case", ["won", "guardrail_broken", "untrusted"])
def test_no_cell_makes_or_unmakes_a_verdict(workspace: MakeWorkspace, case: str) -> None:
    made = opened(workspace, case)
    whole = read(made, STEPS)
    first = whole["summary"]["languages"]
    assert first["en"]["verdict"]["word"] == CASES[case][-1]
    decisive = [check for check in records(whole, "checks") if check["status"] == "block"]
    for name, steps in COPIES.items():
        copy = read(made, steps)
        said = copy["summary"]["languages"]
        for code in ("en", "zh"):
            for record in ("verdict", "cards", "decisions", "actions"):
                assert said[code][record] == first[code][record], (name, record)
        assert statuses(copy) == statuses(whole), name
        assert all(check in records(copy, "checks") for check in decisive), name
        known = facts(copy)
        assert all(known[key] == fact for key, fact in facts(whole).items() if key in known), name
        for record in ("checks", "findings", "cards"):
            cited = {key for r in records(copy, record) for key in r["evidence"]}
            assert cited <= set(known), (name, record)
        assert set(said["en"]["verdict"]["evidence"]) <= set(known), name


def test_a_broken_split_without_its_gate_is_invalid_and_shows_no_number(
    workspace: MakeWorkspace,
) -> None:
    made = opened(workspace, "untrusted")
    copy = read(made, without("trust_gate"))
    first = copy["summary"]["languages"]["en"]
    assert (first["verdict"]["word"], first["verdict"]["grade"]) == ("INVALID", "E")
    assert statuses(copy) == {"invalid"} and "do not fit" in first["status_reason"]
    assert [c["id"] for c in records(copy, "checks") if c["status"] == "block"] == ["srm"]
    assert first["cards"] == [] and records(copy, "findings") == []
    assert facts(copy)["ab.srm"]["p_value"] < 0.001


def test_secondary_metrics_do_not_stand_in_for_the_primary_one(workspace: MakeWorkspace) -> None:
    """Without the primary cell the facts of a secondary metric are there, and are others."""
    made = opened(workspace, "won")
    copy = read(made, without("primary"))
    assert copy["summary"]["languages"]["en"]["verdict"]["word"] == "SHIP"
    assert {"ab.lift/bought/treatment", "ab.lift/complained/treatment"} <= set(facts(copy))
    assert [f["section"] for f in records(copy, "findings")] == ["primary"]


@pytest.mark.parametrize(
    ("case", "status"), [("guardrail_broken", "fail"), ("guardrail_open", "not_proven")]
)
def test_guardrails_decide_whether_or_not_they_are_shown(
    workspace: MakeWorkspace, case: str, status: str
) -> None:
    copy = read(opened(workspace, case), without("guardrails"))
    assert copy["summary"]["languages"]["en"]["verdict"]["word"] == CASES[case][-1]
    assert facts(copy)["ab.guardrail/complained/treatment"]["value"] == status
    assert [f["section"] for f in records(copy, "findings")] == ["primary", "guardrails"]


def test_a_guardrail_that_nobody_can_read_is_open_though_it_is_not_shown(
    workspace: MakeWorkspace,
) -> None:
    guardrails = '[[guardrails]]\nmetric = "refund_rate"\nmargin = 0.3\n'
    ops = session(workspace, [arm("control", 0.5, 0.2), arm("treatment", 0.6, 0.2)], guardrails)
    alone = read(ops.workspace, ["summary"])
    verdict = alone["summary"]["languages"]["en"]["verdict"]
    assert verdict["word"] == "HOLD"
    check = next(c for c in records(alone, "checks") if c["id"] == "guardrail.refund_rate")
    assert check["status"] == "warn"


def test_an_early_reading_is_provisional_without_its_gate(workspace: MakeWorkspace) -> None:
    frame = people(0.5, 0.55)
    ops = planned(workspace, frame[frame.assigned_at < "2026-10-12"], as_of="2026-10-12")
    copy = read(ops.workspace, without("trust_gate"))
    assert statuses(copy) == {"provisional"}
    assert next(c for c in records(copy, "checks") if c["id"] == "early")["status"] == "warn"
    sentence = copy["summary"]["languages"]["en"]["verdict"]["sentence"]
    assert sentence.startswith("Interim, not decision-grade. ")


def test_an_unregistered_experiment_is_said_to_be_one_by_the_gate_alone(
    workspace: MakeWorkspace,
) -> None:
    ops = planned(workspace, people(0.5, 0.56), plan=False)
    readout = opsnb.Experiment(ops, "e", metric="bought")
    shown = {"trust_gate": readout.trust_gate().payload(), "summary": readout.summary().payload()}
    assert records(shown, "checks")[0]["id"] == "unregistered"
    assert shown["summary"]["languages"]["en"]["verdict"]["grade"] == "B"


def test_a_cell_that_is_run_twice_changes_nothing(workspace: MakeWorkspace) -> None:
    made = opened(workspace, "guardrail_broken")
    ops = Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])
    readout = opsnb.Experiment(ops, "e")
    for step in (*STEPS, "guardrails", "primary", "trust_gate"):
        getattr(readout, step)()
    again = readout.summary().payload()["languages"]["en"]
    once = read(made, STEPS)["summary"]["languages"]["en"]
    assert (again["verdict"], again["cards"]) == (once["verdict"], once["cards"])


def test_the_definitions_are_those_of_the_plan_whatever_was_shown(
    workspace: MakeWorkspace,
) -> None:
    made = opened(workspace, "won")
    ops = Session(made, "ab_readout", cycle="2026-10", languages=["en"])
    text = opsnb.Experiment(ops, "e").details().plain(ops.language)
    assert "Bought" in text and "Complained" in text


def test_a_check_of_a_teams_own_that_blocks_makes_the_experiment_invalid(
    workspace: MakeWorkspace,
) -> None:
    ops = Session(opened(workspace, "won"), "ab_readout", cycle="2026-10", languages=["en", "zh"])
    readout = opsnb.Experiment(ops, "e")
    own = ops.show()
    ops.check("bots", "block", Text.of("common.percent", value=0.4))
    payloads = {"own": own.payload(), "summary": readout.summary().payload()}
    verdict = payloads["summary"]["languages"]["en"]["verdict"]
    assert (verdict["word"], verdict["grade"]) == ("INVALID", "E")
    assert "40" in verdict["sentence"]
    assert statuses(payloads) == {"invalid"}
    assert records(payloads, "findings") == records(payloads, "cards") == []
