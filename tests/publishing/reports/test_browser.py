"""The report's page as a reader meets it in a browser, on a desk and on a phone."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from opsnb.analysis.display import Findings, charts, gallery
from opsnb.analysis.findings.records import Finding
from opsnb.base.messages import Language
from opsnb.publishing.reports import publish

pytestmark = pytest.mark.browser
DAYS = [dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(8)]


@pytest.fixture
def report(notebook, run, tmp_path) -> Path:
    """A report with a chart of ours."""
    chart = charts.trend(
        charts.Series("Net revenue", DAYS, [n + 1 for n in range(8)]),
        claim="Revenue rose", alt="Eight days, rising", source="orders",
    )  # fmt: skip
    cell = next(cell for cell in notebook.cells if cell.get("id") == "effect_chart")
    claims = Findings(
        [
            Finding("Nothing was lost.", (), "B", "good", "trust"),
            Finding("Revenue rose.", (), "A", "good", "effect"),
        ]
    )
    drawn = chart.html(Language("en")) + claims.html(Language("en"))
    cell.outputs[1].data["text/html"] = drawn
    publish(notebook, run, tmp_path / "out", formats=())
    return tmp_path / "out" / "report.html"


def shown(browser: Any, path: Path, width: int = 1280, height: int = 900, **more: Any) -> Any:
    context = browser.new_context(viewport={"width": width, "height": height}, **more)
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(path.as_uri())
    return page


def bottom(page: Any, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    return box["y"] + box["height"]


def test_the_first_screen_of_a_desk_has_verdict_cards_decisions_and_findings(browser, report):
    page = shown(browser, report)
    order = [".ob-verdict", ".ob-cards", ".ob-decisions", ".ob-findings"]
    ends = [bottom(page, selector) for selector in order]
    assert ends == sorted(ends)
    assert bottom(page, ".ob-findings li") < 900
    assert page.locator(".pg-contents").bounding_box()["y"] < 900


def test_the_first_screen_of_a_phone_has_verdict_and_cards(browser, report):
    page = shown(browser, report.with_name("report.zh.html"), 390, 844)
    assert bottom(page, ".ob-sentence") < 500
    assert bottom(page, ".ob-card") < 844
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_contents_stay_in_sight_and_lead_to_each_section(browser, report):
    page = shown(browser, report, height=500)
    links = page.locator(".pg-contents a")
    assert links.count() >= 5
    for link in links.all():
        link.click()
        target = page.locator(f"id={link.get_attribute('href')[1:]}")
        assert target.inner_text() == link.inner_text()
        assert -1 <= target.bounding_box()["y"] <= 500
        box = page.locator(".pg-contents").bounding_box()
        assert box["y"] < 500 or "ob-source" in link.get_attribute("href")
    assert page.said == []


def test_contents_are_folded_on_a_phone(browser, report):
    page = shown(browser, report, 390, 844)
    link = page.locator(".pg-contents a").first
    assert not link.is_visible()
    page.locator(".pg-contents summary").click()
    assert link.is_visible()


def test_every_finding_leads_to_its_evidence(browser, report):
    page = shown(browser, report)
    findings = page.locator("main .ob-findings li")
    assert findings.count() == 2
    for finding in findings.all():
        page.evaluate("scrollTo(0, 0)")
        link = finding.locator("a[href^='#']")
        link.click()
        target = page.locator(f"id={link.get_attribute('href')[1:]}")
        assert -1 <= target.bounding_box()["y"] < 900


def test_a_point_of_a_chart_says_its_number(browser, report):
    page = shown(browser, report)
    spot = page.locator(".ob-wide .ob-tips rect").nth(3)
    spot.scroll_into_view_if_needed()
    spot.hover()
    tip = page.locator(".pg-tip")
    assert tip.inner_text() == "4 Oct 2026\nNet revenue: 4"
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0
    page.locator("h1").hover()
    assert not tip.is_visible()
    assert page.said == []


def test_a_touch_says_it_too(browser, report):
    page = shown(browser, report, 390, 844, has_touch=True)
    spot = page.locator(".ob-narrow .ob-tips rect").last
    spot.scroll_into_view_if_needed()
    spot.tap()
    assert page.locator(".pg-tip").inner_text() == "8 Oct 2026\nNet revenue: 8"
    box = page.locator(".pg-tip").bounding_box()
    assert box["x"] + box["width"] <= 390


def test_without_a_script_points_keep_their_title_and_all_is_open_to_read(browser, report):
    page = shown(browser, report, java_script_enabled=False)
    title = page.locator(".ob-wide .ob-tips rect title").nth(3)
    assert title.text_content() == "4 Oct 2026\nNet revenue: 4"
    assert page.locator("#ob-print:visible").count() == 0
    assert page.locator(".ob-findings a").first.is_visible()


def test_paper_has_the_folds_open_and_no_buttons(browser, report):
    page = shown(browser, report)
    page.evaluate("window.printed = 0; window.print = () => { window.printed += 1 }; null")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed") == 1
    fold = page.locator("main details.ob-fold").first
    assert fold.get_attribute("open") is None
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert fold.get_attribute("open") is not None
    assert not page.locator(".pg-tools").is_visible()
    assert not page.locator(".ob-tips").first.is_visible()
    assert "randomised" in page.locator(".pg-grades").inner_text()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert fold.get_attribute("open") is None


def test_axe_finds_nothing_serious_in_any_part(browser, tmp_path):
    """Every part and chart type that a report can hold, in both languages and schemes."""
    axe = Path(os.environ.get("OPSNB_AXE", ""))
    if not axe.is_file():
        pytest.skip("axe-core is not here: name its axe.min.js in OPSNB_AXE")
    for code in ("en", "zh"):
        gallery.main(tmp_path / f"{code}.html", [code])
        page = shown(browser, tmp_path / f"{code}.html")
        page.evaluate(f"{axe.read_text('utf-8')};0")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            wrong = [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found
                     if rule["impact"] in ("serious", "critical")]  # fmt: skip
            assert wrong == [], (code, scheme)


def test_a_grade_is_explained_where_the_pointer_rests(browser, report):
    page = shown(browser, report)
    said = [grade.get_attribute("title") for grade in page.locator("main .ob-grade").all()]
    assert said == [Language("en").text(f"display.grade.{grade}") for grade in "BA"]
