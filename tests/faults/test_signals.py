"""Ctrl-C and SIGTERM at times drawn by chance: nothing is left, nothing is torn, 130."""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults.floor import Floor, hears_signals, wait_for

LASTS = 2.5
"""Seconds in which a signal comes: a run takes one or two, its start half of one."""

ENDS = {0: "Cycle", 130: "Interrupted: nothing is left running"}
"""Exit codes, and how the last line begins: a signal that came too late changed nothing."""


@pytest.mark.survives("Ctrl-C or SIGTERM at a random time of a cycle")
def test_signals_at_random_times(floor: Floor, tries: int, record_property) -> None:
    draw = random.Random(9)
    for number in range(tries):
        floor.playbook(value=10 + number)  # so that there is something to do
        before = floor.version()
        if number % 2:  # it would never end by itself
            floor.hold()
        arguments = ["cycle", "2026-10", *(["--no-pdf"] if number % 3 else [])]
        warm = {"OPSNB_WARM_KERNELS": "1"} if tries > 10 and number % 5 == 0 else {}
        process = floor.start(*arguments, real=number % 5 == 0, **warm)
        wait_for(lambda pid=process.pid: hears_signals(pid))
        time.sleep(draw.random() * LASTS)
        sent = draw.choice([signal.SIGINT, signal.SIGTERM])
        try:
            process.send(sent)
            if draw.random() < 0.1:  # an impatient one
                time.sleep(draw.random() * 0.2)
                process.send(sent)
        except ProcessLookupError:
            pass
        done = process.done()
        if number % 2:
            floor.release()
            assert done.code == 130, done.err
        floor.sound(done, done.code)
        assert done.code in ENDS and done.last.startswith(ENDS[done.code]), done.err
        assert floor.version() in (before, before + 1)
    done = floor.run("cycle", "2026-10")
    floor.sound(done, 0)
    floor.playbook(value=1)
    assert floor.run("cycle", "2026-10").code == 0  # sweeps what the impatient ones left
    assert floor.record()["facts"][0]["value"] == 1
    floor.tidy()
    record_property("tries", tries)
    record_property(
        "sees",
        "Interrupted: nothing is left running; 0 of 1 reports are finished, and the same command "
        "makes the others. (exit code 130)",
    )


@pytest.mark.survives(
    "SIGTERM before the command listens, while Python itself starts",
    sees="nothing; the system ends it (exit code 143 in a shell)",
)
def test_a_signal_before_anything_has_begun(floor: Floor) -> None:
    process = floor.start("run", "demo", real=True)
    process.send(signal.SIGTERM)
    assert process.done().code in (-signal.SIGTERM, 130)
    floor.no_process()
    floor.whole()
    assert floor.version() == 1
