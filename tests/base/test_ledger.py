"""The ledger: nothing is lost, torn, doubled or erased, whoever writes at once or is killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opsnb.base.errors import LedgerError
from opsnb.base.ledger import Ledger
from opsnb.cli import app
from opsnb.publishing.runs.proposals import record

DAY = dt.date(2026, 11, 16)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "reports" / "ledger")


# -- entries and their status ---------------------------------------------------------------


def test_an_empty_ledger_has_no_entries_and_makes_no_folder(ledger: Ledger) -> None:
    assert ledger.entries() == []
    assert not ledger.folder.exists()


def test_status_follows_from_the_date_and_what_was_said(ledger: Ledger) -> None:
    entry = ledger.add("action", "2026-10", "Call", owner="Li Na", due=dt.date(2026, 11, 20))
    assert entry == ledger.entries()[0]
    assert entry.status(dt.date(2026, 11, 20)) == "open"
    assert entry.status(dt.date(2026, 11, 21)) == "late"
    done = ledger.close(entry.id, "action", "done", dt.date(2026, 11, 22), "took a day more")
    assert (done.status(DAY), done.on_time, done.note) == ("done", False, "took a day more")
    again = ledger.reopen(entry.id, "action")
    assert (again.status(DAY), again.closed, again.on_time) == ("open", None, None)
    dropped = ledger.close(entry.id, "action", "dropped", DAY)
    assert (dropped.status(DAY), dropped.on_time) == ("dropped", None)
    assert [line["event"] for line in dropped.history] == ["add", "close", "reopen", "close"]


def test_entries_are_found_by_the_beginning_of_an_id(ledger: Ledger) -> None:
    one, two = (ledger.add("action", "2026-10", title) for title in ("a", "b"))
    assert ledger.find(one.id[:-1], "action").title == "a"
    with pytest.raises(LedgerError, match="beginning of 2 ids"):
        ledger.find("a-", "action")
    with pytest.raises(LedgerError, match="no decision"):
        ledger.find(two.id, "decision")


def test_a_line_by_hand_without_its_end_is_kept(ledger: Ledger) -> None:
    first = ledger.add("action", "2026-10", "first")
    path = ledger.folder / "2026-10.jsonl"
    path.write_text(path.read_text().rstrip("\n"))
    ledger.add("action", "2026-10", "second")
    assert [entry.title for entry in ledger.entries()] == ["first", "second"]
    assert ledger.entries()[0].id == first.id


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{torn", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"event": "add", "id": "a-1", "at": "2026-11-16", "kind": "wish"}', "unknown kind"),
        ('{"event": "sing", "id": "a-1", "at": "2026-11-16"}', "unknown event"),
        ('{"event": "withdraw", "id": "a-1", "at": "2026-11-16"}', "no entry"),
        ('{"event": "add", "at": "2026-11-16"}', "KeyError"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(ledger: Ledger, line: str, why: str) -> None:
    ledger.folder.mkdir(parents=True)
    (ledger.folder / "2026-10.jsonl").write_text(f"{line}\n")
    with pytest.raises(LedgerError, match=why) as caught:
        ledger.entries()
    assert caught.value.where == "ledger/2026-10.jsonl, line 1"


def test_an_outcome_that_is_none_is_an_error(ledger: Ledger) -> None:
    entry = ledger.add("action", "2026-10", "x")
    with ledger.locked() as write:
        write("2026-10", [{"event": "close", "id": entry.id, "status": "fine", "on": DAY}])
    with pytest.raises(LedgerError, match="done or dropped"):
        ledger.entries()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file in the way")
    with pytest.raises(LedgerError, match="cannot be written"):
        Ledger(tmp_path / "reports" / "ledger").add("action", "2026-10", "x")


# -- several writers, and killed ones ---------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from opsnb.base.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
print("ready", flush=True)
for n in range(int(sys.argv[3])):
    entry = ledger.add("action", "2026-10", f"{sys.argv[2]}-{n}", owner="x" * 200)
    print(entry.id, flush=True)
"""


def _writer(folder: Path, name: str, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(n)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )


