"""Predictions belong to what made them: which may be replaced, which stand, how they count."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from opsnb.base.entries import Entry
from opsnb.base.errors import LedgerError
from opsnb.base.ledger import Ledger
from opsnb.base.predictions import Score, may_be_replaced, score, scored, taken_back
from opsnb.base.workspace import Workspace
from opsnb.cli import app
from opsnb.publishing.runs.proposals import Making, making_of, record, standing
from tests.conftest import MakeWorkspace

WHERE = "2026-09/monthly-retrospective"
BEGINS, DUE = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
IN_TIME, BEFORE, DURING, AFTER = (
    dt.date(2026, 10, 2), dt.date(2026, 9, 28), dt.date(2026, 10, 20), dt.date(2026, 11, 20),
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "reports" / "ledger")


def report(*values: float, metrics: tuple[str, ...] = ("gmv", "orders"), **more: Any) -> Any:
    """report.json of September, which foretells October."""
    rows = [
        {"what": metric, "metric": metric, "value": value, "low": 0.8 * value,
         "high": 1.2 * value, "due": str(DUE), "observed": None}
        for metric, value in zip(metrics, values, strict=False)
    ]  # fmt: skip
    primary = {
        "playbook": "monthly_retrospective", "subject": None, "cycle": "2026-09",
        "status": "ready", "actions": [], "decisions": [], "predictions": rows,
    }  # fmt: skip
    return {"en": {**primary, **more}}


def october(*pairs: tuple[float, float]) -> Any:
    """report.json of October, which measures what was foretold."""
    made = report(*(value for value, _ in pairs), cycle="2026-10")
    for row, (_, seen) in zip(made["en"]["predictions"], pairs, strict=True):
        row["observed"] = seen
    return made


def made(as_of: dt.date, inputs: str) -> Making:
    return Making(as_of, BEGINS, inputs)


def stand(ledger: Ledger) -> dict[str | None, float | None]:
    return {entry.metric: entry.value for entry in ledger.entries("prediction")}


# -- made again ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "again", "replaced"),
    [
        (BEFORE, BEFORE + dt.timedelta(days=1), True),  # October has not begun
        (IN_TIME, IN_TIME, True),  # the day on which it was registered
        (IN_TIME, IN_TIME + dt.timedelta(days=1), False),
        (BEFORE, DURING, False),
        (IN_TIME, AFTER, False),
        (AFTER, AFTER, True),  # never foretold anything: October was over
        (AFTER, AFTER + dt.timedelta(days=9), True),
    ],
)
def test_other_inputs_replace_a_prediction_until_more_can_be_known(
    ledger: Ledger, first: dt.date, again: dt.date, replaced: bool
) -> None:
    record(ledger, report(1000.0, 50.0), WHERE, made(first, "cents"))
    record(ledger, report(10.0, 50.0), WHERE, made(again, "units"))
    assert stand(ledger) == {"gmv": 10.0 if replaced else 1000.0, "orders": 50.0}
    superseded, withdrawn = taken_back(ledger.entries(taken_back=True))
    assert not withdrawn
    assert [entry.value for entry in superseded] == ([1000.0] if replaced else [])
    if replaced:
        [now] = [e for e in ledger.entries("prediction") if e.metric == "gmv"]
        assert superseded[0].superseded_by == now.id != superseded[0].id
        assert (now.inputs, now.as_of) == ("units", again)
        assert superseded[0].status(AFTER) == "superseded"
    kept = [e.value for e in standing(ledger, report(10.0, 50.0), WHERE)]
    assert kept == ([] if replaced else [1000.0])


def test_the_same_inputs_replace_nothing(ledger: Ledger) -> None:
    """Another version of the code is no reason; nor are a sum's last digits."""
    record(ledger, report(1000.0), WHERE, made(BEFORE, "same"))
    assert record(ledger, report(900.0), WHERE, made(BEFORE, "same")) == 0
    assert record(ledger, report(1000.0 * (1 + 1e-12)), WHERE, made(BEFORE, "other")) == 0
    assert stand(ledger) == {"gmv": 1000.0}


def test_a_miss_on_record_stands_whatever_is_made_again(ledger: Ledger) -> None:
    record(ledger, report(1000.0), WHERE, made(AFTER, "first"))
    record(ledger, october((1000.0, 10.0)), "2026-10/monthly-retrospective", None)
    assert record(ledger, report(10.0), WHERE, made(AFTER, "second")) == 0
    assert score(ledger.entries()) == Score(n=1, hits=0, above=0, below=1)


