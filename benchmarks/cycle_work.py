"""What `benchmarks.cycle` measures, each in a process of its own.

    floor      the same cells in one warm process a core, without kernels, and written out
    pdf        the PDFs of one executed notebook: the last step of the naive loop
    parts      seconds of a cycle by part: start, cells, pages, PDFs
    ready      seconds to a kernel's first answer with the imports done, warm beside ordinary
    matrix     many light reports in batches: seconds and this process's memory after each
    stress     kernels in a row, eight at once, half of them interrupted or killed

Each gets a JSON object on the command line, and writes one on its last line.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat.v4 import new_output

IMPORTS = "import pandas, seaborn, scipy.stats, ibis, duckdb, opsnb.analysis.session"
"""What a playbook's first cell and the ones after it import."""


# -- the floor -----------------------------------------------------------------------------


def floor(asked: dict[str, Any]) -> dict[str, Any]:
    """Seconds from warm processes to reports of `asked["runs"]`: [playbook, parameters, cycle]."""
    from opsnb.base.core_share import tell_running
    from opsnb.base.plugins import Plugins
    from opsnb.publishing.kernels.preload import preload
    from opsnb.publishing.reports.formats import find_format, own_formats
    from opsnb.publishing.reports.preparation import load

    preload(0)
    found = (find_format(name, Plugins()) for name in own_formats())
    load([each for each in found if each is not None])
    started, waiting = time.perf_counter(), list(asked["runs"])
    failure = Path(asked["out"]) / "failure.txt"
    running: set[int] = set()
    while waiting or running:
        if waiting and len(running) < asked["jobs"]:
            run = waiting.pop(0)
            pid = os.fork()
            if pid == 0:
                _leave(functools.partial(_by_itself, run, asked), failure)
            running.add(pid)
        else:
            running.discard(os.wait()[0])
        tell_running(Path(asked["shared"]), len(running))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "failed": failure.read_text() if failure.is_file() else ""}


def _leave(work: Callable[[], None], failure: Path) -> None:
    """Ends a fork with its work; what went wrong is written down."""
    try:
        work()
        os._exit(0)
    except BaseException:
        import traceback

        failure.write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)


