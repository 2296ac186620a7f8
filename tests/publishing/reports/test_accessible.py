"""Tagged PDFs: what PDF/UA asks for, read back from the file."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from opsnb.base.errors import PublishError
from opsnb.publishing.reports import pdf, pdf_engines
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from tests.publishing.reports.test_collect import payload_of

ALT = {"en": "Bars of five months, October highest", "zh": "五个月的柱状图，十月最高"}

try:
    pdf_engines.engine(accessible=True)
except PublishError as error:
    pytest.skip(str(error), allow_module_level=True)


def make(notebook, run, code: str = "en") -> PdfReader:
    run = dataclasses.replace(run, accessible=True)
    page, parts = render(notebook, Request(run, collect(notebook, run)[code], printing=True))
    return PdfReader(io.BytesIO(pdf.make_pdf(page, parts, run)))


def elements(document: PdfReader) -> Iterator[dict[str, Any]]:
    """The structure's elements in the order of reading."""
    waiting = [document.trailer["/Root"]["/StructTreeRoot"]["/K"]]
    while waiting:
        node = waiting.pop(0)
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            waiting[:0] = list(node)
        elif isinstance(node, dict) and "/S" in node:
            yield node
            waiting[:0] = [node["/K"]] if "/K" in node else []


def of_kind(document: PdfReader, kind: str) -> list[dict[str, Any]]:
    return [element for element in elements(document) if element["/S"] == kind]


def words(document: PdfReader) -> str:
    return "".join(page.extract_text() for page in document.pages)


_MADE: dict[str, PdfReader] = {}


@pytest.fixture
def english(notebook, run) -> PdfReader:
    """Laid out once: it takes seconds, and nobody changes it."""
    if not _MADE:
        _MADE["en"] = make(notebook, run)
    return _MADE["en"]


def test_the_file_says_that_it_is_tagged(english):
    root = english.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert english.metadata.title == "Campaign review: Golden week"
    described = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid:part" in described
    assert "Campaign review: Golden week" in described
    assert all("/StructParents" in page and page["/Tabs"] == "/S" for page in english.pages)


def test_headings_come_in_order(english):
    levels = [e["/S"] for e in elements(english) if e["/S"] in ("/H1", "/H2", "/H3", "/H4")]
    assert levels[0] == "/H1" and levels.count("/H1") == 1
    assert levels.count("/H2") >= 5
    steps = [int(level[2]) for level in levels]
    assert all(after - before <= 1 for before, after in itertools.pairwise(steps))


def test_cells_know_their_heads(english):
    tables, heads = of_kind(english, "/Table"), of_kind(english, "/TH")
    assert len(tables) >= 3
    assert {"/ID"} <= set(heads[0])
    known = {head["/ID"] for head in heads}
    asked = [set(cell["/A"]["/Headers"]) for cell in of_kind(english, "/TD")]
    assert asked and all(names and names <= known for names in asked)


def test_every_figure_has_its_alternative(english, notebook, run):
    figures = of_kind(english, "/Figure")
    assert [figure["/Alt"] for figure in figures] == [ALT["en"]]
    chinese = make(notebook, run, "zh")
    assert [figure["/Alt"] for figure in of_kind(chinese, "/Figure")] == [ALT["zh"]]
    assert chinese.trailer["/Root"]["/Lang"] == "zh-CN"


def test_lists_and_links_are_tagged(english):
    assert of_kind(english, "/L") and of_kind(english, "/LI")
    said = [
        note.get_object()["/Contents"]
        for page in english.pages
        for note in page.get("/Annots", [])
        if note.get_object()["/Subtype"] == "/Link"
    ]
    assert len(of_kind(english, "/Link")) >= len(said) > 5
    assert {"Who bought", "Checks"} <= set(said)


def test_contents_and_bookmarks_agree_and_come_once(english):
    marks = [(m.title, english.get_destination_page_number(m)) for m in english.outline]
    assert [title for title, _ in marks] == [
        "Can the data be trusted?",
        "What the campaign added",
        "Who bought",
        "Checks",
        "Where these numbers come from",
    ]
    for title, number in marks:
        assert title in english.pages[number].extract_text()
    # The numbers stand at the right of the contents, which the file draws before the rest.
    printed = english.pages[0].extract_text().splitlines()[: len(marks)]
    assert printed == [str(number + 1) for _, number in marks]


def test_narrow_quotes_and_rare_names_keep_their_shape(notebook, run):
    english = dataclasses.replace(run, title="It’s “quoted” here", subject_label=None)
    text = words(make(notebook, english))
    assert "It’s “quoted” here" in text
    chinese = dataclasses.replace(run, title="王喆与“李堃”", subject_label=None)
    assert "王喆与“李堃”" in words(make(notebook, chinese, "zh"))


def test_the_status_is_on_every_page(notebook, run):
    payload_of(notebook, "gate")["status"] = {"status": "provisional"}
    assert all("Provisional" in page.extract_text() for page in make(notebook, run).pages)


def test_the_brief_is_one_tagged_page(notebook, run):
    run = dataclasses.replace(run, accessible=True)
    data = pdf.make_brief(collect(notebook, run)["zh"], run)
    document = PdfReader(io.BytesIO(data))
    assert len(document.pages) == 1
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