def test_what_is_no_longer_foretold_is_superseded_by_the_report(ledger: Ledger) -> None:
    record(ledger, report(1000.0, 50.0), WHERE, made(BEFORE, "wrong"))
    record(ledger, report(1000.0), WHERE, made(BEFORE, "right"))
    assert stand(ledger) == {"gmv": 1000.0}
    [[gone], _] = taken_back(ledger.entries(taken_back=True))
    assert (gone.metric, gone.superseded_by) == ("orders", WHERE)


def test_back_to_the_first_inputs_the_first_numbers_stand_again(ledger: Ledger) -> None:
    for inputs, value in (("a", 1.0), ("b", 2.0), ("a", 1.0), ("b", 2.0)):
        record(ledger, report(value), WHERE, made(BEFORE, inputs))
        assert stand(ledger) == {"gmv": value}
    lines = (ledger.folder / "2026-09.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 7  # an add, then an add and a withdrawal three times


def test_an_older_ledger_knows_only_the_day_of_the_run(ledger: Ledger) -> None:
    """Its lines say nothing of inputs and of the data's day."""
    record(ledger, report(1000.0), WHERE)
    [entry] = ledger.entries()
    day = entry.added.date()
    assert (entry.as_of, entry.inputs) == (None, None)
    due = day + dt.timedelta(days=30)
    assert not may_be_replaced(_due(entry, due), day + dt.timedelta(days=1), day)
    assert may_be_replaced(_due(entry, due), day, day)
    assert may_be_replaced(_due(entry, day - dt.timedelta(days=1)), day, None)


def _due(entry: Entry, due: dt.date) -> Entry:
    return Entry(**{**entry.__dict__, "due": due})


RUNS = st.lists(
    st.tuples(
        st.integers(0, 70),  # days from 20 September on
        st.sampled_from("abc"),
        st.booleans(),  # October's report follows
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_whatever_is_made_again_one_stands_and_no_known_miss_goes(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int, str, bool]]
) -> None:
    """Runs in order of time, each from one of three inputs."""
    ledger = Ledger(tmp_path_factory.mktemp("runs") / "ledger")
    values = {"a": 1.0, "b": 2.0, "c": 3.0}
    previous: Entry | None = None
    for days, inputs, measured in sorted(runs, key=lambda run: run[0]):
        as_of = dt.date(2026, 9, 20) + dt.timedelta(days=days)
        record(ledger, report(values[inputs]), WHERE, made(as_of, inputs))
        [now] = ledger.entries("prediction")
        if previous is not None and now.id != previous.id:
            assert previous.observed is None
            known = previous.as_of
            assert known is not None
            assert as_of < BEGINS or as_of == known or known > DUE
        if measured and as_of > DUE:
            assert now.value is not None
            record(ledger, october((now.value, 9.0)), "2026-10/monthly-retrospective")
            [now] = ledger.entries("prediction")
        previous = now
    everything = ledger.entries(taken_back=True)
    lines = (ledger.folder / "2026-09.jsonl").read_text("utf-8").splitlines()
    assert sum(len(entry.history) for entry in everything) == len(lines)  # nothing is lost


# -- merged ------------------------------------------------------------------------------------


def test_two_branches_that_registered_one_prediction_keep_the_first(tmp_path: Path) -> None:
    left, right = Ledger(tmp_path / "left"), Ledger(tmp_path / "right")
    record(left, report(10.0), WHERE, made(BEFORE, "a"))
    record(right, report(11.0), WHERE, made(BEFORE, "b"))
    record(left, october((10.0, 12.0)), "2026-10/monthly-retrospective")
    merged = merge(tmp_path / "merged", right, left)
    [entry] = merged.entries()
    assert (entry.value, entry.observed) == (10.0, 12.0)
    assert len(entry.history) == 3


def test_two_branches_that_mended_alike_merge_into_one(tmp_path: Path) -> None:
    left, right = Ledger(tmp_path / "left"), Ledger(tmp_path / "right")
    for branch in (left, right):
        record(branch, report(1000.0), WHERE, made(BEFORE, "wrong"))
        record(branch, report(10.0), WHERE, made(BEFORE, "right"))
    assert stand(merge(tmp_path / "merged", left, right)) == {"gmv": 10.0}


def merge(folder: Path, *branches: Ledger) -> Ledger:
    """As git's `merge=union` does: the lines of both, each once."""
    folder.mkdir()
    lines = {
        line: None
        for branch in branches
        for line in (branch.folder / "2026-09.jsonl").read_text("utf-8").splitlines()
    }
    (folder / "2026-09.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return Ledger(folder)


# -- counted -----------------------------------------------------------------------------------


def test_what_two_playbooks_foretold_of_one_metric_and_day_counts_once(ledger: Ledger) -> None:
    record(ledger, report(10.0, 50.0), WHERE)
    record(ledger, report(10.0), "2026-09/board-month")
    record(ledger, october((10.0, 11.0), (50.0, 99.0)), "2026-10/monthly-retrospective")
    entries = ledger.entries("prediction")
    assert [entry.observed for entry in entries] == [11.0, 99.0, 11.0]
    assert [entry.metric for entry in scored(entries)] == ["gmv", "orders"]
    assert score(entries) == Score(n=2, hits=1, above=1, below=0)


def test_what_a_report_was_made_from_is_its_data_mapping_and_metrics(
    workspace: MakeWorkspace,
) -> None:
    first = workspace({}, as_of="2026-10-02")
    said = {"cycle": "2026-09", "tables": {"orders": {"fingerprint": "1"}}}
    one = making_of(first, said)
    assert (one.as_of, one.begins) == (IN_TIME, BEGINS)
    later = making_of(workspace({}, as_of="2026-10-20"), said)
    assert later.inputs == one.inputs  # the day is no input
    assert making_of(first, {**said, "tables": {"orders": {"fingerprint": "2"}}}) != one
    (first.root / "metrics.toml").write_text(
        '[gmv_net]\nextends = "gmv_net"\nlabel = "Ours"\n', "utf-8"
    )
    assert making_of(Workspace.load(first.root), said).inputs != one.inputs
    assert making_of(first, {**said, "cycle": "undated"}).begins is None


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def shop(workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    made = workspace()
    monkeypatch.chdir(made.root)
    record(made.ledger, report(10.0, 50.0), WHERE)
    record(made.ledger, october((10.0, 11.0)), "2026-10/monthly-retrospective")
    return made.ledger


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["predictions", *arguments], prog_name="opsnb")


def test_a_prediction_is_withdrawn_and_kept(shop: Ledger) -> None:
    waiting = next(e for e in shop.entries() if e.metric == "orders")
    said = call("withdraw", waiting.id[:6], "--reason", "orders were read twice", "--json")
    entry = json.loads(said.stdout)
    assert (entry["status"], entry["note"]) == ("withdrawn", "orders were read twice")
    assert "orders" not in call("list").stdout
    everything = call("list", "--all")
    assert "withdrawn" in everything.stdout and "orders were read twice" in everything.stdout
    assert "1 of 1 outcomes fell inside" in everything.stderr
    assert "0 superseded, 1 withdrawn by hand" in everything.stderr
    assert {row["id"]: row["status"] for row in json.loads(call("list", "-a", "--json").stdout)}[
        waiting.id
    ] == "withdrawn"
    assert record(shop, report(10.0, 50.0), WHERE) == 0  # making its report again adds it not
    again = call("withdraw", waiting.id)
    assert (again.exit_code, again.stdout) == (2, "")
    assert f"{waiting.id} was withdrawn on 20" in again.stderr
    assert "opsnb predictions list --all" in again.stderr


def test_a_known_miss_that_is_withdrawn_is_still_told(shop: Ledger) -> None:
    known = next(e for e in shop.entries() if e.metric == "gmv")
    assert call("withdraw", known.id).exit_code == 0
    assert score(shop.entries(taken_back=True)).n == 0
    assert "1 withdrawn by hand" in call("list").stderr


def test_other_inputs_register_anew_what_was_withdrawn(shop: Ledger) -> None:
    waiting = next(e for e in shop.entries() if e.metric == "orders")
    call("withdraw", waiting.id)
    record(shop, report(10.0, 5.0), WHERE, made(DURING, "mended"))
    assert stand(shop) == {"gmv": 10.0, "orders": 5.0}
    assert len(shop.entries(taken_back=True)) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("withdraw", "p-0"), 'there is no prediction "p-0"'),
        (("withdraw", "p-"), "is the beginning of 2 ids"),
        (("withdraw", "p-0", "--reason", "x" * 2001), "--reason: the text has 2001 characters"),
    ],
)
def test_mistakes_are_said_plainly(shop: Ledger, arguments: tuple[str, ...], words: str) -> None:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr and "Traceback" not in result.stderr


def test_one_that_is_gone_says_what_took_its_place(ledger: Ledger) -> None:
    record(ledger, report(1000.0), WHERE, made(BEFORE, "wrong"))
    [first] = ledger.entries()
    record(ledger, report(10.0), WHERE, made(BEFORE, "right"))
    [second] = ledger.entries()
    with pytest.raises(LedgerError, match=f"{first.id} was superseded by {second.id} on 20"):
        ledger.withdraw(first.id, "prediction")
