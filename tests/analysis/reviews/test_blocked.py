"""A blocked table leaves no verdict on what rests on it, and keeps back the rest that does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from opsnb.cli.data_gate import check_tables
from opsnb.publishing.reports.brief import brief_page
from opsnb.publishing.reports.collect import collect
from tests.publishing.reports.in_process import run_of

from . import conftest
from .conftest import OPENING, Played, cells_of, play, tags_of
from .situations import SITUATIONS
from .situations.world import Frames, Situation

CODES = ("en", "zh")

# -- what can be wrong with a table ----------------------------------------------------------


def lost(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Three rows of ten without a required value."""
    kept = np.arange(len(table)) % 10 >= 3
    return table.assign(**{column: table[column].where(kept)})


def twice(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Every row a second time, with something else in a column."""
    other = table.assign(**{column: "another"})
    return pd.concat([table, other], ignore_index=True)


def blocked(name: str, fault: Callable[..., pd.DataFrame], column: str) -> Callable[..., Frames]:
    return lambda tables: {**tables, name: fault(tables[name], column)}


def alone(playbook: str, *cells: str) -> list[str]:
    """All cells of a playbook but the data gate, these and those that every one needs."""
    kept = {"data_gate", "trust_gate", "baseline_table", *cells}
    return [
        cell.id
        for cell in cells_of(playbook)
        if cell.id not in kept and not tags_of(cell) & {*OPENING, "summary"}
    ]


def collected(
    workspace: Workspace, playbook: str, played: Played, cells: list[Any]
) -> dict[str, dict[str, Any]]:
    """The report of the cells that were played, by language."""
    notebook = new_notebook(
        cells=[cell.copy() for cell in cells], metadata={"opsnb": {"texts": playbook}}
    )
    for cell in notebook.cells:
        if cell.id in played.cells:
            shown = played.cells[cell.id]._repr_mimebundle_()
            data = json.loads(json.dumps(shown, allow_nan=False))
            cell.outputs = [new_output("execute_result", data=data)]
    return collect(notebook, run_of(notebook, workspace, "2026-10"))


def broken(situation: Situation, *faults: Callable[[Frames], Frames]) -> Situation:
    def tables() -> Frames:
        made = situation.tables()
        for fault in faults:
            made = fault(made)
        return made

    return replace(situation, tables=tables)


# -- tables that verdicts rest on ------------------------------------------------------------

RESTED_ON = [
    ("monthly_retrospective", "on_track", "orders", lost, "amount"),
    ("monthly_retrospective", "on_track", "orders", twice, "channel"),
    ("weekly_review", "quiet", "orders", twice, "channel"),
    ("campaign_review", "paid", "orders", lost, "amount"),
    ("campaign_review", "paid", "assignments", lost, "variant"),
    ("campaign_review", "regions", "series", lost, "unit"),
    ("ab_readout", "won", "outcomes", lost, "user_id"),
    ("ab_readout", "won", "assignments", lost, "user_id"),
    ("experiment_design", "feasible", "events", lost, "event_at"),
    ("experiment_design", "feasible", "orders", twice, "channel"),
]


@pytest.mark.parametrize(
    ("playbook", "situation", "table", "fault", "column"),
    RESTED_ON,
    ids=[f"{row[0]}-{row[2]}-{row[3].__name__}" for row in RESTED_ON],
)
def test_what_a_verdict_rests_on_makes_it_invalid(
    tmp_path: Path, playbook: str, situation: str, table: str, fault: Any, column: str
) -> None:
    sound = SITUATIONS[playbook][situation]
    workspace = broken(sound, blocked(table, fault, column)).build(tmp_path)
    run = play(workspace, playbook, without=alone(playbook), **sound.parameters)
    reports = collected(workspace, playbook, run, cells_of(playbook))
    found = reports["en"]
    assert (found["status"], found["verdict"]["grade"]) == ("invalid", "E")
    assert not found["cards"] and not found["findings"]
    assert any(c["status"] == "block" for c in found["checks"])
    for code in CODES:
        report, named = reports[code], {"en": f"Table {table}", "zh": f"数据表 {table}"}[code]
        assert named in report["verdict"]["sentence"] and named in report["reason"]
        brief = brief_page(report, Language(code))
        assert named in brief  # the reason, though the brief has no number
        assert report["verdict"]["word"] in brief
        assert "None" not in report["verdict"]["sentence"]
    assert check_tables(workspace, [], lambda _: None).blocked


# -- tables that some sections rest on ---------------------------------------------------------

IN_PART = [
    ("monthly_retrospective", "on_track", "surveys", lost, "score", "survey_scores"),
    ("monthly_retrospective", "on_track", "tickets", twice, "category", "ticket_times"),
    ("monthly_retrospective", "on_track", "events", lost, "event_at", "active_chart"),
    ("monthly_retrospective", "on_track", "events", lost, "event_at", "driver_bridge"),
    ("monthly_retrospective", "on_track", "tasks", twice, "title", "task_table"),
    ("monthly_retrospective", "on_track", "users", twice, "channel", "channel_stages"),
    ("weekly_review", "quiet", "users", twice, "channel", "exception_table"),
    ("campaign_review", "paid", "events", lost, "event_at", "funnel_chart"),
    ("campaign_review", "paid", "users", twice, "channel", "newcomer_table"),
    ("campaign_review", "paid", "spend", lost, "amount", "cost_ledger"),
    ("campaign_review", "paid", "spend", lost, "amount", "returns_table"),
]


@pytest.mark.parametrize(
    ("playbook", "situation", "table", "fault", "column", "cell"),
    IN_PART,
    ids=[f"{row[0]}-{row[2]}-{row[5]}" for row in IN_PART],
)
def test_what_only_sections_rest_on_is_withheld_there(
    tmp_path: Path,
    playbook: str,
    situation: str,
    table: str,
    fault: Any,
    column: str,
    cell: str,
) -> None:
    sound = SITUATIONS[playbook][situation]
    workspace = broken(sound, blocked(table, fault, column)).build(tmp_path)
    left_out = alone(playbook, cell)
    run = play(workspace, playbook, without=left_out, **sound.parameters)
    assert "invalid" not in run.statuses and "provisional" in run.statuses
    assert run.verdict()["word"] not in ("DATA UNUSABLE", "INVALID")
    reasons = [p["languages"]["en"]["status_reason"] for p in run.payloads.values() if p["status"]]
    assert any(f"What rests on table {table} is withheld" in reason for reason in reasons)
    if cell != "exception_table":  # which has rows left
        assert f"Withheld. Table {table} cannot be used" in run.html(cell, "en")
        assert f"不予展示。数据表 {table} 不可用" in run.html(cell, "zh")
    assert "Withheld" not in play(sound.build(_other(tmp_path)), playbook, **sound.parameters).html(
        cell, "en"
    )


def _other(path: Path) -> Path:
    """A folder for the sound twin."""
    other = path / "sound"
    other.mkdir()
    return other


def test_a_withheld_kpi_is_named_and_not_shown(tmp_path: Path) -> None:
    sound = SITUATIONS["monthly_retrospective"]["on_track"]
    workspace = broken(sound, blocked("surveys", lost, "score")).build(tmp_path)
    left_out = alone("monthly_retrospective", "scorecard_table")
    run = play(workspace, "monthly_retrospective", without=left_out, **sound.parameters)
    reports = collected(workspace, "monthly_retrospective", run, cells_of("monthly_retrospective"))
    assert not [f for f in reports["en"]["facts"] if f.get("metric") in ("nps", "csat")]
    for code, word in (("en", "Withheld: NPS"), ("zh", "不予展示：净推荐值（NPS）")):
        assert reports[code]["status"] == "provisional" and "NPS" in reports[code]["reason"]
        assert word in run.html("scorecard_table", code)
        brief = brief_page(reports[code], Language(code))
        assert "NPS" in brief and "surveys" in brief


@pytest.mark.parametrize(
    ("targets", "status"),
    [
        ("[gmv_net]\ntarget = 15000\n[nps]\ntarget = 10\n", "invalid"),  # 1 of 2, or 2 of 2
        (
            "".join(f"[{m}]\ntarget = 1\n" for m in ("gmv_net", "orders", "aov", "arpu"))
            + "[nps]\ntarget = 10\n",  # 4 of 5 or 5 of 5: on track either way
            "provisional",
        ),
    ],
)
def test_a_verdict_on_targets_turns_on_a_withheld_one_or_not(
    tmp_path: Path, targets: str, status: str
) -> None:
    sound = replace(
        SITUATIONS["monthly_retrospective"]["on_track"], plans={"targets/2026-10.toml": targets}
    )
    workspace = broken(sound, blocked("surveys", lost, "score")).build(tmp_path)
    left_out = alone("monthly_retrospective")
    run = play(workspace, "monthly_retrospective", without=left_out, **sound.parameters)
    assert status in run.statuses
    assert (run.verdict()["word"] == "ON TRACK") == (status == "provisional")


# -- readouts ----------------------------------------------------------------------------------

GUARDED = """
name = "Test"
hypothesis = "It sells more"
owner = "Li Na"
start = 2026-10-05
end = 2026-10-18
control = "control"
split = {control = 0.5, treatment = 0.5}
[primary]
metric = "order_conversion"
[[guardrails]]
metric = "complaints"
margin = 0.5
"""

COMPLAINTS = """
[metrics.complaints]
label = "Complaints"
kind = "mean"
table = "events"
value = "1"
where = "event = 'complaint'"
unit = "number"
direction = "down"
"""


def readout(change: Callable[[Frames], Frames] = lambda tables: tables) -> Situation:
    """Two arms of 1,000: half of the one order, three fifths of the other; each complains."""
    users = np.arange(2000)
    arm = np.where(users % 2, "treatment", "control")
    start = pd.Timestamp("2026-10-05 09:00") + pd.to_timedelta(users // 2 % 14, unit="D")
    start += pd.to_timedelta(users % 50, unit="min")
    ids = np.array([f"u{i}" for i in users])
    bought = users // 2 % 10 < np.where(users % 2, 6, 5)
    tables = {
        "assignments": pd.DataFrame(
            {"experiment_id": "test", "user_id": ids, "variant": arm, "assigned_at": start}
        ),
        "orders": pd.DataFrame(
            {
                "order_id": [f"o{i}" for i in users[bought]],
                "user_id": ids[bought],
                "ordered_at": start[bought] + pd.Timedelta(hours=1),
                "amount": 10.0,
                "arm": arm[bought],
            }
        ),
        "events": pd.DataFrame(
            {
                "user_id": ids,
                "event_at": start + pd.Timedelta(hours=2),
                "event": np.where(users // 2 % 4, "visit", "complaint"),
            }
        ),
    }
    return Situation(
        "ship", "ready", lambda: change(tables), {"experiments/test.toml": GUARDED},
        {"experiment": "test", "cycle": "2026-10"}, COMPLAINTS,
    )  # fmt: skip


def without_amounts(share: float, arms: tuple[str, ...]) -> Callable[[Frames], Frames]:
    """Orders of some arms lose their amount."""

    def change(tables: Frames) -> Frames:
        orders = tables["orders"]
        some = orders["arm"].isin(arms) & (np.arange(len(orders)) % 100 < 100 * share)
        return {**tables, "orders": orders.assign(amount=orders["amount"].mask(some))}

    return change


def test_a_sound_readout_says_so(tmp_path: Path) -> None:
    run = play(readout().build(tmp_path), "ab_readout", experiment="test", cycle="2026-10")
    assert (run.verdict()["word"], run.statuses) == ("SHIP", [])
    assert run.check("data")["status"] == "pass"


@pytest.mark.parametrize(
    ("share", "arms", "status"),
    [
        (0.08, ("treatment",), "block"),  # less than 5 % of all orders, all of one arm
        (0.03, ("control", "treatment"), "pass"),
        (0.01, ("control",), "pass"),  # as chance would have it
    ],
)
def test_arms_that_lose_rows_unequally_are_not_compared(
    tmp_path: Path, share: float, arms: tuple[str, ...], status: str
) -> None:
    made = readout(without_amounts(share, arms)).build(tmp_path)
    run = play(made, "ab_readout", experiment="test", cycle="2026-10")
    check = run.check("set_aside.orders")
    assert check["status"] == status
    assert run.check("data.orders.empty_out.amount")["status"] == "warn"
    assert (run.verdict()["word"] == "INVALID") == (status == "block")
    if status == "block":
        assert "lost rows of orders unequally" in run.verdict()["sentence"]


def test_a_blocked_guardrail_is_not_proven(tmp_path: Path) -> None:
    made = readout(blocked("events", lost, "event")).build(tmp_path)
    run = play(made, "ab_readout", experiment="test", cycle="2026-10")
    assert run.verdict()["word"] == "HOLD" and set(run.statuses) == {"provisional"}
    assert run.check("data.events.much_left_out")["status"] == "block"
    assert "table events" in str(run.check("guardrail.complaints")).lower()


def test_a_broken_split_is_judged_where_the_primary_metric_has_no_table(tmp_path: Path) -> None:
    """The checks of outcomes are said to be missing, never passed; nothing crashes."""

    def few(tables: Frames) -> Frames:
        given = tables["assignments"]
        kept = (given["variant"] == "control") | (given.index % 3 > 0)
        return {"assignments": given[kept]}

    for name, change, check in (
        ("broken", few, "srm"),
        ("even", lambda tables: {"assignments": tables["assignments"]}, "primary"),
    ):
        (tmp_path / name).mkdir()
        made = readout(change).build(tmp_path / name)
        run = play(made, "ab_readout", experiment="test", cycle="2026-10")
        assert run.verdict()["word"] == "INVALID" and "invalid" in run.statuses
        blocking = [c["id"] for c in run.records("checks") if c["status"] == "block"]
        assert check in blocking and "primary" in blocking
        assert "maps no orders" in run.check("primary")["message"]
        assert run.check("outcomes")["status"] == "warn"
        assert not [c for c in run.records("checks") if c["id"].startswith("plausible")]
        assert "maps no orders" in run.html("primary_metric")
        run.text("zh")


# -- a team's own check ------------------------------------------------------------------------

OWN = [
    ("monthly_retrospective", "on_track"),
    ("weekly_review", "quiet"),
    ("campaign_review", "paid"),
    ("ab_readout", "won"),
    ("experiment_design", "feasible"),
]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(("playbook", "situation"), OWN, ids=[row[0] for row in OWN])
def test_a_check_of_the_team_that_blocks_reaches_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playbook: str, situation: str, place: str
) -> None:
    own = new_code_cell(
        'ops.check("stock", "block", {"en": "The stock was not counted.", "zh": "库存未盘点。"})\n'
        "ops.show()"
    )
    own.id = "own"
    cells = list(cells_of(playbook))
    summary = next(i for i, cell in enumerate(cells) if "summary" in tags_of(cell))
    cells.insert(summary + (place == "after"), own)
    monkeypatch.setattr(conftest, "cells_of", lambda _: cells)
    given = SITUATIONS[playbook][situation]
    workspace = given.build(tmp_path)
    run = play(workspace, playbook, without=alone(playbook, "own"), **given.parameters)
    found = collected(workspace, playbook, run, cells)
    assert found["en"]["status"] == "invalid" and not found["en"]["cards"]
    assert "The stock was not counted." in found["en"]["verdict"]["sentence"]
    assert "库存未盘点。" in found["zh"]["verdict"]["sentence"]
    assert "The stock was not counted." in found["en"]["reason"]
    if place == "after":  # nothing follows from a verdict that does not stand
        assert not found["en"]["decisions"] and not found["en"]["predictions"]
