"""Three cycles in order: actions carried, closed and scored; predictions met with what came."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.methods.calibration import hit_rate
from opsnb.base.ledger import Ledger
from opsnb.base.workspace import Workspace
from opsnb.publishing.runs.proposals import record

from .conftest import Played, play

SLUG = "monthly-retrospective"


def reports(played: Played, cycle: str) -> dict[str, Any]:
    """report.json by language, as far as the ledger reads it."""
    lists = ("actions", "decisions", "predictions")
    return {
        code: {
            "playbook": "monthly_retrospective", "subject": None, "cycle": cycle,
            "status": "ready", **{name: played.records(name, code) for name in lists},
        }
        for code in ("en", "zh")
    }  # fmt: skip


@pytest.fixture(scope="module")
def cycles(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    root = tmp_path_factory.mktemp("memory")
    for name in ("opsnb.toml", "plans"):
        copy = shutil.copytree if (sample_root / name).is_dir() else shutil.copy
        copy(sample_root / name, root / name)
    (root / "data").symlink_to(sample_root / "data")
    made = {}
    for cycle in ("2026-08", "2026-09", "2026-10"):
        workspace = Workspace.load(root)
        made[cycle] = play(workspace, "monthly_retrospective", cycle=cycle)
        record(workspace.ledger, reports(made[cycle], cycle), f"{cycle}/{SLUG}")
        if cycle == "2026-08":
            first, second, *_ = workspace.ledger.entries("action")
            workspace.ledger.close(first.id, "action", "done", dt.date(2026, 11, 10))
            workspace.ledger.close(second.id, "action", "dropped", dt.date(2026, 11, 12), "moot")
            late = {"owner": "Li Na", "due": dt.date(2026, 9, 30)}
            workspace.ledger.add("action", cycle, "A step by hand", **late)
    return made


def ledger(cycles: dict[str, Played]) -> Ledger:
    return cycles["2026-10"].ops.workspace.ledger


def test_the_first_cycle_has_nothing_to_remember(cycles: dict[str, Played]) -> None:
    assert "Nothing is open" in cycles["2026-08"].html("earlier")
    assert not cycles["2026-08"].facts("actions.open")


def test_actions_are_carried_with_their_status(cycles: dict[str, Played]) -> None:
    for cycle in ("2026-09", "2026-10"):
        played = cycles[cycle]
        counts = {s: played.fact(f"actions.{s}")["value"] for s in ("done", "dropped", "late")}
        assert counts == {"done": 1, "dropped": 1, "late": 1}
        carried = played.fact("actions.carried_out")
        assert (carried["value"], carried["n"]) == (pytest.approx(1 / 3), 3)
        assert played.fact("actions.closed_on_time")["value"] == 1.0
        page = played.cells["earlier"].plain(played.language("en"))
        assert "A step by hand" in page and "dropped: moot" in page
    shown = cycles["2026-10"].fact("actions.open")["n"]
    assert shown > cycles["2026-09"].fact("actions.open")["n"]


def test_rates_are_said_in_words(cycles: dict[str, Played]) -> None:
    page = cycles["2026-10"].cells["earlier"].plain(cycles["2026-10"].language("en"))
    assert "33.3% were carried out" in page
    assert "Of the 1 done that had a date, 100.0% were done by it" in page
    tasks = cycles["2026-10"].fact("tasks.on_time")
    shown = cycles["2026-10"].cells["task_table"].plain(cycles["2026-10"].language("en"))
    assert tasks["value"] < 0.9 and "the target is 90.0%" in shown


def test_actions_carry_owner_due_source_and_evidence(cycles: dict[str, Played]) -> None:
    proposed = [e for e in ledger(cycles).entries("action") if e.report]
    assert len(proposed) > 5
    for entry in proposed:
        assert entry.owner and entry.due and entry.history[0]["event"] == "add"
        cycle = entry.cycle
        assert entry.report == f"{cycle}/{SLUG}"
        keys = {f["key"] for p in cycles[cycle].payloads.values() for f in p["facts"]}
        assert entry.evidence and set(entry.evidence) <= keys


def test_predictions_of_one_cycle_are_scored_in_the_next(cycles: dict[str, Played]) -> None:
    expected = {f["metric"]: f for f in cycles["2026-09"].facts("outlook.expected")}
    came = {f["metric"]: f for f in cycles["2026-10"].facts("kpi.value")}
    scored = {f["metric"]: f["value"] for f in cycles["2026-10"].facts("prediction.observed")}
    assert len(scored) >= 10
    assert scored == pytest.approx({metric: came[metric]["value"] for metric in scored})
    for fact in cycles["2026-10"].facts("prediction.value"):
        assert fact["value"] == pytest.approx(expected[fact["metric"]]["value"])
    known = [e for e in ledger(cycles).entries("prediction") if e.observed is not None]
    rate = cycles["2026-10"].fact("predictions.hit_rate")
    again = hit_rate(
        [e.low or 0 for e in known], [e.high or 0 for e in known], [e.observed or 0 for e in known]
    )
    assert rate["n"] == len(known)
    assert (rate["value"], rate["low"]) == pytest.approx((again.value, again.low), rel=1e-9)
    misses = [(e.observed - e.value) / e.value for e in known]  # type: ignore[operator]
    bias = cycles["2026-10"].fact("predictions.bias")["value"]
    assert bias == pytest.approx(sum(misses) / len(misses))


def test_making_a_cycle_again_changes_nothing(cycles: dict[str, Played]) -> None:
    before = ledger(cycles).entries()
    for cycle, played in cycles.items():
        assert record(ledger(cycles), reports(played, cycle), f"{cycle}/{SLUG}") == 0
    assert ledger(cycles).entries() == before


CONCERNED = [
    ("ab_readout", {"experiment": "checkout_one_page"}, "checkout_one_page"),
    ("campaign_review", {"campaign": "golden_week", "cycle": "2026-10"}, "golden_week"),
    ("experiment_design", {"experiment": "checkout_one_page"}, "checkout_one_page"),
]


@pytest.mark.parametrize(("playbook", "parameters", "subject"), CONCERNED)
def test_every_playbook_opens_with_what_concerns_it(
    cycles: dict[str, Played], playbook: str, parameters: dict[str, str], subject: str
) -> None:
    """Its subject's entries and its own earlier ones; nothing of other playbooks or subjects."""
    made = cycles["2026-10"].ops.workspace
    own = f"About {subject}, for {playbook}"
    made.ledger.add("action", "2026-10", own, subject=subject)
    made.ledger.add("action", "2026-10", f"Not for {playbook}", subject="another")
    made.ledger.add("action", "2026-08", f"Left by {playbook}", playbook=playbook)
    run = play(made, playbook, **parameters)
    first = next(iter(run.cells))
    assert first == "memory_table"
    page = run.cells[first].plain(run.language("en"))
    assert own in page and f"Left by {playbook}" in page
    assert "Not for" not in page and "A step by hand" not in page


