"""`opsnb serve` in a real browser: forms from end to end, without and with scripts."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsnb.base.workspace import Workspace

pytestmark = pytest.mark.browser


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def page(browser, running, request) -> Iterator[Any]:
    """The catalogue, opened by the address that is printed; nothing goes wrong on the way."""
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    home = f"http://127.0.0.1:{running.guard.port}/"
    page.on("request", lambda r: r.url.startswith((home, "data:")) or wrong.append(r.url))
    page.goto(running.address)
    assert "token" not in page.url
    yield page
    assert wrong == []
    context.close()


def test_an_action_from_entry_to_done(page, root) -> None:
    page.get_by_role("link", name="Actions and predictions").click()
    page.get_by_text("Add an action").first.click()
    page.get_by_label("Action", exact=True).fill("Call the provider")
    page.get_by_label("Owner", exact=True).fill("Li Na")
    page.get_by_label("Due", exact=True).fill("2026-11-20")
    page.get_by_role("button", name="Add an action").click()
    assert page.get_by_role("status").inner_text().endswith("The action was added to the ledger.")
    row = page.locator("tr", has_text="Call the provider")
    assert "due soon" in row.inner_text()
    row.locator("summary").click()
    row.get_by_label("Note").fill("they called back")
    row.get_by_role("button", name="done").click()
    page.get_by_text("Closed: 1").click()
    assert "they called back" in page.locator("tr", has_text="Call the provider").inner_text()
    (entry,) = (e for e in Workspace.load(root).ledger.entries("action") if e.owner == "Li Na")
    assert (entry.state, entry.note, str(entry.due)) == ("done", "they called back", "2026-11-20")
    page.get_by_role("button", name="Reopen: Call the provider").click()
    assert "It is open again." in page.get_by_role("status").inner_text()


def test_a_decision_in_chinese(page, root) -> None:
    page.get_by_role("link", name="中文").first.click()
    page.get_by_role("link", name="行动与预测").click()
    row = page.locator("tr", has_text="Which arm?")
    row.get_by_text("记录决策").click()
    row.get_by_label("决策内容").fill("用新方案")
    row.get_by_role("button", name="已决策").click()
    assert "台账已更新。" in page.get_by_role("status").inner_text()
    (decision,) = Workspace.load(root).ledger.entries("decision")
    assert decision.note == "用新方案"


def test_the_five_whys_of_a_campaign(page, root) -> None:
    page.get_by_role("link", name="Campaigns").click()
    page.get_by_role("link", name="Review notes").click()
    assert page.get_by_label("Why 1").input_value() == "Why was it dear?"
    page.get_by_label("Why 3").fill("Why was the rule copied?")
    page.get_by_role("button", name="Save the notes").click()
    assert "The notes were saved" in page.get_by_role("status").inner_text()
    notes = tomllib.loads((root / "plans/notes/golden_week.toml").read_text("utf-8"))
    assert notes["why"][2] == "Why was the rule copied?"
    assert notes["why"][0]["zh"] == "为什么贵？"


def test_a_page_of_another_site_cannot_write(browser, running, root) -> None:
    """The browser itself sends the form: without the cookie, and from elsewhere."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.address)
    before = len(Workspace.load(root).ledger.entries())
    target = f"http://127.0.0.1:{running.guard.port}/actions/add"
    token = running.guard.form_token("/actions/add")
    evil = context.new_page()
    evil.goto(
        f'data:text/html,<form method=post action="{target}"><input name=csrf value={token}>'
        "<input name=title value=evil><button>go</button></form>"
    )
    evil.get_by_role("button").click()
    evil.wait_for_load_state()
    assert evil.url == target
    assert "Open the address that opsnb serve printed" in evil.inner_text("main")
    assert len(Workspace.load(root).ledger.entries()) == before
    context.close()


def test_pages_with_forms_are_whole_and_accessible(browser, running) -> None:
    axe = Path(os.environ.get("OPSNB_AXE", ""))
    script = axe.read_text("utf-8") if axe.is_file() else None
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page, wrong = context.new_page(), []
    page.goto(running.address)
    home = f"http://127.0.0.1:{running.guard.port}"
    for name in ("index", "kpis", "campaigns", "actions", "notes/golden_week", "nothing"):
        for ending in (".html", ".zh.html"):
            page.goto(f"{home}/{name}{ending}")
            for fold in page.locator("details").all():
                fold.evaluate("node => node.open = true")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 390:
                wrong.append(f"{name}{ending} is {width} px wide")
            if script:
                page.evaluate(f"{script};0")
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    run = "axe.run(document, {resultTypes: ['violations']})"
                    wrong += [
                        f"{name}{ending}, {scheme}: {rule['id']} {rule['nodes'][0]['html'][:150]}"
                        for rule in page.evaluate(run)["violations"]
                        if rule["impact"] in ("serious", "critical")
                    ]
    context.close()
    assert wrong == []