def _by_itself(run: list[Any], asked: dict[str, Any]) -> None:
    """A playbook's cells in an IPython shell of this process, and their report."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from opsnb.base import traits
    from opsnb.base.workspace import Workspace
    from opsnb.publishing.reports import publish
    from opsnb.publishing.runs.make import now, record_of

    workspace = Workspace.load(Path(asked["workspace"]))
    planned = _planned(workspace, run)
    os.environ |= {
        "OPSNB_WORKSPACE": str(workspace.root),
        traits.VARIABLE: planned.playbook.traits.as_json(),
        "OPSNB_LANGUAGES": ",".join(workspace.languages),
        "OPSNB_CYCLE_CACHE": asked["shared"],
    }
    os.chdir(planned.playbook.path.parent)
    notebook = nbformat.read(planned.playbook.path, as_version=4)
    shell, started = InteractiveShell.instance(), now()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns.update(planned.parameters)
            continue
        with capture_output() as captured:
            shell.display_trap.hook = sys.displayhook  # else what a cell ends in is not captured
            shell.run_cell(cell.source).raise_error()
        cell.execution_count = 1
        cell.outputs = [
            new_output("display_data", data=each.data, metadata=each.metadata or {})
            for each in captured.outputs
        ]
    folder = Path(asked["out"]) / planned.slug
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "notebook.ipynb")
    languages = tuple(workspace.languages)
    publish(notebook, record_of(planned, workspace, languages, None, started, now()), folder)


def _planned(workspace: Any, run: list[Any]) -> Any:
    from opsnb.publishing.playbooks.playbook import Playbook
    from opsnb.publishing.runs.plan import plan

    playbook, parameters, cycle = run
    return plan(Playbook.load(playbook, workspace), parameters, workspace, cycle=cycle)


# -- the naive loop's last step, and the cycle's parts ---------------------------------------


def pdf(asked: dict[str, Any]) -> dict[str, Any]:
    """The PDFs of an executed notebook in its language."""
    from opsnb.base.workspace import Workspace
    from opsnb.publishing.reports.collect import collect
    from opsnb.publishing.reports.html import Request, render
    from opsnb.publishing.reports.pdf import make_brief, make_pdf
    from opsnb.publishing.runs.make import now, record_of

    workspace = Workspace.load(Path(asked["workspace"]))
    notebook = nbformat.read(asked["notebook"], as_version=4)
    planned, languages = _planned(workspace, asked["run"]), (asked["language"],)
    run = record_of(planned, workspace, languages, None, now(), now())
    place = Path(asked["notebook"])
    for code, report in collect(notebook, run).items():
        page, parts = render(notebook, Request(run, report, printing=True))
        place.with_suffix(f".{code}.pdf").write_bytes(make_pdf(page, parts, run))
        place.with_suffix(f".{code}.brief.pdf").write_bytes(make_brief(report, run))
    return {}


def parts(asked: dict[str, Any]) -> dict[str, Any]:
    """Seconds by part, summed over the reports of a cycle that is made in this process."""
    from opsnb.base.workspace import Workspace
    from opsnb.publishing.reports import brief, html, write
    from opsnb.publishing.runs import make
    from opsnb.publishing.runs.cycle import expand, run_cycle
    from opsnb.publishing.runs.freshness import last_made

    spent: collections.Counter[str] = collections.Counter()

    def timed(module: Any, name: str, part: str) -> None:
        plain = getattr(module, name)

        def call(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return plain(*given, **named)
            finally:
                if not threading.current_thread().name.startswith("slow-format"):
                    spent[part] += time.perf_counter() - started  # type: ignore[assignment]

        setattr(module, name, call)

    timed(make, "publish_to", "published")
    timed(make, "execute", "kernel")
    for module, name in ((write, "collect"), (html, "render"), (brief, "brief_page")):
        timed(module, name, "pages")
    workspace = Workspace.load(Path(asked["workspace"]))
    entries = expand(workspace, asked["cycle"])
    made = run_cycle(workspace, entries, always=True, jobs=asked["jobs"])
    results = [o.result for o in made.outcomes if o.result is not None]
    remembered = [last_made(workspace.reports, r.planned.cycle, r.planned.slug) for r in results]
    cells = sum(each.seconds for each in remembered if each is not None)
    found = {
        "start": spent["kernel"] - cells,
        "cells": cells,
        "pages": spent["pages"],
        "PDF": spent["published"] - spent["pages"],
        "rest": sum(r.seconds for r in results) - spent["kernel"] - spent["published"],
    }
    longest = max((each.seconds for each in remembered if each is not None), default=0.0)
    return {"parts": found, "longest": longest, "seconds": made.seconds}


# -- kernels -------------------------------------------------------------------------------


def ready(asked: dict[str, Any]) -> dict[str, Any]:
    """Seconds to the first answer with the imports done, and memory a kernel, in turns."""
    from opsnb.publishing.execution.environment import kernel_environment
    from opsnb.publishing.kernels import client

    started = time.perf_counter()
    client.zygote(kernel_environment({})).ready()
    zygote = time.perf_counter() - started
    seconds: dict[str, list[float]] = {"warm": [], "ordinary": []}
    for _ in range(asked["runs"]):
        for kind, found in seconds.items():
            found.append(asyncio.run(_lives(kind, 1))[0])
    memory = {kind: asyncio.run(_lives(kind, 4))[1] for kind in seconds}
    return {"zygote": zygote, "seconds": seconds, "memory": memory}


async def _lives(kind: str, count: int) -> tuple[float, float]:
    """Seconds a kernel needs one after another, and MB (PSS) that each holds while all live."""
    with _folder() as folder, contextlib.ExitStack():
        kernels, taken = [], []
        for number in range(count):
            started = time.perf_counter()
            kernels.append(await _kernel(kind, folder, number))
            await _answer(kernels[-1][1], IMPORTS)
            taken.append(time.perf_counter() - started)
        held = [_pss(manager.provisioner.pid) for manager, _ in kernels]
        for manager, talk in kernels:
            talk.stop_channels()
            await manager.shutdown_kernel(now=True)
        return sum(taken) / count, sum(held) / count


async def _kernel(kind: str, folder: Path, number: int) -> tuple[Any, Any]:
    """A kernel as a cycle starts one, or as jupyter_client does, and a client it has answered."""
    from jupyter_client import AsyncKernelManager

    from opsnb.publishing.execution.environment import kernel_environment
    from opsnb.publishing.execution.kernel import kernel_manager

    if kind == "warm":
        (folder / str(number)).mkdir()
        manager: Any = kernel_manager(folder / str(number))
    else:
        manager = AsyncKernelManager(kernel_name="python3")
        manager.connection_file = str(folder / f"{number}.json")
    await manager.start_kernel(env=kernel_environment({}), cwd=str(folder))
    talk = manager.client()
    talk.start_channels()
    await talk.wait_for_ready(timeout=60)
    return manager, talk


async def _answer(talk: Any, code: str, seconds: float = 60) -> str:
    """`ok`, or the name of the error that the code ended in."""
    asked = talk.execute(code)
    while True:
        message = await talk.get_shell_msg(timeout=seconds)
        if message["parent_header"].get("msg_id") == asked:
            content = message["content"]
            return "ok" if content["status"] == "ok" else str(content.get("ename"))


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ob-") as folder:
        yield Path(folder)


# -- many reports ----------------------------------------------------------------------------


def matrix(asked: dict[str, Any]) -> dict[str, Any]:
    """Seconds and this process's memory in MB after each batch of reports."""
    from opsnb.base.workspace import Workspace
    from opsnb.publishing.runs.cycle import Entry, run_cycle

    own, rows = psutil.Process(), []
    for batch in asked["batches"]:
        started = time.perf_counter()
        workspace = Workspace.load(Path(asked["workspace"]))
        entries = [Entry(name, asked["cycle"]) for name in batch["playbooks"]]
        made = run_cycle(
            workspace, entries, languages=batch["languages"], jobs=asked["jobs"], always=True
        )
        if made.counts != {"ready": len(entries)}:
            raise RuntimeError(str([o.reason for o in made.outcomes if o.reason]))
        seconds = time.perf_counter() - started
        gc.collect()
        rows.append({"seconds": seconds, "memory": own.memory_info().rss / 2**20})
    return {"rows": rows}


