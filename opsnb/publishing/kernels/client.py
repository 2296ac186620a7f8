"""Starts zygotes and asks them for kernels. Safe to use from several threads."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import opsnb
from opsnb.publishing.kernels.preload import ON_DEMAND, environment

SWITCH = "OPSNB_WARM_KERNELS"
"""Environment variable; `0` has ordinary kernels everywhere."""

_PATIENCE = 120.0
"""Seconds that a zygote may take to import everything."""


class NoWarmKernel(RuntimeError):
    """There is no warm kernel here, and why; an ordinary one does instead."""


class ForkedKernel:
    """A forked kernel, with the part of `subprocess.Popen` that Jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._heard = b""
        self.returncode: int | None = None
        while b"\n" not in self._heard:
            if not self._listen(max(0.0, deadline - time.monotonic())):
                raise NoWarmKernel("the zygote did not fork")
        line, _, self._heard = self._heard.partition(b"\n")
        self.pid = int(line)

    def _listen(self, seconds: float) -> bool:
        """Adds what has come to what was heard; False where nothing came or will come."""
        if not select.select([self._connection], [], [], seconds)[0]:
            return False
        with contextlib.suppress(ConnectionError):
            piece = self._connection.recv(64)
            self._heard += piece
            return bool(piece)
        return False

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
                # silence means that the zygote is gone, and its kernels with it
                heard = self._listen(0)
                if not heard or b"\n" in self._heard:
                    line = self._heard.partition(b"\n")[0]
                    self.returncode = int(line) if heard else -signal.SIGKILL
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
            select.select([self._connection], [], [], 0.05)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        with self._lock:
            if self._connection.fileno() >= 0:  # else its number may be another's by now
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        """To the kernel and everything it started."""
        with self._lock:
            if self._connection.fileno() >= 0:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Lets go of it: whatever is left of its session is killed."""
        with self._lock:
            self._connection.close()
            if self.returncode is None:
                self.returncode = -signal.SIGKILL


class Zygote:
    """A zygote of this process; started at once, ready a second or so later."""

    def __init__(self, base: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._answer: dict[str, Any] | None = None
        self._wanted: set[str] | None = None
        command = [sys.executable, "-m", "opsnb.publishing.kernels.zygote", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                env=environment(base),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._owner == os.getpid() and self._process.poll() is None

    def ready(self) -> float:
        """Seconds that its imports took, once they are done.

        Raises
        ------
        NoWarmKernel
            It refused, or died.
        """
        with self._lock:
            if self._answer is None:
                self._answer = self._hear()
        if "ready" not in self._answer:
            raise NoWarmKernel(self._answer["refused"])
        seconds: float = self._answer["ready"]
        return seconds

    def _hear(self) -> dict[str, Any]:
        said, deadline = b"", time.monotonic() + _PATIENCE
        while not said.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self._control], [], [], left)[0]:
                return {"refused": f"the imports took longer than {_PATIENCE:.0f} s"}
            piece = self._control.recv(4096)
            if not piece:
                return {"refused": "the process that forks kernels died while it was starting"}
            said += piece
        answer: dict[str, Any] = json.loads(said)
        return answer

    def want(self, modules: Iterable[str]) -> None:
        """Has it import these of `ON_DEMAND` before it forks the next kernel.

        One that is told nothing imports all of them before its first.
        """
        with self._lock, contextlib.suppress(OSError):  # gone: whoever forks hears of it
            new = sorted(set(modules) - (self._wanted or set()))
            self._wanted = {*(self._wanted or ()), *new}
            if new:
                data = json.dumps(new).encode()
                self._control.sendall(b"i" + len(data).to_bytes(4, "big") + data)

    def fork(self, arguments: list[str], env: Mapping[str, str], cwd: str | None) -> ForkedKernel:
        """A kernel of its own session.

        Parameters
        ----------
        arguments : list of str
            Those of `ipykernel_launcher`.

        Raises
        ------
        NoWarmKernel
            The zygote is gone, or cannot fork.
        """
        self.ready()
        if self._wanted is None:
            self.want(ON_DEMAND)
        request = {"argv": arguments, "env": dict(env), "cwd": cwd, "limits": _limits()}
        data = json.dumps(request).encode()
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [b"k"], [theirs.fileno()])
            ours.sendall(len(data).to_bytes(4, "big") + data)
            return ForkedKernel(ours, time.monotonic() + 60)
        except (OSError, NoWarmKernel) as error:
            ours.close()
            raise NoWarmKernel(f"the zygote is gone ({error})") from error

    def close(self) -> None:
        """Ends it and every kernel it has forked."""
        if self._owner == os.getpid():
            self._control.close()
            # amid its imports it would not look up, and has no kernel yet
            if self._answer is None or not _ends(self._process, 10):
                self._process.kill()
            self._process.wait()


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a process of ours ends in time; `subprocess` would look only now and then."""
    try:
        watched = os.pidfd_open(process.pid)
    except OSError:  # a system older than Linux 5.3
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.poll() is not None
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


