"""Three cycles in order: actions carried, closed and scored; predictions met with what came."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from opsnb.ledger import Ledger
from opsnb.methods.calibration import hit_rate
from opsnb.minutes import record
from opsnb.workspace import Workspace

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
    assert (rate["value"], rate["low"], rate["n"]) == (again.value, again.low, len(known))
    misses = [(e.observed - e.value) / e.value for e in known]  # type: ignore[operator]
    bias = cycles["2026-10"].fact("predictions.bias")["value"]
    assert bias == pytest.approx(sum(misses) / len(misses))


def test_making_a_cycle_again_changes_nothing(cycles: dict[str, Played]) -> None:
    before = ledger(cycles).entries()
    for cycle, played in cycles.items():
        assert record(ledger(cycles), reports(played, cycle), f"{cycle}/{SLUG}") == 0
    assert ledger(cycles).entries() == before


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


def test_drivers_add_up_exactly(cycles: dict[str, Played]) -> None:
    played = cycles["2026-10"]
    parts = [f["value"] for f in played.facts("change.driver")]
    total = played.fact("change.drivers/gmv_net")["value"]
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(total, rel=1e-9)
    now, before = (
        played.ops.meter.value("gmv_net", period).value
        for period in (played.ops.period, played.ops.period.previous())
    )
    assert total == pytest.approx(now - before, rel=1e-9)
