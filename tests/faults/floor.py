"""A small workspace to break things in, and what has to hold after whatever was done to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from opsnb.base.ledger import Ledger
from opsnb.publishing.reports.manifest import faults, read_manifest, versions

REPOSITORY = Path(__file__).resolve().parents[2]
MARK = "OPSNB_FLOOR"
"""Environment variable that every process of a floor has."""

_NOT_THEIRS = ("OPSNB_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")

TOML = """\
[workspace]
name = "Test Shop"
timezone = "Asia/Shanghai"
currency = "CNY"
languages = ["en"]
as_of = 2026-11-16
"""

SEAM = """\
from IPython.display import display
lists = {"actions": [{"title": f"Call {top} back", "owner": "Li Na", "status": "proposed"}]}
reads = {"plans": {}, "files": [], "sources": [], "ledger": [], "tables": {}}
fact = {"key": "t.value", "id": "t.value", "value": top, "unit": "number"}
payload = {"v": 1, "facts": [fact], "status": None, "tables": {}, "reads": reads,
           "languages": {"en": lists}}
display({"text/plain": "seen", "text/html": "<p>seen</p>",
         "application/vnd.opsnb.v1+json": payload}, raw=True)
"""

GATE = """\
import os, pathlib, time
here = pathlib.Path(os.environ["OPSNB_WORKSPACE"])
(here / f"running-{name}").write_text(str(os.getpid()))
while (here / "closed").exists() and not (here / f"let-{os.getpid()}").exists():
    time.sleep(0.02)
"""
"""A cell that says that it runs, and lasts until the gate is opened, or it is let through."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.err.rstrip().rpartition("\n")[2]


class Process:
    """A command under way."""

    def __init__(self, pid: int, wait: Callable[[float], int | None], files: list[Path]) -> None:
        self.pid, self._wait, self._files = pid, wait, files

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def done(self, seconds: float = 90) -> Done:
        code = self._wait(seconds)
        assert code is not None, f"still running after {seconds} s"
        out, err = (path.read_text(encoding="utf-8") for path in self._files)
        return Done(code, out, err)


