"""Which tables hold people is said once: whatever breaks them down or scans them asks there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import ibis
import pandas as pd
import pytest

from opsnb.analysis.metrics import Metric
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.reviews.shared import breakdowns, privacy_scan
from opsnb.analysis.tables import CONTRACTS, Column, Contract, tables_of_people
from opsnb.base import periods
from opsnb.base.workspace import Workspace

OCTOBER = periods.parse("2026-10")


def test_each_table_that_names_users_holds_people(workspace: Callable[..., Workspace]) -> None:
    of_users = {
        name
        for name, contract in CONTRACTS.items()
        if "user_id" in {*contract.required, *contract.optional, *contract.key}
    }
    assert set(tables_of_people(workspace({}))) == of_users
    assert {"users", "events", "orders", "surveys", "tickets"} <= of_users
    assert not {"spend", "series", "tasks"} & of_users


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> Contract:
    """A contract that nobody has heard of, with a user in each row."""
    made = Contract(
        "members", (Column("user_id", "text"), Column("club", "text")),
        key=("user_id",), clock=None, people=("user_id",),
    )  # fmt: skip
    monkeypatch.setitem(CONTRACTS, made.name, made)
    return made


def test_a_new_table_of_users_is_withheld_by_group(members: Contract) -> None:
    asked: list[str] = []

    def people(id: str, *counts: Any) -> frozenset[str]:
        asked.append(id)
        return frozenset({"chess"})

    metric = Metric(id="joined", label="Joined", kind="count", table="members", unit="count")
    found = [Measured("2026-10", "chess", 2.0, n=2), Measured("2026-10", "go", 90.0, n=90)]
    ops: Any = SimpleNamespace(
        catalogue={"joined": metric}, groups_to_withhold=people,
        meter=SimpleNamespace(measure=lambda *_, **__: found), workspace=SimpleNamespace(tables={}),
    )  # fmt: skip
    shown = breakdowns.measured_by(ops, "joined", [OCTOBER], "club")
    assert asked and [(one.group, one.withheld) for one in shown] == [
        ("chess", True),
        ("go", False),
    ]


def test_a_new_table_of_users_is_scanned_for_small_groups(
    members: Contract, workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pd.DataFrame(
        {"user_id": [f"u{n}" for n in range(92)], "club": ["chess"] * 2 + ["go"] * 90}
    )
    table = SimpleNamespace(expr=ibis.memtable(rows))
    monkeypatch.setattr(privacy_scan, "open_table", lambda *_: table)
    found = privacy_scan.exposures(workspace({}, min_cell=10), ["members"])
    assert ("cells", "club", 1) in {
        (one.kind, one.column, one.counts.get("small")) for one in found
    }
