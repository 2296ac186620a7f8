"""The command line: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import Result

import opsnb
import opsnb.cli
import opsnb.publishing.reports
from opsnb.base.ledger import Ledger
from opsnb.cli.output import shown

REPOSITORY = Path(opsnb.__file__).resolve().parent.parent


def mistake(result: Result) -> str:
    """What a mistake says: exit code 2, one line on stderr, nothing on stdout."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("opsnb: ")
    assert "Traceback" not in result.stderr
    return result.stderr


# -- help and version -----------------------------------------------------------------------


def test_version(call) -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"opsnb {opsnb.__version__}\n")


@pytest.mark.parametrize("name", ["run", "cycle", "show", "check", "sample", "init", "map"])
def test_help_has_an_example(call, name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert f"opsnb {name}" in result.stdout.split("Example", 1)[1]


def test_nothing_asked_shows_the_commands(call) -> None:
    result = call()
    for name in ("run", "cycle", "list", "show", "check", "init", "sample", "index", "doctor"):
        assert f"\n  {name} " in result.output


def test_an_unknown_command_is_a_mistake(call) -> None:
    assert call("runn").exit_code == 2


# -- list and show --------------------------------------------------------------------------


def test_list(call, make) -> None:
    make("readout", opsnb={"needs": ["assignments"], "subject": "experiment"})
    result = call("list")
    assert result.exit_code == 0
    for word in ("readout", "Demo report", "experiment", "assignments"):
        assert word in result.stdout
    rows = json.loads(call("list", "--json").stdout)
    assert rows[0]["name"] == "readout"
    assert rows[0]["purpose"] == "Shows a number."


def test_list_without_a_workspace(call, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("list")
    assert result.exit_code == 0
    assert "No playbooks yet" in result.stderr


def test_a_broken_workspace_is_not_passed_over(call, root) -> None:
    (root / "opsnb.toml").write_text("[workspace")
    assert "opsnb.toml" in mistake(call("list"))


def test_show(call, make) -> None:
    make(
        "readout",
        parameters='experiment = ""  # type: experiment  Id of a plan\ntop = 3  # type: int  Rows',
        opsnb={"needs": ["orders"], "optional": ["spend"]},
    )
    result = call("show", "readout")
    assert result.exit_code == 0
    for text in (
        "Shows a number.",
        "Id of a plan",
        "required",
        "Needs: orders (not mapped)",
        "Uses where mapped: spend",
        "Run it: opsnb run readout -p experiment=ID",
    ):
        assert text in result.stdout
    shown_json = json.loads(call("show", "readout", "--json").stdout)
    assert [p["required"] for p in shown_json["parameters"]] == [True, False]


def test_show_without_parameters(call, make) -> None:
    make("plain", parameters="# none")
    assert "It has no parameters." in call("show", "plain").stdout


def test_show_warns_of_an_odd_file(call, make) -> None:
    path = make("odd")
    document = json.loads(path.read_text())
    document["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    path.write_text(json.dumps(document))
    result = call("show", "odd")
    assert result.exit_code == 0
    assert "warning: odd.ipynb holds outputs of an earlier run" in result.stderr


def test_show_an_unknown_playbook(call, make) -> None:
    make("readout")
    assert 'did you mean "readout"?' in mistake(call("show", "readuot"))


# -- run ------------------------------------------------------------------------------------


def test_run_prints_the_files_and_nothing_else_on_stdout(call, make) -> None:
    make()
    result = call("run", "demo", "-p", "top=5", "--no-pdf", "--language", "zh,en")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "reports/2026-10/demo/report.html",
        "reports/2026-10/demo/report.en.html",
        "reports/index.html",
    ]
    assert "demo, cycle 2026-10: ready" in result.stderr


def test_a_check_of_the_team_that_blocks_is_an_invalid_report_and_no_failure(call, make) -> None:
    """The exit code is that of a report that was made; the reason stands on stderr."""
    make(
        "demo",
        'import opsnb\n\nops = opsnb.begin("demo", cycle=cycle)\n'
        'ops.check("stock", "block", "The stock was not counted.")\nops.show()',
        parameters='cycle = "2026-10"  # type: cycle',
    )
    result = call("run", "demo", "--no-pdf", "--language", "en")
    assert result.exit_code == 0, result.output
    assert "invalid" in result.stderr and "The stock was not counted." in result.stderr


def test_formats_are_chosen_by_options_or_opsnb_toml(call, make, root, monkeypatch) -> None:
    monkeypatch.setattr("opsnb.publishing.reports.pdf.make_pdf", lambda *given: b"%PDF")
    monkeypatch.setattr("opsnb.publishing.reports.pdf.make_brief", lambda *given: b"%PDF")

    def endings(*options: str) -> list[str]:
        result = call("run", "demo", "-l", "en", *options)
        assert result.exit_code == 0, result.output
        return [name.rsplit(".")[-1] for name in result.stdout.split()[:-1]]

    make()
    assert endings() == ["html", "pdf"]
    assert endings("--format", "pdf") == ["html", "pdf"], "the page is always made"
    assert endings("--format", "html") == endings("--no-pdf") == ["html"]
    assert endings("-f", "html,pdf") == endings("-f", "html", "-f", "pdf") == ["html", "pdf"]
    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[report]\nformats = ["html"]\n')
    assert endings() == ["html"]
    assert endings("-f", "pdf") == ["html", "pdf"]


def test_a_format_that_is_not_known(call, make, root) -> None:
    make()
    assert 'formats: no format "pfd". Fix: did you mean "pdf"?' in mistake(
        call("run", "demo", "--format", "pfd")
    )
    for nothing in ("", " , "):
        assert "--format: no format is named. Fix: write --format html" in mistake(
            call("run", "demo", "--format", nothing)
        )
    both = mistake(call("run", "demo", "--format", "pdf", "--no-pdf"))
    assert "--format and --no-pdf are both given" in both
    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[report]\nformats = ["slides"]\n')
    said = mistake(call("run", "demo"))
    assert 'opsnb.toml, report.formats: no format "slides". Fix: known formats: html, pdf' in said


def test_run_writes_json(call, make, root) -> None:
    make()
    result = call("run", "demo", "--no-pdf", "--json", "-l", "en", "--cycle", "2026-09")
    report = json.loads(result.stdout)
    assert report["status"] == "ready"
    assert report["cycle"] == "2026-09"
    assert report["parameters"] == {"top": 3}
    assert [name.rsplit("/")[-1] for name in report["files"]] == ["report.html", "report.json"]
    for name in [*report["files"], report["index"]]:
        assert (root / name).is_file()


def test_a_failed_report_ends_with_1(call, make) -> None:
    make("demo", "raise ValueError('odd input')")
    result = call("run", "demo", "--no-pdf", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["error"] == {"cell": "c0", "name": "ValueError", "message": "odd input"}
    again = call("run", "demo", "--no-pdf")
    assert again.exit_code == 1
    assert "failed" in again.stderr
    assert "odd input" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["nothing"], 'no playbook "nothing"'),
        (["nothing.ipynb"], "no such notebook"),
        (["demo", "-p", "topp=1"], 'did you mean "top"?'),
        (["demo", "-p", "top"], '"top" is not name=value'),
        (["demo", "-p", "=1"], '"=1" is not name=value'),
        (["demo", "-p", "top=1", "-p", "top=2"], '"top" is given twice'),
        (["demo", "-p", "top=007"], '"007" is not a whole number'),
        (["demo", "-p", "top=x", "-p", "tip=1"], "2 parameters cannot be used"),
        (["demo", "--cycle", "2026-13"], '"2026-13" is no period'),
        (["demo", "--language", "fr"], 'no language "fr"'),
    ],
)
def test_mistakes_of_a_run_start_no_kernel(call, make, monkeypatch, arguments, what) -> None:
    make()
    monkeypatch.setattr(sys, "executable", "/usr/bin/false")
    assert what in mistake(call("run", *arguments))


