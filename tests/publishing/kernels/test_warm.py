"""Forked kernels behave as ordinary ones: signals, statuses, limits, ends, and their results."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from opsnb.publishing.kernels import client, preload
from opsnb.publishing.kernels.provisioner import WarmProvisioner

pytestmark = pytest.mark.skipif(
    client.why_not() is not None, reason=f"no warm kernels here: {client.why_not()}"
)


class Kernel:
    """A kernel of the kernelspec `opsnb`, as Jupyter's own tools start it."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None, cwd: Path | None = None):
        self.manager = KernelManager(kernel_name="opsnb", transport="ipc")
        self.manager.connection_file = str(folder / f"{time.monotonic_ns()}.json")
        self.manager.ip = str(folder / f"s{time.monotonic_ns()}")
        self.manager.start_kernel(env={**os.environ, **(env or {})}, cwd=str(cwd or folder))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def process(self) -> client.ForkedKernel:
        process = self.manager.provisioner.process
        assert isinstance(process, client.ForkedKernel), self.manager.provisioner.reason
        return process

    def run(self, code: str) -> str:
        """What the code prints; `ErrorName: text` where it fails."""
        said: list[str] = []

        def hear(message: dict) -> None:
            content = message["content"]
            said.append(content.get("text", "") if message["msg_type"] == "stream" else "")

        reply = self.client.execute_interactive(code, output_hook=hear, timeout=60)["content"]
        if reply["status"] == "error":
            return f"{reply['ename']}: {reply['evalue']}"
        return "".join(said).strip()

    def value(self, expression: str):
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

    def stop(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)


@pytest.fixture
def short(tmp_path_factory):
    """A folder whose path is short enough for sockets."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ob-") as folder:
        yield Path(folder)


@pytest.fixture
def start(short):
    kernels: list[Kernel] = []

    def make(**more) -> Kernel:
        kernels.append(Kernel(short, **more))
        return kernels[-1]

    yield make
    for kernel in kernels:
        kernel.stop()


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends (a zombie has)."""
    for _ in range(int(seconds / 0.05)):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


# -- as an ordinary kernel -------------------------------------------------------------------


def test_the_kernelspec_is_installed_with_opsnb() -> None:
    spec = KernelSpecManager().get_kernel_spec("opsnb")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "opsnb-warm"
    own = Path(preload.__file__).parent / "spec/kernel.json"
    assert json.loads(own.read_text()) == json.loads(
        Path(spec.resource_dir, "kernel.json").read_text()
    )


def test_a_kernel_has_everything_imported_and_its_own_surroundings(start, tmp_path) -> None:
    kernel = start(env={"TZ": "Asia/Tokyo", "OWN": "yes"}, cwd=tmp_path)
    found = kernel.value(
        "(lambda os, sys, time: {'modules': sorted(set(sys.modules) & {'pandas', 'duckdb', "
        "'seaborn', 'opsnb.analysis.session', 'ibis'}), 'cwd': os.getcwd(), "
        "'own': os.environ['OWN'], "
        "'zone': time.tzname[0], 'session': os.getsid(0) == os.getpid(), "
        "'stdin': sys.__stdin__.read(), 'umask': os.umask(18), 'python': sys.executable, "
        "'main': sys.modules['__main__'].__name__})"
        "(__import__('os'), __import__('sys'), __import__('time'))"
    )
    assert found["modules"] == ["duckdb", "ibis", "opsnb.analysis.session", "pandas", "seaborn"]
    assert (found["cwd"], found["own"], found["zone"]) == (str(tmp_path), "yes", "JST")
    assert (found["session"], found["stdin"], found["main"]) == (True, "", "__main__")
    assert found["python"] == sys.executable
    mask = os.umask(0)
    os.umask(mask)
    assert found["umask"] == mask


def test_a_kernel_draws_and_shows_tables_as_an_ordinary_one_does(start) -> None:
    kernel = start()
    said = kernel.run(
        "import pandas, matplotlib; print(matplotlib.get_backend(), "
        "pandas.get_option('display.max_columns'))"
    )
    assert said == "module://matplotlib_inline.backend_inline 20"
    shown: list[str] = []
    kernel.client.execute_interactive(
        "import matplotlib.pyplot as plt; plt.plot([1, 2]);",
        output_hook=lambda m: shown.extend(m["content"].get("data", {})),
        timeout=60,
    )
    assert "image/png" in shown


def test_chance_differs_from_kernel_to_kernel(start) -> None:
    draw = "[__import__('random').random(), float(__import__('numpy').random.random())]"
    one, other = start().value(draw), start().value(draw)
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_limits_of_the_client_hold_in_the_kernel(start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 777), hard))
    try:
        asked = "__import__('resource').getrlimit(__import__('resource').RLIMIT_NOFILE)[0]"
        assert start().value(asked) == min(soft, 777)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_interrupt_stops_a_cell_and_not_the_kernel(start) -> None:
    kernel = start()
    threading.Timer(0.5, kernel.manager.interrupt_kernel).start()
    assert kernel.run("import time; time.sleep(30)").startswith("KeyboardInterrupt")
    assert kernel.run("print(1)") == "1"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
    ],
)
def test_the_end_of_a_kernel_is_seen_with_its_status(start, code, status) -> None:
    process = start()
    forked = process.process
    process.client.execute(code)
    assert forked.wait(timeout=20) == status
    assert forked.poll() == status


