from __future__ import annotations

import dataclasses
import json
import re

import pytest

from opsnb.base.errors import PublishError
from opsnb.publishing.reports import RunError, publish
from opsnb.publishing.site import entries, write_index
from tests.publishing.reports.test_collect import payload_of
from tests.publishing.reports.test_html import EVIL, LOADED, words

NAME = {"en": "Lantern Market", "zh": "灯笼集市"}


@pytest.fixture
def reports(tmp_path):
    return tmp_path / "reports"


def add(reports, notebook, run, cycle, slug, **changes):
    changed = dataclasses.replace(run, cycle=cycle, **changes)
    publish(notebook, changed, reports / cycle / slug, formats=())


def test_an_empty_folder_has_an_index_that_says_so(reports):
    assert [p.name for p in write_index(reports, ["en", "zh"], NAME)] == [
        "index.html", "index.zh.html", "kpis.html", "kpis.zh.html",
        "campaigns.html", "campaigns.zh.html", "actions.html", "actions.zh.html",
    ]  # fmt: skip
    assert "No report yet." in words((reports / "index.html").read_text("utf-8"))
    assert "还没有报告" in words((reports / "index.zh.html").read_text("utf-8"))


def test_cycles_come_newest_first(reports, notebook, run):
    for cycle in ("2025-12", "2026-09", "2026-W40", "2026-10", "2026-Q3", "2026-W44", "2026"):
        add(reports, notebook, run, cycle, "a")
    order = [entry.cycle for entry in entries(reports, "en")]
    assert order == ["2026", "2026-W44", "2026-10", "2026-W40", "2026-Q3", "2026-09", "2025-12"]


def test_a_report_shows_verdict_grade_status_and_files(reports, notebook, run):
    add(reports, notebook, run, "2026-10", "golden week")
    (reports / "2026-10" / "golden week" / "report.zh.pdf").write_bytes(b"%PDF")
    write_index(reports, ["en", "zh"], NAME)
    page = (reports / "index.html").read_text("utf-8")
    shown = words(page)
    assert "October 2026 Campaign review Golden week ✓ Ready REPEAT B Golden week paid" in shown
    assert set(re.findall(r'href="(2026[^"]*)"', page)) == {
        "2026-10/golden%20week/brief.html",
        "2026-10/golden%20week/brief.zh.html",
        "2026-10/golden%20week/report.html",
        "2026-10/golden%20week/report.zh.html",
        "2026-10/golden%20week/report.zh.pdf",
    }
    chinese = words((reports / "index.zh.html").read_text("utf-8"))
    assert "2026年10月 活动复盘 国庆黄金周 ✓ 可用 再办 B 国庆活动回本。" in chinese


def test_a_verdict_that_must_not_be_used_is_not_repeated(reports, notebook, run):
    payload = payload_of(notebook, "gate")
    payload["status"] = {"status": "invalid"}
    payload["languages"]["en"]["status_reason"] = "The split is off."
    add(reports, notebook, run, "2026-10", "a")
    add(reports, notebook, run, "2026-10", "b", error=RunError(None, "Deadline", "600 s"))
    write_index(reports, "en", NAME)
    shown = words((reports / "index.html").read_text("utf-8"))
    assert "REPEAT" not in shown
    assert "Do not use The split is off." in shown
    assert "Stopped Deadline: 600 s" in shown


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "opsnb.report/1"}', "\ufeff\x00"])
def test_a_broken_record_is_listed_as_unreadable(reports, notebook, run, content):
    add(reports, notebook, run, "2026-10", "good")
    broken = reports / "2026-09" / "broken"
    broken.mkdir(parents=True)
    (broken / "report.json").write_text(content, "utf-8")
    write_index(reports, ["en"], NAME)
    shown = words((reports / "index.html").read_text("utf-8"))
    assert "REPEAT" in shown
    assert "2026-09/broken ■ Unreadable" in shown


def test_the_index_is_inert_and_loads_nothing(reports, notebook, run):
    for said in payload_of(notebook, "verdict")["languages"].values():
        said["verdict"] |= {"word": EVIL, "sentence": EVIL}
    add(reports, notebook, run, "2026-10", "a", title=EVIL, subject_label=EVIL)
    write_index(reports, ["en", "zh"], EVIL)
    for path in reports.glob("*.html"):
        page = path.read_text("utf-8")
        assert LOADED.findall(page) == []
        assert page.count("<script") == path.name.startswith("index")
        assert "<img" not in page


def test_a_language_without_a_report_shows_the_primary_one(reports, notebook, run):
    add(reports, notebook, run, "2026-10", "a", languages=("en",))
    write_index(reports, ["zh"], NAME)
    page = (reports / "index.html").read_text("utf-8")
    assert "REPEAT" in words(page)
    assert 'lang="en"' in page


def test_a_report_in_a_language_of_another_version_is_still_listed(reports, notebook, run):
    add(reports, notebook, run, "2026-10", "a")
    path = reports / "2026-10" / "a" / "report.json"
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**record, "languages": ["en", "fr"]}), "utf-8")
    (path.parent / "report.fr.html").write_text("bonjour", "utf-8")
    write_index(reports, ["en"], NAME)
    assert "2026-10/a/report.fr.html" in (reports / "index.html").read_text("utf-8")


def test_an_index_needs_a_language(reports):
    with pytest.raises(PublishError, match="the catalogue needs a language"):
        write_index(reports, [], NAME)
