"""Limits on time, memory and output; memory for runs side by side."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from opsnb.publishing.execution.limits import Limits
from opsnb.publishing.execution.memory_queue import USUAL, Room, available_memory
from opsnb.publishing.execution.watchdog import Watchdog
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import run

MB = 2**20


def go(workspace, **limits):
    planned = plan(Playbook.load("demo", workspace), {}, workspace)
    return run(planned, workspace, formats=(), limits=Limits(**limits))


def test_a_run_that_takes_too_much_memory_is_stopped_and_says_so(make, workspace, seam) -> None:
    make("demo", seam, "import time\nheld = bytearray(900 * 2**20)\ntime.sleep(60)")
    started = time.monotonic()
    result = go(workspace, memory=600)
    assert time.monotonic() - started < 40
    assert (result.status, result.error.name, result.error.cell_id) == (
        "failed", "MemoryLimit", "c1",
    )  # fmt: skip
    assert "more than its limit of 600 MB" in result.error.message
    assert "more than its limit of 600 MB" in (result.folder / "report.html").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="forks; shared pages are known on Linux only")
def test_memory_is_counted_between_the_looks_at_what_is_shared() -> None:
    victim = (
        "import os\nheld = bytearray(os.urandom(80 * 2**20))\nprint(flush=True)\n"
        "input()\nmore = bytearray(os.urandom(80 * 2**20))\nprint(flush=True)\n"
        "input()\nchild = os.fork()\nprint(flush=True) if child else input()\ninput()"
    )
    command = [sys.executable, "-c", victim]
    talk = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, bufsize=1, **talk) as process:
        watchdog = Watchdog(Limits(), lambda: process, process.kill)

        def after(said: str) -> int:
            process.stdin.write(said)
            process.stdout.readline()
            return watchdog.look()

        first, grown, forked = after(""), after("\n"), after("\n")
        process.kill()
    assert grown - first == pytest.approx(80 * MB, rel=0.1)
    assert forked == pytest.approx(grown, rel=0.1)  # the child shares what it does not change
    assert watchdog.peak == max(grown, forked)


def test_a_cell_is_interrupted_before_it_is_killed(make, workspace) -> None:
    make(
        "demo",
        "import time, pathlib\n"
        "try:\n    time.sleep(60)\n"
        "finally:\n    pathlib.Path('cleared.txt').write_text('yes')",
    )
    result = go(workspace, run=3)
    assert result.error.name == "RunTimeout"
    assert (workspace.root / "playbooks/cleared.txt").read_text() == "yes"


def test_a_cell_that_does_not_listen_is_killed(make, workspace) -> None:
    make(
        "demo",
        "import time\n"
        "while True:\n"
        "    try:\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        pass",
    )
    started = time.monotonic()
    result = go(workspace, run=3)
    assert result.error.name == "RunTimeout"
    assert time.monotonic() - started < 30


def test_a_cell_that_shows_too_much_is_cut_and_says_so(make, workspace) -> None:
    make(
        "demo",
        "from IPython.display import HTML, display\n"
        "for _ in range(4):\n    display(HTML('<p>' + 'x' * 1_000_000 + '</p>'))",
        "display(HTML('<p>the next cell has its own room</p>'))",
    )
    result = go(workspace, output=2)
    assert result.status == "ready"
    page = (result.folder / "report.html").read_text()
    assert page.count("x" * 1_000_000) == 2
    assert page.count("output left out: over 2 MB in one cell") == 2
    assert "the next cell has its own room" in page
    assert "an output is left out" in (result.folder / "run.log").read_text()


def test_a_cell_that_prints_a_hundred_megabytes(make, workspace) -> None:
    make("demo", "for _ in range(100):\n    print('x' * 1_000_000)")
    result = go(workspace)
    assert result.status == "ready"
    assert sum(path.stat().st_size for path in result.folder.glob("*")) < 4 * MB


def test_a_run_waits_until_there_is_room() -> None:
    room = Room(available=lambda: 1000 * MB)
    order, inside = [], threading.Event()

    def second() -> None:
        with room.taking(700 * MB, lambda: order.append("waits")):
            order.append("second")

    with room.taking(600 * MB):
        thread = threading.Thread(target=second)
        thread.start()
        inside.wait(0.5)
        order.append("first ends")
    thread.join(5)
    assert order == ["waits", "first ends", "second"]


def test_small_runs_go_side_by_side_and_a_large_one_alone() -> None:
    room = Room(available=lambda: 1000 * MB)
    with room.taking(300 * MB), room.taking(300 * MB):
        assert not room._fits(USUAL)
    with room.taking(5000 * MB):  # more than there is: it is the only one
        assert not room._fits(1)


def test_how_many_run_is_told_whenever_it_changes() -> None:
    told: list[int] = []
    room = Room(available=lambda: 1000 * MB, on_change=told.append)
    with room.taking(300 * MB), room.taking(300 * MB):
        pass
    assert told == [1, 2, 1, 0]


def test_what_waits_can_be_stopped() -> None:
    stop = threading.Event()
    room = Room(available=lambda: MB, stopped=stop.is_set)
    threading.Timer(0.2, stop.set).start()
    with room.taking(MB), pytest.raises(KeyboardInterrupt), room.taking(MB):
        raise AssertionError("it was let in")


def test_the_free_memory_is_known() -> None:
    assert available_memory() > 50 * MB
