"""Killed with -9: the kernel in a cell, the command at every stage."""

from __future__ import annotations

import os
import signal

import pytest

from opsnb.base.ledger import Ledger
from tests.faults.floor import Floor
from tests.faults.victim import KILLED


@pytest.mark.survives("kernel killed (-9) in the middle of a cell")
def test_a_kernel_that_is_killed(floor: Floor, record_property) -> None:
    floor.hold()
    process = floor.start("run", "demo")
    os.kill(floor.running(), signal.SIGKILL)
    done = process.done()
    floor.sound(done, 1)
    [reason] = [line.strip() for line in done.err.splitlines() if "KernelDied" in line]
    record_property("sees", reason)
    assert floor.record()["status"] == "failed" and floor.record()["cells"]["failed"] == "c0"
    assert "kept in versions/v1/" in done.err
    floor.release()
    assert floor.run("run", "demo").code == 0
    assert floor.record()["status"] == "ready" and floor.version() == 3
    floor.tidy()


@pytest.mark.survives(
    "command killed (-9) while a cell runs, and started again",
    sees="nothing of it; the next run makes the report, nothing is to be cleared away",
)
def test_a_command_that_is_killed_while_it_executes(floor: Floor) -> None:
    floor.hold()
    floor.playbook(value=4)
    process = floor.start("cycle", "2026-10")
    floor.running()
    process.send(signal.SIGKILL)
    assert process.done().code == -signal.SIGKILL
    again(floor, version=1)


@pytest.mark.survives(
    "command killed (-9) at nine later stages (drawing pages, laying out the PDF, keeping "
    "versions, putting in place, between two renames, before and in the middle of the ledger's "
    "line, noting how it was made, writing the index), and started again",
    sees="the earlier report until the new one is whole; the next run goes on from there",
)
@pytest.mark.parametrize("stage", [stage.__name__ for stage in KILLED])
def test_a_command_that_is_killed(floor: Floor, stage: str) -> None:
    floor.playbook(value=4)
    done = floor.run("cycle", "2026-10", fault=stage)
    assert done.code == -signal.SIGKILL, done
    if stage == "between_two_renames":  # where a system knows no other way
        assert not floor.report().exists()
    else:
        placed = KILLED.index(stage_of(stage)) >= KILLED.index(stage_of("putting_in_place"))
        assert floor.version() == (2 if placed else 1)
    again(floor, version=floor.version())


def stage_of(name: str):
    return next(stage for stage in KILLED if stage.__name__ == name)


def again(floor: Floor, version: int) -> None:
    """What was there is whole, and the next run ends well without any help."""
    floor.no_process()
    if version:
        floor.whole()
        assert floor.version() == version
    if (floor.root / "closed").exists():
        floor.release()
    done = floor.run("cycle", "2026-10")
    floor.sound(done, 0)
    assert floor.record()["status"] == "ready"
    if halves := list(floor.reports.glob(".*.html.*")):  # taken away an hour later
        os.utime(halves[0], (1, 1))
        assert floor.run("index").code == 0
    floor.tidy()
    assert "had not come to its end" in done.err
    [entry] = Ledger(floor.reports / "ledger").entries()
    assert entry.title == "Call 4 back"