def test_two_processes_add_five_hundred_each(ledger: Ledger) -> None:
    writers = [_writer(ledger.folder, name, 500) for name in ("left", "right")]
    said = [set(writer.communicate(timeout=120)[0].split()) - {"ready"} for writer in writers]
    found = ledger.entries()
    assert len(found) == 1000
    assert {entry.id for entry in found} == said[0] | said[1]
    titles = {f"{name}-{n}" for name in ("left", "right") for n in range(500)}
    assert {entry.title for entry in found} == titles


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_a_kill_loses_nothing_that_was_acknowledged(ledger: Ledger) -> None:
    acknowledged: set[str] = set()
    other = _writer(ledger.folder, "survivor", 200)
    for round_number in range(6):
        writer = _writer(ledger.folder, f"victim{round_number}", 100_000)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.013 * round_number)
        writer.kill()
        lines = writer.stdout.read().split("\n")  # also what came along with the first line
        writer.wait(60)
        writer.stdout.close()
        acknowledged |= {line for line in lines[:-1] if line}
    acknowledged |= set(other.communicate(timeout=60)[0].split()) - {"ready"}
    found = {entry.id for entry in ledger.entries()}
    assert acknowledged and acknowledged <= found
    assert len(found) <= len(acknowledged) + 6  # at most one a kill was written, not yet said


def test_what_is_said_later_stays_later_when_the_clock_is_set_back(ledger: Ledger) -> None:
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    entry = ledger.add("action", "2026-10", "Call", at=ahead)
    closed = ledger.close(entry.id, "action", "done", DAY)
    assert ledger.find(entry.id, "action") == closed
    assert [line["at"] for line in closed.history] == [ahead.isoformat()] * 2


def test_a_last_line_longer_than_any_is_found_whole(ledger: Ledger) -> None:
    ledger.add("action", "2026-10", "x" * 300_000)
    ledger.add("action", "2026-10", "Call")
    path = ledger.folder / "2026-10.jsonl"
    path.write_bytes(path.read_bytes() + b'{"torn": "' + b"y" * 300_000)
    ledger.add("action", "2026-10", "Write")
    assert [len(e.title) for e in ledger.entries()] == [300_000, 4, 5]


def test_a_torn_line_is_not_read_and_goes_with_the_next_write(ledger: Ledger) -> None:
    ledger.add("action", "2026-10", "whole")
    path = ledger.folder / "2026-10.jsonl"
    with path.open("ab") as file:
        file.write('{"event": "add", "id": "a-2", "title": "半'.encode()[:-1])
    assert [entry.title for entry in ledger.entries()] == ["whole"]
    ledger.add("action", "2026-10", "next")
    assert [entry.title for entry in ledger.entries()] == ["whole", "next"]
    assert all(json.loads(line) for line in path.read_text("utf-8").splitlines())


# -- what reports add ---------------------------------------------------------------------------


def report(
    titles: tuple[str, ...] = ("Mend it",),
    code: str = "en",
    status: str = "ready",
    predictions: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    words = {"en": "", "zh": "（中）"}[code]
    return {
        "playbook": "monthly_retrospective",
        "subject": None,
        "cycle": "2026-10",
        "status": status,
        "actions": [
            {"title": t + words, "owner": "Li Na", "due": "2026-11-30", "status": "proposed"}
            for t in titles
        ],
        "decisions": [
            {"question": "Which?" + words, "by": "Li Na", "due": None, "evidence": ["kpi.value"]}
        ],
        "predictions": [{"what": "GMV" + words, **row} for row in predictions],
    }


EXPECTED = {
    "metric": "gmv_net", "value": 10.0, "low": 8.0, "high": 12.0, "due": "2026-11-30",
    "observed": None,
}  # fmt: skip
WHERE = "2026-10/monthly-retrospective"


def test_a_report_adds_its_entries_in_all_its_languages_once(ledger: Ledger) -> None:
    made = {"en": report(), "zh": report(code="zh")}
    assert record(ledger, made, WHERE) == 2
    assert record(ledger, made, WHERE) == 0
    action, decision = ledger.entries()
    assert action.title == {"en": "Mend it", "zh": "Mend it（中）"}
    assert (action.owner, action.due, action.report) == ("Li Na", dt.date(2026, 11, 30), WHERE)
    assert decision.evidence == ("kpi.value",)
    assert record(ledger, {"zh": report(code="zh")}, WHERE) == 0  # the same in one language


def test_making_a_report_again_keeps_what_people_said(ledger: Ledger) -> None:
    record(ledger, {"en": report(("Keep", "Untouched"))}, WHERE)
    kept = next(entry for entry in ledger.entries() if entry.title == "Keep")
    ledger.close(kept.id, "action", "done", DAY)
    ledger.add("action", "2026-10", "By hand")
    record(ledger, {"en": report(("New",))}, WHERE)
    by_title = {entry.title: entry for entry in ledger.entries("action")}
    assert set(by_title) == {"Keep", "By hand", "New"}  # what nobody touched was withdrawn
    assert by_title["Keep"].state == "done"
    record(ledger, {"en": report(("Untouched",))}, WHERE)
    assert "Untouched" in {entry.title for entry in ledger.entries("action")}


@pytest.mark.parametrize("status", ["failed", "invalid", "skipped"])
def test_a_report_without_results_changes_nothing(ledger: Ledger, status: str) -> None:
    record(ledger, {"en": report()}, WHERE)
    assert record(ledger, {"en": report((), status=status)}, WHERE) == 0
    assert len(ledger.entries()) == 2


def test_predictions_stay_as_registered_and_are_scored(ledger: Ledger) -> None:
    record(ledger, {"en": report(predictions=(EXPECTED,))}, WHERE)
    record(ledger, {"en": report(predictions=({**EXPECTED, "value": 99.0},))}, WHERE)
    [entry] = ledger.entries("prediction")
    assert (entry.value, entry.hit, entry.status(DAY)) == (10.0, None, "open")
    scored = report(predictions=({**EXPECTED, "observed": 13.0},))
    record(ledger, {"en": {**scored, "cycle": "2026-11"}}, "2026-11/monthly-retrospective")
    [entry] = ledger.entries("prediction")
    assert (entry.observed, entry.hit, entry.status(DAY)) == (13.0, False, "done")
    assert entry.cycle == "2026-10"


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def call(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(workspace().root)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), prog_name="opsnb")


