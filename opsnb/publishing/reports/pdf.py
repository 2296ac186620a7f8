"""The PDF: the page laid out for paper, twice, so that the contents know their page numbers."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit, NameObject, TextStringObject

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.publishing.reports import brief, small_print
from opsnb.publishing.reports.fonts import (
    font_rules,
    missing_glyphs,
    page_characters,
    separate_families,
)
from opsnb.publishing.reports.html import FONTS
from opsnb.publishing.reports.page import Page
from opsnb.publishing.reports.pdf_engines import Engine, draw, engine
from opsnb.publishing.reports.run_record import Run
from opsnb.publishing.reports.schema import check

__all__ = ["engine", "make_brief", "make_pdf"]

NO_GLYPH = "〓"
"""The mark for a character that no font can draw."""

SHEET_SCALES = (1.0, 0.93, 0.86, 0.79, 0.72, 0.66)
"""How far a sheet may be shrunk to stand on one page; below that it takes a second one."""

_SHEET = "/* sheet */"
_A4 = (210.0, 297.0)

_CLOSED = re.compile(r"<details(?![^>]*\sopen\b)")
_TIPS = re.compile(r'<g class="ob-tips".*?</g>', re.DOTALL)
_OPACITY = re.compile(r'style="((?:[^"]*;)?opacity:[\d.]+(?:;[^"]*)?)"')
_TABLE = re.compile(r'(<table class=")(ob-table|[^"]* ob-table)(?=[" ])(.*?</tr>)', re.DOTALL)
_MANY_COLUMNS = 9
_MEASURE = re.compile(
    r"<(svg|style|title)\b.*?</\1>|<[^>]*>"
    r"|[+−]?\d[\d,.]*\s?(?:个?百分点|个月|小时|分钟|天|周|人|次|条|单|份)"
    r"[，。；：、）”]*",
    re.DOTALL,
)
"""Tags and drawings, which stay as they are, or a number with its unit in Chinese. What may not
begin a line goes with it: after a span, plutoprint would let it."""
_PAGE_NUMBER = re.compile(r'(?<=<span class="pg-page-number">)([^<]+)')


def make_pdf(page: str, parts: Page, run: Run) -> bytes:
    """The finished PDF of a page that was rendered for paper; the same page, the same bytes.

    Raises
    ------
    PublishError
        There is no engine, the layout fails, or the title is missing from the PDF's text.
    """
    name = engine(run.accessible)
    page = _for_paper(_with_fonts(page, parts.language, name), parts.language)
    draft = _laid_out(page, name)
    page = _marked(page, parts.language, draft)
    numbers = _numbers(draft)
    document = _on_one_page(page, name) if parts.sheet else _laid_out(page, name, numbers)
    _require_text(document, parts.report["title"], name)
    return _dressed(document, parts, run)


def make_brief(report: Mapping[str, Any], run: Run) -> bytes:
    """The brief of a report as a PDF of one page, shortened as far as that needs.

    Raises
    ------
    PublishError
        As `make_pdf`.
    """
    language, engine_name = run.language(report["language"]), engine(run.accessible)
    check(dict(report))
    for size in brief.SIZES:
        page = brief.draw(report, language, size, printing=True)
        page = _with_whole_measures(_with_fonts(page, language, engine_name), language)
        document = _laid_out(page, engine_name)
        marked = _marked(page, language, document)
        document = document if marked == page else _laid_out(marked, engine_name)
        if len(document.pages) == 1:
            break
    _require_text(document, report["title"][:60], engine_name)
    writer = PdfWriter(clone_from=document)
    return _described(writer, report, language, run, name=language.text("brief.name"))


def _on_one_page(page: str, name: Engine) -> PdfReader:
    """The page at the largest scale at which it is one page: laid out large, then shrunk."""
    for scale in SHEET_SCALES:
        width, height = (side / scale for side in _A4)
        size = f"@page {{ size: {width:.2f}mm {height:.2f}mm; }}"
        document = _laid_out(page.replace(_SHEET, size, 1), name)
        if len(document.pages) == 1:
            break
    if scale == 1:
        return document
    writer = PdfWriter(clone_from=document)
    for sheet in writer.pages:
        sheet.scale_by(scale)
    finished = io.BytesIO()
    writer.write(finished)
    return PdfReader(finished)


def _with_fonts(page: str, language: Language, name: Engine) -> str:
    """The page with the fonts it needs, taken from their files."""
    chinese = language.html_code.startswith("zh")
    if name == "weasyprint":
        page, rules = separate_families(page, chinese=chinese)
    else:
        characters = page_characters(page)
        rules = font_rules(characters, lambda f: f"url({f.path.as_uri()})", chinese=chinese)
    return page.replace(FONTS, rules, 1)


def _marked(page: str, language: Language, draft: PdfReader) -> str:
    """Characters that came out blank become a visible mark, and a note says which they are.

    Only those that our fonts lack are looked for: the engine may find them in a system font.
    """
    missing = missing_glyphs(page_characters(page))
    missing -= set(_text(draft)) if missing else set()
    if not missing:
        return page
    codes = language.join([f"U+{ord(c):04X}" for c in sorted(missing)])
    note = html.escape(language.text("pdf.no_glyph", characters=codes))
    page = page.translate({ord(c): NO_GLYPH for c in missing})
    return page.replace("</footer>", f'<p class="ob-note">{note}</p></footer>', 1)


def _for_paper(page: str, language: Language) -> str:
    """Folds are open, nothing waits for a pointer, and transparent shapes are drawn as such.

    `opacity` would turn a chart into pixels; that of fill and stroke does not.
    """

    def shape(style: re.Match[str]) -> str:
        rules = dict(rule.split(":", 1) for rule in style[1].split(";") if ":" in rule)
        alpha = float(rules.pop("opacity"))
        for name in ("fill-opacity", "stroke-opacity"):
            rules[name] = f"{alpha * float(rules.get(name, 1)):.4g}"
        return 'style="' + ";".join(f"{name}:{value}" for name, value in rules.items()) + '"'

    page = _with_whole_measures(_TABLE.sub(_sized, _TIPS.sub("", page)), language)
    return _OPACITY.sub(shape, _CLOSED.sub("<details open", page))


def _with_whole_measures(page: str, language: Language) -> str:
    """In Chinese a line may end between any two characters, but not within "2.3 个百分点"."""
    if not language.html_code.startswith("zh"):
        return page
    return _MEASURE.sub(
        lambda found: (
            found[0] if found[0][0] == "<" else f'<span class="ob-whole">{found[0]}</span>'
        ),
        page,
    )


def _sized(table: re.Match[str]) -> str:
    """The start of a table; one of many columns is set smaller."""
    many = len(re.findall(r"<t[hd][\s>]", table[3])) >= _MANY_COLUMNS
    return f"{table[1]}{table[2]}{' pg-many' if many else ''}{table[3]}"


def _numbers(draft: PdfReader) -> dict[str, int]:
    """Page number of each anchor."""
    return {name: number + 1 for name, (number, _) in _places(draft).items()}


def _laid_out(page: str, name: Engine, pages: Mapping[str, int] | None = None) -> PdfReader:
    """The page as a PDF, page numbers of its contents filled in where they are known."""
    known = pages or {}
    numbered = _PAGE_NUMBER.sub(lambda place: str(known.get(html.unescape(place[1]), "00")), page)
    try:
        return PdfReader(io.BytesIO(draw(numbered, name)))
    except Exception as error:
        raise PublishError(
            f"the PDF could not be laid out ({type(error).__name__}: {error})",
            where=name,
            hint="the HTML page is written and holds the same report",
        ) from error


def _places(document: PdfReader) -> dict[str, tuple[int, float]]:
    """Page index and height on the page of each anchor that something links to."""
    found = {}
    for name, place in document.named_destinations.items():
        number = document.get_destination_page_number(place)
        if number is not None and number >= 0:
            found[str(name)] = (number, float(place.top or 0))
    return found


def _require_text(document: PdfReader, title: str, name: Engine) -> None:
    """An engine without a font ends well and draws nothing: the title must be there."""
    wanted = frozenset("".join(title.split()))
    wanted -= missing_glyphs(wanted)
    for page in document.pages:  # the first will do, but for a title that is broken across two
        wanted -= frozenset(page.extract_text())
        if not wanted:
            break
    else:
        raise PublishError(
            "the PDF has no readable text",
            where=name,
            hint="run `opsnb doctor`; the HTML page is written and holds the same report",
        )


def _text(document: PdfReader) -> str:
    return "".join(page.extract_text() for page in document.pages)


def _dressed(document: PdfReader, parts: Page, run: Run) -> bytes:
    """The document with bookmarks and its own description."""
    writer = PdfWriter(clone_from=document)
    places = _places(document)
    titles = [(section.id, section.title) for section in parts.sections if section.title]
    titles.append(("ob-checks", parts.language.text("page.checks.title")))
    titles.append(("ob-source", parts.language.text("page.source.title")))
    for anchor, title in titles:
        if anchor in places:
            number, top = places[anchor]
            fit = Fit.xyz(left=0, top=top + 12)
            writer.add_outline_item(title=title, page_number=number, fit=fit)
    writer.page_mode = "/UseOutlines"
    _name_links(writer, dict(titles))
    return _described(writer, parts.report, parts.language, run)


def _name_links(writer: PdfWriter, titles: Mapping[str, str]) -> None:
    """Links to a section are read aloud by its title, not by its id."""
    for page in writer.pages:
        for reference in page.get("/Annots", []):
            link = reference.get_object()
            if (title := titles.get(str(link.get("/Dest")))) is not None:
                link[NameObject("/Contents")] = TextStringObject(title)


def _described(
    writer: PdfWriter, report: Mapping[str, Any], language: Language, run: Run, *, name: str = ""
) -> bytes:
    """The PDF with its language and what it is about, and the run's dates for its own."""
    writer.pdf_header = "%PDF-1.7"
    writer.root_object[NameObject("/Lang")] = TextStringObject(language.html_code)
    stamp = _pdf_date(run.ended)
    writer.metadata = {
        "/Title": ": ".join(filter(None, [name, report["title"], report["subject_label"]])),
        "/Author": language.say(run.workspace_name),
        "/Subject": small_print.cycle_label(report["cycle"], language),
        "/Keywords": f"{report['playbook']}, {report['cycle']}, {report['status']}",
        "/Creator": "opsnb",
        "/Producer": engine(run.accessible),
        "/CreationDate": stamp,
        "/ModDate": stamp,
    }
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _pdf_date(moment: datetime) -> str:
    zone = moment.strftime("%z")
    offset = f"{zone[:3]}'{zone[3:5]}'" if zone else ""
    return f"D:{moment:%Y%m%d%H%M%S}{offset}"
