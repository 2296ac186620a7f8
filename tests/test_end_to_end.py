"""From hostile tables to pages: no text of the data may become anything but text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.tables import CONTRACTS
from opsnb.base.unsafe_text import visible
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.index import index_reports
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import run

EVIL = (
    "<script>window.hit=1</script><img src=x onerror=window.hit=1>\"'`{{7*7}}${x}"
    "\u202e\x1b]0;hit\x07 =cmd|'/c calc'!A1 **[x](javascript:window.hit=1)**"
    "<svg onload=window.hit=1><a xlink:href=javascript:alert(1)></svg>'; drop table orders; --"
)
ID = "evil"

EXPERIMENT = f"""
name = {json.dumps(EVIL)}
hypothesis = {json.dumps(EVIL)}
owner = {json.dumps(EVIL)}
start = 2026-10-01
end = 2026-10-14
control = "control"
split = {{control = 0.5, {json.dumps(EVIL)} = 0.5}}
segments = ["channel"]
annual_users = 1000
[primary]
metric = "order_conversion"
[[guardrails]]
metric = "refund_rate"
margin = 0.1
"""

CAMPAIGN = f"""
name = {json.dumps(EVIL)}
objective = {json.dumps(EVIL)}
owner = {json.dumps(EVIL)}
start = 2026-10-01
end = 2026-10-14
metric = "gmv_net"
budget = {{media = 100}}
predicted = {{value = 10, low = 0, high = 20}}
funnel = ["visit", {json.dumps(EVIL)}]
"""

EVENTS = f"""
[[event]]
start = 2026-10-05
kind = "outage"
name = {json.dumps(EVIL)}
"""

METRICS = f"""
[metrics.gmv_net]
extends = "gmv_net"
label = {json.dumps(EVIL)}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two months of a tiny shop whose every text is an attack."""
    root = tmp_path_factory.mktemp("hostile")
    draw = np.random.default_rng(7)
    users = [f"{EVIL}{n}" for n in range(600)]
    days = pd.date_range("2026-08-01", "2026-10-31")
    when = pd.Series(draw.choice(days, 4000)) + pd.to_timedelta(draw.integers(0, 86_399, 4000), "s")
    who = draw.choice(users, 4000)
    tables = {
        "users": pd.DataFrame(
            {
                "user_id": users,
                "registered_at": draw.choice(days, 600),
                "channel": draw.choice([EVIL, f"{EVIL}b"], 600),
            }
        ),
        "events": pd.DataFrame(
            {
                "user_id": who,
                "event_at": when,
                "event": draw.choice(["visit", EVIL, "order"], 4000),
                "channel": draw.choice([EVIL, f"{EVIL}b"], 4000),
            }
        ),
        "orders": pd.DataFrame(
            {
                "order_id": [f"{EVIL}{n}" for n in range(1500)],
                "user_id": who[:1500],
                "ordered_at": when[:1500],
                "amount": draw.gamma(2, 50, 1500).round(2),
                "status": draw.choice(["paid", "refunded"], 1500, p=[0.9, 0.1]),
                "campaign_id": ID,
            }
        ),
        "spend": pd.DataFrame(
            {
                "campaign_id": ID,
                "date": pd.Timestamp("2026-10-02"),
                "channel": [EVIL, f"{EVIL}b"],
                "kind": ["media", EVIL],
                "amount": [60.0, 30.0],
                "clicks": [10, 0],
                "impressions": [100, 10],
                "conversions": [20, 2],
            }
        ),
        "assignments": pd.DataFrame(
            {
                "experiment_id": ID,
                "user_id": users,
                "variant": draw.choice(["control", EVIL], 600),
                "assigned_at": pd.Timestamp("2026-10-01 08:00"),
                "channel": draw.choice([EVIL, f"{EVIL}b"], 600),
            }
        ),
        "tasks": pd.DataFrame(
            {
                "task_id": [EVIL, "2"],
                "due_on": pd.Timestamp("2026-10-09"),
                "done_on": [pd.NaT, pd.Timestamp("2026-10-20")],
                "owner": EVIL,
                "title": EVIL,
            }
        ),
        "surveys": pd.DataFrame(
            {
                "responded_at": draw.choice(days, 300),
                "kind": draw.choice(["nps", "csat"], 300),
                "score": draw.integers(1, 6, 300),
                "comment": EVIL,
            }
        ),
        "tickets": pd.DataFrame(
            {
                "ticket_id": [f"{EVIL}{n}" for n in range(80)],
                "opened_at": draw.choice(days, 80),
                "category": EVIL,
                "comment": EVIL,
            }
        ),
    }
    for name, table in tables.items():
        for column in CONTRACTS[name].columns:
            if column.type == "text" and not column.allowed and column.name not in table:
                table[column.name] = EVIL
    (root / "data").mkdir()
    head = f"""[workspace]