def test_an_outlook_lies_ahead_and_within_bounds(cycles: dict[str, Played]) -> None:
    for fact in cycles["2026-10"].facts("outlook.expected"):
        assert fact["period"] == "2026-11"
        assert fact["low"] <= fact["value"] <= fact["high"]
        assert fact["unit"] != "share" or 0 <= fact["low"] <= fact["high"] <= 1
    assert {p["due"] for p in cycles["2026-09"].records("predictions")} >= {"2026-10-31"}


def test_budgets_are_set_against_what_was_booked(
    cycles: dict[str, Played], truth: dict[str, Any]
) -> None:
    used = {f["segment"]: f["value"] for f in cycles["2026-10"].facts("budget.used")}
    plan = cycles["2026-10"].ops.workspace.campaigns["golden_week"]
    spend = cycles["2026-10"].ops.rows.table("spend").expr.execute()
    booked = spend.loc[spend["campaign_id"] == "golden_week", "amount"].sum()
    assert used["golden_week"] == pytest.approx(booked / plan.budget.total)


def test_drivers_add_up_exactly_at_every_level(cycles: dict[str, Played]) -> None:
    played = cycles["2026-10"]
    facts = [f for id in ("change.driver", "change.subdriver") for f in played.facts(id)]
    part = {f["segment"]: f["value"] for f in facts if f["metric"] == "gmv_net"}
    total = played.fact("change.drivers/gmv_net")["value"]
    top = [value for path, value in part.items() if "/" not in path]
    assert len(top) == 4
    assert sum(top) == pytest.approx(total, rel=1e-9)
    below = part["aov/gross_order_value"] + part["aov/kept_share"]
    assert below == pytest.approx(part["aov"], rel=1e-9)
    # Events lack two days: all is over the other days, of either month.
    gap = [dt.date(2026, month, day) for month in (9, 10) for day in (29, 30)]
    periods = [played.ops.period, played.ops.period.previous()]
    now, before = (m.value for m in played.ops.meter.measure("gmv_net", periods, without=gap))
    assert total == pytest.approx(now - before, rel=1e-9)
