"""A running server over a small workspace: a report in two versions, a campaign, a ledger."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from opsnb.base.workspace import Workspace
from opsnb.publishing.reports.store import staged
from opsnb.publishing.runs.proposals import record as remember
from opsnb.publishing.serve import Server
from tests.publishing.site.conftest import campaign, month

TOML = """\
[workspace]
name = {en = "Lantern Market", zh = "灯市集"}
timezone = "Asia/Shanghai"
currency = "CNY"
language = "en"
languages = ["en", "zh"]
as_of = 2026-11-16
"""

PLAN = """\
name = {en = "Golden Week sale", zh = "国庆黄金周"}
start = 2026-10-01
end = 2026-10-08
metric = "gmv_net"
"""

NOTES = """\
# Written by the team.
why = [
    {en = "Why was it dear?", zh = "为什么贵？"},  # the first one
    "Why no cap?",
]
went_well = ["Stock held"]

[[actions]]
title = {en = "Cap the coupon", zh = "优惠券限领"}
owner = "Zhao Min"
due = 2026-11-30
"""

SECRET = "secret-of-the-shop"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in ("plans/campaigns", "plans/notes", "reports"):
        (root / name).mkdir(parents=True)
    (root / "opsnb.toml").write_text(f"{TOML}# {SECRET}\n", "utf-8")
    (root / "plans/campaigns/golden_week.toml").write_text(PLAN, "utf-8")
    (root / "plans/notes/golden_week.toml").write_text(NOTES, "utf-8")
    action = {"title": "Fix it", "owner": "Wang Lei", "due": "2026-11-01", "status": "proposed",
              "from": None}  # fmt: skip
    decision = {"question": "Which arm?", "by": "Li Na", "recommendation": None,
                "due": "2026-11-20", "evidence": []}  # fmt: skip
    report = month("2026-10", 1e6, actions=[action], decisions=[decision])
    for text in ("Tuesday", "Friday"):
        publish(root, report, "month", text)
    publish(root, campaign(), "golden", "golden")
    remember(Workspace.load(root).ledger, {"en": report}, "2026-10/month")
    return root


def publish(root: Path, report: dict, slug: str, text: str) -> None:
    with staged(root / "reports", report["cycle"], slug) as (new, _):
        (new / "report.json").write_text(json.dumps(report), "utf-8")
        (new / "report.html").write_text(f"<p>{text}</p>", "utf-8")
        (new / "run.log").write_text(text, "utf-8")
        (new / "state.db").write_text(SECRET, "utf-8")


@pytest.fixture
def running(root: Path) -> Iterator[Server]:
    """The server in a thread of its own, on a free port."""
    server = Server(root, port=0)
    started, loop = threading.Event(), asyncio.new_event_loop()
    task = loop.create_task(server.run(started.set))

    def work() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(10)
    yield server
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)
    assert not thread.is_alive()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def words(self) -> str:
        bare = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(bare).split())


@dataclass
class Client:
    """Speaks plain HTTP, so that a test can say what no browser would."""

    server: Server
    cookie: str = ""
    own: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.guard.port}"

    def ask(
        self, method: str, path: str, body: str | bytes | None = None, **headers: str
    ) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", self.server.guard.port, timeout=10)
        sent = {"Host": self.host, "Cookie": self.cookie, **headers}
        link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        data = body.encode() if isinstance(body, str) else body
        if data is not None and "Content_Length" not in sent:
            sent["Content-Length"] = str(len(data))
        for name, value in sent.items():
            if value:
                link.putheader(name.replace("_", "-"), value)
        link.endheaders(data)
        got = link.getresponse()
        answer = Answer(got.status, dict(got.getheaders()), got.read())
        link.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def enter(self) -> Client:
        """Opens a session with the token."""
        answer = self.get(f"/?token={self.server.guard.token}")
        assert answer.status == 303
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return self

    def send(self, target: str, fields: dict | list, **headers: str) -> Answer:
        """A form as a browser sends it from our own page."""
        rows = list(fields.items()) if isinstance(fields, dict) else fields
        token = self.server.guard.form_token(target)
        body = urlencode([("csrf", token), *rows])
        own = {
            "Origin": f"http://{self.host}",
            "Content_Type": "application/x-www-form-urlencoded",
        }
        return self.ask("POST", target, body, **{**own, **headers})


@pytest.fixture
def stranger(running: Server) -> Client:
    return Client(running)


@pytest.fixture
def client(running: Server) -> Client:
    return Client(running).enter()