name = {json.dumps(EVIL)}
timezone = "Asia/Shanghai"
currency = "CNY"
languages = ["en", "zh"]
as_of = 2026-11-16
owner = {json.dumps(EVIL)}
[sources.here]
url = "parquet://data"
"""
    lines = [head, METRICS]
    for name, table in tables.items():
        table.to_parquet(root / "data" / f"{name}.parquet", index=False)
        lines.append(f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n')
    lines.append(
        f'[[tables.orders.checks]]\nid = "large"\nwhere = "amount > 100"\n'
        f"label = {json.dumps(EVIL)}\n"
    )
    (root / "opsnb.toml").write_text("".join(lines), encoding="utf-8")
    for name, text in (
        (f"experiments/{ID}.toml", EXPERIMENT),
        (f"campaigns/{ID}.toml", CAMPAIGN),
        ("events.toml", EVENTS),
    ):
        (root / "plans" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "plans" / name).write_text(text, encoding="utf-8")
    return Workspace.load(root)


@pytest.fixture(scope="module")
def pages(hostile: Workspace) -> list[Path]:
    """Every page that the three playbooks and the index make of it."""
    for name, params in (
        ("ab_readout", {"experiment": ID}),
        ("campaign_review", {"campaign": ID}),
        ("monthly_retrospective", {"cycle": "2026-10"}),
    ):
        planned = plan(Playbook.load(name, hostile), params, hostile)
        result = run(planned, hostile, formats=())
        assert not result.failed, f"{name}: {result.reason}"
    add = {"at": "2026-11-01T09:00:00+08:00", "event": "add", "title": EVIL, "owner": EVIL}
    said = [
        {**add, "id": "spoken", "kind": "action", "due": "2026-11-02", "subject": EVIL},
        {**add, "id": "ruled", "kind": "decision", "due": "2026-11-02", "evidence": [EVIL]},
        {"at": add["at"], "event": "close", "id": "spoken", "status": "done", "note": EVIL},
    ]
    with (hostile.reports / "ledger" / "2026-10.jsonl").open("a", encoding="utf-8") as ledger:
        ledger.writelines(json.dumps(line) + "\n" for line in said)
    index_reports(hostile, ("en", "zh"))
    found = sorted(p for p in hostile.reports.rglob("*.html") if "versions" not in p.parts)
    for stem in ("report", "brief"):
        for suffix in (".html", ".zh.html"):
            assert sum(path.name == stem + suffix for path in found) == 3
    assert {"index.html", "index.zh.html"} <= {path.name for path in found}
    return found


class _Tags(HTMLParser):
    """What a browser would act upon: scripts, handlers, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag in {"iframe", "object", "embed", "base"}:
            self.bad.append(tag)
        if tag == "form" and any(name == "action" for name, _ in attrs):
            self.bad.append("form with an address")
        for name, value in attrs:
            if name.startswith("on"):
                self.bad.append(f"{tag} {name}")
            outside = re.match(r"\s*(https?:|//|javascript:)", value or "", re.I)
            if outside and name in {"src", "href", "xlink:href", "action", "data", "srcset"}:
                self.bad.append(f"{tag} {name}={value}")
            if name in {"src", "data"} and not (value or "").startswith("data:"):
                self.bad.append(f"{tag} {name}={value}")


def test_hostile_texts_are_shown_as_texts(pages: list[Path]) -> None:
    for path in pages:
        text = path.read_text(encoding="utf-8")
        tags = _Tags()
        tags.feed(text)
        assert tags.bad == [], path.name
        assert tags.scripts <= 1, f"{path} runs a script that is not the page's"
        assert "&lt;script&gt;window.hit" in text, f"{path} does not show the text at all"
        assert visible(text) == text, f"{path} holds characters that act"
        assert "49" not in re.findall(r"`(\d+)\$\{x\}", text)


def test_no_page_names_an_address_outside(pages: list[Path]) -> None:
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*['\"]?(?!data:|#)", text), path.name
        assert "@import" not in text


def test_facts_keep_the_texts_as_they_are(hostile: Workspace, pages: list[Path]) -> None:
    report = json.loads(
        (hostile.reports / f"2026-10/ab-readout-{ID}/report.json").read_text(encoding="utf-8")
    )
    assert {fact.get("variant") for fact in report["facts"]} >= {"control", EVIL}


@pytest.mark.survives(
    "scripts, handlers, javascript: URLs, SVG, Markdown, Jinja, SQL, formulas, control and "
    "bidirectional characters in every text of data, plans and ledger, opened in a browser",
    sees="the text itself; no dialog, no script of the data's, no request leaves",
)
@pytest.mark.browser
def test_in_a_browser_nothing_of_the_data_runs_and_nothing_leaves(
    browser: Any, pages: list[Path], record_property: Any
) -> None:
    record_property("tries", 2 * len(pages))
    for path in pages:
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            asked, said = [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("dialog", lambda dialog, said=said: (said.append("dialog"), dialog.dismiss()))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(path.as_uri())
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.hit") is None, path.name
            outside = [u for u in asked if not u.startswith(("file:", "data:"))]
            assert outside == [], path.name
            assert said == [], f"{path.name}: {said}"
            too_wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert too_wide <= 0, f"{path.name} at {width} px is {too_wide} px too wide"
            page.close()
