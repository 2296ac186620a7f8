"""The kernel provisioner `opsnb-warm`, which papermill, JupyterLab and nbclient can use.

A kernelspec asks for it in `metadata.kernel_provisioner`. Where a kernel cannot be forked it
starts an ordinary one.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from opsnb.publishing.kernels import client
from opsnb.publishing.kernels.preload import BEFORE_IMPORT

_LAUNCHERS = (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])
_LEAVE = 5.0
"""Seconds for a killed kernel to be gone."""


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a zygote; for the rest an ordinary local kernel's provisioner."""

    process: Any = None
    reason: str | None = None
    """Why the kernel is an ordinary one; None where it was forked."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        env = {**BEFORE_IMPORT, **(kwargs.get("env") or {})}
        try:
            # the first kernel waits for the imports: not in the event loop
            fork = asyncio.get_running_loop().run_in_executor
            process = await fork(None, self._fork, cmd, env, kwargs.get("cwd"))
        except client.NoWarmKernel as error:
            self.reason = str(error)
            return await super().launch_kernel(cmd, **{**kwargs, "env": env})
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    def _fork(self, cmd: list[str], env: dict[str, str], cwd: Any) -> client.ForkedKernel:
        if cmd[1:3] not in _LAUNCHERS or not _is_this_interpreter(cmd[0]):
            raise client.NoWarmKernel("its command is not that of an ipykernel of this interpreter")
        return client.zygote(env).fork(cmd[3:], env, str(cwd) if cwd else None)

    async def send_signal(self, signum: int) -> None:
        if isinstance(self.process, client.ForkedKernel):
            self.process.signal_group(signum)
        else:
            await super().send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        await super().kill(restart)
        if isinstance(self.process, client.ForkedKernel):
            await self._gone(_LEAVE)

    async def shutdown_requested(self, restart: bool = False) -> None:
        if isinstance(self.process, client.ForkedKernel):
            await self._gone(self.get_shutdown_wait_time() / 2)

    async def _gone(self, seconds: float) -> None:
        """Waits for the kernel's end; the manager would look only every tenth of a second."""
        for _ in range(int(seconds / 0.002)):
            if self.process is None or self.process.poll() is not None:
                return
            await asyncio.sleep(0.002)

    async def wait(self) -> int | None:
        process = self.process
        status = await super().wait()
        if isinstance(process, client.ForkedKernel):
            process.close()
        return status

    async def cleanup(self, restart: bool = False) -> None:
        if isinstance(self.process, client.ForkedKernel):
            self.process.signal_group(signal.SIGKILL)
            self.process.close()
            self.process = None
        await super().cleanup(restart)


def _is_this_interpreter(command: str) -> bool:
    import sys

    return Path(command).resolve() == Path(sys.executable).resolve() and (
        Path(command).parent.resolve() == Path(sys.executable).parent.resolve()
    )
