from __future__ import annotations

import dataclasses
import io
import json
import re

import pytest
from pypdf import PdfReader

from opsnb.base.errors import PublishError
from opsnb.publishing.reports import brief, pdf, publish
from opsnb.publishing.reports.collect import collect
from tests.publishing.reports.test_html import EVIL, LOADED, words

FACTS = {"section": None, "evidence": []}


@pytest.fixture
def report(notebook, run):
    return collect(notebook, run)["en"]


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


def talkative(report, length):
    """The report with more of everything than a page can hold."""
    text = "wordy " * length
    return {
        **report,
        "reason": text,
        "status": "provisional",
        "verdict": {**report["verdict"], "sentence": text},
        "cards": [{**report["cards"][0], "value": text, "change": text, "label": text}] * 30,
        "findings": [{"claim": f"{i} {text}", "grade": "A", "tone": "bad", **FACTS}
                     for i in range(9)],
        "decisions": [{"question": text, "by": text, "recommendation": text, "due": "2026-11-20",
                       "evidence": []}] * 9,
        "actions": [{"title": text, "owner": text, "due": None, "status": "open",
                     "from": None}] * 40,
    }  # fmt: skip


def test_a_brief_says_what_a_manager_needs(report):
    shown = words(brief.brief_page(report))
    for said in (
        "Brief · October 2026", "Campaign review — Golden week", "Ready", "REPEAT",
        "Golden week paid for itself.", "randomised" if report["verdict"]["grade"] == "A" else "B",
        "Incremental revenue ¥312k", "What was found", report["findings"][0]["claim"],
        "To decide", report["decisions"][0]["question"], "due 20 Nov 2026", "report.html",
    ):  # fmt: skip
        assert said in shown
    assert "…" not in shown


def test_a_brief_goes_into_an_e_mail(report):
    page = brief.brief_page(report)
    assert LOADED.findall(page) == []
    assert set(re.findall(r'href="([^"]*)"', page)) == {"report.html"}
    assert not re.search(r"<(script|style|link|img|div|svg)\b|class=|var\(|flex|grid", page)
    assert len(page.encode()) < 40_000


def test_a_brief_is_in_the_reports_language(notebook, run):
    page = brief.brief_page(collect(notebook, run)["zh"])
    assert '<html lang="zh-CN">' in page
    assert "简报 · 2026年10月 活动复盘 — 国庆黄金周" in words(page)
    assert 'href="report.zh.html"' in page


def test_hostile_texts_are_inert(report):
    report["title"] = report["findings"][0]["claim"] = report["cards"][0]["value"] = EVIL
    page = brief.brief_page(report)
    assert "<script" not in page
    assert "<img" not in page


def test_an_invalid_report_has_a_brief_without_a_number(report):
    invalid = {
        **report,
        "status": "invalid",
        "reason": "The split is off. Users 9,263 and 8,401 do not fit. Repair it.",
        "verdict": {**report["verdict"], "word": "INVALID", "sentence": "It shows 4.2%."},
    }
    shown = words(brief.brief_page(invalid))
    assert "Do not use" in shown
    assert "The split is off. Repair it." in shown
    assert "INVALID" in shown
    assert report["decisions"][0]["question"] in shown
    assert re.findall(r"\d+", shown.replace("20 Nov 2026", "").replace("October 2026", "")) == []


def test_chinese_sentences_with_numbers_are_left_out_too():
    assert brief.without_numbers("样本不平衡。两组为 9,263 和 8,401。请修复！") == (
        "样本不平衡。请修复！"
    )


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_report_without_results_has_a_brief_that_says_why(report, status):
    shown = words(brief.brief_page({**report, "status": status, "reason": "Out of memory."}))
    assert "Out of memory." in shown
    assert "REPEAT" not in shown
    assert "¥312k" not in shown


def test_a_text_is_cut_at_a_word_and_the_brief_says_so(report):
    small = brief.Size(text=20, label=20, cards=0, findings=1, decisions=1, actions=1)
    writing = brief.Brief(report, None, small)
    assert writing.cut("short") == "short"
    assert not writing.shortened
    assert writing.cut("one two three, four five") == "one two three…"
    assert writing.cut("汉" * 30) == "汉" * 19 + "…"
    assert writing.shortened
    assert "Shortened to fit one page" in words(brief.brief_page(report, size=small))


@pytest.mark.parametrize("length", [4, 30, 3000])
@pytest.mark.parametrize("code", ["en", "zh"])
def test_whatever_a_report_says_its_brief_is_one_page(notebook, run, code, length):
    wordy = talkative(collect(notebook, run)[code], length)
    (text,) = pages(pdf.make_brief(wordy, run))
    assert "report" in text
    assert run.language(code).text("page.status.provisional") in text


def test_words_that_never_end_stay_on_the_page(report, run):
    endless = {**report, "title": "W" * 900, "reason": "M" * 4000, "status": "provisional"}
    endless["cards"] = [{**report["cards"][0], "label": "W" * 500, "value": "9" * 500}] * 6
    (text,) = pages(pdf.make_brief(endless, run))
    assert "…" in text


def test_a_run_lays_the_brief_beside_the_report(notebook, run, tmp_path):
    publish(notebook, run, tmp_path)
    names = {path.name for path in tmp_path.glob("brief*")}
    assert names == {"brief.html", "brief.pdf", "brief.zh.html", "brief.zh.pdf"}
    assert 'href="brief.zh.html"' in (tmp_path / "report.zh.html").read_text("utf-8")
    document = PdfReader(tmp_path / "brief.zh.pdf")
    assert document.root_object["/Lang"] == "zh-CN"
    assert document.metadata["/Title"] == "简报: 活动复盘: 国庆黄金周"
    assert "国庆活动回本" in document.pages[0].extract_text()
    publish(notebook, run, tmp_path, formats=())
    assert not list(tmp_path.glob("*.pdf"))


def test_the_brief_needs_only_the_record(notebook, run, tmp_path):
    publish(notebook, run, tmp_path, formats=())
    record = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert brief.brief_page(record) == (tmp_path / "brief.html").read_text("utf-8")
    with pytest.raises(PublishError, match="do not make a valid report"):
        brief.brief_page({**record, "cells": None})


def test_rare_characters_are_marked_in_the_brief(report, run):
    report["title"] = "Review \U0010fffd"
    (text,) = pages(pdf.make_brief(report, dataclasses.replace(run, languages=("en",))))
    assert "U+10FFFD" in text


def test_a_verdict_is_said_whole_even_where_all_else_is_cut(report, run):
    said = "October is off track: five of twelve targets reached; " * 2 + "net GMV grew."
    crowded = talkative(report, 40)
    crowded["verdict"] = {**report["verdict"], "sentence": said}
    (text,) = pages(pdf.make_brief(crowded, run))
    assert " ".join(said.split()) in " ".join(text.split())
