"""Who may ask: the machine's own name, one browser that was given the token, our own forms."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Guard:
    """The secrets of one server, and what it holds a request against.

    Attributes
    ----------
    host, port
        What the server listens on.
    token : str
        Opens a session; part of the address that is printed.
    session : str
        The cookie's value: a browser that has it was given the token.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Cookies are shared by all ports of a host, so the name tells servers apart."""
        return f"opsnb-{self.port}"

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this server.

        A page of another site can point its own name at this machine (DNS rebinding); an
        address cannot be pointed elsewhere, so that beside this machine's names only
        addresses are taken, and beyond the loopback only where the server listens there.
        """
        name, port = _host_and_port(header)
        if name is None or (port or 80) != self.port:
            return False
        if name in LOOPBACK or is_loopback(name):
            return True
        if is_loopback(self.host):
            return False
        return _is_address(name) or name in {self.host, socket.gethostname(), socket.getfqdn()}

    def knows_origin(self, origin: str | None, host: str) -> bool:
        """Whether a form was sent from a page of this server."""
        return origin is not None and urlsplit(origin).netloc == host and ":" in origin

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def is_session(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), self.session.encode())

    def form_token(self, target: str) -> str:
        """What a form that posts to an address has to carry; of no use for another one."""
        return hmac.new(self.session.encode(), target.encode(), sha256).hexdigest()

    def is_form_token(self, given: str, target: str) -> bool:
        return hmac.compare_digest(given.encode(), self.form_token(target).encode())


def _host_and_port(header: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(f"//{header}")
        whole = not (parts.path or parts.query or parts.fragment or parts.username)
        return (parts.hostname if whole else None), parts.port
    except ValueError:
        return None, None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
