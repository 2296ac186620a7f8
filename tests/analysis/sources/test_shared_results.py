"""Results shared within a cycle: computed once, equal, and never of other data."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from opsnb.analysis.sources import shared_results
from opsnb.analysis.tables import open_table
from opsnb.base import core_share
from opsnb.base.workspace import Workspace


@pytest.fixture
def shared(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cycle")
    monkeypatch.setenv(core_share.FOLDER, str(folder))
    return folder


def orders(amounts: list[float]) -> pd.DataFrame:
    n = len(amounts)
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n)],
            "user_id": [f"u{i % 2}" for i in range(n)],
            "ordered_at": pd.date_range("2026-10-01", periods=n),
            "amount": amounts,
        }
    )


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.suffix)


def by_user(made: Workspace) -> pd.DataFrame:
    """As another kernel would: with connections of its own."""
    rows = open_table(Workspace.load(made.root), "orders").expr
    return rows.group_by("user_id").agg(total=rows.amount.sum()).order_by("user_id").execute()


def test_the_second_kernel_reads_what_the_first_has_computed(workspace, shared) -> None:
    made = workspace({"orders": orders([1.0, 2.0, 3.0])})
    first = by_user(made)
    names = kept(shared)
    assert names
    times = {path: path.stat().st_mtime_ns for path in names}
    pd.testing.assert_frame_equal(by_user(made), first)
    assert {path: path.stat().st_mtime_ns for path in kept(shared)} == times


def test_other_data_are_never_answered_from_it(workspace, shared) -> None:
    made = workspace({"orders": orders([1.0, 2.0, 3.0])})
    assert by_user(made)["total"].tolist() == [4.0, 2.0]
    orders([1.0, 2.0, 30.0]).to_parquet(made.root / "data/orders.parquet", index=False)
    assert by_user(made)["total"].tolist() == [31.0, 2.0]


def test_what_the_gate_says_is_worked_out_once_a_cycle(workspace, shared) -> None:
    made = workspace({"orders": orders([1.0, 2.0, -3.0])})
    said = open_table(Workspace.load(made.root), "orders").report
    times = {path: path.stat().st_mtime_ns for path in kept(shared)}
    assert [issue.rule for issue in said.issues] and times
    assert open_table(Workspace.load(made.root), "orders").report == said
    assert {path: path.stat().st_mtime_ns for path in kept(shared)} == times
    orders([1.0, 2.0, 30.0]).to_parquet(made.root / "data/orders.parquet", index=False)
    again = open_table(Workspace.load(made.root), "orders").report
    assert again.total_amount == 33.0 and again.fingerprint != said.fingerprint


def test_another_query_is_another_result(workspace, shared) -> None:
    made = workspace({"orders": orders([1.0, 2.0, 3.0])})
    rows = open_table(made, "orders").expr
    assert rows.amount.sum().execute() == 6.0
    assert rows.amount.max().execute() == 3.0
    assert rows.count().execute() == 3


def test_what_belongs_to_a_moment_is_not_kept(workspace, shared) -> None:
    import ibis

    made = workspace({"orders": orders([1.0, 2.0, 3.0])})
    rows = open_table(made, "orders").expr
    before = kept(shared)
    backend = rows.get_backend()
    drawn = rows.select(x=ibis.random())
    assert drawn.execute()["x"].tolist() != drawn.execute()["x"].tolist()
    backend.execute(ibis.memtable({"a": [1, 2]}))
    assert kept(shared) == before


def test_without_a_cycle_nothing_is_kept(workspace, monkeypatch, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("none")
    monkeypatch.delenv(core_share.FOLDER, raising=False)
    by_user(workspace({"orders": orders([1.0])}))
    assert kept(folder) == []


def test_a_broken_entry_is_computed_again(workspace, shared) -> None:
    made = workspace({"orders": orders([1.0, 2.0, 3.0])})
    by_user(made)
    for path in kept(shared):
        path.write_bytes(b"\x80")
    assert by_user(made)["total"].tolist() == [4.0, 2.0]


def test_two_that_want_it_at_once_compute_it_once(shared) -> None:
    computed: list[int] = []

    def compute() -> int:
        computed.append(1)
        time.sleep(0.3)
        return 42

    found: list[int] = []
    work = [
        threading.Thread(target=lambda: found.append(shared_results._once(shared / "x", compute)))
        for _ in range(3)
    ]
    for each in work:
        each.start()
    for each in work:
        each.join()
    assert (found, len(computed)) == ([42, 42, 42], 1)
