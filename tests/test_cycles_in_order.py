"""Three cycles in order through real runs: actions carried, closed and scored; one-page weeks."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from opsnb.base.ledger import Entry, Ledger
from opsnb.base.workspace import Workspace
from opsnb.cli import app
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import Result, run
from opsnb.sample.memory import remember

CYCLES = ("2026-08", "2026-09", "2026-10")


@dataclass
class Story:
    """What the cycles left: report.json by cycle, and the ledger after each."""

    workspace: Workspace
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledgers: dict[str, list[Entry]] = field(default_factory=dict)

    def fact(self, cycle: str, id: str) -> dict[str, Any]:
        [found] = [f for f in self.reports[cycle]["facts"] if f["key"] == id]
        return found


def made(workspace: Workspace, name: str, cycle: str, *, pdf: bool = False) -> Result:
    planned = plan(Playbook.load(name, workspace), {}, workspace, cycle=cycle)
    formats = ["pdf"] if pdf else []
    return run(planned, workspace, formats=formats, languages=["en", "zh"] if pdf else ["en"])


def say(workspace: Workspace, *words: str) -> Any:
    result = CliRunner().invoke(app, ["-w", str(workspace.root), *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def story(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    root = tmp_path_factory.mktemp("cycles")
    shutil.copy(sample_root / "opsnb.toml", root)
    shutil.copytree(sample_root / "plans", root / "plans")
    (root / "data").symlink_to(sample_root / "data")
    told = Story(Workspace.load(root))
    for cycle in CYCLES:
        result = made(told.workspace, "monthly_retrospective", cycle)
        assert result.status == "ready", result.reason
        told.reports[cycle] = result.reports["en"]
        if cycle == "2026-08":
            people_speak(told.workspace)
        told.ledgers[cycle] = told.workspace.ledger.entries()
    return told


def people_speak(workspace: Workspace) -> None:
    """After August: one step done in time, one dropped, one that nobody does, a decision made."""
    first, second, *_ = (e.id for e in workspace.ledger.entries("action"))
    say(workspace, "actions", "close", first, "--on", "2026-11-20")
    say(workspace, "actions", "close", second, "--as", "dropped", "--note", "moot")
    say(workspace, "actions", "add", "Call the courier", "-o", "He Jun", "-d", "2026-10-05")
    [decision] = workspace.ledger.entries("decision")
    say(workspace, "decisions", "close", decision.id, "--answer", "Wang Lei, by Friday")


def test_actions_are_carried_closed_and_shown(story: Story) -> None:
    assert not [f for f in story.reports["2026-08"]["facts"] if f["id"] == "actions.open"]
    september = {e.title if isinstance(e.title, str) else e.title["en"]: e
                 for e in story.ledgers["2026-08"] if e.kind == "action"}  # fmt: skip
    as_of = story.workspace.as_of
    counts = {
        s: story.fact("2026-09", f"actions.{s}")["value"] for s in ("done", "dropped", "late")
    }
    by_hand = [e for e in september.values() if not e.report]
    assert [e.status(as_of) for e in by_hand] == ["late"]  # added to the latest cycle, October
    assert counts == {"done": 1, "dropped": 1, "late": 0}
    page = (story.workspace.reports / "2026-09/monthly-retrospective/report.html").read_text(
        "utf-8"
    )
    assert "dropped: moot" in page and "Wang Lei, by Friday" in page
    carried = story.fact("2026-10", "actions.carried_out")
    assert (carried["value"], carried["n"]) == (0.5, 2)
    assert story.fact("2026-10", "actions.closed_on_time")["value"] == 1.0
    assert story.fact("2026-10", "actions.open")["n"] > story.fact("2026-09", "actions.open")["n"]
    assert story.fact("2026-10", "decisions.made")["value"] == 1


def test_predictions_are_scored_with_hits_calibration_and_bias(story: Story) -> None:
    known = [e for e in story.ledgers["2026-10"] if e.kind == "prediction"]
    scored = [e for e in known if e.observed is not None]
    assert len(scored) >= 15 and {e.cycle for e in scored} == {"2026-08", "2026-09"}
    came = {f["metric"]: f["value"] for f in story.reports["2026-10"]["facts"]
            if f["id"] == "kpi.value"}  # fmt: skip
    for entry in scored:
        if entry.cycle == "2026-09":
            assert entry.observed == pytest.approx(came[entry.metric])
    rate = story.fact("2026-10", "predictions.hit_rate")
    assert rate["value"] == pytest.approx(sum(bool(e.hit) for e in scored) / len(scored))
    assert rate["low"] < rate["value"] < rate["high"] or rate["value"] in (0, 1)
    misses = [(e.observed - e.value) / abs(e.value) for e in scored]
    assert story.fact("2026-10", "predictions.bias")["value"] == pytest.approx(
        sum(misses) / len(misses)
    )


def test_the_sample_company_remembers_what_its_reports_left(story: Story, tmp_path: Path) -> None:
    remember(tmp_path / "ledger")
    kept = Ledger(tmp_path / "ledger").entries("prediction")
    left = {(e.cycle, e.metric): e for e in story.ledgers["2026-10"] if e.kind == "prediction"}
    assert len(kept) == 24
    for entry in kept:
        own = left[entry.cycle, entry.metric]
        assert own.title == entry.title["en"] and own.due == entry.due
        assert (entry.value, entry.low, entry.high) == pytest.approx((own.value, own.low, own.high))


def test_tasks_on_time_stand_against_ninety_percent(story: Story) -> None:
    rate = story.fact("2026-10", "tasks.on_time")["value"]
    page = (story.workspace.reports / "2026-10/monthly-retrospective/report.html").read_text(
        "utf-8"
    )
    assert rate < 0.9 and "the target is 90.0%" in page


def test_running_a_cycle_again_neither_doubles_nor_erases(story: Story) -> None:
    made(story.workspace, "monthly_retrospective", "2026-09")
    after = story.workspace.ledger.entries()
    assert {e.id for e in after} >= {e.id for e in story.ledgers["2026-10"]}
    titles = [(e.kind, e.cycle, str(e.title), e.metric, e.report) for e in after]
    assert len(titles) == len(set(titles))
    closed = {e.id: (e.state, e.note, e.closed) for e in after if e.touched}
    before = {e.id: (e.state, e.note, e.closed) for e in story.ledgers["2026-10"] if e.touched}
    assert closed == before and len(before) == 4


@pytest.mark.parametrize("cycle", ["2026-W42"])
def test_the_week_is_one_page_with_what_is_due(story: Story, cycle: str) -> None:
    for number in range(7):
        due = str(dt.date(2026, 10, 1) + dt.timedelta(days=number))
        say(story.workspace, "actions", "add", f"A rather long step, number {number}", "-d", due)
    result = made(story.workspace, "weekly_review", cycle, pdf=True)
    for name in ("report.pdf", "report.zh.pdf"):
        document = PdfReader(result.folder / name)
        assert len(document.pages) == 1
        page = document.pages[0]
        assert [float(x) for x in page.mediabox[2:]] == pytest.approx([595.28, 841.89], abs=0.5)
        words = page.extract_text()
        assert "number 3" in words
    assert "Call the courier" in PdfReader(result.folder / "report.pdf").pages[0].extract_text()
