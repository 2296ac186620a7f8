"""Two at a time: cycles of one workspace, runs of one report, data replaced under a run."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pandas as pd
import pytest

from opsnb.base.ledger import Ledger
from tests.faults.floor import GATE, Floor

READS = """\
import opsnb
ops = opsnb.begin("demo", cycle="2026-10")
before = int(ops.rows.table("orders").expr.count().execute())
"""
COUNTS = """\
ops.fact("orders.before", before, "count")
ops.fact("orders.after", int(ops.rows.table("orders").expr.count().execute()), "count")
ops.show()
"""
SOURCE = """\
[sources.here]
url = "parquet://data"
[tables.orders]
source = "here"
table = "orders"
"""


@pytest.mark.survives("two cycles of one workspace at once")
def test_two_cycles_at_once(build: Callable[..., Floor], record_property) -> None:
    floor = build(2)
    floor.hold()
    first = floor.start("cycle", "2026-10", "--no-pdf", "--jobs", "2")
    for name in floor.names:
        floor.running(name)
    second = floor.start("cycle", "2026-10", "--no-pdf", "--jobs", "2")
    floor.release()
    ended = first.done(), second.done()
    for done in ended:
        floor.sound(done, 0)
    assert [floor.version(name) for name in floor.names] == [1, 1], "made twice"
    assert ended[1].out.count("unchanged") == 2
    assert len(Ledger(floor.reports / "ledger").entries()) == 2
    floor.tidy()
    record_property("sees", "the second waits for the first, then: made: unchanged")


@pytest.mark.survives("the same report run twice at once")
def test_one_report_twice_at_once(floor: Floor, record_property) -> None:
    floor.hold()
    first = floor.start("run", "demo", "--no-pdf")
    floor.running()
    done = floor.run("run", "demo", "--no-pdf")
    assert done.code == 2 and "Traceback" not in done.err
    assert "another run is making this report" in done.last
    record_property("sees", done.last)
    floor.release()
    floor.sound(first.done(), 0)
    assert floor.version() == 2
    floor.tidy()


@pytest.mark.survives("a cycle that waits for another is stopped (SIGTERM)")
def test_a_cycle_that_waits_can_be_stopped(floor: Floor, record_property) -> None:
    floor.hold()
    floor.playbook(value=4)
    first = floor.start("cycle", "2026-10", "--no-pdf")
    floor.running()
    second = floor.start("cycle", "2026-10", "--no-pdf")
    with pytest.raises(AssertionError, match="still running"):
        second.done(2)
    second.send(signal.SIGTERM)
    done = second.done()
    assert done.code == 130 and "Traceback" not in done.err
    record_property("sees", done.last)
    floor.release()
    floor.sound(first.done(), 0)
    assert floor.version() == 2
    floor.tidy()


@pytest.mark.survives("a source's file is replaced while a report reads it: once, and each time")
@pytest.mark.parametrize("times", [1, 2])
def test_data_replaced_under_a_run(floor: Floor, record_property, times: int) -> None:
    """Replaced once, the report starts anew; replaced again, it says so and fails."""
    data = floor.root / "data"
    data.mkdir()
    with (floor.root / "opsnb.toml").open("a") as file:
        file.write(SOURCE)
    floor.playbook("demo", READS, f"name = 'demo'\n{GATE}", COUNTS)
    replace(data, 3)
    floor.hold()
    process = floor.start("cycle", "2026-10", "--no-pdf")
    for time in range(times):
        pid = floor.running()
        replace(data, 5 + time)
        floor.let(pid)
    floor.release()
    done = process.done()
    floor.sound(done, times - 1)
    if times == 1:
        facts = {fact["key"]: fact["value"] for fact in floor.record()["facts"]}
        assert facts == {"orders.before": 5, "orders.after": 5}
    else:
        [line] = [line for line in done.err.splitlines() if "orders.parquet changed" in line]
        record_property("sees", f"once: nothing, it starts anew; again: {line}")
        assert floor.record()["status"] == "failed"
        done = floor.run("cycle", "2026-10", "--no-pdf")
        floor.sound(done, 0)
        assert {fact["value"] for fact in floor.record()["facts"]} == {6}
    again = floor.run("cycle", "2026-10", "--no-pdf")
    assert "unchanged" in again.out
    floor.tidy()


def replace(data, rows: int) -> None:
    """Written beside and renamed, as a well-behaved export does."""
    frame = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(rows)],
            "user_id": [f"u{n}" for n in range(rows)],
            "ordered_at": pd.Timestamp("2026-10-05 12:00"),
            "amount": 10.0,
        }
    )
    frame.to_parquet(data / "orders.tmp")
    (data / "orders.tmp").rename(data / "orders.parquet")
