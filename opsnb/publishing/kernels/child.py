"""What a fork of the zygote does: it becomes an ordinary ipykernel."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import locale
import os
import resource
import signal
import sys
import threading
import time
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
"""Loaded before the fork, with the zygote's imports."""

INLINE = "module://matplotlib_inline.backend_inline"


def run_kernel(descriptor: int) -> int:
    """Reads what to start from the socket, and runs it to its end.

    Returns
    -------
    int
        Exit status.
    """
    zygote = os.getppid()
    os.setsid()
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote:  # it died before the system was asked
        return 1
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
    os.write(descriptor, b"%d\n" % os.getpid())
    request = json.loads(read_message(descriptor))
    os.close(descriptor)
    _take_over(request)
    return _run(request["argv"])


def read_message(descriptor: int) -> bytes:
    """What follows a length of 4 bytes.

    Raises
    ------
    EOFError
        The client is gone.
    """
    return _exactly(descriptor, int.from_bytes(_exactly(descriptor, 4), "big"))


def _exactly(descriptor: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = os.read(descriptor, count - len(data))
        if not piece:
            raise EOFError("the client is gone")
        data += piece
    return bytes(data)


def _take_over(request: dict[str, Any]) -> None:
    """Environment, folder, limits and chance, as a process of its own would have them."""
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    for which, limits in request["limits"].items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(int(which), tuple(limits))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if request["cwd"]:
        os.chdir(request["cwd"])
    if "numpy" in sys.modules:  # `random` looks after itself
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        backend = os.environ.setdefault("MPLBACKEND", INLINE)
        sys.modules["matplotlib"].rcParams["backend"] = backend


def _run(arguments: list[str]) -> int:
    """The kernel, then what an interpreter does when it ends."""
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *arguments]
    status = 0
    try:
        # 1: no thread that polls for the parent, the system looks after that
        IPKernelApp.launch_instance(arguments, parent_handle=1)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    threading._shutdown()  # type: ignore[attr-defined]  # what Python calls at its own end
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        with contextlib.suppress(Exception):
            stream.flush()
    return status
