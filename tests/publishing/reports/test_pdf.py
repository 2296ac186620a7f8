from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import sys

import pytest
from nbformat.v4 import new_markdown_cell
from pypdf import PdfReader

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.publishing.reports import MIME, RunError, pdf, pdf_engines, publish
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from tests.publishing.reports.conftest import code, payload
from tests.publishing.reports.test_collect import payload_of
from tests.publishing.reports.test_html import EVIL


def make(notebook, run, code="en"):
    page, parts = render(notebook, Request(run, collect(notebook, run)[code], printing=True))
    return pdf.make_pdf(page, parts, run)


def read(data):
    document = PdfReader(io.BytesIO(data))
    return document, [page.extract_text() for page in document.pages]


@pytest.fixture
def english(notebook, run):
    return read(make(notebook, run))


def test_the_first_screen_is_page_one(english):
    _, texts = english
    for part in ("REPEAT", "¥312k", "Repeat the campaign in January?", "evidence", "Contents"):
        assert part in texts[0]


def test_each_page_has_its_running_head_and_number(english):
    _, texts = english
    for number, text in enumerate(texts, start=1):
        assert "Campaign review: Golden week" in text
        assert f"Page {number} of {len(texts)}" in text
        assert "Lantern Market" in text


def test_contents_and_bookmarks_name_the_right_pages(english):
    document, texts = english
    bookmarks = {
        item.title: document.get_destination_page_number(item) for item in document.outline
    }
    assert list(bookmarks) == [
        "Can the data be trusted?",
        "What the campaign added",
        "Who bought",
        "Checks",
        "Where these numbers come from",
    ]
    for title, number in bookmarks.items():
        assert title in texts[number]
        assert f"{title}\n{number + 1}" in texts[0].replace(
            f"{title} {number + 1}", f"{title}\n{number + 1}"
        )


def test_a_long_table_repeats_its_head_and_loses_no_row(english):
    _, texts = english
    rows = [page for page in texts if "U00" in page]
    assert len(rows) >= 2
    assert all("Refund rate" in page for page in rows)
    assert all(sum(f"U{i:04d}" in page for page in texts) == 1 for i in range(1, 61))


def test_transparent_shapes_stay_vector(notebook, run):
    cell = next(cell for cell in notebook.cells if cell.get("id") == "effect_chart")
    drawn = cell.outputs[1].data["text/html"]
    shape = (
        '<clipPath id="c"><rect x="0" y="0" width="300" height="200"/></clipPath><path '
        'd="M 9 9 L 99 9 L 99 99 z" clip-path="url(#c)" style="fill:#123456;opacity:0.5"/>'
    )
    cell.outputs[1].data["text/html"] = drawn.replace("</svg>", f"{shape}</svg>")
    document, _ = read(make(notebook, run))
    assert not any(page.images for page in document.pages)
    path = '<path style="fill:red;fill-opacity:0.5;opacity:0.5;x:1">'
    kept = pdf._for_paper(path, Language("en"))
    assert kept == '<path style="fill:red;fill-opacity:0.25;x:1;stroke-opacity:0.5">'


def test_no_line_ends_within_a_number_and_its_chinese_unit(notebook, run):
    """At any width: each paragraph is a character longer than the one before."""
    measure, end = "−6.31 至 −2.58 个百分点", "）。"
    lines = "".join(f"<p>{'长' * n}（{measure}{end}</p>" for n in range(30, 90))
    cell = next(cell for cell in notebook.cells if cell.get("id") == "effect_chart")
    shown = cell.outputs[1].data[MIME]["languages"]["zh"]
    shown["html"] += lines
    document, _ = read(make(notebook, run, "zh"))
    texts = [page.extract_text() for page in document.pages]
    found = "\n".join(texts)
    assert found.count("−2.58 个百分点）。") == 60
    assert not re.search(r"^[，。；：）]", found, re.MULTILINE)


def test_a_wide_table_stays_on_the_page(english):
    document, texts = english
    assert any("Week 11" in text.replace("\n", " ") and "1,630" in text for text in texts)
    for page in document.pages:
        assert max(_lefts(page)) < float(page.mediabox.width) - 40


def _lefts(page):
    """How far from the left edge each piece of text begins, in points."""
    lefts = []

    def visit(text, cm, tm, *_):
        if text.strip():
            lefts.append(cm[0] * tm[4] + cm[4])

    page.extract_text(visitor_text=visit)
    return lefts


