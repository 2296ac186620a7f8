"""A run from parameters to the report's folder, and all the ways it can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import nbformat
import pytest

import opsnb.publishing.reports
from opsnb.base.errors import ParameterError, PeriodError, PublishError
from opsnb.base.workspace import Workspace
from opsnb.publishing.execution.folder_names import safe_name
from opsnb.publishing.execution.kernel_group import Kernels
from opsnb.publishing.execution.limits import Limits
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.reports import store
from opsnb.publishing.reports.manifest import versions
from opsnb.publishing.reports.store import staged
from opsnb.publishing.runs.plan import chosen_languages, plan
from opsnb.publishing.runs.run import Result, run


def go(workspace: Workspace, name: str = "demo", params: dict | None = None, **more) -> Result:
    planned = plan(Playbook.load(name, workspace), params or {}, workspace)
    return run(planned, workspace, formats=(), **more)


def read(folder: Path, name: str = "report.json") -> dict:
    return json.loads((folder / name).read_text(encoding="utf-8"))


# -- planning -------------------------------------------------------------------------------


def test_the_cycle_of_a_subject_is_the_one_it_ends_in(make, workspace) -> None:
    make("readout", parameters='experiment = ""  # type: experiment  Id')
    planned = plan(Playbook.load("readout", workspace), {"experiment": "one_page"}, workspace)
    assert (planned.cycle, planned.subject) == ("2026-10", "one_page")
    assert planned.slug == "readout-one_page"
    assert str(planned) == "readout one_page"


def test_a_plan_without_dates_is_in_no_cycle(make, root, workspace) -> None:
    path = root / "plans/experiments/one_page.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(x for x in lines if not x.startswith(("start", "end"))))
    source = 'experiment = ""  # type: experiment  Id\ncycle = "latest"  # type: cycle  Month'
    make("readout", parameters=source)
    playbook = Playbook.load("readout", workspace)
    for cycle, folder, parameter in ((None, "undated", "2026-10"), ("2026-08",) * 3):
        planned = plan(playbook, {"experiment": "one_page"}, workspace, cycle=cycle)
        assert (planned.cycle, planned.parameters["cycle"]) == (folder, parameter)


def test_the_cycle_parameter_becomes_concrete(make, workspace) -> None:
    make("month", parameters='cycle = "latest"  # type: cycle  Month')
    playbook = Playbook.load("month", workspace)
    for params, cycle, expected in [
        ({}, None, "2026-10"),
        ({"cycle": "2026-08"}, None, "2026-08"),
        ({"cycle": "latest"}, "2026-09", "2026-09"),
        ({}, "latest", "2026-10"),
        ({}, "2026-W40", "2026-W40"),
    ]:
        planned = plan(playbook, params, workspace, cycle=cycle)
        assert (planned.cycle, planned.parameters["cycle"]) == (expected, expected)


def test_two_cycles_contradict_each_other(make, workspace) -> None:
    make("month", parameters='cycle = "latest"  # type: cycle  Month')
    with pytest.raises(ParameterError, match='is "2026-08", but the cycle asked for is 2026-09'):
        plan(Playbook.load("month", workspace), {"cycle": "2026-08"}, workspace, cycle="2026-09")


def test_a_cycle_that_does_not_exist(make, workspace) -> None:
    make()
    with pytest.raises(PeriodError, match="2026-13"):
        plan(Playbook.load("demo", workspace), {}, workspace, cycle="2026-13")


def test_languages_are_checked(workspace) -> None:
    assert chosen_languages(workspace, None) == ("en", "zh")
    assert chosen_languages(workspace, ["zh"]) == ("zh",)
    with pytest.raises(PublishError, match='no language "fr"'):
        chosen_languages(workspace, ["fr"])


# -- a run that ends well ---------------------------------------------------------------------


def test_a_report_in_each_language(make, workspace, leftovers) -> None:
    make()
    cells = []
    result = go(workspace, params={"top": "5"}, on_cell=lambda *cell: cells.append(cell))
    assert result.folder == workspace.root / "reports/2026-10/demo"
    assert (result.status, result.error) == ("ready", None)
    assert [path.name for path in result.files("html")] == ["report.html", "report.zh.html"]
    assert {p.name for p in result.folder.iterdir()} == {
        "report.html", "report.json", "report.zh.html", "report.zh.json", "notebook.ipynb",
        "brief.html", "brief.zh.html", "run.log", "manifest.json", "versions",
    }  # fmt: skip
    report = read(result.folder)
    assert report["facts"] == [{"key": "t.value", "id": "t.value", "value": 5, "unit": "number"}]
    assert report["parameters"] == {"top": 5}
    assert report["cycle"] == "2026-10"
    assert [c[:2] for c in cells] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert cells[0][2] == "Demo report"
    assert leftovers() == []


def test_provenance_says_what_made_it(make, workspace) -> None:
    make()
    git = ["git", "-C", str(workspace.root), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    provenance = read(go(workspace).folder)["provenance"]
    assert len(provenance["git"]["commit"]) == 40
    assert provenance["git"]["dirty"] is False
    assert provenance["playbook"]["sha256"] == Playbook.load("demo", workspace).digest
    assert {"duckdb", "pandas", "papermill"} <= provenance["packages"].keys()
    assert provenance["started"].endswith("+00:00")
    (workspace.root / "opsnb.toml").open("a").write("\n")
    assert read(go(workspace).folder)["provenance"]["git"]["dirty"] is True


def test_values_reach_the_kernel_as_values(make, workspace) -> None:
    hostile = "\"; import os; os._exit(1) #\\ \n''' {x} 你好"
    make("demo", f"assert text == {hostile!r}", parameters='text = ""  # type: str  Anything')
    assert go(workspace, params={"text": hostile}).status == "ready"


def test_the_kernel_is_this_interpreter_and_finds_the_workspace(make, workspace) -> None:
    make(
        "demo",
        "import os, sys, pathlib\n"
        "print(sys.executable)\n"
        "assert os.environ['OPSNB_LANGUAGES'] == 'zh,en'\n"
        "assert pathlib.Path(os.environ['OPSNB_WORKSPACE'], 'opsnb.toml').is_file()\n"
        "assert pathlib.Path('demo.ipynb').is_file()",
    )
    import sys

    (workspace.root / "playbooks/check.txt").write_text(sys.executable)
    result = go(workspace, languages=["zh", "en"])
    assert result.error is None
    again = "import sys\nassert open('check.txt').read() == sys.executable"
    make("demo", again)
    assert go(workspace).error is None


def test_what_is_printed_goes_to_the_log_only(make, workspace) -> None:
    make("demo", "import sys\nprint('to the log')\nprint('bad', file=sys.stderr)")
    result = go(workspace)
    log = (result.folder / "run.log").read_text()
    assert "to the log" in log
    assert "bad" in log
    assert "to the log" not in (result.folder / "report.html").read_text()
    notebook = nbformat.read(result.folder / "notebook.ipynb", as_version=4)
    assert all(out.output_type != "stream" for c in notebook.cells for out in c.get("outputs", []))


def test_a_flood_of_output_is_cut(make, workspace) -> None:
    make("demo", "print('x' * 5_000_000)\nprint('end')")
    result = go(workspace)
    log = result.folder / "run.log"
    assert log.stat().st_size < 2_100_000
    assert "the rest is left out" in log.read_text()


def test_a_notebook_may_end_itself(make, workspace, seam) -> None:
    make("demo", seam, "import sys\nsys.exit(0)", "1 / 0")
    result = go(workspace)
    assert (result.status, result.error) == ("ready", None)


# -- a run that fails -------------------------------------------------------------------------


def test_a_failing_cell_still_makes_a_report(make, workspace, seam) -> None:
    make("demo", seam, "1 / 0", "print('never')")
    result = go(workspace)
    assert (result.status, result.failed) == ("failed", True)
    assert result.error == opsnb.publishing.reports.RunError(
        "c1", "ZeroDivisionError", "division by zero"
    )
    report = read(result.folder)
    assert report["cells"]["failed"] == "c1"
    assert report["facts"], "what was found before stays"
    log = (result.folder / "run.log").read_text()
    assert log.startswith("demo, cycle 2026-10, opsnb ")
    assert "top = 3" in log
    assert "----> 1 1 / 0" in log, "the traceback is there for those who mend it"
    cells = {
        cell.id: cell.metadata.opsnb["status"] if "opsnb" in cell.metadata else None
        for cell in nbformat.read(result.folder / "notebook.ipynb", as_version=4).cells
    }
    assert (cells["c0"], cells["c1"], cells["c2"]) == ("completed", "failed", None)


def test_an_opsnb_error_is_said_as_it_is(make, workspace) -> None:
    make(
        "demo",
        "from opsnb.base.errors import TableError\n"
        "raise TableError('no table orders', where='opsnb.toml', hint='map it')",
    )
    result = go(workspace)
    assert result.error.name == "TableError"
    assert result.error.message == "opsnb.toml: no table orders. Fix: map it."


def test_no_path_or_secret_leaves_the_machine(make, workspace, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse")
    make(
        "demo",
        "import os, pathlib\n"
        "where = os.environ['OPSNB_WORKSPACE'] + '/data/x.csv'\n"
        "print(where, os.environ['SHOP_PASSWORD'])",
        "import pandas",
        "raise ValueError(f'{where} via pg://me:hunter2@db/x as {os.environ[\"SHOP_PASSWORD\"]} '\n"
        "                 f'in {pandas.__file__}')",
    )
    result = go(workspace)
    message = result.error.message
    assert "data/x.csv via pg://me:***@db/x as ***" in message
    assert "<packages>/pandas/__init__.py" in message
    for path in filter(Path.is_file, result.folder.rglob("*")):
        content = path.read_text(encoding="utf-8")
        for secret in (str(workspace.root), "correct-horse", "hunter2", f"{Path.home()}/"):
            assert secret not in content, f"{secret} in {path.name}"


def test_a_killed_kernel_is_told_and_leaves_nothing_running(make, workspace) -> None:
    make(
        "demo",
        "import os, signal, subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "open('child.pid', 'w').write(str(child.pid))",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "1",
    )
    result = go(workspace)
    assert (result.status, result.error.name, result.error.cell_id) == (
        "failed",
        "KernelDied",
        "c1",
    )
    assert "the kernel died" in result.error.message
    assert gone(int((workspace.root / "playbooks/child.pid").read_text()))


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that nobody has reaped has)."""
    for _ in range(50):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if stat.rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    return False


