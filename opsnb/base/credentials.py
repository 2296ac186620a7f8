"""Credentials: taken from the environment or a keyring, never written in opsnb.toml."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, unquote, unquote_plus

from opsnb.base.errors import WorkspaceError

__all__ = ["Secrets", "expand", "expand_url", "secrets_in", "written_out"]

_REFERENCE = re.compile(
    r"\$\{(?:keyring:(?P<service>[^/}]+)/(?P<user>[^}]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?)\}"
)
_PASSWORD = re.compile(r"://[^:/@?]*:(?P<secret>[^/?]*)@")
_PARAMETER = re.compile(
    r"[?&][^=&]*(?:password|passwd|token|secret|credential|private_?key|access_?key)[^=&]*="
    r"(?P<secret>[^&]+)",
    re.IGNORECASE,
)

_HOLE = "\0"

_SECRET_NAME = re.compile(
    r"PASS|_PWD$|SECRET|TOKEN|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|DSN", re.I
)
_URL_PASSWORD = re.compile(r"(://[^\s:/@]{0,200}:)[^\s@/]{1,500}(?=@)")
_SHORTEST_SECRET = 8
_SHORTEST_KNOWN = 4
_MASK = "***"


class Secrets:
    """What must be in nothing that is written or said, and texts without it.

    A secret is the value, of eight characters or more, of an environment variable whose name
    says so (PASSWORD, TOKEN, SECRET, API_KEY, ...), and the password within any URL.

    Parameters
    ----------
    environ : mapping, optional
        Environment to take secrets from; default the process's own.
    known : iterable of str
        More secrets, from four characters on: the passwords of the workspace's sources.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, known: Iterable[str] = ()) -> None:
        found = {
            value
            for name, value in (os.environ if environ is None else environ).items()
            if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET
        } | {secret for secret in known if len(secret) >= _SHORTEST_KNOWN}
        forms = {form for secret in found for form in _forms(secret)}
        self._secrets = sorted(forms, key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """The text with `***` in the place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return _URL_PASSWORD.sub(rf"\g<1>{_MASK}", text)


def _forms(secret: str) -> set[str]:
    """A secret as it stands, and as pages, URLs, JSON and Python write it."""
    return {
        secret,
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }


def expand(text: str, where: str, shape: Callable[[str], str] = str) -> str:
    """The text with `${NAME}`, `${NAME:-default}` and `${keyring:SERVICE/USER}` filled in.

    Parameters
    ----------
    shape : callable
        What is done to each value before it is put in.

    Raises
    ------
    WorkspaceError
        A variable is not set, or the keyring holds no such password.
    """

    def value(match: re.Match[str]) -> str:
        if match["service"]:
            return shape(_from_keyring(match["service"], match["user"], where))
        name = match["name"]
        found = os.environ.get(name) or match["default"]
        if found is None:
            raise WorkspaceError(
                f"the environment variable {name} is not set",
                where=where,
                hint=f"export {name}=..., or write ${{{name}:-default}}",
            )
        return shape(found)

    return _REFERENCE.sub(value, text)


def expand_url(url: str, where: str) -> str:
    """The same for a URL: a password may hold any character, and is escaped where it stands."""
    scheme, mark, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not (mark and at):
        return expand(url, where)
    escaped = expand(login, where, lambda value: quote(value, safe=""))
    return f"{expand(scheme, where)}://{escaped}@{expand(place, where)}"


def secrets_in(url: str) -> list[str]:
    """Passwords and tokens that a filled-in URL holds, as they stand there and decoded."""
    found = [match["secret"] for rule in (_PASSWORD, _PARAMETER) for match in rule.finditer(url)]
    forms = [form for text in found for form in (text, unquote(text), unquote_plus(text))]
    return sorted({form for form in forms if form}, key=len, reverse=True)


def written_out(url: str) -> bool:
    """Whether a URL of opsnb.toml holds a password or token itself, not a reference to one."""
    bare = _REFERENCE.sub(lambda match: match["default"] or _HOLE, url)
    return any(text.replace(_HOLE, "") for text in secrets_in(bare))


def _from_keyring(service: str, user: str, where: str) -> str:
    try:
        import keyring
    except ImportError:
        raise WorkspaceError(
            "the keyring cannot be read: the package keyring is not installed",
            where=where,
            hint='pip install "opsnb[keyring]"',
        ) from None
    try:
        found: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise WorkspaceError(
            f"the keyring cannot be read ({type(error).__name__})",
            where=where,
            hint="unlock it, or take an environment variable: ${NAME}",
        ) from None
    if found is None:
        raise WorkspaceError(
            f'the keyring holds no password of "{user}" for "{service}"',
            where=where,
            hint=f"store it: keyring set {service} {user}",
        )
    return found