def test_a_fold_that_a_fragment_draws_is_printed(notebook, run):
    cell = next(cell for cell in notebook.cells if cell.get("id") == "gate")
    fold = '<details class="ob-fold"><summary>Formula</summary><p>Mean of means.</p></details>'
    cell.outputs[1].data["text/html"] = fold
    assert "Mean of means." in "".join(read(make(notebook, run))[1])


def test_no_entry_of_long_contents_is_lost(notebook, run):
    for number in range(20):
        notebook.cells.append(
            new_markdown_cell(f"## Part number {number}\n\nwords", id=f"p{number}")
        )
    _, texts = read(make(notebook, run))
    shown = " ".join(texts[:2])
    assert all(f"Part number {number}" in shown for number in range(20))


def test_what_is_folded_on_the_screen_is_printed(english):
    assert any("How the effect was worked out" in text for text in english[1])
    assert any("Weights fitted before 1 October" in text for text in english[1])


def test_the_document_describes_itself(english):
    document, _ = english
    info = document.metadata
    assert (info.title, info.author, info.subject) == (
        "Campaign review: Golden week",
        "Lantern Market",
        "October 2026",
    )
    assert document.trailer["/Root"]["/Lang"] == "en"
    assert document.pdf_header == "%PDF-1.7"
    assert info["/CreationDate"] == "D:20261116093042+08'00'"


def test_the_same_report_gives_the_same_bytes(notebook, run):
    first = make(notebook, run)
    assert make(notebook, run) == first
    assert str(run.root).encode() not in first