def test_a_shutdown_runs_what_waits_for_the_end(start, tmp_path) -> None:
    kernel = start()
    mark = tmp_path / "mark"
    kernel.run(f"import atexit; atexit.register(lambda: open({str(mark)!r}, 'w').write('bye'))")
    process = kernel.process
    kernel.manager.shutdown_kernel(now=False)
    assert process.returncode == 0
    assert mark.read_text() == "bye"
    assert gone(process.pid)


def test_a_restart_is_a_new_kernel(start) -> None:
    kernel = start()
    kernel.run("x = 1")
    before = kernel.process.pid
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.process.pid != before
    assert gone(before)
    assert kernel.run("print(x)").startswith("NameError")


def test_what_a_kernel_leaves_behind_goes_with_it(start) -> None:
    kernel = start()
    child = int(kernel.run("import subprocess; print(subprocess.Popen(['sleep', '90']).pid)"))
    kernel.manager.shutdown_kernel(now=False)
    assert gone(child)


# -- the zygote ------------------------------------------------------------------------------


def test_a_thread_or_a_descriptor_makes_a_fork_unsafe(tmp_path) -> None:
    code = (
        "import sys, threading\n"
        "from opsnb.publishing.kernels.preload import require_forkable, Unsafe\n"
        "def ask():\n    try:\n        require_forkable(); print('safe')\n"
        "    except Unsafe as error:\n        print(error)\n"
        "ask()\nfile = open(sys.argv[1], 'w'); ask(); file.close()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); ask()\n"
    )
    path = tmp_path / "left-open.txt"
    said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert said.stdout.splitlines() == [
        "safe",
        f"open after the imports: {path}",
        "2 threads are running after the imports",
    ]


def test_the_death_of_a_zygote_is_the_death_of_its_kernels_and_the_next_is_new(short) -> None:
    zygote = client.Zygote(os.environ)
    connection = short / "k.json"
    kernel = zygote.fork(["-f", str(connection)], dict(os.environ), str(short))
    os.kill(zygote.pid, signal.SIGKILL)
    assert kernel.wait(timeout=10) == -signal.SIGKILL
    assert gone(kernel.pid)
    with pytest.raises(client.NoWarmKernel, match="the zygote is gone"):
        zygote.fork(["-f", str(connection)], dict(os.environ), None)
    assert not zygote.alive


def test_the_death_of_its_client_is_the_death_of_all(short) -> None:
    code = (
        "import os, sys, time\nfrom opsnb.publishing.kernels import client\n"
        "zygote = client.Zygote(os.environ)\n"
        f"kernel = zygote.fork(['-f', {str(short / 'k.json')!r}], dict(os.environ), None)\n"
        "print(zygote.pid, kernel.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


def test_a_zygote_that_cannot_start_says_why(monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/false")
    with pytest.raises(client.NoWarmKernel, match="died while it was starting"):
        client.Zygote(os.environ).ready()


def test_where_there_is_no_warm_kernel_an_ordinary_one_starts(short, monkeypatch) -> None:
    monkeypatch.setenv(client.SWITCH, "0")
    kernel = Kernel.__new__(Kernel)
    kernel.manager = KernelManager(kernel_name="opsnb")
    kernel.manager.connection_file = str(short / "k.json")
    kernel.manager.start_kernel(cwd=str(short))
    try:
        provisioner = kernel.manager.provisioner
        assert isinstance(provisioner, WarmProvisioner)
        assert provisioner.reason == "OPSNB_WARM_KERNELS=0"
        assert isinstance(provisioner.process, subprocess.Popen)
        kernel.client = kernel.manager.client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("print(6 * 7)") == "42"
    finally:
        kernel.stop()


def test_another_interpreters_kernel_is_not_forked() -> None:
    provisioner = WarmProvisioner()
    with pytest.raises(client.NoWarmKernel, match="not that of an ipykernel of this interpreter"):
        provisioner._fork(["/usr/bin/python9", "-m", "ipykernel_launcher", "-f", "x"], {}, None)
    with pytest.raises(client.NoWarmKernel, match="not that of an ipykernel"):
        provisioner._fork([sys.executable, "kernel.py"], {}, None)


def test_new_code_gets_a_new_zygote(monkeypatch) -> None:
    first = client.zygote(os.environ)
    assert client.zygote(os.environ) is first
    assert client.zygote({**os.environ, "PYTHONHASHSEED": "7"}) is not first
    monkeypatch.setattr(client, "installed", lambda: (1, 1))
    assert client.zygote(os.environ) is not first


def test_a_zygote_imports_what_it_is_told_notebooks_want(short) -> None:
    env = {"PYTHONHASHSEED": "11"}
    zygote = client.zygote({**os.environ, **env})
    asked = "import sys; print(*(m in sys.modules for m in ('ibis', 'scipy.stats', 'seaborn')))"
    found = []
    for wanted in ([], ["scipy.stats"], ["seaborn", "scipy.stats"], []):
        zygote.want(wanted)
        kernel = Kernel(short, env)
        found.append(kernel.run(asked))
        kernel.stop()
    whole = "True True True"
    assert found == ["True False False", "True True False", whole, whole]


def test_a_zygote_that_is_told_nothing_imports_all(short) -> None:
    kernel = Kernel(short, {"PYTHONHASHSEED": "12"})
    assert kernel.run("import sys; print('scipy.stats' in sys.modules)") == "True"
    kernel.stop()


def test_what_cannot_be_imported_is_left_to_the_kernel(short, tmp_path) -> None:
    (tmp_path / "broken_one.py").write_text("raise ImportError('half installed')")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    client.zygote({**os.environ, **env}).want(["broken_one", "never_installed"])
    kernel = Kernel(short, env)
    assert kernel.process.pid
    assert kernel.run("import gc; print(gc.isenabled())") == "True"
    assert kernel.run("import broken_one") == "ImportError: half installed"
    kernel.stop()


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import seaborn as sns", ("seaborn",)),
        ("x = 1\n  from scipy.stats import norm", ("scipy.stats",)),
        ("import numpy, seaborn\nfrom scipy import stats", ("seaborn", "scipy.stats")),
        ("# import of seaborn\nimported = 'seaborn'\nimport numpy", ()),
    ],
)
def test_what_code_wants(source: str, wanted: tuple[str, ...]) -> None:
    assert preload.wanted_by(["import opsnb", source]) == wanted


