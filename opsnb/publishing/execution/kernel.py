"""A kernel of this very interpreter, forked where that can be done."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import Type, default

from opsnb.publishing.kernels.client import ForkedKernel

_ASK_AGAIN = 0.5
"""Seconds without an answer after which a kernel is asked again."""

_SILENCE = 0.05
"""Seconds of silence on the output channel: its subscription came too late for an answer."""

_CONNECT_AGAIN = 5
"""Milliseconds after which a socket tries again: a kernel binds its own only once it is up."""

_LONGEST_SOCKET = 90  # Unix socket paths end at 104 characters on macOS, 108 on Linux


class _ThisInterpreter(KernelSpecManager):
    """Knows one kernel: ipykernel under `sys.executable`, whatever is installed for the user."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (opsnb)",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": _provisioner()}},
        )


@functools.cache
def _provisioner() -> str:
    """opsnb's own where it is installed: a checkout that never was has no entry points."""
    found = entry_points(group=KernelProvisionerFactory.GROUP_NAME, name="opsnb-warm")
    return "opsnb-warm" if found else "local-provisioner"


class KernelClient(AsyncKernelClient):
    """Is ready when the kernel is: it waits for no silence on the output channel."""

    @default("context")
    def _quick_context(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        context.setsockopt(zmq.RECONNECT_IVL, _CONNECT_AGAIN)
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        deadline = time.monotonic() + (timeout or float("inf"))
        asked: set[str] = set()
        answered = connected = False
        while not (answered and connected):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if not asked or not connected:
                asked.add(self.kernel_info())
            with contextlib.suppress(Empty):
                while not answered:
                    message = await self.get_shell_msg(timeout=_ASK_AGAIN)
                    answered = message["parent_header"].get("msg_id") in asked
                while not connected:
                    message = await self.get_iopub_msg(timeout=_SILENCE)
                    connected = message["parent_header"].get("msg_id") in asked and (
                        message["content"].get("execution_state") == "idle"
                    )


class KernelManager(AsyncKernelManager):
    """Knows its kernel's process group, for what the kernel leaves behind."""

    client_factory = Type(KernelClient, klass="jupyter_client.KernelClient")
    group: int | None = None

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        await super()._async_launch_kernel(kernel_cmd, **kw)
        if not isinstance(self.process, ForkedKernel):  # its zygote clears up after it
            self.group = getattr(self.provisioner, "pgid", None)

    @property
    def process(self) -> Any:
        """The kernel's process while there is one."""
        return getattr(self.provisioner, "process", None)

    def kill(self) -> None:
        """Kills the kernel and what it started, at once: interrupts do not stop every query."""
        process = self.process
        if isinstance(process, ForkedKernel):
            process.signal_group(signal.SIGKILL)
            return
        if self.group is not None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signal.SIGKILL)
        if process is not None and process.poll() is None:
            process.kill()


def kernel_manager(folder: Path) -> KernelManager:
    """A manager that will start a kernel of this interpreter.

    Its connection file and sockets are in `folder`: no port to collide with another run.
    """
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=_ThisInterpreter())
    manager.connection_file = str(folder / "kernel.json")
    if hasattr(os, "fork") and len(str(folder)) < _LONGEST_SOCKET - len("kernel.json-ipc-5"):
        manager.transport = "ipc"
        manager.ip = str(folder / "kernel-ipc")
    return manager
