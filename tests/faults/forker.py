"""Starts command lines by forking a process that has imported them: quick, and still processes.

`python -m tests.faults.forker` reads one JSON object a line: `{"fault", "arguments", "env",
"cwd", "out", "err"}` starts one and is answered by its process id, `{"wait": pid, "seconds"}`
by its exit status (negative: the signal), or null where it has not ended by then.
"""

from __future__ import annotations

import atexit
import datetime as dt
import gc
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from tests.faults import victim

IMPORTED = (
    "opsnb.cli.commands", "opsnb.publishing.runs.cycle",
    "opsnb.publishing.execution.papermill_engine", "opsnb.publishing.reports.write",
    "opsnb.publishing.reports.pdf", "opsnb.publishing.site", "opsnb.publishing.runs.freshness",
    "opsnb.cli.progress",
)  # fmt: skip


def start(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        become(asked)
    return pid


def become(asked: dict[str, Any]) -> NoReturn:
    status = 1
    try:
        for descriptor, name in ((1, asked["out"]), (2, asked["err"])):
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(file, descriptor)
            os.close(file)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        victim.main(asked["fault"], asked["arguments"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return None


def warm_up() -> None:
    """Imports what commands import, and has templates and fonts read, by publishing something."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    for name in IMPORTED:
        importlib.import_module(name)
    import nbformat

    from opsnb.publishing.reports import Run, publish
    from opsnb.publishing.site import write_index

    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = Run(
            "demo", "Report", None, None, "2026-10", "demo", ("en",), "CNY", "Shop", folder, {},
            {"opsnb": "0", "python": "3", "packages": {}, "git": None, "playbook": None}, now, now,
        )  # fmt: skip
        cell = nbformat.v4.new_markdown_cell("# Report", id="title")
        publish(nbformat.v4.new_notebook(cells=[cell]), run, folder)
        write_index(folder, ["en"], "Shop")


def main() -> None:
    warm_up()
    gc.freeze()  # a collection in a fork would copy every page
    for line in sys.stdin:
        asked = json.loads(line)
        answer = wait(asked["wait"], asked["seconds"]) if "wait" in asked else start(asked)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
