"""What a page of another site, or a stranger on the same machine, gets: nothing."""

from __future__ import annotations

import socket
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from opsnb.base.errors import ParameterError
from opsnb.base.workspace import Workspace
from opsnb.cli import app
from opsnb.publishing.serve import Server
from opsnb.publishing.serve.guard import Guard
from tests.publishing.serve.conftest import SECRET

PATHS = (
    "/",
    "/index.html",
    "/actions.html",
    "/2026-10/month/report.html",
    "/notes/golden_week.html",
)


def entries(root):
    return [entry.id for entry in Workspace.load(root).ledger.entries()]


# -- the token -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/actions.html?token=guess", "/?token="])
def test_without_the_token_nothing_is_shown(stranger, path):
    answer = stranger.get(path)
    assert answer.status == 403
    assert "Open the address that opsnb serve printed" in answer.words
    assert "Fix it" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_token_opens_a_session_that_scripts_cannot_read(stranger):
    token = stranger.server.guard.token
    answer = stranger.get(f"/actions.html?token={token}")
    assert (answer.status, answer.headers["Location"]) == (303, "/actions.html")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert token not in cookie


def test_a_form_needs_the_session(stranger, root):
    before = entries(root)
    assert stranger.send("/actions/add", {"title": "x"}).status == 403
    token = stranger.server.guard.token
    assert stranger.ask("POST", f"/actions/add?token={token}", "title=x").status == 403
    assert entries(root) == before


# -- other sites -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    ["", "null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1",
     "http://localhost.evil.example:{port}"],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(client, root, origin):
    before = entries(root)
    said = origin.format(port=client.server.guard.port)
    answer = client.send("/actions/add", {"title": "x"}, Origin=said)
    assert answer.status == 403
    assert "did not come from a page of this server" in answer.words
    assert entries(root) == before


@pytest.mark.parametrize("target", ["/actions/add", "/notes/golden_week"])
def test_a_forms_token_fits_its_own_address_only(client, root, target):
    before, notes = entries(root), (root / "plans/notes/golden_week.toml").read_bytes()
    other = client.server.guard.form_token("/actions/close")
    for token in (other, "", "x" * 64, "é"):
        body = urlencode({"csrf": token, "title": "x"})
        answer = client.ask(
            "POST", target, body, Origin=f"http://{client.host}",
            Content_Type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert answer.status == 403
        assert "could not be read, so nothing was saved" in answer.words
    assert entries(root) == before
    assert (root / "plans/notes/golden_week.toml").read_bytes() == notes


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data", ""])
def test_only_forms_are_taken(client, root, kind):
    before = entries(root)
    assert client.send("/actions/add", {"title": "x"}, Content_Type=kind).status == 400
    assert entries(root) == before


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}@evil",
     "localhost.evil.example:{port}", "10.0.0.1:{port}", "", "[::1", "127.0.0.1:{port}/x"],
)  # fmt: skip
def test_another_host_name_is_refused(client, host):
    answer = client.get("/actions.html", Host=host.format(port=client.server.guard.port))
    assert answer.status in (400, 403)
    assert "Fix it" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.0.0.2"])
def test_this_machines_own_names_are_taken(client, host):
    port = client.server.guard.port
    assert client.get("/actions.html", Host=f"{host}:{port}").status == 200


def test_beyond_the_loopback_only_addresses_and_the_machines_names_are_taken():
    guard = Guard("0.0.0.0", 80)
    assert guard.knows_host("192.168.1.7:80")
    assert guard.knows_host("[fe80::1]")
    assert guard.knows_host(socket.gethostname())
    assert not guard.knows_host("evil.example:80")


