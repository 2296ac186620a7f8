"""The pages in a browser: no error, nothing loaded from elsewhere, keyboard, axe-core."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from opsnb.base.messages import Language
from opsnb.publishing.reports import publish
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.runs.diff import compare, diff_page
from opsnb.publishing.site import write_index
from tests.publishing.reports.test_collect import payload_of
from tests.publishing.site.conftest import campaign, month

NAME = {"en": "Lantern Market", "zh": "灯市集"}


@pytest.fixture
def folder(reports, lay, notebook, run) -> Path:
    """Reports, briefs, the catalogue and a comparison, in both languages."""
    action = {"title": "Fix it", "owner": "Wang Lei", "due": "2026-11-01", "status": "proposed",
              "from": None}  # fmt: skip
    lay(month("2026-09", 2.5e6, actions=[action]), "month")
    lay(month("2026-10", 3.5e6, status="provisional", reason="Refunds are open."), "month")
    lay(campaign(), "golden")
    publish(notebook, run, reports / "2026-10" / "review", formats=())
    payload_of(notebook, "gate")["status"] = {"status": "invalid"}
    publish(notebook, run, reports / "2026-10" / "refused", formats=())
    payload_of(notebook, "gate")["status"] = {"status": "provisional"}
    publish(notebook, run, reports / "2026-10" / "early", formats=())
    write_index(reports, ["en", "zh"], NAME)
    found = compare(month("2026-09", 1e6), month("2026-10", 2e6))
    for code in ("en", "zh"):
        (reports / f"diff.{code}.html").write_text(diff_page(found, Language(code)), "utf-8")
    return reports


def pages(folder: Path) -> list[Path]:
    made = [folder / "2026-10" / name for name in ("review", "refused", "early")]
    return [path for place in (folder, *made) for path in sorted(place.glob("*.html"))]


def opened(browser, path: Path, width: int = 1280, scheme: str = "light") -> Any:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(path.as_uri())
    return page


def test_every_page_is_whole_and_quiet(browser, folder) -> None:
    """At 390 px nothing is cut off, nothing is loaded, the console stays empty."""
    for path in pages(folder):
        page = browser.new_page(viewport={"width": 390, "height": 844})
        said, asked = [], []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        assert not said, path.name
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path.name
        page.close()


def test_search_and_filters_narrow_the_list(browser, folder) -> None:
    page = opened(browser, folder / "index.html")
    shown = page.locator(".pg-report:visible")
    everything = shown.count()
    assert everything == 6
    page.get_by_label("Search").fill("golden sale")
    assert shown.count() == 1
    assert page.locator("#ob-found").inner_text() == "1 of 6 reports"
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.getElementById('ob-found').hidden")
    assert shown.count() == everything
    page.get_by_label("Playbook").select_option(label="Monthly retrospective")
    assert shown.count() == 2
    page.get_by_label("Owner").select_option(label="Wang Lei")
    assert shown.count() == 1
    assert page.locator(".pg-cycle:visible").count() == 1
    page.get_by_label("Search").fill("nothing like it")
    assert shown.count() == 0
    page.close()


def test_by_metric_and_status(browser, folder) -> None:
    page = opened(browser, folder / "index.zh.html")
    shown = page.locator(".pg-report:visible")
    page.get_by_label("指标").select_option("our_own_rate")
    assert shown.count() == 2
    page.get_by_label("状态").select_option("provisional")
    assert shown.count() == 1
    page.close()


def test_without_scripts_all_is_readable(browser, folder) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    assert page.locator(".pg-report:visible").count() == 6
    assert page.locator("#ob-filter:visible").count() == 0
    context.close()


def test_the_keyboard_skips_to_the_content_and_shows_where_it_is(browser, folder) -> None:
    for name in ("index.html", "kpis.zh.html", "2026-10/review/report.html"):
        page = opened(browser, folder / name)
        page.keyboard.press("Tab")
        link = page.locator(":focus")
        assert link.get_attribute("class") == "pg-skip"
        assert link.bounding_box()["x"] >= 0, "the link shows while it has the focus"
        assert page.locator(link.get_attribute("href")).count() == 1
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.close()


def test_axe_finds_nothing_serious(browser, folder) -> None:
    axe = Path(os.environ.get("OPSNB_AXE", ""))
    if not axe.is_file():
        pytest.skip("axe-core is not here: name its axe.min.js in OPSNB_AXE")
    script, wrong = axe.read_text("utf-8"), []
    for path in pages(folder):
        page = opened(browser, path)
        page.evaluate(f"{script};0")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            wrong += [
                f"{path.name}, {scheme}: {rule['id']} {rule['nodes'][0]['html'][:120]}"
                for rule in found
                if rule["impact"] in ("serious", "critical")
            ]
        page.close()
    assert wrong == []


def test_the_brief_is_readable_on_a_phone(browser, notebook, run, tmp_path) -> None:
    publish(notebook, run, tmp_path, formats=())
    page = opened(browser, tmp_path / "brief.zh.html", 390, "dark")
    verdict = page.get_by_text(collect(notebook, run)["zh"]["verdict"]["sentence"], exact=True)
    assert verdict.evaluate("node => parseFloat(getComputedStyle(node).fontSize)") >= 14
    page.close()
