"""What every answer shares: the guard that is asked first, the page it is sent as, the errors.

A request is held against the guard before anything else: the Host header, and the session or
the token that opens one.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from tornado.web import HTTPError, RequestHandler

from opsnb.base.errors import OpsnbError
from opsnb.publishing.reports.run_record import strip_root
from opsnb.publishing.serve.guard import Guard
from opsnb.publishing.serve.pages import Pages

_HTML = "text/html; charset=utf-8"

_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"\r\n]*)"')
_STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'"

Made = TypeVar("Made")


class Refused(HTTPError):
    """A request that is turned away; `key` is the text of `[serve]` that says why."""

    def __init__(self, status: int, key: str, **values: Any) -> None:
        super().__init__(status)
        self.key, self.values = key, values


class Site(Protocol):
    """What handlers need of the server that they answer for."""

    root: Path
    guard: Guard
    worker: Executor
    last_pages: Pages

    def pages(self) -> Pages: ...

    def renew_soon(self) -> None: ...


class Guarded(RequestHandler):
    """A handler behind the guard; its work runs in the server's one worker."""

    def initialize(self, server: Site) -> None:
        self.server = server

    @property
    def pages(self) -> Pages:
        return self.server.pages()

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in {
            "Content-Security-Policy": f"{_STRICT}; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            # Not no-referrer: a browser would then send forms with the Origin "null".
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cache-Control": "no-store",
        }.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        guard = self.server.guard
        if not guard.knows_host(self.request.headers.get("Host", "")):
            raise Refused(403, "serve.bad_host")
        if guard.is_session(self.get_cookie(guard.cookie)):
            return
        token = self.get_query_argument("token", "")
        if self.request.method != "GET" or not guard.is_token(token):
            raise Refused(403, "serve.no_session")
        self.set_cookie(guard.cookie, guard.session, httponly=True, samesite="Strict")
        self.redirect(urlsplit(self.request.uri or "/").path, status=303)

    async def work(self, call: Callable[[], Made]) -> Made:
        """What touches the workspace's files, one at a time, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.server.worker, call)

    def send_page(self, page: str, status: int = 200) -> None:
        """An HTML page, under its own policy and in nobody's frame."""
        found = _POLICY.search(page[:4096])
        policy = html.unescape(found[1]) if found else _STRICT
        self.set_header("Content-Security-Policy", f"{policy}; frame-ancestors 'none'")
        self.set_header("Content-Type", _HTML)
        self.set_status(status)
        self.finish(page)

    def log_exception(self, *exc_info: Any) -> None:
        """Mistakes that the reader is told of are no news for the command line."""
        if not isinstance(exc_info[1], OpsnbError | HTTPError):
            super().log_exception(*exc_info)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page in the workspace's language that says what to do."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        pages = self.server.last_pages
        if isinstance(error, OpsnbError):
            text = strip_root(str(error), self.server.root)
            self.send_page(pages.message(pages.language(None), text), 422)
            return
        keys = {400: "serve.bad_form", 404: "serve.no_page", 405: "serve.no_page"}
        key = keys.get(status_code, "serve.broken")
        values: dict[str, Any] = {}
        if isinstance(error, Refused):
            key, values = error.key, error.values
        language = pages.language(None)
        self.send_page(pages.message(language, language.text(key, **values)), status_code)