# -- stress ----------------------------------------------------------------------------------


def stress(asked: dict[str, Any]) -> dict[str, Any]:
    """What became of `asked["kernels"]` kernels, and what they left behind."""
    from opsnb.publishing.execution.environment import kernel_environment
    from opsnb.publishing.kernels import client

    client.zygote(kernel_environment({})).ready()
    with _folder() as folder:
        asyncio.run(_row(folder, 8, 8))  # whatever is opened once is open now
        before, started = _held(), time.perf_counter()
        ends = asyncio.run(_row(folder, asked["kernels"], 8))
        seconds = time.perf_counter() - started
        write = sum(1 for path in folder.rglob("*") if not path.is_dir())
    for _ in range(200):
        gc.collect()
        if all(now <= was for now, was in zip(_held(), before, strict=True)):
            break
        time.sleep(0.05)
    left = [now - was for now, was in zip(_held(), before, strict=True)]
    names = ("processes", "descriptors", "ports")
    return {"ends": ends, "left": {**dict(zip(names, left, strict=True)), "files": write},
            "seconds": seconds}  # fmt: skip


def _held() -> tuple[int, int, int]:
    """Processes below this one, descriptors of this one, and ports that any of them listens on."""
    own = psutil.Process()
    family = [own, *own.children(recursive=True)]
    ports = 0
    for each in family:
        with contextlib.suppress(psutil.Error):
            ports += sum(1 for c in each.net_connections("tcp") if c.status == "LISTEN")
    return len(family), own.num_fds(), ports


async def _row(folder: Path, count: int, at_once: int) -> dict[str, int]:
    """How kernels ended: as they should (`done`, `interrupted`, `killed`), or otherwise."""
    turn = asyncio.Semaphore(at_once)
    serial = iter(range(10**9))

    async def one(number: int) -> str:
        async with turn:
            place = folder / f"{next(serial)}-{time.monotonic_ns()}"
            place.mkdir()
            return await asyncio.wait_for(_fate(place, number), timeout=120)

    ends = await asyncio.gather(*(one(n) for n in range(count)), return_exceptions=True)
    return dict(collections.Counter(end if isinstance(end, str) else repr(end) for end in ends))


async def _fate(folder: Path, number: int) -> str:
    """One kernel: every second one works to its end, the others are interrupted or killed."""
    manager, talk = await _kernel("warm", folder, 0)
    try:
        if number % 4 == 1:
            asyncio.get_running_loop().call_later(0.1, manager.process.signal_group, signal.SIGINT)
            end = await _answer(talk, "import time; time.sleep(60)")
            return "interrupted" if end == "KeyboardInterrupt" else end
        if number % 4 == 3:
            talk.execute("import subprocess; subprocess.run(['sleep', '60'])")
            await asyncio.sleep(0.1)
            manager.kill()
            while manager.process.poll() is None:
                await asyncio.sleep(0.005)
            return "killed" if manager.process.poll() == -signal.SIGKILL else "ended by itself"
        work = "import duckdb; duckdb.sql('select sum(range) from range(1000000)').fetchone()"
        end = await _answer(talk, work)
        return "done" if end == "ok" else end
    finally:
        talk.stop_channels()
        await manager.shutdown_kernel(now=number % 2 == 1)


def main() -> None:
    what, asked = sys.argv[1], json.loads(sys.argv[2])
    work = {each.__name__: each for each in (floor, pdf, parts, ready, matrix, stress)}
    print(json.dumps(work[what](asked)))


if __name__ == "__main__":
    main()