@pytest.mark.parametrize(
    ("words", "early"),
    [
        ("cycle", True),
        ("-w shop cycle 2026-10 --jobs 4", True),
        ("run ab_readout", True),
        ("cycle latest --plan", False),
        ("cycle --on=dask://scheduler:8786", False),
        ("run --help", False),
        ("check", False),
        ("", False),
    ],
)
def test_imports_begin_first_where_cells_will_run(monkeypatch, words: str, early: bool) -> None:
    import opsnb.cli.commands
    from opsnb.publishing.kernels import client

    order: list[str] = []
    monkeypatch.setattr(sys, "argv", ["opsnb", *words.split()])
    monkeypatch.setattr(client, "warm_up", lambda env: order.append("imports"))
    monkeypatch.setattr(opsnb.cli.commands, "app", lambda prog_name: order.append("command"))
    monkeypatch.setattr(opsnb.cli, "listen", lambda: None)
    monkeypatch.setattr(opsnb.cli, "ignore", lambda: None)
    opsnb.cli.main()
    assert order == ["imports", "command"][not early :]


def test_no_workspace(call, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no opsnb.toml" in mistake(call("run", "demo"))
    assert "no opsnb.toml here" in mistake(call("--workspace", str(tmp_path), "run", "demo"))


def test_the_workspace_can_be_named(call, root, make, tmp_path, monkeypatch) -> None:
    make()
    monkeypatch.chdir(tmp_path)
    assert "demo" in call("--workspace", str(root), "list").stdout
    monkeypatch.setenv("OPSNB_WORKSPACE", str(root))
    assert "demo" in call("list").stdout


def test_a_time_limit(call, make) -> None:
    make("demo", "import time\ntime.sleep(60)")
    result = call("run", "demo", "--no-pdf", "--cell-timeout", "1")
    assert result.exit_code == 1
    assert "CellTimeout" in result.stderr


def test_open_the_page(call, make, monkeypatch) -> None:
    import typer

    make()
    opened = []
    monkeypatch.setattr(typer, "launch", opened.append)
    call("run", "demo", "--no-pdf", "--open", "no")
    assert opened == []
    call("run", "demo", "--no-pdf", "--open", "yes")
    assert opened[0].endswith("reports/2026-10/demo/report.html")


# -- cycle and index ------------------------------------------------------------------------

CYCLES = '[[cycles.month]]\nplaybook = "demo"\n[[cycles.month]]\nplaybook = "gone"\n'


def test_cycle_rolls_up_and_ends_with_1(call, root, make) -> None:
    make()
    with (root / "opsnb.toml").open("a") as file:
        file.write(CYCLES)
    result = call("cycle", "2026-10", "--no-pdf", "--jobs", "1")
    assert result.exit_code == 1
    assert "reports/2026-10/demo/report.html" in result.stdout
    assert result.stdout.splitlines()[-1] == "reports/index.html"
    assert 'gone: no playbook "gone"' in result.stderr
    assert "Cycle 2026-10: 1 failed, 1 ready" in result.stderr
    rolled = json.loads(call("cycle", "latest", "--no-pdf", "--json").stdout)
    assert rolled["counts"] == {"ready": 1, "failed": 1}
    assert [r["status"] for r in rolled["reports"]] == ["ready", "failed"]
    assert rolled["reports"][1]["error"]["name"] == "PlaybookError"


def test_cycle_with_nothing_to_report(call, root, make) -> None:
    make("readout", parameters='experiment = ""  # type: experiment  Id')
    with (root / "opsnb.toml").open("a") as file:
        file.write('[[cycles.month]]\nplaybook = "readout"\nfor_each = "experiment"\n')
    result = call("cycle", "2026-05")
    assert result.exit_code == 0
    assert "Cycle 2026-05: nothing to report" in result.stderr


def test_cycle_without_entries_is_a_mistake(call) -> None:
    assert "no report is asked for in a month" in mistake(call("cycle"))


def test_index(call, make) -> None:
    make()
    call("run", "demo", "--no-pdf")
    Path("reports/index.html").unlink()
    assert call("index").stdout == "reports/index.html\n"
    assert Path("reports/index.html").is_file()


def test_an_index_that_cannot_be_written(call, root) -> None:
    (root / "reports").write_text("in the way")
    assert "the index of reports was not written" in mistake(call("index"))


# -- check ----------------------------------------------------------------------------------


@pytest.fixture
def orders(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data/orders.csv").write_text(
        "order_id,user_id,ordered_at,amount\n"
        "1,a,2026-10-01 10:00:00,5\n2,b,2026-10-02 10:00:00,-3\n3,c,2026-10-03 10:00:00,\n"
    )
    with (root / "opsnb.toml").open("a") as file:
        file.write(
            '[sources.shop]\nurl = "csv://data"\n'
            '[tables.orders]\nsource = "shop"\ntable = "orders"\n'
            '[tables.spend]\nsource = "shop"\ntable = "nothing"\n'
        )


def test_check_shows_each_table_and_what_is_wrong(call, orders) -> None:
    result = call("check")
    assert result.exit_code == 1, "a table that cannot be read blocks"
    header, _, lost, read = result.stdout.splitlines()[:4]
    assert header.split() == [
        "table", "rows", "first", "last", "freshness", "quarantined", "level",
    ]  # fmt: skip
    assert lost.split()[0::6] == ["spend", "unreadable"]
    assert read.split()[:2] == ["orders", "3"]
    assert "unreadable  spend:" in result.stdout
    tree = json.loads(call("check", "--json").stdout)
    assert tree["blocked"] is True
    assert tree["tables"][0]["quarantined"] == 1
    assert "spend" in tree["unreadable"]


def test_check_of_one_table(call, orders) -> None:
    assert "orders" in call("check", "orders").stdout
    assert "nothing" in mistake(call("check", "spend"))
    assert 'no table "order"' in mistake(call("check", "order"))


def test_check_with_nothing_mapped(call) -> None:
    result = call("check")
    assert result.exit_code == 0
    assert "No tables are mapped yet" in result.stderr


def test_ids_come_from_the_data_as_well(call, root, make) -> None:
    make("readout", "1", parameters='experiment = ""  # type: experiment  Id')
    (root / "data").mkdir()
    (root / "data/assignments.csv").write_text(
        "experiment_id,user_id,variant\nno_plan,a,control\nno_plan,b,treatment\n"
    )
    with (root / "opsnb.toml").open("a") as file:
        file.write(
            '[sources.shop]\nurl = "csv://data"\n'
            '[tables.assignments]\nsource = "shop"\ntable = "assignments"\n'
        )
    result = call("run", "readout", "-p", "experiment=no_plan", "--no-pdf")
    assert result.exit_code == 0, result.stderr
    said = mistake(call("run", "readout", "-p", "experiment=noplan"))
    assert 'did you mean "no_plan"?' in said
    assert "one_page" in said


# -- init, sample, doctor -------------------------------------------------------------------


def test_init_lays_down_a_workspace_that_loads(call, tmp_path, monkeypatch) -> None:
    result = call("init", str(tmp_path / "new"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "new/opsnb.toml").is_file()
    monkeypatch.undo()  # its cycles ask for the playbooks that opsnb brings
    assert call("--workspace", str(tmp_path / "new"), "check").exit_code == 0
    assert "has opsnb.toml" in mistake(call("init", str(tmp_path / "new")))


def test_init_where_nothing_can_be_written(call, tmp_path) -> None:
    (tmp_path / "file").touch()
    assert "cannot write here" in mistake(call("init", str(tmp_path / "file/below")))


@pytest.fixture
def company(root: Path) -> Path:
    """The test workspace, reading the sample company's data."""
    with (root / "opsnb.toml").open("a", encoding="utf-8") as file:
        file.write('[sources.shop]\nurl = "parquet://data/shop"\n')
    return root


def test_sample_leaves_another_workspace_alone(call) -> None:
    assert "is not the sample company's" in mistake(call("sample"))


def test_sample_lays_the_company_down(call, tmp_path, monkeypatch) -> None:
    import opsnb.sample

    def build(root: Path, progress=None):
        assert (root / "plans/campaigns/golden_week.toml").is_file()
        return {"folder": str(root / "data"), "rows": {"users": 1}}

    monkeypatch.setattr(opsnb.sample, "build", build)
    result = call("sample", str(tmp_path / "market"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "market/opsnb.toml").is_file()
    remembered = (tmp_path / "market/reports/ledger/2026-09.jsonl").read_text(encoding="utf-8")
    assert "Hold out a tenth of the active users" in remembered
    assert "has opsnb.toml" in mistake(call("sample", str(tmp_path / "market")))


def test_sample_tells_what_was_built(call, company, monkeypatch) -> None:
    import opsnb.sample

    def build(root: Path, seed: int = 1, progress=None):
        progress("users")
        return {"folder": str(root / "data"), "seed": seed, "rows": {"users": 1234}}

    monkeypatch.setattr(opsnb.sample, "build", build)
    result = call("sample")
    assert "users" in result.stdout
    assert "1,234" in result.stdout
    assert result.stdout.splitlines()[-1] == "data"
    assert json.loads(call("sample", "--seed", "9", "--json").stdout)["seed"] == 9


def test_sample_leaves_a_ledger_alone_and_gives_another_history_none(
    call, company, monkeypatch
) -> None:
    import opsnb.sample

    def build(root: Path, seed: int = 1, progress=None):
        return {"folder": str(root / "data"), "seed": seed, "rows": {"users": 1}}

    monkeypatch.setattr(opsnb.sample, "build", build)
    assert call("sample", "--seed", "9").exit_code == 0
    assert not (company / "reports/ledger").exists()
    own = Ledger(company / "reports/ledger").add("action", "2026-10", "Our own")
    assert call("sample").exit_code == 0
    assert [entry.id for entry in Ledger(company / "reports/ledger").entries()] == [own.id]


def test_sample_says_where_the_ledger_cannot_be_written(call, company, monkeypatch) -> None:
    import opsnb.sample

    monkeypatch.setattr(
        opsnb.sample, "build", lambda root, progress=None: {"folder": str(root), "rows": {}}
    )
    (company / "reports").write_text("a file where a folder has to be", encoding="utf-8")
    result = call("sample")
    assert "cannot write here" in mistake(result)


def test_sample_refuses_a_bad_seed(call, company) -> None:
    assert "the seed is -1" in mistake(call("sample", "--seed", "-1"))


# -- interruption and the outside world -------------------------------------------------------


def opsnb_process(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command that hears Ctrl-C, also where the tests run in the background of a shell, which
    has it ignored."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "opsnb", *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_accessible_pdfs_can_be_asked_for(call, make, monkeypatch) -> None:
    asked = []
    publish = opsnb.publishing.reports.publish

    def seen(notebook, record, folder, formats):
        asked.append(record.accessible)
        return publish(notebook, record, folder, ())

    monkeypatch.setattr(opsnb.publishing.reports, "publish", seen)
    make()
    call("run", "demo")
    call("run", "demo", "--accessible")
    assert asked == [False, True]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_leaves_no_kernel(root, make, sent) -> None:
    make("demo", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    process, pid = opsnb_process(root, "run", "demo"), root / "playbooks/pid"
    for _ in range(300):
        if pid.is_file() and pid.read_text():
            break
        time.sleep(0.1)
    process.send_signal(sent)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1].startswith("Interrupted: nothing is left running")
    assert "Traceback" not in stderr
    assert not Path(f"/proc/{pid.read_text()}/cmdline").exists()


def test_a_reader_that_leaves_early_is_no_error(root, make) -> None:
    make()
    process = opsnb_process(root, "list", "--json")
    process.stdout.close()
    process.wait(timeout=30)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_paths_are_relative_where_that_is_shorter(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a/b") == "a/b"
    assert shown(Path("/x")) == "/x"