def test_a_zygote_that_nobody_needs_is_gone_at_once() -> None:
    zygote = client.Zygote({**os.environ, "PYTHONHASHSEED": "13"})
    time.sleep(0.1)
    started = time.monotonic()
    zygote.close()
    assert not zygote.alive
    assert time.monotonic() - started < 0.5


def test_jupyters_own_tools_use_it(tmp_path) -> None:
    """nbclient, and papermill's command."""
    import nbformat
    import papermill
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    notebook = new_notebook(cells=[new_code_cell("import sys; print('ibis' in sys.modules)")])
    executed = NotebookClient(notebook, kernel_name="opsnb").execute()
    assert executed.cells[0].outputs[0].text == "True\n"
    nbformat.write(notebook, tmp_path / "in.ipynb")
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(tmp_path / "in.ipynb", out, kernel_name="opsnb", progress_bar=False)
    assert nbformat.read(out, 4).cells[0].outputs[0].text == "True\n"


def test_many_kernels_eight_at_once_leave_nothing(short) -> None:
    """Half of them interrupted or killed in the middle of a cell."""
    client.zygote(os.environ).ready()
    before = descriptors(), processes()

    def live(number: int) -> str:
        kernel = Kernel(short)
        try:
            if number % 4 == 1:
                threading.Timer(0.1, kernel.manager.interrupt_kernel).start()
                return kernel.run("import time; time.sleep(60)").partition(":")[0]
            if number % 4 == 3:
                process = kernel.process
                kernel.client.execute("import time; time.sleep(60)")
                time.sleep(0.05)
                process.kill()
                return str(process.wait(timeout=20))
            query = "select sum(range) from range(1000000)"
            return kernel.run(f"import duckdb; print(duckdb.sql('{query}').fetchone()[0])")
        finally:
            kernel.stop()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(live, range(24)))
    assert set(answers[0::2]) == {"499999500000"}
    assert set(answers[1::4]) == {"KeyboardInterrupt"}
    assert set(answers[3::4]) == {"-9"}
    for _ in range(100):
        gc.collect()  # the event loops of the pool's threads
        after = descriptors(), processes()
        if after[0] <= before[0] and after[1] <= before[1]:
            break
        time.sleep(0.05)
    assert after[0] <= before[0]
    assert after[1] <= before[1], "no orphan, no zombie"
    assert list(short.iterdir()) == [], "no connection file, no socket"


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def processes() -> set[str]:
    """Children and grandchildren of this process."""
    import psutil

    return {f"{p.pid} {p.name()}" for p in psutil.Process().children(recursive=True)}


def test_the_event_loop_goes_on_while_a_zygote_imports(short) -> None:
    """JupyterLab's server must answer while its first warm kernel starts."""

    async def both() -> float:
        client.close_all()
        longest, last = 0.0, time.monotonic()
        from jupyter_client import AsyncKernelManager

        manager = AsyncKernelManager(kernel_name="opsnb")
        manager.connection_file = str(short / "k.json")
        starting = asyncio.ensure_future(manager.start_kernel(cwd=str(short)))
        while not starting.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        await starting
        assert isinstance(manager.provisioner.process, client.ForkedKernel)
        await manager.shutdown_kernel(now=True)
        return longest

    assert asyncio.run(both()) < 2.0
