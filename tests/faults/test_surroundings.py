"""What surrounds a run: memory that ends, a clock that is set back."""

from __future__ import annotations

import json

import pytest

from tests.faults.floor import Floor

HOG = """\
import time
held = []
while True:
    held.append(b"x" * 2**24)
    time.sleep(0.01)
"""
CAPPED = """\
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
held = [b"x" * 2**26 for _ in range(64)]
"""


@pytest.mark.survives("a kernel that takes more memory than --memory allows")
def test_a_hog_under_a_budget(floor: Floor, record_property) -> None:
    floor.playbook("demo", HOG)
    done = floor.run("run", "demo", "--no-pdf", "--memory", "300")
    ends_failed(floor, done, "MemoryLimit", record_property)


@pytest.mark.survives("a kernel that the system gives no more memory (RLIMIT_AS)")
def test_a_hog_that_the_system_stops(floor: Floor, record_property) -> None:
    floor.playbook("demo", CAPPED)
    ends_failed(floor, floor.run("run", "demo", "--no-pdf"), "MemoryError", record_property)


def ends_failed(floor: Floor, done, name: str, record_property) -> None:
    floor.sound(done, 1)
    reason = floor.record()["reason"]
    assert name in reason and "kept in versions/v1/" in done.err
    record_property("sees", reason)
    floor.playbook()
    assert floor.run("run", "demo", "--no-pdf").code == 0
    floor.tidy()


@pytest.mark.survives(
    "the clock is set back by two days between runs",
    sees="nothing: versions count on, and the ledger's later lines stay later",
)
def test_a_clock_that_is_set_back(floor: Floor) -> None:
    back = {"fault": "clock_set_back"}
    [entry] = json.loads(floor.run("actions", "list", "--json").out)
    closed = floor.run("actions", "close", entry["id"], "--note", "said on the phone", **back)
    floor.sound(closed, 0) if closed.last else None
    assert closed.code == 0, closed
    floor.playbook(value=4)
    floor.sound(floor.run("cycle", "2026-10", "--no-pdf", **back), 0)
    assert floor.version() == 2 and floor.record()["facts"][0]["value"] == 4
    listed = floor.run("actions", "list", "--all", "--json", **back)
    states = {row["id"]: row["status"] for row in json.loads(listed.out)}
    assert states[entry["id"]] == "done" and len(states) == 2
    assert floor.run("verify", "2026-10/demo", **back).code == 0
    floor.sound(floor.run("cycle", "2026-10", "--no-pdf"), 0)
    assert floor.version() == 2, "nothing had changed"
    floor.tidy()