def test_a_cell_that_takes_too_long(make, workspace) -> None:
    make("demo", "import time\ntime.sleep(60)")
    result = go(workspace, limits=Limits(cell=1))
    assert (result.error.name, result.error.cell_id) == ("CellTimeout", "c0")
    assert "longer than 1 s" in result.error.message


def test_a_run_that_takes_too_long(make, workspace) -> None:
    make("demo", "import time\ntime.sleep(60)")
    result = go(workspace, limits=Limits(run=2))
    assert (result.error.name, result.error.cell_id) == ("RunTimeout", "c0")
    assert "longer than 2 s" in result.error.message


def test_a_kernel_that_does_not_start(make, workspace, monkeypatch) -> None:
    import sys

    make()
    monkeypatch.setattr(sys, "executable", "/usr/bin/false")
    result = go(workspace, limits=Limits(start=20))
    assert (result.error.name, result.error.cell_id) == ("KernelStart", None)
    assert "did not start" in result.error.message


def test_a_stopped_run_leaves_no_kernel_and_no_report(make, workspace, leftovers) -> None:
    make("demo", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    kernels, pid = Kernels(), workspace.root / "playbooks/pid"

    def stop() -> None:
        while not (pid.is_file() and pid.read_text()):
            time.sleep(0.05)
        kernels.stop()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        go(workspace, kernels=kernels)
    assert gone(int(pid.read_text()))
    assert not (workspace.root / "reports/2026-10/demo").exists()
    assert leftovers() == []
    with pytest.raises(KeyboardInterrupt):
        go(workspace, kernels=kernels)


# -- what was there before stays ------------------------------------------------------------


def broken(*_args, **_kwargs):
    raise PublishError("cannot draw it", where="page", hint="mend it")


def test_a_report_that_cannot_be_published_keeps_the_last_one(
    make, workspace, monkeypatch, leftovers
) -> None:
    make()
    before = go(workspace).folder / "report.json"
    content = before.read_text()
    monkeypatch.setattr(opsnb.publishing.reports, "publish", broken)
    with pytest.raises(PublishError, match="cannot draw it"):
        go(workspace, params={"top": "9"})
    assert before.read_text() == content
    assert leftovers() == []


def test_a_failed_report_keeps_the_last_good_one(make, workspace, seam) -> None:
    make("demo", seam)
    go(workspace)
    make("demo", "1 / 0")
    for _ in range(2):
        result = go(workspace)
        assert result.status == "failed"
        assert "kept in versions/v1/" in result.warnings[-1]
        assert read(result.folder)["status"] == "failed"
        assert read(result.folder / "versions/v1")["status"] == "ready"
    make("demo", seam)
    result = go(workspace)
    assert result.warnings == []
    assert [version.status for version in versions(result.folder)] == [
        "ready", "failed", "failed", "ready",
    ]  # fmt: skip


def test_a_pdf_that_cannot_be_made_does_not_cost_the_page(make, workspace, monkeypatch) -> None:
    make()

    def no_engine(*given: object) -> bytes:
        raise PublishError("no PDF engine is installed", hint="install plutoprint")

    monkeypatch.setattr("opsnb.publishing.reports.pdf.make_brief", no_engine)
    planned = plan(Playbook.load("demo", workspace), {}, workspace)
    result = run(planned, workspace)
    assert result.status == "ready"
    assert "there is no PDF: no PDF engine is installed" in result.warnings[0]
    assert result.files("pdf") == [], "half a format is none"
    assert [path.name for path in result.files()] == ["report.html", "report.zh.html"]
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "brief.html" in page and "report.pdf" not in page


def test_what_a_crash_left_is_cleared_and_the_report_comes_back(tmp_path: Path) -> None:
    work = tmp_path / ".work/2026-10/demo"
    (work / "new").mkdir(parents=True)
    (work / "new/half.html").touch()
    (work / "old").mkdir()
    (work / "old/report.html").write_text("good")
    with pytest.raises(ZeroDivisionError), staged(tmp_path, "2026-10", "demo") as (new, final):
        assert list(new.iterdir()) == []
        assert (final / "report.html").read_text() == "good"
        raise ZeroDivisionError
    assert (tmp_path / "2026-10/demo/report.html").read_text() == "good"
    assert sorted(p.name for p in work.iterdir()) == ["lock"]


def test_a_swap_that_fails_half_way_brings_the_old_report_back(tmp_path, monkeypatch) -> None:
    final = tmp_path / "2026-10/demo"
    final.mkdir(parents=True)
    (final / "report.html").write_text("good")
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    monkeypatch.setattr(store, "exchange", lambda *_: False)  # a disk that knows no such step
    with (
        pytest.raises(PublishError, match="No space left on device"),
        staged(tmp_path, "2026-10", "demo") as (new, _),
    ):
        (new / "report.html").write_text("better")
    assert (final / "report.html").read_text() == "good"


def test_two_runs_do_not_make_one_report_at_once(tmp_path: Path) -> None:
    with (
        staged(tmp_path, "2026-10", "demo"),
        pytest.raises(PublishError, match="another run is making this report"),
        staged(tmp_path, "2026-10", "demo"),
    ):
        pytest.fail("the second run must not start")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("ab-readout-one_page", True),
        ("实验-一", True),
        ("../../etc/passwd", False),
        ("a/b", False),
        ("..", False),
        ("", False),
        (".hidden", False),
        ("x" * 300, False),
        ("a\x00b\n", False),
    ],
)
def test_folder_names_cannot_leave_the_reports(text: str, safe: bool) -> None:
    name = safe_name(text)
    assert (name == text) is safe
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name) <= 110


def test_changed_folder_names_stay_apart() -> None:
    assert safe_name("a/b") != safe_name("a-b") != safe_name("a b")


def test_a_reports_folder_that_cannot_be_written(make, workspace) -> None:
    make()
    (workspace.root / "reports").write_text("a file in the way")
    with pytest.raises(PublishError, match="cannot write the report"):
        go(workspace)
