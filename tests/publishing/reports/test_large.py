"""PDFs of reports far larger than usual: nothing is cut, nothing is lost, all agrees."""

from __future__ import annotations

import io
import re

import pytest
from nbformat.v4 import new_markdown_cell
from pypdf import PdfReader

from opsnb.publishing.reports import pdf
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from tests.publishing.reports.conftest import code, figure_html, payload, table_html, words

ROWS, FIGURES = 3000, 40


def made(notebook, run, language: str = "zh") -> tuple[PdfReader, list[str]]:
    page, parts = render(notebook, Request(run, collect(notebook, run)[language], printing=True))
    document = PdfReader(io.BytesIO(pdf.make_pdf(page, parts, run)))
    return document, [page.extract_text() for page in document.pages]


def agree(document: PdfReader, texts: list[str]) -> None:
    """Numbers on the pages, in the contents and in the bookmarks are the same."""
    for number, text in enumerate(texts, start=1):
        assert f"第 {number} 页，共 {len(texts)} 页" in text.replace("\n", " ")
    listed = "".join(texts[:3]).replace("\n", "").replace(" ", "")
    for mark in document.outline:
        number = document.get_destination_page_number(mark)
        title = mark.title.replace(" ", "")
        assert title in texts[number].replace("\n", "").replace(" ", "")
        assert f"{title}{number + 1}" in listed


def test_three_thousand_rows(notebook, run):
    head = ["用户", "订单", "收入", "说明"]
    rows = [
        [
            f"R{n:04d}",
            str(n % 90),
            f"¥{n * 137:,}",
            "较长的说明文字，会折成两行。" * (1 + n % 7 // 6),
        ]
        for n in range(1, ROWS + 1)
    ]
    drawn = table_html(head, rows, "三千行")
    cell = next(c for c in notebook.cells if c.get("id") == "users_table")
    cell.outputs = code("x", payload(words(drawn, drawn))).outputs
    document, texts = made(notebook, run)
    agree(document, texts)
    found = [re.findall(r"R\d{4}", text) for text in texts]
    assert [name for page in found for name in page] == [row[0] for row in rows]
    for text, names in zip(texts, found, strict=True):
        if names:
            assert all(word in text for word in head)
            # A row that is cut would leave its amount on another page.
            assert all(f"¥{int(name[1:]) * 137:,}" in text for name in names)


def test_forty_figures(notebook, run):
    for n in range(1, FIGURES + 1):
        notebook.cells.append(new_markdown_cell(f"## 第 {n:02d} 张图", id=f"head{n}"))
        drawn = figure_html(f"论断{n:02d}号", f"图{n:02d}", f"出处{n:02d}号", "月")
        notebook.cells.append(code(f"chart{n}", payload(words(drawn, drawn))))
    document, texts = made(notebook, run)
    agree(document, texts)
    titles = [mark.title for mark in document.outline]
    for n in range(1, FIGURES + 1):
        assert f"第 {n:02d} 张图" in titles
        pages = [
            i
            for i, text in enumerate(texts)
            if f"论断{n:02d}号" in text or f"出处{n:02d}号" in text
        ]
        # Its claim, its drawing and its source stand on one page.
        assert len(pages) == 1, n
    assert len(texts) < FIGURES
    assert not any(page.images for page in document.pages)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_heading_and_finding_can_be_found_in_the_text(notebook, run, language):
    report = collect(notebook, run)[language]
    page, parts = render(notebook, Request(run, report, printing=True))
    document = PdfReader(io.BytesIO(pdf.make_pdf(page, parts, run)))
    text = "".join("".join(page.extract_text() for page in document.pages).split())
    wanted = [section.title for section in parts.sections if section.title]
    claims = [finding["claim"] for finding in report["findings"]]
    wanted += [claim for claim in claims if claim in page]
    assert len(wanted) >= 4 and set(claims) & set(wanted)
    for sentence in wanted:
        assert "".join(sentence.split()) in text