# -- paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/../opsnb.toml", "/2026-10/../../opsnb.toml", "/2026-10/month/../../../opsnb.toml",
        "/2026-10/month/..%2f..%2f..%2fopsnb.toml", "/%2e%2e/%2e%2e/opsnb.toml",
        "/2026-10/month/..%5c..%5copsnb.toml", "/2026-10/month/%2fetc%2fpasswd",
        "/2026-10/month/report.json%00.html", "//etc/passwd",
        "/2026-10/month/versions/../../x.json",
        "/2026-10/month/state.db", "/ledger/2026-10.jsonl", "/ledger/./2026-10.jsonl",
        "/.work/catalogue.json", "/.work/2026-10/lock", "/2026-10/.work/x.json",
        "/2026-10/month/", "/2026-10/month", "/2026-10/", "/reports/",
        "/plans/notes/golden_week.toml",
        "/notes/..%2f..%2fopsnb.html", "/notes/golden_week.fr.html", "/index.xx.html",
        "/2026-10/month/versions/v9/report.html",
    ],
)  # fmt: skip
def test_paths_cannot_leave_the_reports(client, path):
    answer = client.get(path)
    assert answer.status in (400, 404), answer.status
    assert SECRET not in answer.text
    assert "/bin/" not in answer.text


def test_a_link_out_of_the_reports_is_not_followed(client, root):
    (root / "reports/2026-10/month/out.html").symlink_to(root / "opsnb.toml")
    (root / "reports/2026-10/elsewhere").symlink_to(root / "plans")
    assert client.get("/2026-10/month/out.html").status == 404
    assert client.get("/2026-10/elsewhere/events.json").status == 404


# -- size and headers --------------------------------------------------------------------------


def test_an_oversized_form_is_refused_in_words(client, root):
    before = entries(root)
    answer = client.send("/actions/add", {"title": "x" * 70_000})
    assert answer.status == 413
    assert "more than 64 KB" in answer.words
    assert entries(root) == before


def test_a_body_beyond_all_measure_is_not_read(client, root):
    before = entries(root)
    answer = client.ask(
        "POST", "/actions/add", b"", Content_Length="10000000000", Origin=f"http://{client.host}"
    )
    assert answer.status in (400, 413)
    assert entries(root) == before


def test_every_answer_carries_the_headers(client, stranger):
    answers = [client.get(path) for path in (*PATHS, "/nothing")]
    answers += [stranger.get("/"), client.send("/actions/add", {"title": ""})]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
    assert "form-action 'self'" in client.get("/actions.html").headers["Content-Security-Policy"]
    report = client.get("/2026-10/month/report.html").headers["Content-Security-Policy"]
    assert "form-action 'none'" in report
    assert "script" not in report


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_other_methods_do_nothing(client, root, method):
    before = entries(root)
    assert client.ask(method, "/actions/add").status in (403, 404, 405, 501)
    assert entries(root) == before


def test_what_is_wrong_in_the_server_is_not_shown(client, monkeypatch):
    from opsnb.publishing.serve.pages import Pages

    def broken(*_, **__):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Pages, "page", broken)
    answer = client.get("/actions.html")
    assert answer.status == 500
    assert SECRET not in answer.text
    assert "Something is wrong in the server itself" in answer.words


# -- where it listens ----------------------------------------------------------------------------


def test_it_listens_on_this_machine_only(running):
    assert {s.getsockname()[0] for s in running.sockets} == {"127.0.0.1"}
    assert running.guard.token in running.address
    assert running.guard.token not in repr(running.guard)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "shop.example", "::"])
def test_another_address_needs_to_be_allowed(root, host):
    with pytest.raises(ParameterError, match="other machines can reach"):
        Server(root, host, 0)
    result = CliRunner().invoke(app, ["-w", str(root), "serve", "--host", host])
    assert result.exit_code == 2
    assert "--allow-remote" in result.stderr


def test_an_address_that_is_taken_or_not_ours(root, running):
    with pytest.raises(ParameterError, match="cannot listen on"):
        Server(root, "127.0.0.1", running.guard.port)
    with pytest.raises(ParameterError, match="cannot listen on"):
        Server(root, "192.0.2.1", 0, allow_remote=True)