def test_actions_are_added_listed_closed_and_due(call: Any) -> None:
    added = call("actions", "add", "Call", "-o", "Li Na", "-d", "2026-11-20", "--json")
    entry = json.loads(added.stdout)
    assert (entry["cycle"], entry["status"], entry["due"]) == ("2026-10", "open", "2026-11-20")
    call("actions", "add", "Far away", "--due", "2027-01-01")
    assert "Call" in call("actions", "list").stdout
    due = json.loads(call("actions", "due", "--json").stdout)
    assert [row["title"] for row in due] == ["Call"]
    closed = call("actions", "close", entry["id"][:6], "--on", "2026-11-19")
    assert closed.stdout.split()[1] == "done"
    assert "Call" not in call("actions", "list").stdout
    assert "Call" in call("actions", "list", "--all", "--cycle", "2026-10").stdout
    assert call("actions", "reopen", entry["id"]).stdout.split()[1] == "open"


PLAN = """
name = "Spring"
objective = "More"
owner = "Li Na"
start = 2026-03-01
end = 2026-03-07
metric = "gmv_net"
"""


def test_an_action_says_what_it_is_about_and_rests_on(workspace: Any, monkeypatch: Any) -> None:
    made = workspace({}, plans={"campaigns/spring.toml": PLAN})
    monkeypatch.chdir(made.root)
    call = ("actions", "add", "Cap it", "--about", "spring", "-e", "campaign.cost", "-e", "note 3")
    assert CliRunner().invoke(app, list(call)).exit_code == 0
    [entry] = made.ledger.entries("action")
    assert (entry.subject, entry.evidence) == ("spring", ("campaign.cost", "note 3"))
    wrong = CliRunner().invoke(app, ["actions", "add", "x", "--about", "sprign"])
    assert wrong.exit_code == 2 and 'did you mean "spring"' in wrong.stderr


def test_decisions_need_an_answer(call: Any, workspace: Any) -> None:
    ledger = workspace().ledger
    record(ledger, {"en": report(predictions=(EXPECTED,))}, WHERE)
    [decision] = ledger.entries("decision")
    refused = call("decisions", "close", decision.id)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--answer" in refused.stderr
    assert call("decisions", "close", decision.id, "--answer", "The first").exit_code == 0
    assert "The first" in call("decisions", "list", "--all").stdout
    assert "gmv" in call("predictions", "list").stdout.lower()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", " "), "the title is empty"),
        (("add", "x", "--due", "tomorrow"), '"tomorrow" is no date'),
        (("add", "x", "--cycle", "2026-13"), "2026-13"),
        (("close", "a-0"), 'there is no action "a-0"'),
    ],
)
def test_mistakes_are_said_plainly(call: Any, arguments: tuple[str, ...], words: str) -> None:
    result = call("actions", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_an_empty_list_says_so(call: Any) -> None:
    result = call("actions", "list")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No actions here.\n")


def test_a_line_without_end_leaves_the_others(ledger: Ledger) -> None:
    kept = ledger.add("action", "2026-10", "Call")
    path = ledger.folder / "2026-10.jsonl"
    deep = '{"event": "add", "id": ' + "[" * 3000 + "]" * 3000 + "}\n"
    path.write_text(deep + path.read_text() + '{"event": "sing", "id": "a-1"}\n')
    faults: list[LedgerError] = []
    assert [entry.id for entry in ledger.entries(faults=faults)] == [kept.id]
    assert sorted(fault.where for fault in faults) == [
        "ledger/2026-10.jsonl, line 1", "ledger/2026-10.jsonl, line 3",
    ]  # fmt: skip
    with pytest.raises(LedgerError, match="no JSON object"):
        ledger.entries()
