"""Starts and stops the server: its sockets, its worker, its limits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.log import app_log
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from opsnb.base.errors import ParameterError
from opsnb.base.workspace import Workspace
from opsnb.publishing.runs.index import index_reports
from opsnb.publishing.serve.guard import Guard, is_loopback
from opsnb.publishing.serve.handlers import Nothing, routes
from opsnb.publishing.serve.pages import Pages

PORT = 8642
LARGEST_BODY = 1024 * 1024
"""Bytes that are read at all; forms are refused long before, with words."""

_RENEW_AFTER = 0.5


class Server:
    """A workspace's catalogue on a port of this machine.

    Parameters
    ----------
    root : Path
        The workspace's folder.
    host, port
        What to listen on; port 0 takes a free one.
    allow_remote : bool
        Whether an address that other machines can reach may be listened on.

    Raises
    ------
    ParameterError
        The address is not this machine's own and `allow_remote` is not given, or it cannot be
        listened on.
    """

    def __init__(
        self, root: Path, host: str = "127.0.0.1", port: int = PORT, *, allow_remote: bool = False
    ) -> None:
        if not is_loopback(host) and not allow_remote:
            raise ParameterError(
                f"other machines can reach {host}",
                where="--host",
                hint="leave it out, or add --allow-remote where everyone who can reach this "
                "machine may know that it serves reports",
            )
        self.root = root
        workspace = Workspace.load(root)
        self.sockets = _sockets(host, port)
        self.guard = Guard(host, self.sockets[0].getsockname()[1])
        self.last_pages = Pages(workspace, self.guard)
        self.worker: Executor = ThreadPoolExecutor(1, "pages")
        self._to_renew = False
        self.http = HTTPServer(
            Application(
                routes(self),
                default_handler_class=Nothing,
                default_handler_args={"server": self},
                log_function=_log,
            ),
            max_body_size=LARGEST_BODY,
            max_header_size=16 * 1024,
            idle_connection_timeout=30,
            body_timeout=15,
        )

    @property
    def address(self) -> str:
        """What to open: it carries the token."""
        host = self.guard.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.guard.port}/?token={self.guard.token}"

    def pages(self) -> Pages:
        """The workspace as its files are now."""
        self.last_pages = Pages(Workspace.load(self.root), self.guard)
        return self.last_pages

    def renew_soon(self) -> None:
        """Writes the static catalogue anew, once for several changes in a row."""
        if not self._to_renew:
            self._to_renew = True
            asyncio.get_running_loop().call_later(_RENEW_AFTER, self._renew_beside)

    def _renew_beside(self) -> None:
        if self._to_renew:
            self.worker.submit(self._renew)

    def _renew(self) -> None:
        self._to_renew = False
        workspace = Workspace.load(self.root)
        for warning in index_reports(workspace, workspace.languages)[1]:
            app_log.warning(warning)

    async def run(self, started: Callable[[], None] | None = None) -> None:
        """Serves until it is cancelled."""
        self.http.add_sockets(self.sockets)
        try:
            if started is not None:
                started()
            await asyncio.Event().wait()
        finally:
            self.http.stop()
            await self.http.close_all_connections()
            if self._to_renew:
                self._renew()
            self.worker.shutdown(wait=True)


def serve(server: Server, started: Callable[[], None] | None = None) -> None:
    """Serves until Ctrl-C or SIGTERM; `started` is called once requests are answered."""
    try:
        asyncio.run(server.run(started))
    except KeyboardInterrupt:
        return


def _sockets(host: str, port: int) -> list[socket.socket]:
    try:
        return bind_sockets(port, host)
    except OSError as error:
        raise ParameterError(
            f"cannot listen on {host}, port {port} ({error.strerror or error})",
            where="--port" if is_loopback(host) else "--host",
            hint="another server may be running: choose another port, or --port 0 for a free one",
        ) from error


def _log(handler: RequestHandler) -> None:
    """One line for a request that broke the server; no query, which may hold the token."""
    if handler.get_status() >= 500:
        app_log.error("%s %s broke", handler.request.method, handler.request.path)
