"""What a cycle asks for, and that one report's failure stays its own."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
import rich.progress

from opsnb.base.errors import PeriodError, PublishError, WorkspaceError
from opsnb.base.workspace import Workspace
from opsnb.cli.progress import _Terminal
from opsnb.publishing.runs import freshness
from opsnb.publishing.runs.cycle import Entry, Outcome, Progress, expand, run_cycle
from opsnb.publishing.runs.index import index_reports

CYCLES = """
[[cycles.month]]
playbook = "month"
parameters = {top = 7}

[[cycles.month]]
playbook = "readout"
for_each = "experiment"

[[cycles.week]]
playbook = "month"
"""


@pytest.fixture
def busy(root: Path, make, seam) -> Workspace:
    """A month with one plain report and one for each experiment that ended in it."""
    with (root / "opsnb.toml").open("a") as file:
        file.write(CYCLES)
    text = (root / "plans/experiments/one_page.toml").read_text()
    for name, end in (("on_time", "2026-10-31"), ("too_late", "2026-11-01")):
        later = text.replace("end = 2026-10-11", f"end = {end}")
        (root / f"plans/experiments/{name}.toml").write_text(later)
    cycle = 'cycle = "latest"  # type: cycle  Month'
    make("month", seam, parameters=f"{cycle}\ntop = 3  # type: int  Rows")
    make("readout", seam, parameters=f'experiment = ""  # type: experiment  Id\n{cycle}')
    return Workspace.load(root)


def test_for_each_takes_what_ends_in_the_cycle(busy) -> None:
    assert expand(busy, "2026-10") == [
        Entry("month", "2026-10", parameters={"top": 7}),
        Entry("readout", "2026-10", "experiment", "on_time"),
        Entry("readout", "2026-10", "experiment", "one_page"),
    ]
    assert [str(e) for e in expand(busy, "2026-11")] == ["month", "readout too_late"]


def test_latest_is_the_last_complete_month(busy) -> None:
    assert {entry.cycle for entry in expand(busy)} == {"2026-10"}


def test_weeks_have_entries_of_their_own(busy) -> None:
    assert expand(busy, "2026-W44") == [Entry("month", "2026-W44")]


def test_a_cycle_that_nothing_is_asked_for(busy) -> None:
    with pytest.raises(WorkspaceError, match="no report is asked for in a quarter") as caught:
        expand(busy, "2026-Q3")
    assert "there are entries for: month, week" in caught.value.hint
    busy.cycles = {}
    with pytest.raises(WorkspaceError, match="there are none yet"):
        expand(busy)
    with pytest.raises(PeriodError, match="2026-13"):
        expand(busy, "2026-13")


def test_a_cycle_makes_every_report_and_the_index(busy) -> None:
    seen = []
    rolled = run_cycle(busy, expand(busy), formats=(), on_progress=seen.append)
    assert rolled.counts == {"ready": 3}
    assert not rolled.failed
    assert rolled.cycle == "2026-10"
    folders = [outcome.result.folder.name for outcome in rolled.outcomes]
    assert folders == ["month", "readout-on_time", "readout-one_page"]
    month = json.loads((rolled.outcomes[0].result.folder / "report.json").read_text())
    assert month["parameters"] == {"cycle": "2026-10", "top": 7}
    assert rolled.index == busy.reports / "index.html"
    for name in ("month", "readout one_page", "readout on_time"):
        events = [p.event for p in seen if str(p.entry) == name]
        assert (events[0], events[-1]) == ("start", "end")
        assert set(events[1:-1]) == {"cell"}


def test_the_longest_of_last_time_comes_first_after_those_that_never_ran(busy, make, seam) -> None:
    ran = {"short": ("2026-10", 1.0), "long": ("2026-10", 90.0), "middle": ("2026-09", 30.0)}
    for name in (*ran, "new"):
        make(name, seam, parameters='cycle = "latest"  # type: cycle  Month')
    make("new_and_large", seam, "1 + 1", parameters='cycle = "latest"  # type: cycle  Month')
    for name, (cycle, seconds) in ran.items():
        freshness.work_folder(busy.reports, cycle, name).mkdir(parents=True)
        freshness.remember_made(busy.reports, cycle, name, freshness.Made(seconds=seconds))
    names = ("short", "long", "gone", "middle", "new", "new_and_large")
    entries = [Entry(name, "2026-10") for name in names]
    seen = []
    rolled = run_cycle(busy, entries, formats=(), languages=["en"], jobs=1, on_progress=seen.append)
    started = [p.entry.playbook for p in seen if p.event == "start"]
    assert started == ["new_and_large", "new", "long", "middle", "short", "gone"]
    assert [o.entry.playbook for o in rolled.outcomes] == [e.playbook for e in entries]


def test_progress_names_the_cell_and_its_section(busy, make, seam) -> None:
    make("told", "# Takings", seam, "# Refunds", "1 + 1", title="# Told\n\nTwo sections.")
    seen = []
    run_cycle(busy, [Entry("told", "2026-10")], formats=(), on_progress=seen.append)
    cells = [p for p in seen if p.event == "cell"]
    assert [(p.cell + 1, p.cells) for p in cells] == [(n, 7) for n in range(1, 8)]
    # the title, the parameters and those that were injected; then two cells a section
    assert [p.section for p in cells] == ["Told"] * 3 + ["Takings"] * 2 + ["Refunds"] * 2


def test_a_terminal_shows_each_report_under_way_and_the_whole(busy) -> None:
    bars = rich.progress.Progress(auto_refresh=False, disable=True)
    terminal = _Terminal(bars, "2026-10", 2)

    def shown() -> dict[str, str]:
        return {task.description.strip(): task.fields["detail"] for task in bars.tasks}

    first, second = Entry("month", "2026-10"), Entry("readout", "2026-10", "experiment", "one_page")
    for entry in (first, second):
        terminal.cycle(Progress(entry, "start"))
    terminal.cycle(Progress(first, "cell", 2, 9, "Refunds"))
    terminal.cycle(Progress(second, "wait", section="memory"))
    assert shown() == {
        "2026-10": "starting",
        "month": "cell 3 of 9: Refunds",
        "readout one_page": "waits for memory",
    }
    outcome = Outcome(first, error=WorkspaceError("broken", where="here", hint="mend it"))
    terminal.cycle(Progress(first, "end", outcome=outcome))
    assert shown().keys() == {"2026-10", "readout one_page"}
    assert (bars.tasks[0].completed, bars.tasks[0].total) == (1, 2)


def test_failures_stay_their_own(busy, make) -> None:
    make("readout", "1 / 0", parameters='experiment = ""  # type: experiment  Id')
    entries = [
        Entry("gone", "2026-10"),
        *expand(busy),
        Entry("month", "2026-10", parameters={"topp": 1}),
        Entry("month", "2026-10", "experiment", "one_page"),
    ]
    rolled = run_cycle(busy, entries, formats=(), languages=["en"], jobs=2)
    assert rolled.failed
    statuses = [outcome.status for outcome in rolled.outcomes]
    assert statuses == ["failed", "ready", "failed", "failed", "failed", "failed"]
    reasons = [outcome.reason or "" for outcome in rolled.outcomes]
    assert 'no playbook "gone"' in reasons[0]
    assert "ZeroDivisionError" in reasons[2]
    assert 'did you mean "top"?' in reasons[4]
    assert "has no parameter of that type" in reasons[5]
    assert rolled.index is not None


def test_a_bug_in_one_report_is_told_by_its_name(busy, monkeypatch) -> None:
    import opsnb.publishing.reports

    def broken(*_args, **_kwargs):
        raise RuntimeError("a bug")

    monkeypatch.setattr(opsnb.publishing.reports, "publish", broken)
    rolled = run_cycle(busy, expand(busy)[:1], formats=())
    assert rolled.outcomes[0].reason == "RuntimeError: a bug"


def test_an_empty_cycle_is_no_failure(busy) -> None:
    rolled = run_cycle(busy, [], formats=())
    assert (rolled.failed, rolled.outcomes, rolled.cycle) == (False, [], "")


def test_reports_run_side_by_side(busy, make) -> None:
    make("month", "import time\ntime.sleep(1.5)", parameters='cycle = "latest"  # type: cycle  M')
    lock, now, most = threading.Lock(), [0], [0]

    def watch(progress) -> None:
        with lock:
            now[0] += {"start": 1, "end": -1}.get(progress.event, 0)
            most[0] = max(most[0], now[0])

    entries = [Entry("month", "2026-08"), Entry("month", "2026-09")]
    run_cycle(busy, entries, formats=(), jobs=2, languages=["en"], on_progress=watch)
    assert most == [2]


def test_an_interrupted_cycle_stops_its_kernels(busy, make, monkeypatch) -> None:
    import opsnb.publishing.runs.cycle

    make(
        "month",
        "import os, time\nopen(f'{cycle}.pid', 'w').write(str(os.getpid()))\ntime.sleep(60)",
        parameters='cycle = "latest"  # type: cycle  Month',
    )
    pids = [busy.root / f"playbooks/2026-0{n}.pid" for n in (8, 9)]

    def interrupted(_futures) -> None:
        while not all(pid.is_file() and pid.read_text() for pid in pids):
            time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(opsnb.publishing.runs.cycle, "_wait", interrupted)
    entries = [Entry("month", f"2026-0{n}") for n in (8, 9, 7)]
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_cycle(busy, entries, formats=(), jobs=2)
    assert time.monotonic() - started < 20
    for pid in pids:
        assert not Path(f"/proc/{pid.read_text()}/cmdline").exists()
    assert not (busy.reports / "2026-07").exists(), "what had not started never starts"
    assert not list(busy.reports.glob("2026-0*/month"))


def test_an_index_that_cannot_be_written_is_a_warning(workspace, monkeypatch) -> None:
    import opsnb.publishing.site

    def broken(*_args, **_options):
        raise PublishError("the disk is full", where="index.html")

    monkeypatch.setattr(opsnb.publishing.site, "write_index", broken)
    index, warnings = index_reports(workspace, ["en"])
    assert index is None
    assert "the index of reports was not written: index.html: the disk is full" in warnings[0]