def why_not() -> str | None:
    """Why kernels cannot be forked here; None where nothing speaks against it."""
    if sys.platform != "linux":
        return "kernels are forked on Linux only"
    if os.environ.get(SWITCH) == "0":
        return f"{SWITCH}=0"
    if getattr(sys, "frozen", False) or not sys.executable:
        return "there is no interpreter to start"
    return None


def zygote(env: Mapping[str, str] | None = None) -> Zygote:
    """The zygote that suits kernels of an environment; started where there is none yet.

    A zygote is replaced, but not ended, when the installed packages or opsnb's own files have
    changed since it started: its kernels would run old code.

    Raises
    ------
    NoWarmKernel
        None can be had here.
    """
    reason = why_not()
    if reason:
        raise NoWarmKernel(reason)
    env = os.environ if env is None else env
    key = (os.getpid(), sys.executable, installed(), *sorted(_interpreter_settings(env).items()))
    with _turn:
        found = _zygotes.get(key)
        if found is None or not found.alive:
            found = _zygotes[key] = Zygote(env)
        return found


def warm_up(env: Mapping[str, str], wanted: Iterable[str] | None = None) -> None:
    """Has a zygote start beside what the caller does next; where there is none, nothing.

    Parameters
    ----------
    wanted : iterable of str, optional
        Those of `ON_DEMAND` that notebooks will import, where that is known.
    """
    with contextlib.suppress(NoWarmKernel, OSError):
        found = zygote(env)
        if wanted is not None:
            found.want(wanted)


_zygotes: dict[tuple[Any, ...], Zygote] = {}
_turn = threading.Lock()


def close_all() -> None:
    """Ends the zygotes of this process, and their kernels."""
    with _turn:
        for each in _zygotes.values():
            each.close()
        _zygotes.clear()


atexit.register(close_all)


def _interpreter_settings(env: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter reads when it starts: a fork cannot change it any more."""
    names = ("LD_LIBRARY_PATH", "LD_PRELOAD")
    return {k: v for k, v in env.items() if k.startswith("PYTHON") or k in names}


def installed() -> tuple[int, int]:
    """Newest change of opsnb's files and of the folders that packages are installed in, in ns."""
    own = Path(opsnb.__file__).parent
    files = max(path.stat().st_mtime_ns for path in own.rglob("*.py"))
    folders = [Path(place) for place in sys.path if place.endswith("-packages")]
    return files, max((f.stat().st_mtime_ns for f in folders if f.is_dir()), default=0)


def _limits() -> dict[str, tuple[int, int]]:
    """This process's resource limits, as a child of its own would inherit them."""
    import resource

    which = [value for name, value in vars(resource).items() if name.startswith("RLIMIT_")]
    return {str(each): resource.getrlimit(each) for each in which}
