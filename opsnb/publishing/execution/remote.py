"""Executes notebooks on the workers of a Dask cluster; the caller publishes what comes back.

The workers need opsnb, and the workspace's folder under the same path (a shared disk), since
playbooks read data and plans there. A worker that dies costs nothing: Dask hands its run to
another, and only a finished run comes back.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsnb.base.errors import WorkspaceError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from opsnb.publishing.execution.kernel_group import Kernels
    from opsnb.publishing.execution.limits import Limits
    from opsnb.publishing.execution.papermill_engine import Execute, Execution, Log, OnCell

SCHEME = "dask://"
_LOOK_EVERY = 0.1


@contextlib.contextmanager
def place(url: str) -> Iterator[Execute | None]:
    """Where notebooks are executed: None is here, `dask://HOST:PORT` a cluster.

    Raises
    ------
    WorkspaceError
        Unknown scheme, missing package, or no scheduler answers.
    """
    if not url:
        yield None
        return
    if not url.startswith(SCHEME):
        raise WorkspaceError(
            f'cannot run on "{url}"', where="--on", hint="give dask://HOST:PORT of a scheduler"
        )
    try:
        from distributed import Client
    except ImportError:
        raise WorkspaceError(
            "runs on a Dask cluster need the package distributed",
            where="--on",
            hint='pip install "opsnb[dask]"',
        ) from None
    address = f"tcp://{url.removeprefix(SCHEME)}"
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise WorkspaceError(
            f"no Dask scheduler answers at {address} ({type(error).__name__})",
            where="--on",
            hint="start one (dask scheduler), and workers (dask worker HOST:PORT)",
        ) from error
    with client:
        yield Cluster(client)


class Cluster:
    """Executes notebooks on the workers of a cluster, as `engine.execute` does here."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(
        self,
        notebook: NotebookNode,
        parameters: Mapping[str, Any],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Log,
        limits: Limits,
        kernels: Kernels,
        on_cell: OnCell | None = None,
    ) -> Execution:
        from nbformat import from_dict

        from opsnb.publishing.execution.papermill_engine import Execution, Failure

        if kernels.stopped:
            raise KeyboardInterrupt
        future = self._client.submit(
            execute_there,
            dict(notebook),
            dict(parameters),
            dict(environment),
            str(folder),
            limits,
            pure=False,
        )
        try:
            while not future.done():
                if kernels.stopped:
                    future.cancel(force=True)
                    raise KeyboardInterrupt
                time.sleep(_LOOK_EVERY)
            if future.status == "error":
                error = future.exception()
                return Execution(notebook, Failure(None, type(error).__name__, str(error)))
            done = future.result()
        finally:
            future.release()
        log.write(done["log"])
        failure = Failure(*done["failure"]) if done["failure"] else None
        return Execution(from_dict(done["notebook"]), failure, done["counts"], done["peak"])


def execute_there(
    notebook: dict[str, Any],
    parameters: dict[str, Any],
    environment: dict[str, str],
    folder: str,
    limits: Limits,
) -> dict[str, Any]:
    """On a worker: executes, and gives back plain data."""
    from nbformat import from_dict

    from opsnb.publishing.execution.kernel_group import Kernels
    from opsnb.publishing.execution.papermill_engine import execute

    if not Path(folder).is_dir():
        raise WorkspaceError(
            f"the worker has no folder {folder}",
            where="--on",
            hint="mount the workspace under the same path on every worker",
        )
    log = io.StringIO()
    done = execute(
        from_dict(notebook),
        parameters,
        environment=environment,
        folder=Path(folder),
        log=log,
        limits=limits,
        kernels=Kernels(),
    )
    failure = done.failure
    return {
        "notebook": dict(done.notebook),
        "failure": (failure.cell_id, failure.name, failure.message) if failure else None,
        "counts": done.counts,
        "peak": done.peak,
        "log": log.getvalue(),
    }
