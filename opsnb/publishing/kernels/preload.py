"""What a zygote imports, and the guard that makes sure that forking it is safe.

A fork copies only the thread that calls it. Locks that another thread holds stay locked for
ever, and descriptors are shared with every child: a zygote has one thread and no descriptor of
its own but its control socket.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace

MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3.dbapi2",
    "tornado.platform.asyncio",
    "tornado.queues",
    "encodings.idna",
    "pandas",
    "pyarrow.parquet",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_agg",
    "scipy.optimize",
    "scipy.sparse",
    "babel.dates",
    "babel.numbers",
    "holidays",
    "duckdb",
    "ibis.backends.duckdb",
    "opsnb.analysis.session",
    "opsnb.analysis.reviews.period.month",
    "opsnb.analysis.reviews.period.week",
    "opsnb.analysis.reviews.design",
    "opsnb.analysis.reviews.campaign",
    "opsnb.analysis.reviews.experiment",
)
"""Imported in this order; those that are not installed are left to the kernels."""

ON_DEMAND = ("seaborn", "scipy.stats")
"""Imported too, but where it is known that no notebook wants them: they take as long as half
of the rest."""

BEFORE_IMPORT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Environment under which libraries start no threads; ordinary kernels get the same, so that
sums are added up in the same order in both."""

ONLY_IN_A_KERNEL = ("matplotlib_inline.backend_inline",)
"""Modules that tie themselves to the running kernel when they are imported."""


class Unsafe(RuntimeError):
    """Something is in the process that a fork must not copy."""


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a zygote; a kernel's own is set after the fork."""
    kept = {name: value for name, value in base.items() if name != "MPLBACKEND"}
    # else the debugger, which is imported with the rest, remarks on it to the terminal
    return {"PYDEVD_DISABLE_FILE_VALIDATION": "1", **kept, **BEFORE_IMPORT}


def wanted_by(sources: Iterable[str]) -> tuple[str, ...]:
    """Those of `ON_DEMAND` that some code imports."""
    text = "\n".join(sources)

    def imported(module: str) -> bool:
        name = module.partition(".")[0]
        line = rf"^[ \t]*(?:import|from)[ \t][^\n]*\b{name}\b"
        return re.search(line, text, re.MULTILINE) is not None

    return tuple(filter(imported, ON_DEMAND))


def preload(*known: int, modules: Iterable[str] = (*MODULES, *ON_DEMAND)) -> None:
    """Imports modules and makes the process ready to be forked.

    Parameters
    ----------
    known : int
        Descriptors that are meant to be open.

    Raises
    ------
    Unsafe
        A thread or a descriptor was left behind.
    ImportError
        A module that is installed cannot be imported.
    """
    gc.disable()  # it would look through what stays for ever, a fifth of the time
    try:
        _import(modules)
        for name in ONLY_IN_A_KERNEL:
            sys.modules.pop(name, None)
        if "duckdb" in sys.modules:
            sys.modules["duckdb"].default_connection().close()  # it has a thread
        require_forkable(*known)
        # a collection in a kernel would copy every page; one here takes long and finds little
        gc.freeze()
    finally:
        gc.enable()


def _import(modules: Iterable[str]) -> None:
    # pandas asks at import whether it runs in a kernel, and chooses its options by the answer
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]  # IPython's
    try:
        for name in modules:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                if error.name != name.partition(".")[0]:
                    raise
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]  # the same


def require_forkable(*expected: int) -> None:
    """Raises Unsafe where the process has a second thread or an unexpected descriptor."""
    threads = list(Path("/proc/self/task").iterdir())
    if len(threads) != 1:
        raise Unsafe(f"{len(threads)} threads are running after the imports")
    known = {0, 1, 2, *expected}
    strange = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:  # the listing's own
            continue
        if int(descriptor.name) not in known:
            strange.append(target)
    if strange:
        raise Unsafe(f"open after the imports: {', '.join(sorted(strange))}")
