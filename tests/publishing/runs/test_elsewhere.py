"""A cycle's runs handed to others: to a Dask cluster, or as a plan to a scheduler."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opsnb.base.errors import WorkspaceError
from opsnb.cli import app
from opsnb.publishing.execution.remote import place
from opsnb.publishing.runs.cycle import Entry, run_cycle

SLOW = "import os, pathlib, time\npathlib.Path(f'{cycle}.pid').write_text(str(os.getppid()))\n"


def test_a_plan_of_runs_for_a_scheduler(make, root) -> None:
    make("readout", value="1", parameters='experiment = ""  # type: experiment  Id')
    with (root / "opsnb.toml").open("a") as file:
        file.write('[[cycles.month]]\nplaybook = "readout"\nfor_each = "experiment"\n')
    said = CliRunner().invoke(app, ["--workspace", str(root), "cycle", "2026-10", "--plan"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["cycle"] == "2026-10"
    (run,) = found["runs"]
    assert run["id"] == "readout-one_page"
    assert run["command"] == [
        "opsnb", "--workspace", ".", "run", "readout", "--cycle", "2026-10",
        "--parameter", "experiment=one_page",
    ]  # fmt: skip
    assert not (root / "reports").exists(), "nothing ran"
    again = CliRunner().invoke(
        app, ["--workspace", str(root), *run["command"][3:], "--no-pdf", "--json"]
    )
    assert again.exit_code == 0, again.output
    assert (root / run["report"]).is_file()


def test_a_place_that_is_none(monkeypatch) -> None:
    with pytest.raises(WorkspaceError, match='cannot run on "ssh://there"'), place("ssh://there"):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkspaceError, match="need the package distributed"), place("dask://a:1"):
        pass
    with place("") as here:
        assert here is None


def test_a_scheduler_that_does_not_answer() -> None:
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    with (
        pytest.raises(WorkspaceError, match="no Dask scheduler answers"),
        place("dask://127.0.0.1:9"),
    ):
        pass


@pytest.fixture
def cluster():
    """Two worker processes on this machine."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_a_cycle_on_a_cluster_loses_nothing_with_a_worker(make, workspace, cluster) -> None:
    """One of two workers is killed in the middle of its run."""
    make(
        "month",
        SLOW + "time.sleep(4)",
        parameters='cycle = "latest"  # type: cycle  Month',
        text="seen",
    )
    entries = [Entry("month", f"2026-0{n}") for n in (7, 8, 9)]
    pids = [workspace.root / f"playbooks/2026-0{n}.pid" for n in (7, 8, 9)]

    def kill_one() -> None:
        for _ in range(1200):
            started = [path for path in pids if path.is_file() and path.read_text()]
            if started:
                worker = next(iter(cluster.workers.values()))
                os.kill(worker.pid, signal.SIGKILL)
                return
            time.sleep(0.05)

    killer = threading.Thread(target=kill_one)
    killer.start()
    url = cluster.scheduler_address.replace("tcp://", "dask://")
    with place(url) as execute:
        rolled = run_cycle(
            workspace, entries, formats=(), languages=["en"], execute=execute, jobs=3
        )
    killer.join()
    assert [outcome.status for outcome in rolled.outcomes] == ["ready"] * 3, [
        outcome.reason for outcome in rolled.outcomes
    ]
    for entry in entries:
        folder: Path = workspace.reports / entry.cycle / "month"
        assert (folder / "report.json").is_file()
        assert "--- cell c0" in (folder / "run.log").read_text()


def test_a_failing_cell_on_a_cluster_is_told_as_here(make, workspace, cluster) -> None:
    make("demo", "1 / 0")
    with place(cluster.scheduler_address.replace("tcp://", "dask://")) as execute:
        rolled = run_cycle(
            workspace, [Entry("demo", "2026-10")], formats=(), languages=["en"], execute=execute
        )
    error = rolled.outcomes[0].result.error
    assert (error.cell_id, error.name, error.message) == (
        "c0", "ZeroDivisionError", "division by zero",
    )  # fmt: skip