def test_chinese_has_its_glyphs(notebook, run):
    document, texts = read(make(notebook, run, "zh"))
    text = "".join(texts).replace("\n", "")
    for part in ("活动复盘", "国庆黄金周", "2026年10月", "再办", "来源：订单", "7月", "微信小程序"):
        assert part in text
    assert "第 1 页，共" in texts[0]
    assert document.trailer["/Root"]["/Lang"] == "zh-CN"
    fonts = {
        font.get_object()["/BaseFont"]
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any("NotoSansSC-Regular" in name for name in fonts)
    assert any("NotoSansSC-Bold" in name for name in fonts)


def test_rare_characters_of_names_are_drawn(notebook, run):
    run = dataclasses.replace(run, title="王喆、陶镕与李堃", subject_label=None)
    document, texts = read(make(notebook, run, "zh"))
    assert "王喆、陶镕与李堃" in texts[0].replace("\n", "")
    fonts = {
        font.get_object()["/BaseFont"]
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any("NotoSansSCRare" in name for name in fonts)


def test_a_character_without_a_glyph_is_marked_and_named(notebook, run):
    run = dataclasses.replace(run, subject_label="Test \U000f0000")
    _, texts = read(make(notebook, run))
    assert "Test 〓" in texts[0]
    assert "U+F0000" in texts[-1]


@pytest.mark.parametrize(
    ("status", "word"),
    [("provisional", "Provisional"), ("invalid", "Do not use"), ("skipped", "Nothing to report")],
)
def test_the_status_is_on_every_page(notebook, run, status, word):
    payload_of(notebook, "gate")["status"] = {"status": status}
    _, texts = read(make(notebook, run))
    assert all(word in text for text in texts)


def test_numbers_that_must_not_be_used_leave_the_first_page(notebook, run):
    payload_of(notebook, "gate")["status"] = {"status": "invalid"}
    _, texts = read(make(notebook, run))
    assert "¥312k" not in texts[0]
    assert "Numbers that must not be used" in texts[1]


def test_a_stopped_run_has_a_pdf_too(notebook, run):
    stopped = dataclasses.replace(run, error=RunError("users_table", "TableError", "no column"))
    _, texts = read(make(notebook, stopped))
    assert "The run stopped in “Who bought”." in texts[0].replace("\n", " ")


def test_evil_texts_end_up_as_text(notebook, run):
    evil = dataclasses.replace(run, title=EVIL, workspace_name='"} @page {size: A5} </style>')
    _, texts = read(make(notebook, evil))
    assert "<script>alert" in texts[0].replace("\n", "")
    assert "@page {size: A5}" in texts[0]


def test_nothing_but_the_fonts_is_fetched(notebook, run, tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>SECRET</text></svg>")
    cell = next(cell for cell in notebook.cells if cell.get("id") == "gate")
    cell.outputs[1].data["text/html"] = f'<p>here <img src="{secret.as_uri()}" alt="gone"></p>'
    _, texts = read(make(notebook, run))
    assert "SECRET" not in "".join(texts)
    assert not pdf_engines.is_font(secret.as_uri())


def sheet(notebook, rows):
    """A notebook that wants one page, with a table of so many rows."""
    notebook.metadata["opsnb"] = {"name": "weekly", "sheet": True}
    body = "".join(f"<tr><td>row {n}</td></tr>" for n in range(rows))
    table = f'<table class="ob-table"><tbody>{body}</tbody></table>'
    cells = [new_markdown_cell("# Weekly", id="title"), new_markdown_cell("## Rows", id="rows")]
    shown = code("table", payload({"en": table, "zh": table}))
    notebook.cells = [*cells, shown]
    return notebook


@pytest.mark.parametrize("rows", [3, 45, 70])
def test_a_sheet_is_one_page_at_the_largest_size_that_fits(notebook, run, rows):
    document, texts = read(make(sheet(notebook, rows), run))
    assert len(document.pages) == 1
    assert f"row {rows - 1}" in texts[0] and "Contents" not in texts[0]
    width, height = (float(side) for side in document.pages[0].mediabox[2:])
    assert (width, height) == pytest.approx((595.28, 841.89), abs=0.5)


def test_a_sheet_that_cannot_be_one_page_loses_nothing(notebook, run):
    document, texts = read(make(sheet(notebook, 400), run))
    assert len(document.pages) > 1
    assert all(f"row {n}" in "".join(texts) for n in range(400))


def test_a_pdf_without_text_is_an_error(notebook, run, monkeypatch):
    blank = "<html><body style='font-size:0'></body></html>"
    monkeypatch.setattr(pdf, "draw", lambda page, name: pdf_engines.by_plutoprint(blank))
    with pytest.raises(PublishError, match=r"plutoprint: the PDF has no readable text"):
        make(notebook, run)


def test_a_layout_that_fails_costs_the_pdf_alone(notebook, run, monkeypatch, tmp_path):
    def broken(page):
        raise MemoryError("too large")

    monkeypatch.setattr(pdf_engines, "by_plutoprint", broken)
    published = publish(notebook, run, tmp_path / "out")
    ((missing, error),) = published.failed.items()
    assert missing.name == "pdf"
    assert "could not be laid out (MemoryError: too large)" in str(error)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "brief.html", "brief.zh.html", "report.html", "report.json", "report.zh.html",
        "report.zh.json",
    ]  # fmt: skip
    assert "report.pdf" not in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_without_an_engine_the_error_says_what_to_install(monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(pdf_engines.importlib, "import_module", refuse)
    with pytest.raises(PublishError, match=r"no PDF engine is installed.*install plutoprint"):
        pdf_engines.engine.__wrapped__()


def test_accessible_pdfs_never_come_from_the_other_engine(monkeypatch):
    def without_pango(name):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf_engines.importlib, "import_module", without_pango)
    with pytest.raises(PublishError, match=r"weasyprint: accessible PDFs need.*libpango"):
        pdf_engines.engine.__wrapped__(accessible=True)


def test_weasyprint_is_taken_where_plutoprint_is_not(monkeypatch):
    def only_weasyprint(name):
        if name != "weasyprint":
            raise ImportError(name)

    monkeypatch.setattr(pdf_engines.importlib, "import_module", only_weasyprint)
    assert pdf_engines.engine.__wrapped__() == "weasyprint"


def test_a_process_that_made_a_pdf_ends_well(notebook, run, tmp_path):
    page, _ = render(notebook, Request(run, collect(notebook, run)["zh"], printing=True))
    (tmp_path / "page.html").write_text(page.replace("/* fonts */", _rules(page)), "utf-8")
    code = (
        "import sys; from pathlib import Path; from opsnb.publishing.reports import pdf_engines;"
        "page = Path(sys.argv[1]).read_text('utf-8');"
        "pdf_engines.by_plutoprint(page); pdf_engines.by_plutoprint(page)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "page.html")], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def _rules(page):
    characters = pdf.page_characters(page)
    return pdf.font_rules(characters, lambda face: f"url({face.path.as_uri()})", chinese=True)
