"""People whom a workspace excludes: out of assignments and outcomes alike, and seen by arm."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from opsnb.analysis.session import Session
from opsnb.base.workspace import Workspace
from tests.analysis.reviews.test_experiment_trust import METRICS, PLAN, N, people, run, said, status
from tests.analysis.reviews.test_experiment_trust import session as over

MakeWorkspace = Callable[..., Workspace]


def session(workspace: MakeWorkspace, bots: list[str]) -> Session:
    frame = people()
    ids = frame["user_id"]
    made = workspace(
        {
            "users": pd.DataFrame(
                {"user_id": ids, "registered_at": pd.Timestamp("2026-09-01"),
                 "is_test": ids.isin(bots)}
            ),
            "assignments": frame[["user_id", "variant", "assigned_at"]].assign(experiment_id="e"),
            "outcomes": frame.drop(columns=["variant", "assigned_at"]),
        },
        plans={"experiments/e.toml": PLAN.replace("{more}", "").replace("{primary}", "bought")},
        more=METRICS,
    )  # fmt: skip
    return Session(made, "ab_readout", cycle="2026-10", languages=["en", "zh"])


def test_an_even_loss_is_said_and_no_fault(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [f"{arm}{i}" for arm in ("control", "treatment") for i in range(40)])
    run(ops)
    assert status(ops, "excluded") == "pass" and status(ops, "srm") == "pass"
    assert ops.facts["ab.excluded//control"].value == pytest.approx(40 / N)
    assert ops.facts["ab.users//treatment"].value == N - 40
    assert "alike in all arms" in said(ops, "excluded")


def test_a_loss_in_one_arm_blocks_where_the_split_still_passes(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [f"treatment{i}" for i in range(60)])
    run(ops)
    assert status(ops, "srm") == "pass", "1,940 of 2,000 may be chance to the split alone"
    assert status(ops, "excluded") == "block"
    assert "not comparable" in said(ops, "excluded")


def test_without_exclusions_nothing_is_said(workspace: MakeWorkspace) -> None:
    ops = session(workspace, [])
    run(ops)
    assert "excluded" not in ops.checks


def crossed(workspace: MakeWorkspace, control: int, treatment: int, hours: int = 30) -> Session:
    """So many users of each arm are on record in the other one too, some hours later."""
    frame = people()
    number = frame["user_id"].str.extract(r"(\d+)")[0].astype(int)
    several = number < frame["variant"].map({"control": control, "treatment": treatment})
    moved = frame[several].copy()
    moved["variant"] = moved["variant"].map({"control": "treatment", "treatment": "control"})
    moved["assigned_at"] += pd.Timedelta(hours=hours)
    return over(workspace, pd.concat([frame, moved], ignore_index=True))


def test_users_in_several_arms_from_one_arm_block(workspace: MakeWorkspace) -> None:
    ops = crossed(workspace, control=40, treatment=0)
    run(ops)
    assert status(ops, "srm") == "pass", "1,960 of 2,000 may be chance to the split alone"
    assert status(ops, "several_arms_from") == "block"
    assert ops.facts["ab.several_arms_from//control"].value == pytest.approx(40 / N)
    assert ops.facts["ab.several_arms_from//treatment"].value == 0
    assert "not comparable" in said(ops, "several_arms_from")


def test_users_in_several_arms_from_all_arms_alike_do_not(workspace: MakeWorkspace) -> None:
    ops = crossed(workspace, control=40, treatment=44)
    run(ops)
    assert status(ops, "several_arms_from") == "pass"
    assert ops.facts["ab.several_arms_from//treatment"].value == pytest.approx(44 / N)


def test_of_two_arms_at_the_same_moment_none_was_first(workspace: MakeWorkspace) -> None:
    ops = crossed(workspace, control=40, treatment=0, hours=0)
    run(ops)
    assert "several_arms_from" not in ops.checks and ops.facts["ab.several_arms"].value > 0
