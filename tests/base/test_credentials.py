"""Passwords come from the environment or a keyring, and go nowhere."""

from __future__ import annotations

import types
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from opsnb.base.credentials import expand, expand_url, secrets_in, written_out
from opsnb.base.errors import WorkspaceError
from opsnb.base.workspace import Workspace
from opsnb.publishing.execution.redaction import Scrubber


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:s3cret@db/shop",
        "postgres://me:${PW:-s3cret}@db/shop",
        "clickhouse://db/shop?password=s3cret",
        "snowflake://me@account/db?private_key=abc",
        "sc://host:15002/;?token=abc",
    ],
)
def test_a_written_password_is_refused(tmp_path: Path, url: str) -> None:
    assert written_out(url)
    (tmp_path / "opsnb.toml").write_text(
        '[workspace]\nname = "x"\ntimezone = "UTC"\ncurrency = "USD"\n'
        f'[sources.shop]\nurl = "{url}"\n'
    )
    with pytest.raises(WorkspaceError) as error:
        Workspace.load(tmp_path)
    text = str(error.value)
    assert "sources.shop.url: holds a password or token" in text
    assert "${SHOP_PASSWORD}" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:${PW}@db/shop",
        "postgres://me:${keyring:shop/me}@db/shop",
        "postgres://me@db/shop",
        "duckdb://data/shop.duckdb",
        "spark://host:7077?lake=/data&spark.sql.shuffle.partitions=2",
        "${SHOP_URL}",
    ],
)
def test_references_are_no_passwords(url: str) -> None:
    assert not written_out(url)


def test_a_password_may_hold_any_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "p@ss/w:rd?#% é")
    url = expand_url("postgres://me:${PW}@db:5432/shop", "x")
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("db", 5432, "/shop")
    assert unquote(parts.password or "") == "p@ss/w:rd?#% é"
    assert "p@ss/w:rd?#% é" in secrets_in(url)


def test_a_keyring_gives_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {("shop", "me"): "from the keyring"}
    fake = types.SimpleNamespace(
        get_password=lambda service, user: held.get((service, user)),
        errors=types.SimpleNamespace(KeyringError=RuntimeError),
    )
    monkeypatch.setitem(__import__("sys").modules, "keyring", fake)
    assert expand("${keyring:shop/me}", "x") == "from the keyring"
    with pytest.raises(WorkspaceError, match='no password of "you" for "shop"'):
        expand("${keyring:shop/you}", "x")


def test_a_locked_or_missing_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(service: str, user: str) -> str:
        raise RuntimeError("s3cret detail")

    fake = types.SimpleNamespace(
        get_password=locked, errors=types.SimpleNamespace(KeyringError=RuntimeError)
    )
    monkeypatch.setitem(__import__("sys").modules, "keyring", fake)
    with pytest.raises(WorkspaceError, match="cannot be read") as error:
        expand("${keyring:shop/me}", "x")
    assert "s3cret" not in str(error.value)
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(WorkspaceError, match=r'pip install "opsnb\[keyring\]"'):
        expand("${keyring:shop/me}", "x")


def test_passwords_of_sources_are_scrubbed_whatever_their_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "hunter2")
    (tmp_path / "opsnb.toml").write_text(
        '[workspace]\nname = "x"\ntimezone = "UTC"\ncurrency = "USD"\n'
        '[sources.shop]\nurl = "postgres://me:${SHOP}@db/shop"\n'
    )
    secrets = Workspace.load(tmp_path).secrets
    assert secrets == ["hunter2"]
    scrubber = Scrubber(tmp_path, environ={}, secrets=secrets)
    assert scrubber.text("psycopg says: hunter2 is wrong") == "psycopg says: *** is wrong"