class Forker:
    """Starts commands quickly; see `tests.faults.forker`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forker"],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, **asked: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Floor:
    """A workspace of `count` playbooks that a cycle makes, each with a cell that can be held.

    Attributes
    ----------
    temporary : Path
        The commands' folder for temporary files.
    environment : dict
        What commands get; kernels are ordinary ones, which cost a test less.
    """

    def __init__(self, root: Path, forker: Forker, count: int = 1) -> None:
        self.root, self._forker = root, forker
        self.reports = root / "reports"
        self.temporary = Path(tempfile.mkdtemp(prefix="floor-"))  # short: sockets lie in it
        (root / "playbooks").mkdir(parents=True)
        (root / "plans").mkdir()
        self.names = ["demo", *(f"demo_{number}" for number in range(1, count))]
        cycles = [f'[[cycles.month]]\nplaybook = "{name}"\n' for name in self.names]
        (root / "opsnb.toml").write_text(TOML + "".join(cycles), encoding="utf-8")
        for name in self.names:
            self.playbook(name)
        self._mark = uuid.uuid4().hex
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(_NOT_THEIRS)},
            "OPSNB_WARM_KERNELS": "0",
            "PYTHONPATH": str(REPOSITORY),
            "TMPDIR": str(self.temporary),
            MARK: self._mark,
        }

    # -- doing ---------------------------------------------------------------------------

    def playbook(self, name: str = "demo", *sources: str, value: int = 3) -> None:
        """Writes a playbook; its cells are the gate and the seam unless others are given."""
        cells = [
            new_markdown_cell(f"# Report {name}\n\nShows a number.", id="title"),
            new_code_cell(
                f"top = {value}  # type: int  How many",
                id="parameters",
                metadata={"tags": ["parameters"]},
            ),
        ]
        for number, source in enumerate(sources or (f"name = {name!r}\n{GATE}", SEAM)):
            cells.append(new_code_cell(source, id=f"c{number}"))
        path = self.root / "playbooks" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata={"opsnb": {}}), path)

    def start(self, *arguments: str, fault: str = "none", prefix: list[str] | None = None,
              real: bool = False, **environment: str) -> Process:  # fmt: skip
        """Starts `opsnb ARGUMENTS`: forked, or (`real`, or with a prefix) by its interpreter."""
        files = [self.root.parent / f"{uuid.uuid4().hex[:8]}.{end}" for end in ("out", "err")]
        given = {**self.environment, **environment}
        if not real and prefix is None:
            asked = {"fault": fault, "arguments": list(arguments), "env": given}
            out, err = map(str, files)
            pid = self._forker.ask(**asked, cwd=str(self.root), out=out, err=err)
            return Process(pid, lambda s: self._forker.ask(wait=pid, seconds=s), files)
        command = [*(prefix or ()), sys.executable, "-m", "tests.faults.victim", fault, "--"]
        with files[0].open("wb") as out_file, files[1].open("wb") as err_file:
            process = subprocess.Popen(
                [*command, *arguments], cwd=self.root, env=given, stdin=subprocess.DEVNULL,
                stdout=out_file, stderr=err_file,
            )  # fmt: skip
        return Process(process.pid, lambda seconds: _waited(process, seconds), files)

    def run(self, *arguments: str, **how: Any) -> Done:
        return self.start(*arguments, **how).done()

    def hold(self) -> None:
        """Cells with a gate last from now on until `release`."""
        (self.root / "closed").touch()

    def release(self) -> None:
        (self.root / "closed").unlink()

    def let(self, pid: int) -> None:
        """Lets one kernel through; the gate stays closed for others."""
        (self.root / f"let-{pid}").touch()

    def running(self, name: str = "demo") -> int:
        """The process id of a playbook's kernel, once its gate's cell runs."""
        path = self.root / f"running-{name}"
        wait_for(lambda: path.is_file() and path.read_text().isdecimal())
        pid = int(path.read_text())
        path.unlink()
        return pid

    def report(self, name: str = "demo") -> Path:
        return self.reports / "2026-10" / name.replace("_", "-")

    def record(self, name: str = "demo") -> dict[str, Any]:
        return json.loads((self.report(name) / "report.json").read_text(encoding="utf-8"))

    def version(self, name: str = "demo") -> int:
        found = read_manifest(self.report(name))
        return found.number if found else 0

    # -- what has to hold ------------------------------------------------------------------

    def processes(self) -> list[str]:
        """Command lines of processes that belong to this floor."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes():
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found.append(f"{folder.name} {line}")
            except OSError:
                continue
        return found

    def no_process(self) -> None:
        """Nothing that a command started lives on; a killed one's kernels need a moment."""
        wait_for(lambda: not self.processes(), 15, lambda: f"left: {self.processes()}")

    def whole(self) -> None:
        """No file is torn, and what lies under its final name is complete."""
        for folder in self.reports.glob("2026-10/*"):
            newest = read_manifest(folder)
            assert newest is not None, f"{folder.name} has no manifest"
            kept = versions(folder)
            for version in (newest, *kept):
                assert list(faults(version, kept)) == [], version.folder
            page = (folder / "report.html").read_text(encoding="utf-8")
            assert page.rstrip().endswith("</html>"), folder.name
        for path in self.reports.rglob("*.json"):
            if "new" not in path.relative_to(self.reports).parts:
                json.loads(path.read_text(encoding="utf-8"))
        for path in self.reports.glob("*.html"):
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), path.name
        Ledger(self.reports / "ledger").entries()

    def tidy(self) -> None:
        """Nothing lies about that a run made for itself."""
        work = [p for p in (self.reports / ".work").rglob("*") if p.name in ("new", "old")]
        halves = [p for p in self.reports.rglob(".*") if p.is_file() and p.name != ".lock"]
        temporary = list(self.temporary.iterdir())
        assert (work, halves, temporary) == ([], [], [])

    def sound(self, done: Done, code: int) -> None:
        """A command that was told off: the right exit code and a plain last line."""
        assert done.code == code, done
        assert "Traceback" not in done.err, done.err
        assert done.last, "no last line"
        self.no_process()
        self.whole()

    def close(self) -> None:
        """Ends what a failed test has left."""
        for line in self.processes():
            os.kill(int(line.split()[0]), signal.SIGKILL)
        shutil.rmtree(self.temporary, ignore_errors=True)


def _waited(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def wait_for(
    true: Callable[[], Any], seconds: float = 60, told: Callable[[], str] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, told() or f"waited {seconds} s in vain"
        time.sleep(0.02)


def hears_signals(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False
