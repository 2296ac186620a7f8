"""The process that forks kernels: `python -m opsnb.publishing.kernels.zygote FD`.

FD is one end of a socket pair whose other end its client holds. On it the zygote says
`{"ready": seconds}` or `{"refused": reason}`, and then gets

    i       and a length of 4 bytes and JSON: modules to import before the next fork
    k       and one end of a socket: a kernel to fork

On a kernel's socket

    the client sends      what to start: a length of 4 bytes, then JSON
    the child answers     its process id and a line feed, once it has a session of its own
    the zygote adds       its exit status and a line feed, once it has ended

A client that closes a kernel's socket, or dies, has the kernel's session killed; a zygote that
dies takes its kernels along (they asked the system for it). The process id of a kernel is not
given away before the client has closed its socket: a signal never hits a stranger.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn

from opsnb.publishing.kernels.child import read_message, run_kernel
from opsnb.publishing.kernels.preload import MODULES, Unsafe, preload

_LOOK_EVERY = 1000
"""Milliseconds after which the zygote looks whether its parent is still the same."""


class Zygote:
    """Forks a kernel for each socket that arrives, and tells of their ends."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.parent = os.getppid()
        self.kernels: dict[int, int] = {}
        """Process id by the descriptor of its socket."""
        self.ended: set[int] = set()
        """Descriptors whose client has been told."""
        self.poll = select.poll()
        self.pipe = os.pipe()

    def serve(self) -> None:
        """Until the client is gone."""
        woken, wake = self.pipe
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.poll.register(self.control, select.POLLIN)
        self.poll.register(woken, select.POLLIN)
        while os.getppid() == self.parent:
            for descriptor, _ in self.poll.poll(_LOOK_EVERY):
                if descriptor == woken:
                    with contextlib.suppress(BlockingIOError):
                        while os.read(woken, 512):
                            pass
                    self.tell()
                elif descriptor != self.control.fileno():
                    self.release(descriptor)
                elif not self.accept():
                    return self.end()
        return self.end()

    def accept(self) -> bool:
        """Forks a kernel for the socket that has come; False where the client is gone."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self.control, 1, 1)
        except ConnectionError:
            return False
        if not message:
            return False
        if message == b"i":
            return self.learn()
        for descriptor in descriptors:
            try:
                pid = os.fork()
            except OSError:  # no memory, too many processes: the client sees the closed socket
                os.close(descriptor)
                continue
            if pid == 0:
                become_kernel(descriptor)
            self.kernels[descriptor] = pid
            self.poll.register(descriptor, select.POLLRDHUP)
        return True

    def learn(self) -> bool:
        """Imports more; False where the client is gone, or forking would not be safe any more."""
        try:
            names = json.loads(read_message(self.control.fileno()))
            own = (self.control.fileno(), *self.pipe, *self.kernels)
            preload(*own, modules=names)
        except ImportError:
            return True  # the cell that imports it will say what is wrong
        except (EOFError, ConnectionError, Unsafe):
            return False
        return True

    def tell(self) -> None:
        """Tells clients which kernels have ended. They stay unreaped: see above."""
        for descriptor, pid in self.kernels.items():
            if descriptor in self.ended:
                continue
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if end is not None:
                self.ended.add(descriptor)
                killed = end.si_code != os.CLD_EXITED
                status = -end.si_status if killed else end.si_status
                with contextlib.suppress(OSError):
                    os.write(descriptor, b"%d\n" % status)

    def release(self, descriptor: int) -> None:
        """Kills what is left of a kernel whose client has closed its socket."""
        self.poll.unregister(descriptor)
        pid = self.kernels.pop(descriptor)
        self.ended.discard(descriptor)
        for kill in (os.killpg, os.kill):  # a fork that is too young has no session yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(descriptor)

    def end(self) -> None:
        for descriptor in list(self.kernels):
            self.release(descriptor)


def become_kernel(descriptor: int) -> NoReturn:
    """Turns a fork into a kernel; it never comes back into the zygote's loop."""
    status = 1
    try:
        status = run_kernel(descriptor)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    started = time.monotonic()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder it was started in
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        preload(control.fileno(), modules=MODULES)
    except (Unsafe, ImportError) as error:
        answer: dict[str, object] = {"refused": str(error)}
    else:
        answer = {"ready": round(time.monotonic() - started, 3)}
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(answer).encode() + b"\n")
        if "ready" in answer:
            Zygote(control).serve()
            os._exit(0)  # there is nothing to put away, and all that was imported to take apart


if __name__ == "__main__":
    main()
